// SPDX-License-Identifier: Apache-2.0
//
// The part of the time check that knows LR, SC and AMOs behind the splitter (T19).
#include "checks/time_check.h"

namespace vm {

bool TimeCheck::atomic_takes_slot() const {
  return atomic_ != AtomicState::Idle || ports_[1].split == SplitState::Atomic;
}

// The first of its clients the data cache would take something from.
Client TimeCheck::slot_client() const {
  if (atomic_ != AtomicState::Idle) return Client::Atomic;
  if (walk_takes_slot()) return Client::Walk;
  if (ports_[1].split == SplitState::Atomic) return Client::Atomic;
  return host_ == HostState::Request ? Client::Host : Client::Core;
}

bool TimeCheck::atomic_offers() const {
  return atomic_ == AtomicState::Idle || atomic_ == AtomicState::Read || atomic_ == AtomicState::Decide;
}

void TimeCheck::atomic_now() {
  const CacheSide& cache = caches_[1];
  atomic_asked_ = cache.open && slot_client() == Client::Atomic && atomic_offers();
  // Not behind an access of the walker that is in S1; and when a cache at work takes it shows in the event.
  const bool behind = seen_.lookup[1] != nullptr && seen_.lookup[1]->client() == Client::Walk;
  if (outstanding_ && (!cache.idle || behind) && seen_.atomic_start == nullptr) atomic_asked_ = false;
  expect(seen_.atomic_start != nullptr, atomic_asked_ && atomic_ == AtomicState::Idle, "T19", "AtomicStart");

  const bool answered = (cache.done && cache.client == Client::Atomic) ||
                        (cache.decide && cache.hit && cache.s1_client == Client::Atomic);
  const bool turned_away = cache.s1 && cache.s1_client == Client::Atomic && cache.state != CacheState::Ready &&
                           cache.state != CacheState::ReplayHit;
  atomic_ends_ = (atomic_ == AtomicState::Write || (outstanding_ && atomic_ == AtomicState::Decide)) && answered;
  if (atomic_ == AtomicState::Compute) {
    // That an SC fails is the data check's business.
    const bool fails = seen_.atomic_end != nullptr && seen_.atomic_end->atomic_op() == AtomicOp::Sc;
    atomic_ends_ = atomic_failed_ || atomic_op_ == AtomicOp::Lr || fails;
  }
  expect(seen_.atomic_end != nullptr, atomic_ends_, "T19", "AtomicEnd");

  switch (atomic_) {
    case AtomicState::Idle:
      if (!atomic_asked_) return;
      atomic_op_ = seen_.atomic_start != nullptr ? seen_.atomic_start->atomic_op() : AtomicOp::None;
      atomic_next_ = AtomicState::Wait;
      return;
    case AtomicState::Read:
      if (atomic_asked_) atomic_next_ = AtomicState::Wait;
      return;
    case AtomicState::Wait:
      if (answered) {
        atomic_failed_ = seen_.done[1] != nullptr && seen_.done[1]->done_err();
        atomic_next_ = AtomicState::Compute;
      } else if (turned_away) {
        atomic_next_ = AtomicState::Read;
      }
      return;
    case AtomicState::Compute:
      atomic_next_ = atomic_ends_ ? AtomicState::Idle : AtomicState::Decide;
      return;
    case AtomicState::Decide:
      if (atomic_asked_) atomic_next_ = AtomicState::Write;
      if (outstanding_) atomic_next_ = answered ? AtomicState::Idle : AtomicState::Decide;
      return;
    case AtomicState::Write:
      if (answered) {
        atomic_next_ = AtomicState::Idle;
      } else if (turned_away) {
        atomic_next_ = AtomicState::Decide;
      }
      return;
  }
}

}  // namespace vm
