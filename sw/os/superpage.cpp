// SPDX-License-Identifier: Apache-2.0
//
// Superpages give way to smaller pages when only a part of them changes (copy-on-write, munmap or mprotect of a range)
// or is to leave memory. Each part has the accessed and dirty bits of the whole: nobody knows which part they are
// about.
#include "os/state.h"
#include "os/table_update.h"

namespace vm {

bool Kernel::State::split(Process& process, Vpn vpn, TableUpdate& update) {
  const auto found = process.page_from(vpn);
  const Vpn first(found->first);
  const Page whole = found->second;
  const bool is_range = whole.napot;  // its entries stand in a table of base pages already

  std::optional<PhysAddr> table;
  std::uint64_t kept = 0;
  if (!is_range && whole.entry.mapped) {
    table = new_table();
    if (!table) return false;
    kept = kept_bits(*entry_address(process, first, whole.level));
  }
  Page part = whole;
  part.napot = false;
  part.level = is_range ? 0 : whole.level - 1;
  part.order = order_of(part.level, false);
  remove_page(process, found);
  for (std::uint64_t at = 0; at < whole.count(); at += part.count()) {
    part.frame = whole.frame + at;
    part.entry = entry_for(part);
    frames.retain(part.frame, part.count());
    add_page(process, first + at, part);
    if (table) write_raw(process, first + at, entry_in(*table, first + at, part.level), encode(part) | kept);
  }
  frames.release(whole.frame, whole.count());
  if (is_range && whole.entry.mapped) update.replace_range(first, whole);
  if (table) update.replace_leaf(first, whole, *table);
  ++counts.splits;
  return true;
}

bool Kernel::State::split_at(Process& process, Vpn vpn, TableUpdate& update) {
  for (;;) {
    const auto found = process.page_from(vpn);
    if (found == process.pages.end() || found->first >= vpn.value) return true;
    if (!split(process, vpn, update)) return false;
  }
}

void Kernel::State::forget_copies(const Page& page) {
  for (std::uint64_t i = 0; i < page.count() && !clean_copies.empty(); ++i) forget_copy(page.frame + i);
}

bool Kernel::State::may_split_to_leave(const Process& process, Vpn vpn, const Page& page) const {
  if (page.order == 0 || !page.entry.mapped || page.shared || page.rights.kernel || page.placed) return false;
  const Area* area = process.areas.find(address_of(process, vpn));
  return free_slots() != 0 && area != nullptr && !area->object && !area->rights.kernel && !frames.is_named(page.frame);
}

bool Kernel::State::split_to_leave(Process& process, Vpn vpn) {
  TableUpdate update(*this, process, FenceReason::Pageout);
  bool done = true;
  while (done && process.page(vpn)->order > 0) done = split(process, vpn, update);
  update.commit();
  return done;
}

bool Kernel::State::split_one_to_leave(std::optional<Ppn> keep, const Process* of) {
  for (auto& [pid, process] : processes) {
    if (of != nullptr && of->id != pid) continue;
    for (const auto& [number, page] : process.pages) {
      const bool holds_kept = keep && keep->value - page.frame.value < page.count();
      if (holds_kept || !may_split_to_leave(process, Vpn(number), page)) continue;
      if (split_to_leave(process, Vpn(number))) return true;
      break;  // no frame left for a table
    }
  }
  return false;
}

}  // namespace vm
