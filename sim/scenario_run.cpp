// SPDX-License-Identifier: Apache-2.0
#include "scenario_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>

#include "trace/parser.h"

namespace vm::sim {

namespace {

// Steps for the ports that are accesses.
std::uint64_t port_accesses(const trace::Scenario& scenario) {
  std::uint64_t count = 0;
  for (const trace::PortStep& step : scenario.port_steps) count += std::holds_alternative<Access>(step.request) ? 1 : 0;
  return count;
}

// What the devices show or play at the end of a scenario, a file each: DIR/SCENARIO-DEVICE.ENDING.
void write_devices(Kernel& kernel, const std::string& scenario, const std::filesystem::path& directory) {
  if (directory.empty()) return;
  for (const Device& device : kernel.devices()) {
    const auto memory = kernel.device_memory(device.name);
    if (!memory) continue;
    const std::string name = device.name.substr(device.name.rfind('/') + 1);
    const std::filesystem::path path = directory / fmt::format("{}-{}.{}", scenario, name, output_ending(device.kind));
    std::ofstream out(path, std::ios::binary);
    out << output_of(device, *memory);
    if (!out.flush()) throw InputError(fmt::format("'{}' cannot be written, expected a directory", path.string()));
  }
}

}  // namespace

TestbedOptions testbed_options(const trace::Scenario& scenario, const ScenarioOptions& options) {
  TestbedOptions result;
  result.model = options.model;
  result.seed = options.seed.value_or(scenario.seed.value_or(kDefaultSeed));
  result.latency = scenario.latency.value_or(trace::Latency{});
  result.stall = scenario.stall.value_or(trace::Stall{});
  if (!options.latency.empty()) result.latency = trace::parse_latency(options.latency, "--latency");
  if (!options.stall.empty()) result.stall = trace::parse_stall(options.stall, "--stall");
  result.bus_errors = scenario.bus_errors;
  result.waves = options.waves;
  result.wave_window = options.wave_window;
  result.hardware = options.hardware;
  result.target = options.target;
  result.posted = options.posted;
  result.coverage = options.coverage;
  return result;
}

std::string command_words(const trace::Trace& trace, const trace::Scenario& scenario, const ScenarioOptions& options) {
  const std::uint64_t seed = options.seed.value_or(scenario.seed.value_or(kDefaultSeed));
  std::string words = fmt::format("{} --scenario '{}' --seed {}", trace.files[0], scenario.name, seed);
  if (!options.latency.empty()) words += fmt::format(" --latency '{}'", options.latency);
  if (!options.stall.empty()) words += fmt::format(" --stall '{}'", options.stall);
  if (!options.target.empty()) words += fmt::format(" --target {}", options.target);
  if (!options.hardware.empty()) words += fmt::format(" --hardware {}", options.hardware.string());
  if (!options.forget.empty()) words += fmt::format(" --forget {}", fmt::join(options.forget, ","));
  if (!options.files.empty()) words += fmt::format(" --files '{}'", options.files.string());
  return words;
}

FenceReasons withheld_fences(const ScenarioOptions& options) {
  FenceReasons withheld;
  for (const std::string& name : options.forget) {
    const auto reason = fence_reason(name);
    if (!reason) {
      throw InputError(fmt::format("found --forget {}, expected what fences are owed for: {}", name,
                                   fmt::join(kFenceReasonNames, ", ")));
    }
    withheld.set(index_of(*reason));
  }
  return withheld;
}

ScenarioResult run_scenario(const trace::Trace& trace, const trace::Scenario& scenario, const ScenarioOptions& options,
                            const std::string& replay, Progress& progress) {
  TestbedOptions bed = testbed_options(scenario, options);
  bed.replay = replay;
  ScenarioResult result{scenario.name, scenario.machine.name, scenario.title, bed.seed, {}, {}, {}, {}};
  const std::unique_ptr<trace::Testbed> testbed = make_testbed(scenario.machine, bed);
  const trace::StepProgress show = [&](std::size_t done, std::size_t all) { progress.show(scenario.name, done, all); };
  std::optional<trace::Runner> runner;
  if (!scenario.ports)
    runner.emplace(trace.files, scenario, *testbed,
                   trace::RunnerOptions{bed.seed, show, !bed.waves.empty(), options.os_invariants && options.model,
                                        withheld_fences(options), options.swap_file, options.files});
  try {
    if (runner) {
      result.report = runner->run();
      write_devices(runner->kernel(), scenario.name, options.devices);
    } else {
      result.report.accesses = port_accesses(scenario);
      testbed->play_ports(scenario, show, !bed.waves.empty());
    }
    testbed->finish();
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& error) {
    // The hardware hangs, or did what the operating system model cannot go on from.
    if (runner) result.report = runner->report();
    result.os_failure = error.what();
  }
  result.figures = testbed->figures();
  if (runner) result.os = runner->kernel().counts();
  if (runner && options.os_invariants && result.passed() && result.os_failure.empty()) {
    result.os_failure = runner->kernel().broken_invariant();
  }
  if (!result.os_failure.empty()) {
    result.report.failures.push_back({scenario.place, fmt::format("{}: {}", scenario.name, result.os_failure)});
  }
  progress.clear();
  return result;
}

void print_texts(const ScenarioResult& r) {
  for (const std::string& text : r.report.texts) fmt::print("{}", text);
}

void print_line(const ScenarioResult& r) {
  fmt::print("{} {:<24} {:<8} {:>6} accesses {:>8} cycles  {}\n", r.passed() ? "ok  " : "FAIL", r.name, r.machine,
             r.report.accesses, r.figures.cycles, r.title);
  std::fflush(stdout);
}

void print_failures(const ScenarioResult& r) {
  for (const trace::Failure& failure : r.report.failures) fmt::print(stderr, "{}\n", failure.text);
  for (const std::string& text : r.figures.reports) fmt::print(stderr, "{}\n", text);
}

nlohmann::json to_json(const ScenarioResult& r) {
  nlohmann::json failures = nlohmann::json::array();
  for (const trace::Failure& failure : r.report.failures) failures.push_back(failure.text);
  for (const std::string& text : r.figures.reports) failures.push_back(text);
  nlohmann::json result = {{"name", r.name},
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
                           {"texts", r.report.texts}};
  if (r.figures.first)
    result["first_mismatch"] = {{"cycle", r.figures.first->cycle}, {"check", r.figures.first->check}};
  return result;
}

}  // namespace vm::sim
