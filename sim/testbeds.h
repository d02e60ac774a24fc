// SPDX-License-Identifier: Apache-2.0
//
// What scenarios run on: the verilated hardware under its checkers, or the reference platform alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "trace/ast.h"
#include "trace/testbed.h"

namespace vm::sim {

struct TestbedOptions {
  bool model = false;  // the reference platform
  std::uint64_t seed = 1;
  trace::Latency latency;
  trace::Stall stall;
  std::vector<trace::AddressRange> bus_errors;
  std::filesystem::path waves;     // FST; empty: none
  std::filesystem::path hardware;  // the machine's shared object; empty: that of the build
  std::string replay;              // the command that repeats this run, for reports
  bool checks = true;              // off: no events and no checkers, to measure what they cost
};

std::unique_ptr<trace::Testbed> make_testbed(const Machine& machine, const TestbedOptions& options);

}  // namespace vm::sim
