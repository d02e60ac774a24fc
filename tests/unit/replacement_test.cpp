// SPDX-License-Identifier: Apache-2.0
//
// Every policy of replacement against a model of it that knows nothing of kernels, frames and accessed bits: on random
// traces both have the same number of faults. Belady's optimum is a lower bound of all.
#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <deque>
#include <functional>
#include <map>
#include <ostream>
#include <set>

#include "kernel_fixture.h"
#include "machine/random.h"
#include "os/future.h"

namespace vm::test {
namespace {

constexpr int kReadWrite = 3, kPrivateFixed = 0x32;
constexpr std::uint64_t kPage = 4096, kBase = 0x600000;
constexpr unsigned kMostPages = 24;

using References = std::vector<unsigned>;  // pages, in the order in which they are touched

// ---------------------------------------------------------------- the models

// Faults, if at each fault with all frames taken `victim` says which of the pages goes.
struct Resident {
  std::vector<unsigned> pages;  // in the order in which they came
  std::set<unsigned> used;
};

std::size_t faults_of(const References& references, std::size_t frames,
                      const std::function<unsigned(Resident&, std::size_t)>& victim,
                      const std::function<void(unsigned)>& came = {}) {
  Resident resident;
  std::size_t faults = 0;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const unsigned page = references[i];
    if (std::find(resident.pages.begin(), resident.pages.end(), page) == resident.pages.end()) {
      ++faults;
      if (resident.pages.size() == frames) {
        const unsigned gone = victim(resident, i);
        std::erase(resident.pages, gone);
        resident.used.erase(gone);
      }
      resident.pages.push_back(page);
      if (came) came(page);
    }
    resident.used.insert(page);
  }
  return faults;
}

std::size_t fifo(const References& references, std::size_t frames) {
  return faults_of(references, frames, [](Resident& resident, std::size_t) { return resident.pages.front(); });
}

std::size_t second_chance(const References& references, std::size_t frames) {
  return faults_of(references, frames, [](Resident& resident, std::size_t) {
    while (resident.used.erase(resident.pages.front()) != 0)
      std::rotate(resident.pages.begin(), resident.pages.begin() + 1, resident.pages.end());
    return resident.pages.front();
  });
}

std::size_t lru(const References& references, std::size_t frames) {
  return faults_of(references, frames, [&](Resident& resident, std::size_t now) {
    std::vector<unsigned> left = resident.pages;
    for (std::size_t i = now; left.size() > 1; --i) std::erase(left, references[i - 1]);
    return left.front();
  });
}

std::size_t random_choice(const References& references, std::size_t frames, std::uint64_t seed) {
  Random random(seed, "replacement");
  return faults_of(references, frames, [&](Resident& resident, std::size_t) {
    return resident.pages[random.below(resident.pages.size())];
  });
}

std::size_t optimal(const References& references, std::size_t frames) {
  return faults_of(references, frames, [&](Resident& resident, std::size_t now) {
    const auto next = [&](unsigned page) {
      return std::find(references.begin() + static_cast<std::ptrdiff_t>(now), references.end(), page);
    };
    return *std::max_element(resident.pages.begin(), resident.pages.end(),
                             [&](unsigned a, unsigned b) { return next(a) < next(b); });
  });
}

// The two hands, for anonymous pages alone.
std::size_t two_handed_clock(const References& references, std::size_t frames) {
  std::deque<unsigned> active, inactive;
  const auto victim = [&](Resident& resident, std::size_t) {
    for (;;) {
      for (std::size_t left = active.size(); left > 0 && active.size() > inactive.size(); --left) {
        const unsigned page = active.front();
        active.pop_front();
        (resident.used.erase(page) != 0 ? active : inactive).push_back(page);
      }
      for (std::size_t left = inactive.size(); left > 0; --left) {
        const unsigned page = inactive.front();
        inactive.pop_front();
        if (resident.used.erase(page) == 0) return page;
        active.push_back(page);
      }
    }
  };
  return faults_of(references, frames, victim, [&](unsigned page) { active.push_back(page); });
}

// Windows, for one process: hard faults only, those for pages that are in no frame any more. What leaves the working
// set waits in a queue, from which it comes back; a clock with one hand goes over the working set in the order of the
// pages.
class WorkingSet {
 public:
  WorkingSet(std::size_t frames, std::size_t maximum) : frames_(frames), maximum_(maximum) {}

  std::size_t hard_faults(const References& references) {
    std::size_t faults = 0;
    for (const unsigned page : references) {
      if (!in_set_.contains(page)) faults += fault(page) ? 1 : 0;
      used_.insert(page);
    }
    return faults;
  }

