// SPDX-License-Identifier: Apache-2.0
//
// Shared tables (Linux does it for its large pages): where several processes map the same object with the same rights,
// over all that a table of level 0 reaches, one table hangs in the trees of all. It takes one frame, and a page that
// one of them has touched is there for the others without a fault.
//
// The price is that an entry is everybody's. A page that comes is noted for all; a page that leaves memory, a dirty or
// accessed bit that is cleared, is fenced in the address space of each. What one of them changes for itself alone
// (munmap, mprotect, mremap, `map`) it may not change in the table of all: first it gets a copy.
//
// The addresses may differ, as long as the object's page is the same at the same place of the table.
#include <fmt/format.h>

#include <algorithm>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {

std::uint64_t Kernel::State::reach() const { return 1ULL << machine.format.index_bits.front(); }

std::vector<Mapper> Kernel::State::other_sharers(const Process& process, Vpn vpn) const {
  std::vector<Mapper> others;
  if (shared_tables.empty()) return others;
  const auto table = process.tables.find({0, vpn.value / reach()});
  if (table == process.tables.end()) return others;
  const auto found = shared_tables.find(table->second.at.value);
  if (found == shared_tables.end()) return others;
  const Vpn first(vpn.value / reach() * reach());
  for (const Mapper& sharer : found->second) {
    if (sharer.process == process.id && sharer.vpn == first) continue;
    others.push_back({.process = sharer.process, .vpn = sharer.vpn + (vpn - first)});
  }
  return others;
}

// ---------------------------------------------------------------- sharing

// One area over all of the table, and in the table nothing but pages of the area's object.
const Area* Kernel::State::sharable_area(const Process& process, Vpn first) const {
  const std::uint64_t from = address_of(process, first).value;
  const Area* area = process.areas.find(VirtAddr(from));
  const bool is_whole = area != nullptr && area->to - from >= reach() << machine.format.page_bits;
  if (process.raw || process.levels < 2 || !is_whole || !area->shared || !area->object || area->rights.none() ||
      area->rights.kernel || area->object->kind == MemoryObject::Kind::Device) {
    return nullptr;
  }
  for (auto it = process.page_from(first); it != process.pages.end() && it->first < first.value + reach(); ++it) {
    const Page& page = it->second;
    const auto source = area->object->pages.find(object_index(*area, address_of(process, Vpn(it->first))));
    if (page.order != 0 || !page.entry.mapped || page.rights != area->rights || !page.shared ||
        source == area->object->pages.end() || source->second.frame != page.frame) {
      return nullptr;
    }
  }
  const auto swapped = process.swapped.lower_bound(first.value);
  return swapped != process.swapped.end() && swapped->first < first.value + reach() ? nullptr : area;
}

std::optional<Mapper> Kernel::State::table_to_share(const Process& process, Vpn first, const Area& area) const {
  const std::uint64_t index = object_index(area, address_of(process, first));
  for (const auto& [pid, other] : processes) {
    for (const auto& [from, candidate] : other.areas.all()) {
      if (candidate.object != area.object || !candidate.shared || candidate.rights != area.rights) continue;
      const VirtAddr at(candidate.object_at + (index << machine.format.page_bits));
      const Vpn there = machine.vpn_of(at);
      if (!candidate.contains(at.value) || there.value % reach() != 0 || (pid == process.id && there == first))
        continue;
      const auto table = other.tables.find({0, there.value / reach()});
      if (table == other.tables.end() || !table->second.owned || sharable_area(other, there) == nullptr) continue;
      return Mapper{.process = pid, .vpn = there};
    }
  }
  return std::nullopt;
}

bool Kernel::State::share_table(Process& process, Vpn vpn) {
  const Vpn first(vpn.value / reach() * reach());
  if (process.levels < 2 || table_at(process, first, 0)) return false;
  const Area* area = sharable_area(process, first);
  const std::optional<Mapper> owner = area != nullptr ? table_to_share(process, first, *area) : std::nullopt;
  if (!owner) return false;
  // All of its pages come at once.
  const std::uint64_t pages = processes.at(owner->process).tables.at({0, owner->vpn.value / reach()}).entries;
  if (process.resident_limit && process.resident + pages > *process.resident_limit) return false;
  return link_shared_table(process, first, *owner);
}

bool Kernel::State::link_shared_table(Process& process, Vpn first, const Mapper& owner) {
  if (!make_tables(process, first, 1)) return false;
  Process& other = processes.at(owner.process);
  const Table table = other.tables.at({0, owner.vpn.value / reach()});
  frames.retain(Ppn(table.at.value >> machine.format.page_bits));
  link_table(process, first, 0, table.at);
  process.tables.at({0, first.value / reach()}).entries = table.entries;
  count_entry(process, first, 1, 1);
  std::vector<Mapper>& sharers = shared_tables[table.at.value];
  if (sharers.empty()) sharers.push_back(owner);
  sharers.push_back({.process = process.id, .vpn = first});
  ++counts.table_shares;
  std::vector<std::pair<Vpn, Page>> pages;
  for (auto it = other.pages.lower_bound(owner.vpn.value);
       it != other.pages.end() && it->first < owner.vpn.value + reach(); ++it) {
    pages.emplace_back(it->first, it->second);
  }
  for (const auto& [vpn, page] : pages) {
    const Vpn here = first + (vpn - owner.vpn);
    frames.retain(page.frame);
    add_page(process, here, page);
    process.image.put(here, ProcessImage::Slot(slot_for_store(other, vpn)));
    owe_fetch_sync(page);
  }
  return true;
}

