// SPDX-License-Identifier: Apache-2.0
//
// The part of the time check for caches with misses outstanding (T20). What a cache has decided or answered is taken
// from its events; that it takes what is offered is due when nothing is under way in it.
#include "checks/time_check.h"
#include "memory_ids.h"

namespace vm {

void TimeCheck::outstanding_now(const Cycle& cycle) {
  for (unsigned k = 0; k < 2; ++k) {
    CacheSide& cache = caches_[k];
    const bool swept = cache.state != CacheState::Sweep;
    cache.idle = swept && cache.owned.idle() && seq_ == SeqState::Idle;
    const auto port = static_cast<vm::Port>(k);
    // A request that was taken had an open cache. Whether one that was not had, is known only of an idle one.
    cache.open = cycle.request(port).valid && cycle.accepted(port) ? true : cache.idle;
    if (k == 1 && (seen_.walk_read != nullptr || seen_.update_start != nullptr || seen_.atomic_start != nullptr)) {
      cache.open = true;
    }
    const Event* lookup = seen_.lookup[k];
    const Event* done = seen_.done[k];
    cache.decide = lookup != nullptr;
    cache.hit = lookup != nullptr && lookup->answers_at_once();
    if (lookup != nullptr) cache.s1_client = lookup->client();
    cache.done = done != nullptr;
    if (done != nullptr) cache.client = done->client();
    expect(cache.decide && cache.done, false, "T20", "a second access in S1 of a cache");
    const Event* xlat = seen_.xlat[k];
    const bool core_goes = xlat != nullptr && xlat->xlat_cause() == Cause::None && !xlat->probe();
    expect(lookup != nullptr && lookup->client() == Client::Core, core_goes, "T4", "CacheLookup for the core");
    solo_now(k, cycle);
  }
  const Event* lookup = seen_.lookup[1];
  const bool walk = lookup != nullptr && lookup->client() == Client::Walk && !lookup->write();
  expect(walk, walk_goes_, "T8", "CacheLookup for the walker");
  const bool host = lookup != nullptr && lookup->client() == Client::Host;
  if (host_goes_) expect(host, true, "T14", "CacheLookup for the host");
  if (host) expect(true, host_ == HostState::Request, "T14", "CacheLookup for the host");
  if (host) host_ = HostState::Wait;
  host_goes_ = false;
}

// The piece of a cut access that a port offered was taken if it is in S1 now.
void TimeCheck::pieces_now() {
  for (unsigned p = 0; p < 2; ++p) {
    Port& port = ports_[p];
    if (port.split != SplitState::Probe && port.split != SplitState::Access) continue;
    const bool in_s1 = seen_.xlat[p] != nullptr || seen_.miss[p] != nullptr;
    if (!port.may_go || port.s1) continue;
    expect(in_s1, port.must_go || in_s1, "T6, T20", "the next piece in S1");
    if (!in_s1) continue;
    port.split = port.split == SplitState::Probe ? SplitState::ProbeWait : SplitState::AccessWait;
    port.s1 = port.first = port.tried = true;
    port.needs_walk = port.asked = port.walked = port.passed = port.misplaced = port.from_l2 = port.l2_denies = false;
  }
}

// A miss with nothing else under way in its cache: lookup in t, victim in t + 2 (of the walker and of atomics t + 3),
// the line asked for 2 cycles later (of a dirty victim B + 3 more), and the answer 3 cycles after the first beat, of a
// store 4 after the last.
void TimeCheck::solo_now(unsigned k, const Cycle& cycle) {
  using Solo = CacheSide::Solo;
  CacheSide& cache = caches_[k];
  const Event* lookup = seen_.lookup[k];
  const std::uint64_t now = cycle.number;
  if (cache.solo != Solo::None && (lookup != nullptr || seq_ != SeqState::Idle)) cache.solo = Solo::None;
  // While the walker or an atomic owns S0 of the data cache, misses of others wait.
  const bool owned = k == 1 && (walk_takes_slot() || atomic_takes_slot());
  if (owned && !cache.solo_walk) cache.solo = Solo::None;
  const bool mine = cycle.memory.req.valid && static_cast<unsigned>(cycle.memory.req.src) == k;
  switch (cache.solo) {
    case Solo::None:
      if (lookup == nullptr || !cache.idle ||
          (owned && lookup->client() != Client::Walk && lookup->client() != Client::Atomic) || cache.leaving != 0 ||
          lookup->answers_at_once() || lookup->single())
        return;
      cache.solo = Solo::Lookup;
      cache.solo_lookup = now;
      cache.solo_write = lookup->write();
      cache.solo_walk = lookup->client() == Client::Walk || lookup->client() == Client::Atomic;
      return;
    case Solo::Lookup: {
      const Event* victim = seen_.victim[k];
      expect(victim != nullptr, now == cache.solo_lookup + (cache.solo_walk ? 3 : 2), "T20", "CacheVictim");
      if (victim == nullptr) return;
      cache.solo_cycle = now + 2 + (victim->victim_dirty() ? line_bytes_[k] / 8 + 3 : 0);
      cache.solo = Solo::Victim;
      return;
    }
    case Solo::Victim:
      // The port may be another source's.
      if (cycle.memory.req.valid && !mine) cache.solo = Solo::None;
      if (cache.solo == Solo::None || (now < cache.solo_cycle && !mine)) return;
      if (mem_writing_) {
        cache.solo = Solo::None;
        return;
      }
      expect(mine && !cycle.memory.req.write, now == cache.solo_cycle, "T20", "the request for the line");
      cache.solo = Solo::Offered;
      cache.solo_first_beat = false;
      return;
    case Solo::Offered: {
      if (!cycle.memory.answered() || static_cast<unsigned>(cycle.memory.rsp.src) != k) return;
      if (!memory_ids(machine_, k).fetches(cycle.memory.rsp.id)) return;
      if (cycle.memory.rsp.err) {
        cache.solo = Solo::None;
        return;
      }
      const bool first = !cache.solo_first_beat;
      cache.solo_first_beat = true;
      const bool early = machine_.critical_first && !cache.solo_write;
      if (early ? !first : !cycle.memory.rsp.last) return;
      cache.solo_cycle = now + (early ? 3 : 4);
      cache.solo = Solo::Answered;
      return;
    }
    case Solo::Answered:
      expect(seen_.done[k] != nullptr, now == cache.solo_cycle, "T20", "CacheDone");
      if (now >= cache.solo_cycle) cache.solo = Solo::None;
      return;
  }
}

void TimeCheck::next_outstanding(const Cycle& cycle) {
  walk_goes_ = walk_asked_;
  for (unsigned k = 0; k < 2; ++k) {
    CacheSide& cache = caches_[k];
    if (cache.state == CacheState::Sweep && --cache.sweep_left == 0) cache.state = CacheState::Ready;
    for (const Event& event : cycle.events) {
      if (event.kind < EventKind::CacheLookup || event.cache() != k) continue;
      if (event.kind == EventKind::CacheFree) cache.owned.on_free(event.set());
      const bool leaves = (event.kind == EventKind::CacheVictim && event.victim_dirty()) ||
                          (event.kind == EventKind::CacheMaint && event.wrote_back() && !event.maint_all());
      if (leaves) ++cache.leaving;
    }
    const MemResponse& answer = cycle.memory.rsp;
    const bool written = cycle.memory.answered() && static_cast<unsigned>(answer.src) == k &&
                         answer.id == memory_ids(machine_, k).buffer;
    if (written && cache.leaving != 0) --cache.leaving;
    if (const Event* lookup = seen_.lookup[k])
      cache.owned.on_lookup(static_cast<unsigned>(set_of(k, lookup->b)), *lookup);
    if (const Event* done = seen_.done[k]) cache.owned.on_done(static_cast<unsigned>(set_of(k, done->b)), *done);
  }
  if (cycle.memory.accepted()) {
    mem_writing_ = cycle.memory.req.write;
  } else if (cycle.memory.w_accepted() && cycle.memory.w.last) {
    mem_writing_ = false;
  }
}

}  // namespace vm
