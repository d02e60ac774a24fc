// SPDX-License-Identifier: Apache-2.0
//
// A bad line: bytes that are spoiled, lost or come twice, each with a chance of one in so many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machine/random.h"

namespace vm::board {

struct NoiseRates {
  std::uint64_t spoil = 0, drop = 0, repeat = 0;  // one byte in so many; 0: none
};

class LineNoise {
 public:
  LineNoise(NoiseRates rates, std::uint64_t seed) : rates_(rates), random_(seed, "line noise") {}

  // What comes of this byte.
  std::vector<std::uint8_t> pass(std::uint8_t byte) {
    const auto happens = [this](std::uint64_t rate) { return rate != 0 && random_.one_in(rate); };
    if (happens(rates_.drop)) {
      ++dropped_;
      return {};
    }
    if (happens(rates_.spoil)) {
      ++spoiled_;
      byte ^= static_cast<std::uint8_t>(random_.between(1, 255));
    }
    if (!happens(rates_.repeat)) return {byte};
    ++repeated_;
    return {byte, byte};
  }

  std::uint64_t spoiled() const { return spoiled_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t repeated() const { return repeated_; }

 private:
  NoiseRates rates_;
  Random random_;
  std::uint64_t spoiled_ = 0, dropped_ = 0, repeated_ = 0;
};

}  // namespace vm::board
