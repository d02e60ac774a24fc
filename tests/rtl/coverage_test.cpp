// SPDX-License-Identifier: Apache-2.0
//
// Coverage counts what it should: events made by hand, each with the bin it must hit, and a run on the hardware.
#include "coverage/coverage.h"

#include <fnmatch.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "coverage/unreachable.h"
#include "machine/error.h"
#include "traffic_bench.h"

namespace vm {
namespace {

std::uint64_t at(unsigned lsb, std::uint64_t value) { return value << lsb; }

// Cycles with ports and events of the test's choice.
class Hand {
 public:
  explicit Hand(const Machine& machine) : machine_(machine), tracker_(machine_, reporter_), coverage_(machine_) {
    cycle_.in = &in_;
    cycle_.out = &out_;
  }

  Inputs& in() { return in_; }
  Outputs& out() { return out_; }
  Hand& event(EventKind kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0) {
    return event({kind, a, b, c, d, 0, 0});
  }
  Hand& event(const Event& event) {
    events_.push_back(event);
    return *this;
  }
  // The cycle is over; the next one begins with quiet ports.
  void step() {
    cycle_.events = events_;
    tracker_.on_cycle(cycle_);
    coverage_.on_cycle(cycle_, tracker_);
    ++cycle_.number;
    events_.clear();
    in_ = {};
    out_ = {};
  }
  void accept(std::uint64_t va, bool user, bool write) {
    in_.data = {.valid = true, .user = user, .write = write, .size = 0, .va = va};
    out_.data_ready = true;
    step();
  }
  void accept_fence(const FenceRequest& fence) {
    in_.fence = fence;
    in_.fence.valid = true;
    out_.fence_ready = true;
    step();
  }

  std::uint64_t hits(const std::string& group, const std::string& name) const {
    for (const Bin& bin : coverage_.record().bins) {
      if (bin.group == group && bin.name == name) return bin.hits;
    }
    throw std::logic_error("no bin " + group + ": " + name);
  }
  std::uint64_t all_hits() const {
    std::uint64_t sum = 0;
    for (const Bin& bin : coverage_.record().bins) sum += bin.hits;
    return sum;
  }
  CoverageRecord record() const { return coverage_.record(); }

