# SPDX-License-Identifier: Apache-2.0
#
# One kernel per seeded defect: tests/mutants/os/NAME.patch changes one source of sw/os. With that source in the place of
# the library's, the tests of working sets (tests/unit/windows_test.cpp) or the random lives of processes
# (tests/unit/kernel_random_test.cpp) have to find it. The first lines of a patch say what is wrong, and what must be said
# of it ("finding: REGEX").
file(GLOB os_mutant_patches CONFIGURE_DEPENDS tests/mutants/os/*.patch)
add_library(os_mutant_life OBJECT tests/unit/windows_test.cpp tests/unit/kernel_random_test.cpp)
target_compile_definitions(os_mutant_life PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(os_mutant_life PRIVATE vm_sw vm_options Boost::unit_test_framework)
foreach(patch ${os_mutant_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} source REGEX "^\\+\\+\\+ b/" LIMIT_COUNT 1)
  string(REPLACE "+++ b/" "" source "${source}")
  file(STRINGS ${patch} finding REGEX "^finding: " LIMIT_COUNT 1)
  string(REPLACE "finding: " "" finding "${finding}")
  if(NOT finding)
    message(FATAL_ERROR "${patch}: found no line 'finding: REGEX', expected what must be said of the defect")
  endif()
  set(mutated ${CMAKE_BINARY_DIR}/gen/os-mutant-${name}/${source})
  add_custom_command(
    OUTPUT ${mutated}
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/os-mutant-build ${patch} ${CMAKE_BINARY_DIR}/gen/os-mutant-${name}
    DEPENDS ${patch} ${CMAKE_SOURCE_DIR}/${source} ${CMAKE_SOURCE_DIR}/scripts/os-mutant-build)
  add_executable(os-mutant-${name} ${mutated})
  set_target_properties(os-mutant-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(os-mutant-${name} PRIVATE os_mutant_life vm_test_main vm_sw vm_options)
  # It ends with the line that is looked for: what comes after the first finding says nothing more, and takes long.
  add_test(NAME negative/os_mutant_${name} COMMAND sh -c "\"$0\" 2>&1 | grep -m 1 -E -- \"$1\""
           $<TARGET_FILE:os-mutant-${name}> "${finding}" WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(negative/os_mutant_${name} PROPERTIES LABELS negative TIMEOUT 300 ENVIRONMENT VM_SEED=1)
endforeach()
