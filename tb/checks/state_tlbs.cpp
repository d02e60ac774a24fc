// SPDX-License-Identifier: Apache-2.0
//
// The half of the state check that knows translations: L1 TLBs, L2 TLB, walk caches.
#include <fmt/format.h>

#include "checks/state_check.h"
#include "machine/array_layout.h"
#include "machine/pte.h"

namespace vm {
namespace {

std::string_view tlb_name(Port port) { return port == Port::Fetch ? "fetch TLB" : "data TLB"; }

unsigned rights(const Pte& pte) {
  return (pte.user ? 8U : 0U) | (pte.read ? 4U : 0U) | (pte.write ? 2U : 0U) | (pte.exec ? 1U : 0U);
}

// The attribute word of the fill events.
std::uint64_t attributes(std::uint16_t asid, const Pte& pte) {
  return asid | static_cast<std::uint64_t>(rights(pte)) << 16 | (pte.dirty ? 1ULL << 20 : 0) |
         (pte.global ? 1ULL << 21 : 0) | static_cast<std::uint64_t>(pte.type) << 22;
}
std::uint64_t attributes(const TlbEntry& entry) {
  return attributes(entry.asid, entry.page) | static_cast<std::uint64_t>(entry.level) << 25 |
         (entry.napot ? 1ULL << 28 : 0);
}

std::string_view verdict_name(TlbVerdict verdict) {
  switch (verdict) {
    case TlbVerdict::Miss:
      return "a miss";
    case TlbVerdict::Denied:
      return "a hit that denies";
    case TlbVerdict::Granted:
      return "a hit";
  }
  return "?";
}

std::string_view source_name(Source source) {
  constexpr std::array<std::string_view, 5> kNames{"not translated", "a hit", "walked", "refused", "an L2 hit"};
  const auto s = static_cast<std::size_t>(source);
  return s < kNames.size() ? kNames[s] : "?";
}

}  // namespace

void StateCheck::tlb_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Xlat:
      return on_xlat(event);
    case EventKind::WalkStart:
      walk_.on_event(event);
      return on_walk_start(event);
    case EventKind::WalkLook:
      if (event.prefetch()) {
        walk_.on_event(event);
        return on_prefetch_look(event);
      }
      on_walk_look(event);
      return walk_.on_event(event);
    case EventKind::WalkRead:
      read_type_ = walk_.type();
      walk_.on_event(event);
      pointer_read_ = pointer_due_;
      return;
    case EventKind::WalkData:
    case EventKind::WalkUpdate: {
      const unsigned level = walk_.level();
      walk_.on_event(event);
      if (walk_.found_ahead() && l2_.looked) {
        l2_.due = entry_of(machine_, tracker_.context_in_flight(), walk_.va(), *walk_.found_ahead());
        l2_.due_in = now_ + 2;
      }
      pointer_due_ = walk_.due() == WalkFollower::Due::Read && walk_.level() + 1 == level;
      pointer_read_ = false;
      pointer_level_ = level;
      pointer_ = walk_.above();
      return;
    }
    case EventKind::WalkRestart:
      pointer_due_ = false;
      return walk_.on_event(event);
    case EventKind::WalkEnd:
      on_walk_end(event);
      return walk_.on_event(event);
    case EventKind::WalkCacheFill:
      on_pointer_fill(event);
      return walk_.on_event(event);
    case EventKind::TlbFill:
      return on_tlb_fill(event);
    case EventKind::L2Fill:
      return on_l2_fill(event);
    case EventKind::TlbInvalidate:
      on_tlb_invalidate(event);
      return walk_.on_event(event);
    case EventKind::Upset:
      on_upset(event);
      return walk_.on_event(event);
    default:
      return;
  }
}

const Fence* StateCheck::tlb_fence() const {
  if (fence_) return fence_->op == FenceOp::Tlb && !fence_->user ? &*fence_ : nullptr;
  return tracker_.forgetting() ? &*tracker_.forgetting() : nullptr;
}

// ---------------------------------------------------------------- translations

void StateCheck::on_xlat(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  if (side.used) side.mirror.touch(*side.used);
  side.used.reset();
  const TrackedAccess& access = tracker_.access(event.port(), event.id());
  const bool bare = event.phys() || !access.context.translate;
  const bool refused = event.xlat_cause() == Cause::Va || event.xlat_cause() == Cause::Limit;
  if (!bare) side.looked = side.mirror.part(false).set_of(machine_.vpn_of(VirtAddr(event.b)));
  if (!bare && !refused) return on_translated(event, access);
  const Source expected = bare ? Source::Bare : Source::None;
  if (event.source() == expected) return;
  wrong(fmt::format("the translation of {:#x} was {}, expected {} ({})", event.b, source_name(event.source()),
                    source_name(expected), bare ? "no translation" : "refused before any lookup"));
}

