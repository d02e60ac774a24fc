// SPDX-License-Identifier: Apache-2.0
//
// Each check can fail: a machine with one seeded defect (tests/mutants/*.patch) is caught by the check that
// is meant to catch it, and the mismatch bears its name. Where the defect leaves everything else in order, no other
// check fires.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <set>
#include <string>

#include "traffic_bench.h"

namespace vm {
namespace {

struct Mutant {
  std::string_view patch;
  std::string_view machine;
  std::string_view check;  // the part of the name before the dot
  bool alone = true;       // nothing else is wrong
};

std::ostream& operator<<(std::ostream& out, const Mutant& m) { return out << m.patch; }

constexpr std::array kMutants{
    Mutant{"kernel_page_open", "toy10", "translation"},
    Mutant{"crossing_load_merged_wrong", "csapp14", "data"},
    Mutant{"bubble_after_hit", "toy5", "time"},
    Mutant{"plru_not_touched", "csapp14", "state"},
    Mutant{"uncached_reads_too_wide", "toy5", "traffic"},
    Mutant{"l2_ignores_asid", "sv39", "state", false},
    Mutant{"walk_cache_one_level_off", "sv39", "state", false},
    Mutant{"superpage_not_composed", "sv39", "translation", false},
    Mutant{"accessed_before_permission", "sv39", "traffic", false},
    Mutant{"update_without_compare", "sv39", "traffic", false},
    Mutant{"fence_misses_super", "sv39", "state", false},
    Mutant{"fence_leaves_l2", "sv39", "state", false},
    Mutant{"sum_lets_fetch_through", "sv39", "translation", false},
    Mutant{"global_entry_lost", "sv39", "state", false},
    Mutant{"cycle_per_level", "sv39", "time"},
    Mutant{"cycle_on_l2_hit", "sv39", "time"},
    Mutant{"cycle_in_front_stage", "sv39-ulx3s", "time"},
    Mutant{"waiting_miss_counted_again", "toy5", "counters"},  // M14
};

// The checks that found something in random traffic of this seed.
std::set<std::string> checks_that_fire(const Mutant& mutant, const std::string& model_file, std::uint64_t seed) {
  TestbenchOptions options;
  options.seed = seed;
  options.latency = {Latency::Kind::Random, 1, 5, {}};
  TrafficMix mix;
  mix.bare = false;
  // Long enough between fences for TLBs to fill and replace.
  mix.fence = 2;
  mix.ctl = 0;
  mix.table = 1;
  if (find_machine(mutant.machine)->format.kind != PteKind::Flat) {
    // Address spaces and the update of accessed bits come and go.
    mix.fence = 10;
    mix.ctl = 20;
    mix.race = 10;
  }
  test::TrafficBench world(*find_machine(mutant.machine), options, mix, model_file);
  try {
    world.run(12000);
  } catch (const Hang& hang) {
    BOOST_TEST_MESSAGE(hang.what());
  }
  std::set<std::string> names;
  for (const Mismatch& m : world.bench().reporter().kept()) names.insert(m.check.substr(0, m.check.find('.')));
  BOOST_TEST_MESSAGE(world.bench().report());
  return names;
}

}  // namespace

BOOST_DATA_TEST_CASE(a_seeded_defect_is_caught_by_exactly_the_check_it_is_meant_for,
                     boost::unit_test::data::make(kMutants), mutant) {
  // A rare traffic shows nothing of a rare defect: then another, a few times.
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < 40 && !names.contains(std::string(mutant.check)); ++i) {
    names.merge(checks_that_fire(mutant, "mutant-" + std::string(mutant.patch), test::run_seed() + i));
  }
  if (mutant.alone) BOOST_TEST(names.size() == 1U);
  BOOST_TEST(names.contains(std::string(mutant.check)), "the check " << mutant.check << " did not fire");
}

BOOST_DATA_TEST_CASE(the_same_traffic_on_the_machine_without_the_defect_is_clean,
                     boost::unit_test::data::make(kMutants), mutant) {
  BOOST_TEST(checks_that_fire(mutant, "", test::run_seed()).empty());
}

}  // namespace vm
