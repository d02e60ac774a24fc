// SPDX-License-Identifier: Apache-2.0
//
// LR, SC and AMOs of processes: the scenarios on hardware and reference platform, and short campaigns.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"

namespace vm {
namespace {

const std::string kScenarios = std::string(VM_SOURCE_DIR) + "/sim/scenarios/atomics.pwt";
const char* const kWays[] = {"", "--model", "--seed 5 --latency 'random 1..30' --stall half"};

BOOST_DATA_TEST_CASE(processes_share_locks_and_counters, boost::unit_test::data::make(kWays), way) {
  const Program pagewalk;
  const ProgramResult result = pagewalk(std::string("run --json ") + way + " " + kScenarios);
  BOOST_TEST_REQUIRE(result.status == 0, result.out.substr(0, 4000) + result.err);
  const nlohmann::json all = nlohmann::json::parse(result.out);
  BOOST_TEST(all["scenarios"] == all["passed"]);
  BOOST_TEST(all["mismatches"] == 0);
  BOOST_TEST(all["expectations"] > 100);
}

BOOST_DATA_TEST_CASE(a_short_campaign_is_clean, boost::unit_test::data::make({"ports", "system"}), kind) {
  const Program pagewalk;
  const ProgramResult result = pagewalk(std::string("fuzz --machine flat32,sv39-ulx3s --seconds 8 --kind ") + kind +
                                        " --out " + pagewalk.path("out"));
  BOOST_TEST(result.status == 0, result.out + result.err);
}

}  // namespace
}  // namespace vm
