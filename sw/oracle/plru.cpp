// SPDX-License-Identifier: Apache-2.0
#include "oracle/plru.h"

#include <algorithm>

namespace vm {

TreePlru::TreePlru(unsigned sets, unsigned ways)
    : ways_(ways), bits_(ways > 1 ? static_cast<std::size_t>(sets) * (ways - 1) : 0) {}

unsigned TreePlru::victim(unsigned set) const {
  const std::size_t first = static_cast<std::size_t>(set) * (ways_ - 1);
  unsigned low = 0;
  std::size_t node = 0;
  for (unsigned span = ways_; span > 1; span /= 2) {
    const bool upper = bits_[first + node] != 0;
    if (upper) low += span / 2;
    node = 2 * node + (upper ? 2 : 1);
  }
  return low;
}

void TreePlru::touch(unsigned set, unsigned way) {
  const std::size_t first = static_cast<std::size_t>(set) * (ways_ - 1);
  unsigned low = 0;
  std::size_t node = 0;
  for (unsigned span = ways_; span > 1; span /= 2) {
    const bool upper = way >= low + span / 2;
    bits_[first + node] = upper ? 0 : 1;
    if (upper) low += span / 2;
    node = 2 * node + (upper ? 2 : 1);
  }
}

void TreePlru::clear(unsigned set) {
  const auto first = bits_.begin() + static_cast<std::ptrdiff_t>(set) * (ways_ - 1);
  std::fill(first, first + (ways_ - 1), std::uint8_t{0});
}

void TreePlru::reset() { std::fill(bits_.begin(), bits_.end(), std::uint8_t{0}); }

}  // namespace vm
