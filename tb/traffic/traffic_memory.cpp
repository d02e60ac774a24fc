// SPDX-License-Identifier: Apache-2.0
#include "traffic/traffic_memory.h"

#include <algorithm>
#include <stdexcept>

namespace vm {

TrafficMemory::TrafficMemory(const Machine& machine, std::uint64_t seed)
    : machine_(machine), random_(seed, "memory of " + machine.name) {
  choose_outside();
  if (machine.format.kind == PteKind::Flat) {
    choose_bases();
    choose_pages();
    choose_frames();
    for (const std::uint64_t base : bases_) {
      for (const std::uint64_t va : pages_) {
        const std::uint64_t page = va >> machine.format.page_bits;
        entries_.push_back({PhysAddr(base + (page << machine.format.pte_bytes_log2)), flat_entry()});
      }
    }
    if (machine.region_of(PhysAddr(outside_)) != nullptr) entries_.push_back({PhysAddr(outside_), flat_entry()});
  } else {
    tables_.emplace(machine, random_);
    pages_ = tables_->pages();
    for (const std::uint64_t frame : tables_->frames()) frames_.push_back(frame << machine.format.page_bits);
    for (const RandomTables::Slot& slot : tables_->slots()) entries_.push_back({slot.at, slot.value});
  }
  for (const std::uint64_t frame : frames_) {
    const Region* region = machine.region_of(PhysAddr(frame));
    if (region == nullptr || in_tables(frame)) continue;
    const std::uint64_t left = region->base.value + region->size - frame;
    data_.push_back({PhysAddr(frame), std::min({left, machine.format.page_size(), std::uint64_t{4096}})});
  }
}

// Side by side at three quarters of an uncached region, or of a cacheable one if walks go through the cache.
void TrafficMemory::choose_bases() {
  const std::uint64_t bytes = (1ULL << machine_.vpn_bits()) << machine_.format.pte_bytes_log2;
  const Region* home = nullptr;
  for (const Region& region : machine_.regions) {
    const bool fits = region.size >= 2 * bytes;
    if (fits && (home == nullptr || region.cacheable == (machine_.walk_port == WalkPort::Cache))) home = &region;
  }
  if (home == nullptr) throw std::logic_error("no region can hold two tables of machine " + machine_.name);
  const auto place = [&](const Region& region) {
    const std::uint64_t start = region.base.value + std::min(region.size / 4 * 3, region.size - 2 * bytes);
    return start - start % machine_.format.pte_bytes();
  };
  bases_ = {place(*home), place(*home) + bytes};
  if (machine_.walk_port == WalkPort::Memory || !random_.one_in(3)) return;
  // Walks through the cache may find a table that is not cached.
  for (const Region& region : machine_.regions) {
    if (!region.cacheable && region.size >= 2 * bytes) bases_[1] = place(region);
  }
}

// A whole page without memory; where there is none, the last entry before the end of the map.
void TrafficMemory::choose_outside() {
  constexpr unsigned kTries = 64;
  const std::uint64_t top = low_mask(machine_.bus_bits);
  outside_ = top - machine_.format.pte_bytes() + 1;
  for (unsigned i = 0; i < kTries; ++i) {
    const std::uint64_t page = random_.next() & top & ~low_mask(machine_.format.page_bits);
    if (machine_.region_of(PhysAddr(page)) == nullptr) outside_ = page;
  }
  // In a map with a small hole the page after a region is likely to be one.
  for (const Region& region : machine_.regions) {
    const PhysAddr end = region.base + region.size;
    if (end.value <= top && machine_.region_of(end) == nullptr) outside_ = end.value;
  }
}

void TrafficMemory::choose_pages() {
  const std::uint64_t pages = 1ULL << machine_.vpn_bits();
  std::vector<std::uint64_t> numbers = {0, 1, pages - 1};
  while (numbers.size() < std::min<std::uint64_t>(24, pages)) {
    // Neighbours too, so that accesses cross from one into the next.
    numbers.push_back(random_.one_in(2) ? random_.below(pages) : (numbers.back() + 1) % pages);
  }
  for (const std::uint64_t number : numbers) pages_.push_back(number << machine_.format.page_bits);
}

void TrafficMemory::choose_frames() {
  const std::uint64_t frames = 1ULL << machine_.format.ppn_bits;
  for (unsigned tries = 0; tries < 1000 && frames_.size() < std::min<std::uint64_t>(16, frames); ++tries) {
    const std::uint64_t frame = random_.below(frames) << machine_.format.page_bits;
    if (!in_tables(frame) && !in_tables(frame + machine_.format.page_size() - 1)) frames_.push_back(frame);
  }
}

bool TrafficMemory::in_tables(std::uint64_t pa) const {
  if (tables_) return tables_->in_tables(pa);
  const std::uint64_t page = machine_.format.page_size();
  const std::uint64_t bytes = (1ULL << machine_.vpn_bits()) << machine_.format.pte_bytes_log2;
  const auto in_table = [&](std::uint64_t base) {
    return pa >= std::min<std::uint64_t>(base & ~7ULL, base / page * page) && pa < base + bytes;
  };
  return in_table(bases_[0]) || in_table(bases_[1]) || in_table(outside_);
}

std::uint64_t TrafficMemory::flat_entry() {
  const Format& f = machine_.format;
  const std::uint64_t ppn_mask = low_mask(f.ppn_bits) << f.ppn_lsb;
  std::uint64_t raw = random_.next() & low_mask(8 * f.pte_bytes()) & ~ppn_mask;
  if (f.valid_bit && !random_.one_in(6)) raw |= 1ULL << *f.valid_bit;
  if (f.kernel_bit && !random_.one_in(4)) raw &= ~(1ULL << *f.kernel_bit);
  return raw | (some_frame(random_) >> f.page_bits << f.ppn_lsb);
}

TrafficMemory::Entry TrafficMemory::change_on_path(std::uint64_t va, bool tame) {
  if (tables_) {
    const std::size_t slot = tables_->slot_of(va);
    const std::uint64_t value = tables_->change(slot, tame);
    return {tables_->slots()[slot].at, value};
  }
  const std::uint64_t page = machine_.vpn_of(VirtAddr(va)).value;
  return {PhysAddr(bases_[random_.below(2)] + (page << machine_.format.pte_bytes_log2)), flat_entry()};
}

TrafficMemory::Entry TrafficMemory::change_somewhere(std::uint64_t va) {
  if (!tables_) return change_on_path(some_page(random_), false);
  std::size_t slot = random_.one_in(2) ? tables_->slot_of(va) : random_.below(tables_->slots().size());
  if (tables_->slots()[slot].level != 0 && !random_.one_in(8)) slot = tables_->slot_of(va);
  const std::uint64_t value = tables_->change(slot, false);
  return {tables_->slots()[slot].at, value};
}

std::optional<TrafficMemory::Entry> TrafficMemory::forget_use(std::uint64_t va, PhysAddr root) {
  const std::optional<std::size_t> slot = tables_ ? tables_->forget_use(va, root) : std::nullopt;
  if (!slot) return std::nullopt;
  return Entry{tables_->slots()[*slot].at, tables_->slots()[*slot].value};
}

TrafficMemory::Path TrafficMemory::repair(std::uint64_t va, PhysAddr root, const RandomTables::Leaf& leaf) {
  Path path;
  if (!tables_) return path;
  const RandomTables::Path slots = tables_->repair(va, root, leaf);
  path.slots = slots.slots;
  path.levels = slots.levels;
  for (; path.count < slots.count; ++path.count) {
    const RandomTables::Slot& slot = tables_->slots()[slots.slots.at(path.count)];
    path.entries.at(path.count) = {slot.at, slot.value};
  }
  return path;
}

TrafficMemory::Entry TrafficMemory::permit(const Path& path, unsigned i) {
  return {path.entries.at(i).at, tables_->permit(path.slots.at(i))};
}

TrafficMemory::Entry TrafficMemory::disturb(const Path& path, unsigned i) {
  return {path.entries.at(i).at, tables_->disturb(path.slots.at(i))};
}

TrafficMemory::Entry TrafficMemory::spoil(const Path& path, unsigned i, const Context& context) {
  return {path.entries.at(i).at, tables_->spoil(path.slots.at(i), context)};
}

TrafficMemory::Entry TrafficMemory::restore(const Path& path, unsigned i) {
  tables_->restore(path.slots.at(i), path.entries.at(i).value);
  return path.entries.at(i);
}

std::vector<ErrorRange> TrafficMemory::error_ranges() const {
  const std::uint64_t line = std::max(8U, tree() ? machine_.dcache.line_bytes : 1U);
  const auto around = [line](std::uint64_t pa) {
    return ErrorRange{PhysAddr(pa / line * line), PhysAddr(pa / line * line + line - 1)};
  };
  // At the beginning of a page, at its end and in between: accesses that cross meet them with each of their pieces.
  const std::uint64_t page = machine_.format.page_size();
  const auto frame = [this](std::size_t i) { return data_[i % data_.size()].at.value; };
  std::vector<ErrorRange> ranges = {around(frame(0)), around(frame(1) + page - 1),
                                    around(frame(2) + std::min<std::uint64_t>(64, page / 2)),
                                    around(entries_.front().at.value)};
  if (!tree()) return ranges;
  // An entry of each level below the root, each on another path; of the last level two.
  const std::vector<RandomTables::Slot>& slots = tables_->slots();
  const unsigned levels = machine_.format.levels;
  const auto add = [&](unsigned level, std::size_t first) {
    const auto found = std::find_if(slots.begin() + static_cast<std::ptrdiff_t>(first), slots.end(),
                                    [level](const RandomTables::Slot& slot) { return slot.level == level; });
    if (found != slots.end()) ranges.push_back(around(found->at.value));
  };
  for (unsigned level = 0; level + 1 < levels; ++level) add(level, slots.size() * (level + 1) / (levels + 1));
  add(0, slots.size() / 8);
  // Where there are narrower modes, the root of one address space, too: of the last one.
  if (machine_.format.min_levels < levels) ranges.push_back(around(tables_->roots().back().base.value));
  return ranges;
}

}  // namespace vm
