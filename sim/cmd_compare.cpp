// SPDX-License-Identifier: Apache-2.0
//
// pagewalk compare: one trace under several policies of replacement, over the size of memory: faults, pages written
// back, walks and cycles, as a table, CSV and a picture.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "compare.h"
#include "machine/error.h"
#include "scenario_run.h"
#include "trace/lackey.h"

namespace vm::sim {

namespace {

struct CompareCommand {
  std::string file, scenario, machine = "sv39";
  std::vector<std::string> policies;
  std::vector<std::size_t> frames;
  std::optional<std::uint64_t> seed;
  bool model = false;
  std::filesystem::path csv, svg;
};

void write_file(const std::filesystem::path& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw InputError(fmt::format("'{}' cannot be written, expected a file", path.string()));
}

std::vector<ReplacementKind> kinds(const std::vector<std::string>& names) {
  std::vector<ReplacementKind> result;
  if (names.empty()) {
    for (std::size_t i = 0; i < kReplacementNames.size(); ++i) result.push_back(static_cast<ReplacementKind>(i));
  }
  for (const std::string& name : names) {
    const auto found = std::find(kReplacementNames.begin(), kReplacementNames.end(), name);
    if (found == kReplacementNames.end()) {
      throw InputError(fmt::format("found --policy {}, expected one of {}", name, fmt::join(kReplacementNames, ", ")));
    }
    result.push_back(static_cast<ReplacementKind>(found - kReplacementNames.begin()));
  }
  return result;
}

const trace::Scenario& chosen(const trace::Trace& trace, const std::string& name) {
  for (const trace::Scenario& scenario : trace.scenarios) {
    if (name.empty() || scenario.name == name) return scenario;
  }
  throw InputError(fmt::format("found no scenario '{}', expected a name that `run` prints", name));
}

int compare(const CompareCommand& command) {
  CompareOptions options;
  options.policies = kinds(command.policies);
  options.frames = command.frames;
  options.model = command.model;
  std::sort(options.frames.begin(), options.frames.end());
  const bool is_lackey = trace::is_lackey_file(command.file);
  const trace::Trace trace =
      is_lackey ? trace::parse_text(trace::lackey_trace(command.file, command.machine), command.file, parse_options())
                : trace::parse_file(command.file, parse_options());
  const trace::Scenario& scenario = chosen(trace, command.scenario);
  if (scenario.ports) throw InputError("found a scenario for the ports, expected one for the operating system");
  options.seed = command.seed.value_or(scenario.seed.value_or(kDefaultSeed));
  fmt::print("seed {}, {} on {}\n", options.seed, scenario.name, scenario.machine.name);
  const std::vector<ComparePoint> points = compare_policies(trace, scenario, options);
  fmt::print("{:<14} {:>7} {:>9} {:>9} {:>12} {:>9} {:>12} {:>13}\n", "policy", "frames", "accesses", "faults",
             "write-backs", "entries", "walk cycles", "cycles/access");
  for (const ComparePoint& p : points) {
    if (p.complete) {
      // The reference platform has no clock.
      const std::string walks = command.model ? "-" : fmt::format("{}", p.walk_cycles);
      const std::string cycles = command.model ? "-" : fmt::format("{:.2f}", p.cycles_per_access());
      fmt::print("{:<14} {:>7} {:>9} {:>9} {:>12} {:>9} {:>12} {:>13}\n", to_string(p.policy), p.frames, p.accesses,
                 p.faults, p.write_backs, p.entries, walks, cycles);
    } else {
      fmt::print("{:<14} {:>7} too little memory{}\n", to_string(p.policy), p.frames,
                 p.has_swap ? "" : ", and no swap file for pages that were stored to (a line `swap N` of the trace)");
    }
  }
  write_file(command.csv, compare_csv(points));
  write_file(command.svg, compare_svg(points, scenario.title.empty() ? scenario.name : scenario.title));
  return kClean;
}

}  // namespace

void add_compare(CLI::App& app, int& exit_status) {
  CLI::App* command =
      app.add_subcommand("compare", "A trace under several policies of replacement (docs/os_memory.md)");
  auto options = std::make_shared<CompareCommand>();
  command->add_option("file", options->file, "A trace, or the output of valgrind --tool=lackey --trace-mem=yes")
      ->required();
  command->add_option("--policy", options->policies, "A policy; several times for several (default: all)");
  command->add_option("--frames", options->frames, "Sizes of memory, in frames, tables included")->delimiter(',');
  command->add_option("--scenario", options->scenario, "The scenario of this name (default: the first)");
  command->add_option("--machine", options->machine, "Machine of a lackey trace")->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of every random choice (default: the trace's, or 1)");
  command->add_option("--csv", options->csv, "Write the figures to this file");
  command->add_option("--svg", options->svg, "Plot them into this file");
  command->add_flag("--model", options->model, "Run on the reference platform instead of the hardware: no cycles");
  command->callback([options, &exit_status] { exit_status = compare(*options); });
}

}  // namespace vm::sim
