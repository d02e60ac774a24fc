// SPDX-License-Identifier: Apache-2.0
//
// A campaign: rounds drawn from one seed, each in a process of its own, as many at a time as there are jobs. Round k is
// the same whatever the number of jobs, and results count in the order of the rounds, so that limits in accesses end
// two campaigns of one seed at the same round.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "child.h"
#include "coverage/coverage.h"
#include "fuzz/system_claims.h"
#include "fuzz_machines.h"
#include "fuzz_round.h"
#include "progress.h"

namespace vm::sim {

struct CampaignOptions {
  std::vector<std::string> machines;
  bool ports = true, system = true;  // kinds of traffic; one at least
  std::uint64_t seed = 0;
  std::optional<std::chrono::seconds> time;  // no round is begun later
  std::optional<std::uint64_t> accesses;     // no round is counted after so many
  std::optional<std::uint64_t> round;        // only this one
  unsigned pressure = 0;  // memory in percent of the pages that system traffic works on; 0: as it comes
  unsigned jobs = 1;
  unsigned keep_going = 1;  // failures until the end
  unsigned shorter = 1;     // rounds are so many times shorter
  std::chrono::seconds shrink_time{60};
  FuzzTarget target;
  std::filesystem::path out;
  std::string repeat;  // the command that starts this campaign again, without --round
};

struct Tally {
  std::uint64_t rounds = 0, accesses = 0, translations = 0, cycles = 0, mismatches = 0;
  void add(const RoundResult& result);
  void add(const Tally& other);
};

struct FuzzFailure {
  std::uint64_t round = 0, seed = 0;
  std::string machine;
  TrafficKind kind = TrafficKind::System;
  Finding finding;
  bool repeats = true;                  // the trace alone fails by the same check
  std::filesystem::path trace, shrunk;  // empty: there is none
  std::size_t lines = 0, shrunk_lines = 0, tries = 0;
  std::string replay_trace, replay_round;  // commands
};

struct CampaignResult {
  std::map<std::pair<std::string, TrafficKind>, Tally> tallies;  // by machine and kind
  std::map<std::string, fuzz::Kinds> events;                     // by machine
  std::map<std::string, CoverageRecord> coverage;                // by machine; not of random ones
  fuzz::SystemClaims claims;
  std::vector<FuzzFailure> failures;
  double seconds = 0;

  Tally total() const;
  // The record's claims count: there was traffic enough.
  static bool is_enforced(const CoverageRecord& record);
};

class Campaign {
 public:
  explicit Campaign(CampaignOptions options);  // throws InputError
  CampaignResult run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    RoundSpec spec;
    std::unique_ptr<Child> child;
  };
  struct Done {
    RoundSpec spec;
    RoundResult result;
  };

  RoundSpec spec_of(std::uint64_t round) const;
  bool may_start() const;
  void start_rounds();
  void wait_for_news() const;
  void collect();
  void count_in_order();
  void count(Done& done);
  void add_coverage(const Done& done);
  void fail(const Done& done);
  void shrink(FuzzFailure& failure, const std::string& text);
  void show_progress();
  double elapsed() const;

  CampaignOptions options_;
  FuzzMachines machines_;
  Progress progress_;
  Clock::time_point start_ = Clock::now();
  std::vector<Job> jobs_;
  std::map<std::uint64_t, Done> done_;  // rounds that ended before an earlier one
  std::uint64_t next_ = 0;              // to be started
  std::uint64_t counted_ = 0;           // all before were counted
  std::uint64_t accesses_ = 0;
  bool over_ = false;
  CampaignResult result_;
};

}  // namespace vm::sim
