// SPDX-License-Identifier: Apache-2.0
//
// Processes come and go, and the hardware is given one address space at a time.
#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"
#include "os/state.h"

namespace vm {

bool Kernel::State::is_name_taken(std::string_view name) const {
  return std::any_of(processes.begin(), processes.end(), [&](const auto& entry) { return entry.second.name == name; });
}

Process& Kernel::State::create(std::string name, const ProcessOptions& options, std::optional<PhysAddr> own_table) {
  const std::uint64_t vpns = 1ULL << machine.vpn_bits();
  if (is_name_taken(name)) throw InputError(fmt::format("process {} exists already", name));
  if (options.limit && *options.limit > vpns) {
    throw InputError(fmt::format("limit={} of process {} is too large: machine {} has {} virtual pages", *options.limit,
                                 name, machine.name, vpns));
  }
  if (options.table &&
      (options.table->value > low_mask(machine.bus_bits) || options.table->value % machine.format.pte_bytes() != 0)) {
    throw InputError(fmt::format("table=0x{:x} of process {}: expected a multiple of {} of at most {} bits",
                                 options.table->value, name, machine.format.pte_bytes(), machine.bus_bits));
  }
  if (options.asid && *options.asid > low_mask(machine.asid_bits)) {
    throw InputError(fmt::format("asid={} of process {}: machine {} has {} ASID bits", *options.asid, name,
                                 machine.name, machine.asid_bits));
  }
  for (const auto& [pid, other] : processes) {
    if (machine.asid_bits != 0 && options.asid && other.asid == options.asid) {
      if (other.asid_is_fixed) {
        throw InputError(fmt::format("asid={} of process {}: process {} has it", *options.asid, name, other.name));
      }
    }
  }

  Process process;
  process.table = PhysAddr(0);
  if (options.table) {
    process.table = *options.table;
    tables.reserve(process.table, options.limit.value_or(vpns) * machine.format.pte_bytes());
  } else {
    if (!own_table) own_table = tables.allocate();
    if (!own_table) {
      throw InputError(
          fmt::format("no room for the page table of process {}: it needs {} bytes", name, tables.table_bytes()));
    }
    process.table = *own_table;
    process.owns_table = true;
  }
  process.id = next_id++;
  process.name = std::move(name);
  process.limit = options.limit;
  if (machine.asid_bits != 0) {
    if (options.asid) {
      // Whoever was given it by the kernel takes another when it runs next.
      for (auto& [pid, other] : processes) {
        if (other.asid != options.asid) continue;
        if (other.last_switch != 0) fence_tlb({.by_asid = true, .asid = *options.asid});
        other.asid.reset();
        if (current == pid) current.reset();
      }
      process.asid = options.asid;
      process.asid_is_fixed = true;
    } else {
      process.asid = unused_asid();
    }
  }
  return processes.emplace(process.id, std::move(process)).first->second;
}

std::optional<std::uint16_t> Kernel::State::unused_asid() const {
  // 0 last: it is what the hardware has after reset.
  const std::uint64_t count = 1ULL << machine.asid_bits;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const auto asid = static_cast<std::uint16_t>(i % count);
    const bool used =
        std::any_of(processes.begin(), processes.end(), [&](const auto& entry) { return entry.second.asid == asid; });
    if (!used) return asid;
  }
  return std::nullopt;
}

void Kernel::State::give_asid(Process& process) {
  if (process.asid || machine.asid_bits == 0) return;
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
  if (victim->last_switch != 0) fence_tlb({.by_asid = true, .asid = *process.asid});
}

void Kernel::State::fence_tlb(const Fence& fence) {
  platform.fence(fence);
  ++counts.fences;
}

Context Kernel::State::context_of(const Process& process) const {
  return {.translate = true,
          .base = process.table,
          .limit = process.limit.value_or(1ULL << machine.vpn_bits()),
          .asid = process.asid.value_or(0)};
}

void Kernel::State::write_ctl(CtlReg reg, std::uint64_t value) {
  if (!platform.ctl_write(reg, value, false)) {
    throw std::runtime_error(fmt::format("the hardware refused the kernel's write of 0x{:x} to control register {}",
                                         value, static_cast<unsigned>(reg)));
  }
}

void Kernel::State::apply_mode() {
  if (translating == translate_wanted) return;
  write_ctl(CtlReg::Mode, translate_wanted ? 1 : 0);
  translating = translate_wanted;
}

void Kernel::State::switch_to(Process& process) {
  const bool other = current != process.id;
  give_asid(process);
  const Context context = context_of(process);
  write_ctl(CtlReg::Base, context.base.value);
  write_ctl(CtlReg::Limit, context.limit);
  if (machine.asid_bits != 0) write_ctl(CtlReg::Asid, context.asid);
  // Without ASIDs the TLBs cannot tell this address space from the one before.
  if (machine.asid_bits == 0 && ran_before && other) fence_tlb({});
  current = process.id;
  ran_before = true;
  process.last_switch = ++switches;
  if (other) ++counts.switches;
  apply_mode();
}

void Kernel::State::exit(Process& process) {
  TableUpdate update(*this, process);
  std::vector<Ppn> freed;
  while (!process.pages.empty()) {
    freed.push_back(process.pages.begin()->second.frame);
    drop_page(process, Vpn(process.pages.begin()->first), update);
  }
  update.commit();
  for (const Ppn frame : freed) frames.release(frame);
  if (process.owns_table) tables.release(process.table);
  if (current == process.id) current.reset();
  processes.erase(process.id);
}

}  // namespace vm
