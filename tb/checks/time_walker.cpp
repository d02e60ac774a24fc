// SPDX-License-Identifier: Apache-2.0
//
// The part of the time check that knows the walker: L2 and walk-cache look, entries, compare-and-set (T2, T7 to T9).
#include <utility>

#include "checks/time_check.h"
#include "oracle/tlb_mirror.h"

namespace vm {

// ---------------------------------------------------------------- what the walk port sees

bool TimeCheck::walk_offers_read() const {
  const bool judged = walk_ == WalkState::Check && follower_.due() == WalkFollower::Due::Read;
  return (walk_ == WalkState::Read || judged) && !follower_.in_hole() && !walk_hole_seen_;
}

// S0 of the data cache belongs to the walker: from registers, so also while an entry above level 0 is judged, and from
// the acceptance of a compare-and-set to its answer.
bool TimeCheck::walk_takes_slot() const {
  if (machine_.walk_port != WalkPort::Cache) return false;
  switch (walk_) {
    case WalkState::Idle:
    case WalkState::Look:
    case WalkState::Handover:
    case WalkState::Wait:
    case WalkState::Hold:
      return false;
    case WalkState::Check: {
      const bool failed = walk_hole_seen_ || follower_.cause() == Cause::EntryBus;
      const bool above = follower_.due() == WalkFollower::Due::Read || follower_.level() != 0;
      return !failed && above;
    }
    default:
      return true;
  }
}

bool TimeCheck::walk_offers_cache() const {
  if (walk_offers_read()) return true;
  const bool differs = seen_.update != nullptr && !seen_.update->update_success();
  return walk_ == WalkState::Update || walk_ == WalkState::UpdateRead || (walk_ == WalkState::Decide && !differs);
}

// In this cycle the cache answers the walker, or could not keep its access.
bool TimeCheck::walker_answered() const {
  const CacheSide& cache = caches_[1];
  return (cache.done && cache.client == Client::Walk) || (cache.decide && cache.hit && cache.s1_client == Client::Walk);
}
bool TimeCheck::walker_turned_away() const {
  const CacheSide& cache = caches_[1];
  return cache.s1 && cache.s1_client == Client::Walk && cache.state != CacheState::Ready &&
         cache.state != CacheState::ReplayHit;
}

// ---------------------------------------------------------------- this cycle

void TimeCheck::walker_now(const Cycle& cycle) {
  const auto wants = [&](unsigned p) {
    const Port& port = ports_[p];
    return port.s1 && port.needs_walk && !port.asked && !port.walked && (!port.from_l2 || port.l2_denies);
  };
  const unsigned other = 1U - walk_port_;
  const bool start = walk_ == WalkState::Idle && (wants(0) || wants(1));
  const unsigned grant = wants(other) ? other : walk_port_;
  expect(seen_.walk_start != nullptr, start, "T2", "WalkStart");
  if (start && seen_.walk_start != nullptr) {
    expect(true, static_cast<unsigned>(seen_.walk_start->port()) == grant, "T2", "WalkStart of this port");
  }
  prefetching_ = next_wanted_ || ahead_;
  if (walk_ == WalkState::Idle) {
    ahead_ = next_wanted_ && !start && !l2_busy(cycle);
    next_wanted_ = false;
  }
  expect(seen_.walk_look != nullptr, walk_ == WalkState::Look, ahead_ ? "T17" : "T7", "WalkLook");
  if (seen_.walk_look != nullptr) {
    expect(seen_.walk_look->prefetch(), ahead_, "T17", "the look at the L2 TLB for a prefetch");
  }

  const bool via_cache = machine_.walk_port == WalkPort::Cache;
  const bool open = caches_[1].open;
  walk_asked_ = via_cache && open && slot_client() == Client::Walk && walk_offers_cache();
  // When it is taken shows in the event; at once, if nothing is under way in the cache.
  const bool seen = seen_.walk_read != nullptr || seen_.update_start != nullptr;
  if (outstanding_ && (walk_ == WalkState::Decide || (!caches_[1].idle && !seen))) walk_asked_ = false;
  if (via_cache || !walk_offers_read()) {
    expect(seen_.walk_read != nullptr, walk_asked_ && walk_offers_read(), "T7", "WalkRead");
  }
  expect(seen_.update_start != nullptr, walk_asked_ && walk_ == WalkState::Update, "T9", "WalkUpdateStart");

  bool data = false;
  if (walk_ == WalkState::Wait) {
    data = via_cache ? walker_answered() : cycle.memory.answered() && cycle.memory.rsp.src == MemSource::Walk;
  }
  expect(seen_.walk_data != nullptr, data, "T8", "WalkData");
  const bool differs = seen_.update != nullptr && !seen_.update->update_success();
  const bool writes = walk_ == WalkState::UpdateWrite || (outstanding_ && walk_ == WalkState::Decide && !differs);
  const bool updated = (walk_ == WalkState::Decide && differs) || (writes && walker_answered());
  expect(seen_.update != nullptr, updated, "T9", "WalkUpdate");

  const WalkFollower::Due due = follower_.due();
  const bool verdict = walk_ == WalkState::Check &&
                       (walk_hole_seen_ || due == WalkFollower::Due::End || due == WalkFollower::Due::Restart);
  const bool again = verdict && follower_.from_cache() && follower_.fails();
  expect(seen_.restart != nullptr, again, "T9", "WalkRestart");
  expect(seen_.walk_end != nullptr, verdict && !again, "T9", "WalkEnd");
}

// ---------------------------------------------------------------- the next one

// An L2 hit is handed to the port, which judges it.
void TimeCheck::look_done() {
  const Event* look = seen_.walk_look;
  walk_ = WalkState::Read;
  if (look == nullptr || !look->l2_hit() || look->l2_off()) return;
  walk_ = WalkState::Handover;
  if (ahead_) return;
  const std::size_t index = static_cast<std::size_t>(look->set()) * machine_.l2tlb.ways + look->tlb_way();
  const TrackedAccess* access = tracker_.translating(static_cast<vm::Port>(walk_port_));
  if (access == nullptr || index >= l2_.size()) return;
  const Request request = access->request_at(follower_.va());
  ports_[walk_port_].l2_denies = judge(machine_, access->context, l2_[index], request) != TlbVerdict::Granted;
}

void TimeCheck::walker_next() {
  switch (walk_) {
    case WalkState::Idle:
      if (ahead_) walk_ = WalkState::Look;
      if (next_untaken_ && seen_.xlat[walk_port_] != nullptr) {
        next_untaken_ = false;
        next_wanted_ = true;
      }
      if (seen_.walk_start == nullptr) return;
      next_untaken_ = next_wanted_ = false;
      walk_port_ = static_cast<unsigned>(seen_.walk_start->port());
      walk_hole_seen_ = false;
      walk_ = machine_.l2tlb.ways != 0 || machine_.walk_cache_sets != 0 ? WalkState::Look : WalkState::Read;
      return;
    case WalkState::Look:
      return look_done();
    case WalkState::Handover: {
      walk_ = WalkState::Idle;
      if (std::exchange(ahead_, false)) return;
      next_untaken_ = machine_.l2_prefetch && follower_.has_next_page();
      Port& port = ports_[walk_port_];
      port.from_l2 = true;
      port.asked = false;
      return;
    }
    case WalkState::Read:
      if (follower_.in_hole()) {
        walk_hole_seen_ = true;
        walk_ = WalkState::Check;
      } else if (walk_asked_) {
        walk_ = WalkState::Wait;
      }
      return;
    case WalkState::Wait:
      if (seen_.walk_data != nullptr) {
        walk_ = WalkState::Check;
      } else if (machine_.walk_port == WalkPort::Cache && walker_turned_away()) {
        walk_ = WalkState::Read;
      }
      return;
    case WalkState::Check:
      if (!ahead_ && walk_asked_) {
        walk_ = WalkState::Wait;
      } else if (!ahead_ && seen_.restart != nullptr) {
        walk_hole_seen_ = false;
        walk_ = WalkState::Read;
      } else if (ahead_ || seen_.walk_end != nullptr) {
        walk_ = WalkState::Hold;
      } else if (follower_.due() == WalkFollower::Due::Update) {
        walk_ = WalkState::Update;
      } else if (follower_.in_hole()) {
        walk_hole_seen_ = true;
      }
      return;
    case WalkState::Update:
    case WalkState::UpdateRead:
      if (walk_asked_) walk_ = WalkState::UpdateWait;
      return;
    case WalkState::UpdateWait:
      if (walker_answered()) {
        walk_ = WalkState::Decide;
      } else if (walker_turned_away()) {
        walk_ = WalkState::UpdateRead;
      }
      return;
    case WalkState::Decide:
      if (seen_.update != nullptr) {
        walk_ = WalkState::Check;
      } else if (walk_asked_ && !outstanding_) {
        walk_ = WalkState::UpdateWrite;
      }
      return;
    case WalkState::UpdateWrite:
      if (seen_.update != nullptr) {
        walk_ = WalkState::Check;
      } else if (walker_turned_away()) {
        walk_ = WalkState::Decide;
      }
      return;
    case WalkState::Hold:
      if (std::exchange(ahead_, false)) {
        walk_ = WalkState::Idle;
      } else if (seen_.xlat[walk_port_] != nullptr && ports_[walk_port_].walked) {
        walk_ = WalkState::Idle;
        next_wanted_ = machine_.l2_prefetch && follower_.has_next_page();
      }
      return;
  }
}

}  // namespace vm
