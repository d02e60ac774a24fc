// SPDX-License-Identifier: Apache-2.0
//
// The per-process memory image: what each process last wrote, kept page by page, by virtual address. It knows nothing
// of frames, tables or caches: fork makes logical copies, and a store to a page that is shared only by such a copy
// makes the writer's own.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "machine/address.h"

namespace vm {

using PageBytes = std::vector<std::uint8_t>;  // page_size long

class ProcessImage {
 public:
  struct Slot {
    std::shared_ptr<PageBytes> bytes;
    bool is_private = false;  // a store must not be seen through other slots with the same bytes
  };

  const Slot* find(Vpn vpn) const;
  std::uint8_t byte(Vpn vpn, std::uint64_t offset) const;  // zero where nothing was written
  // The page must have a slot.
  void store(Vpn vpn, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  void put(Vpn vpn, Slot slot) { slots_[vpn.value] = std::move(slot); }
  void drop(Vpn vpn, std::uint64_t count);  // of so many pages
  // The process has this page for itself now, though perhaps no store came of it yet.
  void separate(Vpn vpn);
  // The child gets a copy of the page: at once, or put off until one of the two stores.
  void copy(Vpn vpn, ProcessImage& child) const;
  void copy_on_store(Vpn vpn, ProcessImage& child);
  void share(Vpn vpn, ProcessImage& child) const;
  std::vector<Vpn> slots_in(Vpn from, std::uint64_t count) const;

 private:
  std::unordered_map<std::uint64_t, Slot> slots_;
};

// Older values of bytes of physical memory: everything replaced since the last FetchSync. An instruction fetch may
// still find them where fetches are not coherent with stores, or while the store that replaces them is under way. What
// is forgotten keeps its room, so that stores to the same place again and again allocate nothing.
class FetchHistory {
 public:
  void replaced(PhysAddr pa, std::uint8_t old);
  bool had(PhysAddr pa, std::uint8_t byte) const;
  void clear() { ++epoch_; }

 private:
  static constexpr std::uint64_t kBytes = 64;  // of a block
  struct Block {
    std::uint64_t epoch = 0;  // of an earlier one: empty
    std::array<std::bitset<256>, kBytes> had{};
  };
  Block& block(std::uint64_t number);

  std::unordered_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
  std::uint64_t epoch_ = 1;
  // The block used last: a store is of several bytes.
  std::uint64_t last_number_ = ~0ULL;
  Block* last_ = nullptr;
};

}  // namespace vm
