# SPDX-License-Identifier: Apache-2.0
#
# Hardware with something wrong in it: NAME.patch becomes machines/mutant-NAME.so, built for the machine that its first
# lines name ("machine: toy5"). tests/mutants are defects for the checks to find, built by scripts/mutants when they are
# wanted; tests/negative are what the tests of that folder need.
file(GLOB defect_patches CONFIGURE_DEPENDS tests/mutants/*.patch)
file(GLOB negative_patches CONFIGURE_DEPENDS tests/negative/*.patch)
add_custom_target(negative_hardware)
foreach(patch ${defect_patches} ${negative_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} machine REGEX "^machine: " LIMIT_COUNT 1)
  string(REPLACE "machine: " "" machine "${machine}")
  vm_add_machine(mutant-${name} ${CMAKE_BINARY_DIR}/gen/${machine}/vm_sim_machine_pkg.sv ${patch})
endforeach()
foreach(patch ${negative_patches})
  get_filename_component(name ${patch} NAME_WE)
  add_dependencies(negative_hardware machine_mutant-${name})
endforeach()

# All defects can be seeded, and five of the day are found (VM_SEED, or the date, says which).
add_test(NAME negative/mutants COMMAND scripts/mutants --day --build ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(negative/mutants PROPERTIES LABELS negative TIMEOUT 900 RESOURCE_LOCK build_folder)

add_test(NAME negative/mutants_script COMMAND tests/negative/mutants_script.py WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(negative/mutants_script PROPERTIES LABELS negative)
