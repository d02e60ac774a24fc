// SPDX-License-Identifier: Apache-2.0
#include "oracle/legal_set.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "machine/pte.h"
#include "oracle/tlb_mirror.h"
#include "oracle/walk_cache_mirror.h"

namespace vm {
namespace {

// Adds an answer unless the list has it.
void add(const WalkResult& answer, std::vector<WalkResult>& out) {
  const bool known = std::any_of(out.begin(), out.end(), [&](const WalkResult& other) {
    return answer.fault == other.fault &&
           (answer.fault || (answer.pa == other.pa && answer.leaf.type == other.leaf.type &&
                             answer.level == other.level && answer.leaf.napot == other.leaf.napot));
  });
  if (!known) out.push_back(answer);
}

}  // namespace

bool LegalSet::same_asid(std::uint16_t a, std::uint16_t b) const {
  return ((a ^ b) & low_mask(machine_.asid_bits)) == 0;
}

std::uint64_t LegalSet::key(unsigned level, bool napot, Vpn vpn) const {
  const std::uint64_t page = vpn.value >> size_bits(machine_.format, level, napot);
  return page << 4 | (napot ? 8U : level);
}

// ---------------------------------------------------------------- stores

void LegalSet::on_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle, EntryReader current) {
  const unsigned pte_bytes = machine_.format.pte_bytes();
  // A base is a multiple of the entry's size, so entries are too.
  for (std::uint64_t at = pa.value / pte_bytes * pte_bytes; at < pa.value + bytes; at += pte_bytes) {
    const PhysAddr entry(at);
    if (machine_.region_of(entry) == nullptr) continue;
    if (const auto value = current(entry, 0)) replaced_.push_back({.entry = entry, .value = *value, .accepted = cycle});
  }
}

void LegalSet::on_store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) {
  const std::uint64_t pte_bytes = machine_.format.pte_bytes();
  for (Replaced& r : replaced_) {
    const bool inside = r.entry.value + pte_bytes > pa.value && r.entry.value < pa.value + bytes;
    if (inside && r.done == ~0ULL) r.done = cycle;
  }
}

void LegalSet::on_oldest_access(std::uint64_t accepted) {
  if (replaced_.empty()) return;
  std::erase_if(replaced_, [&](const Replaced& r) { return r.done < accepted; });
}

// ---------------------------------------------------------------- fences

// RISC-V: a fence by address leaves pointers alone (R22); x86: INVLPG takes all of the PCID (X22).
bool LegalSet::covers(const Fence& fence, const Pointer& pointer) const {
  if (fence.op != FenceOp::Tlb) return false;
  if (fence.by_addr && machine_.format.kind != PteKind::X86) return false;
  if (fence.by_addr && !machine_.va_is_legal(VirtAddr(fence.addr))) return false;
  return !fence.by_asid || same_asid(fence.asid, pointer.asid);
}

void LegalSet::on_fence_accepted(const Fence& fence, std::uint64_t cycle) {
  fences_.push_back({.fence = fence, .accepted = cycle});
}

void LegalSet::on_fence_acknowledged() {
  if (fences_.empty()) return;
  const PendingFence pending = fences_.front();
  fences_.erase(fences_.begin());
  if (pending.fence.op != FenceOp::Tlb) return;
  const auto drop = [&](auto& map, auto covered) {
    for (auto slot = map.begin(); slot != map.end();) {
      std::erase_if(slot->second, [&](const auto& what) { return what.stamp <= pending.accepted && covered(what); });
      slot = slot->second.empty() ? map.erase(slot) : std::next(slot);
    }
  };
  drop(translations_, [&](const Translation& t) { return vm::covers(machine_, pending.fence, t.entry); });
  drop(pointers_, [&](const Pointer& p) { return covers(pending.fence, p); });
}

// An access accepted after a fence was does not see what that fence covers (R23).
template <class Remembered>
bool LegalSet::is_gone(const Remembered& what, std::uint64_t accepted) const {
  return std::any_of(fences_.begin(), fences_.end(), [&](const PendingFence& pending) {
    if (accepted <= pending.accepted || what.stamp > pending.accepted) return false;
    if constexpr (std::is_same_v<Remembered, Translation>) return vm::covers(machine_, pending.fence, what.entry);
    if constexpr (std::is_same_v<Remembered, Pointer>) return covers(pending.fence, what);
  });
}

// ---------------------------------------------------------------- what is remembered

void LegalSet::remember(const Context& context, const Request& request, std::uint64_t accepted,
                        const WalkResult& walk) {
  const TlbEntry entry = entry_of(machine_, context, request.va, walk);
  const bool large = entry.level != 0 || entry.napot;
  const bool fetch = request.kind == AccessKind::Fetch;
  const bool has_l1 = large ? machine_.super_entries != 0 : (fetch ? machine_.itlb : machine_.dtlb).ways != 0;
  unsigned sides = has_l1 ? (fetch ? kFetchSide : kDataSide) : 0U;
  if (!large && machine_.l2tlb.ways != 0) sides = kFetchSide | kDataSide;
  if (sides == 0) return;
  std::vector<Translation>& slot = translations_[key(entry.level, entry.napot, entry.vpn)];
  for (Translation& known : slot) {
    const PhysAddr there = translate_by(machine_, known.entry, request.va);
    const Pte &a = known.entry.page, &b = entry.page;
    const bool same = there == walk.pa && known.entry.asid == entry.asid && a.user == b.user && a.read == b.read &&
                      a.write == b.write && a.exec == b.exec && a.dirty == b.dirty && a.global == b.global &&
                      a.type == b.type;
    if (!same) continue;
    known.sides |= sides;
    known.stamp = std::max(known.stamp, accepted);
    return;
  }
  slot.push_back({.entry = entry, .sides = sides, .stamp = accepted});
}

