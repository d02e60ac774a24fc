// SPDX-License-Identifier: Apache-2.0
//
// Tables the user placed in memory by hand: their valid entries become pages the kernel knows. Such tables are never
// freed, and what their pointers withhold (x86) the pages withhold.
#include "os/state.h"

namespace vm {

void Kernel::State::adopt_tables(Process& process) {
  adopt_table(process, process.table, process.levels - 1, Vpn(0), {.valid = true, .ppn = {}});
}

void Kernel::State::adopt_table(Process& process, PhysAddr table, unsigned level, Vpn first, const Pte& above) {
  const Format& format = machine.format;
  const Context context = context_of(process);
  const std::uint64_t span = 1ULL << format.index_lsb(level);  // base pages of an entry
  const std::uint64_t entries =
      is_flat() ? process.limit.value_or(1ULL << machine.vpn_bits()) : 1ULL << format.index_bits.at(level);
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(format.pte_bytes());
  for (std::uint64_t index = 0; index < entries; ++index) {
    const PhysAddr at = table + index * format.pte_bytes();
    const Vpn vpn = machine.vpn_of(address_of(process, Vpn(first.value + index * span)));
    if (shadow.read_beat(at) == 0 || process.page(vpn) != nullptr) continue;
    shadow.read(at, entry);
    Pte pte = decode_pte(machine, context, pte_from_bytes(format, entry), level);
    if (!pte.valid || pte.reserved) continue;
    if (is_x86()) {
      pte.user &= above.user;
      pte.write &= above.write;
      pte.exec &= above.exec;
    }
    if (!pte.leaf) {
      const PhysAddr below = address_of(pte.ppn);
      if (process.tables.contains({level - 1, vpn.value >> format.index_lsb(level)})) continue;
      process.tables[{level - 1, vpn.value >> format.index_lsb(level)}] = {.at = below};
      frames.reserve(below, format.page_size());
      adopt_table(process, below, level - 1, vpn, pte);
      continue;
    }
    Page page{.frame = pte.ppn,
              .rights = {.read = pte.read, .write = pte.write, .exec = pte.exec, .kernel = !pte.user},
              .global = pte.global,
              .type = pte.type,
              .level = level,
              .order = format.index_lsb(level),
              .entry = {}};
    page.placed = page.order > 0;
    // One of the entries of a NAPOT range: the frame is where this page of the range lies (R28).
    if (pte.napot)
      page.frame = Ppn((pte.ppn.value & ~low_mask(order_of(0, true))) | (vpn.value & low_mask(order_of(0, true))));
    page.entry = entry_for(page);
    take_named_frame(process, vpn, page);
    count_entry(process, vpn, level, 1);
  }
}

}  // namespace vm
