// SPDX-License-Identifier: Apache-2.0
#include "fuzz_round.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include "commands.h"
#include "coverage/coverage.h"
#include "machine/error.h"
#include "machine/random.h"
#include "scenario_run.h"
#include "testbeds.h"
#include "trace/parser.h"
#include "traffic/port_traffic.h"

namespace vm::sim {

std::string_view to_string(TrafficKind kind) { return kind == TrafficKind::Ports ? "ports" : "system"; }

namespace {

// Those of the parent's record are in the same order.
void keep_hits(const Coverage& coverage, RoundResult& result) {
  result.covered_accesses = coverage.accesses();
  for (const Bin& bin : coverage.record().bins) result.hits.push_back(bin.hits);
}

// What the operating system did, under names of its own among the events.
void add_events(const ScenarioResult& run, fuzz::Kinds& events) {
  events["os: fault served"] += run.os.faults;
  events["os: zero fill"] += run.os.zero_fills;
  events["os: copy on write"] += run.os.cow_copies;
  events["os: fence"] += run.os.fences;
  events["os: switch"] += run.os.switches;
  events["os: trap"] += run.os.traps;
  events["os: asid rollover"] += run.os.asid_rollovers;
  events["os: page copied"] += run.os.page_copies;
  events["os: page out"] += run.os.pageouts;
  events["os: page in"] += run.os.pageins;
  events["os: clean page out"] += run.os.pageouts - run.os.swap_writes;
  events["os: page of a file out"] += run.os.file_pageouts;
  events["os: accessed bit cleared"] += run.os.references_cleared;
  events["os: wait for a busy frame"] += run.os.busy_waits;
  events["os: page trimmed"] += run.os.trims;
  events["os: soft fault"] += run.os.soft_faults;
  events["os: kernel stack out"] += run.os.stacks_out;
  events["os: process swapped out"] += run.os.outswaps;
  events["os: frame zeroed ahead"] += run.os.zeroed_frames;
  events["os: bad frame"] += run.os.bad_frames;
  events["os: page of the pool in"] += run.os.pool_faults;
  events["os: page of the pool out"] += run.os.pool_pageouts;
  events["os: page of zeros"] += run.os.zero_pages;
  events["os: page of a device"] += run.os.device_pages;
  events["os: page read"] += run.os.pages_read;
  events["os: page written"] += run.os.pages_written;
  events["os: process killed"] += run.os.kills;
  events["os: page promoted"] += run.os.promotions;
  events["os: large page split"] += run.os.splits;
  events["os: table shared"] += run.os.table_shares;
  events["os: table left"] += run.os.table_breaks;
  for (const auto& [name, count] : run.report.calls) events[fmt::format("done: {}", name)] += count;
  events["access refused"] += run.report.refused;
  events["access done"] += run.report.accesses - run.report.refused;
}

RoundResult result_of(const ScenarioResult& run) {
  RoundResult result;
  result.accesses = run.report.accesses;
  result.translations = run.figures.translations;
  result.cycles = run.figures.cycles;
  result.mismatches = run.figures.mismatches;
  add_events(run, result.events);
  // A mismatch comes before what follows from it.
  if (const auto& first = run.figures.first) {
    result.finding = {first->check, first->message, first->cycle, run.report.accesses};
  } else if (!run.os_failure.empty()) {
    result.finding = {"os", run.os_failure, run.figures.cycles, run.report.accesses};
  } else if (!run.report.failures.empty()) {
    result.finding = {"trace", run.report.failures.front().text, run.figures.cycles, run.report.accesses};
  }
  return result;
}

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

TestbedOptions port_weather(const RoundSpec& spec, const FuzzTarget& target) {
  Random random(spec.seed, "weather");
  TestbedOptions options;
  options.hardware = target.hardware;
  options.seed = spec.seed;
  options.stall.kind = static_cast<trace::Stall::Kind>(random.below(3));
  options.latency.kind = static_cast<trace::Latency::Kind>(random.below(3));
  options.latency.min = options.latency.max = static_cast<unsigned>(random.between(1, 7));
  if (options.latency.kind == trace::Latency::Kind::Random) {
    options.latency.min = 1;
    options.latency.max = static_cast<unsigned>(random.between(2, 20));
  }
  options.latency.replay = {1, 5, 2, 40, 1, 1};
  if (random.one_in(4)) {
    for (const ErrorRange& range : TrafficMemory(spec.machine, spec.seed).error_ranges()) {
      options.bus_errors.push_back({range.first, range.last});
    }
  }
  return options;
}

RoundResult run_ports(const RoundSpec& spec, const FuzzTarget& target) {
  RoundResult result;
  std::optional<Coverage> coverage;
  Testbench bench = make_testbench(spec.machine, port_weather(spec, target));
  if (target.coverage) bench.attach_coverage(&coverage.emplace(spec.machine));
  PortTraffic traffic(bench);
  try {
    traffic.run(spec.size);
  } catch (const Hang&) {
    // A mismatch already.
  }
  result.accesses = traffic.accesses_before(bench.cycles());
  result.translations = bench.translation().translations();
  result.cycles = bench.cycles();
  result.mismatches = bench.reporter().count();
  if (coverage) keep_hits(*coverage, result);
  if (result.mismatches == 0) return result;
  const Mismatch& first = bench.reporter().kept().front();
  result.finding = {first.check, first.message, first.cycle, traffic.accesses_before(first.cycle)};
  for (const Mismatch& m : bench.reporter().kept()) add_name(result.finding.checks, m.check);
  result.text = traffic.trace();
  // A machine from a file has another name in traces.
  result.text.replace(0, result.text.find('\n'), fmt::format("machine {}", spec.machine_name));
  return result;
}

RoundResult run_system(const RoundSpec& spec, const FuzzTarget& target, const std::filesystem::path& directory) {
  fuzz::SystemTrace traffic = fuzz::system_traffic(spec.machine, spec.machine_name, spec.seed, spec.size,
                                                   {.pressure = spec.pressure, .board = target.memory});
  RoundResult result = run_trace(traffic.text, directory, target);
  for (const auto& [kind, count] : traffic.kinds) result.events[kind] += count;
  if (result.finding) result.text = std::move(traffic.text);
  return result;
}

}  // namespace

RoundResult run_trace(const std::string& text, const std::filesystem::path& directory, const FuzzTarget& target) {
  try {
    trace::ParseOptions options = parse_options();
    options.directory = directory;
    const trace::Trace trace = trace::parse_text(text, "fuzz.pwt", options);
    const trace::Scenario& scenario = trace.scenarios.front();
    ScenarioOptions scenario_options;
    scenario_options.hardware = target.hardware;
    scenario_options.model = target.model;
    scenario_options.target = target.board;
    scenario_options.posted = true;
    scenario_options.os_invariants = true;
    std::optional<Coverage> coverage;
    if (target.coverage) scenario_options.coverage = &coverage.emplace(scenario.machine);
    Progress quiet(false);
    RoundResult result = result_of(run_scenario(trace, scenario, scenario_options, "", quiet));
    if (coverage) keep_hits(*coverage, result);
    return result;
  } catch (const InputError& error) {
    RoundResult result;
    result.finding = {"trace", error.what(), 0, 0};
    return result;
  }
}

RoundResult run_round(const RoundSpec& spec, const FuzzTarget& target, const std::filesystem::path& directory) {
  return spec.kind == TrafficKind::Ports ? run_ports(spec, target) : run_system(spec, target, directory);
}

nlohmann::json to_json(const RoundResult& r) {
  return {{"check", r.finding.check},
          {"message", r.finding.message},
          {"cycle", r.finding.cycle},
          {"until", r.finding.accesses},
          {"checks", r.finding.checks},
          {"accesses", r.accesses},
          {"translations", r.translations},
          {"cycles", r.cycles},
          {"mismatches", r.mismatches},
          {"events", r.events},
          {"text", r.text},
          {"hits", r.hits},
          {"covered_accesses", r.covered_accesses}};
}

RoundResult round_from_json(const nlohmann::json& json) {
  RoundResult r;
  r.finding = {json.at("check"), json.at("message"), json.at("cycle"), json.at("until"), json.at("checks")};
  r.accesses = json.at("accesses");
  r.translations = json.at("translations");
  r.cycles = json.at("cycles");
  r.mismatches = json.at("mismatches");
  for (const auto& [name, count] : json.at("events").items()) r.events[name] = count.get<std::uint64_t>();
  r.text = json.at("text");
  r.hits = json.at("hits").get<std::vector<std::uint64_t>>();
  r.covered_accesses = json.at("covered_accesses");
  return r;
}

}  // namespace vm::sim
