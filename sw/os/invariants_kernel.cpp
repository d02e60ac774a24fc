// SPDX-License-Identifier: Apache-2.0
//
// What must hold of kernel space: every table has the same, none of it is the user's, all of it is global.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "machine/pte.h"
#include "os/state.h"

namespace vm {

void KernelSpace::count_owners(std::map<std::uint64_t, unsigned>& owners,
                               std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned>& ranges) const {
  for (const auto& [key, table] : tables_) ++owners[table.value >> state_.machine.format.page_bits];
  for (const Range& range : ranges_) {
    if (is_own(range) || (range.named && range.pages == 1)) ++owners[range.frame.value];
    if (range.named && range.pages > 1) ++ranges[{range.frame.value, range.pages}];
  }
  for (const auto& [pid, stack] : stacks_) ++owners[stack.value];
}

std::string KernelSpace::broken(const Process& process) const {
  if (process.raw) return {};
  if (own_table_) {
    for (const auto& [number, page] : process.pages) {
      const Ppn frame = page.frame;
      const auto is_kernels = [&](const Range& r) { return is_own(r) && r.frame == frame; };
      if (std::any_of(ranges_.begin(), ranges_.end(), is_kernels)) {
        return fmt::format("page 0x{:x} of process {} is the kernel's", number, process.name);
      }
    }
    return {};
  }
  const Format& format = state_.machine.format;
  const unsigned page_bits = format.page_bits;
  for (auto it = process.pages.lower_bound(split_.value); it != process.pages.end(); ++it) {
    const Page& page = it->second;
    if (!page.kernel_stack || page.entry.user || page.global) {
      return fmt::format("page 0x{:x} of process {} lies in kernel space", it->first, process.name);
    }
  }
  for (const auto& [from, area] : process.areas.all()) {
    if (area.to > state_.space_end(process)) {
      return fmt::format("area 0x{:x} of process {} reaches into kernel space", from, process.name);
    }
  }
  for (std::uint64_t i = 1; i <= stack_pages_; ++i) {
    const Vpn vpn(stack_end_.value - i);
    const Page* page = process.page(vpn);
    const auto swapped = process.swapped.find(vpn.value);
    if (swapped != process.swapped.end() && swapped->second.page.kernel_stack) continue;  // the swapper took it
    if (page == nullptr || !page->kernel_stack) return fmt::format("process {} has no kernel stack", process.name);
  }
  if (process.kernel_stack_bytes > stack_pages_ << page_bits) {
    return fmt::format("the kernel stack of process {} is too deep", process.name);
  }
  if (!state_.is_flat()) {
    const std::uint64_t from =
        split_.value >> format.index_lsb(levels_ - 1) & low_mask(format.index_bits.at(levels_ - 1));
    for (std::uint64_t index = from; index < low_mask(format.index_bits.at(levels_ - 1)); ++index) {
      const PhysAddr at = process.table + index * format.pte_bytes();
      const auto shared = root_.find(index);
      const std::uint64_t wanted = shared == root_.end() ? 0 : shared->second;
      const std::uint64_t found = state_.read_raw(at).value_or(wanted);
      if (found == wanted) continue;
      return fmt::format(
          "kernel space of process {} is not what all share: entry 0x{:x} of its root is 0x{:x}, but "
          "should be 0x{:x}",
          process.name, index, found, wanted);
    }
    return {};
  }
  return broken_rows(process.table, process.name);
}

std::string KernelSpace::broken_rows(PhysAddr table, std::string_view name) const {
  for (const Range& range : ranges_) {
    const std::vector<std::uint8_t> wanted = rows(range);
    std::vector<std::uint8_t> found(wanted.size());
    if (!state_.read_memory(state_.entry_in(table, range.first, 0), found) || found == wanted) continue;
    return fmt::format("kernel space of process {} is not what all share: rows from page 0x{:x} on", name,
                       range.first.value);
  }
  return {};
}

std::string KernelSpace::broken_tables() const {
  if (state_.counts.kernel_faults != 0) return "the kernel faulted in its own space";
  for (const Vpn locked : {code_, data_}) {
    if (find(locked) == nullptr) return fmt::format("page 0x{:x} of the fault handler is not in memory", locked.value);
  }
  if (own_table_) return broken_rows(*own_table_, kernel_.name);
  const Format& format = state_.machine.format;
  std::map<std::uint64_t, Leaf> wanted;  // by address of the entry
  const auto expect = [&](const Leaf& leaf) {
    if (leaf.level + 1 == levels_) return;
    const auto table = tables_.find({leaf.level, leaf.vpn.value >> format.index_lsb(leaf.level + 1)});
    if (table != tables_.end()) wanted[state_.entry_in(table->second, leaf.vpn, leaf.level).value] = leaf;
  };
  for (const Range& range : ranges_) {
    for (const Leaf& leaf : leaves(range)) expect(leaf);
  }
  for (const auto& [key, table] : tables_) {
    const Vpn vpn(key.second << format.index_lsb(key.first + 1));
    expect({vpn, key.first + 1, encode_pte(format, state_.pointer_to(table, true), key.first + 1)});
  }
  const Context context = state_.control.context();
  for (const auto& [key, table] : tables_) {
    for (std::uint64_t index = 0; index < 1ULL << format.index_bits.at(key.first); ++index) {
      const PhysAddr at = table + index * format.pte_bytes();
      const std::optional<std::uint64_t> found = state_.read_raw(at);
      if (!found) continue;  // a bus error
      const auto leaf = wanted.find(at.value);
      const std::uint64_t value = leaf == wanted.end() ? 0 : leaf->second.value;
      // A store of a supervisor whom read-only pages do not bind leaves its mark (X27).
      const std::uint64_t by_hardware = state_.wp_was_clear ? state_.dirty_bit() : 0;
      if ((*found | by_hardware) != (value | by_hardware)) {
        return fmt::format("the entry of kernel space at 0x{:x} is 0x{:x}, but should be 0x{:x}", at.value, *found,
                           value);
      }
      const Pte entry = decode_pte(state_.machine, context, *found, key.first);
      if (!entry.valid || !entry.leaf) continue;
      if (entry.user) return fmt::format("users may use page 0x{:x} of kernel space", leaf->second.vpn.value);
      if (!entry.global && (!state_.is_x86() || context.env.pge)) {
        return fmt::format("page 0x{:x} of kernel space is not global", leaf->second.vpn.value);
      }
    }
  }
  return {};
}

}  // namespace vm
