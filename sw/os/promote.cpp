// SPDX-License-Identifier: Apache-2.0
//
// A run of small pages becomes a large one (Linux: khugepaged): all of them there, with the same rights, in the same
// state. If their frames are a block already, only the tables change; otherwise the pages are copied into a block.
//
// The order is what a system with running processors needs, too: the old entries leave the tree; the fence makes the
// hardware forget them and the table they stood in; then nobody stores any more, and accessed and dirty bits and
// contents are taken; then the large entry is written; then the old table is free.
#include <algorithm>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {

struct Kernel::State::Run {
  Vpn first;
  Page whole;  // its frame: that of the block, if the pages lie in one
  LargeSize size;
  bool is_block = false;
  std::uint64_t entries = 0;  // of the pages: those of a table, or of a NAPOT range
};

namespace {

// Apart from where they lie and how large they are.
bool are_alike(const Page& a, const Page& b) {
  return a.rights == b.rights && a.cow == b.cow && a.keep_frame == b.keep_frame && a.shared == b.shared &&
         a.placed == b.placed && a.type == b.type && a.entry.mapped == b.entry.mapped;
}

bool can_be_part(const Page& page) {
  return page.entry.mapped && !page.blocked && !page.untracked && !page.global && !page.kernel_stack;
}

}  // namespace

std::optional<Kernel::State::Run> Kernel::State::run_at(const Process& process, Vpn vpn, const LargeSize& size) const {
  const unsigned order = order_of(size.level, size.napot);
  const std::uint64_t count = 1ULL << order;
  const Vpn first(vpn.value & ~(count - 1));
  const unsigned below = size.napot ? 0 : size.level - 1;  // level of the entries of the pages
  const auto start = process.pages.find(first.value);
  if (start == process.pages.end() || !can_be_part(start->second)) return std::nullopt;
  Run run{.first = first, .whole = start->second, .size = size, .is_block = true};
  std::uint64_t covered = 0;  // base pages
  for (auto it = start; it != process.pages.end() && it->first - first.value < count; ++it) {
    const Page& page = it->second;
    const bool fits = page.level == below && page.order < order && it->first == first.value + covered;
    if (!fits || !can_be_part(page) || !are_alike(page, start->second)) return std::nullopt;
    run.is_block = run.is_block && page.frame == run.whole.frame + covered;
    covered += page.count();
  }
  if (covered != count) return std::nullopt;
  run.entries = count >> machine.format.index_lsb(below);
  run.is_block = run.is_block && run.whole.frame.value % count == 0;
  // The pages of an object stay as small as the object has them.
  for (const Area& area : process.areas.in(address_of(process, first).value,
                                           address_of(process, first).value + (count << machine.format.page_bits))) {
    if (area.object) return std::nullopt;
  }
  if (!size.napot) {
    const auto table = process.tables.find({below, first.value >> order});
    if (table == process.tables.end() || !table->second.owned) return std::nullopt;
  }
  run.whole.level = size.level;
  run.whole.napot = size.napot;
  run.whole.order = order;
  return run;
}

// A frame that the user named is the page, unless a store would make a copy of it anyway.
bool Kernel::State::may_be_copied(const Process& process, const Run& run) const {
  if (run.whole.shared || run.whole.rights.kernel) return false;
  const std::uint64_t end = run.first.value + run.whole.count();
  return std::all_of(process.pages.find(run.first.value), process.pages.lower_bound(end),
                     [&](const auto& entry) { return entry.second.cow || !frames.is_named(entry.second.frame); });
}

bool Kernel::State::copy_run(const Process& process, const Run& run, Ppn block) {
  for (std::uint64_t i = 0; i < run.whole.count(); ++i) {
    const auto page = process.page_from(run.first + i);
    if (!copy_frame(page->second.frame + (run.first.value + i - page->first), block + i)) return false;
  }
  return true;
}

void TableUpdate::leave_run(Vpn vpn, const Page& page) { owe(vpn, page, page.entry); }

// The run's entries, with what hardware has set in them until the fence.
void Kernel::State::take_run_out(Process& process, const Run& run, std::vector<std::uint64_t>& entries) {
  const unsigned below = run.size.napot ? 0 : run.size.level - 1;
  const std::uint64_t step = 1ULL << machine.format.index_lsb(below);
  TableUpdate update(*this, process, FenceReason::Promote);
  if (!run.size.napot) write_raw(process, run.first, *entry_address(process, run.first, run.size.level), 0);
  for (std::uint64_t i = 0; i < run.entries; ++i) {
    const Vpn vpn = run.first + i * step;
    const PhysAddr at = *entry_address(process, vpn, below);
    if (run.size.napot) {
      entries.push_back(read_raw(at).value_or(0));
      write_raw(process, vpn, at, 0);
    }
    if (process.pages.contains(vpn.value)) update.leave_run(vpn, process.pages.at(vpn.value));
  }
  update.commit();
  if (run.size.napot) return;
  for (std::uint64_t i = 0; i < run.entries; ++i) {
    entries.push_back(read_raw(*entry_address(process, run.first + i * step, below)).value_or(0));
  }
}

