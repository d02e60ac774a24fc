// SPDX-License-Identifier: Apache-2.0
//
// A campaign with traffic enough that lacks what it claims says so.
#include "fuzz/system_claims.h"

#include <boost/test/unit_test.hpp>

namespace vm::fuzz {
namespace {

const Machine& sv39() { return *find_machine("sv39"); }
const Machine& toy5() { return *find_machine("toy5"); }

Kinds all_of(const Machine& machine) {
  Kinds seen;
  for (const std::string& name : claimed_events(machine)) seen[name] = 1;
  return seen;
}

BOOST_AUTO_TEST_CASE(nothing_is_claimed_of_little_traffic) {
  SystemClaims claims;
  claims.add(sv39(), kClaimedTogether - 1);
  BOOST_TEST(claims.claimed().empty());
  BOOST_TEST(claims.missing({}).empty());
}

BOOST_AUTO_TEST_CASE(what_a_machine_claims_and_lacks_is_missing) {
  SystemClaims claims;
  claims.add(sv39(), kClaimedSteps - 1);
  BOOST_TEST(!claims.claimed().contains("sv39"));
  claims.add(sv39(), 1);
  std::map<std::string, Kinds> events{{"sv39", all_of(sv39())}};
  BOOST_TEST(claims.missing(events).empty());
  events["sv39"]["os: trap"] = 0;
  events["sv39"].erase("done: execve");
  events["corei7"]["os: trap"] = 1;  // helps those together only
  const auto missing = claims.missing(events);
  BOOST_TEST_REQUIRE(missing.contains("sv39"));
  BOOST_TEST((missing.at("sv39") == std::set<std::string>{"done: execve", "os: trap"}));
  BOOST_TEST((missing.at(SystemClaims::kTogether) == std::set<std::string>{"done: execve"}));
}

BOOST_AUTO_TEST_CASE(together_each_event_is_wanted_on_some_machine_that_claims_it) {
  SystemClaims claims;
  claims.add(sv39(), kClaimedTogether / 2);
  claims.add(toy5(), kClaimedTogether / 2 - 1);
  BOOST_TEST(claims.claimed().empty());
  claims.add(toy5(), 1);
  std::map<std::string, Kinds> events{{"sv39", all_of(sv39())}, {"toy5", all_of(toy5())}};
  BOOST_TEST(claims.claimed().contains(SystemClaims::kTogether));
  BOOST_TEST(claims.missing(events).empty());
  events["toy5"].clear();
  events["sv39"].erase("os: switch");
  events["sv39"].erase("fork");
  events["toy5"]["fork"] = 1;
  const auto missing = claims.missing(events);
  BOOST_TEST_REQUIRE(missing.size() == 1U);
  BOOST_TEST(missing.at(SystemClaims::kTogether).contains("os: switch"));
  BOOST_TEST(!missing.at(SystemClaims::kTogether).contains("fork"));
}

}  // namespace
}  // namespace vm::fuzz
