// SPDX-License-Identifier: Apache-2.0
//
// Questions a machine answers about itself.
#include "machine/machine.h"

#include <algorithm>

namespace vm {

unsigned Machine::unit_bytes() const {
  std::uint64_t unit = std::min<std::uint64_t>(8, format.page_size());
  if (icache.ways != 0) unit = std::min<std::uint64_t>(unit, icache.line_bytes);
  if (dcache.ways != 0) unit = std::min<std::uint64_t>(unit, dcache.line_bytes);
  return static_cast<unsigned>(unit);
}

std::uint64_t Machine::colour_mask(const CacheGeometry& cache) const {
  if (cache.ways == 0) return 0;
  return (static_cast<std::uint64_t>(cache.sets) * cache.line_bytes - 1) & ~(format.page_size() - 1);
}

const Region* Machine::region_of(PhysAddr a) const {
  for (const Region& r : regions) {
    if (r.contains(a)) return &r;
  }
  return nullptr;
}

unsigned Format::index_lsb(unsigned level) const {
  unsigned sum = 0;
  for (unsigned below = 0; below < level; ++below) sum += index_bits.at(below);
  return sum;
}

bool Machine::va_is_legal(VirtAddr va, unsigned mode_levels) const {
  const unsigned width = mode_levels == 0 ? va_bits : format.page_bits + format.vpn_bits(mode_levels);
  if (width >= 64) return true;
  const std::uint64_t upper = va.value >> width;
  const bool negative = format.upper_va == UpperVa::Sign && (va.value >> (width - 1) & 1U) != 0;
  return upper == (negative ? low_mask(64 - width) : 0);
}

}  // namespace vm
