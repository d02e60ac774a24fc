// SPDX-License-Identifier: Apache-2.0
//
// What a long campaign must have seen on a machine, so that one that tests nothing fails.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.h"

namespace vm::sim {

// Names of RoundResult::events, after fuzz::kClaimedSteps steps of system traffic.
std::vector<std::string> claimed_events(const Machine& machine);

}  // namespace vm::sim
