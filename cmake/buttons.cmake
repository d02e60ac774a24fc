# SPDX-License-Identifier: Apache-2.0
#
# The iCEBreaker of fpga/ verilated whole: its buttons are pressed and its LEDs looked at (docs/board.md). ctest -L board. buttons_sim
# prints what there is to see.
set(icebreaker vm_icebreaker icebreaker.f SampleClocks=64 tests/buttons/icebreaker.cpp)
vm_board_verilate(icebreaker ${icebreaker})

add_executable(buttons_sim tests/buttons/buttons_sim.cpp)
target_link_libraries(buttons_sim PRIVATE board_model_icebreaker vm_sw vm_options)

# vm_buttons_test(TARGET BOARD): tests/buttons/buttons_test.cpp with this board.
function(vm_buttons_test target board)
  add_executable(${target} tests/buttons/buttons_test.cpp)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${target} PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(${target} PRIVATE board_model_${board} vm_sw vm_test_main vm_options)
endfunction()
vm_buttons_test(buttons_test icebreaker)
add_test(NAME board/buttons_test COMMAND buttons_test)
set_tests_properties(board/buttons_test PROPERTIES LABELS board TIMEOUT 300)

# Boards with a seeded defect: the test must find each.
file(GLOB button_patches CONFIGURE_DEPENDS tests/buttons/mutants/*.patch)
foreach(patch ${button_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} test REGEX "^test: " LIMIT_COUNT 1)
  string(REPLACE "test: " "" test "${test}")
  if(NOT test)
    message(FATAL_ERROR "${patch}: found no line 'test: NAME', expected the test that must fail")
  endif()
  vm_board_verilate(mutant_${name} ${icebreaker} ${patch})
  vm_buttons_test(buttons_mutant_${name} mutant_${name})
  add_test(NAME board/mutant_${name} COMMAND buttons_mutant_${name} --run_test=buttons/${test})
  set_tests_properties(board/mutant_${name} PROPERTIES LABELS board TIMEOUT 300
                       PASS_REGULAR_EXPRESSION "error: in .buttons/${test}")
endforeach()

# What the scripts of fpga/ decide, without the tools.
add_test(NAME board/flow_test COMMAND python3 tests/flow/flow_test.py)
set_tests_properties(board/flow_test PROPERTIES LABELS board TIMEOUT 60 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
