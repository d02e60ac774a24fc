// SPDX-License-Identifier: Apache-2.0
//
// The part of the state check that knows what fences, and control writes that make the hardware forget, remove.
#include <fmt/format.h>

#include "checks/state_check.h"

namespace vm {
namespace {

std::string_view tlb_name(Port port) { return port == Port::Fetch ? "fetch TLB" : "data TLB"; }

}  // namespace

void StateCheck::on_tlb_invalidate(const Event& event) {
  const Fence* fence = tlb_fence();
  if (fence == nullptr) {
    wrong(fmt::format("entries of the {} were invalidated without a fence", tlb_name(event.port())));
    return;
  }
  const bool everything = !fence->by_addr && !fence->by_asid && fence->globals;
  switch (event.tlb_unit()) {
    case TlbUnit::WalkCaches:
      if (!walk_.walk_cache().dropped_by(*fence)) wrong("the walk caches were dropped by a fence by address (R22)");
      return;
    case TlbUnit::L2:
      if (event.tlb_all() && !everything) wrong("a fence of some translations removed all of the L2 TLB");
      l2_.mirror.invalidate(*fence);
      l2_.sweep_end = now_ + (fence->by_addr ? 1 : l2_.mirror.sets()) + 2;
      return;
    case TlbUnit::Base:
    case TlbUnit::Super:
      return on_l1_invalidate(event, *fence);
  }
}

void StateCheck::on_l1_invalidate(const Event& event, const Fence& fence) {
  TlbSide& side = tlb_[static_cast<unsigned>(event.port())];
  const bool super = event.tlb_unit() == TlbUnit::Super;
  TlbArray& array = side.mirror.part(super);
  if (event.tlb_all()) {
    if (fence.by_addr || fence.by_asid || !fence.globals) wrong("a fence of some translations removed all");
    array.invalidate(Fence{});
    return;
  }
  if (event.set() >= array.sets() || !array.present()) {
    wrong(fmt::format("set {} of the {} was invalidated, which it does not have", event.set(), tlb_name(event.port())));
    return;
  }
  const std::uint64_t expected = array.matching_ways(event.set(), fence);
  if (event.b != expected) {
    wrong(fmt::format("the fence removed ways {:#x} of {}set {} of the {}, expected {:#x} (R21)", event.b,
                      super ? "the super part, " : "", event.set(), tlb_name(event.port()), expected));
  }
  array.remove(event.set(), event.b);
}

// What the fence should have removed and did not.
void StateCheck::on_tlb_fence_done(const Fence& fence) {
  if (names_no_page(machine_, tracker_.context_in_flight(), fence)) return;
  const auto left_in = [&](TlbArray& array, std::string_view name) {
    for (unsigned set = 0; array.present() && set < array.sets(); ++set) {
      if (const std::uint64_t left = array.matching_ways(set, fence)) {
        wrong(fmt::format("the fence is acknowledged, but ways {:#x} of set {} of the {} are still valid (R21)", left,
                          set, name));
      }
    }
    array.invalidate(fence);
  };
  left_in(tlb_[0].mirror.part(false), "fetch TLB");
  left_in(tlb_[0].mirror.part(true), "fetch TLB's super part");
  left_in(tlb_[1].mirror.part(false), "data TLB");
  left_in(tlb_[1].mirror.part(true), "data TLB's super part");
  left_in(l2_.mirror, "L2 TLB");
  if (!walk_.walk_cache().dropped_by(fence) || walk_.walk_cache().empty()) return;
  wrong("the fence is acknowledged, but the walk caches still hold pointers (R21, X22)");
  walk_.walk_cache().clear();
}

}  // namespace vm
