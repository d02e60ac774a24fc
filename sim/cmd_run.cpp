// SPDX-License-Identifier: Apache-2.0
//
// pagewalk run: every scenario of the given files, one line each, then a summary.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "board_testbed.h"
#include "commands.h"
#include "progress.h"
#include "scenario_run.h"
#include "target.h"
#include "trace/alter.h"

namespace vm::sim {

namespace {

struct RunOptions {
  std::vector<std::string> files;
  std::string machine = "flat32";
  ScenarioOptions scenario_options;
  std::string scenario, only_machine;
  bool json = false;
  bool count_expectations = false;
  std::optional<std::size_t> alter_expectation;
};

struct Totals {
  std::uint64_t scenarios = 0, passed = 0, accesses = 0, expectations = 0, skipped = 0, failed_expectations = 0;
  std::uint64_t translations = 0, cycles = 0, mismatches = 0, backdoor_accesses = 0;
  double legal_sets = 0;  // sum over translations

  void add(const ScenarioResult& r) {
    ++scenarios;
    passed += r.passed();
    accesses += r.report.accesses;
    expectations += r.report.expectations;
    skipped += r.report.skipped;
    failed_expectations += r.report.failures.size();
    translations += r.figures.translations;
    cycles += r.figures.cycles;
    mismatches += r.figures.mismatches;
    backdoor_accesses += r.figures.backdoor_accesses;
    legal_sets += r.figures.mean_legal_set * static_cast<double>(r.figures.translations);
  }
  double mean_legal_set() const { return translations == 0 ? 1.0 : legal_sets / static_cast<double>(translations); }
  int status() const { return passed == scenarios && backdoor_accesses == 0 ? kClean : kFailed; }
};

// What to type to see this scenario again, with waves.
std::string replay_command(const trace::Trace& trace, const trace::Scenario& scenario, const RunOptions& options) {
  const std::string words = command_words(trace, scenario, options.scenario_options);
  // A board has no waves.
  if (is_board(options.scenario_options.target)) return fmt::format("pagewalk run {}", words);
  if (!options.alter_expectation) return fmt::format("pagewalk replay {} --waves", words);
  return fmt::format("pagewalk run {} --alter-expectation {} --waves replay.fst", words, *options.alter_expectation);
}

void print_summary(const Totals& t, bool on_board) {
  fmt::print(
      "{} scenarios, {} passed: {} accesses, {} translations checked, {} cycles, {} mismatches, {} expectations, {} "
      "failed, {} backdoor accesses, mean legal set {:.2f}\n",
      t.scenarios, t.passed, t.accesses, t.translations, t.cycles, t.mismatches, t.expectations, t.failed_expectations,
      t.backdoor_accesses, t.mean_legal_set());
  if (t.skipped != 0)
    fmt::print(
        "{} expectations were not compared: the reference platform has no clock, no L2 TLB and no walk caches{}\n",
        t.skipped, on_board ? ", a board its own clock" : "");
}

void print_json(const Totals& t, const std::vector<ScenarioResult>& results, std::uint64_t seed) {
  nlohmann::json runs = nlohmann::json::array();
  for (const ScenarioResult& r : results) runs.push_back(to_json(r));
  const nlohmann::json all = {{"scenarios", t.scenarios},
                              {"passed", t.passed},
                              {"accesses", t.accesses},
                              {"translations", t.translations},
                              {"cycles", t.cycles},
                              {"mismatches", t.mismatches},
                              {"expectations", t.expectations},
                              {"failed_expectations", t.failed_expectations},
                              {"backdoor_accesses", t.backdoor_accesses},
                              {"mean_legal_set", t.mean_legal_set()},
                              {"seed", seed},
                              {"runs", runs}};
  fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void check_board_options(const ScenarioOptions& options) {
  parse_target(options.target);
  const std::string_view what = !options.waves.empty()     ? "--waves"
                                : !options.latency.empty() ? "--latency"
                                : !options.stall.empty()   ? "--stall"
                                : !options.forget.empty()  ? "--forget"
                                                           : "";
  if (!what.empty())
    throw InputError(fmt::format("found {} with --target {}, expected one of the two", what, options.target));
}

int run(const RunOptions& options) {
  withheld_fences(options.scenario_options);  // bad ones cost nothing
  const std::string& target = options.scenario_options.target;
  const bool on_board = is_board(target);
  if (on_board) check_board_options(options.scenario_options);
  trace::ParseOptions parse = parse_options();
  parse.default_machine = options.machine;
  // All files are read before any is run: bad input costs nothing.
  std::vector<trace::Trace> traces;
  for (const std::string& file : options.files) {
    traces.push_back(trace::parse_file(file, parse));
    if (options.scenario_options.model) trace::refuse_ports(traces.back(), "with --model");
    if (on_board) refuse_for_board(traces.back());
  }
  if (options.count_expectations) {
    std::size_t count = 0;
    for (trace::Trace& trace : traces) count += trace::count_expectations(trace);
    fmt::print("{}\n", count);
    return kClean;
  }
  std::optional<trace::Alteration> altered;
  if (options.alter_expectation) {
    if (traces.size() != 1) throw InputError("found several files, expected one with --alter-expectation");
    altered = trace::alter_expectation(traces[0], *options.alter_expectation);
    fmt::print(stderr, "altered {}\n", altered->what);
  }

  std::size_t chosen = 0;
  for (trace::Trace& trace : traces) {
    if (!options.scenario.empty() && !altered) {
      std::erase_if(trace.scenarios, [&](const trace::Scenario& s) { return s.name != options.scenario; });
    }
    if (!options.only_machine.empty()) {
      std::erase_if(trace.scenarios, [&](const trace::Scenario& s) { return s.machine.name != options.only_machine; });
    }
    if (is_gates(target)) {
      for (const trace::Scenario& s : trace.scenarios) gates_hardware(s.machine, target);
    }
    chosen += trace.scenarios.size();
  }
  if (chosen == 0)
    throw InputError(fmt::format("found no scenario '{}', expected a name that `run` prints", options.scenario));
  if (!options.scenario_options.waves.empty() && chosen != 1) {
    throw InputError(fmt::format("found {} scenarios, expected one with --waves (choose with --scenario)", chosen));
  }

  const std::uint64_t seed = options.scenario_options.seed.value_or(kDefaultSeed);
  if (!options.json) fmt::print("seed {}\n", seed);
  Totals totals;
  Progress progress;
  std::vector<ScenarioResult> results;
  for (const trace::Trace& trace : traces) {
    for (std::size_t i = 0; i < trace.scenarios.size(); ++i) {
      if (altered && altered->scenario != i) continue;
      const trace::Scenario& scenario = trace.scenarios[i];
      ScenarioResult result =
          run_scenario(trace, scenario, options.scenario_options, replay_command(trace, scenario, options), progress);
      totals.add(result);
      if (!options.json) {
        print_texts(result);
        print_line(result);
      }
      print_failures(result);
      results.push_back(std::move(result));
    }
  }
  if (options.json) {
    print_json(totals, results, seed);
  } else {
    print_summary(totals, on_board);
  }
  return totals.status();
}

}  // namespace

void add_run(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("run", "Run traces (docs/trace_language.md)");
  auto options = std::make_shared<RunOptions>();
  command->add_option("files", options->files, "Trace files")->required();
  command->add_option("--machine", options->machine, "Machine of traces without a `machine` line")
      ->capture_default_str();
  command->add_option("--seed", options->scenario_options.seed,
                      "Seed of every random choice (default: the trace's, or 1)");
  command->add_option("--latency", options->scenario_options.latency,
                      "Memory latency: N, 'random A..B' or 'replay N,N,…'");
  command->add_option("--stall", options->scenario_options.stall, "Stall policy: none, half, bursty or 'until N'");
  command->add_option("--scenario", options->scenario, "Only the scenario of this name");
  command->add_option("--only-machine", options->only_machine, "Only the scenarios of this machine");
  command->add_option("--waves", options->scenario_options.waves, "Write waves of the run to this FST file");
  command
      ->add_option("--forget", options->scenario_options.forget,
                   "Withhold the fences owed for this: map, unmap, protect, fork, …")
      ->delimiter(',');
  command->add_option("--swap-file", options->scenario_options.swap_file,
                      "Swap to this file, which is overwritten (default: temporary)");
  command->add_option("--files", options->scenario_options.files,
                      "Directory with the files that processes open, which they really change");
  command->add_option("--devices", options->scenario_options.devices,
                      "Write what devices show or play at the end to this directory");
  command->add_option("--hardware", options->scenario_options.hardware,
                      "The machine's shared object, instead of that of this build");
  auto* model = command
                    ->add_flag("--model", options->scenario_options.model,
                               "Run on the reference platform instead of the hardware")
                    ->excludes("--hardware");
  command
      ->add_option("--target", options->scenario_options.target,
                   "Run on a board, serial:PATH[@BAUD] (docs/board.md), or on the netlist, gates:ecp5 or gates:ice40")
      ->excludes(model, command->get_option("--hardware"));
  command->add_flag("--json", options->json, "One JSON object instead of text");
  // For scripts/expectation-check.
  command->add_flag("--count-expectations", options->count_expectations)->group("");
  command->add_option("--alter-expectation", options->alter_expectation)->group("");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace vm::sim
