// SPDX-License-Identifier: Apache-2.0
//
// Working sets. Each process is sure of `minimum` pages in memory: nobody takes a page from a process that has no more,
// and a process whose minimum could not be kept is not started ("cannot start process: not enough memory"). For more
// than that processes compete:
//
//   * while frames are to be had (zeroed, free, standby) a working set grows, up to `maximum`;
//   * else, and at its maximum, the process replaces a page of its own;
//   * the balance-set manager trims the working sets that are furthest above the minimum when fewer than `low` frames
//     are to be had, until there are `high`; and when one that is guaranteed cannot be had otherwise.
//
// Which page of a working set goes is found by a clock with one hand for each process: it goes over the pages in the
// order of their addresses, a page that was used loses its accessed bit and stays, the first that was not leaves.
//
// A page that several processes have as anonymous memory leaves all their working sets at once, as its entries name one
// slot; so it stays while one of them has no more than the minimum. A page of a file leaves the one working set, or
// those of all whose tables are one (shared_tables.cpp). A page of shared anonymous memory leaves all, and goes to the
// disk at once, as only its object knows where it is.
#include <fmt/format.h>

#include <algorithm>

#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

bool PageManager::is_counted(const Page& page) const {
  return page.order == 0 && !page.kernel_stack && state_.zero_frame_for_all != page.frame &&
         !state_.frames.is_named(page.frame);
}

std::uint64_t PageManager::size_of(const Process& process) const {
  return static_cast<std::uint64_t>(std::count_if(process.pages.begin(), process.pages.end(),
                                                  [&](const auto& entry) { return is_counted(entry.second); }));
}

// ---------------------------------------------------------------- the clock

bool PageManager::may_go(const Process& process, Vpn vpn, const Page& page, std::optional<Ppn> keep) const {
  if (!is_counted(page) || page.frame == keep || !state_.can_leave(page.frame)) return false;
  if (state_.file_frames.contains(page.frame.value)) return !state_.is_pinned({.process = process.id, .vpn = vpn});
  const std::vector<Mapper> mappers = state_.frame_map.mappers(page.frame.value);
  return std::all_of(mappers.begin(), mappers.end(), [&](const Mapper& mapper) {
    return mapper.process == process.id || has_more_than_minimum(state_.processes.at(mapper.process));
  });
}

bool PageManager::take_used(Process& process, Vpn vpn, const Page& page) {
  if (!state_.file_frames.contains(page.frame.value)) return state_.take_used(page.frame);
  return state_.take_used({.process = process.id, .vpn = vpn});
}

