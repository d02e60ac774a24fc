// SPDX-License-Identifier: Apache-2.0
#include "checks/state_check.h"

#include <fmt/format.h>

#include <utility>

#include "machine/array_layout.h"
#include "machine/pte.h"
#include "platform/platform.h"

namespace vm {
namespace {

std::string_view tlb_name(Port port) { return port == Port::Fetch ? "fetch TLB" : "data TLB"; }
std::string_view cache_name(unsigned cache) { return cache == 0 ? "instruction cache" : "data cache"; }

unsigned attributes(const Pte& pte) {
  return (pte.user ? 8U : 0U) | (pte.read ? 4U : 0U) | (pte.write ? 2U : 0U) | (pte.exec ? 1U : 0U);
}

std::string_view verdict_name(TlbMirror::Verdict verdict) {
  switch (verdict) {
    case TlbMirror::Verdict::Miss:
      return "a miss";
    case TlbMirror::Verdict::Denied:
      return "a hit that denies";
    case TlbMirror::Verdict::Granted:
      return "a hit";
  }
  return "?";
}

}  // namespace

StateCheck::StateCheck(const Machine& machine, Tracker& tracker, Reporter& reporter)
    : machine_(machine),
      tracker_(tracker),
      reporter_(reporter),
      tlb_{TlbSide(machine, machine.itlb), TlbSide(machine, machine.dtlb)},
      cache_{CacheSide(machine.icache), CacheSide(machine.dcache)} {}

void StateCheck::on_cycle(const Cycle& cycle) {
  for (const Event& event : cycle.events) on_event(event);
  for (TlbSide& side : tlb_) {
    if (!side.fill_due) continue;
    side.fill_due = false;
    if (side.mirror.present()) {
      wrong(fmt::format("the walk for page {:#x} succeeded, but the {} was not filled (M5)", side.fill_vpn.value,
                        tlb_name(&side == &tlb_[0] ? Port::Fetch : Port::Data)));
    }
  }
  if (cycle.out->fence.valid && fence_) {
    if (cycle.out->fence.refused != fence_->user) {
      wrong(fmt::format("the fence was {}, expected it {} (R26)", cycle.out->fence.refused ? "refused" : "done",
                        fence_->user ? "refused: user mode" : "done"));
    } else if (!fence_->user) {
      on_fence_done();
    }
    fence_.reset();
  }
  if (cycle.fence_accepted()) {
    const FenceRequest& f = cycle.in->fence;
    fence_ = Fence{static_cast<FenceOp>(f.op), f.user, f.by_addr, f.by_asid && machine_.asid_bits != 0, f.addr, f.asid};
  }
  if (cycle.out->array.valid && array_.valid) on_array(array_, cycle.out->array);
  if (cycle.array_accepted()) array_ = cycle.in->array;
}

void StateCheck::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Xlat:
      return on_xlat(event);
    case EventKind::WalkStart:
      return on_walk_start(event);
    case EventKind::WalkEnd:
      tlb_[static_cast<unsigned>(event.port())].entry = event.c;
      return;
    case EventKind::TlbFill:
      return on_tlb_fill(event);
    case EventKind::TlbInvalidate:
      return on_tlb_invalidate(event);
    case EventKind::CacheLookup:
      return on_lookup(event);
    case EventKind::CacheVictim:
      return on_victim(event);
    case EventKind::CacheFill:
      return on_fill(event);
    case EventKind::CacheDone:
      return on_done(event);
    case EventKind::CacheMaint:
      return on_maint(event);
    case EventKind::Miss:
    case EventKind::Drained:
      for (CacheSide& side : cache_) side.used.assign(side.used.size(), false);
      return;
    default:
      return;
  }
}

// ---------------------------------------------------------------- TLBs

void StateCheck::apply_touch(TlbSide& side) {
  if (side.touch_waits) side.mirror.touch(side.touch_set, side.touch_way);
  side.touch_waits = false;
}

