// SPDX-License-Identifier: Apache-2.0
//
// The part of the time check that knows control writes, fences and the array port (T15).
#include <algorithm>

#include "checks/time_check.h"
#include "platform/platform.h"

namespace vm {

bool TimeCheck::maintenance_waits(unsigned k) const {
  if (seq_ != SeqState::Act || seq_kind_ != SeqKind::Fence || fence_.user) return false;
  if (static_cast<FenceOp>(fence_.op) == FenceOp::Tlb) return false;
  if (fence_.by_addr && (fence_.addr >> machine_.bus_bits) != 0) return false;
  return k == (second_ ? 0U : 1U);
}

bool TimeCheck::tlb_fence() const {
  return seq_kind_ == SeqKind::Fence && !fence_.user && static_cast<FenceOp>(fence_.op) == FenceOp::Tlb;
}

// A control write that may make the hardware forget translations.
bool TimeCheck::root_write() const {
  return seq_kind_ == SeqKind::Ctl && ctl_.index >= static_cast<unsigned>(CtlReg::Root);
}

// An access to the arrays of the walker.
bool TimeCheck::shared_flip() const {
  const auto array = static_cast<Array>(array_.array);
  return machine_.parity && seq_kind_ == SeqKind::Array && (array == Array::L2Tlb || array == Array::WalkCache);
}

bool TimeCheck::array_waits(unsigned k) const {
  if (seq_ != SeqState::Act || seq_kind_ != SeqKind::Array || !machine_.array_port) return false;
  const auto array = static_cast<Array>(array_.array);
  if (k == 0) return array == Array::IcacheTag || array == Array::IcacheData;
  return array == Array::DcacheTag || array == Array::DcacheData;
}

// An access to an array of the L2 or L3 cache, which says itself when it is done.
bool TimeCheck::lower_array() const {
  return seq_kind_ == SeqKind::Array && machine_.array_port && static_cast<Array>(array_.array) >= Array::L2CacheTag;
}

void TimeCheck::sequencer_now(const Cycle& cycle) {
  for (Port& port : ports_) port.idle = !port.front && !port.s1 && !port.pending && port.taken == 0;
  const bool idle = std::all_of(ports_.begin(), ports_.end(),
                                [](const Port& port) { return port.split == SplitState::Pass && port.idle; });
  expect(seen_.drained != nullptr, seq_ == SeqState::Drain && idle, "T15", "Drained");
  const bool free = seq_ == SeqState::Idle;
  if (cycle.in->ctl.valid) expect(cycle.out->ctl_ready, free, "T15", "acceptance of the control write");
  if (cycle.in->fence.valid) {
    expect(cycle.out->fence_ready, free && !cycle.in->ctl.valid, "T15", "acceptance of the fence");
  }
  if (cycle.in->array.valid) {
    expect(cycle.out->array_ready, free && !cycle.in->ctl.valid && !cycle.in->fence.valid, "T15",
           "acceptance of the array access");
  }
  // Maintenance takes its time (docs/l1.md).
  const bool maintains = outstanding_ && (maintenance_waits(0) || maintenance_waits(1));
  if (maintains && cycle.out->fence.valid) seq_ = SeqState::Respond;
  const bool respond = seq_ == SeqState::Respond;
  expect(cycle.out->ctl.valid, respond && seq_kind_ == SeqKind::Ctl, "T15", "the answer to the control write");
  expect(cycle.out->fence.valid, respond && seq_kind_ == SeqKind::Fence, "T15", "the answer to the fence");
  expect(cycle.out->array.valid, respond && seq_kind_ == SeqKind::Array, "T15", "the answer of the array port");
}

void TimeCheck::next_sequencer(const Cycle& cycle) {
  switch (seq_) {
    case SeqState::Idle:
      second_ = false;
      if (cycle.ctl_accepted() || cycle.fence_accepted() || cycle.array_accepted()) seq_ = SeqState::Drain;
      if (cycle.ctl_accepted()) {
        seq_kind_ = SeqKind::Ctl;
        ctl_ = cycle.in->ctl;
      }
      if (cycle.fence_accepted()) {
        seq_kind_ = SeqKind::Fence;
        fence_ = cycle.in->fence;
      }
      if (cycle.array_accepted()) {
        seq_kind_ = SeqKind::Array;
        array_ = cycle.in->array;
      }
      return;
    case SeqState::Drain: {
      if (seen_.drained == nullptr) return;
      seq_ = SeqState::Act;
      act_cycles_ = 1;
      const unsigned isets = machine_.itlb.ways != 0 ? machine_.itlb.sets : 1;
      const unsigned dsets = machine_.dtlb.ways != 0 ? machine_.dtlb.sets : 1;
      const unsigned scan = std::max(isets, dsets);
      if (tlb_fence()) {
        const Fence fence = fence_of(machine_, fence_);
        if (!fence.by_addr && (fence.by_asid || !fence.globals)) act_cycles_ = scan;
      }
      const std::optional<Fence>& forgotten = tracker_.forgetting();
      if (seq_kind_ == SeqKind::Ctl && forgotten && forgotten->by_asid) act_cycles_ += scan;
      act_waits_ = true;
      return;
    }
    case SeqState::Act:
      for (unsigned k = 0; k < 2; ++k) {
        if (maintenance_waits(k)) {
          if (outstanding_) return;
          if (!caches_[k].maint_done) return;
          if (static_cast<FenceOp>(fence_.op) == FenceOp::FetchSync && !second_) {
            second_ = true;
            return;
          }
          seq_ = SeqState::Respond;
          return;
        }
        if (array_waits(k)) {
          if (caches_[k].array_done) seq_ = SeqState::Respond;
          return;
        }
      }
      if (lower_array()) {
        if (seen_.lower_flipped) seq_ = SeqState::Respond;
        return;
      }
      // One sweep of the L2 TLB after the other.
      act_waits_ = act_waits_ && (l2_busy(cycle) || prefetching_) && (tlb_fence() || root_write() || shared_flip());
      if (!act_waits_ && --act_cycles_ == 0) seq_ = SeqState::Respond;
      return;
    case SeqState::Respond:
      seq_ = SeqState::Idle;
      return;
  }
}

}  // namespace vm
