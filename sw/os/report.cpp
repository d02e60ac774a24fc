// SPDX-License-Identifier: Apache-2.0
//
// What ps and /proc would print: processes, areas (as /proc/PID/maps, with the counts of smaps), frames and page
// tables.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "machine/pte.h"
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

namespace {

std::string letters(const Rights& rights) {
  return fmt::format("{}{}{}", rights.read ? 'r' : '-', rights.write ? 'w' : '-', rights.exec ? 'x' : '-');
}

}  // namespace

std::string Kernel::State::object_name(const Area& area, const Process& process) const {
  if (area.object && area.object->kind == MemoryObject::Kind::File) return disk.name(area.object->file);
  if (area.object && area.object->kind == MemoryObject::Kind::Device) return devices.at(area.object->device).name;
  if (area.object) return "(shared)";
  if (process.heap != 0 && area.from < process.heap_end && area.to > process.heap) return "[heap]";
  return area.grows_down ? "[stack]" : "";
}

// Frames of several mappings count as shared, as in smaps; that an object has them too makes no difference.
Kernel::State::Residency Kernel::State::residency(const Process& process, std::uint64_t from, std::uint64_t to) const {
  const unsigned page_bits = machine.format.page_bits;
  const auto mapped_pages = [&](const Page& page, Vpn vpn) {
    unsigned count = frames.references(page.frame);
    const Area* area = process.areas.find(address_of(process, vpn));
    if (area == nullptr || !area->object) return count;
    const auto source = area->object->pages.find(object_index(*area, address_of(process, vpn)));
    if (source != area->object->pages.end() && source->second.frame == page.frame) --count;
    return count;
  };
  Residency sum;
  for (auto it = process.page_from(Vpn(from >> page_bits)); it != process.pages.end() && it->first < to >> page_bits;
       ++it) {
    const std::uint64_t first = std::max(it->first, from >> page_bits);
    const std::uint64_t end = std::min(it->first + it->second.count(), to >> page_bits);
    const std::uint64_t bytes = (end - first) << page_bits;
    (mapped_pages(it->second, Vpn(it->first)) > 1 ? sum.shared : sum.exclusive) += bytes;
  }
  return sum;
}

std::string Kernel::ps() const {
  const State& state = *state_;
  std::string text = fmt::format("{:>5} {:>5} {:<12} {:<7} {:>5} {:>5} {:>12} {:>10} {:>10}\n", "PID", "PPID", "NAME",
                                 "STATE", "ASID", "AREAS", "VSZ", "RSS", "TABLES");
  for (const auto& [pid, process] : state.processes) {
    std::uint64_t size = 0, resident = 0;
    for (const auto& [from, area] : process.areas.all()) size += area.to - area.from;
    for (const auto& [number, page] : process.pages) {
      if (!page.kernel_stack) resident += page.count() << state.machine.format.page_bits;
    }
    text += fmt::format("{:>5} {:>5} {:<12} {:<7} {:>5} {:>5} {:>12} {:>10} {:>10}\n", pid, process.parent.value_or(0),
                        process.name, state.current == pid ? "running" : "ready",
                        process.asid ? fmt::format("{}", *process.asid) : "-", process.areas.all().size(), size,
                        resident, table_memory(pid).bytes);
    for (const ExitedChild& child : process.exited_children) {
      text += fmt::format("{:>5} {:>5} {:<12} {:<7} status {}\n", child.id, pid, child.name, "zombie", child.status);
    }
  }
  return text;
}

std::string Kernel::maps(ProcessId pid) const {
  const State& state = *state_;
  const Process& process = std::as_const(state).process(pid);
  const unsigned page_bits = state.machine.format.page_bits;
  // Pages that the user mapped outside every area are listed too, each run of equal ones as one line.
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> ranges;  // from -> to, and the rest of the line
  for (const auto& [from, area] : process.areas.all()) {
    const bool file = area.object && area.object->kind == MemoryObject::Kind::File;
    const bool offset_counts = area.object && area.object->kind != MemoryObject::Kind::Anonymous;
    ranges[from] = {area.to,
                    fmt::format("{}{} {:08x} {} {}", letters(area.rights), area.shared ? 's' : 'p',
                                offset_counts ? area.from - area.object_at : 0,
                                file ? FileStore::inode(area.object->file) : 0, state.object_name(area, process))};
  }
  for (auto it = process.pages.begin(); it != process.pages.end();) {
    const Page& page = it->second;
    const std::uint64_t from = it->first << page_bits;
    std::uint64_t to = from;
    while (it != process.pages.end() && it->first << page_bits == to && it->second.rights == page.rights &&
           process.areas.find(VirtAddr(to)) == nullptr) {
      to += it->second.count() << page_bits;
      ++it;
    }
    if (to == from || page.kernel_stack) {
      if (to == from) ++it;
      continue;
    }
    ranges[from] = {to, fmt::format("{}{} {:08x} 0 [{}]", letters(page.rights), page.shared ? 's' : 'p', 0,
                                    page.rights.kernel ? "kernel" : "mapped")};
  }
  std::string text;
  for (const auto& [from, range] : ranges) {
    const State::Residency in = state.residency(process, from, range.first);
    text += fmt::format("{:08x}-{:08x} {}\n", from, range.first, range.second);
    text += fmt::format("    Size: {} Rss: {} Shared: {} Private: {}\n", range.first - from, in.shared + in.exclusive,
                        in.shared, in.exclusive);
  }
  return text;
}

