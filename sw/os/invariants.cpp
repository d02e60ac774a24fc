// SPDX-License-Identifier: Apache-2.0
//
// What must hold between any two calls of the kernel.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "machine/pte.h"
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

std::string Kernel::State::broken_invariant() const {
  std::map<std::uint64_t, unsigned> owners;
  std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> ranges;
  std::set<const MemoryObject*> objects;
  std::set<std::uint64_t> own_tables;
  for (const auto& [pid, process] : processes) {
    if (!process.stale.empty()) return fmt::format("process {} has entries that were never fenced", process.name);
    const auto own = [&](PhysAddr table) {
      if (!is_flat()) ++owners[table.value >> machine.format.page_bits];
      return own_tables.insert(table.value).second || shared_tables.contains(table.value);
    };
    bool alone = !process.owns_table || own(process.table);
    for (const auto& [key, table] : process.tables) alone = (!table.owned || own(table.at)) && alone;
    if (!alone) return fmt::format("process {} has another's page table", process.name);
    if (std::string broken = broken_tables(process); !broken.empty()) return broken;
    if (kernel_space) {
      if (std::string broken = kernel_space->broken(process); !broken.empty()) return broken;
    }
    for (const auto& [number, page] : process.pages) {
      ++(page.order == 0 ? owners[page.frame.value] : ranges[{page.frame.value, page.count()}]);
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
  for (const auto& [file, object] : page_cache) {
    if (object.use_count() == 1 && std::none_of(object->pages.begin(), object->pages.end(),
                                                [](const auto& entry) { return entry.second.dirty; })) {
      return fmt::format("file {} is in the page cache, and nobody uses it", static_cast<std::uint32_t>(file));
    }
    objects.insert(object.get());
  }
  for (const auto& object : shared_memory) objects.insert(object.get());
  for (const auto& device : device_objects) objects.insert(device.get());
  for (const MemoryObject* object : objects) {
    for (const auto& [number, page] : object->pages) {
      if (page.frame) ++owners[page.frame->value];
    }
  }
  if (kernel_space) {
    kernel_space->count_owners(owners, ranges);
    if (std::string broken = kernel_space->broken_tables(); !broken.empty()) return broken;
  }
  if (zero_frame_for_all) ++owners[zero_frame_for_all->value];
  for (const auto& [frame, write] : busy) owners[frame] += write.slot ? 1 : 0;
  if (page_manager != nullptr) page_manager->count_owners(owners);
  // A private page's frame, unless the user named it, is writable for nobody while it has several owners.
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (page.entry.mapped && page.entry.write && !page.shared && !page.rights.kernel &&
          !frames.is_named(page.frame) && page.order == 0 && owners[page.frame.value] > 1) {
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
    if (count != 0 && !frames.all_references().contains(frame)) {
      return fmt::format("frame 0x{:x} has {} owners and no references", frame, count);
    }
  }
  if (ranges != frames.range_references()) return "superpages and the references to their frames differ";
  if (std::string broken = broken_shared_tables(); !broken.empty()) return broken;
  if (std::string broken = broken_reverse_maps(); !broken.empty()) return broken;
  if (std::string broken = broken_zero_page(); !broken.empty()) return broken;
  if (std::string broken = broken_lists(); !broken.empty()) return broken;
  if (std::string broken = broken_copies(); !broken.empty()) return broken;
  if (std::string broken = page_manager != nullptr ? page_manager->broken() : ""; !broken.empty()) return broken;
  return broken_files();
}

// What the tables hold in memory is what the pages ask for, apart from accessed and dirty bits.
std::string Kernel::State::broken_tables(const Process& process) const {
  if (process.raw) return {};
  std::unordered_map<std::uint64_t, std::uint64_t> wanted;  // by address of the entry
  std::map<std::pair<unsigned, std::uint64_t>, std::uint64_t> entries;
  const auto expect = [&](Vpn vpn, unsigned level, std::uint64_t value) {
    const std::optional<PhysAddr> at = entry_address(process, vpn, level);
    if (!at) return false;
    wanted[at->value] = value;
    if (level + 1 < process.levels) ++entries[{level, vpn.value >> machine.format.index_lsb(level + 1)}];
    return true;
  };
  for (const auto& [number, page] : process.pages) {
    if (!page.entry.mapped) continue;
    for (std::uint64_t i = 0; i < (page.napot ? page.count() : 1); ++i) {
      if (!expect(Vpn(number + i), page.level, encode(page))) {
        return fmt::format("page 0x{:x} of process {} is in no table", number, process.name);
      }
    }
  }
  for (const auto& [number, swapped] : process.swapped) {
    if (!expect(Vpn(number), 0, swapped_entry(swapped.slot)))
      return fmt::format("page 0x{:x} of process {} is in the swap file and has no table", number, process.name);
  }
  for (const auto& [key, table] : process.tables) {
    const Vpn vpn(key.second << machine.format.index_lsb(key.first + 1));
    if (!expect(vpn, key.first + 1,
                encode_pte(machine.format, pointer_to(table.at, is_kernel_space(vpn)), key.first + 1))) {
      return fmt::format("a table of level {} of process {} hangs in the air", key.first, process.name);
    }
  }
  for (const auto& [key, table] : process.tables) {
    if (table.owned && (table.entries == 0 || table.entries != entries[key])) {
      return fmt::format("a table of level {} of process {} counts {} entries and has {}", key.first, process.name,
                         table.entries, entries[key]);
    }
  }
  const auto check = [&](std::uint64_t at, std::span<const std::uint8_t> entry, std::uint64_t value) -> std::string {
    const std::uint64_t set_by_hardware = is_flat() ? 0 : accessed_bits(true);
    const std::uint64_t found = pte_from_bytes(machine.format, entry);
    if ((found & ~set_by_hardware) == (value & ~set_by_hardware)) return {};
    return fmt::format("the entry at 0x{:x} of process {} is 0x{:x}, but should be 0x{:x}", at, process.name, found,
                       value);
  };
  // False: a bus error.
  const auto read = [&](PhysAddr at, std::span<std::uint8_t> found) {
    return started ? platform.host_read(at, found) : (shadow.read(at, found), true);
  };
  const unsigned size = machine.format.pte_bytes();
  std::vector<std::uint8_t> bytes;
  const auto check_table = [&](PhysAddr table, unsigned level) -> std::string {
    bytes.resize(size << machine.format.index_bits.at(level));
    if (!read(table, bytes)) return {};
    for (std::uint64_t i = 0; i < bytes.size(); i += size) {
      const std::uint64_t at = table.value + i;
      const auto found = wanted.find(at);
      std::string broken = check(at, std::span(bytes).subspan(i, size), found == wanted.end() ? 0 : found->second);
      if (!broken.empty()) return broken;
    }
    return {};
  };
  // Tables of the user hold other things too, and flat ones are too large to be read whole.
  const bool adopted = !process.owns_table;
  if (adopted) return {};
  if (is_flat()) {
    bytes.resize(size);
    for (const auto& [at, value] : wanted) {
      if (!read(PhysAddr(at), bytes)) continue;
      if (std::string broken = check(at, bytes, value); !broken.empty()) return broken;
    }
    return {};
  }
  if (kernel_space) {
    for (const auto& [index, value] : kernel_space->root_entries()) {
      wanted[(process.table + index * machine.format.pte_bytes()).value] = value;
    }
  }
  std::string broken = check_table(process.table, process.levels - 1);
  for (const auto& [key, table] : process.tables) {
    if (broken.empty()) broken = check_table(table.at, key.first);
  }
  return broken;
}

}  // namespace vm
