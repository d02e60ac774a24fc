// SPDX-License-Identifier: Apache-2.0
//
// What must hold of frames and slots that several pages name.
#include <fmt/format.h>

#include <algorithm>

#include "os/state.h"

namespace vm {

std::string Kernel::State::broken_reverse_maps() const {
  std::size_t in_memory = 0, in_swap = 0;
  std::map<std::uint64_t, std::uint64_t> slots;
  const auto knows = [](const ReverseMap& map, std::uint64_t number, const Process& process, std::uint64_t vpn) {
    const std::vector<Mapper> mappers = map.mappers(number);
    return std::find(mappers.begin(), mappers.end(), Mapper{.process = process.id, .vpn = Vpn(vpn)}) != mappers.end();
  };
  for (const auto& [pid, process] : processes) {
    std::uint64_t resident = 0;
    for (const auto& [number, page] : process.pages) {
      resident += own_pages(page);
      if (page.order != 0) continue;
      ++in_memory;
      if (!knows(frame_map, page.frame.value, process, number)) {
        return fmt::format("the reverse map of frame 0x{:x} lacks page 0x{:x} of process {}", page.frame.value, number,
                           process.name);
      }
    }
    if (resident != process.resident) {
      return fmt::format("process {} has {} pages in memory, but counts {}", process.name, resident, process.resident);
    }
    for (const auto& [number, swapped] : process.swapped) {
      ++in_swap;
      ++slots[swapped.slot];
      if (!knows(slot_map, swapped.slot, process, number)) {
        return fmt::format("the reverse map of slot {} lacks page 0x{:x} of process {}", swapped.slot, number,
                           process.name);
      }
      if (process.page(Vpn(number)) != nullptr) {
        return fmt::format("page 0x{:x} of process {} is in memory and in the swap file", number, process.name);
      }
      if (!swapped.page.kernel_stack && process.areas.find(address_of(process, Vpn(number))) == nullptr) {
        return fmt::format("page 0x{:x} of process {} is in the swap file, and in no area", number, process.name);
      }
    }
  }
  for (const auto& object : shared_memory) {
    for (const auto& [number, page] : object->pages) {
      if (page.slot.has_value() == page.frame.has_value())
        return fmt::format("page {} of shared memory is {}", number, page.slot ? "in two places" : "nowhere");
      if (page.slot) ++slots[*page.slot];
    }
  }
  if (frame_map.mapper_count() != in_memory) return "the reverse map of frames names pages that are not there";
  if (slot_map.mapper_count() != in_swap) return "the reverse map of slots names pages that are not there";
  for (const auto& [slot, pages] : slots) {
    if (swap->is_free(slot)) return fmt::format("slot {} is free, and {} pages are there", slot, pages);
  }
  // Slots that refused a page are neither.
  const std::size_t pool = kernel_space ? kernel_space->pool_slots() : 0;
  if (swap && swap->free_slots() + slots.size() + clean_copies.size() + swap->retired_slots() + pool != swap->slots())
    return "a slot is lost";
  return {};
}

std::string Kernel::State::broken_zero_page() const {
  if (!zero_frame_for_all) return {};
  PageBytes bytes(machine.format.page_size());
  if (started ? !platform.host_read(address_of(*zero_frame_for_all), bytes)
              : (shadow.read(address_of(*zero_frame_for_all), bytes), false)) {
    return {};  // a bus error
  }
  if (std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; })) {
    return "the zero page is not zero";
  }
  for (const Mapper& mapper : frame_map.mappers(zero_frame_for_all->value)) {
    if (!processes.at(mapper.process).page(mapper.vpn)->cow) {
      return fmt::format("page 0x{:x} of process {} may be stored to, and is the zero page", mapper.vpn.value,
                         processes.at(mapper.process).name);
    }
  }
  return {};
}

}  // namespace vm
