// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

#include <algorithm>

namespace vm::sweep {

bool in_memory(const Question& q, std::uint64_t pa) {
  const bool too_wide = q.machine->pa_bits < 64 && pa >> q.machine->pa_bits != 0;
  return !too_wide && std::ranges::any_of(q.machine->regions, [pa](const Region& region) {
    return pa >= region.base.value && pa - region.base.value < region.size;
  });
}

unsigned page_bits(const Question& q, unsigned level) {
  unsigned bits = q.machine->format.page_bits;
  for (unsigned below = 0; below < level; ++below) bits += q.machine->format.index_bits.at(below);
  return bits;
}

std::uint64_t entry_address(const Question& q, unsigned level, std::uint64_t table) {
  const std::uint64_t entries = 1ULL << q.machine->format.index_bits.at(level);
  const std::uint64_t bytes = 1ULL << q.machine->format.pte_bytes_log2;
  return table + (q.va >> page_bits(q, level)) % entries * bytes;
}

}  // namespace vm::sweep
