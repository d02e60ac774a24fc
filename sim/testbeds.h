// SPDX-License-Identifier: Apache-2.0
//
// What scenarios run on: the verilated hardware or its netlist under its checkers, the reference platform alone, or a
// board.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "testbench.h"
#include "trace/ast.h"
#include "trace/testbed.h"

namespace vm::sim {

struct TestbedOptions {
  bool model = false;   // the reference platform
  std::string target;   // target.h; empty: the hardware as it is written
  bool posted = false;  // on a board: nobody asks for the cycles and the bus traffic of single accesses
  std::uint64_t seed = 1;
  trace::Latency latency;
  trace::Stall stall;
  std::vector<trace::AddressRange> bus_errors;
  std::filesystem::path waves;             // FST; empty: none
  std::optional<CycleWindow> wave_window;  // nullopt: all of the run
  std::filesystem::path hardware;          // the machine's shared object; empty: that of the build
  Coverage* coverage = nullptr;            // watches the run; not on the reference platform
  std::string replay;                      // the command that repeats this run, for reports
  bool checks = true;                      // off: no events and no checkers, to measure what they cost
};

// The hardware alone, and all around it; options.waves are not recorded.
Testbench make_testbench(const Machine& machine, const TestbedOptions& options);
std::unique_ptr<trace::Testbed> make_testbed(const Machine& machine, const TestbedOptions& options);

}  // namespace vm::sim
