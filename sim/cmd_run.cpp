// SPDX-License-Identifier: Apache-2.0
//
// pagewalk run: every scenario of the given files, one line each, then a summary.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "progress.h"
#include "testbeds.h"
#include "trace/alter.h"
#include "trace/runner.h"

namespace vm::sim {

namespace {

struct RunOptions {
  std::vector<std::string> files;
  std::string machine = "flat32";
  std::optional<std::uint64_t> seed;
  std::string latency, stall, waves, scenario, user_files, devices;
  bool model = false;
  bool json = false;
  bool count_expectations = false;
  std::optional<std::size_t> alter_expectation;
};

struct ScenarioResult {
  std::string name, machine, title;
  std::uint64_t seed = 0;
  trace::RunReport report;
  trace::Figures figures;
  bool passed() const { return report.failures.empty() && figures.mismatches == 0; }
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

constexpr std::uint64_t kDefaultSeed = 1;

// What to type to see this scenario again, with waves.
std::string replay_command(const trace::Trace& trace, const trace::Scenario& scenario, const RunOptions& options,
                           std::uint64_t seed) {
  std::string command = fmt::format("pagewalk run {} --scenario '{}' --seed {}", trace.files[0], scenario.name, seed);
  if (!options.latency.empty()) command += fmt::format(" --latency '{}'", options.latency);
  if (!options.stall.empty()) command += fmt::format(" --stall '{}'", options.stall);
  if (!options.user_files.empty()) command += fmt::format(" --files '{}'", options.user_files);
  if (options.alter_expectation) command += fmt::format(" --alter-expectation {}", *options.alter_expectation);
  return command + " --waves replay.fst";
}

// What the devices show or play at the end of a scenario, a file each: DIR/SCENARIO-DEVICE.ENDING.
void write_devices(Kernel& kernel, const std::string& scenario, const std::string& directory) {
  if (directory.empty()) return;
  for (const Device& device : kernel.devices()) {
    const auto memory = kernel.device_memory(device.name);
    if (!memory) continue;
    std::string name = device.name.substr(device.name.rfind('/') + 1);
    const std::filesystem::path path =
        std::filesystem::path(directory) / fmt::format("{}-{}.{}", scenario, name, output_ending(device.kind));
    std::ofstream out(path, std::ios::binary);
    out << output_of(device, *memory);
    if (!out.flush()) throw InputError(fmt::format("'{}' cannot be written, expected a directory", path.string()));
  }
}

ScenarioResult run_scenario(const trace::Trace& trace, const trace::Scenario& scenario, const RunOptions& options,
                            Progress& progress) {
  ScenarioResult result{scenario.name, scenario.machine.name, scenario.title, kDefaultSeed, {}, {}};
  result.seed = options.seed.value_or(scenario.seed.value_or(kDefaultSeed));
  TestbedOptions testbed_options;
  testbed_options.model = options.model;
  testbed_options.seed = result.seed;
  testbed_options.latency = scenario.latency.value_or(trace::Latency{});
  testbed_options.stall = scenario.stall.value_or(trace::Stall{});
  if (!options.latency.empty()) testbed_options.latency = trace::parse_latency(options.latency, "--latency");
  if (!options.stall.empty()) testbed_options.stall = trace::parse_stall(options.stall, "--stall");
  testbed_options.bus_errors = scenario.bus_errors;
  testbed_options.waves = options.waves;
  testbed_options.replay = replay_command(trace, scenario, options, result.seed);

  const std::unique_ptr<trace::Testbed> testbed = make_testbed(scenario.machine, testbed_options);
  trace::RunnerOptions runner_options;
  runner_options.seed = result.seed;
  runner_options.progress = [&](std::size_t done, std::size_t all) { progress.show(scenario.name, done, all); };
  runner_options.annotate = !options.waves.empty();
  runner_options.files = options.user_files;
  trace::Runner runner(trace.files, scenario, *testbed, runner_options);
  try {
    result.report = runner.run();
    write_devices(runner.kernel(), scenario.name, options.devices);
    testbed->finish();
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& error) {
    // The hardware hangs, or did what the operating system model cannot go on from.
    result.report.failures.push_back({scenario.place, fmt::format("{}: {}", scenario.name, error.what())});
  }
  result.figures = testbed->figures();
  progress.clear();
  return result;
}

void print_line(const ScenarioResult& r) {
  fmt::print("{} {:<24} {:<8} {:>6} accesses {:>8} cycles  {}\n", r.passed() ? "ok  " : "FAIL", r.name, r.machine,
             r.report.accesses, r.figures.cycles, r.title);
  std::fflush(stdout);
}

void print_texts(const ScenarioResult& r) {
  for (const std::string& text : r.report.texts) fmt::print("{}", text);
}

void print_failures(const ScenarioResult& r) {
  for (const trace::Failure& failure : r.report.failures) fmt::print(stderr, "{}\n", failure.text);
  for (const std::string& text : r.figures.reports) fmt::print(stderr, "{}\n", text);
}

void print_summary(const Totals& t) {
  fmt::print(
      "{} scenarios, {} passed: {} accesses, {} translations checked, {} cycles, {} mismatches, {} expectations, {} "
      "failed, {} backdoor accesses, mean legal set {:.2f}\n",
      t.scenarios, t.passed, t.accesses, t.translations, t.cycles, t.mismatches, t.expectations, t.failed_expectations,
      t.backdoor_accesses, t.mean_legal_set());
  if (t.skipped != 0)
    fmt::print("{} expectations were not compared: the reference platform has no clock, no L2 TLB and no walk caches\n",
               t.skipped);
}

void print_json(const Totals& t, const std::vector<ScenarioResult>& results, std::uint64_t seed) {
  nlohmann::json runs = nlohmann::json::array();
  for (const ScenarioResult& r : results) {
    nlohmann::json failures = nlohmann::json::array();
    for (const trace::Failure& failure : r.report.failures) failures.push_back(failure.text);
    for (const std::string& text : r.figures.reports) failures.push_back(text);
    runs.push_back({{"name", r.name},
                    {"machine", r.machine},
                    {"title", r.title},
                    {"passed", r.passed()},
                    {"seed", r.seed},
                    {"accesses", r.report.accesses},
                    {"translations", r.figures.translations},
                    {"cycles", r.figures.cycles},
                    {"mismatches", r.figures.mismatches},
                    {"expectations", r.report.expectations},
                    {"failed_expectations", r.report.failures.size()},
                    {"failures", failures},
                    {"texts", r.report.texts}});
  }
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

int run(const RunOptions& options) {
  trace::ParseOptions parse = parse_options();
  parse.default_machine = options.machine;
  // All files are read before any is run: bad input costs nothing.
  std::vector<trace::Trace> traces;
  for (const std::string& file : options.files) traces.push_back(trace::parse_file(file, parse));
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
    chosen += trace.scenarios.size();
  }
  if (chosen == 0)
    throw InputError(fmt::format("found no scenario '{}', expected a name that `run` prints", options.scenario));
  if (!options.waves.empty() && chosen != 1) {
    throw InputError(fmt::format("found {} scenarios, expected one with --waves (choose with --scenario)", chosen));
  }

  const std::uint64_t seed = options.seed.value_or(kDefaultSeed);
  if (!options.json) fmt::print("seed {}\n", seed);
  Totals totals;
  Progress progress;
  std::vector<ScenarioResult> results;
  for (const trace::Trace& trace : traces) {
    for (std::size_t i = 0; i < trace.scenarios.size(); ++i) {
      if (altered && altered->scenario != i) continue;
      ScenarioResult result = run_scenario(trace, trace.scenarios[i], options, progress);
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
    print_summary(totals);
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
  command->add_option("--seed", options->seed, "Seed of every random choice (default: the trace's, or 1)");
  command->add_option("--latency", options->latency, "Memory latency: N, 'random A..B' or 'replay N,N,…'");
  command->add_option("--stall", options->stall, "Stall policy: none, half, bursty or 'until N'");
  command->add_option("--scenario", options->scenario, "Only the scenario of this name");
  command->add_option("--waves", options->waves, "Write waves of the run to this FST file");
  command->add_option("--files", options->user_files,
                      "Directory with the files that processes open, which they really change");
  command->add_option("--devices", options->devices, "Write what devices show or play at the end to this directory");
  command->add_flag("--model", options->model, "Run on the reference platform instead of the hardware");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  // For scripts/expectation-check.
  command->add_flag("--count-expectations", options->count_expectations)->group("");
  command->add_option("--alter-expectation", options->alter_expectation)->group("");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace vm::sim
