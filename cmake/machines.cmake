# SPDX-License-Identifier: Apache-2.0
#
# One shared object per machine: verilated RTL + harness + tb/model/*.cpp + the Verilator runtime. Each carries its
# own copy of everything and shows one symbol (machine.map), so that several machines can live in one process.
#
# The list of machines is read from the machine table in rtl/; Sv39Ulx3s there is sv39-ulx3s here.

find_program(VERILATOR verilator REQUIRED)
execute_process(COMMAND ${VERILATOR} --getenv VERILATOR_ROOT OUTPUT_VARIABLE VERILATOR_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

# vm_add_runtime(NAME COVERAGE [SOURCE]...): the Verilator runtime, with line and toggle coverage (1) or without (0).
function(vm_add_runtime name coverage)
  list(TRANSFORM ARGN PREPEND ${VERILATOR_ROOT}/include/)
  add_library(${name} OBJECT
    ${VERILATOR_ROOT}/include/verilated.cpp
    ${VERILATOR_ROOT}/include/verilated_dpi.cpp
    ${VERILATOR_ROOT}/include/verilated_fst_c.cpp
    ${VERILATOR_ROOT}/include/verilated_threads.cpp
    ${ARGN})
  target_include_directories(${name} SYSTEM PUBLIC ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd)
  target_compile_options(${name} PUBLIC -fno-semantic-interposition -fno-gnu-unique PRIVATE -w)
  # VL_USER_STOP: tb/model says what a failed assertion does.
  target_compile_definitions(${name} PUBLIC VM_TRACE=1 VM_TRACE_FST=1 VM_TRACE_VCD=0 VM_COVERAGE=${coverage} VM_SC=0
                             VL_USER_STOP)
  target_link_libraries(${name} PUBLIC ZLIB::ZLIB Threads::Threads)
endfunction()
vm_add_runtime(verilator_runtime 0)

set(verilator_flags --cc --top-module vm_sim_top --trace-fst --trace-structs --no-trace-params --assert -O3
    -Wno-fatal -Wno-lint -Wno-style -Wno-UNOPTFLAT  # warnings are scripts/lint's
    --x-assign unique --x-initial unique --output-split 0)

# What the verilated code depends on. Scenarios, C++ and docs are not among it.
file(GLOB hardware_sources CONFIGURE_DEPENDS rtl/*.sv rtl/files.f tb/*.sv tb/files.f)
file(GLOB model_sources CONFIGURE_DEPENDS tb/model/*.cpp)

set_source_files_properties(${model_sources} PROPERTIES COMPILE_OPTIONS "${VM_WARNINGS}")

# vm_add_machine(NAME PACKAGE [PATCH] [COVERAGE] [HARNESS FILES.F NEEDS SOURCE... BESIDE SOURCE...]): build machines/NAME.so
# from the package file that chooses the machine; with a patch, from a copy of the hardware with the patch applied;
# COVERAGE: with line and toggle coverage; HARNESS: another list of files than tb/files.f, and what it names besides
# those of tb/; BESIDE: other sources to verilate with it.
function(vm_add_machine name package)
  cmake_parse_arguments(PARSE_ARGV 2 arg "COVERAGE" "HARNESS" "NEEDS;BESIDE")
  set(patch ${arg_UNPARSED_ARGUMENTS})
  set(runtime verilator_runtime)
  set(more_flags)
  set(optimize)
  if(arg_COVERAGE)
    set(optimize ";-O1")  # several times the code, run for a few seconds
    set(runtime verilator_runtime_coverage)
    set(more_flags --coverage-line --coverage-toggle ${CMAKE_SOURCE_DIR}/cmake/coverage.vlt)
  endif()
  set(harness tb/files.f)
  if(arg_HARNESS)
    set(harness ${arg_HARNESS})
    # A netlist is so many lines that the time to compile a function counts, which grows faster than its length.
    set(more_flags --output-split-cfuncs 500)
    set(optimize ";-O1")
  endif()
  set(dir ${CMAKE_BINARY_DIR}/gen/${name})
  set(root ${CMAKE_SOURCE_DIR})
  set(prepare)
  if(patch)
    set(root ${dir}/hardware)
    set(optimize ";-Og")  # there are many, each runs for seconds only
    set(prepare COMMAND ${CMAKE_SOURCE_DIR}/scripts/mutant-build ${patch} ${root})
  endif()
  add_custom_command(
    OUTPUT ${dir}/fast.cpp ${dir}/slow.cpp
    ${prepare}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${dir}/verilated
    COMMAND ${CMAKE_COMMAND} -E chdir ${root} ${VERILATOR} ${verilator_flags} ${more_flags} --Mdir ${dir}/verilated -f rtl/files.f ${package} ${arg_BESIDE} -f ${harness}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${dir}
    DEPENDS ${hardware_sources} ${package} ${patch} ${arg_HARNESS} ${arg_NEEDS} ${arg_BESIDE} ${CMAKE_SOURCE_DIR}/cmake/unity.sh
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Verilating ${name}" VERBATIM)
  add_custom_target(${name}_verilated DEPENDS ${dir}/fast.cpp ${dir}/slow.cpp)
  # Constructors run once, and waves are for people: compile them without optimising.
  set_source_files_properties(${dir}/slow.cpp PROPERTIES COMPILE_OPTIONS "-O0;-w")
  set_source_files_properties(${dir}/fast.cpp PROPERTIES COMPILE_OPTIONS "-w${optimize}")
  add_library(machine_${name} MODULE ${dir}/fast.cpp ${dir}/slow.cpp ${model_sources})
  add_dependencies(machine_${name} ${name}_verilated)
  target_include_directories(machine_${name} PRIVATE sw tb)
  target_include_directories(machine_${name} SYSTEM PRIVATE ${dir}/verilated)
  target_link_libraries(machine_${name} PRIVATE ${runtime})
  target_link_options(machine_${name} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/machine.map)
  set_target_properties(machine_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} EXCLUDE_FROM_ALL ON
    LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/machine.map
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/machines)
endfunction()

add_custom_target(machines ALL)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS rtl/vm_machines_pkg.sv)
file(STRINGS rtl/vm_machines_pkg.sv machine_lines REGEX "^ *localparam machine_t [A-Za-z0-9]+")
foreach(line ${machine_lines})
  string(REGEX REPLACE "^ *localparam machine_t ([A-Za-z0-9]+).*" "\\1" constant "${line}")
  string(REGEX REPLACE "([a-z0-9])([A-Z])" "\\1-\\2" name "${constant}")
  string(TOLOWER "${name}" name)
  set(package ${CMAKE_BINARY_DIR}/gen/${name}/vm_sim_machine_pkg.sv)
  file(CONFIGURE OUTPUT ${package} CONTENT
"// Generated by cmake/machines.cmake.
package vm_sim_machine_pkg;
  localparam vm_pkg::machine_t Cfg = vm_machines_pkg::${constant};
endpackage
" NEWLINE_STYLE UNIX)
  vm_add_machine(${name} ${package})
  add_dependencies(machines machine_${name})
  list(APPEND vm_machine_names ${name})
endforeach()

# One that a test needs and nobody else: x86 with misses outstanding.
set(x86_nb ${CMAKE_SOURCE_DIR}/tests/rtl/x86-nb.toml)
set(x86_nb_package ${CMAKE_BINARY_DIR}/gen/x86-nb/vm_sim_machine_pkg.sv)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/gen/x86-nb)
add_custom_command(OUTPUT ${x86_nb_package}
                   COMMAND ${CMAKE_SOURCE_DIR}/scripts/machine-package ${x86_nb} > ${x86_nb_package}
                   DEPENDS ${x86_nb} ${CMAKE_SOURCE_DIR}/scripts/machine-package VERBATIM)
vm_add_machine(x86-nb ${x86_nb_package})

# The machine of scripts/random-machine, which writes its package before this target is built.
vm_add_machine(random ${CMAKE_BINARY_DIR}/gen/random/vm_sim_machine_pkg.sv)
