// SPDX-License-Identifier: Apache-2.0
//
// Fences as an interface: whatever the kernel changes names the invalidation it owes by the reason for it. A run may
// withhold the fences of some reasons ("what if the operating system forgets?"): the hardware then goes on using what
// it remembers, and the checks show the first stale access.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vm {

enum class FenceReason : std::uint8_t {
  Map,         // the user replaced or removed an entry (`map`, `unmap`)
  Unmap,       // munmap, a mapping over an older one, the end of a process
  Exec,        // execve: the old image and its tables
  Protect,     // mprotect took a right away
  Fork,        // copy-on-write took the parent's right to write
  Copy,        // a store was given a frame of its own: the entry names another frame
  Pageout,     // the page leaves memory
  Switch,      // another address space, on hardware that cannot tell them apart
  Asid,        // address-space numbers are given out anew
  EntryWrite,  // an entry must leave the write-back cache before a walker that reads memory can see it
  WriteBack,   // a page of a file went to the disk: the next store to it must be noted again
  FetchSync,   // code was written: the instruction cache may hold what was there before
  Promote,     // many small pages became a large one
  Reference,   // an accessed bit was cleared: the next access must be noted again
};

inline constexpr std::array<std::string_view, 14> kFenceReasonNames = {
    "map",    "unmap", "exec",        "protect",    "fork",       "copy",    "pageout",
    "switch", "asid",  "entry-write", "write-back", "fetch-sync", "promote", "reference"};

constexpr std::size_t index_of(FenceReason reason) { return static_cast<std::size_t>(reason); }

constexpr std::string_view to_string(FenceReason reason) { return kFenceReasonNames.at(index_of(reason)); }

constexpr std::optional<FenceReason> fence_reason(std::string_view name) {
  for (std::size_t i = 0; i < kFenceReasonNames.size(); ++i) {
    if (kFenceReasonNames.at(i) == name) return static_cast<FenceReason>(i);
  }
  return std::nullopt;
}

using FenceReasons = std::bitset<kFenceReasonNames.size()>;

}  // namespace vm
