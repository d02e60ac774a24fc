// SPDX-License-Identifier: Apache-2.0
#include "oracle/legal_set.h"

#include <algorithm>

namespace vm {
namespace {

// Adds an answer unless the list has it.
void add(const WalkResult& answer, std::vector<WalkResult>& out) {
  const bool known = std::any_of(out.begin(), out.end(), [&](const WalkResult& other) {
    return answer.fault == other.fault && (answer.fault || answer.pa == other.pa);
  });
  if (!known) out.push_back(answer);
}

}  // namespace

bool LegalSet::same_asid(std::uint16_t a, std::uint16_t b) const {
  return ((a ^ b) & low_mask(machine_.asid_bits)) == 0;
}

bool LegalSet::covers(const PendingFence& pending, const Stale& stale) const {
  const Fence& fence = pending.fence;
  if (fence.op != FenceOp::Tlb || stale.replaced >= pending.accepted) return false;
  if (fence.by_asid && !same_asid(fence.asid, stale.asid)) return false;
  if (!fence.by_addr) return true;
  const VirtAddr va(fence.addr);
  return machine_.va_is_legal(va) && machine_.vpn_of(va) == stale.vpn;
}

bool LegalSet::covers(const PendingFence& pending, const Root& root) const {
  const Fence& fence = pending.fence;
  return fence.op == FenceOp::Tlb && !fence.by_addr && !root.in_force && root.left <= pending.roots_left &&
         (!fence.by_asid || same_asid(fence.asid, root.context.asid));
}

void LegalSet::on_context(const Context& context) {
  std::erase_if(roots_, [](const Root& root) { return root.in_force && !root.used; });
  for (Root& root : roots_) {
    if (!root.in_force) continue;
    root.in_force = false;
    root.left = ++roots_left_;
  }
  if (!context.translate) return;
  const auto same = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) {
    return root.context.base == context.base && same_asid(root.context.asid, context.asid);
  });
  if (same == roots_.end()) {
    roots_.push_back({.context = context, .in_force = true});
    return;
  }
  same->in_force = true;
  same->context.limit = std::max(same->context.limit, context.limit);
}

void LegalSet::on_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle, EntryReader current) {
  const unsigned pte_bytes = machine_.format.pte_bytes();
  for (const Root& root : roots_) {
    const std::uint64_t base = root.context.base.value;
    const std::uint64_t entries = std::min<std::uint64_t>(root.context.limit, 1ULL << machine_.vpn_bits());
    const std::uint64_t from = std::max(pa.value, base);
    const std::uint64_t to = std::min(pa.value + bytes, base + entries * pte_bytes);
    if (from >= to) continue;
    for (std::uint64_t index = (from - base) / pte_bytes; base + index * pte_bytes < to; ++index) {
      const PhysAddr entry(base + index * pte_bytes);
      if (machine_.region_of(entry) == nullptr) continue;
      const std::optional<std::uint64_t> value = current(entry, 0);
      if (!value) continue;
      stale_[entry.value].push_back({.entry = entry,
                                     .value = *value,
                                     .asid = root.context.asid,
                                     .vpn = Vpn(index),
                                     .replaced = cycle,
                                     .done = std::nullopt});
    }
  }
}

void LegalSet::on_store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) {
  if (stale_.empty()) return;
  const unsigned pte_bytes = machine_.format.pte_bytes();
  // A base is a multiple of the entry's size, so entries are too.
  for (std::uint64_t at = pa.value / pte_bytes * pte_bytes; at < pa.value + bytes; at += pte_bytes) {
    const auto found = stale_.find(at);
    if (found == stale_.end()) continue;
    for (Stale& stale : found->second) {
      if (!stale.done) stale.done = cycle;
    }
  }
}

void LegalSet::on_fence_accepted(const Fence& fence, std::uint64_t cycle) {
  fences_.push_back({.fence = fence, .accepted = cycle, .roots_left = roots_left_});
}

void LegalSet::on_fence_acknowledged() {
  if (fences_.empty()) return;
  const PendingFence fence = fences_.front();
  fences_.erase(fences_.begin());
  std::erase_if(roots_, [&](const Root& root) { return covers(fence, root); });
  for (auto entry = stale_.begin(); entry != stale_.end();) {
    std::erase_if(entry->second, [&](const Stale& stale) {
      // Nobody remembers an invalid entry, and whoever read it has answered.
      const bool forgotten =
          stale.done && *stale.done < fence.accepted && !decode_pte(machine_.format, stale.value).valid;
      return forgotten || covers(fence, stale);
    });
    entry = entry->second.empty() ? stale_.erase(entry) : std::next(entry);
  }
}

bool LegalSet::is_gone(const Stale& stale, std::uint64_t accepted) const {
  return std::any_of(fences_.begin(), fences_.end(),
                     [&](const PendingFence& fence) { return accepted > fence.accepted && covers(fence, stale); });
}

bool LegalSet::is_gone(const Root& root, std::uint64_t accepted) const {
  return std::any_of(fences_.begin(), fences_.end(),
                     [&](const PendingFence& fence) { return accepted > fence.accepted && covers(fence, root); });
}

void LegalSet::walk_table(const Context& root, const Request& request, std::uint64_t accepted, EntryReader current,
                          bool present_root, std::vector<WalkResult>& out) const {
  const WalkResult now = walk(machine_, root, request, current);
  if (present_root || !now.fault) add(now, out);
  if (stale_.empty() || now.entry_reads == 0) return;
  const auto found = stale_.find(now.entry_addr.value);
  if (found == stale_.end()) return;
  const bool has_tlb = (request.kind == AccessKind::Fetch ? machine_.itlb : machine_.dtlb).ways != 0;
  for (const Stale& stale : found->second) {
    if (!same_asid(stale.asid, root.asid) || is_gone(stale, accepted)) continue;
    const WalkResult then =
        walk(machine_, root, request, [&](PhysAddr, unsigned) -> std::optional<std::uint64_t> { return stale.value; });
    const bool remembered = has_tlb && !then.fault;
    const bool in_flight = present_root && (!stale.done || accepted <= *stale.done);
    if (remembered || in_flight) add(then, out);
  }
}

void LegalSet::legal(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
                     std::vector<WalkResult>& out) {
  out.clear();
  walk_table(context, request, accepted, current, true, out);
  const bool has_tlb = (request.kind == AccessKind::Fetch ? machine_.itlb : machine_.dtlb).ways != 0;
  const bool looks_up = context.translate && refused_before_walk(machine_, context, request.va) == Cause::None;
  for (Root& root : roots_) {
    if (!has_tlb || !looks_up || !same_asid(root.context.asid, context.asid)) continue;
    if (root.context.base == context.base) {
      root.used = true;
      continue;
    }
    if (is_gone(root, accepted)) continue;
    walk_table(root.context, request, accepted, current, false, out);
  }
  ++queries_;
  answers_ += out.size();
}

}  // namespace vm