void Kernel::State::put_run_back(const Process& process, const Run& run, const std::vector<std::uint64_t>& entries) {
  if (!run.size.napot) {
    const PhysAddr table = *table_at(process, run.first, run.size.level - 1);
    write_raw(process, run.first, *entry_address(process, run.first, run.size.level),
              encode_pte(machine.format, pointer_to(table, is_kernel_space(run.first)), run.size.level));
    return;
  }
  for (std::uint64_t i = 0; i < run.entries; ++i) {
    write_raw(process, run.first + i, *entry_address(process, run.first + i, 0), entries[i]);
  }
}

// In the kernel's books, and the new entry.
void Kernel::State::replace_run(Process& process, const Run& run, const std::vector<std::uint64_t>& entries) {
  std::uint64_t bits = 0;
  for (const std::uint64_t entry : entries) bits |= entry & accessed_bits(true);
  // What the swap file holds of a page is still true if nobody stored to any of them.
  std::map<std::uint64_t, std::uint64_t> copies;
  std::vector<std::pair<Ppn, std::uint64_t>> old;
  const std::uint64_t end = run.first.value + run.whole.count();
  for (auto it = process.pages.find(run.first.value); it != process.pages.end() && it->first < end;) {
    const Page& page = it->second;
    old.emplace_back(page.frame, page.count());
    if ((bits & dirty_bit()) != 0) forget_copies(page);
    for (std::uint64_t i = 0; i < page.count(); ++i) {
      const Ppn from = page.frame + i;
      if (!run.is_block && frames.references(from) != 1) continue;  // it stays with who else has the frame
      auto copy = clean_copies.extract(from.value);
      if (copy.empty()) continue;
      copy.key() = run.whole.frame.value + (it->first - run.first.value) + i;
      copies.insert(std::move(copy));
    }
    remove_page(process, it++);
  }
  add_page(process, run.first, run.whole);
  clean_copies.merge(copies);
  for (const auto& [frame, count] : old) frames.release(frame, count);
  if (!run.size.napot) {
    write_raw(process, run.first, *entry_address(process, run.first, run.size.level), encode(run.whole) | bits);
    const auto table = process.tables.find({run.size.level - 1, run.first.value >> run.whole.order});
    free_table(table->second.at);
    process.tables.erase(table);
    return;
  }
  // Each of a NAPOT range keeps its own (R28).
  for (std::uint64_t i = 0; i < run.entries; ++i) {
    write_raw(process, run.first + i, *entry_address(process, run.first + i, 0),
              encode(run.whole) | (entries[i] & accessed_bits(true)));
  }
}

bool Kernel::State::promote(Process& process, Vpn vpn, const LargeSize& size) {
  const bool is_larger = size.napot ? machine.format.napot : size.level != 0;
  if (process.raw || !is_larger || size.level > machine.format.max_leaf_level || size.level + 1 > process.levels) {
    return false;
  }
  std::optional<Run> run = run_at(process, vpn, size);
  if (!run) return false;
  std::optional<Ppn> block = run->whole.frame;
  if (run->is_block) {
    frames.retain(*block, run->whole.count());
  } else {
    block = may_be_copied(process, *run) ? frames.allocate_block(run->whole.count()) : std::nullopt;
    if (!block) return false;
  }
  std::vector<std::uint64_t> entries;
  take_run_out(process, *run, entries);
  if (!run->is_block && !copy_run(process, *run, *block)) {
    put_run_back(process, *run, entries);
    frames.release(*block, run->whole.count());
    return false;
  }
  run->whole.frame = *block;
  if (!run->is_block) {
    run->whole.cow = run->whole.keep_frame = false;
    for (const Vpn slot : process.image.slots_in(run->first, run->whole.count())) process.image.separate(slot);
  }
  run->whole.entry = entry_for(run->whole);
  replace_run(process, *run, entries);
  owe_fetch_sync(run->whole);
  ++counts.promotions;
  return true;
}

// A page that was added may have been the last of a run, and the large page the last of a larger one.
void Kernel::State::promote_grown() {
  const Mapper page = *grown;
  grown.reset();
  const auto found = processes.find(page.process);
  if (found == processes.end()) return;
  Process& process = found->second;
  if (machine.format.napot) promote(process, page.vpn, {.level = 0, .napot = true});
  for (unsigned level = 1; level <= machine.format.max_leaf_level && level < process.levels; ++level) {
    const auto table = process.tables.find({level - 1, page.vpn.value >> machine.format.index_lsb(level)});
    const bool is_full =
        table != process.tables.end() && table->second.entries == 1ULL << machine.format.index_bits.at(level - 1);
    if (!is_full || !promote(process, page.vpn, {.level = level, .napot = false})) return;
  }
}

bool Kernel::promote(ProcessId pid, Vpn vpn, const LargeSize& size) {
  return state_->promote(state_->process(pid), vpn, size);
}

}  // namespace vm
