// SPDX-License-Identifier: Apache-2.0
//
// A verilated l1_bench with its clock and memory. Each configuration is a program of its own; VM_L1_* say which.
#pragma once

#include <verilated.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "Vl1_bench.h"
#include "l1_memory.h"

namespace vm::l1 {

constexpr unsigned kSets = VM_L1_Sets, kWays = VM_L1_Ways, kLineBytes = VM_L1_LineBytes;
constexpr unsigned kHitLatency = VM_L1_HitLatency, kMisses = VM_L1_Misses;
constexpr unsigned kWords = kLineBytes / 8;
constexpr std::uint64_t kCacheBytes = std::uint64_t{kSets} * kWays * kLineBytes;
constexpr std::uint64_t kPage = 4096;

struct CoreAccess {
  unsigned id = 0;
  bool write = false;
  std::uint8_t strb = 0xFF;
  std::uint64_t pa = 0;
  std::uint64_t wdata = 0;
  bool uncached = false;
  bool through = false;
  bool go = true;
};

struct PhysAccess {
  unsigned id = 0;
  bool write = false;
  bool uncached = false;
  std::uint8_t strb = 0xFF;
  std::uint64_t addr = 0;
  std::uint64_t wdata = 0;
};

struct Maintenance {
  bool clean = false, invalidate = false, by_addr = false;
  std::uint64_t addr = 0;
};

struct CoreAnswer {
  unsigned id = 0;
  bool err = false;
  std::uint64_t rdata = 0;
};

// What a cycle is given, and what has come of it. Offers hold until they are accepted: that is the caller's business.
struct Offers {
  std::optional<CoreAccess> core;
  bool walk_slot = false;
  std::optional<PhysAccess> walk;
  std::optional<PhysAccess> host;
  std::optional<Maintenance> maintenance;
};

struct Outcome {
  bool core_accepted = false, walk_accepted = false, host_accepted = false, maintenance_done = false;
  std::optional<CoreAnswer> core, walk, host;
  std::optional<std::uint64_t> wb_error;
  bool core_idle = false;
};

class Bench {
 public:
  explicit Bench(std::uint64_t seed);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Random random;
  Memory memory;
  std::uint64_t cycle = 0;

  Outcome step(const Offers& offers);

 private:
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vl1_bench> top_;
  std::optional<CoreAccess> s1_;  // accepted in the cycle before
};

}  // namespace vm::l1
