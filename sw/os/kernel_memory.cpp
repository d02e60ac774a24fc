// SPDX-License-Identifier: Apache-2.0
//
// The kernel's face: frames, the swap file, limits, kernel space.
#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"
#include "machine/pte.h"
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::is_kernel_space(Vpn vpn) const { return kernel_space && kernel_space->contains(vpn); }

void Kernel::use_kernel_space(const KernelSpaceOptions& options, std::optional<unsigned> levels) {
  if (state_->started || !state_->processes.empty()) throw InputError("kernel space comes before the first process");
  if (state_->kernel_space) throw InputError("there is kernel space already");
  state_->kernel_space = std::make_unique<KernelSpace>(*state_, options, levels.value_or(state_->default_levels()));
}

void Kernel::enter_system_call(ProcessId pid) {
  if (!state_->kernel_space || state_->killed.contains(pid)) return;
  Process& process = state_->running(pid);
  if (state_->current != process.id) state_->switch_to(process);
  state_->entered = process.id;
  state_->kernel_space->enter(process, nullptr);
  // In its own table the kernel does not reach the memory of the process: it goes back before it does what was asked.
  if (state_->kernel_space->options().own_table) state_->kernel_space->leave(process);
}

// The process that was entered for, even if the call was execve of a child that lived in its address space.
void Kernel::leave_system_call() {
  const auto process = state_->processes.find(state_->entered.value_or(0));
  if (state_->entered && process != state_->processes.end()) state_->kernel_space->leave(process->second);
  state_->entered.reset();
}

void Kernel::set_policy(const MemoryPolicy& policy) {
  state_->policy = policy;
  if (policy.replacement.kind == ReplacementKind::Windows) {
    auto manager = std::make_unique<PageManager>(*state_, policy.replacement);
    state_->page_manager = manager.get();
    state_->replacement = std::move(manager);
    return;
  }
  state_->page_manager = nullptr;
  state_->replacement = make_replacement(policy.replacement);
}

bool Kernel::may_start() const { return state_->page_manager == nullptr || state_->page_manager->may_start(nullptr); }

bool Kernel::retire_frame(Ppn frame) {
  if (state_->page_manager == nullptr) throw InputError("a frame fails: expected `replacement windows`");
  return state_->page_manager->retire(frame);
}

void Kernel::hold_file(std::string_view name, bool held) {
  if (state_->page_manager == nullptr) throw InputError("a file is held back: expected `replacement windows`");
  const std::int64_t file = state_->disk.open(name, {});
  if (file < 0) throw InputError(fmt::format("file '{}' cannot be held back: there is no such file", name));
  state_->page_manager->hold(FileId{static_cast<std::uint32_t>(file)}, held);
}

std::optional<Ppn> Kernel::transition_frame(ProcessId pid, Vpn vpn) const {
  const std::optional<std::uint64_t> slot = slot_of(pid, vpn);
  return slot && state_->page_manager != nullptr ? state_->page_manager->frame_of(*slot) : std::nullopt;
}

const MemoryPolicy& Kernel::policy() const { return state_->policy; }

void Kernel::use_swap(const SwapOptions& options) {
  const Format& format = state_->machine.format;
  const std::uint64_t most = most_slots(format);
  if (most == 0) {
    throw InputError(fmt::format("no swap file: entries of machine {} have no valid bit", state_->machine.name));
  }
  if (options.slots > most) {
    throw InputError(fmt::format("a swap file of {} pages: an entry of machine {} that is not valid can name {}",
                                 options.slots, state_->machine.name, most));
  }
  state_->swap = std::make_unique<SwapFile>(options, format.page_size());
}

void Kernel::set_limits(ProcessId pid, const Limits& limits) {
  Process& process = state_->process(pid);
  process.resident_limit = limits.resident;
  process.memory_limit = limits.memory;
}

std::uint64_t Kernel::saved_frames() const { return state_->saved_frames(); }

std::uint64_t Kernel::free_slots() const { return state_->free_slots(); }

std::optional<std::uint64_t> Kernel::slot_of(ProcessId pid, Vpn vpn) const {
  const Process& process = state_->process(pid);
  const auto found = process.swapped.find(vpn.value);
  return found == process.swapped.end() ? std::nullopt : std::optional(found->second.slot);
}

std::vector<ProcessId> Kernel::sharers(ProcessId pid, Vpn vpn) const {
  const Process& process = state_->process(pid);
  std::vector<Mapper> mappers;
  if (const auto slot = slot_of(pid, vpn)) {
    mappers = state_->slot_map.mappers(*slot);
  } else if (const Page* page = process.page(vpn); page != nullptr && page->order == 0) {
    mappers = state_->frame_map.mappers(page->frame.value);
  } else if (page != nullptr) {
    for (const auto& [number, other] : state_->processes) {
      const Page* same = other.page(vpn);
      if (same != nullptr && same->order == page->order && same->frame == page->frame)
        mappers.push_back({.process = number, .vpn = vpn});
    }
  }
  std::vector<ProcessId> found(mappers.size());
  std::transform(mappers.begin(), mappers.end(), found.begin(), [](const Mapper& m) { return m.process; });
  return found;
}

bool Kernel::page_out(ProcessId pid, Vpn vpn) {
  Process& process = state_->process(pid);
  const Page* page = process.page(vpn);
  if (page != nullptr && state_->may_split_to_leave(process, vpn, *page) && state_->split_to_leave(process, vpn)) {
    page = process.page(vpn);
  }
  return page != nullptr && page->order == 0 && state_->can_leave(page->frame) && state_->evict(page->frame);
}

bool Kernel::runs(ProcessId pid) const {
  return !state_->killed.contains(pid) && state_->current == state_->process(pid).id;
}

bool Kernel::is_killed(ProcessId pid) const { return state_->killed.contains(pid); }

bool Kernel::is_suspended(ProcessId pid) const { return state_->is_suspended(pid); }

}  // namespace vm
