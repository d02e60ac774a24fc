// SPDX-License-Identifier: Apache-2.0
//
// The swap file: a file of the host, one page a slot. Slots are numbered from 1, and page 0 of the file stays empty: an
// entry that names slot 0 is an entry that names nothing. A slot that refused a page is not released: it is never
// handed out again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>

namespace vm {

struct SwapOptions {
  std::uint64_t slots = 0;
  // Empty: a temporary file that is gone with the kernel. Otherwise it is made, or overwritten, and stays.
  std::filesystem::path file = {};
  // Slots (both included) of a disk with defects: what is written to the first kind is refused, what was written to the
  // second cannot be read back.
  struct Range {
    std::uint64_t first = 1, last = 0;
    bool contains(std::uint64_t slot) const { return slot >= first && slot <= last; }
  };
  Range unwritable = {}, unreadable = {};
};

class SwapFile {
 public:
  // Throws InputError if the file cannot be made.
  SwapFile(const SwapOptions& options, std::uint64_t page_bytes);
  ~SwapFile();
  SwapFile(const SwapFile&) = delete;
  SwapFile& operator=(const SwapFile&) = delete;

  std::optional<std::uint64_t> allocate();  // the lowest free slot; nullopt: the file is full
  void release(std::uint64_t slot);
  void retire() { ++retired_; }  // a slot that was handed out refused a page, and will not be released
  // False: the transfer failed. `bytes` is one page.
  bool write(std::uint64_t slot, std::span<const std::uint8_t> bytes);
  bool read(std::uint64_t slot, std::span<std::uint8_t> bytes);

  std::uint64_t slots() const { return options_.slots; }
  std::uint64_t free_slots() const { return free_.size(); }
  std::uint64_t retired_slots() const { return retired_; }
  bool is_free(std::uint64_t slot) const { return free_.contains(slot); }

 private:
  SwapOptions options_;
  std::uint64_t page_bytes_;
  int file_ = -1;
  std::set<std::uint64_t> free_;
  std::uint64_t retired_ = 0;
};

}  // namespace vm
