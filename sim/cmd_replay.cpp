// SPDX-License-Identifier: Apache-2.0
//
// pagewalk replay: traces of failures once more. Says in which cycle the first mismatch is, and records the waves
// around it in a second run.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "scenario_run.h"
#include "target.h"

namespace vm::sim {

namespace {

// Cycles recorded before the first mismatch and after it.
constexpr std::uint64_t kBefore = 200, kAfter = 50;

struct ReplayOptions {
  std::vector<std::string> files;
  std::string scenario;
  std::string machine = "flat32";
  ScenarioOptions scenario_options;
  std::optional<std::string> waves;  // empty: NAME.fst
  bool json = false;
};

struct RecordedWaves {
  std::string file;
  CycleWindow window;
};

// Around the first mismatch; of the whole run if nothing but an expectation failed, as that has no cycle.
RecordedWaves record(const trace::Trace& trace, const trace::Scenario& scenario, const ReplayOptions& options,
                     const ScenarioResult& failed, Progress& progress) {
  RecordedWaves waves{options.waves->empty() ? failed.name + ".fst" : *options.waves, {}};
  if (const auto& first = failed.figures.first) {
    waves.window = {first->cycle - std::min(first->cycle, kBefore), first->cycle + kAfter};
  }
  ScenarioOptions again = options.scenario_options;
  again.waves = waves.file;
  again.wave_window = waves.window;
  const ScenarioResult result = run_scenario(trace, scenario, again, "", progress);
  waves.window.last = std::min(waves.window.last, result.figures.cycles);
  if (result.figures.first != failed.figures.first) {
    throw std::runtime_error(fmt::format("{}: the second run did not repeat the first", failed.name));
  }
  return waves;
}

void print(const ScenarioResult& result, const std::optional<RecordedWaves>& waves) {
  print_line(result);
  print_failures(result);
  if (const auto& first = result.figures.first) {
    fmt::print("first mismatch in cycle {}: {}\n", first->cycle, first->check);
  }
  if (waves) fmt::print("waves of cycles {} to {}: {}\n", waves->window.first, waves->window.last, waves->file);
}

int replay(const ReplayOptions& options) {
  if (is_board(options.scenario_options.target)) {
    throw InputError(fmt::format("found target '{}', expected gates:ecp5 or gates:ice40: a board has no waves",
                                 options.scenario_options.target));
  }
  trace::ParseOptions parse = parse_options();
  parse.default_machine = options.machine;
  std::vector<trace::Trace> traces;
  for (const std::string& file : options.files) traces.push_back(trace::parse_file(file, parse));

  Progress progress;
  nlohmann::json runs = nlohmann::json::array();
  std::size_t count = 0, failed = 0;
  bool recorded = false;
  for (const trace::Trace& trace : traces) {
    for (const trace::Scenario& scenario : trace.scenarios) {
      if (!options.scenario.empty() && scenario.name != options.scenario) continue;
      const std::string words = command_words(trace, scenario, options.scenario_options);
      const ScenarioResult result = run_scenario(trace, scenario, options.scenario_options,
                                                 fmt::format("pagewalk replay {} --waves", words), progress);
      ++count;
      failed += result.passed() ? 0 : 1;
      std::optional<RecordedWaves> waves;
      // Of the first failure: one file holds one run.
      if (!result.passed() && options.waves && !recorded) {
        waves = record(trace, scenario, options, result, progress);
        recorded = true;
      }
      if (!options.json) {
        print(result, waves);
        continue;
      }
      runs.push_back(to_json(result));
      if (waves) {
        runs.back()["waves"] = {
            {"file", waves->file}, {"first_cycle", waves->window.first}, {"last_cycle", waves->window.last}};
      }
    }
  }
  if (count == 0) {
    throw InputError(fmt::format("found no scenario '{}', expected a name that `run` prints", options.scenario));
  }
  if (options.json) {
    const nlohmann::json all = {{"scenarios", count}, {"passed", count - failed}, {"runs", runs}};
    fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (failed == 0 && options.waves) {
    fmt::print("nothing failed: no waves\n");
  }
  return failed == 0 ? kClean : kFailed;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("replay", "Run the trace of a failure again; waves around the first mismatch");
  auto options = std::make_shared<ReplayOptions>();
  ScenarioOptions& scenario = options->scenario_options;
  command->add_option("files", options->files, "Trace files")->required();
  command->add_option("--machine", options->machine, "Machine of traces without a `machine` line")
      ->capture_default_str();
  command->add_option("--scenario", options->scenario, "Only the scenario of this name");
  command->add_option("--seed", scenario.seed, "Seed of every random choice (default: the trace's, or 1)");
  command->add_option("--latency", scenario.latency, "Memory latency: N, 'random A..B' or 'replay N,N,…'");
  command->add_option("--stall", scenario.stall, "Stall policy: none, half, bursty or 'until N'");
  command->add_option("--forget", scenario.forget, "Withhold the fences owed for this: map, unmap, protect, fork, …")
      ->delimiter(',');
  command->add_option("--swap-file", scenario.swap_file,
                      "Swap to this file, which is overwritten (default: temporary)");
  command->add_option("--files", scenario.files,
                      "Directory with the files that processes open, which they really change");
  command->add_option("--hardware", scenario.hardware, "The machine's shared object, instead of that of this build");
  command->add_flag("--model", scenario.model, "Run on the reference platform instead of the hardware");
  command->add_option("--target", scenario.target, "Run on the netlist: gates:ecp5 or gates:ice40");
  command
      ->add_option("--waves", options->waves,
                   "Write waves around the first mismatch of the first failure to this FST file (default: NAME.fst)")
      ->expected(0, 1);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  scenario.os_invariants = true;
  command->callback([options, &exit_status] { exit_status = replay(*options); });
}

}  // namespace vm::sim
