// SPDX-License-Identifier: Apache-2.0
//
// pagewalk bench: the cycles it measures on the hardware are those that docs/timing.md promises.
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "program.h"

namespace vm {
namespace {

const std::vector<std::string> kMultiLevel{"sv32", "sv39", "sv39-ulx3s", "sv48", "sv57", "corei7", "riscv8k"};

nlohmann::json bench(const std::string& arguments) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("bench --json --repeats 1 " + arguments);
  BOOST_TEST_REQUIRE(result.status == 0, result.err);
  return nlohmann::json::parse(result.out).at("machines").at(0);
}

}  // namespace

BOOST_DATA_TEST_CASE(a_load_takes_the_cycles_of_the_timing_contract, boost::unit_test::data::make(kMultiLevel), name) {
  const Machine& machine = *find_machine(name);
  const nlohmann::json cycles = bench("--accesses 500 --machine " + name).at("cycles");
  const auto of = [&](const char* found, const char* what) { return cycles.at(found).at(what).get<unsigned>(); };
  const unsigned levels = machine.format.levels;
  BOOST_TEST(of("l1", "answer") == machine.hit_latency);
  // Known 3 cycles later, then once more through S0 (T2, T4).
  BOOST_TEST(of("l2", "later") == 3U);
  BOOST_TEST(of("l2", "answer") == machine.hit_latency + 4);
  BOOST_TEST(of("walk", "entries") == levels);
  BOOST_TEST(of("walk-cache", "entries") == 1U);
  // The walk port is the data cache: one cycle, and one more for each level (T7).
  BOOST_TEST(cycles.at("per_level").get<double>() == 2.0);
  BOOST_TEST(of("walk", "walk") == 2 * levels + 2);
  // What the walk cache knows costs nothing.
  BOOST_TEST(of("walk-cache", "walk") == 2 * 1 + 2U);
}

BOOST_AUTO_TEST_CASE(patterns_take_their_ideal_cycles_and_more_with_slower_memory) {
  const nlohmann::json rows = bench("--accesses 4000 --machine sv39").at("memory");
  BOOST_TEST_REQUIRE(rows.size() == 18U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BOOST_TEST(rows[i].at("latency") == (std::array{10, 50, 100}[i % 3]));
    BOOST_TEST(rows[i].at("ratio").get<double>() >= 1.0);
    if (i % 3 != 0) BOOST_TEST(rows[i].at("cycles").get<double>() > rows[i - 1].at("cycles").get<double>());
  }
  // Every pointer waits for memory but for the quarter that the cache holds.
  const nlohmann::json& chase = rows[2];
  BOOST_TEST(chase.at("pattern") == "chase");
  BOOST_TEST(chase.at("ideal").get<double>() > 70.0);
  BOOST_TEST(chase.at("ideal").get<double>() < 110.0);
}

// All of them: fetches, loads and stores of one process race each other in its trace.
BOOST_DATA_TEST_CASE(the_bench_trace_is_clean_on_every_machine, boost::unit_test::data::make([] {
                       std::vector<std::string> names;
                       for (const Machine& machine : machines()) names.push_back(machine.name);
                       return names;
                     }()),
                     name) {
  const nlohmann::json result = bench("--accesses 2000 --machine " + name);
  BOOST_TEST(result.at("checked").at("accesses") == 2000);
  BOOST_TEST(result.at("ratio").get<double>() > 0.0);
}

// How fast depends on the computer; how it grows does not.
BOOST_AUTO_TEST_CASE(a_fault_costs_the_same_among_many_processes_and_areas_are_small) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("bench os --json --accesses 10000");
  BOOST_TEST_REQUIRE(result.status == 0, result.err);
  const nlohmann::json json = nlohmann::json::parse(result.out);
  BOOST_TEST(json.at("processes") == 1000);
  BOOST_TEST(json.at("areas") == 1000);
  BOOST_TEST(json.at("resident_bytes").get<double>() < double{1U << 30});
  const nlohmann::json& faults = json.at("faults");
  BOOST_TEST_REQUIRE(faults.size() == 3U);
  for (const char* kind : {"demand_seconds", "copy_seconds"}) {
    BOOST_TEST(faults[2].at(kind).get<double>() < 3 * faults[0].at(kind).get<double>());
  }
  BOOST_TEST(json.at("accesses_per_second").get<double>() > 0);
  BOOST_TEST(pagewalk("bench os --machine toy6").status == 2);
}

}  // namespace vm
