// SPDX-License-Identifier: Apache-2.0
#include "fuzz_campaign.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "fuzz/shrink.h"
#include "machine/error.h"
#include "machine/random.h"

namespace vm::sim {
namespace {

// Of processor time. Even a round under sanitizers takes less; a hang of the hardware is found by the testbench long
// before.
constexpr std::chrono::seconds kRoundLimit{120}, kTryLimit{60};

// Cycles at the ports for each level of the tables, as what can happen grows with them; steps of a system, most of
// which take much longer: most rounds are of the ports, most time is not.
constexpr std::uint64_t kLeastCycles = 30'000, kMostCycles = 120'000, kLeastSteps = 500, kMostSteps = 2500, kTurns = 8;

// Nothing is accepted while the line states of the largest cache are cleared after reset.
std::uint64_t sweep_of(const Machine& machine) { return std::max(machine.l2cache.sets, machine.l3cache.sets); }

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(fmt::format("{} cannot be written", file.string()));
}

RoundResult result_of(const Child& child) {
  if (child.died().empty()) return round_from_json(nlohmann::json::parse(child.answer()));
  RoundResult result;
  result.finding = {.check = "crash", .message = "the simulation " + child.died()};
  return result;
}

// The same check; of a trace that cannot be run the same complaint too, wherever it stands ("FILE:LINE:COLUMN: …").
bool same_finding(const Finding& a, const Finding& b) {
  const auto complaint = [](const Finding& f) -> std::string {
    return f.check == "trace" ? f.message.substr(f.message.find(' ')) : "";
  };
  return a.check == b.check && complaint(a) == complaint(b);
}

}  // namespace

void Tally::add(const RoundResult& result) {
  add(Tally{1, result.accesses, result.translations, result.cycles, result.mismatches});
}

void Tally::add(const Tally& other) {
  rounds += other.rounds;
  accesses += other.accesses;
  translations += other.translations;
  cycles += other.cycles;
  mismatches += other.mismatches;
}

Tally CampaignResult::total() const {
  Tally total;
  for (const auto& [key, tally] : tallies) total.add(tally);
  return total;
}

Campaign::Campaign(CampaignOptions options)
    : options_(std::move(options)), machines_(options_.machines, options_.seed, options_.out) {
  if (!options_.round) return;
  next_ = counted_ = *options_.round;
}

double Campaign::elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

RoundSpec Campaign::spec_of(std::uint64_t round) const {
  Random random(options_.seed, fmt::format("round {}", round));
  RoundSpec spec;
  spec.number = round;
  spec.pressure = options_.pressure;
  spec.machine = machines_.machine(round);
  spec.machine_name = machines_.trace_name(round);
  // Each machine gets both kinds in turn.
  const bool ports = options_.ports && (!options_.system || round / machines_.count() % kTurns != 1);
  spec.kind = ports ? TrafficKind::Ports : TrafficKind::System;
  constexpr std::uint64_t kSeeds = 1ULL << 40;  // short enough for people
  spec.seed = random.below(kSeeds);
  const auto among = [&](std::uint64_t least, std::uint64_t most) {
    return random.between(least, most) / options_.shorter;
  };
  spec.size = ports ? sweep_of(spec.machine) + among(kLeastCycles, kMostCycles) * spec.machine.format.levels
                    : among(kLeastSteps, kMostSteps);
  return spec;
}

CampaignResult Campaign::run() {
  std::filesystem::create_directories(options_.out);
  while (!over_ && (may_start() || !jobs_.empty())) {
    start_rounds();
    wait_for_news();
    collect();
    count_in_order();
    show_progress();
  }
  jobs_.clear();
  progress_.clear();
  result_.seconds = elapsed();
  return std::move(result_);
}

bool Campaign::may_start() const {
  if (options_.round) return next_ == *options_.round;
  return !options_.time || elapsed() < static_cast<double>(options_.time->count());
}

