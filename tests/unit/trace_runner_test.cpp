// SPDX-License-Identifier: Apache-2.0
//
// The trace runner on the reference platform: that what is expected is compared, and what is done is done.
#include <boost/test/unit_test.hpp>
#include <string>

#include "machine/error.h"
#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::trace {
namespace {

RunReport run(const std::string& text, std::uint64_t seed = 1) {
  const Trace trace = parse_text(text, "t.pwt", {});
  const Scenario& scenario = trace.scenarios.front();
  ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
  Runner runner(trace.files, scenario, testbed, {seed, {}, false, true});
  RunReport report = runner.run();
  BOOST_TEST(testbed.mismatches() == 0U);
  return report;
}

void check_passes(const std::string& text) {
  const RunReport report = run(text);
  const std::string text_of_first = report.failures.empty() ? "" : report.failures.front().text;
  BOOST_TEST(text_of_first == "");
}

void check_fails(const std::string& text, const std::string& message) {
  const RunReport report = run(text);
  BOOST_TEST_REQUIRE(report.failures.size() == 1U);
  BOOST_TEST(report.failures.front().text == message);
}

const std::string kSetup = "machine lewis8\nprocess A\nmap A 0 -> 7 rw\nmap A 1 -> 6 r\nmemory 0x1C: 11 22 33 44\n";

BOOST_AUTO_TEST_CASE(a_wrong_value_is_a_failure_that_says_line_expected_and_found) {
  check_fails(kSetup + "[A] L 0,2 = 0x2212\n", "t.pwt:6:1: [A] L 0x0,2: value: expected 12 22, found 11 22");
}

BOOST_AUTO_TEST_CASE(an_unexpected_fault_ends_the_scenario) {
  const RunReport report = run(kSetup + "[A] L 8,1\n[A] L 0,1 = 0\n");
  BOOST_TEST_REQUIRE(report.failures.size() == 1U);
  BOOST_TEST(report.failures.front().text ==
             "t.pwt:6:1: [A] L 0x8,1: expected no fault, found segv, fault invalid at 0x8");
  BOOST_TEST(report.accesses == 1U);
}

BOOST_AUTO_TEST_CASE(an_expected_fault_in_the_middle_of_a_batch_lets_the_rest_go_on) {
  const RunReport report = run(kSetup + "[A] L 0,1 = 0x11\n[A] L 8,4 = fault invalid at 8\n[A] L 1,1 = 0x22\n");
  BOOST_TEST(report.failures.empty());
  BOOST_TEST(report.accesses == 3U);
}

BOOST_AUTO_TEST_CASE(a_fault_that_does_not_come_is_a_failure) {
  check_fails(kSetup + "[A] L 0,1 = fault invalid\n", "t.pwt:6:1: [A] L 0x0,1: expected fault invalid, found no fault");
}

BOOST_AUTO_TEST_CASE(another_cause_than_expected_is_a_failure) {
  check_fails(kSetup + "[A] S 4,1 = 0 = fault invalid\n",
              "t.pwt:6:1: [A] S 0x4,1: expected fault invalid, found segv, fault write at 0x4");
}

BOOST_AUTO_TEST_CASE(a_register_carries_a_value_from_a_load_to_a_store) {
  check_passes(kSetup + "[A] r3 = L 0,2\n[A] r3 += 1\n[A] S 2,2 = r3\n[A] L 0,4 = 0x22122211\n");
}

BOOST_AUTO_TEST_CASE(the_child_of_a_fork_has_the_parents_registers) {
  check_passes(
      "machine flat32\nprocess A\n[A] r5 = 7\n[A] fork() = B\n[B] r5 += 1\nexpect register B r5 = 8\n"
      "expect register A r5 = 7\n");
}

BOOST_AUTO_TEST_CASE(modify_adds_one_across_bytes) {
  check_passes(kSetup + "[A] S 0,4 = 0x0000FFFF\n[A] M 0,4 = 0x0000FFFF\n[A] L 0,4 = 0x00010000\n");
}

BOOST_AUTO_TEST_CASE(modify_of_a_page_that_is_not_writable_can_expect_its_fault) {
  check_passes(kSetup + "[A] M 4,4 = fault write at 4\n");
}

BOOST_AUTO_TEST_CASE(an_access_wider_than_eight_bytes_is_whole) {
  check_passes(
      "machine flat32\nprocess A\narea A 0..0x4000 rw\n[A] S 0x0FFA,12 = \"page to page\" faults=2\n"
      "[A] L 0x0FFA,12 = \"page to page\" faults=0\n");
}

BOOST_AUTO_TEST_CASE(stores_without_value_depend_on_the_seed) {
  const std::string text = "machine lewis8\nprocess A\nmap A 0 -> 7 rw\n[A] S 0,4\n[A] L 0,4 = 0\n";
  const std::string first = run(text, 1).failures.at(0).text;
  BOOST_TEST(first == run(text, 1).failures.at(0).text);
  BOOST_TEST(first != run(text, 2).failures.at(0).text);
}

BOOST_AUTO_TEST_CASE(counts_start_again_at_a_mark) {
  check_passes(
      "machine flat32\nprocess A\narea A 0..0x4000 rw\n[A] S 0,1 = 1\nmark\n[A] S 0x1000,1 = 1\n"
      "[A] S 0x2000,1 = 1\nexpect count faults = 2\nexpect count zero-fills = 2\n");
}

BOOST_AUTO_TEST_CASE(a_refusal_that_nobody_expected_is_a_failure) {
  check_fails(kSetup + "[A] ctl base 0\n", "t.pwt:6:1: ctl: expected done, found refused");
}

BOOST_AUTO_TEST_CASE(a_host_store_is_seen_by_the_process) {
  check_passes(kSetup + "[A] L 0,1 = 0x11\nhost S 0x1C,1 = 0x99\n[A] L 0,1 = 0x99\n");
}

BOOST_AUTO_TEST_CASE(a_page_mapped_at_run_time_is_what_lies_in_its_frame) {
  check_passes(kSetup +
               "[A] L 8,4 = segv\nmap A 2 -> 7 r\n[A] L 8,4 = {11 22 33 44} pa=0x1C\nunmap A 2\n"
               "expect map A 2 -> none\n[A] L 8,4 = segv\n");
}

const std::string kSv39 =
    "machine sv39\nprocess A\nmap A 0x200 -> 0x80200 2M rw\nmap A 0x10 -> 0x80010 r global\nmemory 0x80200000: 11\n";

BOOST_AUTO_TEST_CASE(what_a_leaf_says_is_compared_word_by_word) {
  check_passes(kSv39 + "[A] L 0x200000,1 = 0x11\nexpect map A 0x200 -> 0x80200 rw 2M accessed clean local pma\n");
  check_fails(kSv39 + "[A] L 0x200000,1 = 0x11\nexpect map A 0x200 -> 0x80200 4K dirty\n",
              "t.pwt:7:1: map A 0x200: expected 0x80200 4096 bytes dirty, found 0x80200 2097152 bytes clean");
  check_fails(kSv39 + "expect map A 0x10 -> 0x80010 rw local nc\n",
              "t.pwt:6:1: map A 0x10: expected 0x80010 rw local memory type 2, found 0x80010 r global memory type 6");
}

BOOST_AUTO_TEST_CASE(code_and_level_of_a_fault_are_compared) {
  check_passes(kSv39 + "[A] I 0x200000,1 = fault exec code=12 level=1\n[A] L 0x201,1 = fault page code=13\n");
  check_fails(kSv39 + "[A] I 0x200000,1 = fault exec code=13\n",
              "t.pwt:6:1: [A] I 0x200000,1: code: expected 0xd, found 0xc");
  check_fails(kSv39 + "[A] I 0x200000,1 = fault exec level=0\n",
              "t.pwt:6:1: [A] I 0x200000,1: level: expected 0x0, found 0x1");
  check_fails(kSv39 + "[A] L 0x200000,1 = fault page\n",
              "t.pwt:6:1: [A] L 0x200000,1: expected a page fault, found no fault");
}

BOOST_AUTO_TEST_CASE(an_entry_in_memory_is_compared_whole) {
  const std::string raw = "machine corei7\nprocess A table=0x10000 raw\nentry 0x10000 = 0x11007\n";
  check_passes(raw + "[A] L 0,1 = fault invalid level=2 code=0x0E04\nexpect entry 0x10000 = 0x11027\n");
  check_fails(raw + "expect entry 0x10000 = 0x11027\n", "t.pwt:4:1: entry 0x10000: expected 0x11027, found 0x11007");
}

BOOST_AUTO_TEST_CASE(a_raw_process_is_never_helped) {
  const RunReport report =
      run("machine sv39\nprocess A table=0x80001000 raw\n[A] L 0,1 = segv\n"
          "[A] mmap(0x600000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = -1 ENOSYS\n");
  BOOST_TEST(report.failures.empty());
}

BOOST_AUTO_TEST_CASE(a_control_write_of_the_trace_takes_effect) {
  check_passes(
      "machine sv39\nprocess A\nmap A 0x10 -> 0x80010\nmemory 0x80010000: 22\n[A] L 0x10000,1 = 0x22\n"
      "[A:kernel] ctl satp 0\n[A] L 0x80010000,1 = 0x22 pa=0x80010000\n[A] ctl satp 0 = refused\n"
      "[A:kernel] ctl env 0x100 = done\n[A:kernel] ctl pat 0 = refused\n[A:kernel] ctl base 0 = refused\n");
}

BOOST_AUTO_TEST_CASE(whatever_happens_to_an_access_marked_any_is_right) {
  check_passes(
      kSetup +
      "[A] L 0,2 = any\n[A] L 8,1 = any\n[A] S 4,1 = 1 = any\n[A] S 4,1 = any\n[A] M 0x18,2 = any\n[A] L 0,1 = 0x11\n");
  check_passes(kSetup + "[A] L 0x1000,1 = any\n");  // no address of the machine
  const RunReport report = run(kSetup + "[A] L 8,1 = any\n[A] L 0,1\n");
  BOOST_TEST(report.accesses == 2U);
  BOOST_TEST(report.refused == 1U);
}

BOOST_AUTO_TEST_CASE(calls_and_operations_marked_any_may_fail) {
  check_passes(kSetup +
               "[A] mmap(0x8, 4, PROT_READ, MAP_SHARED, -1, 0) = any\n[A] fence all = any\n"
               "[A:kernel] fence all = any\n[A] ctl base 0 = any\nhost L 0x7C,4 = any\nmap A 2 -> 5 = any\n"
               "[A] L 8,4 = 0\n");
  check_fails(kSetup + "[A] ctl base 0\n", "t.pwt:6:1: ctl: expected done, found refused");
}

BOOST_AUTO_TEST_CASE(each_call_is_done_once) {
  const RunReport report = run(kSetup + "[A] fork() = B\n[A] vfork() = C\n[C] exit(0)\n[B] fork(copy) = D any\n");
  using Calls = std::map<std::string_view, std::uint64_t>;
  BOOST_TEST((report.calls == Calls{{"exit", 1}, {"fork", 1}, {"fork(copy)", 1}, {"vfork", 1}}));
}

// Two frames, which A has; B wants one.
BOOST_AUTO_TEST_CASE(a_process_that_was_killed_has_no_steps_but_what_is_expected_of_it) {
  const std::string text =
      "machine lewis8\nfree 4 5\noom kill\nprocess A\nprocess B\narea A 8..0x14 rw\narea B 8..0x14 rw\n"
      "[A] S 8,1\n[A] S 0xC,1\n[B] S 8,1\nexpect process A killed\n"
      "[A] munmap(8, 4) = any\n[A:kernel] fence all\nmap A 0 -> 7 rw = any\nswitch A\nrlimit A memory=1\n";
  check_passes(text + "[A] L 8,1 = killed\n");
  check_fails(text + "[A] L 8,1 = 0\n", "t.pwt:17:1: [A] L 0x8,1: expected no fault, found killed, fault none at 0x0");
  BOOST_CHECK_THROW(run(text + "[A] munmap(8, 4) = 0\n"), InputError);
}

// lewis8 copies nothing at a fork; a table of pages that cannot be withheld is copied, and there is no frame to copy
// to.
BOOST_AUTO_TEST_CASE(a_child_that_was_not_born_has_no_steps) {
  const std::string setup = "machine toy5\nfree 5\nprocess A\nmap A 0 -> 2\nmap A 1 -> 3\n";
  check_passes(setup + "[A] fork() = B any\n[B] L 0,1 = 0xFF\n[B] fork() = C any\n[C] L 0,1 = 0xFF\n[A] L 0,1 = 0\n");
  const RunReport report = run(setup + "[A] fork() = B\n");
  BOOST_TEST(report.failures.size() == 1U);
}

}  // namespace
}  // namespace vm::trace
