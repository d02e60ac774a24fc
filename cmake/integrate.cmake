# SPDX-License-Identifier: Apache-2.0
#
# The example of docs/integrate.md, verilated by itself as a user of rtl/ would, and its test.
set(dir ${CMAKE_BINARY_DIR}/gen/example_soc)
set(example ${CMAKE_SOURCE_DIR}/tests/integrate/example_soc.sv)
file(GLOB example_sources CONFIGURE_DEPENDS rtl/*.sv rtl/files.f)
add_custom_command(
  OUTPUT ${dir}/fast.cpp ${dir}/slow.cpp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${dir}/verilated
  COMMAND ${VERILATOR} --cc --top-module example_soc --assert -O3 -Wno-fatal -Wno-lint -Wno-style -Wno-UNOPTFLAT
          --x-assign unique --x-initial unique --output-split 0 --Mdir ${dir}/verilated -f rtl/files.f ${example}
  COMMAND ${CMAKE_SOURCE_DIR}/cmake/unity.sh ${dir}
  DEPENDS ${example_sources} ${example} ${CMAKE_SOURCE_DIR}/cmake/unity.sh
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Verilating example_soc" VERBATIM)
add_library(example_soc OBJECT ${dir}/fast.cpp ${dir}/slow.cpp)
set_source_files_properties(${dir}/fast.cpp ${dir}/slow.cpp PROPERTIES COMPILE_OPTIONS "-w")
target_include_directories(example_soc SYSTEM PUBLIC ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd ${dir}/verilated)
target_link_libraries(example_soc PRIVATE verilator_runtime)

add_executable(integrate_test tests/integrate/integrate_test.cpp)
set_target_properties(integrate_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_compile_definitions(integrate_test PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(integrate_test PRIVATE example_soc verilator_runtime vm_test_main vm_options)
add_test(NAME rtl/integrate_test COMMAND integrate_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(rtl/integrate_test PROPERTIES LABELS rtl TIMEOUT 300)

# The same through FuseSoC (scripts/setup fusesoc installs it).
add_test(NAME integrate/fusesoc COMMAND scripts/fusesoc-test ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(integrate/fusesoc PROPERTIES LABELS integrate TIMEOUT 300)
