// SPDX-License-Identifier: Apache-2.0
//
// How many cycles a load takes, by where its translation is found: measured on the verilated hardware with idle ports,
// memory of one cycle, and whatever the load and its walk touch in the data cache beforehand (docs/timing.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"

namespace vm::sim {

struct AccessCycles {
  std::string found;     // "l1", "l2", "walk-cache", "walk"
  unsigned answer = 0;   // from acceptance to the answer
  unsigned later = 0;    // the translation is known so many cycles later than that of an L1 TLB hit
  unsigned entries = 0;  // page-table entries read
  unsigned walk = 0;     // from WalkStart to WalkEnd (T7 to T9); 0 without a walk
};

// One for each place the machine has. Throws std::runtime_error if a check finds anything wrong meanwhile, or a
// translation is not found where it has to be.
std::vector<AccessCycles> access_cycles(const Machine& machine);

// Cycles that each further level of a walk takes; nothing on machines that cannot show it (no walk cache).
std::optional<double> cycles_per_level(const std::vector<AccessCycles>& cycles);

}  // namespace vm::sim