void StateCheck::on_walk_start(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  const Vpn vpn = machine_.vpn_of(VirtAddr(event.b));
  if (!event.lookup_overlapped()) apply_touch(side);
  if (side.mirror.present()) side.fill_way = side.mirror.way_for(vpn, tracker_.context_in_flight().asid);
  apply_touch(side);
  side.denied = event.denied_hit();
}

void StateCheck::on_xlat(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  apply_touch(side);
  const TrackedAccess& access = tracker_.access(event.port(), event.id());
  const bool bare = event.phys() || !access.context.translate;
  const bool refused = event.xlat_cause() == Cause::Va || event.xlat_cause() == Cause::Limit;
  const Source actual = event.source();
  if (bare || refused) {
    const Source expected = bare ? Source::Bare : Source::None;
    if (actual != expected) {
      wrong(fmt::format("the translation of {:#x} came from source {}, expected {} ({})", event.b,
                        static_cast<unsigned>(actual), static_cast<unsigned>(expected),
                        bare ? "no translation" : "refused before any lookup"));
    }
    return;
  }
  const Vpn vpn = machine_.vpn_of(VirtAddr(event.b));
  TlbMirror::Lookup expected;
  if (side.mirror.present()) {
    expected = side.mirror.lookup(vpn, access.context.asid, access.kind(), access.request.user);
  }
  const bool hit = expected.verdict == TlbMirror::Verdict::Granted;
  if ((actual == Source::Tlb) != hit || (actual != Source::Tlb && actual != Source::Walk)) {
    wrong(fmt::format("page {:#x} (asid {}) in the {}: {}, expected {}", vpn.value, access.context.asid,
                      tlb_name(event.port()),
                      actual == Source::Tlb ? "a hit" : (actual == Source::Walk ? "walked" : "not looked up"),
                      verdict_name(expected.verdict)));
    return;
  }
  if (hit) {
    if (event.xlat_set() != expected.set || event.xlat_way() != expected.way) {
      wrong(fmt::format("page {:#x} hit in set {} way {} of the {}, expected set {} way {}", vpn.value,
                        event.xlat_set(), event.xlat_way(), tlb_name(event.port()), expected.set, expected.way));
    }
    side.touch_waits = true;
    side.touch_set = expected.set;
    side.touch_way = expected.way;
    return;
  }
  if (side.denied != (expected.verdict == TlbMirror::Verdict::Denied)) {
    wrong(fmt::format("page {:#x} in the {}: the walker was told {}, expected {}", vpn.value, tlb_name(event.port()),
                      side.denied ? "a hit that denies" : "a miss", verdict_name(expected.verdict)));
  }
  side.fill_due = event.xlat_cause() == Cause::None;
  side.fill_vpn = vpn;
  side.fill_asid = access.context.asid;
}

void StateCheck::on_tlb_fill(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  if (!side.fill_due) {
    wrong(fmt::format("the {} was filled with page {:#x}, but no walk just succeeded (M5)", tlb_name(event.port()),
                      event.b));
    return;
  }
  side.fill_due = false;
  const Pte page = decode_pte(machine_.format, side.entry);
  const unsigned set = side.mirror.set_of(side.fill_vpn);
  const std::uint64_t asid_attr = side.fill_asid | (static_cast<std::uint64_t>(attributes(page)) << 16);
  if (event.set() != set || event.tlb_way() != side.fill_way || event.b != side.fill_vpn.value ||
      event.c != page.ppn.value || event.d != asid_attr) {
    wrong(
        fmt::format("the {} was filled: set {} way {} page {:#x} frame {:#x} asid and rights {:#x}; expected set {} "
                    "way {} page {:#x} frame {:#x} asid and rights {:#x}",
                    tlb_name(event.port()), event.set(), event.tlb_way(), event.b, event.c, event.d, set, side.fill_way,
                    side.fill_vpn.value, page.ppn.value, asid_attr));
  }
  side.mirror.write(set, side.fill_way, {true, side.fill_vpn, side.fill_asid, page});
  side.mirror.touch(set, side.fill_way);
}

