# SPDX-License-Identifier: Apache-2.0
#
# The bus adapters against memories of cocotb (scripts/setup bus installs it), and seeded defects of theirs.
foreach(bus axi wishbone)
  add_test(NAME bus/${bus} COMMAND scripts/bus-test ${CMAKE_BINARY_DIR} ${bus} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_test(NAME bus/${bus}_mutants COMMAND scripts/bus-test --mutants ${CMAKE_BINARY_DIR} ${bus}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(bus/${bus} bus/${bus}_mutants PROPERTIES LABELS ${bus} TIMEOUT 900 PROCESSORS 2)
endforeach()
