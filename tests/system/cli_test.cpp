// SPDX-License-Identifier: Apache-2.0
//
// The program as a whole: what it prints, and its exit status.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "machine/machine.h"
#include "program.h"

namespace vm {
namespace {

const std::string kSource = VM_SOURCE_DIR;

BOOST_AUTO_TEST_CASE(a_clean_run_exits_0_and_prints_the_seed_first) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --seed 42 " + kSource + "/sim/scenarios/toy5.pwt");
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out.starts_with("seed 42\n"), result.out);
  BOOST_TEST(contains(result.out, "ok   toy5"), result.out);
  BOOST_TEST(contains(result.out, "1 scenarios, 1 passed"), result.out);
}

BOOST_AUTO_TEST_CASE(a_failed_expectation_exits_1_and_says_what_was_found) {
  const Program pagewalk;
  const std::string file = pagewalk.file("wrong.pwt", "machine csapp14\n[A] L 0x03d4,1 = 0x37\n");
  const ProgramResult result = pagewalk("run " + file);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "FAIL wrong"), result.out);
  BOOST_TEST(result.err == file + ":2:1: [A] L 0x3d4,1: value: expected 37, found 36\n");
}

BOOST_AUTO_TEST_CASE(json_has_the_promised_members) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --json " + kSource + "/sim/scenarios/csapp14.pwt");
  BOOST_TEST_REQUIRE(result.status == 0, result.err);
  const nlohmann::json all = nlohmann::json::parse(result.out);
  for (const char* member : {"scenarios", "accesses", "translations", "cycles", "mismatches", "failed_expectations",
                             "backdoor_accesses", "mean_legal_set", "seed"}) {
    BOOST_TEST(all.contains(member), member);
  }
  BOOST_TEST(all["accesses"] == 5);
  BOOST_TEST(all["translations"] == 5);
}

BOOST_AUTO_TEST_CASE(one_scenario_of_a_file_can_be_chosen) {
  const Program pagewalk;
  const std::string file = kSource + "/sim/scenarios/lewis8.pwt";
  const ProgramResult result = pagewalk("run --scenario 'lewis8#2' " + file);
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(contains(result.out, "1 scenarios"), result.out);
  BOOST_TEST(pagewalk("run --scenario nothing " + file).status == 2);
}

BOOST_AUTO_TEST_CASE(waves_are_written_for_one_scenario) {
  const Program pagewalk;
  const std::string waves = pagewalk.path("toy5.fst");
  BOOST_TEST(pagewalk("run --waves " + waves + " " + kSource + "/sim/scenarios/toy5.pwt").status == 0);
  BOOST_TEST(std::filesystem::file_size(waves) > 1000U);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_cycles) {
  const Program pagewalk;
  const std::string arguments =
      "run --json --stall half --latency 'random 1..30' " + kSource + "/sim/scenarios/flat32-fork.pwt --seed ";
  const auto cycles = [&](const std::string& seed) {
    return nlohmann::json::parse(pagewalk(arguments + seed).out)["cycles"].get<std::uint64_t>();
  };
  BOOST_TEST(cycles("5") == cycles("5"));
  BOOST_TEST(cycles("5") != cycles("6"));
}

BOOST_AUTO_TEST_CASE(machines_lists_every_machine_with_its_geometry) {
  const Program pagewalk;
  const nlohmann::json list = nlohmann::json::parse(pagewalk("machines --json").out);
  BOOST_TEST(list.size() == machines().size());
  for (const nlohmann::json& m : list) {
    if (m["name"] != "csapp14") continue;
    BOOST_TEST(m["va_bits"] == 14);
    BOOST_TEST(m["dtlb"]["sets"] == 4);
    BOOST_TEST(m["dtlb"]["ways"] == 4);
    BOOST_TEST(m["dcache"]["line_bytes"] == 4);
    BOOST_TEST(m["format"]["page_bytes"] == 64);
  }
  BOOST_TEST(contains(pagewalk("machines").out, "csapp14"));
}

BOOST_AUTO_TEST_CASE(explain_draws_the_first_access_of_the_simple_memory_system) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("explain 0x03d4 --machine csapp14");
  BOOST_TEST(result.status == 0, result.err);
  for (const char* part :
       {"VPN 0xF   TLBI 0x3   TLBT 0x3   VPO 0x14", "TLB hit", "page fault: no", "PPN 0xD", "CO 0x0   CI 0x5   CT 0xD",
        "cache hit", "byte: 0x36", "| 0| 0| 0| 0| 1| 1| 1| 1| 0| 1| 0| 1| 0| 0|"}) {
    BOOST_TEST(contains(result.out, part), std::string(part) + "\n" + result.out);
  }
}