void StateCheck::on_tlb_invalidate(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  if (!fence_ || fence_->op != FenceOp::Tlb || fence_->user) {
    wrong(fmt::format("entries of the {} were invalidated without a fence", tlb_name(event.port())));
    return;
  }
  if (event.tlb_all()) {
    if (fence_->by_addr || fence_->by_asid) wrong("a fence of some translations removed all");
    side.mirror.invalidate(Fence{});
    return;
  }
  if (event.set() >= side.mirror.sets() || !side.mirror.present()) {
    wrong(fmt::format("set {} of the {} was invalidated, which it does not have", event.set(), tlb_name(event.port())));
    return;
  }
  const std::uint64_t expected = side.mirror.matching_ways(event.set(), *fence_);
  if (event.b != expected) {
    wrong(fmt::format("the fence removed ways {:#x} of set {} of the {}, expected {:#x} (R21)", event.b, event.set(),
                      tlb_name(event.port()), expected));
  }
  for (unsigned way = 0; way < side.mirror.ways(); ++way) {
    if (((event.b >> way) & 1U) == 0) continue;
    TlbEntry entry = side.mirror.entry(event.set(), way);
    entry.valid = false;
    side.mirror.write(event.set(), way, entry);
  }
}

// ---------------------------------------------------------------- caches

void StateCheck::on_lookup(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  const PhysAddr pa(event.b);
  const Region* region = machine_.region_of(pa);
  const bool uncached = !side.mirror.present() || region == nullptr || !region->cacheable;
  if (event.uncached() != uncached) {
    wrong(fmt::format("the {} treated {:#x} as {}, expected {} by the memory map", cache_name(event.cache()), event.b,
                      event.uncached() ? "uncached" : "cached", uncached ? "uncached" : "cached"));
    return;
  }
  if (uncached) return;
  side.missed = pa;
  side.write = event.write();
  const std::optional<CacheMirror::Place> place = side.mirror.find(pa);
  if (event.hit() != place.has_value()) {
    wrong(fmt::format("{:#x} {} the {}, expected a {}", event.b, event.hit() ? "hit" : "missed",
                      cache_name(event.cache()), place ? "hit" : "miss"));
  }
  if (!place) return;
  if (event.hit() && (event.set() != place->set || event.way() != place->way)) {
    wrong(fmt::format("{:#x} hit in set {} way {} of the {}, expected set {} way {}", event.b, event.set(), event.way(),
                      cache_name(event.cache()), place->set, place->way));
  }
  side.mirror.hit(*place, event.write());
  side.used[place->set * side.mirror.ways() + place->way] = true;
}

