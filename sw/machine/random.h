// SPDX-License-Identifier: Apache-2.0
//
// A small seeded generator (splitmix64). Every object that makes random choices owns one, derived from the run's seed
// and a name, so that adding one object does not change what the others do.
#pragma once

#include <cstdint>
#include <string_view>

#include "machine/mix.h"

namespace vm {

class Random {
 public:
  Random(std::uint64_t seed, std::string_view name) : state_(seed) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }

  std::uint64_t next() {
    const std::uint64_t state = state_;
    state_ += 0x9E3779B97F4A7C15ULL;
    return mix(state);
  }
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace vm
