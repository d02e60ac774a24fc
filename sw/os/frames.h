// SPDX-License-Identifier: Apache-2.0
//
// Page frames: who owns which, and how many mappings each has. Frames come from the list the user gave, in its order,
// or (without a list) upwards from the lowest frame nobody named, preloaded or put a table into, cacheable memory
// first. Frames for page tables come from the other end of either, so that they stay out of the way of the pages.
//
// The frames of a superpage are counted as one range: the user names it, or it was handed out as a block.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "machine/machine.h"

namespace vm {

class Frames {
 public:
  explicit Frames(const Machine& machine);

  // From now on only these, in this order. Throws InputError if one is not memory or is already mapped.
  void set_free(const std::vector<Ppn>& frames);
  // Never hand out the frames of this range (tables, contents placed by hand).
  void reserve(PhysAddr from, std::uint64_t bytes);
  // The caller named this frame: it is never handed out, and not freed when its last mapping goes.
  void name(Ppn frame, std::uint64_t count = 1);

  std::optional<Ppn> allocate();            // with one reference; one that was not cleared, if there is one
  std::optional<Ppn> allocate_for_table();  // the same, from the other end
  // So many frames (a power of two) that follow each other, the first a multiple of it, as one range with one
  // reference.
  std::optional<Ppn> allocate_block(std::uint64_t count);
  // Free frames that were cleared (windows/frame_states.cpp): who needs zeros takes such a one first.
  std::optional<Ppn> allocate_zeroed();     // nullopt: there is none
  std::optional<Ppn> free_to_zero() const;  // the first that is not; of those that were listed or came back
  void note_zeroed(Ppn frame);
  void note_written(Ppn frame);  // what it holds is unknown again
  const std::set<std::uint64_t>& zeroed() const { return zeroed_; }
  // A frame that failed is never handed out again: at once if it is free, else when its last reference goes.
  void retire(Ppn frame);
  bool is_unused(Ppn frame) const { return is_free(frame) || (!list_ && is_fresh(frame)); }  // and may be handed out
  bool is_bad(Ppn frame) const { return bad_.contains(frame.value); }
  const std::set<std::uint64_t>& bad() const { return bad_; }
  // Without a list: tables come from below this frame first, where it lies in memory.
  void prefer_for_tables(Ppn end);
  bool can_allocate(std::size_t count) const;
  void retain(Ppn frame, std::uint64_t count = 1);
  void release(Ppn frame, std::uint64_t count = 1);  // the last reference frees what was handed out

  unsigned references(Ppn frame) const;
  bool has_one_owner(Ppn frame, std::uint64_t count) const;  // every frame of the range
  std::size_t free_count() const;
  std::uint64_t capacity() const;                         // frames for pages and tables together, free or not
  bool in_use(PhysAddr from, std::uint64_t bytes) const;  // some frame of the range has references or is named
  bool is_free(Ppn frame) const;
  bool is_named(Ppn frame) const;
  const std::map<std::uint64_t, unsigned>& all_references() const { return references_; }
  // Ranges with references, as (first frame, number of frames).
  const std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned>& range_references() const { return ranges_; }

 private:
  bool is_memory(Ppn frame) const;
  bool is_fresh(Ppn frame) const;  // memory that nobody has a claim on, never handed out so far
  struct Span {
    std::uint64_t from = 0, to = 0;  // [from, to)
  };
  std::optional<Ppn> take_first(std::vector<Span>& spans) const;
  std::optional<Ppn> take_last(std::vector<Span>& spans) const;
  std::optional<Ppn> retained(std::optional<Ppn> frame);
  std::optional<Ppn> take_free_block(std::uint64_t count);
  std::optional<Ppn> take_fresh_block(std::uint64_t count);
  void free_if_unused(Ppn frame);
  std::optional<Ppn> take_free(std::deque<Ppn>::const_iterator at);

  const Machine& machine_;
  std::optional<std::set<std::uint64_t>> list_;  // the frames the user allowed; nullopt: all memory
  std::deque<Ppn> free_;                         // the list's rest, and what came back
  std::set<std::uint64_t> zeroed_;               // of those
  std::set<std::uint64_t> bad_;
  std::vector<Span> fresh_;     // without a list: what was not considered so far
  std::uint64_t capacity_ = 0;  // without a list: frames of all memory
  std::map<std::uint64_t, unsigned> references_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> ranges_;
  std::set<std::uint64_t> named_;
  std::vector<Span> named_ranges_;
  std::map<std::uint64_t, std::uint64_t> reserved_;  // first frame -> last frame
};

}  // namespace vm
