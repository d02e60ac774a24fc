// SPDX-License-Identifier: Apache-2.0
// NOTE to the team: the lead is writing time_check.{h,cpp} right now (14:05); do not write it. Keep this class name and
// constructor.
#pragma once

#include "checks/check.h"
#include "machine/machine.h"

namespace vm {

class TimeCheck final : public Check {
 public:
  TimeCheck(const Machine&, Tracker&, Reporter&) {}
  void on_cycle(const Cycle&) override {}
};

}  // namespace vm
