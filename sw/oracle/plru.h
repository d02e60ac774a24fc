// SPDX-License-Identifier: Apache-2.0
//
// Tree pseudo-LRU for all sets of a TLB or cache. The ways-1 bits of a set form a heap: node 0 is the root, the
// children of node i are 2i+1 (lower ways) and 2i+2 (upper ways). A bit tells which half is to be replaced next: 0 =
// lower.
#pragma once

#include <cstdint>
#include <vector>

namespace vm {

class TreePlru {
 public:
  TreePlru(unsigned sets, unsigned ways);  // ways: a power of two, or 0
  unsigned victim(unsigned set) const;
  void touch(unsigned set, unsigned way);  // every node on the path now points away from way
  void clear(unsigned set);                // as after reset
  void reset();

 private:
  unsigned ways_;
  std::vector<std::uint8_t> bits_;  // set * (ways - 1) + node
};

}  // namespace vm
