# SPDX-License-Identifier: Apache-2.0
#
# Machines with line and toggle coverage: machine_coverage-NAME becomes machines/coverage-NAME.so, each model of which adds
# its counts to coverage/NAME.dat when it ends. `make coverage` runs them.
vm_add_runtime(verilator_runtime_coverage 1 verilated_cov.cpp)
file(GLOB instrumented_sources CONFIGURE_DEPENDS tb/model/instrumented/*.cpp)
set_source_files_properties(${instrumented_sources} PROPERTIES COMPILE_OPTIONS "${VM_WARNINGS}")
add_custom_target(coverage_machines)
# No machine with second-level caches: counting the toggles of their arrays takes a hundred times as long as all the rest.
foreach(machine sv39 csapp14)
  vm_add_machine(coverage-${machine} ${CMAKE_BINARY_DIR}/gen/${machine}/vm_sim_machine_pkg.sv COVERAGE)
  target_sources(machine_coverage-${machine} PRIVATE ${instrumented_sources})
  target_compile_definitions(machine_coverage-${machine} PRIVATE
    VM_COVERAGE_FILE="${CMAKE_BINARY_DIR}/coverage/${machine}.dat")
  add_dependencies(coverage_machines machine_coverage-${machine})
endforeach()