void StateCheck::on_translated(const Event& event, const TrackedAccess& access) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  const Vpn vpn = machine_.vpn_of(VirtAddr(event.b));
  const Request request = access.request_at(VirtAddr(event.b));
  const TlbMirror::Lookup expected = side.mirror.lookup(access.context, request);
  const bool by_l2 = side.from_l2 && judge(machine_, access.context, *side.from_l2, request) == TlbVerdict::Granted;
  const Source source = expected.verdict == TlbVerdict::Granted ? Source::Tlb : (by_l2 ? Source::L2 : Source::Walk);
  if (event.source() != source) {
    wrong(fmt::format("page {:#x} (asid {}) in the {}: {}, expected {} ({} in the TLB)", vpn.value, access.context.asid,
                      tlb_name(event.port()), source_name(event.source()), source_name(source),
                      verdict_name(expected.verdict)));
    return;
  }
  if (source == Source::Tlb) {
    if (event.xlat_super() != expected.super || event.xlat_set() != expected.set || event.xlat_way() != expected.way) {
      wrong(fmt::format("page {:#x} hit in {}set {} way {} of the {}, expected {}set {} way {}", vpn.value,
                        event.xlat_super() ? "the super part, " : "", event.xlat_set(), event.xlat_way(),
                        tlb_name(event.port()), expected.super ? "the super part, " : "", expected.set, expected.way));
    }
    side.used = expected;
    return;
  }
  if (side.denied != (expected.verdict == TlbVerdict::Denied)) {
    wrong(fmt::format("page {:#x} in the {}: the walker was told {}, expected {}", vpn.value, tlb_name(event.port()),
                      side.denied ? "a hit that denies" : "a miss", verdict_name(expected.verdict)));
  }
  side.due.reset();
  const std::optional<TlbEntry> entry = source == Source::L2 ? side.from_l2 : side.found;
  if (event.xlat_cause() == Cause::None && entry) {
    if (side.mirror.part(side.mirror.is_super(*entry)).present()) side.due = entry;
  }
  side.from_l2.reset();
  side.found.reset();
}

void StateCheck::on_walk_start(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  const std::uint16_t asid = tracker_.context_in_flight().asid;
  const Vpn vpn = machine_.vpn_of(VirtAddr(event.b));
  const bool again = side.from_l2.has_value();
  if (event.skip_l2() != again) {
    wrong(fmt::format("the walk for page {:#x} {} the L2 TLB, expected {}", vpn.value,
                      event.skip_l2() ? "leaves out" : "asks", again ? "it left out: its entry denies" : "it asked"));
  }
  if (again) {
    const TrackedAccess* access = tracker_.translating(event.port());
    if (access != nullptr) {
      const Request request = access->request_at(VirtAddr(event.b));
      if (judge(machine_, access->context, *side.from_l2, request) == TlbVerdict::Granted) {
        wrong(fmt::format("page {:#x} is walked, though the L2 TLB has it and grants", vpn.value));
      }
    }
    side.from_l2.reset();
    return;
  }
  // The port's own TLB was looked up once, before the first of its walks.
  if (side.used) side.mirror.touch(*side.used);
  for (const bool super : {false, true}) {
    const TlbArray& array = side.mirror.part(super);
    if (array.present()) side.fill_way[super ? 1 : 0] = array.way_for(vpn, asid);
  }
  side.used.reset();
  side.denied = event.denied_hit();
  l2_.looked = false;
}

