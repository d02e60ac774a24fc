// SPDX-License-Identifier: Apache-2.0
#include "fuzz_report.h"

#include <fmt/format.h>

#include "commands.h"

namespace vm::sim {
namespace {

std::size_t uncovered(const CampaignResult& result) {
  std::size_t count = 0;
  for (const auto& [machine, record] : result.coverage) {
    if (CampaignResult::is_enforced(record)) count += record.uncovered().size() + record.impossible().size();
  }
  return count;
}

nlohmann::json names(const std::vector<const Bin*>& bins) {
  nlohmann::json result = nlohmann::json::array();
  for (const Bin* bin : bins) result.push_back(bin->group + ": " + bin->name);
  return result;
}

nlohmann::json coverage_json(const CampaignResult& result) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [machine, record] : result.coverage) {
    json[machine] = {{"accesses", record.accesses},
                     {"claimed", record.claimed()},
                     {"covered", record.claimed() - record.uncovered().size()},
                     {"uncovered", names(record.uncovered())},
                     {"impossible", names(record.impossible())},
                     {"enforced", CampaignResult::is_enforced(record)}};
  }
  return json;
}

void print_coverage(const CampaignResult& result) {
  for (const auto& [machine, record] : result.coverage) {
    const auto missing = record.uncovered();
    const bool enforced = CampaignResult::is_enforced(record);
    fmt::print("{:<11} coverage: {} of {} claimed bins{}\n", machine, record.claimed() - missing.size(),
               record.claimed(), enforced ? "" : "; too few accesses to ask for all");
    if (!enforced) continue;
    for (const Bin* bin : missing) fmt::print("  not covered: {}: {}\n", bin->group, bin->name);
    for (const Bin* bin : record.impossible()) {
      fmt::print("  covered, though '{}': {}: {}\n", bin->reason, bin->group, bin->name);
    }
  }
}

nlohmann::json tally_json(const Tally& t) {
  return {{"rounds", t.rounds},
          {"accesses", t.accesses},
          {"translations", t.translations},
          {"cycles", t.cycles},
          {"mismatches", t.mismatches}};
}

nlohmann::json failure_json(const FuzzFailure& f) {
  std::vector<std::string> checks = f.finding.checks;
  if (checks.empty()) checks.push_back(f.finding.check);
  return {{"check", f.finding.check},
          {"checks", checks},
          {"message", f.finding.message},
          {"cycle", f.finding.cycle},
          {"accesses", f.finding.accesses},
          {"machine", f.machine},
          {"kind", to_string(f.kind)},
          {"round", f.round},
          {"seed", f.seed},
          {"repeats", f.repeats},
          {"trace", f.trace.string()},
          {"trace_lines", f.lines},
          {"shrunk", f.shrunk.string()},
          {"shrunk_lines", f.shrunk_lines},
          {"tries", f.tries},
          {"replay", f.replay_trace},
          {"replay_round", f.replay_round}};
}

void print_failure(const FuzzFailure& f) {
  fmt::print("FAIL {} {}: round {}, {}, cycle {}: {}\n", f.machine, to_string(f.kind), f.round, f.finding.check,
             f.finding.cycle, f.finding.message);
  if (!f.trace.empty()) fmt::print("  trace: {} ({} lines)\n", f.trace.string(), f.lines);
  if (!f.shrunk.empty()) {
    fmt::print("  shrunk: {} ({} lines, {} tries)\n", f.shrunk.string(), f.shrunk_lines, f.tries);
  } else if (!f.trace.empty()) {
    fmt::print("  the trace alone does not fail so: it was not shrunk\n");
  }
  if (!f.replay_trace.empty()) fmt::print("  replay: {}\n", f.replay_trace);
  fmt::print("  the whole round: {}\n", f.replay_round);
}

}  // namespace

nlohmann::json campaign_json(const CampaignOptions& options, const CampaignResult& result) {
  nlohmann::json json = tally_json(result.total());
  json["seed"] = options.seed;
  json["jobs"] = options.jobs;
  json["seconds"] = result.seconds;
  nlohmann::json& machines = json["machines"] = nlohmann::json::object();
  for (const auto& [key, tally] : result.tallies) {
    machines[key.first][std::string(to_string(key.second))] = tally_json(tally);
  }
  json["events"] = result.events;
  nlohmann::json& claims = json["claims"] = nlohmann::json::object();
  const auto missing = result.claims.missing(result.events);
  for (const auto& [where, names] : result.claims.claimed()) {
    const auto found = missing.find(where);
    claims[where] = {{"claimed", names.size()},
                     {"missing", found == missing.end() ? std::set<std::string>() : found->second}};
  }
  json["coverage"] = coverage_json(result);
  json["uncovered"] = uncovered(result);
  nlohmann::json& failures = json["failures"] = nlohmann::json::array();
  for (const FuzzFailure& failure : result.failures) failures.push_back(failure_json(failure));
  return json;
}

void print_campaign(const CampaignResult& result) {
  for (const auto& [key, t] : result.tallies) {
    fmt::print("{:<11} {:<6} {:>6} rounds {:>9} accesses {:>9} translations {:>10} cycles\n", key.first,
               to_string(key.second), t.rounds, t.accesses, t.translations, t.cycles);
  }
  for (const auto& [machine, names] : result.claims.missing(result.events)) {
    for (const std::string& name : names) fmt::print("{}: '{}' is claimed and never happened\n", machine, name);
  }
  print_coverage(result);
  for (const FuzzFailure& failure : result.failures) print_failure(failure);
  const Tally t = result.total();
  fmt::print("{} rounds in {:.1f} s: {} accesses, {} translations checked, {} cycles, {} mismatches, {} failures\n",
             t.rounds, result.seconds, t.accesses, t.translations, t.cycles, t.mismatches, result.failures.size());
}

int campaign_status(const CampaignResult& result) {
  return result.failures.empty() && result.claims.missing(result.events).empty() && uncovered(result) == 0 ? kClean
                                                                                                           : kFailed;
}

nlohmann::json coverage_file(const CampaignOptions& options, const CampaignResult& result) {
  nlohmann::json records = nlohmann::json::array();
  for (const auto& [machine, record] : result.coverage) records.push_back(record.to_json());
  return {{"seed", options.seed}, {"machines", records}};
}

}  // namespace vm::sim
