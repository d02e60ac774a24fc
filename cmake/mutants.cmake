# SPDX-License-Identifier: Apache-2.0
#
# One machine per seeded defect: tests/mutants/NAME.patch becomes machines/mutant-NAME.so. The first lines of a patch
# name the machine it is built for ("machine: toy5") and what is wrong.
add_custom_target(mutants)
file(GLOB mutant_patches CONFIGURE_DEPENDS tests/mutants/*.patch)
foreach(patch ${mutant_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} machine REGEX "^machine: " LIMIT_COUNT 1)
  string(REPLACE "machine: " "" machine "${machine}")
  vm_add_machine(mutant-${name} ${CMAKE_BINARY_DIR}/gen/${machine}/vm_sim_machine_pkg.sv ${patch})
  add_dependencies(mutants machine_mutant-${name})
endforeach()
