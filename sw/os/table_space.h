// SPDX-License-Identifier: Apache-2.0
//
// Where flat page tables lie, each in one piece. A walker that reads memory directly must not have its tables in a
// write-back cache, so they go into uncached memory: above everything a translation reaches if the bus goes further, as
// in the textbooks. A walker that reads through the cache finds them in ordinary memory, at its top. Tables that come
// back are all zero: their owner unmaps everything first.
//
// Tables of several levels are frames like any other (frames.h, table_tree.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "machine/machine.h"
#include "os/frames.h"

namespace vm {

class TableSpace {
 public:
  TableSpace(const Machine& machine, Frames& frames) : machine_(machine), frames_(frames) {}

  std::uint64_t table_bytes() const { return 1ULL << (machine_.format.pte_bytes_log2 + machine_.vpn_bits()); }
  std::optional<PhysAddr> allocate();
  void release(PhysAddr table);
  // A table the user placed: nothing else goes there.
  void reserve(PhysAddr from, std::uint64_t bytes);

 private:
  bool is_clear(PhysAddr from) const;
  std::optional<PhysAddr> place_in(const Region& region) const;

  const Machine& machine_;
  Frames& frames_;
  std::set<std::uint64_t> returned_;
  struct Range {
    std::uint64_t from, bytes;
  };
  std::vector<Range> taken_;
};

}  // namespace vm
