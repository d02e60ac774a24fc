// SPDX-License-Identifier: Apache-2.0
//
// Areas: what the ranges of an address space are for (Linux: vm_area_struct). A page fault outside every area is a
// segmentation fault; inside, the area says how the page comes to be.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "machine/address.h"
#include "os/memory_object.h"
#include "os/rights.h"

namespace vm {

struct Area {
  std::uint64_t from = 0, to = 0;  // [from, to), whole pages
  Rights rights;                   // Linux: vm_prot
  bool shared = false;             // stores are seen by whoever maps the object; otherwise the process has its own
  bool may_write = true;           // mprotect may give the right to write (Linux: VM_MAYWRITE)
  bool grows_down = false;         // a stack
  std::shared_ptr<MemoryObject> object = nullptr;  // where pages come from; none: demand-zero and private
  std::uint64_t object_at = 0;                     // the address the object's page 0 has, or would have (modulo 2^64)
  // Private: only so many bytes of the object count, and what lies behind them is zero (ELF: the beginning of bss, in
  // the last page of initialized data).
  std::uint64_t object_bytes = ~0ULL;

  bool contains(std::uint64_t va) const { return va >= from && va < to; }
  // The two, one ending where the other begins, could as well be one.
  bool continues(const Area& low) const;
};

// The areas of one address space, by address. Neighbours that could as well be one are one. Finding an area takes the
// logarithm of their number.
class AreaMap {
 public:
  const Area* find(VirtAddr va) const;
  // The lowest area above va that grows down, if nothing lies between and it is at most `reach` bytes away.
  const Area* stack_above(VirtAddr va, std::uint64_t reach) const;
  bool overlaps(std::uint64_t from, std::uint64_t to) const;
  // The end of the highest range of `bytes` that ends at or below `limit` and that no area is in; `gap` bytes below an
  // area that grows down are not taken either. nullopt: none that starts at or above `floor`.
  std::optional<std::uint64_t> free_end_below(std::uint64_t limit, std::uint64_t bytes, std::uint64_t gap,
                                              std::uint64_t floor);
  void insert(Area area);  // where none is
  void grow_down(std::uint64_t old_from, std::uint64_t new_from);
  void remove(std::uint64_t from, std::uint64_t to);  // splits areas at the borders
  void protect(std::uint64_t from, std::uint64_t to, Rights rights);
  std::vector<Area> in(std::uint64_t from, std::uint64_t to) const;
  // The first address from `from` on that is in no area; at most `to`.
  std::uint64_t covered_from(std::uint64_t from, std::uint64_t to) const;
  const std::map<std::uint64_t, Area>& all() const { return areas_; }

 private:
  using Iterator = std::map<std::uint64_t, Area>::const_iterator;
  Iterator first_in(std::uint64_t from) const;  // the area that contains `from`, else the next one
  void split(std::uint64_t at);                 // so that no area crosses `at`
  void merge(std::uint64_t at);                 // the two that meet at `at`, if they could as well be one
  std::map<std::uint64_t, Area> areas_;
  // Between these two addresses nothing of so many bytes is free, so that a search need not begin at the top each time.
  struct Full {
    std::uint64_t from = 0, to = 0, bytes = 0, gap = 0;
  };
  Full full_;
};

}  // namespace vm
