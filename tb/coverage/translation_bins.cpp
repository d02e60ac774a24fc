// SPDX-License-Identifier: Apache-2.0
#include "coverage/translation_bins.h"

#include <algorithm>
#include <array>
#include <string>

namespace vm {
namespace {

constexpr std::size_t kBare = 0, kBase = 1;
constexpr std::size_t kNowhere = ~std::size_t{0};

// Causes that an entry decides, and those that need none.
constexpr std::array kOfEntry = {Cause::Invalid, Cause::Reserved, Cause::Privilege,  Cause::Read,
                                 Cause::Write,   Cause::Exec,     Cause::Accessed,   Cause::Dirty,
                                 Cause::Access,  Cause::EntryBus, Cause::EntryAccess};
enum WithoutEntry : std::uint8_t { Va, Limit, BareAccess, Bus };

std::size_t place_of(Cause cause) {
  const auto* const found = std::find(kOfEntry.begin(), kOfEntry.end(), cause);
  return found == kOfEntry.end() ? kNowhere : static_cast<std::size_t>(found - kOfEntry.begin());
}

Values causes(const Values& first) {
  Values values = first;
  for (const Cause cause : kOfEntry) values.emplace_back(to_string(cause));
  return values;
}

// By the numbers of MemType.
Values memory_types() {
  return {"uncached",      "write-combining", "non-cacheable", "I/O",
          "write-through", "write-protected", "write-back",    "uncached minus"};
}

Values origins(const Machine& machine) {
  Values values = {"not known"};
  if (machine.itlb.ways + machine.dtlb.ways != 0) values.emplace_back("denied by the L1 TLB");
  if (machine.l2tlb.ways != 0) values.emplace_back("denied by the L2 TLB");
  if (machine.walk_cache_sets != 0) values.emplace_back("restarted");
  return values;
}

std::size_t origin_place(const Machine& machine, WalkProgress::Origin origin) {
  switch (origin) {
    case WalkProgress::Origin::Miss:
      return 0;
    case WalkProgress::Origin::DeniedL1:
      return 1;
    case WalkProgress::Origin::DeniedL2:
      return 2;
    case WalkProgress::Origin::Restarted:
      return machine.l2tlb.ways != 0 ? 3 : 2;
  }
  return 0;
}

}  // namespace

TranslationBins::Sources::Sources(const Machine& machine) {
  const unsigned levels = machine.format.levels;
  names = {"bare", "L1 base part"};
  if (machine.super_entries != 0) {
    super = names.size() - 1;  // of level 0, so that level 1 follows
    for (unsigned level = 1; level < levels; ++level) names.push_back("L1 super part " + level_name(level));
    napot = names.size();
    if (machine.format.napot) names.emplace_back("L1 super part NAPOT");
  }
  l2 = names.size();
  if (machine.l2tlb.ways != 0) names.emplace_back("L2 TLB");
  walk = names.size();
  names.emplace_back("walk");
  if (machine.walk_cache_sets != 0) {
    below = names.size() - 1;
    for (unsigned level = 1; level < levels; ++level) names.push_back("walk below " + level_name(level));
    restarted = names.size();
    names.emplace_back("walk restarted");
  }
}

TranslationBins::TranslationBins(BinTable& table)
    : machine_(table.machine()),
      sources_(machine_),
      hits_(table, "hits", {sources_.names, access_values(), privilege_values()}),
      types_(table, "types", {memory_types(), {"L1 TLB", "L2 TLB", "walk"}, access_values()}),
      faults_(table, "faults", {causes({}), level_values(machine_), access_values()}),
      without_entry_(table, "faults", {{"va", "limit", "access in Bare mode", "bus"}, access_values()}),
      origins_(table, "origins", {causes({"granted"}), origins(machine_)}) {}

std::size_t TranslationBins::source_of(const Event& xlat, const TranslationShadow& shadow,
                                       const WalkProgress& walk) const {
  const WalkProgress::Story& story = walk.story(xlat.port());
  switch (xlat.source()) {
    case Source::Bare:
      return kBare;
    case Source::Tlb: {
      if (!xlat.xlat_super()) return kBase;
      const ShadowEntry* entry = shadow.hit(xlat);
      if (entry == nullptr) return kNowhere;
      return entry->napot ? sources_.napot : sources_.super + entry->level;
    }
    case Source::L2:
      return sources_.l2;
    case Source::Walk:
      if (story.origin == WalkProgress::Origin::Restarted) return sources_.restarted;
      return story.known_level == 0 ? sources_.walk : sources_.below + story.known_level;
    case Source::None:
      break;
  }
  return kNowhere;
}

void TranslationBins::on_xlat(const Event& xlat, const TranslationShadow& shadow, const WalkProgress& walk) const {
  if (xlat.phys()) return;  // the access of a part that was translated before
  const Cause cause = xlat.xlat_cause();
  const bool walked = xlat.source() == Source::Walk;
  if (cause == Cause::None) {
    hits_.hit(source_of(xlat, shadow, walk), xlat.access(), xlat.user());
    if (xlat.source() != Source::Bare) {
      const std::size_t from = xlat.source() == Source::Tlb ? 0 : xlat.source() == Source::L2 ? 1 : 2;
      types_.hit(xlat.xlat_type(), from, xlat.access());
    }
  } else if (walked) {
    faults_.hit(place_of(cause), xlat.xlat_level(), xlat.access());
  } else if (cause == Cause::Va || cause == Cause::Limit) {
    without_entry_.hit(cause == Cause::Va ? Va : Limit, xlat.access());
  } else if (cause == Cause::Access) {
    without_entry_.hit(BareAccess, xlat.access());
  }
  if (!walked) return;
  const std::size_t ended = cause == Cause::None ? 0 : place_of(cause) == kNowhere ? kNowhere : place_of(cause) + 1;
  origins_.hit(ended, origin_place(machine_, walk.story(xlat.port()).origin));
}

void TranslationBins::on_retired(const TrackedAccess& access) const {
  if (access.response.fault.cause == Cause::Bus) without_entry_.hit(Bus, access.kind());
}

}  // namespace vm
