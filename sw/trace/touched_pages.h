// SPDX-License-Identifier: Apache-2.0
//
// A run of a scenario on the reference platform only to see which pages it touches, in which order: the future of
// another run, for Belady's optimum (os/future.h).
#pragma once

#include <vector>

#include "trace/runner.h"

namespace vm::trace {

// Whatever policy of replacement the scenario names, it is another one here. No file of the host changes.
std::vector<PageTouch> touched_pages(const Files& files, const Scenario& scenario, RunnerOptions options);

}  // namespace vm::trace
