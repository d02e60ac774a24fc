// SPDX-License-Identifier: Apache-2.0
//
// Writes to the disk take time, in accesses that processes make meanwhile. Until then the frame is busy: it belongs to
// the write, no table names it, and nobody can have it. When the write is done the frame is free, unless a process has
// faulted on its page and waits: it gets the page back, and nothing is read.
//
// What is written was taken at the start, as nobody could store to it any more, and so a disk that refuses is known
// then.
#include <algorithm>

#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

void Kernel::State::start_write(Ppn frame, std::optional<std::uint64_t> slot) {
  busy[frame.value] = {.done = now + policy.replacement.disk_time, .slot = slot};
  replacement->leave(frame);
  finish_writes();
}

void Kernel::State::finish_write(Ppn frame) {
  const DiskWrite write = busy.at(frame.value);
  busy.erase(frame.value);
  if (page_manager != nullptr && (!write.slot || page_manager->holds_page(frame))) {
    page_manager->written(frame);
  } else if (write.slot) {
    frames.release(frame);
  } else {
    forget_file_page(frame);
  }
}

void Kernel::State::finish_writes() {
  for (auto at = busy.begin(); at != busy.end();) {
    const Ppn frame(at->first);
    const bool is_done = at->second.done <= now;
    ++at;
    if (is_done) finish_write(frame);
  }
}

void Kernel::State::wait_for_a_write() {
  const auto first = std::min_element(busy.begin(), busy.end(),
                                      [](const auto& a, const auto& b) { return a.second.done < b.second.done; });
  now = std::max(now, first->second.done);
  finish_writes();
}

void Kernel::State::take_from_write(Ppn frame) {
  const auto write = busy.find(frame.value);
  now = std::max(now, write->second.done);
  busy.erase(write);
  ++counts.busy_waits;
}

std::optional<Ppn> Kernel::State::busy_frame(std::uint64_t slot) const {
  const auto found = std::find_if(busy.begin(), busy.end(), [&](const auto& b) { return b.second.slot == slot; });
  return found == busy.end() ? std::nullopt : std::optional(Ppn(found->first));
}

}  // namespace vm
