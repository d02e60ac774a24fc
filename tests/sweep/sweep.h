// SPDX-License-Identifier: Apache-2.0
//
// Runs the questions of a Space and compares the answers with the rules.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "platform/platform.h"
#include "space.h"

namespace vm::sweep {

struct Findings {
  std::uint64_t questions = 0;
  std::uint64_t differences = 0;
  std::vector<std::string> examples;  // a few
  std::array<std::uint64_t, 16> by_cause{};
  // Residency independence: how often an access was answered cold, from a walk that began at a walk-cache entry, from
  // the L2 TLB and from an L1 TLB. Zero on the model, which has none.
  std::uint64_t cold = 0, from_walk_cache = 0, from_l2 = 0, from_l1 = 0;

  void differ(const std::string& example);
};

using Progress = std::function<void(std::uint64_t done)>;

// All questions, answered by the reference walker.
void sweep_model(const Machine& machine, const Progress& progress, Findings& findings);

// `accesses` random ones on a platform: groups of paths with one mode, written through the host port; one fence
// (R25); then accesses of all kinds to all of them in random order, and the tables read back. One group in four asks
// each path cold, after its neighbour, after the other port, and again: the answer must not depend on where the
// translation lies (M8, R20).
void sweep_platform(Platform& platform, std::uint64_t seed, std::uint64_t accesses, const Progress& progress,
                    Findings& findings);

// Causes that a sweep of this machine must have seen.
std::vector<Cause> expected_causes(const Machine& machine);

}  // namespace vm::sweep
