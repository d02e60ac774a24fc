# SPDX-License-Identifier: Apache-2.0
#
# Machines at gate level (docs/verification.md): machines/gates-FAMILY-MACHINE.so is the netlist that Yosys made of the
# machine, with the RTL in lockstep, in the harness of every machine. Nothing builds them by default (make gatesim).
file(READ tb/files.f gates_harness)
string(REPLACE "tb/vm_dut.sv" "fpga/gatesim/vm_dut.sv" gates_harness "${gates_harness}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/gen/gates_files.f CONTENT "${gates_harness}" @ONLY NEWLINE_STYLE UNIX)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS tb/files.f)

file(GLOB gates_rtl CONFIGURE_DEPENDS rtl/*.sv rtl/files.f)
set(gates_flow ${CMAKE_SOURCE_DIR}/fpga/gates.py ${CMAKE_SOURCE_DIR}/fpga/flow.py
    ${CMAKE_SOURCE_DIR}/fpga/gatesim/vm_gate_top.sv)

# vm_add_gates(FAMILY MACHINE)
function(vm_add_gates family machine)
  set(name gates-${family}-${machine})
  set(dir ${CMAKE_BINARY_DIR}/gen/${name})
  add_custom_command(
    OUTPUT ${dir}/netlist.v ${dir}/cells.v
    COMMAND ${CMAKE_SOURCE_DIR}/.venv/bin/python fpga/gates.py --family ${family} --machine ${machine} --out ${dir}
    DEPENDS ${gates_rtl} ${gates_flow}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Synthesizing ${machine} for ${family}" VERBATIM)
  vm_add_machine(${name} ${CMAKE_BINARY_DIR}/gen/${machine}/vm_sim_machine_pkg.sv
    HARNESS ${CMAKE_BINARY_DIR}/gen/gates_files.f NEEDS ${CMAKE_SOURCE_DIR}/fpga/gatesim/vm_dut.sv
    BESIDE ${dir}/cells.v ${dir}/netlist.v ${CMAKE_SOURCE_DIR}/fpga/gatesim/dp16kd.v)
endfunction()

foreach(family ecp5 ice40)
  foreach(machine ${vm_machine_names})
    vm_add_gates(${family} ${machine})
  endforeach()
endforeach()

# The netlist of csapp14 with defects that must be found, one at a time.
set(gates_defects 6)
set(gates_whole ${CMAKE_BINARY_DIR}/gen/gates-ecp5-csapp14)
set(gates_broken ${CMAKE_BINARY_DIR}/gen/gates-broken)
add_custom_command(
  OUTPUT ${gates_broken}/netlist.v
  COMMAND ${CMAKE_COMMAND} -E make_directory ${gates_broken}
  COMMAND tests/gates/broken_netlist.py ${gates_whole}/netlist.v ${gates_broken}/netlist.v ${gates_defects}
  DEPENDS ${gates_whole}/netlist.v ${CMAKE_SOURCE_DIR}/tests/gates/broken_netlist.py
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
vm_add_machine(gates-broken ${CMAKE_BINARY_DIR}/gen/csapp14/vm_sim_machine_pkg.sv
  HARNESS ${CMAKE_BINARY_DIR}/gen/gates_files.f NEEDS ${CMAKE_SOURCE_DIR}/fpga/gatesim/vm_dut.sv
  BESIDE ${gates_whole}/cells.v ${gates_broken}/netlist.v ${CMAKE_SOURCE_DIR}/fpga/gatesim/dp16kd.v)
target_sources(machine_gates-broken PRIVATE tests/gates/defect.cpp)

# The model of block RAM against what it is inferred from, and broken ones (tests/gates/mutants) that must be found.
set(rams ${CMAKE_BINARY_DIR}/gen/gates-rams)
set(ram_sources tests/gates/gates_ram.sv tests/gates/gates_rams.sv)
list(TRANSFORM ram_sources PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE ram_paths)
file(GLOB ram_mutants CONFIGURE_DEPENDS tests/gates/mutants/*.patch)
add_custom_command(
  OUTPUT ${rams}/netlist.v ${rams}/cells.v
  COMMAND ${CMAKE_SOURCE_DIR}/.venv/bin/python fpga/gates.py --family ecp5 --top gates_rams --out ${rams} ${ram_sources}
  DEPENDS ${ram_paths} ${gates_flow}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Synthesizing block RAMs" VERBATIM)
add_custom_command(
  OUTPUT ${rams}/fast.cpp ${rams}/slow.cpp ${rams}/mutants.h
  COMMAND tests/gates/variants.py ${rams}/netlist.v ${rams}/variants.sv ${rams}/mutants.h
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${rams}/verilated
  COMMAND ${VERILATOR} --cc --top-module gates_variants -O3 -Wno-fatal -Wno-lint -Wno-style -Wno-UNOPTFLAT
          --x-assign unique --x-initial unique --output-split 0 --Mdir ${rams}/verilated
          ${rams}/cells.v ${ram_sources} ${rams}/variants.sv
  COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${rams}
  DEPENDS ${rams}/netlist.v ${rams}/cells.v ${ram_paths} ${ram_mutants} ${CMAKE_SOURCE_DIR}/fpga/gatesim/dp16kd.v
          ${CMAKE_SOURCE_DIR}/tests/gates/gates_lockstep.sv ${CMAKE_SOURCE_DIR}/tests/gates/variants.py
          ${CMAKE_SOURCE_DIR}/cmake/unity.sh
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Verilating block RAMs" VERBATIM)
add_custom_target(gates_rams_verilated DEPENDS ${rams}/fast.cpp)
set_source_files_properties(${rams}/slow.cpp PROPERTIES COMPILE_OPTIONS "-O0;-w")
set_source_files_properties(${rams}/fast.cpp PROPERTIES COMPILE_OPTIONS "-w;-O1")
add_executable(gates_ram_test EXCLUDE_FROM_ALL tests/gates/ram_test.cpp ${rams}/fast.cpp ${rams}/slow.cpp ${rams}/mutants.h)
set_target_properties(gates_ram_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_include_directories(gates_ram_test PRIVATE ${rams})
target_include_directories(gates_ram_test SYSTEM PRIVATE ${rams}/verilated)
target_compile_definitions(gates_ram_test PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(gates_ram_test PRIVATE verilator_runtime vm_test_main vm_options)

# csapp14 is in every test run, the other machines in scripts/nightly. The netlists need what `scripts/setup synth` installs, which
# `make test` has done: no test changes .venv, as others run from it at the same time.
set(gates_targets gates_ram_test machine_gates-ecp5-csapp14 machine_gates-broken)
add_test(NAME gates/build COMMAND scripts/quiet cmake --build ${CMAKE_BINARY_DIR} --target pagewalk ${gates_targets}
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(gates/build PROPERTIES FIXTURES_SETUP gates LABELS gates TIMEOUT 900 RESOURCE_LOCK build_folder)
add_test(NAME gates/ram_test COMMAND gates_ram_test)
add_test(NAME gates/contents COMMAND .venv/bin/python tests/gates/contents_test.py ${rams}/netlist.v)
add_test(NAME gates/csapp14 COMMAND scripts/gatesim --family ecp5 --machine csapp14 --accesses 1000
         --build ${CMAKE_BINARY_DIR})
add_test(NAME gates/defects COMMAND tests/gates/defects.py $<TARGET_FILE:pagewalk> $<TARGET_FILE:machine_gates-broken>
         ${gates_defects})
add_test(NAME gates/gatesim COMMAND tests/gates/gatesim_test.py)
add_test(NAME gates/refused COMMAND tests/gates/refused.sh $<TARGET_FILE:pagewalk>)
set_tests_properties(gates/ram_test gates/contents gates/csapp14 gates/defects gates/refused PROPERTIES FIXTURES_REQUIRED gates)
set_tests_properties(gates/ram_test gates/contents gates/csapp14 gates/defects gates/gatesim gates/refused PROPERTIES LABELS gates
                     TIMEOUT 300 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_property(TEST gates/csapp14 PROPERTY RESOURCE_LOCK build_folder)
