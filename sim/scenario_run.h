// SPDX-License-Identifier: Apache-2.0
//
// One scenario from a testbed to a verdict: what `pagewalk run` and `pagewalk replay` have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "progress.h"
#include "testbeds.h"
#include "trace/ast.h"
#include "trace/runner.h"

namespace vm::sim {

constexpr std::uint64_t kDefaultSeed = 1;

// What the command line says about every scenario; empty: what the trace says, or the default.
struct ScenarioOptions {
  std::optional<std::uint64_t> seed;
  std::string latency, stall;      // as in the trace language
  std::filesystem::path hardware;  // TestbedOptions::hardware
  std::string target;              // TestbedOptions::target
  bool posted = false;             // TestbedOptions::posted
  std::filesystem::path waves;
  std::vector<std::string> forget;  // what the operating system makes no fences for: names of FenceReason
  std::filesystem::path swap_file;  // overwritten; empty: a temporary file
  std::filesystem::path files;      // the directory with the files of processes, which really change
  std::filesystem::path devices;    // where to write what devices show or play at the end
  std::optional<CycleWindow> wave_window;
  bool model = false;
  // In the end (on the reference platform after every system call) ask the operating system model whether it
  // contradicts itself.
  bool os_invariants = false;
  Coverage* coverage = nullptr;  // TestbedOptions::coverage
};

struct ScenarioResult {
  std::string name, machine, title;
  std::uint64_t seed = 0;
  trace::RunReport report;
  trace::Figures figures;
  KernelCounts os;
  std::string
      os_failure;  // what the operating system model could not go on from, or contradicts; a failure of `report` too
  bool passed() const { return report.failures.empty() && figures.mismatches == 0; }
};

TestbedOptions testbed_options(const trace::Scenario& scenario, const ScenarioOptions& options);

// Throws InputError on bad input only: whatever the hardware does is in the result. `replay`: the command that repeats
// it, for the report.
ScenarioResult run_scenario(const trace::Trace& trace, const trace::Scenario& scenario, const ScenarioOptions& options,
                            const std::string& replay, Progress& progress);
// A file's name, and the options that were given, as words of a command line.
std::string command_words(const trace::Trace& trace, const trace::Scenario& scenario, const ScenarioOptions& options);

// Of `forget`; throws InputError where there is no such reason.
FenceReasons withheld_fences(const ScenarioOptions& options);

void print_texts(const ScenarioResult& result);
void print_line(const ScenarioResult& result);
void print_failures(const ScenarioResult& result);
nlohmann::json to_json(const ScenarioResult& result);

}  // namespace vm::sim
