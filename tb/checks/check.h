// SPDX-License-Identifier: Apache-2.0
//
// One check of the five: fed with every cycle, tells the reporter what is wrong. A check knows ports and events only.
#pragma once

#include <cstdint>
#include <span>

#include "checks/reporter.h"
#include "event.h"
#include "tracker.h"

namespace vm {

class Check {
 public:
  Check() = default;
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  virtual ~Check() = default;

  // Bytes placed in memory beside the ports.
  virtual void preload(PhysAddr, std::span<const std::uint8_t>) {}
  // The tracker has seen the cycle already.
  virtual void on_cycle(const Cycle& cycle) = 0;
  // End of the run; nothing is in flight.
  virtual void finish() {}
};

}  // namespace vm
