// SPDX-License-Identifier: Apache-2.0
//
// The stall policies and memory latencies under which random traffic runs.
#pragma once

#include <array>
#include <ostream>
#include <string_view>

#include "testbench.h"

namespace vm::test {

struct Weather {
  std::string_view name;
  StallPolicy stall;
  Latency latency;
};

inline std::ostream& operator<<(std::ostream& out, const Weather& w) { return out << w.name; }

inline std::array<Weather, 6> weathers() {
  return {{
      {"no stalls, memory of one cycle", {StallPolicy::Kind::None, 0}, {Latency::Kind::Fixed, 1, 1, {}}},
      {"no stalls, random memory", {StallPolicy::Kind::None, 0}, {Latency::Kind::Random, 1, 20, {}}},
      {"half, random memory", {StallPolicy::Kind::Half, 0}, {Latency::Kind::Random, 1, 9, {}}},
      {"bursty, random memory", {StallPolicy::Kind::Bursty, 0}, {Latency::Kind::Random, 1, 9, {}}},
      {"bursty, replayed memory", {StallPolicy::Kind::Bursty, 0}, {Latency::Kind::Replay, 1, 1, {1, 5, 2, 40, 1, 1}}},
      {"until 300, memory of seven cycles", {StallPolicy::Kind::Until, 300}, {Latency::Kind::Fixed, 7, 7, {}}},
  }};
}

}  // namespace vm::test
