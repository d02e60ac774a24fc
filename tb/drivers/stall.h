// SPDX-License-Identifier: Apache-2.0
//
// When a driver holds back: its valid (requests) or its ready (memory). A valid once raised is never taken back.
#pragma once

#include <cstdint>
#include <string_view>

#include "machine/random.h"

namespace vm {

struct StallPolicy {
  enum class Kind : std::uint8_t {
    None,    // never
    Half,    // every cycle with probability one half
    Bursty,  // runs of 1 to 16 cycles of going and of holding back
    Until,   // always before cycle `until`, then never
  };
  Kind kind = Kind::None;
  std::uint64_t until = 0;
};

class Stall {
 public:
  Stall(StallPolicy policy, std::uint64_t seed, std::string_view name) : policy_(policy), random_(seed, name) {}

  // Asked once per cycle.
  bool go(std::uint64_t cycle) {
    switch (policy_.kind) {
      case StallPolicy::Kind::None:
        return true;
      case StallPolicy::Kind::Half:
        return random_.one_in(2);
      case StallPolicy::Kind::Bursty:
        if (run_ == 0) {
          run_ = random_.between(1, 16);
          going_ = !going_;
        }
        --run_;
        return going_;
      case StallPolicy::Kind::Until:
        return cycle >= policy_.until;
    }
    return true;
  }

 private:
  StallPolicy policy_;
  Random random_;
  std::uint64_t run_ = 0;
  bool going_ = false;
};

}  // namespace vm
