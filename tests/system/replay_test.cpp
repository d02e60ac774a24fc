// SPDX-License-Identifier: Apache-2.0
//
// pagewalk replay: a failure once more, and the waves around it. The failing machine is one with a seeded defect.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "program.h"

namespace vm {
namespace {

const std::string kClean = std::string(VM_SOURCE_DIR) + "/tests/regressions/accessed-and-dirty-race.pwt";
const std::string kBroken = std::string(VM_MACHINE_DIR) + "/mutant-t1_bubble_after_hit.so";

// Accesses in a row without translation, long after reset; on the defective machine each comes a cycle late.
const std::string kHits =
    "machine toy5\nports\ntitle accesses in a row\n+600 data L 0,1\n+0 data L 1,1\n+0 data L 2,1\n+600 data L 3,1\n"
    "+600 wait\n";

// Times at which something changes in the waves.
std::vector<std::uint64_t> times(const Program& folder, const std::string& waves) {
  const std::string text = folder.path("waves.vcd");
  BOOST_TEST_REQUIRE(std::system(("fst2vcd -f " + waves + " >" + text).c_str()) == 0);
  std::vector<std::uint64_t> result;
  std::istringstream lines(Program::read(text));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) result.push_back(std::stoull(line.substr(1)));
  }
  return result;
}

BOOST_AUTO_TEST_CASE(what_is_clean_exits_0_and_has_no_waves) {
  const Program pagewalk;
  const std::string waves = pagewalk.path("none.fst");
  const ProgramResult result = pagewalk("replay " + kClean + " --waves " + waves);
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(contains(result.out, "ok   accessed-and-dirty-race"), result.out);
  BOOST_TEST(contains(result.out, "nothing failed: no waves"), result.out);
  BOOST_TEST(!std::filesystem::exists(waves));
}

BOOST_AUTO_TEST_CASE(a_mismatch_exits_1_and_names_its_first_cycle_and_check) {
  const Program pagewalk;
  const std::string file = pagewalk.file("hits.pwt", kHits);
  BOOST_TEST(pagewalk("replay " + file).status == 0);
  const ProgramResult result = pagewalk("replay " + file + " --hardware " + kBroken);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "FAIL hits"), result.out);
  BOOST_TEST(contains(result.out, "first mismatch in cycle "), result.out);
  BOOST_TEST(contains(result.out, ": time\n"), result.out);
  BOOST_TEST(contains(result.err, "replay: pagewalk replay " + file + " --scenario 'hits' --seed 1 --hardware"),
             result.err);
}

BOOST_AUTO_TEST_CASE(waves_show_the_cycles_around_the_first_mismatch_and_no_others) {
  const Program pagewalk;
  const std::string waves = pagewalk.path("out.fst");
  const ProgramResult result =
      pagewalk("replay --json " + pagewalk.file("hits.pwt", kHits) + " --hardware " + kBroken + " --waves " + waves);
  BOOST_TEST(result.status == 1);
  const nlohmann::json run = nlohmann::json::parse(result.out)["runs"][0];
  const auto cycle = run["first_mismatch"]["cycle"].get<std::uint64_t>();
  BOOST_TEST(cycle > 600U);
  BOOST_TEST(run["first_mismatch"]["check"] == "time");
  BOOST_TEST(run["waves"]["file"] == waves);
  BOOST_TEST(run["waves"]["first_cycle"] == cycle - 200);
  BOOST_TEST(run["waves"]["last_cycle"] == cycle + 50);
  // Two times a cycle, four cycles of reset before the first.
  const std::vector<std::uint64_t> changes = times(pagewalk, waves);
  BOOST_TEST(changes.front() == 2 * (cycle - 200 + 4));
  BOOST_TEST(changes.back() <= 2 * (cycle + 50 + 4) + 1);
  BOOST_TEST(changes.back() > 2 * (cycle + 4));
}

BOOST_AUTO_TEST_CASE(a_failed_expectation_has_waves_of_the_whole_run) {
  const Program pagewalk;
  const std::string waves = pagewalk.path("out.fst");
  const ProgramResult result =
      pagewalk("replay " + pagewalk.file("wrong.pwt", "machine toy5\n[A] L 0x03,1 = 0x4B\n") + " --waves " + waves);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "waves of cycles 0 to "), result.out);
  BOOST_TEST(times(pagewalk, waves).front() == 0U);
}

BOOST_AUTO_TEST_CASE(bad_input_exits_2) {
  const Program pagewalk;
  BOOST_TEST(pagewalk("replay " + pagewalk.path("missing.pwt")).status == 2);
  BOOST_TEST(pagewalk("replay " + kClean + " --scenario other").status == 2);
  const ProgramResult other = pagewalk("replay " + kClean + " --hardware " + kBroken);
  BOOST_TEST(other.status == 2);
  BOOST_TEST(contains(other.err, "was elaborated for a machine that differs from sv39"), other.err);
  const ProgramResult model = pagewalk("run --model " + kClean);
  BOOST_TEST(model.status == 2);
  BOOST_TEST(contains(model.err, "found `ports`, expected a trace for the operating system with --model"), model.err);
  BOOST_TEST(pagewalk("explain 0 --trace " + kClean).status == 2);
}

}  // namespace
}  // namespace vm
