// SPDX-License-Identifier: Apache-2.0
//
// Tables of several levels. Each is one frame; the root exists as long as the process, the others from the first valid
// entry to the last. Entries are written from the top: a table is complete before an entry points to it.
#include <utility>

#include "os/state.h"

namespace vm {
namespace {

constexpr unsigned kNapotOrder = 4;  // Svnapot: 16 base pages (R10)

}  // namespace

unsigned Kernel::State::order_of(unsigned level, bool napot) const {
  return napot ? kNapotOrder : machine.format.index_lsb(level);
}

std::optional<PhysAddr> Kernel::State::table_at(const Process& process, Vpn vpn, unsigned level) const {
  if (level + 1 >= process.levels) return process.table;
  const auto found = process.tables.find({level, vpn.value >> machine.format.index_lsb(level + 1)});
  return found == process.tables.end() ? std::nullopt : std::optional(found->second.at);
}

PhysAddr Kernel::State::entry_in(PhysAddr table, Vpn vpn, unsigned level) const {
  const Format& format = machine.format;
  const std::uint64_t index = vpn.value >> format.index_lsb(level) & low_mask(format.index_bits.at(level));
  return table + index * format.pte_bytes();
}

std::optional<PhysAddr> Kernel::State::entry_address(const Process& process, Vpn vpn, unsigned level) const {
  const std::optional<PhysAddr> table = table_at(process, vpn, level);
  return table ? std::optional(entry_in(*table, vpn, level)) : std::nullopt;
}

std::optional<PhysAddr> Kernel::State::new_root() { return is_flat() ? tables.allocate() : new_table(); }

std::optional<PhysAddr> Kernel::State::new_table() {
  const std::optional<Ppn> frame = frames.allocate_for_table();
  if (!frame) return std::nullopt;
  const PageBytes zeros(machine.format.page_size());
  if (!write_memory(address_of(*frame), zeros)) {
    frames.release(*frame);
    return std::nullopt;
  }
  // A walker that reads memory directly must not find what was there before.
  if (started && machine.walk_port == WalkPort::Memory && machine.dcache.ways != 0) {
    pay(FenceReason::EntryWrite, {.op = FenceOp::CacheClean});
  }
  table_frames.insert(frame->value);
  return address_of(*frame);
}

void Kernel::State::free_table(PhysAddr table) {
  if (is_flat()) return tables.release(table);
  const Ppn frame(table.value >> machine.format.page_bits);
  if (frames.references(frame) == 1) table_frames.erase(frame.value);  // nobody shares it any more
  frames.release(frame);
}

// The leaf alone decides about rights. Pointers of kernel space (x86) let no user through either, and are accessed from
// the start, so that they stay the same in all roots.
Pte Kernel::State::pointer_to(PhysAddr table, bool kernels) const {
  return {.valid = true,
          .leaf = false,
          .user = !kernels,
          .accessed = kernels && is_x86(),
          .dirty = false,
          .ppn = Ppn(table.value >> machine.format.page_bits)};
}

void Kernel::State::link_table(Process& process, Vpn vpn, unsigned level, PhysAddr table) {
  process.tables[{level, vpn.value >> machine.format.index_lsb(level + 1)}] = {.at = table, .owned = true};
  write_raw(process, vpn, *entry_address(process, vpn, level + 1),
            encode_pte(machine.format, pointer_to(table, is_kernel_space(vpn)), level + 1));
}

unsigned Kernel::State::missing_tables(const Process& process, Vpn vpn, unsigned level) const {
  unsigned present = level;
  while (!table_at(process, vpn, present)) ++present;
  return present - level;
}

bool Kernel::State::make_tables(Process& process, Vpn vpn, unsigned level) {
  unsigned present = level + missing_tables(process, vpn, level);
  // All or nothing.
  std::vector<PhysAddr> fresh;
  for (unsigned l = present; l > level; --l) {
    const std::optional<PhysAddr> table = new_table();
    if (!table) {
      for (const PhysAddr unused : fresh) free_table(unused);
      return false;
    }
    fresh.push_back(*table);
  }
  for (const PhysAddr table : fresh) {
    --present;
    link_table(process, vpn, present, table);
    count_entry(process, vpn, present + 1, 1);
  }
  return true;
}

void Kernel::State::count_entry(Process& process, Vpn vpn, unsigned level, std::int64_t change) {
  const auto found = process.tables.find({level, vpn.value >> machine.format.index_lsb(level + 1)});
  if (found == process.tables.end()) return;
  found->second.entries += static_cast<std::uint64_t>(change);
  if (level != 0) return;
  for (const Mapper& other : other_sharers(process, vpn)) {
    processes.at(other.process).tables.at({0, other.vpn.value / reach()}).entries += static_cast<std::uint64_t>(change);
  }
}

void Kernel::State::unlink_empty(Process& process, Vpn vpn, unsigned level, std::vector<PhysAddr>& unlinked) {
  for (; level + 1 < process.levels; ++level) {
    const auto found = process.tables.find({level, vpn.value >> machine.format.index_lsb(level + 1)});
    if (found == process.tables.end() || found->second.entries != 0 || !found->second.owned) return;
    unlinked.push_back(found->second.at);
    if (level == 0) forget_sharer(process, vpn, found->second.at);
    process.tables.erase(found);
    write_raw(process, vpn, *entry_address(process, vpn, level + 1), 0);
    count_entry(process, vpn, level + 1, -1);
  }
}

std::uint64_t Kernel::State::table_bytes() const {
  return is_flat() ? tables.table_bytes() : machine.format.page_size();
}

Kernel::TableMemory Kernel::table_memory(ProcessId pid) const {
  const State& state = *state_;
  const Process& process = std::as_const(state).process(pid);
  const std::uint64_t count = 1 + process.tables.size();
  const std::uint64_t flat =
      1ULL << (state.machine.format.vpn_bits(process.levels) + state.machine.format.pte_bytes_log2);
  return {.tables = count, .bytes = count * state.table_bytes(), .flat_bytes = flat};
}

}  // namespace vm
