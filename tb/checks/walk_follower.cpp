// SPDX-License-Identifier: Apache-2.0
#include "checks/walk_follower.h"

#include "platform/platform.h"

namespace vm {
namespace {

// What the hardware put into its walk cache; whether that is right is the state check's business.
Pte pointer_of(const Event& fill) {
  Pte pointer = fill.fill_page();
  pointer.leaf = false;
  pointer.read = pointer.dirty = true;
  return pointer;
}

}  // namespace

WalkFollower::WalkFollower(const Machine& machine, Tracker& tracker)
    : machine_(machine), tracker_(tracker), cache_(machine) {}

void WalkFollower::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::WalkStart:
      return start(event);
    case EventKind::WalkLook: {
      if (event.prefetch()) return start_ahead(event.l2_hit() && !event.l2_off());
      const bool known_by_l2 = event.l2_hit() && !event.l2_off();
      result_ = {};
      const auto known = cache_.lookup(vpn(), context_.asid, context_.levels);
      if (known) {
        from_cache_ = true;
        above_ = known->pointer;
        enter(known->level - 1, PhysAddr(known->pointer.ppn.value << machine_.format.page_bits));
      }
      if (known_by_l2) due_ = Due::Nothing;
      return;
    }
    case EventKind::WalkRead:
      if (due_ == Due::Read) due_ = Due::Data;
      return;
    case EventKind::WalkData:
      if (ahead_) {
        due_ = Due::Nothing;
        value_ = event.b;
        if (!event.walk_err()) judge_ahead();
        return;
      }
      if (event.walk_err()) return end(Cause::EntryBus);
      value_ = event.b;
      return judge();
    case EventKind::WalkUpdateStart:
      if (due_ == Due::Update) due_ = Due::Updating;
      return;
    case EventKind::WalkUpdate:
      if (event.walk_err()) return end(Cause::EntryBus);
      value_ = event.update_success() ? wanted_ : event.c;
      return judge();
    case EventKind::WalkEnd:
      due_ = Due::Nothing;
      return;
    case EventKind::WalkRestart:
      from_cache_ = false;
      return at_root();
    case EventKind::WalkCacheFill:
      cache_.fill(vpn(), event.fill_asid(), event.walk_level(), pointer_of(event));
      return;
    case EventKind::TlbInvalidate:
      if (event.tlb_unit() == TlbUnit::WalkCaches) cache_.clear();
      return;
    case EventKind::Upset:
      if (event.tlb_unit() == TlbUnit::WalkCaches) cache_.remove(vpn(), event.b);
      return;
    default:
      return;
  }
}

void WalkFollower::on_array_port() {
  if (!tracker_.flipped()) return;
  const ArrayRequest& flip = *tracker_.flipped();
  const bool there = flip.way != 0 && flip.way < machine_.format.levels && flip.set < machine_.walk_cache_sets;
  if (static_cast<Array>(flip.array) == Array::WalkCache && there) cache_.flip(flip.way, flip.set);
}

void WalkFollower::start(const Event& event) {
  port_ = event.port();
  context_ = tracker_.context_in_flight();
  if (context_.levels == 0) context_.levels = machine_.format.levels;
  request_ = {};
  request_.va = VirtAddr(event.b);
  if (const TrackedAccess* access = tracker_.translating(port_)) {
    request_ = access->request_at(VirtAddr(event.b));
  }
  from_cache_ = ahead_ = false;
  found_ahead_.reset();
  at_root();
}

void WalkFollower::at_root() {
  above_ = Pte{.valid = true, .leaf = false, .type = context_.root_type, .ppn = {}};
  cause_ = Cause::None;
  enter(context_.levels - 1, context_.base);
}

void WalkFollower::enter(unsigned level, PhysAddr table) {
  const Format& f = machine_.format;
  level_ = level;
  table_ = table;
  entry_ = table + (vpn().value >> f.index_lsb(level) & low_mask(f.index_bits.at(level))) * f.pte_bytes();
  in_hole_ = machine_.region_of(entry_) == nullptr;
  cause_ = in_hole_ ? Cause::EntryAccess : Cause::None;
  leads_nowhere_ = false;
  due_ = Due::Read;
}

// One step of the reference walker, which sees this entry and nothing below it.
void WalkFollower::judge() {
  const auto this_one = [&](PhysAddr, unsigned level) -> std::optional<std::uint64_t> {
    if (level != level_) return std::nullopt;
    return value_;
  };
  result_ = walk_from(machine_, context_, request_, level_, table_, above_, this_one);
  const bool below = result_.fault && result_.fault.level != level_;
  wanted_ = result_.path[0].wanted;
  if (result_.fault && !below && result_.fault.cause != Cause::Access) return end(result_.fault.cause);
  if (wanted_ != value_) {
    due_ = Due::Update;
    return;
  }
  leads_nowhere_ = !below && result_.fault.cause == Cause::Access;
  if (!below) return end(Cause::None);
  above_ = along_path(machine_.format, above_, decode_pte(machine_, context_, value_, level_));
  enter(level_ - 1, PhysAddr(above_.ppn.value << machine_.format.page_bits));
}

// ---------------------------------------------------------------- the page after the one walked

bool WalkFollower::has_next_page() const {
  const std::uint64_t last = low_mask(machine_.format.index_bits[0]);
  return !ahead_ && level_ == 0 && !fails() && !result_.leaf.napot && (vpn().value & last) != last;
}

void WalkFollower::start_ahead(bool known) {
  const bool wanted = has_next_page();
  ahead_ = true;
  from_cache_ = false;
  found_ahead_.reset();
  due_ = Due::Nothing;
  request_.va = request_.va + machine_.format.page_size();
  if (wanted && !known) enter(0, table_);
}

void WalkFollower::judge_ahead() {
  const Pte page = along_path(machine_.format, above_, decode_pte(machine_, context_, value_, 0));
  if (!page.valid || page.reserved || !page.leaf || !page.accessed || page.napot) return;
  const auto this_one = [&](PhysAddr, unsigned) -> std::optional<std::uint64_t> { return value_; };
  const WalkResult result =
      walk_from(machine_, context_, granted_request(page, request_.va), 0, table_, above_, this_one);
  if (!result.fault) found_ahead_ = result;
}

void WalkFollower::end(Cause cause) {
  cause_ = cause;
  due_ = fails() && from_cache_ ? Due::Restart : Due::End;
}

}  // namespace vm
