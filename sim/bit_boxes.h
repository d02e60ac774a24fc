// SPDX-License-Identifier: Apache-2.0
//
// Draws a number as a row of bit boxes with named fields above and below, as the slides do:
//
//               |<-------TLBT-------->|<TLBI>|
//      13 12 11 10  9  8  7  6  5  4  3  2  1  0
//     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//     | 0| 0| 0| 0| 1| 1| 1| 1| 0| 1| 0| 1| 0| 0|
//     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//     |<---------VPN--------->|<-----VPO------>|
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vm::sim {

struct BitField {
  std::string name;
  unsigned lsb = 0;
  unsigned bits = 0;  // 0: not drawn
};

// Fields of one row do not overlap.
std::string bit_boxes(std::uint64_t value, unsigned bits, const std::vector<BitField>& above,
                      const std::vector<BitField>& below);

}  // namespace vm::sim