void StateCheck::on_walk_look(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  const Context& context = tracker_.context_in_flight();
  const Vpn vpn = walk_.vpn();
  l2_.looked = l2_.mirror.present() && !l2_sweeps();
  if (l2_.mirror.present() && l2_.looked) {
    const TlbArray::Match match = l2_.mirror.find(vpn, context.asid);
    l2_.fill_way = l2_.mirror.way_for(vpn, context.asid);
    const unsigned set = l2_.mirror.set_of(vpn);
    l2_looked(set);
    // An event that says "off" outside a sweep: the entry there has denied.
    if (!event.l2_off() && event.l2_hit() != match.found) {
      wrong(fmt::format("page {:#x} (asid {}) {} the L2 TLB, expected a {}", vpn.value, context.asid,
                        event.l2_hit() ? "hit" : "missed", match.found ? "hit" : "miss"));
    } else if (!event.l2_off() && match.found) {
      if (event.set() != set || event.tlb_way() != match.way) {
        wrong(fmt::format("page {:#x} hit in set {} way {} of the L2 TLB, expected set {} way {}", vpn.value,
                          event.set(), event.tlb_way(), set, match.way));
      }
      side.from_l2 = l2_.mirror.entry(set, match.way);
      side.from_l2->asid = static_cast<std::uint16_t>(context.asid & low_mask(machine_.asid_bits));
      l2_.mirror.touch(set, match.way);
    }
  } else if (event.l2_hit() && !event.l2_off()) {
    wrong(fmt::format("page {:#x} hit in an L2 TLB that {}", vpn.value,
                      l2_.mirror.present() ? "is being swept" : "is not there"));
  }
  pointers_upset_ = walk_.walk_cache().upset_levels(vpn);
  if (event.l2_hit() && !event.l2_off()) return;
  const unsigned levels = context.levels == 0 ? machine_.format.levels : context.levels;
  const auto known = walk_.walk_cache().lookup(vpn, context.asid, levels);
  const unsigned level = known ? known->level : 0;
  if (event.walk_cache_level() != level) {
    wrong(
        fmt::format("the walk for page {:#x} (asid {}) begins below the pointer of level {}, expected {}: that is "
                    "what the walk caches hold (M9, X23)",
                    vpn.value, context.asid, event.walk_cache_level(), level));
  }
}

// A page that the L2 has is not prefetched; nor is the look a use of it.
void StateCheck::on_prefetch_look(const Event& event) {
  const std::uint16_t asid = tracker_.context_in_flight().asid;
  const Vpn vpn = walk_.vpn();
  l2_.looked = l2_.mirror.present() && !l2_sweeps();
  const TlbArray::Match match = l2_.looked ? l2_.mirror.find(vpn, asid) : TlbArray::Match{};
  if (!l2_.looked || event.l2_hit() != match.found || event.walk_cache_level() != 0) {
    wrong(fmt::format("the prefetch of page {:#x} (asid {}) {} the L2 TLB{}, expected a {}", vpn.value, asid,
                      event.l2_hit() ? "hit" : "missed", l2_.looked ? "" : ", which is not to be asked,",
                      match.found ? "hit" : "miss"));
  }
  if (!l2_.looked) return;
  l2_.fill_way = l2_.mirror.way_for(vpn, asid);
  l2_looked(l2_.mirror.set_of(vpn));
}

void StateCheck::on_walk_end(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  side.found.reset();
  pointer_due_ = false;
  if (walk_.due() != WalkFollower::Due::End || walk_.cause() != Cause::None || walk_.result().fault) return;
  side.found = entry_of(machine_, tracker_.context_in_flight(), walk_.va(), walk_.result());
  if (l2_.looked && !side.mirror.is_super(*side.found)) {
    l2_.due = side.found;
    l2_.due_in = now_ + 1;
  }
}

// ---------------------------------------------------------------- fills

void StateCheck::on_tlb_fill(const Event& event) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  if (!side.due) {
    wrong(fmt::format("the {} was filled with page {:#x}, but no walk just succeeded (M5)", tlb_name(event.port()),
                      event.b));
    return;
  }
  const TlbEntry& entry = *side.due;
  const bool super = side.mirror.is_super(entry);
  TlbArray& array = side.mirror.part(super);
  const unsigned set = array.set_of(entry.vpn);
  const unsigned way = side.fill_way[super ? 1 : 0];
  if (event.fills_super() != super || event.set() != set || event.tlb_way() != way || event.b != entry.vpn.value ||
      event.c != entry.page.ppn.value || event.d != attributes(entry)) {
    wrong(
        fmt::format("the {} was filled: {}set {} way {} page {:#x} frame {:#x} asid and rights {:#x}; expected {}set "
                    "{} way {} page {:#x} frame {:#x} asid and rights {:#x}",
                    tlb_name(event.port()), event.fills_super() ? "super part, " : "", event.set(), event.tlb_way(),
                    event.b, event.c, event.d, super ? "super part, " : "", set, way, entry.vpn.value,
                    entry.page.ppn.value, attributes(entry)));
  }
  array.fill(way, entry);
  side.due.reset();
}

