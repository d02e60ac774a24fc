// SPDX-License-Identifier: Apache-2.0
//
// Every textbook machine under every stall policy, with random traffic, under all five checks.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "traffic_bench.h"
#include "weathers.h"

namespace vm {
namespace {

std::vector<std::string> textbook_machines() {
  std::vector<std::string> result;
  for (const Machine& m : machines()) result.push_back(m.name);
  return result;
}

constexpr std::uint64_t kCycles = 20000;

// Every request is answered (M1) in whatever weather; one that is not is a hang (M2), one answer too many a mismatch.
void expect_no_mismatch(test::TrafficBench& world) {
  world.run(kCycles);
  BOOST_TEST(world.bench().idle());
  BOOST_TEST(world.bench().reporter().count() == 0U, world.bench().report());
  BOOST_TEST(world.bench().translation().translations() > 20U);
}

}  // namespace

BOOST_DATA_TEST_CASE(random_traffic_agrees_with_all_checks_on_every_machine_in_every_weather,
                     boost::unit_test::data::make(textbook_machines()) * boost::unit_test::data::make(test::weathers()),
                     machine, weather) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.stall = weather.stall;
  options.latency = weather.latency;
  test::TrafficBench world(*find_machine(machine), options);
  expect_no_mismatch(world);
}

BOOST_DATA_TEST_CASE(bus_errors_on_data_and_entries_are_told_apart_from_everything_else,
                     boost::unit_test::data::make(textbook_machines()), machine) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 5, {}};
  options.errors = TrafficMemory(*find_machine(machine), options.seed).error_ranges();
  test::TrafficBench world(*find_machine(machine), options);
  expect_no_mismatch(world);
}

}  // namespace vm
