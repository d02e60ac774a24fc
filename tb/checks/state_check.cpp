// SPDX-License-Identifier: Apache-2.0
#include "checks/state_check.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "machine/array_layout.h"
#include "platform/platform.h"

namespace vm {
namespace {

std::string_view cache_name(unsigned cache) { return cache == 0 ? "instruction cache" : "data cache"; }

}  // namespace

StateCheck::StateCheck(const Machine& machine, Tracker& tracker, Reporter& reporter)
    : machine_(machine),
      tracker_(tracker),
      reporter_(reporter),
      walk_(machine, tracker),
      tlb_{TlbSide(machine, machine.itlb), TlbSide(machine, machine.dtlb)},
      l2_(machine),
      cache_{CacheSide(machine.icache), CacheSide(machine.dcache)} {}

void StateCheck::on_cycle(const Cycle& cycle) {
  now_ = cycle.number;
  for (const Event& event : cycle.events) {
    // From this cycle on.
    if (event.kind == EventKind::CacheFree) on_outstanding(event);
  }
  for (const Event& event : cycle.events) on_event(event);
  fills_missing();
  upsets_missing();
  if (cycle.out->fence.valid && fence_) {
    if (cycle.out->fence.refused != fence_->user) {
      wrong(fmt::format("the fence was {}, expected it {} (R26)", cycle.out->fence.refused ? "refused" : "done",
                        fence_->user ? "refused: user mode" : "done"));
    } else if (!fence_->user) {
      fence_->op == FenceOp::Tlb ? on_tlb_fence_done(*fence_) : on_cache_fence_done();
    }
    fence_.reset();
  }
  if (cycle.out->ctl.valid && tracker_.forgetting()) on_tlb_fence_done(*tracker_.forgetting());
  if (cycle.fence_accepted()) fence_ = fence_of(machine_, cycle.in->fence);
  if (tracker_.flipped()) on_flip(*tracker_.flipped());
  if (cycle.out->array.valid && array_.valid && !array_.flip) on_array(array_, cycle.out->array);
  if (cycle.array_accepted()) array_ = cycle.in->array;
}

void StateCheck::on_event(const Event& event) {
  const bool outstanding = machine_.misses != 0;
  switch (event.kind) {
    case EventKind::CacheLookup:
      return outstanding ? on_outstanding(event) : on_lookup(event);
    case EventKind::CacheVictim:
      return outstanding ? on_outstanding(event) : on_victim(event);
    case EventKind::CacheFill:
      return outstanding ? on_outstanding(event) : on_fill(event);
    case EventKind::CacheDone:
      return outstanding ? on_outstanding(event) : on_done(event);
    case EventKind::CacheFree:
      return;
    case EventKind::CacheMaint:
      return on_maint(event);
    case EventKind::Drained:
      for (CacheSide& side : cache_) side.used.assign(side.used.size(), false);
      return;
    case EventKind::CacheLost:
      return on_lost(event);
    default:
      return tlb_event(event);
  }
}

// ---------------------------------------------------------------- caches

// By the physical map, and by the memory type the translation, or the pointer to the table, has given (X18, R29). A
// written-through store that needs a wrong word of its line is for memory alone (M13).
StateCheck::Treated StateCheck::treatment(const Event& lookup) const {
  const Region* region = machine_.region_of(PhysAddr(lookup.b));
  if (!cache_[lookup.cache()].mirror.present() || region == nullptr || !region->cacheable) return Treated::Uncached;
  bool through = false;
  if (lookup.client() == Client::Walk && machine_.format.kind == PteKind::X86) {
    through = read_type_ == MemType::WriteThrough;
    if (!through && read_type_ != MemType::WriteBack) return Treated::Uncached;
  }
  if (lookup.client() == Client::Core || lookup.client() == Client::Atomic) {
    const PieceRef* owner = tracker_.owner_of_lookup(lookup.cache());
    if (owner == nullptr) return Treated::Cached;
    const Event& xlat = tracker_.access(owner->port, owner->id).pieces[owner->piece].xlat;
    if (!xlat.xlat_cacheable()) return Treated::Uncached;
    through = xlat.xlat_through();
  }
  if (through && lookup.write() && needs_wrong_word(lookup)) return Treated::Uncached;
  return through ? Treated::Through : Treated::Cached;
}

bool StateCheck::wrong_type(const Event& lookup) {
  const Treated expected = treatment(lookup);
  const Treated treated = lookup.uncached() ? Treated::Uncached : lookup.through() ? Treated::Through : Treated::Cached;
  if (treated == expected) return false;
  constexpr std::array<std::string_view, 3> kNames{"written back", "written through", "uncached"};
  wrong(fmt::format("the {} treated {:#x} as {}, expected {} by memory map and memory type", cache_name(lookup.cache()),
                    lookup.b, kNames.at(static_cast<std::size_t>(treated)),
                    kNames.at(static_cast<std::size_t>(expected))));
  return true;
}

void StateCheck::on_lookup(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  const PhysAddr pa(event.b);
  if (wrong_type(event)) return;
  const bool uncached = event.uncached();
  side.evicts = side.refetches = side.passes = false;
  side.loss = CacheSide::Loss::None;
  if (!side.mirror.present()) return;
  side.missed = pa;
  side.write = event.write();
  const std::optional<CacheMirror::Place> place = side.mirror.find(pa);
  lookup_upsets(event, side, uncached);
  if (side.refetches) return;
  side.passes = event.written_through();
  if (event.hit() != place.has_value()) {
    wrong(fmt::format("{:#x} {} the {}, expected a {}", event.b, event.hit() ? "hit" : "missed",
                      cache_name(event.cache()), place ? "hit" : "miss"));
  }
  if (!place) return;
  if (event.hit() && (event.set() != place->set || event.way() != place->way)) {
    wrong(fmt::format("{:#x} hit in set {} way {} of the {}, expected set {} way {}", event.b, event.set(), event.way(),
                      cache_name(event.cache()), place->set, place->way));
  }
  if (uncached) {
    side.evicts = true;
    side.place = *place;
    return;
  }
  if (side.passes) return;
  side.mirror.hit(*place, event.write());
  side.used[place->set * side.mirror.ways() + place->way] = true;
}

void StateCheck::on_victim(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  if (!side.mirror.present()) return;
  if (side.loss != CacheSide::Loss::None) {
    wrong(fmt::format("the {} replaces a line for {:#x}, expected an error: what was stored there may be lost (M13)",
                      cache_name(event.cache()), side.missed.value));
    side.loss = CacheSide::Loss::None;
  }
  if (side.passes) {
    wrong(fmt::format("the {} makes room for {:#x}, which is written through and takes none (X18)",
                      cache_name(event.cache()), side.missed.value));
    side.passes = false;
  }
  if (event.refetch() != side.refetches) {
    wrong(fmt::format("the {} {} {:#x} again, expected {} (M13)", cache_name(event.cache()),
                      event.refetch() ? "fetches" : "does not fetch", side.missed.value,
                      side.refetches ? "that" : "no such thing"));
  }
  if (!side.evicts && !side.refetches) side.place = side.mirror.victim(side.missed);
  const bool valid = side.mirror.valid(side.place),
             dirty = valid && event.cache() == 1 && side.mirror.dirty(side.place);
  side.wrong_written = dirty && side.mirror.any_upset_word(side.place);
  const std::uint64_t line = valid ? side.mirror.tag(side.place).line.value : 0;
  if (event.set() != side.place.set || event.way() != side.place.way || event.victim_valid() != valid ||
      event.victim_dirty() != dirty || event.b != line) {
    wrong(fmt::format("the {} replaces set {} way {} (line {:#x}, {}); expected set {} way {} (line {:#x}, {})",
                      cache_name(event.cache()), event.set(), event.way(), event.b,
                      event.victim_valid() ? (event.victim_dirty() ? "dirty" : "clean") : "invalid", side.place.set,
                      side.place.way, line, valid ? (dirty ? "dirty" : "clean") : "invalid"));
  }
  side.mirror.begin_fill(side.place);
}

void StateCheck::on_fill(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  if (!side.mirror.present()) return;
  const std::uint64_t line = side.mirror.line_of(side.missed).value;
  if (event.set() != side.place.set || event.way() != side.place.way || event.b != line) {
    wrong(fmt::format("the {} filled set {} way {} with line {:#x}, expected set {} way {} with line {:#x}",
                      cache_name(event.cache()), event.set(), event.way(), event.b, side.place.set, side.place.way,
                      line));
  }
  if (event.fill_err()) return;
  side.mirror.end_fill(side.place, side.missed);
  side.used[side.place.set * side.mirror.ways() + side.place.way] = true;
}

void StateCheck::on_done(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  losses_missing(event, side);
  if (event.uncached() || event.done_err()) return;
  const auto place = side.mirror.find(PhysAddr(event.b));
  if (!place) return;
  if (side.heals) side.mirror.heal_word(*place, side.mirror.word_of(PhysAddr(event.b)));
  side.heals = false;
  // A line that is written through is as dirty as before.
  side.mirror.hit(*place, side.write && !event.through());
}

void StateCheck::on_maint(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  if (!fence_ || fence_->op == FenceOp::Tlb || fence_->user) {
    wrong(fmt::format("maintenance of the {} without a request", cache_name(event.cache())));
    return;
  }
  const FenceOp op = fence_->op;
  if (event.maint_all()) {
    if (op == FenceOp::CacheClean || fence_->by_addr) wrong("the whole cache was invalidated without being asked to");
    for (unsigned set = 0; set < side.mirror.sets(); ++set) {
      for (unsigned way = 0; way < side.mirror.ways(); ++way) side.mirror.invalidate({set, way});
    }
    return;
  }
  const CacheMirror::Place place{event.set(), event.way()};
  if (place.set >= side.mirror.sets() || place.way >= side.mirror.ways()) {
    wrong(fmt::format("maintenance of a line that the {} does not have", cache_name(event.cache())));
    return;
  }
  const CacheTag tag = side.mirror.tag(place);
  const bool cleans = op != FenceOp::CacheInvalidate && event.cache() == 1;
  const bool invalidates = op == FenceOp::CacheInvalidate || op == FenceOp::CacheCleanInvalidate || event.cache() == 0;
  const bool valid = side.mirror.valid(place);
  const bool back = cleans && side.mirror.dirty(place);
  side.wrong_written = back && side.mirror.any_upset_word(place) && !side.told;
  side.told = false;
  losses_missing(event, side);
  if (!valid || event.b != tag.line.value || event.wrote_back() != back || event.invalidated() != invalidates) {
    wrong(fmt::format("maintenance of set {} way {} of the {}: line {:#x}{}{}; expected {} line {:#x}{}{}", place.set,
                      place.way, cache_name(event.cache()), event.b, event.wrote_back() ? ", written back" : "",
                      event.invalidated() ? ", invalidated" : "", valid ? "valid" : "no", tag.line.value,
                      back ? ", written back" : "", invalidates ? ", invalidated" : ""));
  }
  // A look at a line touches it.
  if (machine_.misses != 0 && valid && fence_->by_addr) side.mirror.hit(place, false);
  if (cleans) side.mirror.clean(place);
  if (invalidates) side.mirror.invalidate(place);
}

// What the fence should have dealt with and did not. Lines used meanwhile (by the host) are excused.
void StateCheck::on_cache_fence_done() {
  for (unsigned c = 0; c < 2; ++c) {
    CacheSide& side = cache_[c];
    const bool sync = fence_->op == FenceOp::FetchSync;
    if (c == 0 && !sync) continue;
    const bool invalidates = c == 0 || (!sync && fence_->op != FenceOp::CacheClean);
    for (unsigned set = 0; set < side.mirror.sets(); ++set) {
      for (unsigned way = 0; way < side.mirror.ways(); ++way) {
        const CacheTag& tag = side.mirror.tag({set, way});
        if (!side.mirror.valid({set, way}) || side.used[set * side.mirror.ways() + way]) continue;
        if (fence_->by_addr && tag.line != side.mirror.line_of(PhysAddr(fence_->addr))) continue;
        if (!invalidates && !side.mirror.dirty({set, way})) continue;
        wrong(fmt::format("maintenance is done, but set {} way {} of the {} (line {:#x}) is still {}", set, way,
                          cache_name(c), tag.line.value, invalidates ? "valid" : "dirty"));
      }
    }
  }
}

// ---------------------------------------------------------------- array port

void StateCheck::on_array(const ArrayRequest& request, const ArrayResponse& response) {
  const auto array = static_cast<Array>(request.array);
  if (array == Array::Itlb || array == Array::Dtlb) {
    return on_tlb_array(request, response, tlb_[array == Array::Itlb ? 0 : 1].mirror.part(false));
  }
  if ((array == Array::IcacheData || array == Array::DcacheData) && request.write) {
    CacheMirror& written = cache_[array == Array::IcacheData ? 0 : 1].mirror;
    if (written.present() && request.set < written.sets() && request.way < written.ways()) {
      written.heal_word({request.set, request.way}, request.word);
    }
  }
  if (array != Array::IcacheTag && array != Array::DcacheTag) return;
  CacheMirror& mirror = cache_[array == Array::IcacheTag ? 0 : 1].mirror;
  if (!mirror.present() || request.set >= mirror.sets() || request.way >= mirror.ways()) return;
  const CacheMirror::Place place{request.set, request.way};
  if (request.write) {
    mirror.write(place, unpack_cache_tag(request.data0));
    return;
  }
  CacheTag expected = mirror.tag(place);
  expected.valid = mirror.valid(place);
  expected.dirty = mirror.dirty(place);
  const CacheTag actual = unpack_cache_tag(response.data0);
  if (actual.valid != expected.valid ||
      (actual.valid && (actual.dirty != expected.dirty || actual.line != expected.line))) {
    wrong(fmt::format("the array port reads set {} way {} of the {} as {} line {:#x}, expected {} line {:#x}",
                      request.set, request.way, cache_name(array == Array::IcacheTag ? 0 : 1),
                      actual.valid ? (actual.dirty ? "dirty" : "clean") : "invalid", actual.line.value,
                      expected.valid ? (expected.dirty ? "dirty" : "clean") : "invalid", expected.line.value));
  }
}

}  // namespace vm
