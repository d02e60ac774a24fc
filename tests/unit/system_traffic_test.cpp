// SPDX-License-Identifier: Apache-2.0
//
// The generator of system traffic: its traces are in the language, repeat, and contain what is claimed of them.
#include "fuzz/system_traffic.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::fuzz {
namespace {

BOOST_AUTO_TEST_CASE(a_seed_names_one_trace) {
  const Machine& machine = *find_machine("sv39");
  const SystemTrace trace = system_traffic(machine, "sv39", 7, 300);
  BOOST_TEST(trace.text == system_traffic(machine, "sv39", 7, 300).text);
  BOOST_TEST(trace.text != system_traffic(machine, "sv39", 8, 300).text);
}

BOOST_AUTO_TEST_CASE(on_every_machine_each_claimed_kind_of_step_is_generated) {
  for (const Machine& machine : machines()) {
    BOOST_TEST_CONTEXT(machine.name) {
      Kinds seen;
      constexpr std::uint64_t kTraces = 25;
      for (std::uint64_t seed = 0; seed < kTraces; ++seed) {
        for (const auto& [kind, count] : system_traffic(machine, machine.name, seed, kClaimedSteps / kTraces).kinds) {
          seen[kind] += count;
        }
      }
      for (const std::string& kind : claimed_kinds(machine)) BOOST_TEST(seen[kind] > 0U, kind);
    }
  }
}

BOOST_AUTO_TEST_CASE(on_every_machine_traces_run_clean_and_do_something) {
  for (const Machine& machine : machines()) {
    BOOST_TEST_CONTEXT(machine.name) {
      std::uint64_t done = 0, refused = 0, faults = 0;
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const SystemTrace traffic = system_traffic(machine, machine.name, seed, 800);
        const trace::Trace trace = trace::parse_text(traffic.text, "t.pwt", {});
        const trace::Scenario& scenario = trace.scenarios.front();
        trace::ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
        trace::Runner runner(trace.files, scenario, testbed, {seed, {}, false, true});
        const trace::RunReport& report = runner.run();
        BOOST_TEST(report.failures.empty());
        BOOST_TEST(testbed.mismatches() == 0U);
        BOOST_TEST(runner.kernel().broken_invariant() == "");
        refused += report.refused;
        done += report.accesses - report.refused;
        faults += runner.kernel().counts().faults;
      }
      BOOST_TEST(done > 300U);
      BOOST_TEST(refused > 100U);
      BOOST_TEST(faults > 20U);
    }
  }
}

BOOST_AUTO_TEST_CASE(under_pressure_pages_leave_and_come_back_and_nobody_is_killed) {
  for (const char* name : {"flat32", "sv39", "corei7"}) {
    for (const unsigned pressure : {50U, 25U, 10U}) {
      BOOST_TEST_CONTEXT(name << " at " << pressure << " %") {
        const Machine& machine = *find_machine(name);
        KernelCounts sum;
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
          const SystemTrace traffic = system_traffic(machine, name, seed, 500, {.pressure = pressure});
          BOOST_TEST(traffic.kinds.contains("swap"));
          BOOST_TEST(!traffic.kinds.contains("unwritable"));
          const trace::Trace trace = trace::parse_text(traffic.text, "t.pwt", {});
          const trace::Scenario& scenario = trace.scenarios.front();
          trace::ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
          trace::Runner runner(trace.files, scenario, testbed, {seed, {}, false, false});
          const trace::RunReport& report = runner.run();
          BOOST_TEST(report.failures.empty());
          BOOST_TEST(testbed.mismatches() == 0U);
          BOOST_TEST(runner.kernel().broken_invariant() == "");
          BOOST_TEST(report.refused < report.accesses);
          sum.pageouts += runner.kernel().counts().pageouts;
          sum.pageins += runner.kernel().counts().pageins;
          sum.kills += runner.kernel().counts().kills;
        }
        BOOST_TEST(sum.pageouts > 0U);
        BOOST_TEST(sum.pageins > 0U);
        BOOST_TEST(sum.kills == 0U);
      }
    }
  }
}

}  // namespace
}  // namespace vm::fuzz
