# SPDX-License-Identifier: Apache-2.0
#
# The program behind `make oracle`. Unicorn (GPLv2) comes with its PyPI wheel in .venv and is used by this test program
# alone; without it there is no target.
file(GLOB unicorn_package ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/unicorn)
find_program(RISCV_GCC riscv64-unknown-elf-gcc)
if(unicorn_package AND RISCV_GCC)
  set(guest ${CMAKE_BINARY_DIR}/gen/qemu_guest.elf)
  add_custom_command(
    OUTPUT ${guest}
    COMMAND ${RISCV_GCC} -O2 -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -nostdlib -ffreestanding -Wall
            -Wextra -Wl,--section-start=.start=0x80000000 -Wl,-Ttext=0x80001000 -Wl,--no-relax
            ${CMAKE_SOURCE_DIR}/tests/oracle/qemu_guest.c -o ${guest} -lgcc
    DEPENDS tests/oracle/qemu_guest.c tests/oracle/qemu_exchange.h
    COMMENT "Compiling the QEMU guest" VERBATIM)
  add_custom_target(qemu_guest DEPENDS ${guest})
  file(GLOB oracle_sources CONFIGURE_DEPENDS tests/oracle/*.cpp)
  add_executable(oracle EXCLUDE_FROM_ALL ${oracle_sources} sim/progress.cpp)
  add_dependencies(oracle qemu_guest)
  target_compile_definitions(oracle PRIVATE VM_QEMU_GUEST="${guest}")
  target_include_directories(oracle SYSTEM PRIVATE ${unicorn_package}/include)
  target_link_libraries(oracle PRIVATE vm_tb CLI11::CLI11 vm_options ${unicorn_package}/lib/libunicorn.so.2)
  set_target_properties(oracle PROPERTIES BUILD_RPATH ${unicorn_package}/lib)
endif()
