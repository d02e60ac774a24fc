// SPDX-License-Identifier: Apache-2.0
//
// How much memory a process may ask for, and how much the kernel promises. With overcommit every mapping is granted,
// and a process may find out at a store that there is no frame; without, the kernel promises no more pages than frames
// and swap file can hold together, and says so at mmap and fork.
#include <map>

#include "os/state.h"

namespace vm {
namespace {

std::uint64_t bytes_of(const Area& area) { return area.to - area.from; }

}  // namespace

bool Kernel::State::may_grow(const Process& process, std::uint64_t pages) const {
  if (!process.memory_limit) return true;
  std::uint64_t bytes = 0;
  for (const auto& [from, area] : process.areas.all()) bytes += bytes_of(area);
  const std::uint64_t taken = bytes >> machine.format.page_bits;
  return taken <= *process.memory_limit && pages <= *process.memory_limit - taken;
}

std::uint64_t Kernel::State::promised_pages(const Process& process) const {
  std::uint64_t bytes = 0;
  for (const auto& [from, area] : process.areas.all()) {
    if (is_promised(area)) bytes += bytes_of(area);
  }
  return bytes >> machine.format.page_bits;
}

bool Kernel::State::may_promise(std::uint64_t pages) const {
  if (policy.overcommit) return true;
  std::uint64_t promised = 0;
  std::map<const MemoryObject*, std::uint64_t> objects;  // once each, whoever maps them
  for (const auto& [pid, process] : processes) {
    promised += promised_pages(process);
    for (const auto& [from, area] : process.areas.all()) {
      if (area.shared && area.object && area.object->kind == MemoryObject::Kind::Anonymous)
        objects[area.object.get()] = bytes_of(area) >> machine.format.page_bits;
    }
  }
  for (const auto& [object, size] : objects) promised += size;
  const std::uint64_t most = frames.capacity() + (swap ? swap->slots() : 0);
  return promised <= most && pages <= most - promised;
}

}  // namespace vm
