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

  const Block* find(PhysAddr pa) const;
  Block& make(PhysAddr pa);

  std::unordered_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
  // The block used last: runs of accesses to one block cost one comparison.
  mutable std::uint64_t last_number_ = ~0ULL;
  mutable Block* last_ = nullptr;
};

}  // namespace vm
