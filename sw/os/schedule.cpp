// SPDX-License-Identifier: Apache-2.0
//
// Processes come and go, and the hardware is given one address space at a time.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "machine/error.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::is_name_taken(std::string_view name) const {
  const auto has_it = [&](const auto& entry) { return entry.second.name == name; };
  return std::any_of(processes.begin(), processes.end(), has_it) ||
         std::any_of(borrowers.begin(), borrowers.end(), has_it) ||
         std::any_of(killed.begin(), killed.end(), [&](const auto& entry) { return entry.second == name; });
}

void Kernel::State::check_options(std::string_view name, const ProcessOptions& options) const {
  const Format& format = machine.format;
  const std::uint64_t vpns = 1ULL << machine.vpn_bits();
  if (is_name_taken(name)) throw InputError(fmt::format("process {} exists already", name));
  if (options.limit && !is_flat()) {
    throw InputError(
        fmt::format("limit={} of process {}: tables of machine {} have no limit", *options.limit, name, machine.name));
  }
  if (options.limit && *options.limit > vpns) {
    throw InputError(fmt::format("limit={} of process {} is too large: machine {} has {} virtual pages", *options.limit,
                                 name, machine.name, vpns));
  }
  const std::uint64_t multiple = is_flat() ? format.pte_bytes() : format.page_size();
  if (options.table && (options.table->value > low_mask(machine.bus_bits) || options.table->value % multiple != 0)) {
    throw InputError(fmt::format("table=0x{:x} of process {}: expected a multiple of {} of at most {} bits",
                                 options.table->value, name, multiple, machine.bus_bits));
  }
  if (options.raw && !options.table) throw InputError(fmt::format("process {} is raw: expected table=ADDR", name));
  if (options.levels && (*options.levels > format.levels || *options.levels < format.min_levels)) {
    throw InputError(fmt::format("{} levels of process {}: machine {} has {} to {}", *options.levels, name,
                                 machine.name, format.min_levels, format.levels));
  }
  if (options.asid && *options.asid > low_mask(has_asids() ? machine.asid_bits : 0)) {
    throw InputError(fmt::format("asid={} of process {}: machine {} has {} ASID bits", *options.asid, name,
                                 machine.name, has_asids() ? machine.asid_bits : 0));
  }
  if (options.asid && has_asids() && *options.asid >= asid_count()) {
    throw InputError(fmt::format("asid={} of process {}: there are {}", *options.asid, name, asid_count()));
  }
  if (kernel_space && !kernel_space->options().own_table && !options.raw) {
    const char* given = options.limit ? "limit" : options.table ? "table" : nullptr;
    if (given != nullptr) {
      throw InputError(
          fmt::format("{}= of process {}: its table is the kernel's, up to the end of kernel space", given, name));
    }
    if (options.levels.value_or(default_levels()) != kernel_space->levels()) {
      throw InputError(fmt::format("process {} has tables of {} levels, kernel space of {}", name,
                                   options.levels.value_or(default_levels()), kernel_space->levels()));
    }
  }
  if (!has_asids() || !options.asid) return;
  for (const auto& [pid, other] : processes) {
    if (other.asid == options.asid && other.asid_is_fixed) {
      throw InputError(fmt::format("asid={} of process {}: process {} has it", *options.asid, name, other.name));
    }
  }
}

// On x86 a mode bit decides; elsewhere it is the widest mode.
unsigned Kernel::State::default_levels() const {
  return is_x86() && !environment.la57 ? machine.format.min_levels : machine.format.levels;
}

Process& Kernel::State::create(std::string name, const ProcessOptions& options, std::optional<PhysAddr> own_table,
                               std::optional<ProcessId> own_id) {
  check_options(name, options);
  Process process;
  process.levels = options.levels.value_or(default_levels());
  process.limit = options.limit;
  process.raw = options.raw;
  if (options.table) {
    process.table = *options.table;
    const std::uint64_t entries = is_flat() ? options.limit.value_or(1ULL << machine.vpn_bits())
                                            : 1ULL << machine.format.index_bits.at(process.levels - 1);
    tables.reserve(process.table, entries * machine.format.pte_bytes());
  } else {
    if (!own_table) own_table = new_root();
    if (!own_table) {
      throw InputError(fmt::format("no room for the page table of process {}: it needs {} bytes", name,
                                   is_flat() ? tables.table_bytes() : machine.format.page_size()));
    }
    process.table = *own_table;
    process.owns_table = true;
  }
  process.id = own_id ? *own_id : next_id++;
  process.last_active = now;
  process.heap = process.heap_end = options.heap;
  for (const int fd : {0, 1, 2}) process.files[fd] = std::make_shared<OpenFile>();
  process.name = std::move(name);
  claim_asid(process, options.asid);
  Process& made = processes.emplace(process.id, std::move(process)).first->second;
  if (kernel_space && !made.raw) kernel_space->share_with(made);
  return made;
}

bool Kernel::State::map_global_pages(Process& process) {
  return process.raw || std::all_of(global_pages.begin(), global_pages.end(), [&](const auto& entry) {
           return map_page(process, Vpn(entry.first), entry.second);
         });
}

void Kernel::State::switch_to(Process& process) {
  const bool other = current != process.id;
  if (kernel_space && other && current) kernel_space->suspend(processes.at(*current));
  if (page_manager != nullptr) page_manager->wake(process);
  give_asid(process);
  load_context(process);
  // Without ASIDs the TLBs cannot tell this address space from the one before.
  if (!has_asids() && ran_before && other && !is_dropped_on_switch()) {
    pay(FenceReason::Switch, is_flat() ? Fence{} : Fence{.by_asid = true, .globals = false});
  }
  current = process.id;
  ran_before = true;
  process.last_switch = ++switches;
  if (other) ++counts.switches;
  apply_mode();
  if (kernel_space && other) kernel_space->resume(process);
}

void Kernel::State::exit(Process& process, int status) {
  TableUpdate update(*this, process, FenceReason::Unmap);
  FreedFrames freed;
  unshare_tables(process, Vpn(0), Vpn(~0ULL), true, update, freed);
  drop_swapped(process, Vpn(0), Vpn(~0ULL), update);
  while (!process.pages.empty()) {
    const Page& page = process.pages.begin()->second;
    freed.emplace_back(page.frame, page.count());
    drop_page(process, Vpn(process.pages.begin()->first), update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
  if (kernel_space && !process.raw) {
    kernel_space->take_back(process);
    kernel_space->take_stack(process);
  }
  if (process.owns_table) free_table(process.table);
  // Tables placed by hand are still there, and the next owner of the ASID has others.
  if ((process.raw || !process.tables.empty()) && process.last_switch != 0 && has_asids() && process.asid) {
    pay(FenceReason::Asid, {.by_asid = true, .globals = is_flat(), .asid = *process.asid});
  }
  if (current == process.id) current.reset();
  for (auto& [pid, other] : processes) {
    if (process.parent == pid)
      other.exited_children.push_back({.id = process.id, .name = process.name, .status = status});
    if (other.parent == process.id) other.parent.reset();
  }
  processes.erase(process.id);
  drop_unused_files();
}

std::int64_t Kernel::State::wait(Process& process, ExitedChild* child) {
  std::vector<ExitedChild>& exited = process.exited_children;
  if (exited.empty()) {
    const bool any = std::any_of(processes.begin(), processes.end(),
                                 [&](const auto& entry) { return entry.second.parent == process.id; });
    return any ? 0 : -ECHILD;
  }
  *child = exited.front();
  exited.erase(exited.begin());
  return child->id;
}

}  // namespace vm
