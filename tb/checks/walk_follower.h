// SPDX-License-Identifier: Apache-2.0
//
// Follows the walk that runs, event by event, with the reference walker: which entry has to be read next, what has to
// be written to it, how the walk ends. The walk caches are mirrored here, as they say where a walk begins. No
// judgement: the checks compare what happens with what this says was due; that the walk caches hold the right pointers
// is the state check's business.
#pragma once

#include <cstdint>
#include <optional>

#include "event.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"
#include "oracle/walk_cache_mirror.h"
#include "tracker.h"

namespace vm {

class WalkFollower {
 public:
  enum class Due : std::uint8_t {
    Nothing,   // no walk runs, or its end has been told
    Read,      // of the entry at entry()
    Data,      // the answer to that
    Update,    // compare-and-set of the entry at entry(), from value() to wanted()
    Updating,  // the answer to that
    End,       // WalkEnd with cause()
    Restart,   // from the root, as a walk from a walk-cache entry must not fail
  };

  WalkFollower(const Machine& machine, Tracker& tracker);

  // Before the events of a cycle: what the array port has turned over in the walk caches.
  void on_array_port();
  // All events of a cycle, in order; others than the walker's change nothing.
  void on_event(const Event& event);

  Due due() const { return due_; }
  Port port() const { return port_; }
  VirtAddr va() const { return request_.va; }
  Vpn vpn() const { return machine_.vpn_of(request_.va); }
  unsigned level() const { return level_; }     // of entry()
  PhysAddr entry() const { return entry_; }     // the entry that is dealt with
  bool in_hole() const { return in_hole_; }     // Read: its address is in no region, so the walk ends instead
  MemType type() const { return above_.type; }  // of the table it lies in
  const Pte& above() const { return above_; }   // what the path to it allows
  std::uint64_t value() const { return value_; }
  std::uint64_t wanted() const { return wanted_; }
  Cause cause() const { return cause_; }
  // The walk, or the look at the address it found, ends in a fault.
  bool fails() const { return cause_ != Cause::None || leads_nowhere_; }
  bool from_cache() const { return from_cache_; }
  // The walk has ended with a base page, or the L2 TLB had the page and a walk cache knows its last table; and that
  // table has a next entry, which may be prefetched.
  bool has_next_page() const;
  // The walk is the prefetch of the page after the one walked: until the next WalkStart. It has no End.
  bool ahead() const { return ahead_; }
  // What a prefetch has found, if that may be filled: a base page whose entry needs no accessed bit set (R24).
  const std::optional<WalkResult>& found_ahead() const { return found_ahead_; }
  // The translation the walk found, final address included; means something at the End without a cause.
  const WalkResult& result() const { return result_; }

  const WalkCacheMirror& walk_cache() const { return cache_; }
  WalkCacheMirror& walk_cache() { return cache_; }

 private:
  void start(const Event& event);
  void at_root();
  void enter(unsigned level, PhysAddr table);
  void judge();
  void start_ahead(bool known);
  void judge_ahead();
  void end(Cause cause);

  const Machine& machine_;
  Tracker& tracker_;
  WalkCacheMirror cache_;
  Due due_ = Due::Nothing;
  Port port_ = Port::Data;
  Request request_;
  Context context_;
  unsigned level_ = 0;
  PhysAddr table_, entry_;
  bool in_hole_ = false;
  bool from_cache_ = false;
  bool ahead_ = false;
  std::optional<WalkResult> found_ahead_;
  Pte above_;
  std::uint64_t value_ = 0, wanted_ = 0;
  Cause cause_ = Cause::None;
  bool leads_nowhere_ = false;  // a good leaf, but nothing lies at the address
  WalkResult result_;
};

}  // namespace vm
