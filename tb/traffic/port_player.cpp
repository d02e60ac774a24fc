// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_player.h"

#include "traffic/port_feeder.h"

namespace vm {
namespace {

constexpr std::size_t kProgressInterval = 256;  // steps

void place_memory(Testbench& bench, const trace::Scenario& scenario) {
  for (const trace::SetupItem& item : scenario.setup) {
    if (const auto* memory = std::get_if<trace::MemoryBytes>(&item.action)) {
      bench.preload(memory->at, memory->bytes);
    } else if (const auto* random = std::get_if<trace::RandomMemory>(&item.action)) {
      bench.preload(random->at, trace::random_memory(bench.options().seed, random->at, random->bytes));
    }
  }
}

}  // namespace

// The trace language and the drivers name the same things in the same order.
Latency bench_latency(const trace::Latency& latency) {
  Latency result;
  result.kind = static_cast<Latency::Kind>(latency.kind);
  result.low = latency.min;
  result.high = latency.max;
  result.replay.assign(latency.replay.begin(), latency.replay.end());
  return result;
}

StallPolicy bench_stall(const trace::Stall& stall) {
  return {.kind = static_cast<StallPolicy::Kind>(stall.kind), .until = stall.until};
}

void play_ports(Testbench& bench, const trace::Scenario& scenario, const PortPlayOptions& options) {
  place_memory(bench, scenario);
  PortFeeder feeder(bench);
  std::uint64_t due = bench.cycles();
  const std::size_t all = scenario.port_steps.size();
  for (std::size_t i = 0; i < all; ++i) {
    const trace::PortStep& step = scenario.port_steps[i];
    due += step.after;
    while (bench.cycles() < due || !feeder.ready(step.request)) bench.step();
    due = bench.cycles();
    if (options.annotate) bench.set_text("ports", trace::to_text(scenario.machine, step.request));
    feeder.offer(step.request);
    if (options.progress && i % kProgressInterval == 0) options.progress(i, all);
  }
}

}  // namespace vm