// The good pointers of a walk, whatever became of it.
void LegalSet::remember_path(const Start& start, const Context& context, const Request& request, std::uint64_t accepted,
                             const WalkResult& walk) {
  // A prefetch goes on in the table a walk has found.
  if (machine_.walk_cache_sets == 0 && !machine_.l2_prefetch) return;
  const Vpn vpn = machine_.vpn_of(request.va);
  Pte above = start.above;
  for (unsigned i = 0; i < walk.entry_reads; ++i) {
    const Step& step = walk.path.at(i);
    Pte pte = decode_pte(machine_, context, step.value, step.level);
    if (!pte.valid || pte.leaf || pte.reserved) return;
    pte = along_path(machine_.format, above, pte);
    above = pte;
    std::vector<Pointer>& slot = pointers_[key(step.level, false, vpn)];
    const auto known = std::find_if(slot.begin(), slot.end(), [&](const Pointer& p) {
      return same_asid(p.asid, context.asid) && p.pte.ppn == pte.ppn && p.pte.user == pte.user &&
             p.pte.write == pte.write && p.pte.exec == pte.exec && p.pte.global == pte.global;
    });
    if (known != slot.end()) {
      known->stamp = std::max(known->stamp, accepted);
      known->seen = queries_;
    } else {
      slot.push_back({.asid = context.asid, .pte = pte, .stamp = accepted, .seen = queries_});
    }
  }
}

void LegalSet::add_remembered(const Context& context, const Request& request, std::uint64_t accepted,
                              std::vector<WalkResult>& out) const {
  const unsigned side = request.kind == AccessKind::Fetch ? kFetchSide : kDataSide;
  const Vpn vpn = machine_.vpn_of(request.va);
  const auto look = [&](unsigned level, bool napot) {
    const auto slot = translations_.find(key(level, napot, vpn));
    if (slot == translations_.end()) return;
    for (const Translation& t : slot->second) {
      if ((t.sides & side) == 0 || !(t.entry.page.global || same_asid(t.entry.asid, context.asid))) continue;
      if (is_gone(t, accepted) || judge(machine_, context, t.entry, request) != TlbVerdict::Granted) continue;
      WalkResult answer;
      answer.leaf = t.entry.page;
      answer.level = t.entry.level;
      answer.pa = translate_by(machine_, t.entry, request.va);
      add(answer, out);
    }
  };
  for (unsigned level = 0; level <= machine_.format.max_leaf_level; ++level) look(level, false);
  if (machine_.format.napot) look(0, true);
}

// ---------------------------------------------------------------- walks

// Every walk from there, over all combinations of present and replaced values of the entries on the path.
void LegalSet::walks_from(const Start& start, const Context& context, const Request& request, std::uint64_t accepted,
                          EntryReader current, std::vector<WalkResult>& out) {
  std::array<unsigned, Format::kMaxLevels> choice{}, choices{};
  for (;;) {
    choices.fill(1);
    const auto read = [&](PhysAddr at, unsigned level) -> std::optional<std::uint64_t> {
      unsigned skip = choice.at(level);
      unsigned& count = choices.at(level);
      std::optional<std::uint64_t> value = current(at, level);
      if (!replaced_.empty()) {
        for (const Replaced& r : replaced_) {
          if (r.entry != at || r.done < accepted) continue;
          if (skip == count) value = r.value;
          ++count;
        }
      }
      return value;
    };
    const WalkResult result =
        start.at_root ? walk(machine_, context, request, read)
                      : walk_from(machine_, context, request, start.level,
                                  PhysAddr(start.above.ppn.value << machine_.format.page_bits), start.above, read);
    if (start.at_root || !result.fault) add(result, out);
    if (context.translate) {
      remember_path(start, context, request, accepted, result);
      if (!result.fault) remember(context, request, accepted, result);
    }
    // The next combination: the lowest level counts fastest.
    unsigned level = 0;
    while (level < choice.size() && ++choice.at(level) >= choices.at(level)) choice.at(level++) = 0;
    if (level == choice.size()) return;
  }
}

void LegalSet::legal(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
                     std::vector<WalkResult>& out) {
  all_walks(context, request, accepted, current, machine_.walk_cache_sets != 0, out);
  if (context.translate && refused_before_walk(machine_, context, request.va) == Cause::None) {
    add_remembered(context, request, accepted, out);
  }
  answers_ += out.size();
}

void LegalSet::walks(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
                     std::vector<WalkResult>& out) {
  all_walks(context, request, accepted, current, true, out);
  answers_ += out.size();
}

// From the root, and from every pointer that may be known.
void LegalSet::all_walks(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
                         bool by_pointers, std::vector<WalkResult>& out) {
  out.clear();
  ++queries_;
  walks_from({}, context, request, accepted, current, out);
  const bool looks_up = context.translate && refused_before_walk(machine_, context, request.va) == Cause::None;
  starts_.clear();
  if (looks_up && by_pointers) {
    // What the walks from the root have just passed leads where they went.
    const Vpn vpn = machine_.vpn_of(request.va);
    const unsigned levels = context.levels == 0 ? machine_.format.levels : context.levels;
    for (unsigned level = 1; level < levels; ++level) {
      const auto slot = pointers_.find(key(level, false, vpn));
      if (slot == pointers_.end()) continue;
      for (const Pointer& p : slot->second) {
        if (p.seen == queries_ || !same_asid(p.asid, context.asid) || is_gone(p, accepted)) continue;
        starts_.push_back({.level = level - 1, .above = p.pte, .at_root = false});
      }
    }
  }
  for (const Start& start : starts_) walks_from(start, context, request, accepted, current, out);
}

}  // namespace vm
