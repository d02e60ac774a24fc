/* SPDX-License-Identifier: Apache-2.0
 *
 * What host and QEMU guest write into each other's memory: C, for the guest has no C++ library. */
#ifndef VM_ORACLE_QEMU_EXCHANGE_H
#define VM_ORACLE_QEMU_EXCHANGE_H

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): C, too */

#define QEMU_EXCHANGE_AT 0x81000000u /* behind the layout's 16 MiB */
#define QEMU_EXCHANGE_CASES 200000u
#define QEMU_MEMORY_MIB 96u
#define QEMU_LEVELS 5u
#define QEMU_NO_TRAP (~(uint64_t)0)

struct QemuCase {
  /* asked */
  uint64_t satp, mstatus, menvcfg, va, stored;
  uint64_t hint; /* physical address a store is looked for at; 0: nowhere */
  uint32_t kind; /* 0 fetch, 1 load, 2 store */
  uint32_t length;
  uint64_t at[QEMU_LEVELS], value[QEMU_LEVELS];
  /* answered */
  uint64_t cause, tval, result; /* of a store: what lies at the hint */
  uint64_t after[QEMU_LEVELS];
};

struct QemuExchange {
  uint64_t count;
  uint64_t answered;
  struct QemuCase cases[QEMU_EXCHANGE_CASES];
};

#endif
