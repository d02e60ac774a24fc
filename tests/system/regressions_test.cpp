// SPDX-License-Identifier: Apache-2.0
//
// Every trace of tests/regressions, as it is and in other weathers: what once failed, or must never fail.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"

namespace vm {
namespace {

const std::string kFolder = std::string(VM_SOURCE_DIR) + "/tests/regressions";

const char* const kWeathers[] = {"", "--seed 7 --stall half --latency 'random 1..9'",
                                 "--seed 8 --stall bursty --latency 'random 1..30'", "--latency 1"};

BOOST_DATA_TEST_CASE(every_regression_is_clean, boost::unit_test::data::make(kWeathers), weather) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --json " + std::string(weather) + " " + kFolder + "/*.pwt");
  BOOST_TEST_REQUIRE(result.status == 0, result.err.substr(0, 4000));
  const nlohmann::json all = nlohmann::json::parse(result.out);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) files += entry.path().extension() == ".pwt";
  BOOST_TEST(files >= 3U);
  BOOST_TEST(all["scenarios"].get<std::size_t>() >= files);
  BOOST_TEST(all["mismatches"] == 0);
}

}  // namespace
}  // namespace vm
