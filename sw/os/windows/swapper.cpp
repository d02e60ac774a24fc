// SPDX-License-Identifier: Apache-2.0
//
// The swapper looks once a second for processes that were idle for 15 seconds. It takes the kernel stack of such a one
// first: what is left cannot run before the stack is back. A second later it empties the working set, guaranteed or
// not: a process that does nothing needs none. So memory goes by processes here, not by pages as on Linux.
//
// When the process is to run, the swapper brings its stack back before the processor uses it; the pages of the working
// set come by faults. The stack of the process that runs never goes: the handler of page faults stands on it.
#include "os/windows/page_manager.h"

namespace vm {
namespace {

constexpr std::uint64_t kIdleSeconds = 15;

}  // namespace

bool PageManager::lacks_stack(const Process& process) const {
  return !process.swapped.empty() && process.swapped.rbegin()->second.page.kernel_stack;
}

bool PageManager::swap_out_stack(Process& process) {
  std::vector<Ppn> frames;
  for (auto at = process.pages.rbegin(); at != process.pages.rend() && at->second.kernel_stack; ++at)
    frames.push_back(at->second.frame);
  if (frames.empty() || state_.free_slots() < frames.size()) return false;
  bool out = false;
  for (const Ppn frame : frames) out = trim_anonymous(frame) || out;
  state_.counts.stacks_out += out ? 1 : 0;
  return out;
}

void PageManager::swap_idle() {
  for (auto& [pid, process] : state_.processes) {
    const bool is_idle = next_second_ - std::min(next_second_, process.last_active) >= kIdleSeconds * options_.second;
    if (process.raw || state_.current == pid || !is_idle) continue;
    if (swap_out_stack(process)) continue;
    bool out = false;
    while (trim_one(process, {}, Reason::Idle)) out = true;
    state_.counts.outswaps += out ? 1 : 0;
  }
}

void PageManager::wake(Process& process) {
  process.last_active = state_.now;
  while (lacks_stack(process)) {
    const std::uint64_t slot = process.swapped.rbegin()->second.slot;
    if (!bring_back(slot)) return;
  }
}

// Without a frame, or if the disk does not give it back, the process goes on without: its handlers are not seen.
bool PageManager::bring_back(std::uint64_t slot) {
  std::optional<Ppn> frame = frame_of(slot);
  if (frame) {
    take_back(slot, *frame);
    return true;
  }
  if (!provide(1, {})) return false;
  frame = state_.frames.allocate();
  if (!frame) return false;
  PageBytes bytes(state_.machine.format.page_size());
  if (!state_.swap->read(slot, bytes) || !state_.write_memory(state_.address_of(*frame), bytes)) {
    state_.frames.release(*frame);
    return false;
  }
  state_.return_to_memory(slot, *frame);
  state_.swap->release(slot);
  ++state_.counts.pageins;
  return true;
}

}  // namespace vm
