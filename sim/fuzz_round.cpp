// SPDX-License-Identifier: Apache-2.0
#include "fuzz_round.h"

#include <fmt/format.h>

#include <exception>
#include <memory>

#include "commands.h"
#include "testbeds.h"
#include "trace/parser.h"
#include "trace/runner.h"

namespace vm::sim {

std::string_view to_string(TrafficKind kind) { return kind == TrafficKind::Ports ? "ports" : "system"; }

namespace {

// What the operating system did, under names of its own among the events.
void add_events(const KernelCounts& counts, const trace::RunReport& report, fuzz::Kinds& events) {
  events["os: fault served"] += counts.faults;
  events["os: zero fill"] += counts.zero_fills;
  events["os: copy on write"] += counts.cow_copies;
  events["os: fence"] += counts.fences;
  events["os: switch"] += counts.switches;
  events["access refused"] += report.refused;
  events["access done"] += report.accesses - report.refused;
}

void run_scenario(const trace::Trace& trace, const trace::Scenario& scenario, trace::Testbed& testbed,
                  RoundResult& result) {
  trace::Runner runner(trace.files, scenario, testbed, {scenario.seed.value_or(1), {}, false});
  const trace::RunReport* report = nullptr;
  try {
    report = &runner.run();
    testbed.finish();
    if (!report->failures.empty()) {
      result.finding = {.check = "trace", .message = report->failures.front().text};
    } else if (testbed.mismatches() == 0) {
      if (std::string broken = runner.kernel().broken_invariant(); !broken.empty()) {
        result.finding = {.check = "os", .message = std::move(broken)};
      }
    }
  } catch (const InputError& error) {
    result.finding = {.check = "trace", .message = error.what()};
  } catch (const std::exception& error) {
    // The hardware hangs, which is a mismatch already, or did what the operating system cannot go on from.
    result.finding = {.check = "os", .message = error.what()};
  }
  result.accesses = runner.report().accesses;
  add_events(runner.kernel().counts(), runner.report(), result.events);
}

}  // namespace

RoundResult run_trace(const std::string& text, const std::filesystem::path& directory, const FuzzTarget& target) {
  RoundResult result;
  try {
    trace::ParseOptions options = parse_options();
    options.directory = directory;
    const trace::Trace trace = trace::parse_text(text, "fuzz.pwt", options);
    const trace::Scenario& scenario = trace.scenarios.front();
    TestbedOptions testbed_options;
    testbed_options.model = target.model;
    testbed_options.hardware = target.hardware;
    testbed_options.seed = scenario.seed.value_or(1);
    testbed_options.latency = scenario.latency.value_or(trace::Latency{});
    testbed_options.stall = scenario.stall.value_or(trace::Stall{});
    testbed_options.bus_errors = scenario.bus_errors;
    const std::unique_ptr<trace::Testbed> testbed = make_testbed(scenario.machine, testbed_options);
    run_scenario(trace, scenario, *testbed, result);
    const trace::Figures figures = testbed->figures();
    result.translations = figures.translations;
    result.cycles = figures.cycles;
    result.mismatches = figures.mismatches;
    // A mismatch comes before what follows from it.
    if (figures.first) result.finding = {figures.first->check, figures.first->message, figures.first->cycle, 0};
  } catch (const InputError& error) {
    result.finding = {.check = "trace", .message = error.what()};
  }
  result.finding.accesses = result.finding ? result.accesses : 0;
  return result;
}

RoundResult run_round(const RoundSpec& spec, const FuzzTarget& target, const std::filesystem::path& directory) {
  fuzz::SystemTrace traffic = fuzz::system_traffic(spec.machine, spec.machine_name, spec.seed, spec.size);
  RoundResult result = run_trace(traffic.text, directory, target);
  for (const auto& [kind, count] : traffic.kinds) result.events[kind] += count;
  if (result.finding) result.text = std::move(traffic.text);
  return result;
}

nlohmann::json to_json(const RoundResult& r) {
  return {{"check", r.finding.check},
          {"message", r.finding.message},
          {"cycle", r.finding.cycle},
          {"until", r.finding.accesses},
          {"accesses", r.accesses},
          {"translations", r.translations},
          {"cycles", r.cycles},
          {"mismatches", r.mismatches},
          {"events", r.events},
          {"text", r.text},
          {"coverage", r.coverage}};
}

RoundResult round_from_json(const nlohmann::json& json) {
  RoundResult r;
  r.finding = {json.at("check"), json.at("message"), json.at("cycle"), json.at("until")};
  r.accesses = json.at("accesses");
  r.translations = json.at("translations");
  r.cycles = json.at("cycles");
  r.mismatches = json.at("mismatches");
  for (const auto& [name, count] : json.at("events").items()) r.events[name] = count.get<std::uint64_t>();
  r.text = json.at("text");
  r.coverage = json.at("coverage");
  return r;
}

}  // namespace vm::sim
