// SPDX-License-Identifier: Apache-2.0
#include "machine/physical_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vm {

// Byte lane i of a beat is its i-th byte in the host's memory.
static_assert(std::endian::native == std::endian::little);

PhysicalMemory::Block* PhysicalMemory::find(PhysAddr pa) const {
  const std::uint64_t number = pa.value >> kBlockBits;
  Recent& recent = recent_.at(number % recent_.size());
  if (number == recent.number) return recent.block;
  const auto found = blocks_.find(number);
  if (found == blocks_.end()) return nullptr;
  recent = {.number = number, .block = found->second.get()};
  return recent.block;
}

PhysicalMemory::Block& PhysicalMemory::make(PhysAddr pa) {
  if (Block* block = find(pa)) return *block;
  std::unique_ptr<Block>& block = blocks_[pa.value >> kBlockBits];
  block = std::make_unique<Block>();
  return *block;
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
  while (!bytes.empty()) {
    const std::size_t at = pa.value & low_mask(kBlockBits);
    const std::span<std::uint8_t> piece = bytes.first(std::min(bytes.size(), sizeof(Block) - at));
    if (const Block* block = find(pa)) {
      std::memcpy(piece.data(), std::as_bytes(std::span(*block)).subspan(at).data(), piece.size());
    } else {
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
    }
    pa += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

void PhysicalMemory::write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t at = pa.value & low_mask(kBlockBits);
    const std::span<const std::uint8_t> piece = bytes.first(std::min(bytes.size(), sizeof(Block) - at));
    std::memcpy(std::as_writable_bytes(std::span(make(pa))).subspan(at).data(), piece.data(), piece.size());
    pa += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

}  // namespace vm
