// SPDX-License-Identifier: Apache-2.0
//
// Random traffic on a machine of this build, for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "machine/machine.h"
#include "testbench.h"
#include "traffic/port_traffic.h"

namespace vm::test {

// The seed of this run: the environment's VM_SEED, or a fresh one. Printed once.
std::uint64_t run_seed();

// build/machines/<name>.so, or another file of that folder.
std::unique_ptr<Model> load_model(const Machine& machine, std::uint64_t seed, const std::string& file = {});

class TrafficBench {
 public:
  TrafficBench(const Machine& machine, const TestbenchOptions& options, const TrafficMix& mix = {},
               const std::string& model_file = {})
      : bench_(machine, load_model(machine, options.seed, model_file), options), traffic_(bench_, mix) {}

  Testbench& bench() { return bench_; }
  PortTraffic& traffic() { return traffic_; }
  void run(std::uint64_t cycles) { traffic_.run(cycles); }

 private:
  Testbench bench_;
  PortTraffic traffic_;
};

}  // namespace vm::test
