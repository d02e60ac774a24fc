// SPDX-License-Identifier: Apache-2.0
//
// What must hold of the lists of the replacement policy, of busy frames, and of pages that are in memory and in the
// swap file.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

std::string Kernel::State::broken_lists() const {
  if (!lost_page.empty()) return lost_page;
  std::set<Ppn> listed;
  for (const Replacement::List& list : replacement->lists()) {
    for (const Ppn frame : list.frames) {
      if (!listed.insert(frame).second)
        return fmt::format("frame 0x{:x} is twice in the lists of replacement", frame.value);
      const bool is_left = page_manager != nullptr && page_manager->holds_page(frame);
      if (frame_map.count(frame.value) == 0 && object_page_of(frame) == nullptr && !is_left)
        return fmt::format("frame 0x{:x} is in list '{}', and nobody has it", frame.value, list.name);
      if (busy.contains(frame.value))
        return fmt::format("frame 0x{:x} is busy and in list '{}'", frame.value, list.name);
    }
  }
  for (const auto& [frame, page] : file_frames) {
    const auto found = page.object->pages.find(page.index);
    if (found == page.object->pages.end() || found->second.frame != Ppn(frame))
      return fmt::format("frame 0x{:x} is said to hold page {} of a file, and does not", frame, page.index);
    if (can_leave(Ppn(frame)) && !listed.contains(Ppn(frame)))
      return fmt::format("frame 0x{:x} has a page of a file, and is in no list", frame);
  }
  for (const auto& [frame, page] : shared_frames) {
    const auto found = page.object->pages.find(page.index);
    if (found == page.object->pages.end() || found->second.frame != Ppn(frame))
      return fmt::format("frame 0x{:x} is said to hold page {} of shared memory, and does not", frame, page.index);
    if (can_leave(Ppn(frame)) && !listed.contains(Ppn(frame)))
      return fmt::format("frame 0x{:x} has a page of shared memory, and is in no list", frame);
  }
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (page.order == 0 && can_leave(page.frame) && !listed.contains(page.frame))
        return fmt::format("page 0x{:x} of process {} may leave memory, and its frame is in no list", number,
                           process.name);
    }
  }
  for (const auto& [frame, write] : busy) {
    if (frames.is_free(Ppn(frame)) || frame_map.count(frame) != 0)
      return fmt::format("frame 0x{:x} is busy, and {}", frame, frames.is_free(Ppn(frame)) ? "free" : "mapped");
    if (write.slot && swap->is_free(*write.slot))
      return fmt::format("frame 0x{:x} is being written to slot {}, which is free", frame, *write.slot);
  }
  return {};
}

// Pages of large pages are in no reverse map. A dirty bit of any entry is about the whole.
void Kernel::State::add_large_mappers(Ppn frame, std::vector<Mapper>& mappers) const {
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (page.order == 0 || frame.value - page.frame.value >= page.count()) continue;
      for (std::uint64_t i = 0; i < (page.napot ? page.count() : 1); ++i) {
        mappers.push_back({.process = pid, .vpn = Vpn(number + i)});
      }
    }
  }
}

// A page that nobody stored to since it came from the swap file is what the slot holds.
std::string Kernel::State::broken_copies() const {
  PageBytes in_memory(machine.format.page_size()), in_slot(machine.format.page_size());
  for (const auto& [frame, slot] : clean_copies) {
    std::vector<Mapper> mappers = frame_map.mappers(frame);
    add_large_mappers(Ppn(frame), mappers);
    if (mappers.empty()) return fmt::format("slot {} is kept for frame 0x{:x}, which nobody has", slot, frame);
    if (swap->is_free(slot) || slot_map.count(slot) != 0)
      return fmt::format("slot {} is kept for frame 0x{:x}, and used otherwise", slot, frame);
    const bool is_dirty = std::any_of(mappers.begin(), mappers.end(), [&](const Mapper& mapper) {
      const Process& process = processes.at(mapper.process);
      return was_stored_to(process, mapper.vpn, *process.page(mapper.vpn));
    });
    if (is_dirty || !started || !swap->read(slot, in_slot) || !platform.host_read(address_of(Ppn(frame)), in_memory))
      continue;
    if (in_memory != in_slot)
      return fmt::format("frame 0x{:x} is clean, and not what slot {} of the swap file holds", frame, slot);
  }
  return {};
}

}  // namespace vm