void StateCheck::on_victim(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  if (!side.mirror.present()) return;
  side.place = side.mirror.victim(side.missed);
  const CacheTag& tag = side.mirror.tag(side.place);
  const std::uint64_t line = tag.valid ? tag.line.value : 0;
  if (event.set() != side.place.set || event.way() != side.place.way || event.victim_valid() != tag.valid ||
      event.victim_dirty() != (tag.valid && tag.dirty) || event.b != line) {
    wrong(fmt::format("the {} replaces set {} way {} (line {:#x}, {}); expected set {} way {} (line {:#x}, {})",
                      cache_name(event.cache()), event.set(), event.way(), event.b,
                      event.victim_valid() ? (event.victim_dirty() ? "dirty" : "clean") : "invalid", side.place.set,
                      side.place.way, line, tag.valid ? (tag.dirty ? "dirty" : "clean") : "invalid"));
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
  if (event.uncached() || event.done_err()) return;
  if (const auto place = side.mirror.find(PhysAddr(event.b))) side.mirror.hit(*place, side.write);
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
  const bool back = cleans && tag.dirty;
  if (!tag.valid || event.b != tag.line.value || event.wrote_back() != back || event.invalidated() != invalidates) {
    wrong(fmt::format("maintenance of set {} way {} of the {}: line {:#x}{}{}; expected {} line {:#x}{}{}", place.set,
                      place.way, cache_name(event.cache()), event.b, event.wrote_back() ? ", written back" : "",
                      event.invalidated() ? ", invalidated" : "", tag.valid ? "valid" : "no", tag.line.value,
                      back ? ", written back" : "", invalidates ? ", invalidated" : ""));
  }
  if (cleans) side.mirror.clean(place);
  if (invalidates) side.mirror.invalidate(place);
}

// What the fence should have dealt with and did not. Lines used meanwhile (by the host) are excused.
void StateCheck::on_fence_done() {
  if (fence_->op == FenceOp::Tlb) {
    for (const Port port : {Port::Fetch, Port::Data}) {
      TlbSide& side = tlb_[static_cast<unsigned>(port)];
      if (!side.mirror.present()) continue;
      for (unsigned set = 0; set < side.mirror.sets(); ++set) {
        if (const std::uint64_t left = side.mirror.matching_ways(set, *fence_)) {
          wrong(fmt::format("the fence is acknowledged, but ways {:#x} of set {} of the {} are still valid (R21)", left,
                            set, tlb_name(port)));
        }
      }
      side.mirror.invalidate(*fence_);
    }
    return;
  }
  for (unsigned c = 0; c < 2; ++c) {
    CacheSide& side = cache_[c];
    const bool sync = fence_->op == FenceOp::FetchSync;
    if (c == 0 && !sync) continue;
    const bool invalidates = c == 0 || (!sync && fence_->op != FenceOp::CacheClean);
    for (unsigned set = 0; set < side.mirror.sets(); ++set) {
      for (unsigned way = 0; way < side.mirror.ways(); ++way) {
        const CacheTag& tag = side.mirror.tag({set, way});
        if (!tag.valid || side.used[set * side.mirror.ways() + way]) continue;
        if (fence_->by_addr && tag.line != side.mirror.line_of(PhysAddr(fence_->addr))) continue;
        if (!invalidates && !tag.dirty) continue;
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
    TlbMirror& mirror = tlb_[array == Array::Itlb ? 0 : 1].mirror;
    if (!mirror.present() || request.set >= mirror.sets() || request.way >= mirror.ways()) return;
    if (request.write) {
      mirror.write(request.set, request.way, unpack_tlb_entry({request.data0, request.data1}));
      return;
    }
    const TlbEntry& expected = mirror.entry(request.set, request.way);
    const TlbEntry actual = unpack_tlb_entry({response.data0, response.data1});
    const bool same = actual.valid == expected.valid &&
                      (!actual.valid || (actual.vpn == expected.vpn && actual.page.ppn == expected.page.ppn &&
                                         (machine_.asid_bits == 0 || actual.asid == expected.asid) &&
                                         attributes(actual.page) == attributes(expected.page)));
    if (!same) {
      wrong(fmt::format(
          "the array port reads set {} way {} of a TLB as {} page {:#x} frame {:#x}, expected {} page "
          "{:#x} frame {:#x}",
          request.set, request.way, actual.valid ? "valid" : "invalid", actual.vpn.value, actual.page.ppn.value,
          expected.valid ? "valid" : "invalid", expected.vpn.value, expected.page.ppn.value));
    }
    return;
  }
  if (array != Array::IcacheTag && array != Array::DcacheTag) return;
  CacheMirror& mirror = cache_[array == Array::IcacheTag ? 0 : 1].mirror;
  if (!mirror.present() || request.set >= mirror.sets() || request.way >= mirror.ways()) return;
  const CacheMirror::Place place{request.set, request.way};
  if (request.write) {
    mirror.write(place, unpack_cache_tag(request.data0));
    return;
  }
  const CacheTag& expected = mirror.tag(place);
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
