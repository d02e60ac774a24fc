// SPDX-License-Identifier: Apache-2.0
//
// Where the walker is, event by event. Unlike checks/walk_follower.h it foretells nothing.
#pragma once

#include <cstdint>

#include "event.h"
#include "machine/machine.h"

namespace vm {

enum class WalkPhase : std::uint8_t {
  None,
  Look,    // into the L2 TLB and the walk caches
  Read,    // an entry
  Update,  // its accessed and dirty bits
  Held,    // the result waits for its port
};

struct WalkMoment {
  WalkPhase phase = WalkPhase::None;
  unsigned level = 0;  // of the entry that is read or updated
};

class WalkState {
 public:
  explicit WalkState(const Machine& machine);

  // All events of a cycle in their order; others than Xlat and the walker's change nothing.
  void on_event(const Event& event);

  const WalkMoment& moment() const { return moment_; }
  Port port() const { return port_; }  // whose walk runs or ran last

 private:
  WalkMoment moment_;
  Port port_ = Port::Data;
  bool looks_;  // before the first read
  unsigned top_;
};

}  // namespace vm
