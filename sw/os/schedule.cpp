// SPDX-License-Identifier: Apache-2.0
//
// Processes come and go, and the hardware is given one address space at a time.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "machine/error.h"
#include "os/state.h"

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
  if (!has_asids() || !options.asid) return;
  for (const auto& [pid, other] : processes) {
    if (other.asid == options.asid && other.asid_is_fixed) {
      throw InputError(fmt::format("asid={} of process {}: process {} has it", *options.asid, name, other.name));
    }
  }
}

void Kernel::State::claim_asid(Process& process, std::optional<std::uint16_t> wanted) {
  if (!has_asids()) return;
  if (!wanted) {
    process.asid = unused_asid();
    return;
  }
  // Whoever was given it by the kernel takes another when it runs next.
  for (auto& [pid, other] : processes) {
    if (other.asid != wanted) continue;
    if (other.last_switch != 0) pay(FenceReason::Asid, {.by_asid = true, .globals = is_flat(), .asid = *wanted});
    other.asid.reset();
    if (current == pid) current.reset();
  }
  process.asid = wanted;
  process.asid_is_fixed = true;
}

Process& Kernel::State::create(std::string name, const ProcessOptions& options, std::optional<PhysAddr> own_table) {
  check_options(name, options);
  Process process;
  process.levels =
      options.levels.value_or(is_x86() && !environment.la57 ? machine.format.min_levels : machine.format.levels);
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
  process.id = next_id++;
  process.heap = process.heap_end = options.heap;
  for (const int fd : {0, 1, 2}) process.files[fd] = std::make_shared<OpenFile>();
  process.name = std::move(name);
  claim_asid(process, options.asid);
  Process& made = processes.emplace(process.id, std::move(process)).first->second;
  for (const auto& [vpn, page] : global_pages) {
    if (!made.raw && !map_page(made, Vpn(vpn), page)) {
      throw InputError(fmt::format("no frame left for a page table of process {}", made.name));
    }
  }
  return made;
}

std::optional<std::uint16_t> Kernel::State::unused_asid() const {
  const std::uint64_t count = 1ULL << machine.asid_bits;
  std::vector<bool> used(count);
  for (const auto& [pid, process] : processes) {
    if (process.asid) used[*process.asid] = true;
  }
  // 0 last: it is what the hardware has after reset.
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (!used[i % count]) return static_cast<std::uint16_t>(i % count);
  }
  return std::nullopt;
}

void Kernel::State::give_asid(Process& process) {
  if (process.asid || !has_asids()) return;
  process.asid = unused_asid();
  if (process.asid) return;
  // All are taken: the process that has not run for longest gives up its own, and the hardware forgets it.
  Process* victim = nullptr;
  for (auto& [pid, other] : processes) {
    if (!other.asid || other.asid_is_fixed || current == pid) continue;
    if (victim == nullptr || other.last_switch < victim->last_switch) victim = &other;
  }
  if (victim == nullptr) throw InputError(fmt::format("no ASID left for process {}", process.name));
  process.asid = victim->asid;
  victim->asid.reset();
  if (victim->last_switch != 0) pay(FenceReason::Asid, {.by_asid = true, .globals = is_flat(), .asid = *process.asid});
}

void Kernel::State::switch_to(Process& process) {
  const bool other = current != process.id;
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
}

void Kernel::State::exit(Process& process, int status) {
  TableUpdate update(*this, process, FenceReason::Unmap);
  drop_swapped(process, Vpn(0), Vpn(~0ULL), update);
  std::vector<std::pair<Ppn, std::uint64_t>> freed;
  while (!process.pages.empty()) {
    const Page& page = process.pages.begin()->second;
    freed.emplace_back(page.frame, page.count());
    drop_page(process, Vpn(process.pages.begin()->first), update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
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
