// SPDX-License-Identifier: Apache-2.0
//
// What a long campaign of system traffic must have seen, so that one that tests nothing fails: on a machine with
// kClaimedSteps steps everything this machine can do, and with kClaimedTogether steps on all machines everything that
// one of them can do, on one of them at least.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fuzz/system_traffic.h"
#include "machine/machine.h"

namespace vm::fuzz {

// Kinds of steps, and what hardware and operating system counted ("os: ...", "done: CALL", "access ...").
std::vector<std::string> claimed_events(const Machine& machine, unsigned pressure = 0);

class SystemClaims {
 public:
  static constexpr const char* kTogether = "together";

  // So many steps more ran on this machine.
  void add(const Machine& machine, std::uint64_t steps, unsigned pressure = 0);

  // What counts by now: by machine, and under kTogether.
  std::map<std::string, std::set<std::string>> claimed() const;
  // And of that what never happened. `events` is by machine.
  std::map<std::string, std::set<std::string>> missing(const std::map<std::string, Kinds>& events) const;

 private:
  struct Claim {
    std::uint64_t steps = 0;
    std::vector<std::string> events;
  };
  std::map<std::string, Claim> machines_;
};

}  // namespace vm::fuzz
