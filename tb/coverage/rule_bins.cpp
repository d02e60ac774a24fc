// SPDX-License-Identifier: Apache-2.0
#include "coverage/rule_bins.h"

#include <bit>

namespace vm {
namespace {

constexpr AccessKind kLoad = AccessKind::Load, kStore = AccessKind::Store, kFetch = AccessKind::Fetch;

const Event* fill_of(const Cycle& cycle, Port port) {
  for (const Event& event : cycle.events) {
    if (event.kind == EventKind::TlbFill && event.port() == port) return &event;
  }
  return nullptr;
}

}  // namespace

// ---------------------------------------------------------------- the rows a machine has

RuleBins::RuleBins(BinTable& table) : machine_(table.machine()), table_(table) {
  const Format& f = machine_.format;
  const unsigned top = f.levels - 1;
  if (f.upper_va == UpperVa::Sign) add(Rule::UpperHalf, "R4 X1 address in the upper half", 0, 0);
  if (f.kind == PteKind::Flat) {
    add(Rule::LastBelowLimit, "last page below the limit", 0, 0);
    add(Rule::FirstAtLimit, "first page at the limit", 0, 0);
    return;
  }
  add(Rule::ReservedButInvalid, "R7 X3 not valid, and reserved", 0, top);
  if (f.ppn_bits + f.page_bits > machine_.pa_bits) add(Rule::BeyondPaBits, "R14 beyond PaBits", 0, f.max_leaf_level);
  if (machine_.asid_bits != 0) add(Rule::GlobalElsewhere, "R16 X20 global hit from another ASID", 0, f.max_leaf_level);
  if (machine_.super_entries != 0) add(Rule::BothParts, "R17 X26 base and super part both match", 0, 0);
  add_reserved();
  f.kind == PteKind::Riscv ? add_riscv() : add_x86();
}

void RuleBins::add_reserved() {
  const Format& f = machine_.format;
  const unsigned top = f.levels - 1;
  const auto row = [&](ReservedReason reason, bool has, const std::string& name, unsigned first, unsigned last) {
    if (has) add(kFirstReserved + static_cast<std::size_t>(reason), name, first, last);
  };
  const bool riscv = f.kind == PteKind::Riscv, wide = f.pte_bytes() == 8;
  row(ReservedReason::WriteWithoutRead, riscv, "R7 write without read", 0, top);
  row(ReservedReason::UpperBits, riscv ? wide : machine_.pa_bits < 52, "R7 X4 upper bits", 0, top);
  row(ReservedReason::NotSupported, riscv && wide && !(f.napot && f.pbmt), "R7 bits of a missing extension", 0, top);
  row(ReservedReason::PbmtEncoding, f.pbmt, "R7 R29 memory type 3", 0, top);
  row(ReservedReason::PbmtDisabled, f.pbmt, "R29 memory type while PBMTE is 0", 0, top);
  row(ReservedReason::PbmtPointer, f.pbmt, "R7 memory type in a pointer", 1, top);
  row(ReservedReason::NapotLevel, f.napot, "R10 NAPOT above level 0", 1, top);
  row(ReservedReason::NapotSize, f.napot, "R10 NAPOT of another size", 0, 0);
  row(ReservedReason::NapotPointer, f.napot, "R7 NAPOT in a pointer", 1, top);
  row(ReservedReason::PointerBits, riscv, "R7 accessed, dirty or user in a pointer", 1, top);
  row(ReservedReason::PointerAtLevelZero, riscv, "R8 pointer at level 0", 0, 0);
  row(ReservedReason::Misaligned, true, "R9 X4 misaligned superpage", 1, f.max_leaf_level);
  row(ReservedReason::LeafTooHigh, f.max_leaf_level < top, "X4 page size above the largest", f.max_leaf_level + 1, top);
  row(ReservedReason::ExecuteDisable, !riscv, "X4 execute-disable while NXE is 0", 0, top);
}

void RuleBins::add_riscv() {
  const unsigned leaf = machine_.format.max_leaf_level;
  add(Rule::UserOnSupervisorPage, "R11 user access to a supervisor page", 0, leaf);
  add(Rule::SupervisorFetch, "R11 supervisor fetch from a user page", 0, leaf, kFetch, kFetch);
  add(Rule::SupervisorAccess, "R11 supervisor access to a user page without SUM", 0, leaf, kLoad);
  add(Rule::SupervisorAllowed, "R11 supervisor access to a user page with SUM", 0, leaf, kLoad);
  add(Rule::ExecuteOnlyLoad, "R12 load of an execute-only page with MXR", 0, leaf, kLoad, kLoad);
  add(Rule::GlobalPointer, "R16 global by a pointer", 1, leaf);
  if (machine_.format.napot && machine_.super_entries != 0)
    add(Rule::NapotOtherPage, "R28 another page of a range", 0, 0);
}

void RuleBins::add_x86() {
  const unsigned leaf = machine_.format.max_leaf_level;
  add(Rule::UserOnSupervisorPage, "X6 user access to a supervisor page", 0, leaf);
  add(Rule::SupervisorFetch, "X8 supervisor fetch from a user page, SMEP", 0, leaf, kFetch, kFetch);
  add(Rule::FetchUnguarded, "X8 supervisor fetch from a user page, no SMEP", 0, leaf, kFetch, kFetch);
  add(Rule::SupervisorAccess, "X8 supervisor access to a user page, SMAP", 0, leaf, kLoad);
  add(Rule::SupervisorAllowed, "X8 supervisor access to a user page, SMAP and AC", 0, leaf, kLoad);
  add(Rule::SupervisorUnguarded, "X8 supervisor access to a user page, no SMAP", 0, leaf, kLoad);
  add(Rule::WriteProtected, "X7 supervisor store to a read-only page, WP", 0, leaf, kStore);
  add(Rule::WriteUnprotected, "X7 supervisor store to a read-only page, no WP", 0, leaf, kStore);
  add(Rule::DeniedAboveLeaf, "X5 denied by a pointer alone", 0, leaf);
  Values entries;
  for (unsigned i = 0; i < 8; ++i) entries.push_back("X18 entry " + std::to_string(i) + " of the PAT");
  attribute_entries_.emplace(table_, "rules", std::vector<Values>{entries, {"small page", "large page"}});
}

void RuleBins::add(std::size_t row, const std::string& rule, unsigned first_level, unsigned last_level,
                   AccessKind first_kind, AccessKind last_kind) {
  const auto slice = [](const Values& values, std::size_t first, std::size_t last) {
    return Values(values.begin() + static_cast<std::ptrdiff_t>(first),
                  values.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  };
  rows_.at(row) = {Cross(table_, "rules",
                         {{rule},
                          slice(level_values(machine_), first_level, last_level),
                          slice(access_values(), static_cast<unsigned>(first_kind), static_cast<unsigned>(last_kind))}),
                   first_level, static_cast<unsigned>(first_kind)};
}

void RuleBins::hit(std::size_t row, unsigned level, AccessKind kind) const {
  const Row& r = rows_[row];
  if (!r.cross) return;
  // Below the first level or kind the difference is huge, and counts nowhere.
  r.cross->hit(0U, level - r.first_level, static_cast<unsigned>(kind) - r.first_kind);
}

// ---------------------------------------------------------------- translations

void RuleBins::on_xlat(const Event& xlat, const Cycle& cycle, const TrackedAccess& access,
                       const TranslationShadow& shadow, const WalkProgress& walk) const {
  if (xlat.phys() || xlat.source() == Source::Bare) return;
  const Context& context = access.context;
  if (xlat.xlat_cause() != Cause::None) return refused(xlat, access, walk);
  if ((xlat.b >> 63 & 1U) != 0) hit(Rule::UpperHalf, 0, xlat.access());
  const Vpn vpn = machine_.vpn_of(VirtAddr(xlat.b));
  if (vpn.value + 1 == context.limit) hit(Rule::LastBelowLimit, 0, xlat.access());
  if (machine_.format.kind == PteKind::Flat) return;
  const std::optional<ShadowEntry> page = page_of(xlat, cycle, context, shadow, walk);
  if (!page) return;
  granted(xlat, context, *page);
  if (xlat.source() == Source::Walk) granted_by_walk(xlat, context, *page, walk.story(xlat.port()));
  if (xlat.source() == Source::Tlb) found_in_l1(xlat, *page, shadow);
  // What a hit of the L2 TLB puts into the L1 bears the ASID that asked: the L2 knows the one it came with.
  const ShadowEntry& origin =
      xlat.source() == Source::L2 && walk.story(xlat.port()).l2 ? *walk.story(xlat.port()).l2 : *page;
  if (origin.global && origin.asid != context.asid) hit(Rule::GlobalElsewhere, page->level, xlat.access());
}

std::optional<ShadowEntry> RuleBins::page_of(const Event& xlat, const Cycle& cycle, const Context& context,
                                             const TranslationShadow& shadow, const WalkProgress& walk) const {
  if (xlat.source() == Source::Tlb) {
    const ShadowEntry* entry = shadow.hit(xlat);
    return entry != nullptr ? std::optional(*entry) : std::nullopt;
  }
  if (const Event* fill = fill_of(cycle, xlat.port())) return TranslationShadow::of_fill(*fill);
  // Without a TLB nothing is filled. On x86 the leaf alone does not say what the path allows.
  if (xlat.source() != Source::Walk || machine_.format.kind == PteKind::X86) return std::nullopt;
  const WalkProgress::Story& story = walk.story(xlat.port());
  const Pte leaf = decode_pte(machine_, context, story.entry, story.end_level);
  return ShadowEntry{.known = true,
                     .vpn = machine_.vpn_of(VirtAddr(xlat.b)),
                     .asid = context.asid,
                     .exec = leaf.exec,
                     .write = leaf.write,
                     .read = leaf.read,
                     .user = leaf.user,
                     .dirty = leaf.dirty,
                     .global = leaf.global,
                     .napot = leaf.napot,
                     .level = story.end_level};
}

void RuleBins::refused(const Event& xlat, const TrackedAccess& access, const WalkProgress& walk) const {
  const Vpn vpn = machine_.vpn_of(VirtAddr(xlat.b));
  const unsigned level = xlat.xlat_level();
  switch (xlat.xlat_cause()) {
    case Cause::Limit:
      if (vpn.value == access.context.limit) hit(Rule::FirstAtLimit, 0, xlat.access());
      return;
    case Cause::Invalid:
      if (reserved_reasons(machine_, access.context, xlat.f, level) != 0) {
        hit(Rule::ReservedButInvalid, level, xlat.access());
      }
      return;
    case Cause::Reserved: {
      const std::uint32_t reasons = reserved_reasons(machine_, access.context, xlat.f, level);
      if (std::has_single_bit(reasons)) {
        hit(kFirstReserved + static_cast<std::size_t>(std::countr_zero(reasons)), level, xlat.access());
      }
      return;
    }
    case Cause::Access: {
      if (machine_.format.kind == PteKind::Flat) return;
      const Pte leaf = decode_pte(machine_, access.context, walk.story(xlat.port()).entry, level);
      const std::uint64_t span = vpn.value & low_mask(machine_.format.index_lsb(level));
      const std::uint64_t pa = (leaf.ppn.value | span) << machine_.format.page_bits;
      if (pa > low_mask(machine_.pa_bits)) hit(Rule::BeyondPaBits, level, xlat.access());
      return;
    }
    default:
      return denied(xlat, access.context);
  }
}

void RuleBins::denied(const Event& xlat, const Context& context) const {
  if (machine_.format.kind == PteKind::Flat) return;
  const AccessKind kind = xlat.access();
  const unsigned level = xlat.xlat_level();
  const Cause cause = xlat.xlat_cause();
  if (cause != Cause::Privilege && cause != Cause::Write && cause != Cause::Exec) return;
  const Pte leaf = decode_pte(machine_, context, xlat.f, level);
  const Request request{
      .kind = kind, .user = xlat.user(), .sum = xlat.sum(), .mxr = xlat.mxr(), .va = VirtAddr(xlat.b)};
  if (denied_by(machine_.format, context.env, leaf, request) == Cause::None) {
    return hit(Rule::DeniedAboveLeaf, level, kind);
  }
  if (cause == Cause::Privilege) {
    hit(xlat.user()                 ? Rule::UserOnSupervisorPage
        : kind == AccessKind::Fetch ? Rule::SupervisorFetch
                                    : Rule::SupervisorAccess,
        level, kind);
  } else if (cause == Cause::Write && !xlat.user()) {
    hit(Rule::WriteProtected, level, kind);
  }
}

// Rights that an access would not have had with a bit of the mode the other way round.
void RuleBins::granted(const Event& xlat, const Context& context, const ShadowEntry& page) const {
  const AccessKind kind = xlat.access();
  const bool x86 = machine_.format.kind == PteKind::X86;
  if (!xlat.user() && page.user) {
    if (kind == AccessKind::Fetch) {
      hit(Rule::FetchUnguarded, page.level, kind);
    } else if (!x86 || context.env.smap) {
      hit(Rule::SupervisorAllowed, page.level, kind);
    } else if (!xlat.sum()) {
      hit(Rule::SupervisorUnguarded, page.level, kind);
    }
  }
  if (kind == AccessKind::Load && !page.read) hit(Rule::ExecuteOnlyLoad, page.level, kind);
  if (kind == AccessKind::Store && !page.write) hit(Rule::WriteUnprotected, page.level, kind);
}

void RuleBins::granted_by_walk(const Event& xlat, const Context& context, const ShadowEntry& page,
                               const WalkProgress::Story& story) const {
  const Format& f = machine_.format;
  const Pte leaf = decode_pte(machine_, context, story.entry, story.end_level);
  if (page.global && !leaf.global) {
    for (unsigned level = 1; level < f.levels; ++level) {
      if ((story.pointer_levels >> level & 1U) == 0) continue;
      if (decode_pte(machine_, context, story.pointers[level], level).global) {
        hit(Rule::GlobalPointer, level, xlat.access());
      }
    }
  }
  if (attribute_entries_) attribute_entries_->hit(pat_index(story.entry, story.end_level), story.end_level != 0);
}

void RuleBins::found_in_l1(const Event& xlat, const ShadowEntry& page, const TranslationShadow& shadow) const {
  const Vpn vpn = machine_.vpn_of(VirtAddr(xlat.b));
  if (page.napot && page.vpn != vpn) hit(Rule::NapotOtherPage, 0, xlat.access());
  if (xlat.xlat_super()) return;
  for (const ShadowEntry& entry : shadow.part(xlat.port(), true)) {
    if (shadow.covers(entry, vpn) && (entry.global || entry.asid == page.asid)) {
      return hit(Rule::BothParts, 0, xlat.access());
    }
  }
}

}  // namespace vm
