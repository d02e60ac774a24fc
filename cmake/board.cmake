# SPDX-License-Identifier: Apache-2.0
#
# The board of fpga/ verilated whole, with a fast serial line: board_sim puts it behind a pseudo-terminal, and the
# program talks to it as it would to /dev/ttyUSB0 (docs/board.md). ctest -L pty.
file(GLOB board_hardware CONFIGURE_DEPENDS rtl/*.sv rtl/files.f fpga/*.sv fpga/*.f fpga/primitives/*.sv)

# vm_board_verilate(NAME TOP FILES PARAMETER MODEL [PATCH]): the library board_model_NAME, which is what the source MODEL and its
# header say; with a patch from a copy of the hardware.
function(vm_board_verilate name top files parameter model)
  set(patch ${ARGN})
  set(dir ${CMAKE_BINARY_DIR}/gen/board/${name})
  set(root ${CMAKE_SOURCE_DIR})
  set(prepare)
  set(optimize -O2)
  if(patch)
    set(optimize -O1)  # runs for a second
    set(root ${dir}/hardware)
    set(prepare COMMAND ${CMAKE_SOURCE_DIR}/scripts/mutant-build ${patch} ${root})
  endif()
  add_custom_command(
    OUTPUT ${dir}/fast.cpp ${dir}/slow.cpp
    ${prepare}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${dir}/verilated
    COMMAND ${CMAKE_COMMAND} -E chdir ${root} ${VERILATOR} --cc --top-module ${top} -G${parameter} --assert -O3
            -Wno-fatal -Wno-lint -Wno-style -Wno-UNOPTFLAT --x-assign unique --x-initial unique --output-split 0
            --Mdir ${dir}/verilated -f rtl/files.f -f fpga/primitives.f -f fpga/${files}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${dir}
    DEPENDS ${board_hardware} ${patch} ${CMAKE_SOURCE_DIR}/cmake/unity.sh
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Verilating ${top} ${name}" VERBATIM)
  add_custom_target(board_verilated_${name} DEPENDS ${dir}/fast.cpp ${dir}/slow.cpp)  # for clang-tidy, which reads headers
  set_source_files_properties(${dir}/slow.cpp PROPERTIES COMPILE_OPTIONS "-O0;-w")
  set_source_files_properties(${dir}/fast.cpp PROPERTIES COMPILE_OPTIONS "-w;${optimize}")
  add_library(board_model_${name} STATIC EXCLUDE_FROM_ALL ${dir}/fast.cpp ${dir}/slow.cpp ${model})
  set_source_files_properties(${model} PROPERTIES COMPILE_OPTIONS "${VM_WARNINGS}")
  target_include_directories(board_model_${name} SYSTEM PUBLIC ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd
                             ${dir}/verilated)
  get_filename_component(headers ${model} DIRECTORY)
  target_include_directories(board_model_${name} PUBLIC ${headers})
  target_link_libraries(board_model_${name} PUBLIC verilator_runtime)
endfunction()
set(ulx3s vm_ulx3s files.f ClocksPerBit=4 tests/board/board.cpp)
vm_board_verilate(whole ${ulx3s})

# vm_board_test(TARGET BOARD): tests/board/hostile_test.cpp with this board.
function(vm_board_test target board)
  add_executable(${target} tests/board/hostile_test.cpp)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${target} PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(${target} PRIVATE board_model_${board} vm_sw vm_test_main vm_options)
endfunction()

add_executable(board_sim tests/board/board_sim.cpp tests/board/pseudo_terminal.cpp)
target_link_libraries(board_sim PRIVATE board_model_whole vm_sw CLI11::CLI11 vm_options)

# Frames that are broken in every way, at the pins.
vm_board_test(board_hostile_test whole)
add_test(NAME pty/hostile_test COMMAND board_hostile_test)

# The program as a user runs it; a seed on the command line, as a bad line is no place to look for new things.
set(on_board --target "serial:{}")
set(campaign fuzz --machine sv39-ulx3s ${on_board} --seed 1)
add_test(NAME pty/fork COMMAND board_sim -- $<TARGET_FILE:pagewalk> run sim/scenarios/sv39-ulx3s-fork.pwt ${on_board})
add_test(NAME pty/campaign COMMAND board_sim -- $<TARGET_FILE:pagewalk> ${campaign} --accesses 10000)
add_test(NAME pty/bad_line COMMAND tests/board/bad_line.sh $<TARGET_FILE:board_sim> $<TARGET_FILE:pagewalk>)
add_test(NAME pty/refused COMMAND tests/board/refused.sh $<TARGET_FILE:board_sim> $<TARGET_FILE:pagewalk>)
set_tests_properties(pty/hostile_test pty/fork pty/campaign pty/bad_line pty/refused PROPERTIES LABELS pty TIMEOUT 600
                     WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})

# Boards with a seeded defect: the tests at the pins must find each.
file(GLOB board_patches CONFIGURE_DEPENDS tests/board/mutants/*.patch)
foreach(patch ${board_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} test REGEX "^test: " LIMIT_COUNT 1)
  string(REPLACE "test: " "" test "${test}")
  if(NOT test)
    message(FATAL_ERROR "${patch}: found no line 'test: NAME', expected the test that must fail")
  endif()
  vm_board_verilate(mutant_${name} ${ulx3s} ${patch})
  vm_board_test(board_mutant_${name} mutant_${name})
  add_test(NAME pty/mutant_${name} COMMAND board_mutant_${name} --run_test=hostile/${test})
  set_tests_properties(pty/mutant_${name} PROPERTIES LABELS pty TIMEOUT 300
                       PASS_REGULAR_EXPRESSION "error: in .hostile/${test}.: ")
endforeach()
