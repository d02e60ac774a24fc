// SPDX-License-Identifier: Apache-2.0
//
// The shrinker, with predicates whose smallest failing text is known.
#include "fuzz/shrink.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/simpler_line.h"
#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::fuzz {
namespace {

constexpr std::chrono::seconds kPlenty{60};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& line) {
  const std::vector<std::string> lines = lines_of(text);
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

std::string numbered(int count) {
  std::string text = "machine toy5\n";
  for (int i = 0; i < count; ++i) text += "step " + std::to_string(i) + "\n";
  return text;
}

BOOST_AUTO_TEST_CASE(the_lines_that_matter_are_left_and_no_other) {
  const auto fails = [](const std::string& text) {
    return has(text, "machine toy5") && has(text, "step 3") && has(text, "step 77") && has(text, "step 78");
  };
  const Shrunk small = shrink(numbered(500), fails, kPlenty);
  BOOST_TEST(small.text == "machine toy5\nstep 3\nstep 77\nstep 78\n");
  BOOST_TEST(small.complete);
  BOOST_TEST(small.tries < 200U);
}

BOOST_AUTO_TEST_CASE(either_of_two_reasons_is_enough) {
  const auto fails = [](const std::string& text) { return has(text, "step 10") || has(text, "step 400"); };
  BOOST_TEST(shrink(numbered(500), fails, kPlenty).text == "machine toy5\nstep 10\n");
}

BOOST_AUTO_TEST_CASE(what_fails_only_as_a_whole_stays_whole) {
  const std::string whole = numbered(9);
  const auto fails = [&](const std::string& text) { return text == whole; };
  BOOST_TEST(shrink(whole, fails, kPlenty).text == whole);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_result) {
  const auto fails = [](const std::string& text) { return text.size() % 7 == 3 || has(text, "step 40"); };
  const std::string text = numbered(60) + "step 40\n";
  const Shrunk first = shrink(text, fails, kPlenty), second = shrink(text, fails, kPlenty);
  BOOST_TEST(first.text == second.text);
  BOOST_TEST(first.tries == second.tries);
  BOOST_TEST(fails(first.text));
}

BOOST_AUTO_TEST_CASE(a_text_that_does_not_fail_is_left_as_it_is) {
  const auto never = [](const std::string&) { return false; };
  const Shrunk small = shrink(numbered(5), never, kPlenty);
  BOOST_TEST(small.text == numbered(5));
  BOOST_TEST(!small.complete);
}

BOOST_AUTO_TEST_CASE(no_time_is_no_shrinking) {
  const auto fails = [](const std::string&) { return true; };
  BOOST_TEST(shrink(numbered(5), fails, std::chrono::seconds(0)).text == numbered(5));
}

BOOST_AUTO_TEST_CASE(a_step_of_a_port_trace_goes_without_moving_those_after_it) {
  // Fails while the fence comes eight cycles after reset; the load may come when it likes.
  const auto fails = [](const std::string& text) {
    int cycle = 0, fence = -1;
    bool load = false;
    for (const std::string& line : lines_of(text)) {
      if (line[0] != '+') continue;
      cycle += std::stoi(line.substr(1));
      if (line.find("fence") != std::string::npos) fence = cycle;
      load = load || line.find("data L") != std::string::npos;
    }
    return load && fence == 8;
  };
  const std::string text =
      "machine sv39\nports\n+1 data L 0x0,1\n+4 host L 0x0,1\n+3 fence all\n+2 host L 0x0,1\n+9 fetch 0x0,4\n";
  BOOST_TEST(shrink(text, fails, kPlenty).text == "machine sv39\n+1 data L 0x0,0\n+7 fence all\n");
}

BOOST_AUTO_TEST_CASE(the_end_of_bare_mode_stays_as_long_as_its_beginning) {
  const std::string text = "machine toy5\nbare on\n[A] L 0,1 = any\nbare off\nbare on\nbare off\n[A] L 1,1 = any\n";
  const auto with_bare = [](const std::string& t) { return has(t, "bare on") && has(t, "[A] L 1,1 = any"); };
  BOOST_TEST(shrink(text, with_bare, kPlenty).text == "machine toy5\nbare on\nbare off\n[A] L 1,1 = any\n");
  const auto without = [](const std::string& t) { return has(t, "[A] L 1,1 = any"); };
  BOOST_TEST(shrink(text, without, kPlenty).text == "machine toy5\n[A] L 1,1 = any\n");
}

BOOST_AUTO_TEST_CASE(parent_and_child_become_one_where_the_fork_does_not_matter) {
  const std::string text = "machine toy5\nprocess A\n[A] fork() = B any\n[B] fork() = C any\n[C] L 0,1 = any\n";
  const auto fails = [](const std::string& t) { return t.find("] L 0,1") != std::string::npos; };
  BOOST_TEST(shrink(text, fails, kPlenty).text == "machine toy5\n[C] L 0,1 = any\n");
  // Here somebody has to be called A.
  const auto needs_a = [](const std::string& t) {
    return t.find("[A] L 0,1") != std::string::npos || t.find("[C] L 0,1") != std::string::npos;
  };
  BOOST_TEST(shrink(text, needs_a, kPlenty).text.find("fork") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_become_simpler) {
  const auto simplest = [](std::string line, const std::string& needed) {
    for (bool better = true; better;) {
      better = false;
      for (const std::string& simpler : simpler_lines(line)) {
        if (simpler.find(needed) == std::string::npos) continue;
        line = simpler;
        better = true;
        break;
      }
    }
    return line;
  };
  BOOST_TEST(simplest("[A:kernel sum mxr] S 0x1008,8 = 0xDEAD = any", "S 0x1008") == "[A] S 0x1008,0 = 0 = any");
  BOOST_TEST(simplest("latency random 3..90", "latency") == "latency 1");
  BOOST_TEST(simplest("+17 data L 0x1000,8 kernel sum", "data L") == "+0 data L 0x1000,0");
  BOOST_TEST(simplest("+17 data amoadd 0x1000,8, 0xDEAD kernel", "data amoadd") == "+0 data amoadd 0x1000,0, 0");
  BOOST_TEST(simplest("process A asid=3 table=0x1000", "process A") == "process A");
  BOOST_TEST(simplest("machine sv39", "machine") == "machine sv39");
}

// The defect: an operating system that does not see what is written behind its back (a trace can do that by an entry).
BOOST_AUTO_TEST_CASE(a_real_trace_is_reduced_to_the_steps_that_make_it_fail) {
  const auto fails = [](const std::string& text) {
    try {
      const trace::Trace trace = trace::parse_text(text, "t.pwt", {});
      const trace::Scenario& scenario = trace.scenarios.front();
      trace::ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
      trace::Runner(trace.files, scenario, testbed, {1, {}, false, true}).run();
      const auto first = testbed.figures().first;
      return first && first->check == "os map";
    } catch (const InputError&) {
      return false;
    }
  };
  std::string text =
      "machine lewis8\nfree 2..6\nprocess A table=0x20\nprocess B table=0x28\nmap A 0 -> 7 rw\nmap B 0 -> 1 rw\n";
  for (int i = 0; i < 40; ++i) text += "[A] L 0x0,1 = any\n[B] S 0x1,2 = 0x1234 = any\n";
  text += "entry 0x20 = 0\n[A] fence all = refused\n[A:kernel] fence all\n";
  for (int i = 0; i < 40; ++i) text += "[B] L 0x0,4 = any\n[A] L 0x2,2 = any\n";
  BOOST_TEST_REQUIRE(fails(text));
  const Shrunk small = shrink(text, fails, kPlenty);
  BOOST_TEST(small.text ==
             "machine lewis8\nfree 2..6\nprocess A\nmap A 0 -> 7 rw\nentry 0x20 = 0\n[A] L 0x2,1 = any\n");
}

}  // namespace
}  // namespace vm::fuzz
