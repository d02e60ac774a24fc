// SPDX-License-Identifier: Apache-2.0
#include "machine/physical_memory.h"

namespace vm {

const PhysicalMemory::Block* PhysicalMemory::find(PhysAddr pa) const {
  const std::uint64_t number = pa.value >> kBlockBits;
  if (number == last_number_) return last_;
  const auto found = blocks_.find(number);
  if (found == blocks_.end()) return nullptr;
  last_number_ = number;
  last_ = found->second.get();
  return last_;
}

PhysicalMemory::Block& PhysicalMemory::make(PhysAddr pa) {
  const std::uint64_t number = pa.value >> kBlockBits;
  if (number == last_number_) return *last_;
  std::unique_ptr<Block>& block = blocks_[number];
  if (!block) block = std::make_unique<Block>();
  last_number_ = number;
  last_ = block.get();
  return *last_;
}

std::uint64_t PhysicalMemory::read_beat(PhysAddr pa) const {
  const Block* block = find(pa);
  return block == nullptr ? 0 : (*block)[pa.value / 8 % kBeatsPerBlock];
}

void PhysicalMemory::write_beat(PhysAddr pa, std::uint64_t data, std::uint8_t strobe) {
  std::uint64_t mask = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    if ((strobe >> lane & 1U) != 0) mask |= 0xFFULL << (8 * lane);
  }
  if (mask == 0) return;
  std::uint64_t& beat = make(pa)[pa.value / 8 % kBeatsPerBlock];
  beat = (beat & ~mask) | (data & mask);
}

std::uint8_t PhysicalMemory::read_byte(PhysAddr pa) const {
  return static_cast<std::uint8_t>(read_beat(pa) >> (8 * (pa.value % 8)));
}

void PhysicalMemory::write_byte(PhysAddr pa, std::uint8_t byte) {
  const auto lane = static_cast<unsigned>(pa.value % 8);
  write_beat(pa, static_cast<std::uint64_t>(byte) << (8 * lane), static_cast<std::uint8_t>(1U << lane));
}

void PhysicalMemory::read(PhysAddr pa, std::span<std::uint8_t> bytes) const {
  for (std::uint8_t& byte : bytes) {
    byte = read_byte(pa);
    pa += 1;
  }
}

void PhysicalMemory::write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    write_byte(pa, byte);
    pa += 1;
  }
}

}  // namespace vm