void Campaign::start_rounds() {
  while (jobs_.size() < options_.jobs && may_start()) {
    if (machines_.must_build(next_)) {
      // The shared object must not change under rounds that use it.
      if (!jobs_.empty()) return;
      machines_.build(next_);
    }
    RoundSpec spec = spec_of(next_++);
    const auto work = [&spec, &target = options_.target, &out = options_.out] {
      return to_json(run_round(spec, target, out)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    auto child = std::make_unique<Child>(work, kRoundLimit, false);
    jobs_.push_back({std::move(spec), std::move(child)});
  }
}

void Campaign::wait_for_news() const {
  constexpr int kMilliseconds = 100;  // limits of time are looked at so often
  std::vector<pollfd> descriptors;
  for (const Job& job : jobs_) descriptors.push_back({.fd = job.child->descriptor(), .events = POLLIN, .revents = 0});
  ::poll(descriptors.data(), descriptors.size(), kMilliseconds);
}

void Campaign::collect() {
  std::erase_if(jobs_, [this](Job& job) {
    if (!job.child->poll()) return false;
    done_.emplace(job.spec.number, Done{job.spec, result_of(*job.child)});
    return true;
  });
}

void Campaign::count_in_order() {
  for (auto next = done_.find(counted_); next != done_.end() && !over_; next = done_.find(counted_)) {
    count(next->second);
    done_.erase(next);
    ++counted_;
  }
}

void Campaign::count(Done& done) {
  RoundResult& r = done.result;
  const std::string& machine = done.spec.machine.name;
  result_.tallies[{machine, done.spec.kind}].add(r);
  accesses_ += r.accesses;
  for (const auto& [name, count] : r.events) result_.events[machine][name] += count;
  // Random machines share a name, and each claims something else.
  if (find_machine(machine) != nullptr && done.spec.kind == TrafficKind::System) {
    result_.claims.add(done.spec.machine, done.spec.size, done.spec.pressure);
  }
  if (!r.hits.empty() && find_machine(machine) != nullptr) add_coverage(done);
  if (r.finding) fail(done);
  over_ = result_.failures.size() >= options_.keep_going || (options_.accesses && accesses_ >= *options_.accesses);
}

void Campaign::add_coverage(const Done& done) {
  const Machine& machine = done.spec.machine;
  auto found = result_.coverage.find(machine.name);
  if (found == result_.coverage.end()) found = result_.coverage.emplace(machine.name, Coverage(machine).record()).first;
  CoverageRecord& record = found->second;
  record.accesses += done.result.covered_accesses;
  for (std::size_t i = 0; i < record.bins.size(); ++i) record.bins[i].hits += done.result.hits.at(i);
}

bool CampaignResult::is_enforced(const CoverageRecord& record) {
  return record.accesses >= enough_accesses(*find_machine(record.machine));
}

// ---------------------------------------------------------------- failures

void Campaign::fail(const Done& done) {
  const RoundSpec& spec = done.spec;
  FuzzFailure failure;
  failure.round = spec.number;
  failure.seed = spec.seed;
  failure.machine = spec.machine.name;
  failure.kind = spec.kind;
  failure.finding = done.result.finding;
  failure.replay_round = fmt::format("{} --round {}", options_.repeat, spec.number);
  std::string text = done.result.text;
  // A process that died could not say what it ran.
  if (text.empty() && spec.kind == TrafficKind::System) {
    text = fuzz::system_traffic(spec.machine, spec.machine_name, spec.seed, spec.size,
                                {.pressure = spec.pressure, .board = options_.target.memory})
               .text;
  }
  if (!text.empty()) {
    const std::string stem = fmt::format("{}-{}-{}", spec.machine.name, to_string(spec.kind), spec.seed);
    failure.trace = options_.out / (stem + ".pwt");
    write_file(failure.trace, text);
    shrink(failure, text);
    std::string flags = options_.target.model ? " --model" : "";
    if (!options_.target.hardware.empty()) flags += fmt::format(" --hardware {}", options_.target.hardware.string());
    const std::filesystem::path& file = failure.shrunk.empty() ? failure.trace : failure.shrunk;
    if (!options_.target.board.empty()) {
      failure.replay_trace = fmt::format("pagewalk run {} --target {}", file.string(), options_.target.board);
      result_.failures.push_back(std::move(failure));
      return;
    }
    failure.replay_trace =
        fmt::format("{}pagewalk replay {} --waves{}", machines_.preparation(spec.machine.name), file.string(), flags);
  }
  result_.failures.push_back(std::move(failure));
}

void Campaign::shrink(FuzzFailure& failure, const std::string& text) {
  FuzzTarget target = options_.target;
  target.coverage = false;
  RoundResult last;
  const auto still_fails = [&](const std::string& candidate) {
    const auto work = [&] {
      return to_json(run_trace(candidate, options_.out, target))
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    Child child(work, kTryLimit, true);
    child.wait();
    RoundResult result = result_of(child);
    if (!same_finding(result.finding, failure.finding)) return false;
    last = std::move(result);
    return true;
  };
  failure.lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const fuzz::Shrunk small = fuzz::shrink(text, still_fails, options_.shrink_time);
  failure.tries = small.tries;
  failure.repeats = !last.finding.check.empty();
  if (!failure.repeats) return;
  failure.shrunk = failure.trace;
  failure.shrunk.replace_extension(".small.pwt");
  write_file(failure.shrunk, small.text);
  failure.shrunk_lines = static_cast<std::size_t>(std::count(small.text.begin(), small.text.end(), '\n'));
}

void Campaign::show_progress() {
  const std::string name = fmt::format("round {}", counted_);
  if (options_.accesses) {
    progress_.show(name, std::min(accesses_, *options_.accesses), *options_.accesses);
  } else if (options_.time) {
    const auto all = static_cast<std::size_t>(options_.time->count());
    progress_.show(name, std::min(static_cast<std::size_t>(elapsed()), all), all);
  }
}

}  // namespace vm::sim