 private:
  Machine machine_;
  Reporter reporter_;
  Tracker tracker_;
  Coverage coverage_;
  Inputs in_;
  Outputs out_;
  Cycle cycle_;
  std::vector<Event> events_;
};

// Xlat of the data port: id 0.
std::uint64_t xlat(Source source, AccessKind kind, bool user, Cause cause = Cause::None, unsigned level = 0) {
  return 1 | at(8, static_cast<std::uint64_t>(kind)) | at(10, user ? 1 : 0) |
         at(16, static_cast<std::uint64_t>(cause)) | at(21, static_cast<std::uint64_t>(MemType::WriteBack)) |
         at(24, level) | at(45, static_cast<std::uint64_t>(source));
}

const Machine& machine(const char* name) { return *find_machine(name); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_hit_counts_by_source_access_and_privilege) {
  Hand hand(machine("sv39"));
  hand.accept(0x1000, true, false);
  hand.event(EventKind::Xlat, xlat(Source::Tlb, AccessKind::Load, true), 0x1000).step();
  BOOST_TEST(hand.hits("hits", "L1 base part, load, user") == 1U);
  BOOST_TEST(hand.hits("hits", "L1 base part, load, supervisor") == 0U);
  BOOST_TEST(hand.hits("types", "write-back, L1 TLB, load") == 1U);
}

BOOST_AUTO_TEST_CASE(a_walk_counts_where_it_began_why_it_was_needed_and_what_it_ended_in) {
  Hand hand(machine("sv39"));
  hand.accept(0x1000, true, false);
  hand.event(EventKind::WalkStart, 1 | at(1, 1), 0x1000).step();  // the L1 TLB denied
  hand.event(EventKind::WalkLook, 1 | at(4, 1)).step();           // begins below level 1
  hand.event(EventKind::WalkRead, 0, 0x80001008).step();
  hand.event(EventKind::WalkData, 0, 0).step();
  hand.event(EventKind::WalkRestart, 1).step();
  hand.event(EventKind::WalkEnd, 1 | at(4, static_cast<std::uint64_t>(Cause::Invalid)) | at(8, 2), 0x80000000, 0)
      .step();
  hand.event(EventKind::Xlat, xlat(Source::Walk, AccessKind::Load, true, Cause::Invalid, 2), 0x1000).step();
  BOOST_TEST(hand.hits("faults", "invalid, level 2, load") == 1U);
  BOOST_TEST(hand.hits("origins", "invalid, restarted") == 1U);
  BOOST_TEST(hand.hits("walks", "restart of a walk that began below, level 1, data port") == 1U);
}

BOOST_AUTO_TEST_CASE(a_fence_counts_by_scope_walk_state_page_and_asid) {
  Hand hand(machine("sv39"));
  hand.accept(0x1000, true, false);
  hand.event(EventKind::WalkStart, 1, 0x1000).step();
  hand.event(EventKind::WalkLook, 1).step();
  hand.event(EventKind::WalkRead, 2, 0x80000000).step();
  hand.accept_fence({.by_addr = true, .by_asid = true, .globals = false, .asid = 3, .addr = 0x1FFF});
  BOOST_TEST(hand.hits("fences", "page in ASID, same page, another ASID, entry of level 2") == 1U);
  BOOST_TEST(hand.hits("stages", "fence, data port, access walks") == 1U);
  BOOST_TEST(hand.hits("stages", "fence, fetch port, no access") == 1U);
  hand.accept_fence({.globals = true});
  BOOST_TEST(hand.hits("fences", "everything, entry of level 2") == 1U);
}

BOOST_AUTO_TEST_CASE(a_line_counts_by_the_state_it_was_in) {
  Hand hand(machine("sv39"));
  const std::uint64_t data = 1, host_read = data | at(2, 2), host_write = host_read | at(4, 1);
  // A write misses and fills; a read then hits the dirty line; another line replaces it.
  hand.event(EventKind::CacheLookup, host_write, 0x80000000).step();
  hand.event(EventKind::CacheVictim, data).step();
  hand.event(EventKind::CacheFill, data, 0x80000000).step();
  hand.event(EventKind::CacheDone, host_write, 0x80000000).step();
  hand.event(EventKind::CacheLookup, host_read | at(6, 1), 0x80000000).step();
  hand.event(EventKind::CacheLookup, host_read, 0x80100000).step();
  hand.event(EventKind::CacheVictim, data | at(4, 3), 0x80000000).step();
  BOOST_TEST(hand.hits("caches", "data cache: host write, not present") == 1U);
  BOOST_TEST(hand.hits("caches", "data cache: host write, replaces, nothing") == 1U);
  BOOST_TEST(hand.hits("caches", "data cache: host read, dirty") == 1U);
  BOOST_TEST(hand.hits("caches", "data cache: host read, clean") == 0U);
  BOOST_TEST(hand.hits("caches", "data cache: host read, replaces, a dirty line") == 1U);
  BOOST_TEST(hand.all_hits() == 5U);
}

BOOST_AUTO_TEST_CASE(a_reserved_entry_counts_for_the_rule_that_alone_decides) {
  Hand hand(machine("sv39"));
  const auto refused = [&](std::uint64_t entry) {
    hand.accept(0x1000, true, false);
    const std::uint64_t a = xlat(Source::Walk, AccessKind::Load, true, Cause::Reserved, 1);
    hand.event({EventKind::Xlat, a, 0x1000, 0, 0, 0, entry}).step();
    hand.out().data.valid = true;
    hand.step();
  };
  refused(0x20000005);  // writable and not readable
  BOOST_TEST(hand.hits("rules", "R7 write without read, level 1, load") == 1U);
  refused(0x40000000'20000005);  // and a memory type while PBMTE is 0
  BOOST_TEST(hand.hits("rules", "R7 write without read, level 1, load") == 1U);
  BOOST_TEST(hand.hits("rules", "R29 memory type while PBMTE is 0, level 1, load") == 0U);
}

BOOST_AUTO_TEST_CASE(a_claimed_bin_that_is_missed_and_an_unreachable_one_that_is_hit_both_fail) {
  CoverageRecord record = Hand(machine("toy5")).record();
  for (Bin& bin : record.bins) bin.hits = bin.reason.empty() ? 1 : 0;
  record.accesses = record.enough;
  BOOST_TEST(record.claimed() < record.bins.size());
  BOOST_TEST(!record.failed());

  Bin& claimed = *std::find_if(record.bins.begin(), record.bins.end(), [](const Bin& b) { return b.reason.empty(); });
  claimed.hits = 0;
  BOOST_TEST(record.failed());
  BOOST_TEST_REQUIRE(record.uncovered().size() == 1U);
  BOOST_TEST(record.uncovered()[0]->name == claimed.name);
  record.accesses = record.enough - 1;
  BOOST_TEST(!record.failed());

  Bin& never = *std::find_if(record.bins.begin(), record.bins.end(), [](const Bin& b) { return !b.reason.empty(); });
  never.hits = 1;
  BOOST_TEST(record.failed());
  BOOST_TEST_REQUIRE(record.impossible().size() == 1U);
  BOOST_TEST(record.impossible()[0]->name == never.name);
}

BOOST_AUTO_TEST_CASE(each_reason_is_for_bins_that_exist) {
  std::vector<std::string> names;
  for (const Machine& m : machines()) {
    for (const Bin& bin : Coverage(m).record().bins) names.push_back(bin.group + ": " + bin.name);
  }
  for (const Unreachable& entry : unreachable_bins()) {
    const bool used = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return fnmatch(entry.bins, name.c_str(), FNM_EXTMATCH) == 0;
    });
    BOOST_TEST(used, entry.bins);
    BOOST_TEST(!std::string_view(entry.reason).empty());
  }
}

BOOST_AUTO_TEST_CASE(no_two_bins_of_a_machine_have_one_name) {
  for (const Machine& m : machines()) {
    std::vector<std::string> names;
    for (const Bin& bin : Coverage(m).record().bins) names.push_back(bin.group + ": " + bin.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    BOOST_TEST((twice == names.end()), m.name << ": " << (twice == names.end() ? "" : *twice));
  }
}

BOOST_AUTO_TEST_CASE(records_add_up_and_survive_json) {
  CoverageRecord record = Hand(machine("lewis8")).record();
  for (std::size_t i = 0; i < record.bins.size(); ++i) record.bins[i].hits = i % 3;
  record.accesses = 7;
  const CoverageRecord copy = CoverageRecord::from_json(record.to_json(), "test");
  BOOST_TEST((copy.bins == record.bins));
  BOOST_TEST(copy.accesses == record.accesses);
  BOOST_TEST(copy.enough == record.enough);
  record.merge(copy);
  BOOST_TEST(record.accesses == 14U);
  BOOST_TEST(record.bins[2].hits == 4U);
  BOOST_CHECK_THROW(record.merge(Hand(machine("toy5")).record()), InputError);
  BOOST_CHECK_THROW(CoverageRecord::from_json({{"machine", "toy5"}}, "test"), InputError);
}

BOOST_AUTO_TEST_CASE(random_traffic_hits_nothing_that_is_said_to_be_unreachable) {
  for (const char* name : {"toy5", "csapp14", "flat32", "sv39", "corei7"}) {
    TestbenchOptions options;
    options.seed = test::run_seed();
    options.stall = {StallPolicy::Kind::Half, 0};
    options.latency = {Latency::Kind::Random, 1, 9, {}};
    Coverage coverage(machine(name));
    test::TrafficBench world(machine(name), options);
    world.bench().attach_coverage(&coverage);
    world.run(40000);
    const CoverageRecord record = coverage.record();
    BOOST_TEST(record.accesses > 100U);
    BOOST_TEST(record.uncovered().size() < record.claimed());
    for (const Bin* bin : record.impossible()) BOOST_ERROR(name << ": " << bin->group << ": " << bin->name);
  }
}

}  // namespace vm
