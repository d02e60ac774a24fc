// SPDX-License-Identifier: Apache-2.0
#include "campaign.h"

#include <fmt/format.h>

#include <algorithm>

#include "generator.h"

namespace vm::oracle {
namespace {

constexpr std::size_t kBatch = 50000;
constexpr std::size_t kExamples = 5;

std::vector<Cause> claimed_causes(const Machine& machine) {
  std::vector<Cause> causes{Cause::Invalid, Cause::Reserved,    Cause::Privilege, Cause::Write,
                            Cause::Exec,    Cause::EntryAccess, Cause::Access};
  if (machine.format.upper_va == UpperVa::Sign) causes.push_back(Cause::Va);
  if (machine.format.kind == PteKind::Riscv) causes.push_back(Cause::Read);
  return causes;
}

// Counts what the claims of a machine's campaign are about.
class Events {
 public:
  explicit Events(const Machine& machine) : machine_(machine), causes_(claimed_causes(machine)) {
    for (const AccessKind kind : {AccessKind::Fetch, AccessKind::Load, AccessKind::Store}) {
      names_.push_back(fmt::format("{} translated", to_string(kind)));
    }
    for (unsigned level = 0; level <= machine.format.max_leaf_level; ++level) {
      names_.push_back(fmt::format("leaf at level {}", level));
    }
    for (const Cause cause : causes_) names_.push_back(fmt::format("fault {}", to_string(cause)));
    names_.emplace_back("accessed or dirty bit set in a leaf");
    counts_.resize(names_.size());
    // A pointer's accessed bit is x86's.
    if (machine.format.kind == PteKind::X86) names_.emplace_back("accessed bit set in a pointer");
    counts_.resize(names_.size());
  }

  void count(const Case& c, const SubjectAnswer& answer) {
    const unsigned levels = machine_.format.max_leaf_level + 1;
    if (answer.code == 0) {
      ++counts_.at(static_cast<std::size_t>(c.request.kind));
      ++counts_.at(3U + answer.level);
    } else if (const auto found = std::ranges::find(causes_, answer.fault.cause); found != causes_.end()) {
      ++counts_.at(3U + levels + static_cast<std::size_t>(found - causes_.begin()));
    }
    const std::size_t updates = 3U + levels + causes_.size();
    for (unsigned i = 0; i < c.length; ++i) {
      if (answer.after.at(i) == c.path.at(i).value) continue;
      if (i + 1 == c.length) {
        ++counts_.at(updates);
      } else if (machine_.format.kind == PteKind::X86) {
        ++counts_.at(updates + 1);
      }
    }
  }

  std::vector<EventCount> counts() const {
    std::vector<EventCount> result;
    for (std::size_t i = 0; i < names_.size(); ++i) result.push_back({names_[i], counts_[i]});
    return result;
  }

 private:
  const Machine& machine_;
  std::vector<Cause> causes_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> counts_;
};

void compare(const Machine& machine, std::span<const Case> cases, std::span<const SubjectAnswer> ours, Oracle& oracle,
             std::span<const Answer> theirs, OracleCount& count) {
  std::vector<Difference> differences;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Answer& our = ours[i];
    if (our != theirs[i]) differences.push_back({.asked = &cases[i], .seen = theirs[i], .reasons = 0});
  }
  const auto known = reasons(machine.format.kind, oracle.name());
  explain(machine, known, differences, oracle);
  for (const Difference& difference : differences) {
    if (difference.reasons != 0) {
      ++count.explained;
      for (std::size_t r = 0; r < known.size(); ++r) count.by_reason[r] += difference.reasons >> r & 1;
      continue;
    }
    ++count.unexplained;
    if (count.examples.size() < kExamples) {
      const Case& c = *difference.asked;
      const SubjectAnswer& our = ours[static_cast<std::size_t>(&c - cases.data())];
      count.examples.push_back(fmt::format("{}\n    ours: {} ({})\n    {}: {}", describe(machine, c),
                                           describe(our, c.length), to_string(our.fault.cause), oracle.name(),
                                           describe(difference.seen, c.length)));
    }
  }
}

}  // namespace

bool CampaignCounts::passed() const {
  return std::ranges::all_of(events, [](const EventCount& e) { return e.count > 0; }) &&
         std::ranges::all_of(oracles, [](const OracleCount& o) { return o.unexplained == 0; }) && cases > 0;
}

CampaignCounts Campaign::run() {
  CampaignCounts counts;
  Events events(machine);
  for (const auto& oracle : oracles) {
    OracleCount count;
    count.name = oracle->name();
    count.by_reason.resize(reasons(machine.format.kind, count.name).size());
    counts.oracles.push_back(count);
  }
  Generator generator(machine, seed);
  std::vector<Case> batch;
  std::vector<SubjectAnswer> ours;
  std::vector<Answer> theirs;
  while (counts.cases < cases) {
    batch.clear();
    ours.clear();
    const std::size_t size = std::min<std::uint64_t>(kBatch, cases - counts.cases);
    for (std::size_t i = 0; i < size; ++i) {
      batch.push_back(generator.next());
      ours.push_back(subject != nullptr ? subject->answer(batch.back()) : model_answer(machine, batch.back()));
      const SubjectAnswer& answer = ours.back();
      events.count(batch.back(), answer);
      const Cause cause = answer.fault.cause;
      ++(cause == Cause::None   ? counts.translated
         : cause == Cause::Va   ? counts.address_faults
         : is_page_fault(cause) ? counts.page_faults
                                : counts.access_faults);
      if (i % 64 == 0) progress(counts.cases + i);
    }
    for (std::size_t o = 0; o < oracles.size(); ++o) {
      theirs.assign(size, {});
      oracles[o]->answer(batch, ours, theirs);
      compare(machine, batch, ours, *oracles[o], theirs, counts.oracles[o]);
    }
    counts.cases += size;
    progress(counts.cases);
  }
  counts.events = events.counts();
  return counts;
}

}  // namespace vm::oracle
