// SPDX-License-Identifier: Apache-2.0
//
// Every performance counter equals what the ports and events of the run add up to (M14). The counters are compared at
// the end, when nothing is in flight.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "checks/check.h"
#include "machine/machine.h"

namespace vm {

class CounterCheck final : public Check {
 public:
  static constexpr unsigned kCounters = 72;  // bits of events_t

  CounterCheck(const Machine& machine, Reporter& reporter);
  void on_cycle(const Cycle& cycle) override;
  // What the hardware's counter says.
  void read(unsigned index, std::uint64_t value);
  void finish() override;

  static std::string name(unsigned index);  // "data L1 miss"

 private:
  void on_event(const Event& event);
  void count(unsigned index) { ++expected_[index]; }

  Reporter& reporter_;
  bool looks_;  // the walker looks at L2 TLB or walk caches first
  bool walking_ = false;
  bool ahead_ = false;                 // the look at the L2 TLB that came last was a prefetch's
  std::optional<std::uint8_t> fence_;  // op of the fence that is not answered yet
  std::array<std::uint64_t, kCounters> expected_{}, actual_{};
};

}  // namespace vm