bool Kernel::State::share_tables_with_child(const Process& parent, Process& child) {
  for (const auto& [key, table] : parent.tables) {
    const Vpn first(key.second * reach());
    if (key.first != 0 || !table.owned || sharable_area(parent, first) == nullptr) continue;
    if (!link_shared_table(child, first, {.process = parent.id, .vpn = first})) return false;
  }
  return true;
}

// A page of the object has come to this process, so to all who have the table.
void Kernel::State::spread_page(const Process& process, Vpn vpn, const Page& page, const ProcessImage::Slot& slot) {
  for (const Mapper& other : other_sharers(process, vpn)) {
    Process& sharer = processes.at(other.process);
    frames.retain(page.frame);
    add_page(sharer, other.vpn, page);
    sharer.image.put(other.vpn, ProcessImage::Slot(slot));
  }
}

void TableUpdate::owe_for_sharers(Vpn vpn, const Page& page) {
  if (page.level != 0) return;
  for (const Mapper& other : state_.other_sharers(process_, vpn)) {
    Process& sharer = state_.processes.at(other.process);
    auto update =
        std::find_if(sharers_.begin(), sharers_.end(), [&](const TableUpdate& u) { return &u.process_ == &sharer; });
    TableUpdate& owing = update == sharers_.end() ? sharers_.emplace_back(state_, sharer, reason_) : *update;
    owing.owe(other.vpn, page, page.entry);
  }
}

// ---------------------------------------------------------------- no more

void Kernel::State::forget_sharer(const Process& process, Vpn first, PhysAddr table) {
  const auto found = shared_tables.find(table.value);
  if (found == shared_tables.end()) return;
  std::erase(found->second, Mapper{.process = process.id, .vpn = Vpn(first.value / reach() * reach())});
  if (found->second.size() < 2) shared_tables.erase(found);
  ++counts.table_breaks;
}

void TableUpdate::replace_table(Vpn first, PhysAddr old, PhysAddr table) {
  const std::uint64_t entries = process_.tables.at({0, first.value / state_.reach()}).entries;
  state_.link_table(process_, first, 0, table);
  process_.tables.at({0, first.value / state_.reach()}).entries = entries;
  unlinked_.push_back(old);
  whole_ = true;
}

void TableUpdate::leave_table(Vpn first, PhysAddr old) {
  process_.tables.erase({0, first.value / state_.reach()});
  state_.write_raw(process_, first, *state_.entry_address(process_, first, 1), 0);
  unlinked_.push_back(old);
  whole_ = true;
  empty(first, 1, 1);
}

void TableUpdate::leave_shared(Vpn vpn, const Page& page) {
  owe(vpn, page, page.entry);
  empty(vpn, 0, 0);
}

bool Kernel::State::copy_shared_table(Process& process, Vpn first, TableUpdate& update) {
  const PhysAddr old = process.tables.at({0, first.value / reach()}).at;
  const std::optional<PhysAddr> table = new_table();
  if (!table) return false;
  for (std::uint64_t i = 0; i < reach(); ++i) {
    const std::uint64_t entry = read_raw(entry_in(old, first + i, 0)).value_or(0);
    if (entry != 0) write_raw(process, first + i, entry_in(*table, first + i, 0), entry);
  }
  forget_sharer(process, first, old);
  update.replace_table(first, old, *table);
  return true;
}

void Kernel::State::leave_shared_table(Process& process, Vpn first, TableUpdate& update, FreedFrames& freed) {
  const PhysAddr old = process.tables.at({0, first.value / reach()}).at;
  for (auto it = process.pages.lower_bound(first.value);
       it != process.pages.end() && it->first < first.value + reach();) {
    freed.emplace_back(it->second.frame, it->second.count());
    update.leave_run(Vpn(it->first), it->second);
    process.image.drop(Vpn(it->first), 1);
    remove_page(process, it++);
  }
  forget_sharer(process, first, old);
  update.leave_table(first, old);
}

void Kernel::State::unshare_tables(Process& process, Vpn from, Vpn to, bool goes, TableUpdate& update,
                                   FreedFrames& freed) {
  if (shared_tables.empty()) return;
  std::vector<Vpn> shared;
  for (const auto& [key, table] : process.tables) {
    const Vpn first(key.second * reach());
    const bool is_touched = first < to && from < first + reach();
    if (key.first == 0 && is_touched && shared_tables.contains(table.at.value)) shared.push_back(first);
  }
  for (const Vpn first : shared) {
    const bool goes_whole = goes && from <= first && first + reach() <= to;
    if (goes_whole || !copy_shared_table(process, first, update)) leave_shared_table(process, first, update, freed);
  }
}

std::string Kernel::State::broken_shared_tables() const {
  for (const auto& [table, sharers] : shared_tables) {
    if (sharers.size() < 2) return fmt::format("the table at 0x{:x} is said to be shared, and nobody shares it", table);
    for (const Mapper& sharer : sharers) {
      const auto process = processes.find(sharer.process);
      const auto found = process == processes.end()
                             ? std::map<std::pair<unsigned, std::uint64_t>, Table>::const_iterator{}
                             : process->second.tables.find({0, sharer.vpn.value / reach()});
      if (process == processes.end() || found == process->second.tables.end() || found->second.at.value != table) {
        return fmt::format("the table at 0x{:x} is not in the tree of a process that is said to share it", table);
      }
      if (sharable_area(process->second, sharer.vpn) == nullptr) {
        return fmt::format("the table at 0x{:x} is shared, and process {} has other pages there", table,
                           process->second.name);
      }
    }
  }
  return {};
}

}  // namespace vm