 private:
  bool fault(unsigned page) {
    if (in_set_.size() == maximum_) trim();
    const auto waiting = std::find(left_.begin(), left_.end(), page);
    const bool is_hard = waiting == left_.end();
    if (!is_hard) left_.erase(waiting);
    if (is_hard && in_set_.size() + left_.size() == frames_) {
      if (left_.empty()) trim();
      left_.pop_front();
    }
    in_set_.insert(page);
    return is_hard;
  }
  void trim() {
    for (auto at = in_set_.upper_bound(hand_);; ++at) {
      if (at == in_set_.end()) at = in_set_.begin();
      hand_ = *at;
      if (used_.erase(hand_) == 0) break;
    }
    in_set_.erase(hand_);
    left_.push_back(hand_);
  }

  std::size_t frames_, maximum_;
  std::set<unsigned> in_set_, used_;
  std::deque<unsigned> left_;
  unsigned hand_ = ~0U;
};

// ---------------------------------------------------------------- the kernel

// Working sets that move, with a page from anywhere now and then.
References random_references(Random& random, unsigned pages) {
  References references;
  unsigned first = 0;
  const unsigned reach = 1 + static_cast<unsigned>(random.below(pages));
  const std::size_t length = 40 + random.below(120);
  while (references.size() < length) {
    if (random.one_in(16)) first = static_cast<unsigned>(random.below(pages));
    const std::uint64_t page = random.one_in(6) ? random.below(pages) : first + random.below(reach);
    references.push_back(static_cast<unsigned>(page % pages));
  }
  return references;
}

class Machinery : public System {
 public:
  // So many frames for pages, beside those of the three tables.
  Machinery(std::string_view machine_name, std::size_t pages, const ReplacementOptions& options,
            std::optional<bool> hardware_sets_dirty = {})
      : System(machine_name) {
    kernel.set_policy({.withheld = {}, .replacement = options});
    const Machine& machine = platform.machine();
    if (hardware_sets_dirty) {
      Environment environment = kernel.environment();
      environment.adue = *hardware_sets_dirty;
      kernel.set_environment(environment);
    }
    const std::uint64_t first = machine.regions.front().base.value / machine.format.page_size() + 0x100;
    std::vector<Ppn> frames;
    for (std::uint64_t i = 0; i < pages + machine.format.levels; ++i) frames.emplace_back(first + i);
    kernel.set_free_frames(frames);
    kernel.use_swap({.slots = kMostPages});
    a = process("A");
    kernel.start();
    kernel.mmap(a, kBase, kMostPages * kPage, kReadWrite, kPrivateFixed, -1, 0);
  }
  std::size_t faults(const References& references) {
    for (const unsigned page : references) {
      const std::uint64_t va = kBase + page * kPage;
      const bool is_store = (page + stores_) % 3 == 0;
      BOOST_TEST(!(is_store ? store(a, va, 8, ++stores_) : load(a, va, 8)).refused);
    }
    check();
    return kernel.counts().missing;
  }
  ProcessId a = 0;