std::optional<Vpn> PageManager::next_victim(Process& process, std::optional<Ppn> keep) {
  std::vector<std::uint64_t> order;
  for (const auto& [number, page] : process.pages) {
    if (may_go(process, Vpn(number), page, keep)) order.push_back(number);
  }
  std::rotate(order.begin(), std::upper_bound(order.begin(), order.end(), process.clock_hand), order.end());
  // In the first turn all may have been used; then every bit is clear.
  for (unsigned turn = 0; turn < 2; ++turn) {
    for (const std::uint64_t number : order) {
      process.clock_hand = number;
      if (!take_used(process, Vpn(number), process.pages.at(number))) return Vpn(number);
    }
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- trimming

bool PageManager::trim_anonymous(Ppn frame) {
  const std::size_t owners = state_.frame_map.count(frame.value);
  const std::optional<Kernel::State::Departure> gone = state_.leave_tables(frame);
  if (!gone) return false;
  for (std::size_t i = 1; i < owners; ++i) state_.frames.release(frame);
  (gone->is_written ? standby_ : modified_).add(frame);
  ++state_.counts.trims;
  return true;
}

bool PageManager::trim_shared(Ppn frame) {
  const std::size_t owners = state_.frame_map.count(frame.value);
  if (!state_.page_out_shared(frame)) return false;
  state_.counts.trims += owners;
  return true;
}

// Of shared memory that no table names at the moment.
bool PageManager::trim_unmapped(std::optional<Ppn> keep) {
  const auto found = std::find_if(valid_.begin(), valid_.end(), [&](Ppn frame) {
    return frame != keep && state_.shared_frames.contains(frame.value) && state_.frame_map.count(frame.value) == 0 &&
           state_.can_leave(frame);
  });
  return found != valid_.end() && trim_shared(*found);
}

// What must never be is noted, for the invariants to say.
void PageManager::note_guarantee(const Process& payer, Ppn frame, Reason reason) {
  for (const Mapper& mapper : state_.frame_map.mappers(frame.value)) {
    const Process& process = state_.processes.at(mapper.process);
    const bool pays = process.id == payer.id;
    if (has_more_than_minimum(process) || (pays && reason != Reason::Balance)) continue;
    if (!pays && state_.file_frames.contains(frame.value)) continue;  // it keeps its own
    broken_guarantee_ = fmt::format("process {} lost a page of the {} it is sure of", process.name, options_.minimum);
  }
}

bool PageManager::trim_page(Process& process, Vpn vpn, Reason reason) {
  const Ppn frame = process.pages.at(vpn.value).frame;
  note_guarantee(process, frame, reason);
  if (state_.shared_frames.contains(frame.value)) return trim_shared(frame);
  if (!state_.file_frames.contains(frame.value)) return trim_anonymous(frame);
  if (!state_.other_sharers(process, vpn).empty()) {
    state_.counts.trims += state_.frame_map.count(frame.value);
    state_.unmap_from_all(frame);
    return true;
  }
  TableUpdate update(state_, process, FenceReason::Pageout);
  state_.drop_page(process, vpn, update);
  update.commit();
  state_.frames.release(frame);
  ++state_.counts.trims;
  return true;
}

bool PageManager::trim_one(Process& process, std::optional<Ppn> keep, Reason reason) {
  const std::optional<Vpn> victim = next_victim(process, keep);
  return victim && trim_page(process, *victim, reason);
}

bool PageManager::replace_own(Process& process, std::optional<Ppn> keep) {
  return trim_one(process, keep, Reason::Own);
}

bool PageManager::trim(Ppn frame) {
  if (!state_.can_leave(frame) || !valid_.contains(frame)) return false;
  if (state_.shared_frames.contains(frame.value)) return trim_shared(frame);
  if (!state_.file_frames.contains(frame.value)) return trim_anonymous(frame);
  while (state_.frame_map.count(frame.value) != 0) {
    const Mapper mapper = state_.frame_map.mappers(frame.value).front();
    trim_page(state_.processes.at(mapper.process), mapper.vpn, Reason::Own);
  }
  return true;
}

// ---------------------------------------------------------------- competition

void PageManager::compete(Process& process, std::size_t count, std::size_t more, std::optional<Ppn> keep) {
  if (more == 0) return;
  while (options_.maximum && size_of(process) + more > *options_.maximum) {
    if (!replace_own(process, keep)) break;
  }
  const std::size_t to_be_had = standby_.size() + state_.busy.size() + writable();
  const bool is_short = !state_.frames.can_allocate(count - std::min(count, to_be_had));
  if (is_short && size_of(process) + more > options_.minimum && !trim_pool()) replace_own(process, keep);
}

bool PageManager::trim_pool() { return state_.kernel_space && state_.kernel_space->page_out_of_pool(); }

bool PageManager::provide(std::size_t count, std::optional<Ppn> keep) {
  state_.finish_writes();
  while (!state_.frames.can_allocate(count)) {
    if (give_standby(keep)) continue;
    if (!state_.busy.empty()) {
      state_.wait_for_a_write();
    } else if (!write_one() && !trim_somebody(keep) && !state_.split_one_to_leave(keep, nullptr)) {
      return false;
    }
  }
  return true;
}

Process* PageManager::largest_excess(const std::set<ProcessId>& but) {
  Process* found = nullptr;
  std::uint64_t most = options_.minimum;
  for (auto& [pid, process] : state_.processes) {
    const std::uint64_t size = size_of(process);
    if (but.contains(pid) || size <= most) continue;
    found = &process;
    most = size;
  }
  return found;
}

// The kernel's pool goes before any process pays; then whoever needs the frame; of the others who has most beyond the
// minimum. In the end a process may replace what it is sure of, by itself.
bool PageManager::trim_somebody(std::optional<Ppn> keep) {
  if (trim_pool() || trim_unmapped(keep)) return true;
  Process* self = state_.pinned ? &state_.processes.at(state_.pinned->process) : nullptr;
  if (self != nullptr && has_more_than_minimum(*self) && replace_own(*self, keep)) return true;
  std::set<ProcessId> tried;
  while (Process* process = largest_excess(tried)) {
    if (trim_one(*process, keep, Reason::Balance)) return true;
    tried.insert(process->id);
  }
  return self != nullptr && replace_own(*self, keep);
}

// ---------------------------------------------------------------- the balance-set manager

void PageManager::balance() {
  state_.pageout_owed = false;
  const auto has = [&](std::size_t wanted) {
    return state_.frames.can_allocate(wanted - std::min(wanted, standby_.size() + state_.busy.size()));
  };
  if (has(options_.low)) return;
  std::set<ProcessId> tried;
  while (!has(options_.high)) {
    if (write_one() || trim_pool()) continue;
    Process* process = largest_excess(tried);
    if (process == nullptr) return;
    if (!trim_one(*process, {}, Reason::Balance)) tried.insert(process->id);
  }
}

void PageManager::run(Process& process) {
  process.last_active = state_.now;
  state_.finish_writes();
  if (state_.pageout_owed) balance();
  write_modified();
  zero_frames();
  if (next_second_ == 0) next_second_ = options_.second;
  for (; next_second_ <= state_.now; next_second_ += options_.second) swap_idle();
}

// ---------------------------------------------------------------- the guarantee

// Those it has, and at least one of each level, for pages and for the kernel stack.
std::uint64_t PageManager::tables_of(const Process& process) const {
  if (state_.is_flat() || !process.owns_table) return 0;
  const std::uint64_t paths = state_.kernel_space ? 2 : 1;
  return 1 + std::max<std::uint64_t>(process.tables.size(), paths * (process.levels - 1));
}

// What the kernel itself has, and cannot do without: the fault handler must not fault.
std::uint64_t PageManager::locked_frames() const {
  std::uint64_t locked = state_.zero_frame_for_all ? 1 : 0;
  if (const KernelSpace* space = state_.kernel_space.get()) {
    locked += space->tables().size();
    locked += static_cast<std::uint64_t>(std::count_if(space->ranges().begin(), space->ranges().end(),
                                                       [&](const auto& range) { return space->is_own(range); }));
  }
  return locked;
}

bool PageManager::may_start(const Process* parent) const {
  Process fresh;
  fresh.levels = state_.kernel_space ? state_.kernel_space->levels() : state_.default_levels();
  fresh.owns_table = true;
  const std::uint64_t stack = state_.kernel_space ? KernelSpace::kStackPages : 0;
  std::uint64_t wanted = locked_frames() + tables_of(parent != nullptr ? *parent : fresh) + stack + options_.minimum;
  for (const auto& [pid, process] : state_.processes) {
    if (!process.raw) wanted += tables_of(process) + stack + options_.minimum;
  }
  return wanted + state_.frames.bad().size() <= state_.frames.capacity();
}

}  // namespace vm
