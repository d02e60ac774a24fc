// SPDX-License-Identifier: Apache-2.0
//
// Sparse physical memory: bytes nobody wrote read as zero and cost nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "machine/address.h"

namespace vm {

class PhysicalMemory {
 public:
  // One 64-bit beat, aligned down to 8 bytes; byte lane i is the byte at address + i.
  std::uint64_t read_beat(PhysAddr pa) const;
  void write_beat(PhysAddr pa, std::uint64_t data, std::uint8_t strobe);

  std::uint8_t read_byte(PhysAddr pa) const;
  void write_byte(PhysAddr pa, std::uint8_t byte);

  void read(PhysAddr pa, std::span<std::uint8_t> bytes) const;
  void write(PhysAddr pa, std::span<const std::uint8_t> bytes);

 private:
  static constexpr unsigned kBlockBits = 12;
  static constexpr std::uint64_t kBeatsPerBlock = (1ULL << kBlockBits) / 8;
  using Block = std::array<std::uint64_t, kBeatsPerBlock>;

  Block* find(PhysAddr pa) const;  // null: nothing was written there
  Block& make(PhysAddr pa);

  std::unordered_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
  // Blocks used lately, by the low bits of their numbers: most accesses cost one comparison.
  struct Recent {
    std::uint64_t number = ~0ULL;
    Block* block = nullptr;
  };
  mutable std::array<Recent, 16> recent_;
};

}  // namespace vm
