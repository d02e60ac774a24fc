# SPDX-License-Identifier: Apache-2.0
#
# The non-blocking cache by itself: tests/l1/l1_bench.sv verilated once per configuration, its tests with each, its
# seeded defects, and the programs of `make benchl1`.
file(GLOB l1_hardware CONFIGURE_DEPENDS rtl/*.sv rtl/files.f)
set(l1_bench_sv ${CMAKE_SOURCE_DIR}/tests/l1/l1_bench.sv)
set(l1_sources tests/l1/l1_bench.cpp tests/l1/l1_memory.cpp tests/l1/l1_traffic.cpp)

# vm_l1_verilate(NAME CONFIGURATION [PATCH]): the library l1_verilated_NAME; with a patch, from a copy of the hardware.
function(vm_l1_verilate name configuration)
  set(patch ${ARGN})
  set(dir ${CMAKE_BINARY_DIR}/gen/l1/${name})
  set(root ${CMAKE_SOURCE_DIR})
  set(optimize)
  set(prepare)
  if(patch)
    set(root ${dir}/hardware)
    set(optimize ";-Og")
    set(prepare COMMAND ${CMAKE_SOURCE_DIR}/scripts/mutant-build ${patch} ${root})
  endif()
  list(TRANSFORM l1_parameters_${configuration} PREPEND -G OUTPUT_VARIABLE parameters)
  add_custom_command(
    OUTPUT ${dir}/fast.cpp ${dir}/slow.cpp
    ${prepare}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${dir}/verilated
    COMMAND ${CMAKE_COMMAND} -E chdir ${root} ${VERILATOR} --cc --top-module l1_bench --assert -O3 -Wno-fatal -Wno-lint
            -Wno-style -Wno-UNOPTFLAT --x-assign unique --x-initial unique --output-split 0 --Mdir ${dir}/verilated
            ${parameters} -f rtl/files.f ${l1_bench_sv}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${dir}
    DEPENDS ${l1_hardware} ${l1_bench_sv} ${patch} ${CMAKE_SOURCE_DIR}/cmake/unity.sh
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Verilating l1_bench ${name}" VERBATIM)
  set_source_files_properties(${dir}/slow.cpp PROPERTIES COMPILE_OPTIONS "-O0;-w")
  set_source_files_properties(${dir}/fast.cpp PROPERTIES COMPILE_OPTIONS "-w${optimize}")
  add_library(l1_verilated_${name} OBJECT EXCLUDE_FROM_ALL ${dir}/fast.cpp ${dir}/slow.cpp)
  target_include_directories(l1_verilated_${name} SYSTEM PUBLIC ${VERILATOR_ROOT}/include
                             ${VERILATOR_ROOT}/include/vltstd ${dir}/verilated)
  target_link_libraries(l1_verilated_${name} PUBLIC verilator_runtime)
endfunction()

# vm_l1_library(NAME CONFIGURATION SOURCE...): sources that see the model of a configuration, as the library
# l1_sources_NAME_CONFIGURATION.
function(vm_l1_library name configuration)
  add_library(l1_sources_${name}_${configuration} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  add_dependencies(l1_sources_${name}_${configuration} l1_verilated_${configuration})
  list(TRANSFORM l1_parameters_${configuration} REPLACE "^([A-Za-z]+)=(1'b)?([0-9]+)" "VM_L1_\\1=\\3"
       OUTPUT_VARIABLE defines)
  target_compile_definitions(l1_sources_${name}_${configuration} PRIVATE ${defines} BOOST_TEST_DYN_LINK)
  target_include_directories(l1_sources_${name}_${configuration} SYSTEM PRIVATE ${VERILATOR_ROOT}/include
                             ${VERILATOR_ROOT}/include/vltstd ${CMAKE_BINARY_DIR}/gen/l1/${configuration}/verilated)
  target_link_libraries(l1_sources_${name}_${configuration} PRIVATE vm_options)
endfunction()

# vm_l1_configuration(NAME SETS WAYS LINE_BYTES HIT_LATENCY MISSES CRITICAL_FIRST WAITERS)
function(vm_l1_configuration name sets ways line_bytes hit_latency misses critical_first waiters)
  set(l1_parameters_${name} Sets=${sets} Ways=${ways} LineBytes=${line_bytes} HitLatency=${hit_latency} Misses=${misses}
      CriticalFirst=1'b${critical_first} Waiters=${waiters} PARENT_SCOPE)
  set(l1_parameters_${name} Sets=${sets} Ways=${ways} LineBytes=${line_bytes} HitLatency=${hit_latency} Misses=${misses}
      CriticalFirst=1'b${critical_first} Waiters=${waiters})
  vm_l1_verilate(${name} ${name})
  vm_l1_library(bench ${name} ${l1_sources})
endfunction()

#                           sets ways line latency misses, critical word first, waiters
vm_l1_configuration(usual    64   4   64     1      4      1      4)
vm_l1_configuration(late     64   4   64     2      4      1      4)
vm_l1_configuration(one       4   2   16     1      1      1      1)
vm_l1_configuration(direct    8   1   32     2      2      0      8)
vm_l1_configuration(single    1   4   32     1      2      1      2)
vm_l1_configuration(wide     16   8  128     2      8      1      4)
vm_l1_configuration(blocking 64   4   64     1      0      0      1)
vm_l1_configuration(patient  64   4   64     1      4      1      8)

function(vm_l1_executable name configuration verilated sources)
  add_executable(${name} $<TARGET_OBJECTS:l1_sources_bench_${configuration}>
                 $<TARGET_OBJECTS:l1_sources_${sources}_${configuration}>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE l1_verilated_${verilated} verilator_runtime)
endfunction()

foreach(name usual late one direct single wide)
  vm_l1_library(tests ${name} tests/l1/l1_random_test.cpp tests/l1/l1_directed_test.cpp)
  vm_l1_executable(l1_test_${name} ${name} ${name} tests)
  target_link_libraries(l1_test_${name} PRIVATE vm_test_main)
  add_test(NAME l1/${name} COMMAND l1_test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(l1/${name} PROPERTIES LABELS l1 TIMEOUT 300)
endforeach()

# make benchl1: vm_cache and vm_l1 in the same bench.
foreach(name blocking usual patient)
  vm_l1_library(speed ${name} tests/l1/l1_speed.cpp)
  vm_l1_executable(l1_speed_${name} ${name} ${name} speed)
  set_target_properties(l1_speed_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
endforeach()

# l1_mutant_NAME: the tests of the configuration that tests/l1/mutants/NAME.patch names, with its defect.
file(GLOB l1_patches CONFIGURE_DEPENDS tests/l1/mutants/*.patch)
foreach(patch ${l1_patches})
  get_filename_component(name ${patch} NAME_WE)
  file(STRINGS ${patch} configuration REGEX "^configuration: " LIMIT_COUNT 1)
  string(REPLACE "configuration: " "" configuration "${configuration}")
  vm_l1_verilate(mutant_${name} ${configuration} ${patch})
  vm_l1_executable(l1_mutant_${name} ${configuration} mutant_${name} tests)
  target_link_libraries(l1_mutant_${name} PRIVATE vm_test_main)
  set_target_properties(l1_mutant_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
endforeach()
# All can be seeded, and three of the day are found; scripts/mutants-l1 looks for all of them.
add_test(NAME l1/mutants COMMAND scripts/mutants-l1 --day ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(l1/mutants PROPERTIES LABELS l1 TIMEOUT 600 RESOURCE_LOCK build_folder)
