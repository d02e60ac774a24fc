// SPDX-License-Identifier: Apache-2.0
//
// What happens on the way of a walk.
//
//   walks           L2 TLB, walk caches, reads that are turned away, restarts, ports that wait for each other
//   accessed-dirty  compare-and-set: what is set at which level, and what becomes of a failed one
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coverage/bins.h"
#include "coverage/walk_progress.h"
#include "event.h"
#include "tracker.h"

namespace vm {

class WalkBins {
 public:
  explicit WalkBins(BinTable& table);

  // Every event of the walker and of the data cache, before WalkProgress has seen it.
  void on_event(const Event& event, const Tracker& tracker, const WalkProgress& walk);

 private:
  enum class AfterFailure : std::uint8_t { AskedAgain, NothingToSet, Fault };

  void on_look(const Event& event, const Tracker& tracker, const WalkProgress& walk);
  void on_update(const Event& event, const Tracker& tracker);
  void after_failure(AfterFailure what);

  const Machine& machine_;
  Cross waits_;
  std::optional<Cross> uncached_table_, turned_away_, sweeping_, l2_, restart_, pointer_fill_;
  std::vector<Cross> begins_;  // by the levels of the mode, from the fewest on
  std::optional<Cross> leaf_set_, pointer_set_, failed_, bus_error_, after_failure_;
  bool read_pending_ = false;
  bool update_failed_ = false;
  std::array<bool, 2> started_{};  // the walker has taken this port's miss
};

}  // namespace vm
