// SPDX-License-Identifier: Apache-2.0
//
// Kernel memory that is paged: the pages of the pool come in by page faults of the kernel, zeroed at first, and leave
// for the swap file when frames are short (windows/working_sets.cpp); so more memory is left for processes. All
// processes have the same pool, by the one table of kernel space.
//
// What the handler of page faults needs must be locked down, or it would fault itself: kernel code and data, page
// tables, and the kernel stack of the process that runs. Only pages of the pool are ever chosen here.
#include <algorithm>

#include "os/kernel_space.h"
#include "os/state.h"

namespace vm {

KernelSpace::PoolFault KernelSpace::serve_pool(Vpn vpn, const Fault& fault) {
  if (find(vpn) != nullptr || !kPoolRights.allow(fault.access, fault.user)) return PoolFault::Refused;
  if (!state_.free_frames(1)) return PoolFault::NoMemory;
  const auto slot = pool_slots_.find(vpn.value);
  const std::optional<Ppn> frame = slot == pool_slots_.end() ? state_.zeroed_frame() : state_.frames.allocate();
  if (!frame) return PoolFault::NoMemory;
  if (slot != pool_slots_.end()) {
    PageBytes bytes(state_.machine.format.page_size());
    if (!state_.swap->read(slot->second, bytes) || !state_.write_memory(state_.address_of(*frame), bytes)) {
      state_.frames.release(*frame);
      return PoolFault::DiskError;
    }
    state_.swap->release(slot->second);
    pool_slots_.erase(slot);
  }
  const Range range{.first = vpn, .pages = 1, .frame = *frame, .rights = kPoolRights, .paged = true};
  add(range);
  ranges_.push_back(range);
  ++state_.counts.pool_faults;
  return PoolFault::Served;
}

// The page that came in first, but for those that the access needs that is being served.
bool KernelSpace::page_out_of_pool() {
  const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const bool is_needed = state_.pinned && range.first >= state_.pinned->first && range.first <= state_.pinned->last;
    return range.paged && !is_needed;
  });
  if (found == ranges_.end() || !state_.swap) return false;
  const Range gone = *found;
  const std::optional<std::uint64_t> slot = state_.allocate_slot();
  if (!slot) return false;
  ranges_.erase(found);
  clear_entries(gone);
  if (state_.started && state_.ran_before) state_.pay(FenceReason::Pageout, fence_of(gone));
  // Nobody can store any more.
  PageBytes bytes(state_.machine.format.page_size());
  std::uint64_t place = *slot;
  const bool is_read = state_.read_memory(state_.address_of(gone.frame), bytes);
  if (!is_read || !state_.write_to_swap(bytes, {}, place)) {
    if (!is_read) state_.swap->release(place);
    add(gone);
    ranges_.push_back(gone);
    return false;
  }
  pool_slots_[gone.first.value] = place;
  state_.frames.release(gone.frame);
  ++state_.counts.pool_pageouts;
  return true;
}

}  // namespace vm
