// SPDX-License-Identifier: Apache-2.0
//
// Many cases, the subject and its oracles, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "reasons.h"

namespace vm::oracle {

struct OracleCount {
  std::string name;
  std::vector<std::uint64_t> by_reason;  // differences to which each reason contributes
  std::uint64_t explained = 0;
  std::uint64_t unexplained = 0;
  std::vector<std::string> examples;  // of the unexplained, a few
};

struct EventCount {
  std::string name;
  std::uint64_t count = 0;
};

struct CampaignCounts {
  std::uint64_t cases = 0, translated = 0, page_faults = 0, address_faults = 0, access_faults = 0;
  std::vector<EventCount> events;  // what the campaign claims to look at: each must have been seen
  std::vector<OracleCount> oracles;

  bool passed() const;
};

struct Campaign {
  const Machine& machine;
  std::uint64_t seed = 0;
  std::uint64_t cases = 0;
  Subject* subject = nullptr;  // nullptr: the reference walker
  std::vector<std::unique_ptr<Oracle>> oracles;
  std::function<void(std::uint64_t done)> progress;

  CampaignCounts run();
};

}  // namespace vm::oracle
