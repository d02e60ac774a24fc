// SPDX-License-Identifier: Apache-2.0
//
// The trace parser: what a line becomes, and what is said about bad ones.
#include <boost/test/unit_test.hpp>
#include <string>

#include "trace/alter.h"
#include "trace/parser.h"

namespace vm::trace {
namespace {

Trace parse(const std::string& text) { return parse_text(text, "t.pwt", {}); }

// The message about a text that must be refused.
std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

void check_refused(const std::string& text, const std::string& place, const std::string& expected) {
  const std::string message = refusal(text);
  BOOST_TEST(message.starts_with(place + ": found "), message);
  BOOST_TEST(message.find(expected) != std::string::npos, message);
}

const AccessStep& access(const Trace& trace, std::size_t step) {
  return std::get<AccessStep>(trace.scenarios.at(0).steps.at(step).action);
}

const std::string kToy5 = "machine toy5\nprocess A\n";

BOOST_AUTO_TEST_CASE(an_access_has_process_mode_address_size_and_expectations) {
  const Trace trace = parse(kToy5 + "[A:kernel] L 0x1_2,2 = 0x1234 pa=0x22 tlb=miss entries=1\n");
  const AccessStep& step = access(trace, 0);
  BOOST_TEST(!step.user);
  BOOST_TEST(step.va.value == 0x12U);
  BOOST_TEST(step.size == 2U);
  BOOST_TEST(step.expect->value.value() == (std::vector<std::uint8_t>{0x34, 0x12}), boost::test_tools::per_element());
  BOOST_TEST(step.expect->pa.value() == 0x22U);
  BOOST_TEST((step.expect->tlb == TlbAnswer::Miss));
  BOOST_TEST(step.expect->entries.value() == 1U);
}

BOOST_AUTO_TEST_CASE(a_store_has_a_value_and_then_may_expect_a_fault) {
  const Trace trace = parse(kToy5 + "[A] S 0x10,1 = 7 = fault invalid at 0x10\n");
  const AccessStep& step = access(trace, 0);
  BOOST_TEST(step.bytes.at(0) == 7);
  BOOST_TEST((step.expect->fault->cause == Cause::Invalid));
  BOOST_TEST(step.expect->fault->at.value() == 0x10U);
}

BOOST_AUTO_TEST_CASE(an_atomic_has_an_operand_and_an_answer) {
  const std::string sv39 = "machine sv39\nprocess A\n";
  const Trace trace = parse(sv39 +
                            "[A] amoadd 0x1000,4, 7 = 0x1234\n[A] r3 = lr 0x1000,8\n[A] sc 0x1000,8, r3 = 1\n"
                            "[A:kernel] sc 0x1000,8, r3 = fault write\n");
  BOOST_TEST((access(trace, 0).atomic == AtomicOp::Add));
  BOOST_TEST((access(trace, 0).operation == Operation::Store));
  BOOST_TEST(access(trace, 0).bytes.at(0) == 7);
  BOOST_TEST(access(trace, 0).expect->value->at(1) == 0x12);
  BOOST_TEST((access(trace, 1).atomic == AtomicOp::Lr && access(trace, 1).operation == Operation::Load));
  BOOST_TEST(*access(trace, 1).target == 3);
  BOOST_TEST((access(trace, 2).source == ValueSource::Register));
  BOOST_TEST(access(trace, 2).expect->value->at(0) == 1);
  BOOST_TEST((access(trace, 3).expect->fault->cause == Cause::Write));
  check_refused(sv39 + "[A] amoadd 0x1000,8\n", "t.pwt:3:20", "','");
  check_refused(sv39 + "[A] lr 0x1000,3\n", "t.pwt:3:15", "1, 2, 4 or 8 bytes");
  check_refused(kToy5 + "[A] lr 0x10,4\n", "t.pwt:3:5", "a machine with atomics (toy5 has none)");
}

BOOST_AUTO_TEST_CASE(a_store_without_value_may_expect_a_fault) {
  const Trace trace = parse(kToy5 + "[A] S 0x10,1 = fault bus\n");
  BOOST_TEST((access(trace, 0).source == ValueSource::None));
  BOOST_TEST((access(trace, 0).expect->fault->cause == Cause::Bus));
}

BOOST_AUTO_TEST_CASE(plain_lackey_output_is_hexadecimal_and_runs_as_process_P) {
  const Trace trace = parse("==12== Lackey\nI  04016b80,3\n S 1eff0010,8\n L 00000010,16\n M 0402c010,4\n==12== end\n");
  BOOST_TEST(trace.scenarios.at(0).machine.name == "flat32");
  BOOST_TEST(trace.scenarios.at(0).processes.at(0) == "P");
  BOOST_TEST(access(trace, 0).va.value == 0x04016b80U);
  BOOST_TEST((access(trace, 0).operation == Operation::Fetch));
  BOOST_TEST(access(trace, 2).va.value == 0x10U);
  BOOST_TEST(access(trace, 2).size == 16U);
  BOOST_TEST((access(trace, 3).operation == Operation::Modify));
}

BOOST_AUTO_TEST_CASE(a_file_holds_several_scenarios_with_names_of_their_own) {
  const Trace trace = parse("machine toy5\nmachine toy10\nprocess A\n[A] L 0,1\n");
  BOOST_TEST(trace.scenarios.size() == 2U);
  BOOST_TEST(trace.scenarios.at(0).name == "t#1");
  BOOST_TEST(trace.scenarios.at(1).name == "t#2");
}

BOOST_AUTO_TEST_CASE(a_scenario_without_setup_has_a_process_A) {
  const Trace trace = parse("machine toy5\n[A] L 0,1\n");
  BOOST_TEST(trace.scenarios.at(0).processes.at(0) == "A");
}

BOOST_AUTO_TEST_CASE(fork_makes_a_process_that_can_be_used) {
  BOOST_TEST(parse(kToy5 + "[A] fork() = B\n[B] L 0,1\n").scenarios.at(0).processes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(rights_without_a_bit_in_the_entry_are_always_given) {
  const Trace trace = parse("machine lewis8\nprocess A\nmap A 0 -> 7 r\n[A] L 0,4\n");
  const auto& map = std::get<MapPage>(trace.scenarios.at(0).setup.at(1).action);
  BOOST_TEST(map.rights.exec);
  BOOST_TEST(!map.rights.write);
}

BOOST_AUTO_TEST_CASE(an_unknown_machine_is_refused_with_the_list_of_machines) {
  check_refused("\n  machine toy6\n", "t.pwt:2:11", "csapp14");
}

BOOST_AUTO_TEST_CASE(an_unknown_process_is_refused_with_the_list_of_processes) {
  check_refused(kToy5 + "[Z] L 0,1\n", "t.pwt:3:2", "A");
}

BOOST_AUTO_TEST_CASE(a_process_that_has_exited_is_refused) {
  check_refused(kToy5 + "process B\n[A] exit(0)\n[A] L 0,1\n", "t.pwt:5:2", "B");
}

BOOST_AUTO_TEST_CASE(an_address_wider_than_the_machine_is_refused) {
  check_refused(kToy5 + "[A] L 0x20,1\n", "t.pwt:3:7", "5 bits");
}

BOOST_AUTO_TEST_CASE(an_access_that_ends_behind_the_last_address_is_refused) {
  check_refused(kToy5 + "[A] L 0x1f,2\n", "t.pwt:3:7", "5 bits");
}

BOOST_AUTO_TEST_CASE(a_wide_address_may_be_asked_for_together_with_its_fault) {
  BOOST_TEST(refusal(kToy5 + "[A] L 0x20,1 = fault va\n") == "accepted");
}

BOOST_AUTO_TEST_CASE(a_wide_address_in_lackey_output_is_refused) {
  check_refused(" L 1ffefffe78,8\n", "t.pwt:1:4", "32 bits");
}

BOOST_AUTO_TEST_CASE(absurd_sizes_are_refused) {
  check_refused(kToy5 + "[A] L 0,0\n", "t.pwt:3:9", "from 1 to 65536");
  check_refused(kToy5 + "[A] L 0,99999999999999999999\n", "t.pwt:3:9", "from 1 to 65536");
  check_refused(kToy5 + "[A] r1 = L 0,9\n", "t.pwt:3:14", "from 1 to 8");
}

BOOST_AUTO_TEST_CASE(a_number_that_does_not_fit_in_64_bits_is_refused) {
  check_refused(kToy5 + "[A] L 0x10000000000000000,1\n", "t.pwt:3:7", "an address");
}

BOOST_AUTO_TEST_CASE(a_value_that_does_not_fit_is_refused) {
  check_refused(kToy5 + "[A] L 0,1 = 256\n", "t.pwt:3:13", "value of 1 bytes");
  check_refused(kToy5 + "[A] L 0,4 = \"abc\"\n", "t.pwt:3:13", "4 bytes");
}

BOOST_AUTO_TEST_CASE(a_syntax_error_names_line_and_column) {
  check_refused(kToy5 + "[A] L 0;1\n", "t.pwt:3:8", "','");
  check_refused(kToy5 + "[A] X 0,1\n", "t.pwt:3:5", "an access");
  check_refused(kToy5 + "[A] L 0,1 = 2 color=red\n", "t.pwt:3:15", "an expectation");
  check_refused(kToy5 + "frobnicate\n", "t.pwt:3:1", "a step");
}

BOOST_AUTO_TEST_CASE(setup_after_the_first_step_is_refused) {
  check_refused(kToy5 + "[A] L 0,1\nprocess B\n", "t.pwt:4:1", "before the first step");
}

BOOST_AUTO_TEST_CASE(binary_garbage_is_refused_at_its_first_byte) {
  check_refused(std::string("\x7f"
                            "ELF\x02\x01\0\0",
                            8),
                "t.pwt:1:1", "a word");
  check_refused(kToy5 + "[A] L \xff\xfe,1\n", "t.pwt:3:7", "a word");
}

BOOST_AUTO_TEST_CASE(a_file_without_a_scenario_is_refused) {
  check_refused("; nothing here\n", "t.pwt:1:1", "machine");
  check_refused("process A\n", "t.pwt:1:1", "machine");
}

BOOST_AUTO_TEST_CASE(pages_and_frames_wider_than_the_format_are_refused) {
  check_refused(kToy5 + "map A 4 -> 1\n", "t.pwt:3:7", "at most 0x3");
  check_refused(kToy5 + "map A 3 -> 8\n", "t.pwt:3:12", "at most 0x7");
}

BOOST_AUTO_TEST_CASE(a_kernel_page_on_a_machine_without_a_kernel_bit_is_refused) {
  check_refused(kToy5 + "map A 3 -> 1 k\n", "t.pwt:3:14", "no kernel bit");
}

BOOST_AUTO_TEST_CASE(memory_contents_in_a_hole_are_refused) {
  check_refused("machine flat32\nmemory 0x38000000: 00\n", "t.pwt:2:8", "hole");
}

BOOST_AUTO_TEST_CASE(every_kind_of_expectation_can_be_altered_once) {
  const std::string text = kToy5 + "[A] L 0,2 = 5 pa=1\n[A] L 0x20,1 = fault va at 0x20\nexpect frames free = 3\n";
  Trace trace = parse(text);
  // Two bytes, pa, cause, address, that there is a fault at all, free frames.
  BOOST_TEST(count_expectations(trace) == 7U);
  BOOST_TEST(alter_expectation(trace, 2).what == "t.pwt:3:1: pa");
  BOOST_TEST(access(trace, 0).expect->pa.value() == 2U);
  BOOST_CHECK_THROW(alter_expectation(trace, 7), InputError);
}

BOOST_AUTO_TEST_CASE(any_is_all_that_is_expected) {
  check_refused(kToy5 + "[A] L 0,1 = any pa=3\n", "t.pwt:3:17", "end of the line");
  check_refused(kToy5 + "[A] L 0,1 = 3 = any\n", "t.pwt:3:17", "'fault' or 'segv'");
}

BOOST_AUTO_TEST_CASE(a_machine_file_that_is_not_there_is_refused) {
  BOOST_TEST(refusal("machine \"/nowhere.toml\"\n").starts_with("/nowhere.toml:"));
}

}  // namespace
}  // namespace vm::trace
