// SPDX-License-Identifier: Apache-2.0
#include "oracle/walk_cache_mirror.h"

#include <algorithm>

namespace vm {

Pte along_path(const Format& format, const Pte& above, Pte entry) {
  entry.global |= above.global;
  if (format.kind == PteKind::X86) {
    entry.user &= above.user;
    entry.write &= above.write;
    entry.exec &= above.exec;
  } else if (!entry.leaf) {
    entry.user = entry.read = entry.write = entry.exec = true;
  }
  return entry;
}

WalkCacheMirror::WalkCacheMirror(const Machine& machine)
    : machine_(machine), levels_(machine.format.levels - 1, std::vector<WalkCacheEntry>(machine.walk_cache_sets)) {}

std::optional<WalkCacheMirror::Known> WalkCacheMirror::lookup(Vpn vpn, std::uint16_t asid, unsigned mode_levels) const {
  if (machine_.walk_cache_sets == 0) return std::nullopt;
  for (unsigned level = 1; level < mode_levels; ++level) {
    const std::uint64_t key = key_of(vpn, level);
    const WalkCacheEntry& entry = levels_.at(level - 1).at(set_of(key));
    const bool same_asid = ((entry.asid ^ asid) & low_mask(machine_.asid_bits)) == 0;
    if (entry.valid && !entry.upset && entry.key == key && same_asid)
      return Known{.level = level, .pointer = entry.pointer};
  }
  return std::nullopt;
}

void WalkCacheMirror::fill(Vpn vpn, std::uint16_t asid, unsigned level, const Pte& pointer) {
  if (machine_.walk_cache_sets == 0) return;
  const std::uint64_t key = key_of(vpn, level);
  levels_.at(level - 1).at(set_of(key)) = {.valid = true, .upset = false, .key = key, .asid = asid, .pointer = pointer};
}

void WalkCacheMirror::flip(unsigned level, unsigned set) {
  WalkCacheEntry& entry = levels_.at(level - 1).at(set);
  entry.upset = entry.valid && !entry.upset;
}

std::uint64_t WalkCacheMirror::upset_levels(Vpn vpn) const {
  std::uint64_t levels = 0;
  if (machine_.walk_cache_sets == 0) return levels;
  for (unsigned level = 1; level < machine_.format.levels; ++level) {
    if (levels_.at(level - 1).at(set_of(key_of(vpn, level))).upset) levels |= 1ULL << level;
  }
  return levels;
}

void WalkCacheMirror::remove(Vpn vpn, std::uint64_t levels) {
  for (unsigned level = 1; level < machine_.format.levels; ++level) {
    if ((levels >> level & 1U) != 0) levels_.at(level - 1).at(set_of(key_of(vpn, level))) = {};
  }
}

bool WalkCacheMirror::dropped_by(const Fence& fence) const {
  return fence.op == FenceOp::Tlb && !(machine_.format.kind == PteKind::Riscv && fence.by_addr);
}

void WalkCacheMirror::clear() {
  for (auto& level : levels_) std::fill(level.begin(), level.end(), WalkCacheEntry{});
}

bool WalkCacheMirror::empty() const {
  return std::all_of(levels_.begin(), levels_.end(), [](const auto& level) {
    return std::none_of(level.begin(), level.end(), [](const WalkCacheEntry& e) { return e.valid; });
  });
}

}  // namespace vm
