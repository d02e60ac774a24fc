// SPDX-License-Identifier: Apache-2.0
//
// What must hold between any two calls of the kernel.
#include <fmt/format.h>

#include <set>

#include "os/state.h"

namespace vm {

std::string Kernel::State::broken_invariant() const {
  std::map<std::uint64_t, unsigned> owners;
  std::set<const SharedObject*> objects;
  std::set<std::uint64_t> own_tables;
  for (const auto& [pid, process] : processes) {
    if (!process.stale.empty()) return fmt::format("process {} has entries that were never fenced", process.name);
    if (process.owns_table && !own_tables.insert(process.table.value).second) {
      return fmt::format("process {} has another's page table", process.name);
    }
    for (const auto& [number, page] : process.pages) {
      ++owners[page.frame.value];
      if (page.entry != entry_for(page)) {
        return fmt::format("page 0x{:x} of process {}: the entry is not what the page asks for", number, process.name);
      }
      if (page.cow && page.entry.mapped && page.entry.write) {
        return fmt::format("page 0x{:x} of process {}: copy-on-write and writable", number, process.name);
      }
      if (page.cow && page.shared) {
        return fmt::format("page 0x{:x} of process {}: copy-on-write and shared", number, process.name);
      }
      if (frames.is_free(page.frame)) return fmt::format("frame 0x{:x} is free and mapped", page.frame.value);
    }
    for (const auto& [from, area] : process.areas.all()) {
      if (area.from != from || area.from >= area.to)
        return fmt::format("area 0x{:x} of {} is empty", from, process.name);
      if (area.object) objects.insert(area.object.get());
    }
  }
  for (const SharedObject* object : objects) {
    for (const auto& [number, page] : object->pages) {
      if (page.frame) ++owners[page.frame->value];
    }
  }
  // A private page's frame, unless the user named it, is writable for nobody while it has several owners.
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (page.entry.mapped && page.entry.write && !page.shared && !page.rights.kernel &&
          !frames.is_named(page.frame) && owners[page.frame.value] > 1) {
        return fmt::format("page 0x{:x} of process {} is writable, private, and its frame 0x{:x} has {} owners", number,
                           process.name, page.frame.value, owners[page.frame.value]);
      }
    }
  }
  for (const auto& [frame, count] : frames.all_references()) {
    if (owners[frame] != count) {
      return fmt::format("frame 0x{:x} has {} references and {} owners", frame, count, owners[frame]);
    }
  }
  for (const auto& [frame, count] : owners) {
    if (frames.references(Ppn(frame)) != count) {
      return fmt::format("frame 0x{:x} has {} owners and {} references", frame, count, frames.references(Ppn(frame)));
    }
  }
  return {};
}

}  // namespace vm