void StateCheck::on_l2_fill(const Event& event) {
  if (!l2_.due || l2_.due_in != now_) {
    wrong(
        fmt::format("the L2 TLB was filled with page {:#x}, but no walk for a base page just succeeded, nor a prefetch "
                    "(M5, R24)",
                    event.b));
    return;
  }
  const TlbEntry& entry = *l2_.due;
  const unsigned set = l2_.mirror.set_of(entry.vpn);
  if (event.set() != set || event.tlb_way() != l2_.fill_way || event.b != entry.vpn.value ||
      event.c != entry.page.ppn.value || event.d != attributes(entry)) {
    wrong(
        fmt::format("the L2 TLB was filled: set {} way {} page {:#x} frame {:#x} asid and rights {:#x}; expected set "
                    "{} way {} page {:#x} frame {:#x} asid and rights {:#x}",
                    event.set(), event.tlb_way(), event.b, event.c, event.d, set, l2_.fill_way, entry.vpn.value,
                    entry.page.ppn.value, attributes(entry)));
  }
  l2_.mirror.fill(l2_.fill_way, entry);
  l2_.due.reset();
}

void StateCheck::on_pointer_fill(const Event& event) {
  const Vpn vpn = walk_.vpn();
  const std::uint16_t asid = tracker_.context_in_flight().asid;
  if (!pointer_due_) {
    wrong(
        fmt::format("a pointer of level {} went into the walk cache, but no walk just found one", event.walk_level()));
    return;
  }
  pointer_due_ = false;
  const std::uint64_t key = walk_.walk_cache().key_of(vpn, pointer_level_);
  const unsigned set = walk_.walk_cache().set_of(key);
  Pte stored = pointer_;
  stored.read = stored.dirty = true;
  const std::uint64_t attr = attributes(asid, stored);
  // Whether a pointer is dirty says nothing.
  constexpr std::uint64_t kMeans = ~(1ULL << 20);
  if (event.walk_level() != pointer_level_ || event.set() != set || event.b != key || event.c != pointer_.ppn.value ||
      (event.d & kMeans) != (attr & kMeans)) {
    wrong(
        fmt::format("the walk cache was filled: level {} set {} key {:#x} table {:#x} asid and rights {:#x}; expected "
                    "level {} set {} key {:#x} table {:#x} asid and rights {:#x}",
                    event.walk_level(), event.set(), event.b, event.c, event.d, pointer_level_, set, key,
                    pointer_.ppn.value, attr));
  }
}

// What should have been filled in this cycle and was not.
void StateCheck::fills_missing() {
  for (const Port port : {Port::Fetch, Port::Data}) {
    TlbSide& side = tlb_[static_cast<unsigned>(port)];
    if (side.due) {
      wrong(fmt::format("the walk for page {:#x} succeeded, but the {} was not filled (M5)", side.due->vpn.value,
                        tlb_name(port)));
    }
    side.due.reset();
  }
  if (l2_.due && l2_.due_in <= now_) {
    wrong(fmt::format("the walk for page {:#x} succeeded, but the L2 TLB was not filled", l2_.due->vpn.value));
    l2_.due.reset();
  }
  if (pointer_due_ && pointer_read_ && machine_.walk_cache_sets != 0) {
    wrong(fmt::format("the entry below a good pointer of level {} is read, but the pointer is not in the walk cache",
                      pointer_level_));
    pointer_due_ = false;
  }
}

// ---------------------------------------------------------------- array port

void StateCheck::on_tlb_array(const ArrayRequest& request, const ArrayResponse& response, TlbArray& array) {
  if (!array.present() || request.set >= array.sets() || request.way >= array.ways()) return;
  if (request.write) {
    array.write(request.set, request.way, unpack_tlb_entry({request.data0, request.data1}));
    return;
  }
  const TlbEntry& expected = array.entry(request.set, request.way);
  const TlbEntry actual = unpack_tlb_entry({response.data0, response.data1});
  const bool same =
      actual.valid == expected.valid &&
      (!actual.valid || (actual.vpn == expected.vpn && actual.page.ppn == expected.page.ppn &&
                         (machine_.asid_bits == 0 || actual.asid == expected.asid) &&
                         rights(actual.page) == rights(expected.page) && actual.page.dirty == expected.page.dirty &&
                         actual.page.global == expected.page.global && actual.page.type == expected.page.type));
  if (same) return;
  wrong(
      fmt::format("the array port reads set {} way {} of a TLB as {} page {:#x} frame {:#x}, expected {} page {:#x} "
                  "frame {:#x}",
                  request.set, request.way, actual.valid ? "valid" : "invalid", actual.vpn.value, actual.page.ppn.value,
                  expected.valid ? "valid" : "invalid", expected.vpn.value, expected.page.ppn.value));
}

}  // namespace vm