std::string Kernel::frames() const {
  const State& state = *state_;
  const unsigned page_bits = state.machine.format.page_bits;
  std::map<std::uint64_t, std::string> users;  // by frame
  const auto add = [&](Ppn frame, const std::string& what) { users[frame.value] += " " + what; };
  for (const auto& [pid, process] : state.processes) {
    if (process.owns_table) add(Ppn(process.table.value >> page_bits), process.name + ":root");
    for (const auto& [key, table] : process.tables) {
      add(Ppn(table.at.value >> page_bits), fmt::format("{}:table-{}", process.name, key.first));
    }
    for (const auto& [number, page] : process.pages) {
      add(page.frame, fmt::format("{}:0x{:x}{}", process.name, number, page.cow ? ":cow" : ""));
    }
  }
  if (const KernelSpace* space = state.kernel_space.get()) {
    for (const auto& [key, table] : space->tables()) {
      add(Ppn(table.value >> page_bits), fmt::format("kernel:table-{}", key.first));
    }
    for (const KernelSpace::Range& range : space->ranges()) {
      if (space->is_own(range)) add(range.frame, range.rights.exec ? "kernel:code" : "kernel:data");
    }
  }
  const auto add_pages = [&](const MemoryObject& object, const std::string& name) {
    for (const auto& [number, page] : object.pages) {
      if (page.frame) add(*page.frame, fmt::format("{}:{}{}", name, number, page.dirty ? ":dirty" : ""));
    }
  };
  for (const auto& [file, object] : state.page_cache) add_pages(*object, state.disk.name(file));
  for (std::size_t i = 0; i < state.devices.size(); ++i) add_pages(*state.device_objects[i], state.devices[i].name);
  std::string text = fmt::format("free {}\n", state.frames.free_count());
  for (const auto& [frame, list] : users) {
    text += fmt::format("0x{:x} refs {}{}\n", frame, state.frames.references(Ppn(frame)), list);
  }
  return text;
}

std::string Kernel::lists() const {
  const State& state = *state_;
  if (state.page_manager != nullptr) return state.page_manager->report();
  std::string text = fmt::format("free {}\n", state.frames.free_count());
  if (!state.busy.empty()) {
    text += fmt::format("busy {}:", state.busy.size());
    for (const auto& [frame, write] : state.busy) text += fmt::format(" 0x{:x}", frame);
    text += '\n';
  }
  for (const Replacement::List& list : state.replacement->lists()) {
    if (list.frames.empty()) continue;
    text += fmt::format("{} {}:", list.name, list.frames.size());
    for (const Ppn frame : list.frames) text += fmt::format(" 0x{:x}", frame.value);
    text += '\n';
  }
  return text;
}

std::string Kernel::State::table_text(const Process& process, PhysAddr table, unsigned level, Vpn first,
                                      unsigned indent) {
  const Format& format = machine.format;
  const Context context = context_of(process);
  std::string text;
  const auto line = [&](std::uint64_t index, std::uint64_t raw, const Pte& pte, Vpn vpn) {
    text += fmt::format("{:{}}[0x{:x}] 0x{:x} ", "", indent, index, raw);
    if (!pte.leaf) {
      const PhysAddr below = address_of(pte.ppn);
      text += fmt::format("table 0x{:x}\n", below.value);
      text += table_text(process, below, level - 1, vpn, indent + 2);
      return;
    }
    text += fmt::format("page 0x{:x} frame 0x{:x} {}{}{}{}{}\n", vpn.value, pte.ppn.value,
                        letters({.read = pte.read, .write = pte.write, .exec = pte.exec}), pte.user ? "u" : "k",
                        pte.accessed ? " accessed" : "", pte.dirty ? " dirty" : "", pte.global ? " global" : "");
  };
  // A flat table is too large to be read whole: the entries of the pages there are.
  if (is_flat()) {
    for (const auto& [number, page] : process.pages) {
      const std::optional<PhysAddr> at = entry_address(process, Vpn(number), 0);
      const std::optional<std::uint64_t> raw = at ? read_raw(*at) : std::nullopt;
      if (raw) line(number, *raw, decode_pte(machine, context, *raw, 0), Vpn(number));
    }
    return text;
  }
  for (std::uint64_t index = 0; index < 1ULL << format.index_bits.at(level); ++index) {
    const std::optional<std::uint64_t> raw = read_raw(table + index * format.pte_bytes());
    if (!raw) return text + fmt::format("{:{}}memory does not answer\n", "", indent);
    const Pte pte = decode_pte(machine, context, *raw, level);
    const Vpn vpn(first.value + (index << format.index_lsb(level)));
    if (pte.valid && !pte.reserved && (pte.leaf || level > 0)) line(index, *raw, pte, vpn);
  }
  return text;
}

std::string Kernel::tables(ProcessId pid) {
  const Process& process = state_->process(pid);
  const TableMemory memory = table_memory(pid);
  return fmt::format("table 0x{:x}\n", process.table.value) +
         state_->table_text(process, process.table, process.levels - 1, Vpn(0), 2) +
         fmt::format("{} table{}, {} bytes; a flat table: {} bytes\n", memory.tables, memory.tables == 1 ? "" : "s",
                     memory.bytes, memory.flat_bytes);
}

}  // namespace vm
