// SPDX-License-Identifier: Apache-2.0
#include "coverage/walk_bins.h"

#include <fmt/format.h>

#include "machine/pte.h"

namespace vm {
namespace {

Values ports() { return {"fetch port", "data port"}; }

// Levels first to last, both included.
Values levels_between(unsigned first, unsigned last) {
  Values values;
  for (unsigned level = first; level <= last; ++level) values.push_back(level_name(level));
  return values;
}

}  // namespace

WalkBins::WalkBins(BinTable& table)
    : machine_(table.machine()), waits_(table, "walks", {{"waits for the walk of the other port"}, ports()}) {
  const Format& f = machine_.format;
  const unsigned top = f.levels - 1;
  const auto add = [&table](std::optional<Cross>& cross, const char* group, const std::vector<Values>& properties) {
    cross.emplace(table, group, properties);
  };
  if (machine_.walk_port == WalkPort::Cache) {
    add(uncached_table_, "walks", {{"entry read from uncached memory"}, level_values(machine_)});
    add(turned_away_, "walks", {{"read turned away by the cache"}, level_values(machine_)});
  }
  if (machine_.l2tlb.ways != 0) {
    add(sweeping_, "walks", {{"L2 TLB looked up during its sweep"}, ports()});
    add(l2_, "walks", {{"L2 TLB hit", "L2 TLB miss", "L2 TLB not asked again"}, ports()});
  }
  if (machine_.walk_cache_sets != 0) {
    add(restart_, "walks", {{"restart of a walk that began below"}, levels_between(1, top), ports()});
    add(pointer_fill_, "walks", {{"pointer into the walk cache"}, levels_between(1, top)});
    for (unsigned mode = f.min_levels; mode <= f.levels; ++mode) {
      begins_.emplace_back(
          table, "walks",
          std::vector<Values>{{fmt::format("in {} levels, begins below", mode)}, levels_between(1, mode - 1)});
    }
  }
  if (!f.hw_ad) return;
  constexpr const char* kGroup = "accessed-dirty";
  add(leaf_set_, kGroup, {{"accessed", "dirty", "accessed and dirty"}, levels_between(0, f.max_leaf_level)});
  if (f.kind == PteKind::X86) add(pointer_set_, kGroup, {{"accessed of a pointer"}, levels_between(1, top)});
  add(failed_, kGroup, {{"entry had changed"}, level_values(machine_)});
  add(bus_error_, kGroup, {{"bus error on compare-and-set"}, level_values(machine_)});
  add(after_failure_, kGroup, {{"after a changed entry"}, {"asked again", "nothing to set", "fault"}});
}

void WalkBins::on_event(const Event& event, const Tracker& tracker, const WalkProgress& walk) {
  const auto p = static_cast<unsigned>(event.port());
  switch (event.kind) {
    case EventKind::Xlat:
      started_[p] = false;
      return;
    case EventKind::WalkStart:
      started_[p] = true;
      read_pending_ = update_failed_ = false;
      return;
    case EventKind::Miss:
      if (!started_[p]) waits_.hit(0, p);
      return;
    case EventKind::WalkLook:
      return on_look(event, tracker, walk);
    case EventKind::WalkRead:
      if (read_pending_ && turned_away_) turned_away_->hit(0, event.walk_level());
      read_pending_ = true;
      return after_failure(AfterFailure::NothingToSet);
    case EventKind::WalkData:
      read_pending_ = false;
      return;
    case EventKind::WalkUpdateStart:
      return after_failure(AfterFailure::AskedAgain);
    case EventKind::WalkUpdate:
      return on_update(event, tracker);
    case EventKind::WalkEnd:
      return after_failure(event.walk_cause() == Cause::None ? AfterFailure::NothingToSet : AfterFailure::Fault);
    case EventKind::WalkRestart:
      if (restart_) restart_->hit(0, walk.story(event.port()).known_level - 1, p);
      return after_failure(AfterFailure::Fault);
    case EventKind::WalkCacheFill:
      if (pointer_fill_) pointer_fill_->hit(0, event.walk_level() - 1);
      return;
    case EventKind::CacheLookup:
      if (event.client() == Client::Walk && event.uncached() && uncached_table_) uncached_table_->hit(0, walk.level());
      return;
    default:
      return;
  }
}

void WalkBins::on_look(const Event& event, const Tracker& tracker, const WalkProgress& walk) {
  const auto p = static_cast<unsigned>(event.port());
  const bool again = walk.story(event.port()).origin == WalkProgress::Origin::DeniedL2;
  if (l2_) {
    if (event.l2_off() && !again) sweeping_->hit(0, p);
    if (!event.l2_off() || again) l2_->hit(again ? 2 : event.l2_hit() ? 0 : 1, p);
  }
  if (event.walk_cache_level() == 0 || (event.l2_hit() && !event.l2_off())) return;
  const std::size_t mode = tracker.context_in_flight().levels - machine_.format.min_levels;
  if (mode < begins_.size()) begins_[mode].hit(0, event.walk_cache_level() - 1);
}

void WalkBins::on_update(const Event& event, const Tracker& tracker) {
  if (!leaf_set_) return;
  const unsigned level = event.walk_level();
  if (event.walk_err()) return bus_error_->hit(0, level);
  if (!event.update_success()) {
    failed_->hit(0, level);
    update_failed_ = true;
    return;
  }
  const Context& context = tracker.context_in_flight();
  const Pte before = decode_pte(machine_, context, event.c, level);
  const Pte after = decode_pte(machine_, context, event.d, level);
  if (!before.leaf) {
    if (pointer_set_) pointer_set_->hit(0, level - 1);
    return;
  }
  const bool accessed = !before.accessed && after.accessed, dirty = !before.dirty && after.dirty;
  leaf_set_->hit(accessed && dirty ? 2 : dirty ? 1 : 0, level);
}

void WalkBins::after_failure(AfterFailure what) {
  if (!update_failed_) return;
  update_failed_ = false;
  after_failure_->hit(0, what);
}

}  // namespace vm
