// SPDX-License-Identifier: Apache-2.0
//
// Page frames: who owns which, and how many mappings each has. Frames come from the list the user gave, in its order,
// or (without a list) upwards from the lowest frame nobody named, preloaded or put a table into.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "machine/machine.h"

namespace vm {

class Frames {
 public:
  explicit Frames(const Machine& machine) : machine_(machine) {}

  // From now on only these, in this order. Throws InputError if one is not memory or is already mapped.
  void set_free(const std::vector<Ppn>& frames);
  // Never hand out the frames of this range (tables, contents placed by hand).
  void reserve(PhysAddr from, std::uint64_t bytes);
  // The caller named this frame: it is never handed out, and not freed when its last mapping goes.
  void name(Ppn frame);

  std::optional<Ppn> allocate();  // with one reference
  bool can_allocate(std::size_t count) const;
  void retain(Ppn frame) { ++references_[frame.value]; }
  void release(Ppn frame);  // the last reference frees what allocate() gave

  unsigned references(Ppn frame) const;
  std::size_t free_count() const;
  bool in_use(PhysAddr from, std::uint64_t bytes) const;  // some frame of the range has references or is named
  bool is_free(Ppn frame) const;
  bool is_named(Ppn frame) const { return named_.contains(frame.value); }
  const std::map<std::uint64_t, unsigned>& all_references() const { return references_; }

 private:
  bool is_memory(Ppn frame) const;
  bool is_fresh(Ppn frame) const;  // memory that nobody has a claim on, never handed out so far
  std::optional<Ppn> next_fresh(Ppn from) const;

  const Machine& machine_;
  std::optional<std::set<std::uint64_t>> list_;  // the frames the user allowed; nullopt: all memory
  std::deque<Ppn> free_;                         // the list's rest, and what came back
  Ppn fresh_;                                    // without a list: below this everything was considered
  std::map<std::uint64_t, unsigned> references_;
  std::set<std::uint64_t> named_;
  std::map<std::uint64_t, std::uint64_t> reserved_;  // first frame -> last frame
};

}  // namespace vm
