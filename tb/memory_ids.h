// SPDX-License-Identifier: Apache-2.0
//
// Under which ids a first-level cache with misses outstanding asks memory (docs/l1.md).
#pragma once

#include "machine/machine.h"

namespace vm {

struct MemoryIds {
  unsigned registers = 0;  // 0 .. registers - 1: lines that are fetched; of the data cache the last one for the walker
  unsigned buffer = 0;     // lines that are written back
  unsigned single = 0;     // uncached accesses

  bool fetches(unsigned id) const { return id < registers; }
};

inline MemoryIds memory_ids(const Machine& machine, unsigned cache) {
  const unsigned registers = machine.misses + (cache == 1 ? 1 : 0);
  return {.registers = registers, .buffer = registers, .single = registers + 1};
}

// Ids any source can have.
inline unsigned memory_id_count(const Machine& machine) {
  return machine.misses == 0 ? 1 : memory_ids(machine, 1).single + 1;
}

}  // namespace vm
