// SPDX-License-Identifier: Apache-2.0
//
// pagewalk bench: cycles per access of patterns that a memory system meets, on the verilated hardware under all checks,
// beside those of an ideal one: translations are free, the data cache is fully associative with exact LRU and as large
// as the machine's largest level, any number of misses is outstanding, the word that is wanted comes first, and memory
// takes its latency and one beat of 8 bytes a cycle. So the ideal has compulsory and capacity misses only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace vm::sim {

struct MemoryPattern {
  std::string_view name;
  std::uint64_t bytes = 0;      // what the accesses are spread over
  bool in_order = false;        // one word after the other; otherwise at random
  bool dependent = false;       // an access waits for the answer of the one before
  unsigned stores_in_four = 0;  // of four accesses
};

// Pointer chase and stores over four times the data cache; a stream; loads at random over 1, 4 and 64 times what the
// data TLB reaches.
std::vector<MemoryPattern> memory_patterns(const Machine& machine);

struct MemoryCycles {
  MemoryPattern pattern;
  unsigned latency = 0;  // of memory, in cycles
  double cycles = 0;     // per access
  double ideal = 0;
  double ratio() const { return cycles / ideal; }
};

// Every pattern with every latency, so many accesses each, after a quarter of that to warm up. Nothing on machines
// without a data cache, or too small for the patterns. Throws std::runtime_error if a check finds anything wrong.
std::vector<MemoryCycles> memory_cycles(const Machine& machine, const std::vector<unsigned>& latencies,
                                        std::size_t accesses, std::uint64_t seed);

// What the ideal takes for these accesses (exposed for tests).
struct MemoryAccess {
  std::uint64_t va = 0;
  bool store = false;
};
std::uint64_t ideal_cycles(const Machine& machine, const std::vector<MemoryAccess>& accesses, std::size_t warm,
                           bool dependent, unsigned latency);

}  // namespace vm::sim
