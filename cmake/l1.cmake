# SPDX-License-Identifier: Apache-2.0
#
# The non-blocking cache by itself: tests/l1/l1_bench.sv verilated once per configuration, its tests with each, and the
# program of `make bench-l1`.

# vm_l1_model(NAME SETS WAYS LINE_BYTES HIT_LATENCY MISSES CRITICAL_FIRST): the library l1_model_NAME.
function(vm_l1_model name sets ways line_bytes hit_latency misses critical_first)
  set(dir ${CMAKE_BINARY_DIR}/gen/l1/${name})
  set(bench ${CMAKE_SOURCE_DIR}/tests/l1/l1_bench.sv)
  add_custom_command(
    OUTPUT ${dir}/fast.cpp ${dir}/slow.cpp
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${dir}/verilated
    COMMAND ${VERILATOR} --cc --top-module l1_bench --assert -O3 -Wno-fatal -Wno-lint -Wno-style -Wno-UNOPTFLAT
            --x-assign unique --x-initial unique --output-split 0 --Mdir ${dir}/verilated -GSets=${sets} -GWays=${ways}
            -GLineBytes=${line_bytes} -GHitLatency=${hit_latency} -GMisses=${misses} "-GCriticalFirst=1'b${critical_first}"
            -f rtl/files.f ${bench}
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${dir}
    DEPENDS ${l1_hardware} ${bench} ${CMAKE_SOURCE_DIR}/cmake/unity.sh
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Verilating l1_bench ${name}" VERBATIM)
  set_source_files_properties(${dir}/fast.cpp ${dir}/slow.cpp PROPERTIES COMPILE_OPTIONS "-w")
  add_library(l1_model_${name} OBJECT EXCLUDE_FROM_ALL ${dir}/fast.cpp ${dir}/slow.cpp tests/l1/l1_bench.cpp
              tests/l1/l1_memory.cpp tests/l1/l1_traffic.cpp)
  set_source_files_properties(tests/l1/l1_bench.cpp tests/l1/l1_memory.cpp tests/l1/l1_traffic.cpp PROPERTIES
                              COMPILE_OPTIONS "${VM_WARNINGS}")
  target_include_directories(l1_model_${name} SYSTEM PUBLIC ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd
                             ${dir}/verilated)
  target_compile_definitions(l1_model_${name} PUBLIC VM_L1_SETS=${sets} VM_L1_WAYS=${ways} VM_L1_LINE_BYTES=${line_bytes}
                             VM_L1_HIT_LATENCY=${hit_latency} VM_L1_MISSES=${misses} VM_L1_CRITICAL_FIRST=${critical_first})
  target_link_libraries(l1_model_${name} PUBLIC verilator_runtime)
endfunction()

# vm_l1_test(NAME ...): as above, with the tests.
function(vm_l1_test name)
  vm_l1_model(${name} ${ARGN})
  add_executable(l1_test_${name} tests/l1/l1_random_test.cpp tests/l1/l1_directed_test.cpp)
  set_target_properties(l1_test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(l1_test_${name} PRIVATE BOOST_TEST_DYN_LINK)
  target_link_libraries(l1_test_${name} PRIVATE l1_model_${name} verilator_runtime vm_test_main vm_options)
  add_test(NAME rtl/l1_${name} COMMAND l1_test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(rtl/l1_${name} PROPERTIES LABELS l1 TIMEOUT 300)
endfunction()

file(GLOB l1_hardware CONFIGURE_DEPENDS rtl/*.sv rtl/files.f)
#                 sets ways line latency misses critical word first
vm_l1_test(usual   64   4   64     1      4      1)
vm_l1_test(late    64   4   64     2      4      1)
vm_l1_test(one      4   2   16     1      1      1)
vm_l1_test(direct   8   1   32     2      2      0)
vm_l1_test(single   1   4   32     1      2      1)
vm_l1_test(wide    16   8  128     2      8      1)