 private:
  std::uint64_t stores_ = 0;
};

std::size_t faults_by(const ReplacementOptions& options, const References& references, std::size_t frames) {
  Machinery machinery("sv39", frames, options);
  if (options.kind == ReplacementKind::Optimal) {
    Machinery before("sv39", frames, {});
    before.kernel.record_touches();
    before.faults(references);
    machinery.kernel.set_future(Future(before.kernel.touches()));
  }
  return machinery.faults(references);
}

BOOST_AUTO_TEST_CASE(each_policy_faults_as_often_as_its_model) {
  constexpr unsigned kTraces = 1000;
  constexpr std::uint64_t kSeed = 20;
  BOOST_TEST_MESSAGE("seed " << kSeed);
  Random random(kSeed, "replacement_test");
  for (unsigned trace = 0; trace < kTraces; ++trace) {
    const auto pages = static_cast<unsigned>(random.between(2, kMostPages));
    const std::size_t frames = random.between(1, pages);
    const References references = random_references(random, pages);
    const std::uint64_t seed = random.next();
    const std::size_t maximum = random.between(1, frames);
    const std::map<ReplacementKind, std::size_t> expected = {
        {ReplacementKind::Fifo, fifo(references, frames)},
        {ReplacementKind::SecondChance, second_chance(references, frames)},
        {ReplacementKind::Lru, lru(references, frames)},
        {ReplacementKind::Random, random_choice(references, frames, seed)},
        {ReplacementKind::Optimal, optimal(references, frames)},
        {ReplacementKind::Linux, two_handed_clock(references, frames)},
        {ReplacementKind::Windows, WorkingSet(frames, maximum).hard_faults(references)}};
    for (const auto& [kind, faults] : expected) {
      BOOST_TEST_CONTEXT("trace " << trace << ", " << to_string(kind) << ", " << frames << " frames") {
        const ReplacementOptions options{.kind = kind, .seed = seed, .minimum = 1 + maximum / 2, .maximum = maximum};
        BOOST_TEST(faults_by(options, references, frames) == faults);
        BOOST_TEST(faults >= expected.at(ReplacementKind::Optimal));
      }
    }
  }
}

// What the clock is driven by: bits set by the hardware, or by the kernel where the hardware faults instead; on x86
// too.
BOOST_AUTO_TEST_CASE(who_sets_the_accessed_bits_makes_no_difference) {
  Random random(7, "replacement_test");
  for (unsigned trace = 0; trace < 20; ++trace) {
    const References references = random_references(random, 12);
    for (const ReplacementKind kind : {ReplacementKind::SecondChance, ReplacementKind::Linux}) {
      const std::size_t expected = (kind == ReplacementKind::Linux ? two_handed_clock : second_chance)(references, 6);
      BOOST_TEST(Machinery("sv39", 6, {.kind = kind}, false).faults(references) == expected);
      BOOST_TEST(Machinery("sv39", 6, {.kind = kind}, true).faults(references) == expected);
      BOOST_TEST(Machinery("corei7", 6, {.kind = kind}).faults(references) == expected);
    }
  }
}

// The same without room beyond the working set, and with pages that wait to be written.
BOOST_AUTO_TEST_CASE(a_working_set_on_every_kind_of_machine) {
  Random random(10, "replacement_test");
  for (unsigned trace = 0; trace < 20; ++trace) {
    const References references = random_references(random, 12);
    const ReplacementOptions options{.kind = ReplacementKind::Windows, .maximum = 4};
    const std::size_t expected = WorkingSet(7, 4).hard_faults(references);
    BOOST_TEST(Machinery("sv39", 7, options, false).faults(references) == expected);
    BOOST_TEST(Machinery("sv39", 7, options, true).faults(references) == expected);
    BOOST_TEST(Machinery("corei7", 7, options).faults(references) == expected);
    const ReplacementOptions all{.kind = ReplacementKind::Windows};
    BOOST_TEST(Machinery("sv39", 5, all).faults(references) == WorkingSet(5, 5).hard_faults(references));
  }
}

// Entries without accessed bits say nothing: both clocks are queues then, and nothing is lost.
BOOST_AUTO_TEST_CASE(without_accessed_bits_a_clock_is_a_queue) {
  Random random(8, "replacement_test");
  for (unsigned trace = 0; trace < 20; ++trace) {
    const References references = random_references(random, 12);
    BOOST_TEST(Machinery("flat32", 6, {.kind = ReplacementKind::SecondChance}).faults(references) ==
               Machinery("flat32", 6, {}).faults(references));
  }
}

BOOST_AUTO_TEST_CASE(more_memory_and_more_faults) {
  const References references = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
  BOOST_TEST(faults_by({}, references, 3) == 9U);
  BOOST_TEST(faults_by({}, references, 4) == 10U);
  for (const ReplacementKind stack : {ReplacementKind::Lru, ReplacementKind::Optimal})
    BOOST_TEST(faults_by({.kind = stack}, references, 4) <= faults_by({.kind = stack}, references, 3));
}

// Without the fence the hardware need not set an accessed bit again: another victim, but never a lost store.
BOOST_AUTO_TEST_CASE(an_accessed_bit_may_be_cleared_without_a_fence) {
  Random random(9, "replacement_test");
  std::uint64_t withheld = 0;
  for (unsigned trace = 0; trace < 20; ++trace) {
    const References references = random_references(random, 12);
    for (const ReplacementKind kind : {ReplacementKind::SecondChance, ReplacementKind::Linux}) {
      Machinery machinery("sv39", 6, {.kind = kind, .unfenced = true});
      machinery.faults(references);
      BOOST_TEST(machinery.kernel.counts().fences_for.at(index_of(FenceReason::Reference)) == 0U);
      withheld += machinery.kernel.counts().references_cleared;
    }
  }
  BOOST_TEST(withheld > 0U);
}

}  // namespace
}  // namespace vm::test