BOOST_AUTO_TEST_CASE(explain_draws_a_miss_and_a_walk) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("explain 0x028f --machine csapp14");
  for (const char* part :
       {"TLB miss", "entry read at 0x100A", "level 0", "PPN 0x9", "CO 0x3   CI 0x3   CT 0x9", "cache miss"}) {
    BOOST_TEST(contains(result.out, part), std::string(part) + "\n" + result.out);
  }
}

BOOST_AUTO_TEST_CASE(machines_tells_the_levels_and_what_large_pages_have) {
  const Program pagewalk;
  for (const nlohmann::json& m : nlohmann::json::parse(pagewalk("machines --json").out)) {
    if (m["name"] != "corei7") continue;
    BOOST_TEST(m["format"]["kind"] == "x86");
    BOOST_TEST(m["format"]["levels"] == 4);
    BOOST_TEST(m["format"]["max_leaf_level"] == 2);
    BOOST_TEST(m["format"]["hw_ad"] == true);
    BOOST_TEST(m["super_entries"] == 4);
    BOOST_TEST(m["l2tlb"]["entries"] == 512);
    BOOST_TEST(m["walk_cache_sets"] == 4);
  }
  BOOST_TEST(contains(pagewalk("machines").out, "12+9+9+9+9"));
}

BOOST_AUTO_TEST_CASE(explain_draws_four_levels_in_both_numberings) {
  const Program pagewalk;
  const std::string trace = " --trace " + kSource + "/sim/scenarios/corei7-walk.pwt";
  const ProgramResult result = pagewalk("explain 0x8080604567" + trace);
  BOOST_TEST(result.status == 0, result.err);
  for (const char* part :
       {"|<-----VPN1------>|<-----VPN2------>|<-----VPN3------>|<-----VPN4------>|<---------VPO--------->|",
        "TLBI 0x4   TLBT 0x808060   VPO 0x567", "TLB miss", "walk: 4 entries read, the last at 0x103020",
        "level 3 (L1): VPN1 0x1, entry 0x101027 at 0x100008: table at 0x101000",
        "level 0 (L4): VPN4 0x4, entry 0x12345027 at 0x103020: PPN 0x12345, page of 4096 bytes, rwx user accessed",
        "CO 0x27   CI 0x15   CT 0x12345", "byte: 0x36"}) {
    BOOST_TEST(contains(result.out, part), std::string(part) + "\n" + result.out);
  }
  BOOST_TEST(contains(pagewalk("explain 0x8080606000" + trace).out, "invalid at 0x8080606000; entry 0xFF8"));
}

BOOST_AUTO_TEST_CASE(explain_shows_a_fault_with_its_entry) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("explain 0x13 --machine toy5");
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(contains(result.out, "page fault: yes: invalid at 0x13; entry 0x0 at 0x42, level 0"), result.out);
}

BOOST_AUTO_TEST_CASE(explain_in_kernel_mode_reaches_a_kernel_page) {
  const Program pagewalk;
  const std::string arguments = "explain 0x355 --trace " + kSource + "/sim/scenarios/toy10-kernel-only.pwt";
  BOOST_TEST(contains(pagewalk(arguments).out, "page fault: yes: privilege"));
  BOOST_TEST(contains(pagewalk(arguments + " --kernel").out, "byte: 0x05"));
}

BOOST_AUTO_TEST_CASE(explain_answers_the_arithmetic_exercises) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("explain 0x12345678 --va-bits 32 --pa-bits 30 --page-size 4096 --flags 2");
  BOOST_TEST(contains(result.out, "2^20 virtual pages (1048576)"), result.out);
  BOOST_TEST(contains(result.out, "2^20 entries x (18 + 2) bits = 20971520 bits"), result.out);
  BOOST_TEST(contains(result.out, "page 0x12345, offset 0x678"), result.out);
}

BOOST_AUTO_TEST_CASE(plain_lackey_output_runs_as_it_is) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --json " + kSource + "/tests/system/data/lackey.txt");
  BOOST_TEST_REQUIRE(result.status == 0, result.err);
  const nlohmann::json all = nlohmann::json::parse(result.out);
  BOOST_TEST(all["accesses"] == 23);  // 21 lines, of which two modify
  BOOST_TEST(all["mismatches"] == 0);
}

BOOST_AUTO_TEST_CASE(a_lackey_address_the_machine_does_not_have_is_bad_input) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --machine lewis16 " + kSource + "/tests/system/data/lackey.txt");
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "lackey.txt:4:4: found"), result.err);
}

}  // namespace
}  // namespace vm
