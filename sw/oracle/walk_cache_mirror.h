// SPDX-License-Identifier: Apache-2.0
//
// What the walk caches must hold: for each level above 0 a direct-mapped table of pointers that walks found good, keyed
// by the VPN without the index bits below that level and by ASID, never global (M9, X12).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "machine/fence.h"
#include "machine/machine.h"
#include "machine/pte.h"

namespace vm {

// What a path down to and including `entry` allows (R16, X5). Pointers of formats without rights allow everything.
Pte along_path(const Format& format, const Pte& above, Pte entry);

struct WalkCacheEntry {
  bool valid = false;
  bool upset = false;  // its parity is wrong
  std::uint64_t key = 0;
  std::uint16_t asid = 0;
  Pte pointer;  // accumulated over the path
};

class WalkCacheMirror {
 public:
  explicit WalkCacheMirror(const Machine& machine);

  struct Known {
    unsigned level = 0;  // of the pointer entry; its table holds entries of the level below
    Pte pointer;
  };
  // The deepest pointer known in a mode of so many levels.
  std::optional<Known> lookup(Vpn vpn, std::uint16_t asid, unsigned mode_levels) const;

  std::uint64_t key_of(Vpn vpn, unsigned level) const { return vpn.value >> machine_.format.index_lsb(level); }
  unsigned set_of(std::uint64_t key) const { return static_cast<unsigned>(key % machine_.walk_cache_sets); }
  void fill(Vpn vpn, std::uint16_t asid, unsigned level, const Pte& pointer);

  // A bit of the word that holds an entry turns over: with wrong parity it is no entry (M13).
  void flip(unsigned level, unsigned set);
  // Levels (bit per level) whose entry for this VPN has wrong parity, and their removal.
  std::uint64_t upset_levels(Vpn vpn) const;
  void remove(Vpn vpn, std::uint64_t levels);

  // A fence of translations drops everything; on RISC-V one by address drops nothing, as these are no leaves (R22).
  bool dropped_by(const Fence& fence) const;
  void clear();
  bool empty() const;

 private:
  Machine machine_;
  std::vector<std::vector<WalkCacheEntry>> levels_;  // [level - 1][set]
};

}  // namespace vm
