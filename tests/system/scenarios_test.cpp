// SPDX-License-Identifier: Apache-2.0
//
// Every scenario on the verilated hardware: as it is, and under a stall policy with memory of random latency; which one
// of them changes from day to day. What a scenario expects (values, faults, hits, bus accesses) must not depend on
// either.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "program.h"

namespace vm {
namespace {

const std::string kScenarios = std::string(VM_SOURCE_DIR) + "/sim/scenarios/*.pwt";

nlohmann::json run_all(const std::string& options, const std::string& files = kScenarios) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --json " + options + " " + files);
  BOOST_TEST_REQUIRE(result.status == 0, result.err.substr(0, 4000));
  return nlohmann::json::parse(result.out);
}

void check_clean(const nlohmann::json& all) {
  BOOST_TEST(all["scenarios"] == all["passed"]);
  BOOST_TEST(all["mismatches"] == 0);
  BOOST_TEST(all["failed_expectations"] == 0);
  BOOST_TEST(all["backdoor_accesses"] == 0);
}

BOOST_AUTO_TEST_CASE(all_scenarios_pass_as_they_are) {
  const nlohmann::json all = run_all("");
  check_clean(all);
  BOOST_TEST(all["translations"] > 0);
  // The OS fences at once: nothing but the present translation is ever legal, except that an access which sets accessed
  // bits on its way and is then denied may show its entry before or after.
  BOOST_TEST(all["mean_legal_set"] >= 1.0);
  BOOST_TEST(all["mean_legal_set"] < 1.005);
}

BOOST_AUTO_TEST_CASE(every_textbook_machine_has_a_scenario) {
  std::set<std::string> used;
  const nlohmann::json all = run_all("--model");
  for (const nlohmann::json& run : all["runs"]) used.insert(run["machine"].get<std::string>());
  for (const Machine& m : machines()) BOOST_TEST(used.contains(m.name), m.name);
}

// All files but one, in which five hundred pages are cleared: a third of all cycles. In order.
std::vector<std::string> most_scenarios() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(VM_SOURCE_DIR) + "/sim/scenarios")) {
    const std::filesystem::path& file = entry.path();
    if (file.extension() == ".pwt" && file.stem() != "smaller-tables") files.push_back(file.string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Each scenario under one policy; another one with the next seed.
BOOST_AUTO_TEST_CASE(all_scenarios_pass_under_stall_policies) {
  const std::vector<std::string> policies{"half", "bursty", "'until 300'"};
  const char* wished = std::getenv("VM_SEED");
  const std::uint64_t seed = wished != nullptr ? std::strtoull(wished, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  std::vector<std::string> files(policies.size());
  std::uint64_t turn = seed % policies.size();
  for (const std::string& file : most_scenarios()) files[turn++ % policies.size()] += " " + file;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    BOOST_TEST_CONTEXT("VM_SEED=" << seed << ", " << policies[i]) {
      check_clean(run_all("--seed 7 --latency 'random 1..30' --stall " + policies[i], files[i]));
    }
  }
}

BOOST_AUTO_TEST_CASE(all_scenarios_pass_on_the_reference_platform) { check_clean(run_all("--model")); }

}  // namespace
}  // namespace vm
