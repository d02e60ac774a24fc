// SPDX-License-Identifier: Apache-2.0
//
// The part of the state check for caches with misses outstanding. A miss register owns a set: from the first access to
// it that is not answered at once to its CacheFree, none hits there. A line that is fetched is touched by who waits for
// it, not by its arrival.
#include <fmt/format.h>

#include "checks/state_check.h"

namespace vm {
namespace {

std::string_view cache_name(unsigned cache) { return cache == 0 ? "instruction cache" : "data cache"; }

}  // namespace

void StateCheck::on_outstanding(const Event& event) {
  CacheSide& side = cache_[event.cache()];
  const unsigned set = event.kind == EventKind::CacheLookup || event.kind == EventKind::CacheDone
                           ? side.mirror.set_of(PhysAddr(event.b))
                           : event.set();
  if (!side.sets.exists(set)) return wrong(fmt::format("the {} has no set {}", cache_name(event.cache()), set));
  CacheSide::Fetch& fetch = side.fetches[set];
  switch (event.kind) {
    case EventKind::CacheLookup:
      on_outstanding_lookup(event, side, set);
      side.sets.on_lookup(set, event);
      return;
    case EventKind::CacheVictim:
      return on_outstanding_victim(event, side, fetch);
    case EventKind::CacheFill:
      return on_outstanding_fill(event, side, fetch);
    case EventKind::CacheDone:
      side.sets.on_done(set, event);
      return on_outstanding_done(event, side, fetch);
    case EventKind::CacheFree:
      return side.sets.on_free(set);
    default:
      return;
  }
}

void StateCheck::on_outstanding_lookup(const Event& event, CacheSide& side, unsigned set) {
  if (wrong_type(event)) return;
  const std::optional<CacheMirror::Place> place = side.mirror.find(PhysAddr(event.b));
  const bool busy = side.sets.busy(set);
  const bool hit = place && !busy && !event.single();
  if (event.hit() != hit) {
    wrong(fmt::format("{:#x} {} the {}, expected a {}{}", event.b, event.hit() ? "hit" : "missed",
                      cache_name(event.cache()), hit ? "hit" : "miss", busy ? ": others wait for this set" : ""));
  }
  if (!event.hit()) return;
  if (!place) return;
  if (event.set() != place->set || event.way() != place->way) {
    wrong(fmt::format("{:#x} hit in set {} way {} of the {}, expected set {} way {}", event.b, event.set(), event.way(),
                      cache_name(event.cache()), place->set, place->way));
  }
  side.mirror.hit(*place, event.write());
  side.used[place->set * side.mirror.ways() + place->way] = true;
}

void StateCheck::on_outstanding_victim(const Event& event, CacheSide& side, CacheSide::Fetch& fetch) {
  const bool fetches = memory_ids(machine_, event.cache()).fetches(event.cache_id());
  const PhysAddr line(event.fetched_line());
  CacheMirror::Place place{event.set(), event.way()};
  if (place.way >= side.mirror.ways()) return wrong("a line is replaced in a way that the cache does not have");
  if (fetches && (side.mirror.find(line) || (fetch.active && fetch.line == line.value))) {
    wrong(fmt::format("the {} fetches line {:#x}, which it has", cache_name(event.cache()), line.value));
  }
  if (fetches && (!side.sets.owned(event.set()) || side.mirror.set_of(line) != event.set())) {
    wrong(fmt::format("the {} replaces a line of set {} for line {:#x}, which no miss register owns",
                      cache_name(event.cache()), event.set(), line.value));
  }
  if (fetches) place = side.mirror.victim(line);
  const bool valid = side.mirror.valid(place), dirty = valid && event.cache() == 1 && side.mirror.dirty(place);
  const std::uint64_t stored = valid ? side.mirror.tag(place).line.value : 0;
  if (event.set() != place.set || event.way() != place.way || event.victim_valid() != valid ||
      event.victim_dirty() != dirty || event.b != stored) {
    wrong(fmt::format("the {} replaces set {} way {} (line {:#x}, {}); expected set {} way {} (line {:#x}, {})",
                      cache_name(event.cache()), event.set(), event.way(), event.b,
                      event.victim_valid() ? (event.victim_dirty() ? "dirty" : "clean") : "invalid", place.set,
                      place.way, stored, valid ? (dirty ? "dirty" : "clean") : "invalid"));
  }
  if (!fetches) side.mirror.hit(place, false);  // the look of the uncached access
  side.mirror.begin_fill(place);
  if (!fetches) return;
  fetch = {true, place.way, line.value};
}

void StateCheck::on_outstanding_fill(const Event& event, CacheSide& side, CacheSide::Fetch& fetch) {
  if (!fetch.active || event.way() != fetch.way || event.b != fetch.line) {
    wrong(fmt::format(
        "the {} filled set {} way {} with line {:#x}, expected {}", cache_name(event.cache()), event.set(), event.way(),
        event.b, fetch.active ? fmt::format("way {} with line {:#x}", fetch.way, fetch.line) : std::string("no fill")));
  }
  fetch.active = false;
  if (event.fill_err() || event.way() >= side.mirror.ways()) return;
  side.mirror.install({event.set(), event.way()}, PhysAddr(event.b));
  side.used[event.set() * side.mirror.ways() + event.way()] = true;
}

void StateCheck::on_outstanding_done(const Event& event, CacheSide& side, const CacheSide::Fetch& fetch) {
  const std::optional<CacheMirror::Place> place = side.mirror.find(PhysAddr(event.b));
  if (event.uncached()) {
    if (!place) return;
    wrong(fmt::format("the uncached access to {:#x} is answered, but the {} still has its line", event.b,
                      cache_name(event.cache())));
    return;
  }
  if (event.written_through()) {
    if (event.through_hit() != place.has_value()) {
      wrong(fmt::format("the written-through store to {:#x} {} the {}, expected a {}", event.b,
                        event.through_hit() ? "hit" : "missed", cache_name(event.cache()), place ? "hit" : "miss"));
    }
    if (place) side.mirror.hit(*place, false);  // its look has touched the line, which is as dirty as before
    return;
  }
  if (event.done_err()) return;
  // A load may have its word before the line is whole.
  const bool early = !event.write() && fetch.active && fetch.line == side.mirror.line_of(PhysAddr(event.b)).value;
  const CacheMirror::Place there = place ? *place : CacheMirror::Place{event.set(), fetch.way};
  if (!(place || early) || there.way != event.way() || there.set != event.set()) {
    wrong(fmt::format(
        "the {} answered {:#x} from set {} way {}, expected {}", cache_name(event.cache()), event.b, event.set(),
        event.way(),
        place || early ? fmt::format("way {}", there.way) : std::string("no answer: its line is not there")));
    return;
  }
  side.mirror.hit(there, event.write());
  side.used[there.set * side.mirror.ways() + there.way] = true;
}

}  // namespace vm
