// SPDX-License-Identifier: Apache-2.0
#include "os/table_space.h"

#include <algorithm>

namespace vm {

bool TableSpace::is_clear(PhysAddr from) const {
  const std::uint64_t bytes = table_bytes();
  const bool overlaps = std::any_of(taken_.begin(), taken_.end(), [&](const Range& r) {
    return from.value < r.from + r.bytes && r.from < from.value + bytes;
  });
  return !overlaps && !frames_.in_use(from, bytes);
}

std::optional<PhysAddr> TableSpace::place_in(const Region& region) const {
  const std::uint64_t bytes = table_bytes();
  const std::uint64_t end = region.base.value + region.size;
  // Above what translations reach: upwards, so that the first table stands at a round address.
  const std::uint64_t reach = low_mask(machine_.pa_bits) + 1;
  const std::uint64_t above = (std::max(region.base.value, reach) + bytes - 1) / bytes * bytes;
  for (std::uint64_t at = above; at + bytes <= end; at += bytes) {
    if (is_clear(PhysAddr(at))) return PhysAddr(at);
  }
  // Otherwise downwards from the top, away from the frames.
  for (std::uint64_t at = std::min(end, reach) / bytes * bytes; at >= region.base.value + bytes;) {
    at -= bytes;
    if (is_clear(PhysAddr(at))) return PhysAddr(at);
  }
  return std::nullopt;
}

std::optional<PhysAddr> TableSpace::allocate() {
  if (!returned_.empty()) {
    const PhysAddr table(*returned_.begin());
    returned_.erase(returned_.begin());
    return table;
  }
  const bool through_cache = machine_.walk_port == WalkPort::Cache;
  for (const bool cacheable : {through_cache, !through_cache}) {
    for (const Region& region : machine_.regions) {
      if (region.cacheable != cacheable) continue;
      if (const std::optional<PhysAddr> table = place_in(region)) {
        reserve(*table, table_bytes());
        return table;
      }
    }
  }
  return std::nullopt;
}

void TableSpace::release(PhysAddr table) { returned_.insert(table.value); }

void TableSpace::reserve(PhysAddr from, std::uint64_t bytes) {
  taken_.push_back({.from = from.value, .bytes = bytes});
  frames_.reserve(from, bytes);
}

}  // namespace vm
