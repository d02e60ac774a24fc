// SPDX-License-Identifier: Apache-2.0
//
// The part of the time check that lies behind the ports: caches, memory port, host (T7 to T14).
#include "checks/time_check.h"
#include "platform/platform.h"

namespace vm {

// ---------------------------------------------------------------- memory port

bool TimeCheck::offers_memory(unsigned source) const {
  if (source == 2) return walk_offers_read() && machine_.walk_port == WalkPort::Memory;
  const CacheState state = caches_[source].state;
  return state == CacheState::WbRequest || state == CacheState::FillRequest || state == CacheState::UcRequest;
}

void TimeCheck::memory_now(const Cycle& cycle) {
  // Whether a cleaned line is dirty shows in its write-back being offered; nothing else is in flight then.
  for (CacheSide& cache : caches_) {
    if (cache.state != CacheState::MaintAct || cache.failed) continue;
    const unsigned source = &cache == &caches_[0] ? 0U : 1U;
    if (cycle.memory.req.valid && static_cast<unsigned>(cycle.memory.req.src) == source) {
      cache.state = CacheState::WbRequest;
    }
  }

  mem_accepted_.reset();
  std::optional<unsigned> grant = mem_grant_;
  for (unsigned i = 1; i <= 3 && !grant; ++i) {
    const unsigned source = (mem_last_ + i) % 3;
    if (offers_memory(source)) grant = source;
  }
  const bool offer = grant && !mem_writing_;
  expect(cycle.memory.req.valid, offer, "T10, T11, T12", "a request on the memory port");
  if (offer && cycle.memory.req.valid) {
    expect(true, static_cast<unsigned>(cycle.memory.req.src) == *grant, "T12", "the request of this source");
  }
  if (cycle.memory.accepted()) mem_accepted_ = grant;
  if (machine_.walk_port == WalkPort::Memory && walk_offers_read()) {
    walk_asked_ = mem_accepted_ == 2U;
    expect(seen_.walk_read != nullptr, walk_asked_, "T7, T12", "WalkRead");
  }
  expect(cycle.memory.w.valid, mem_writing_, "T10, T11", "write data on the memory port");

  mem_grant_.reset();
  if (offer && !cycle.memory.accepted()) mem_grant_ = grant;
  if (mem_accepted_) {
    mem_last_ = *mem_accepted_;
    mem_writing_ = cycle.memory.req.write;
  } else if (cycle.memory.w_accepted() && cycle.memory.w.last) {
    mem_writing_ = false;
  }
}

// ---------------------------------------------------------------- host

void TimeCheck::host_now(const Cycle& cycle) {
  CacheSide& cache = caches_[1];
  if (cycle.in->host.valid) {
    expect(cycle.out->host_ready, host_ == HostState::Idle, "T14", "acceptance of the host access");
  }
  const bool accepted = cache.s0 && cache.s0_client == Client::Host;
  const bool hole = machine_.region_of(PhysAddr(host_request_.addr)) == nullptr;
  bool due = host_ == HostState::Check && hole;
  if (host_ == HostState::Wait) {
    due =
        (cache.done && cache.client == Client::Host) || (cache.decide && cache.hit && cache.s1_client == Client::Host);
  }
  expect(cycle.out->host.valid, due, "T14", "the answer to the host access");

  switch (host_) {
    case HostState::Idle:
      if (cycle.host_accepted()) {
        host_ = HostState::Check;
        host_request_ = cycle.in->host;
      }
      return;
    case HostState::Check:
      host_ = hole ? HostState::Idle : HostState::Request;
      return;
    case HostState::Request:
      if (accepted && !outstanding_) host_ = HostState::Wait;
      if (outstanding_) host_goes_ = cache.idle && cache.s0_client == Client::Host;
      return;
    case HostState::Wait:
      if (due) {
        host_ = HostState::Idle;
      } else if (cache.s1 && cache.s1_client == Client::Host && cache.state != CacheState::Ready &&
                 cache.state != CacheState::ReplayHit) {
        host_ = HostState::Request;
      }
      return;
  }
}

// ---------------------------------------------------------------- caches

// What a cache that is ready does next: serve what its S1 could not answer, or maintenance, or the array port.
void TimeCheck::ready_next(unsigned k, CacheSide& cache) {
  const bool quiet = !cache.s1 && !cache.store;
  if (cache.decide && !cache.hit && seen_.lookup[k] != nullptr) {
    cache.client = cache.s1_client;
    cache.write = seen_.lookup[k]->write();
    cache.failed = false;
    cache.in_maintenance = false;
    cache.drops = seen_.lookup[k]->uncached() && seen_.lookup[k]->hit();
    cache.changes = seen_.lookup[k]->written_through() && seen_.lookup[k]->hit();
    const bool at_once = seen_.lookup[k]->single() && !cache.drops && !seen_.lookup[k]->meets_lost();
    cache.state = at_once ? CacheState::UcRequest : CacheState::Victim;
  } else if (quiet && maintenance_waits(k)) {
    const auto op = static_cast<FenceOp>(fence_.op);
    const bool cleans =
        op == FenceOp::CacheClean || op == FenceOp::CacheCleanInvalidate || (op == FenceOp::FetchSync && !second_);
    if (cache.ways == 0) return;  // answered in this very cycle
    cache.in_maintenance = true;
    cache.drops = false;
    cache.failed = false;
    cache.lines_left = fence_.by_addr ? 1 : cache.sets * cache.ways;
    cache.sweep_left = cache.sets;
    cache.state = !fence_.by_addr && !cleans ? CacheState::Sweep : CacheState::MaintLook;
  } else if (quiet && array_waits(k) && cache.ways != 0) {
    cache.state = CacheState::ArrayRead;
  }
}

void TimeCheck::next_cache(unsigned k, const Cycle& cycle) {
  CacheSide& cache = caches_[k];
  const bool mem_accepted = mem_accepted_ == k;
  const bool mem_answer = cycle.memory.answered() && static_cast<unsigned>(cycle.memory.rsp.src) == k;
  const bool last_word = cycle.memory.w_accepted() && cycle.memory.w.last;
  const CacheState before = cache.state;
  const bool quiet = !cache.s1 && !cache.store;
  cache.maint_done = before == CacheState::Ready && quiet && maintenance_waits(k) && cache.ways == 0;
  cache.array_done = before == CacheState::Array || (before == CacheState::Ready && array_waits(k) && cache.ways == 0);

  switch (before) {
    case CacheState::Sweep:
      if (--cache.sweep_left == 0) {
        cache.maint_done = !cache.reset_sweep;
        cache.reset_sweep = false;
        cache.state = CacheState::Ready;
      }
      break;
    case CacheState::Ready:
      ready_next(k, cache);
      break;
    case CacheState::Victim: {
      const Event* victim = seen_.victim[k];
      const CacheState clean = cache.drops ? CacheState::Drop : CacheState::FillRequest;
      cache.state = victim != nullptr && victim->victim_dirty() ? CacheState::WbRequest : clean;
      if (cache.loses) cache.state = CacheState::Done;
      break;
    }
    case CacheState::WbRequest:
      if (mem_accepted) cache.state = CacheState::WbData;
      break;
    case CacheState::WbData:
      if (last_word) cache.state = CacheState::WbAnswer;
      break;
    case CacheState::WbAnswer:
      if (mem_answer) {
        cache.failed = cache.in_maintenance;  // MaintAct after the write-back, not instead of it
        const CacheState next = cache.drops ? CacheState::Drop : CacheState::FillRequest;
        cache.state = cache.in_maintenance ? CacheState::MaintAct : next;
      }
      break;
    case CacheState::Drop:
      cache.state = CacheState::UcRequest;
      break;
    case CacheState::FillRequest:
      if (mem_accepted) cache.state = CacheState::FillData;
      break;
    case CacheState::FillData:
      if (mem_answer) {
        cache.failed = cache.failed || cycle.memory.rsp.err;
        if (cycle.memory.rsp.last) cache.state = cache.failed ? CacheState::Done : CacheState::Replay;
      }
      break;
    case CacheState::Replay:
      cache.state = CacheState::ReplayHit;
      break;
    case CacheState::UcRequest:
      if (mem_accepted) cache.state = cache.write ? CacheState::UcData : CacheState::UcWait;
      break;
    case CacheState::UcData:
      if (last_word) cache.state = CacheState::UcWait;
      break;
    case CacheState::UcWait:
      if (mem_answer) cache.state = cache.changes && !cycle.memory.rsp.err ? CacheState::Replay : CacheState::Done;
      break;
    case CacheState::ReplayHit:
    case CacheState::Done:
    case CacheState::Array:
      cache.state = CacheState::Ready;
      break;
    case CacheState::MaintLook:
      cache.failed = false;
      // A line that is lost goes first.
      if (seen_.lost[k] == nullptr) cache.state = CacheState::MaintAct;
      break;
    case CacheState::MaintAct:
      cache.maint_done = --cache.lines_left == 0;
      cache.state = cache.maint_done ? CacheState::Ready : CacheState::MaintLook;
      break;
    case CacheState::ArrayRead:
      cache.state = CacheState::Array;
      break;
  }

  cache.store = (cache.hit && seen_.lookup[k]->write()) || (before == CacheState::ReplayHit && cache.write);
  cache.s1 = cache.s0 || before == CacheState::Replay;
  cache.s1_client = before == CacheState::Replay ? cache.client : cache.s0_client;
}

}  // namespace vm
