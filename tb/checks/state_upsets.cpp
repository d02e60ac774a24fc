// SPDX-License-Identifier: Apache-2.0
//
// The part of the state check that knows parity (M13): a word in which a bit has turned over is no entry any more,
// which the mirrors say by themselves, and the lookup that comes upon it removes it; in a cache it is a miss, or
// something is lost, and that is told.
#include <fmt/format.h>

#include "checks/state_check.h"
#include "platform/platform.h"
#include "platform/stored_word.h"

namespace vm {
namespace {

std::string_view tlb_name(Port port) { return port == Port::Fetch ? "fetch TLB" : "data TLB"; }

std::string_view cache_name(unsigned cache) { return cache == 0 ? "instruction cache" : "data cache"; }

}  // namespace

void StateCheck::on_flip(const ArrayRequest& flip) {
  walk_.on_array_port();
  const auto array = static_cast<Array>(flip.array);
  const auto flip_in = [&](TlbArray& tlb) {
    if (tlb.present() && flip.set < tlb.sets() && flip.way < tlb.ways()) tlb.flip(flip.set, flip.way);
  };
  if (array == Array::Itlb || array == Array::Dtlb) flip_in(tlb_[array == Array::Itlb ? 0 : 1].mirror.part(false));
  if (array == Array::L2Tlb) flip_in(l2_.mirror);
  flip_in_cache(flip);
}

void StateCheck::on_upset(const Event& event) {
  const auto judge_ways = [&](TlbArray& tlb, std::string_view name) {
    const bool there = tlb.present() && event.set() < tlb.sets();
    const std::uint64_t expected = there ? tlb.upset_ways(event.set()) : 0;
    if (event.b != expected) {
      wrong(fmt::format("ways {:#x} of set {} of the {} were removed for their parity, expected {:#x} (M13)", event.b,
                        event.set(), name, expected));
    }
    if (there) tlb.remove(event.set(), event.b & expected);
  };
  switch (event.tlb_unit()) {
    case TlbUnit::L2:
      judge_ways(l2_.mirror, "L2 TLB");
      return;
    case TlbUnit::WalkCaches:
      if (event.b != pointers_upset_) {
        wrong(
            fmt::format("pointers of levels {:#x} were removed from the walk caches for their parity, expected {:#x} "
                        "(M13)",
                        event.b, pointers_upset_));
      }
      pointers_upset_ = 0;
      return;
    case TlbUnit::Base:
    case TlbUnit::Super:
      judge_ways(tlb_[static_cast<unsigned>(event.port())].mirror.part(false), tlb_name(event.port()));
      return;
  }
}

void StateCheck::l2_looked(unsigned set) {
  l2_.looked_set = set;
  l2_.looked_in = now_;
}

// What should have been removed by now and was not.
void StateCheck::upsets_missing() {
  const auto left_in = [this](const TlbArray& tlb, unsigned set, std::string_view name) {
    if (!tlb.present() || tlb.upset_ways(set) == 0) return;
    wrong(fmt::format("set {} of the {} was looked at, but ways {:#x} with wrong parity are still there (M13)", set,
                      name, tlb.upset_ways(set)));
  };
  for (const Port port : {Port::Fetch, Port::Data}) {
    TlbSide& side = tlb_[static_cast<unsigned>(port)];
    if (side.looked) left_in(side.mirror.part(false), *side.looked, tlb_name(port));
    side.looked.reset();
  }
  if (l2_.looked_set && l2_.looked_in != now_) {
    left_in(l2_.mirror, *l2_.looked_set, "L2 TLB");
    l2_.looked_set.reset();
  }
  if (pointers_upset_ != 0) {
    wrong(
        fmt::format("a walk has looked at the walk caches, but pointers of levels {:#x} with wrong parity are still "
                    "there (M13)",
                    pointers_upset_));
    pointers_upset_ = 0;
  }
}

// ---------------------------------------------------------------- caches

void StateCheck::flip_in_cache(const ArrayRequest& flip) {
  const auto array = static_cast<Array>(flip.array);
  const bool tag = array == Array::IcacheTag || array == Array::DcacheTag;
  const bool data = array == Array::IcacheData || array == Array::DcacheData;
  if (!tag && !data) return;
  CacheMirror& mirror = cache_[array == Array::IcacheTag || array == Array::IcacheData ? 0 : 1].mirror;
  const StoredWord word = stored_word(machine_, array, flip.way);
  if (!mirror.present() || flip.set >= mirror.sets() || flip.way >= mirror.ways() || flip.data0 >= word.bits()) return;
  const CacheMirror::Place place{flip.set, flip.way};
  if (data) return mirror.flip_word(place, flip.word);
  const std::size_t field = word.field_of(static_cast<unsigned>(flip.data0));
  field == StoredWord::DirtyBits ? mirror.flip_dirty(place) : mirror.flip_tag(place);
}

namespace {

// A store of a whole word does not need the one that was there.
bool stores_whole_word(const Event& lookup, const CacheMirror& mirror) {
  const bool half = mirror.line_bytes() < 8;
  const unsigned lanes = half ? (lookup.strb() | lookup.strb() >> 4) & 0xFU : lookup.strb();
  return lookup.write() && lanes == (half ? 0xFU : 0xFFU);
}

}  // namespace

bool StateCheck::needs_wrong_word(const Event& lookup) const {
  const CacheMirror& mirror = cache_[lookup.cache()].mirror;
  const std::optional<CacheMirror::Place> place = mirror.find(PhysAddr(lookup.b));
  return place && mirror.upset_word(*place, PhysAddr(lookup.b)) && !stores_whole_word(lookup, mirror);
}

// What the lookup has to come upon.
void StateCheck::lookup_upsets(const Event& event, CacheSide& side, bool uncached) {
  const PhysAddr pa(event.b);
  const std::optional<CacheMirror::Place> place = side.mirror.find(pa);
  const bool whole = stores_whole_word(event, side.mirror);
  side.heals = place && whole && event.written_through();  // if memory takes it
  if (place && !uncached && whole && !side.heals) side.mirror.heal_word(*place, side.mirror.word_of(pa));
  side.refetches = !uncached && needs_wrong_word(event);
  if (side.refetches) side.place = *place;
  const bool hit = place && !uncached && !side.refetches;
  const bool lost = event.cache() == 1 && !hit && side.mirror.lost(side.mirror.set_of(pa)).has_value();
  if (event.meets_lost() != lost || (side.refetches && event.hit())) {
    wrong(fmt::format("{:#x} in the {}: {}, {} in the set; expected {}, {} (M13)", event.b, cache_name(event.cache()),
                      event.hit() ? "hit" : "not answered", event.meets_lost() ? "something lost" : "nothing lost",
                      side.refetches ? "its word to be wrong" : "no wrong word",
                      lost ? "something lost" : "nothing lost"));
  }
  if (lost) {
    side.loss = CacheSide::Loss::Line;
  } else if (side.refetches && event.cache() == 1 && side.mirror.dirty(*place)) {
    side.loss = CacheSide::Loss::Word;
  }
}

void StateCheck::on_lost(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  const CacheMirror::Place place{event.set(), event.way()};
  if (!side.mirror.present() || place.set >= side.mirror.sets() || place.way >= side.mirror.ways()) {
    return wrong(fmt::format("something is lost in the {} where it has no line", cache_name(event.cache())));
  }
  const auto is_place = [&place](const std::optional<CacheMirror::Place>& other) {
    return other && other->set == place.set && other->way == place.way;
  };
  bool due = false;
  if (event.lost_written()) {
    due = event.lost_in_maintenance() ? side.mirror.any_upset_word(place) : side.wrong_written && is_place(side.place);
    side.wrong_written = false;
    side.told = event.lost_in_maintenance();
  } else if (event.lost_in_maintenance()) {
    due = fence_ && is_place(side.mirror.lost(place.set));
  } else {
    due = side.loss == CacheSide::Loss::Line ? event.lost_line() && is_place(side.mirror.lost(place.set))
                                             : side.loss == CacheSide::Loss::Word && is_place(side.place);
    side.loss = CacheSide::Loss::None;
  }
  if (!due) {
    wrong(fmt::format("the {} says that something is lost in set {} way {} (line {:#x}), which it is not (M13)",
                      cache_name(event.cache()), place.set, place.way, event.b));
  }
  if (event.lost_line()) side.mirror.invalidate(place);
}

void StateCheck::losses_missing(const Event& event, CacheSide& side) {
  if (side.loss == CacheSide::Loss::None && !side.wrong_written) return;
  wrong(fmt::format("what was stored in the {} is lost, which the answer for {:#x} does not say (M13)",
                    cache_name(event.cache()), event.b));
  side.loss = CacheSide::Loss::None;
  side.wrong_written = false;
}

}  // namespace vm
