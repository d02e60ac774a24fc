// SPDX-License-Identifier: Apache-2.0
//
// Plays a `ports` scenario of the trace language on a testbench.
#pragma once

#include "drivers/memory_agent.h"
#include "drivers/stall.h"
#include "testbench.h"
#include "trace/ast.h"
#include "trace/testbed.h"

namespace vm {

// What the trace language calls latency and stall, for a testbench.
Latency bench_latency(const trace::Latency& latency);
StallPolicy bench_stall(const trace::Stall& stall);

struct PortPlayOptions {
  trace::StepProgress progress;
  bool annotate = false;  // show the steps in waves
};

// Places the memory of the scenario in a fresh testbench and offers its requests, each in its cycle; later if its queue
// has no room, or if it has to wait (PortFeeder::ready). Returns when the last one is offered: finish() lets all end.
void play_ports(Testbench& bench, const trace::Scenario& scenario, const PortPlayOptions& options);

}  // namespace vm
