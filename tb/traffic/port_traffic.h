// SPDX-License-Identifier: Apache-2.0
//
// Random but sensible traffic for any machine, without an operating system: page tables with random entries over a
// small pool of pages and frames, accesses on both core ports at once, host stores to data and to entries (also to the
// very entries that are being walked), control writes, fences that come now or later. Everything is judged by the
// testbench's checks, and a trace of the ports repeats it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testbench.h"
#include "trace/port_step.h"
#include "traffic/port_feeder.h"
#include "traffic/port_requests.h"
#include "traffic/port_storm.h"
#include "traffic/traffic_memory.h"

namespace vm {

class PortTraffic {
 public:
  using Mix = TrafficMix;

  // Places memory and begins to translate; all choices come from the testbench's seed. `bench` is fresh and must
  // outlive it.
  PortTraffic(Testbench& bench, const Mix& mix);
  explicit PortTraffic(Testbench& bench) : PortTraffic(bench, Mix::of_seed(bench.options().seed)) {}

  Testbench& bench() { return bench_; }
  const TrafficMemory& memory() const { return memory_; }
  void run(std::uint64_t cycles);            // then until idle, and the checks' last word
  void record(bool on) { recording_ = on; }  // before run; on if nothing is said

  // Core requests offered before this cycle; only while recording.
  std::uint64_t accesses_before(std::uint64_t cycle) const;

  // The text of a trace (docs/trace_language.md) that repeats what was done so far, cycle by cycle.
  std::string trace() const;

 private:
  struct Recorded {
    std::uint64_t cycle = 0;
    trace::PortRequest request;
  };

  bool offer(const trace::PortRequest& request);  // false: not ready, nothing done
  void offer_accesses();
  void offer_host();
  void follow_atomics();
  void offer_side();
  void store_entry(const EntryStore& store);
  void follow_storm();
  void note(const trace::PortRequest& request);
  bool chance(unsigned percent) { return requests_.random().below(100) < percent; }

  Testbench& bench_;
  Mix mix_;
  TrafficMemory memory_;
  PortRequests requests_;
  PortStorm storm_;
  PortFeeder feeder_;
  bool recording_ = true;
  std::vector<Recorded> recorded_;
};

}  // namespace vm
