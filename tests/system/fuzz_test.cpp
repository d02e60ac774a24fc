// SPDX-License-Identifier: Apache-2.0
//
// pagewalk fuzz as a user runs it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"

namespace vm {
namespace {

const std::string kMutant = std::string(VM_MACHINE_DIR) + "/mutant-kernel_page_open.so";

nlohmann::json campaign(const Program& pagewalk, const std::string& arguments, int status) {
  const ProgramResult result = pagewalk("fuzz --json --out " + pagewalk.path("out") + " " + arguments);
  BOOST_TEST_REQUIRE(result.status == status, result.err + result.out.substr(0, 2000));
  return nlohmann::json::parse(result.out);
}

BOOST_AUTO_TEST_CASE(a_short_campaign_on_small_machines_is_clean) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("fuzz --machine toy5,lewis8,csapp14 --seconds 5 --out " + pagewalk.path("out"));
  BOOST_TEST(result.status == 0, result.out + result.err);
  BOOST_TEST(result.out.starts_with("seed "));
  BOOST_TEST(contains(result.out, " 0 mismatches, 0 failures"), result.out);
}

BOOST_AUTO_TEST_CASE(rounds_do_not_depend_on_the_number_of_jobs) {
  const Program pagewalk;
  const auto figures = [&](const std::string& jobs) {
    nlohmann::json json = campaign(pagewalk, "--machine toy5,toy10 --seed 5 --accesses 15000 --jobs " + jobs, 0);
    json.erase("jobs");
    json.erase("seconds");
    return json;
  };
  const nlohmann::json one = figures("1");
  BOOST_TEST(one["accesses"].get<std::uint64_t>() >= 15000U);
  BOOST_TEST(one == figures("2"));
}

BOOST_AUTO_TEST_CASE(a_seeded_defect_is_found_and_its_trace_is_small_and_fails_by_the_same_check) {
  const Program pagewalk;
  const std::string hardware = "--hardware " + kMutant;
  for (const std::string kind : {"system", "ports"}) {
    const nlohmann::json json = campaign(
        pagewalk,
        fmt::format("--machine toy10 --seed 3 --seconds 60 --shrink-seconds 100 --kind {} {}", kind, hardware), 1);
    BOOST_TEST_REQUIRE(json["failures"].size() == 1U);
    const nlohmann::json& failure = json["failures"][0];
    BOOST_TEST(failure["check"] == "translation.walk");
    BOOST_TEST(failure["repeats"] == true);
    BOOST_TEST(failure["shrunk_lines"].get<int>() <= 15, failure.dump(2));
    for (const char* file : {"trace", "shrunk"}) {
      const ProgramResult replay = pagewalk("replay --json " + hardware + " " + failure[file].get<std::string>());
      BOOST_TEST_REQUIRE(replay.status == 1, replay.err);
      BOOST_TEST(nlohmann::json::parse(replay.out)["runs"][0]["first_mismatch"]["check"] == "translation.walk");
    }
    // The machine without the defect has nothing to say about it.
    BOOST_TEST(pagewalk("replay " + failure["shrunk"].get<std::string>()).status == 0);
    const std::string round = failure["replay_round"].get<std::string>();
    BOOST_TEST_REQUIRE(round.starts_with("pagewalk fuzz "));
    const nlohmann::json again =
        campaign(pagewalk, round.substr(std::string("pagewalk fuzz ").size()) + " --shrink-seconds 0", 1);
    BOOST_TEST(again["failures"][0]["check"] == failure["check"]);
    BOOST_TEST(again["failures"][0]["cycle"] == failure["cycle"]);
  }
}

BOOST_AUTO_TEST_CASE(the_operating_system_model_alone_is_clean) {
  const Program pagewalk;
  const nlohmann::json json = campaign(pagewalk, "--model --kind system --accesses 20000", 0);
  BOOST_TEST(json["accesses"].get<std::uint64_t>() >= 20000U);
  BOOST_TEST(json["cycles"] == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_killed_is_a_failure_of_its_round) {
  const Program pagewalk;
  // Kills what the campaign started as soon as there is something.
  const std::string script =
      "children=$(cat /proc/$pid/task/$pid/children); until [ -n \"$children\" ] || ! kill -0 $pid; do "
      "sleep 0.02; children=$(cat /proc/$pid/task/$pid/children); done; kill -9 $children; wait $pid";
  const std::string command =
      "cd / && { " + std::string(VM_PAGEWALK) +
      " fuzz --json --machine corei7 --kind system --jobs 1 --seed 1 --seconds 30 --shrink-seconds 1 --out " +
      pagewalk.path("out") + " >" + pagewalk.path("killed") + " & pid=$!; " + script + "; }";
  const int raw = std::system(("sh -c '" + command + "'").c_str());
  BOOST_TEST_REQUIRE(WIFEXITED(raw));
  BOOST_TEST(WEXITSTATUS(raw) == 1);
  const nlohmann::json json = nlohmann::json::parse(Program::read(pagewalk.path("killed")));
  BOOST_TEST_REQUIRE(json["failures"].size() == 1U);
  BOOST_TEST(json["failures"][0]["check"] == "crash");
  BOOST_TEST(contains(json["failures"][0]["message"].get<std::string>(), "signal 9"));
  BOOST_TEST(contains(json["failures"][0]["replay_round"].get<std::string>(), "--round 0"));
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_one_sentence_and_status_2) {
  const Program pagewalk;
  const std::string there = "--hardware " + kMutant;
  for (const std::string& arguments :
       {std::string("--machine pdp11"), std::string("--kind both --jobs 0"), std::string("--kind neither"),
        std::string("--model --kind ports"), std::string("--seconds soon"), std::string("--pressure 0"),
        std::string("--kind ports --pressure 10"), std::string("--machine toy5 --hardware /nowhere.so"),
        "--machine all " + there, "--model --machine toy10 " + there, "--coverage x.json --machine toy10 " + there}) {
    const ProgramResult result = pagewalk("fuzz " + arguments);
    BOOST_TEST(result.status == 2, arguments << ": " << result.out << result.err);
    BOOST_TEST(!result.err.empty());
  }
}

}  // namespace
}  // namespace vm
