// SPDX-License-Identifier: Apache-2.0
//
// What must hold of the states of frames, of working sets and of kernel stacks.
#include <fmt/format.h>

#include <algorithm>

#include "os/windows/page_manager.h"

namespace vm {

void PageManager::count_owners(std::map<std::uint64_t, unsigned>& owners) const {
  for (const auto& [frame, slot] : slots_) owners[frame] += state_.busy.contains(frame) ? 0 : 1;
}

std::string PageManager::broken() const {
  if (!broken_guarantee_.empty()) return broken_guarantee_;
  PageBytes in_memory(state_.machine.format.page_size()), on_disk(state_.machine.format.page_size());
  for (const auto& [frame, slot] : slots_) {
    const bool is_listed =
        standby_.contains(Ppn(frame)) || modified_.contains(Ppn(frame)) || state_.busy.contains(frame);
    if (!is_listed || state_.slot_map.count(slot) == 0 || state_.frame_map.count(frame) != 0)
      return fmt::format("frame 0x{:x} is said to hold the page of slot {}, and does not", frame, slot);
    if (!standby_.contains(Ppn(frame)) || !state_.started || !state_.swap->read(slot, on_disk) ||
        !state_.platform.host_read(state_.address_of(Ppn(frame)), in_memory))
      continue;
    if (in_memory != on_disk)
      return fmt::format("frame 0x{:x} is on standby, and not what slot {} of the swap file holds", frame, slot);
  }
  for (const FrameList* list : {&standby_, &modified_}) {
    for (const Ppn frame : *list) {
      const auto file = state_.file_frames.find(frame.value);
      if (file == state_.file_frames.end() && !slot_kept_in(frame))
        return fmt::format("frame 0x{:x} is on a list of pages that left, and holds none", frame.value);
      if (file == state_.file_frames.end()) continue;
      const bool is_dirty = file->second.object->pages.at(file->second.index).dirty;
      if (state_.frame_map.count(frame.value) != 0 || is_dirty != (list == &modified_))
        return fmt::format("frame 0x{:x} has a page of a file, and is on the wrong list", frame.value);
    }
  }
  for (const std::uint64_t frame : state_.frames.zeroed()) {
    if (!state_.started || !state_.platform.host_read(state_.address_of(Ppn(frame)), in_memory)) continue;
    if (std::any_of(in_memory.begin(), in_memory.end(), [](std::uint8_t byte) { return byte != 0; }))
      return fmt::format("frame 0x{:x} is said to be zeroed, and is not", frame);
  }
  for (const std::uint64_t frame : state_.frames.bad()) {
    if (state_.frames.references(Ppn(frame)) != 0 || state_.frames.is_free(Ppn(frame)))
      return fmt::format("frame 0x{:x} is bad, and in use again", frame);
  }
  return {};
}

}  // namespace vm
