// SPDX-License-Identifier: Apache-2.0
//
// Page-table entries: what they say, and the fences that changing them owes.
#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"
#include "machine/pte.h"
#include "os/state.h"
#include "os/table_update.h"

namespace vm {

Rights Kernel::State::expressible_rights(Rights rights) const {
  Rights possible = possible_rights(machine, rights);
  if (is_x86() && !environment.nxe) possible.exec = true;
  return possible;
}

OsMapping Kernel::State::entry_for(const Page& page) const {
  if (page.blocked) return {};
  // First what the process may do, then what is withheld: who may write may read, copy-on-write or not.
  Rights granted = expressible_rights(page.rights);
  if (page.cow) {
    granted.write = false;
    granted = expressible_rights(granted);
  }
  return {.mapped = true,
          .ppn = page.frame,
          .user = !granted.kernel,
          .read = granted.read,
          .write = granted.write,
          .exec = granted.exec};
}

OsMapping Kernel::State::mapping_at(const Process& process, Vpn vpn) const {
  const auto found = process.page_from(vpn);
  if (found == process.pages.end() || found->first > vpn.value) {
    return is_kernel_space(vpn) ? kernel_space->mapping(vpn) : OsMapping{};
  }
  OsMapping mapping = found->second.entry;
  mapping.ppn += vpn.value - found->first;
  return mapping.mapped ? mapping : OsMapping{};
}

std::uint64_t Kernel::State::encode(const Page& page) const {
  if (!page.entry.mapped) return 0;
  const Pte entry{.valid = true,
                  .user = page.entry.user,
                  .read = page.entry.read,
                  .write = page.entry.write,
                  .exec = page.entry.exec,
                  .accessed = page.kernel_stack,
                  .dirty = page.kernel_stack,
                  .global = page.global,
                  .napot = page.napot,
                  .type = page.type,
                  .ppn = page.frame};
  return encode_pte(machine.format, entry, page.level) | (page.cow ? cow_mark(machine.format) : 0);
}

VirtAddr Kernel::State::address_of(const Process& process, Vpn vpn) const {
  const std::uint64_t va = vpn.value << machine.format.page_bits;
  if (machine.format.upper_va == UpperVa::Zero) return VirtAddr(va);
  const unsigned unused = 64 - machine.format.page_bits - machine.format.vpn_bits(process.levels);
  return VirtAddr(static_cast<std::uint64_t>(static_cast<std::int64_t>(va << unused) >> unused));
}

void Kernel::State::write_raw(const Process& process, Vpn vpn, PhysAddr at, std::uint64_t raw) {
  const std::array<std::uint8_t, 8> bytes = pte_to_bytes(machine.format, raw);
  const Region* region = machine.region_of(at);
  if (region == nullptr || !write_memory(at, std::span(bytes).first(machine.format.pte_bytes()))) {
    throw InputError(
        fmt::format("the entry of page 0x{:x} of process {} cannot be written: there is no working memory at "
                    "0x{:x}",
                    vpn.value, process.name, at.value));
  }
  // A walker that reads memory directly sees an entry only after it has left the write-back cache.
  if (started && machine.walk_port == WalkPort::Memory && machine.dcache.ways != 0 && region->cacheable) {
    pay(FenceReason::EntryWrite, {.op = FenceOp::CacheClean, .by_addr = true, .addr = at.value});
  }
}

std::optional<std::uint64_t> Kernel::State::read_raw(PhysAddr at) {
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(machine.format.pte_bytes());
  if (machine.region_of(at) == nullptr || !read_memory(at, entry)) return std::nullopt;
  return pte_from_bytes(machine.format, entry);
}

// ---------------------------------------------------------------- updates

void TableUpdate::owe(Vpn vpn, const Page& page, const OsMapping& before) {
  process_.stale.push_back({.vpn = vpn, .order = page.order, .entry = before});
  owed_.push_back(vpn);
  global_ |= page.global;
  whole_ |= page.napot;  // its pages may be remembered one by one (R28)
}

// The entry says all that the page asks for, what only the kernel looks at included.
bool TableUpdate::is_written(Vpn vpn, const Page& page) {
  const PhysAddr at = *state_.entry_address(process_, vpn, page.level);
  const std::uint64_t set_by_hardware = state_.is_flat() ? 0 : state_.accessed_bits(true);
  return ((state_.read_raw(at).value_or(0) ^ state_.encode(page)) & ~set_by_hardware) == 0;
}

bool TableUpdate::set(Vpn vpn, const Page& page, const OsMapping& before) {
  const OsMapping& after = page.entry;
  if (before == after && (!after.mapped || is_written(vpn, page))) return true;
  if (after.mapped && !state_.make_tables(process_, vpn, page.level)) return false;
  const bool narrower = (before.user && !after.user) || (before.read && !after.read) ||
                        (before.write && !after.write) || (before.exec && !after.exec);
  if (before.mapped && (!after.mapped || before.ppn != after.ppn || narrower)) owe(vpn, page, before);

  // Hardware may have set accessed and dirty bits: they are about the frame, and stay with it.
  const bool keeps = before.mapped && after.mapped && before.ppn == after.ppn;
  const std::uint64_t entries = page.napot ? page.count() : 1;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const PhysAddr at = *state_.entry_address(process_, vpn + i, page.level);
    std::uint64_t raw = state_.encode(page);
    if (keeps) raw |= state_.kept_bits(at);
    state_.write_raw(process_, vpn + i, at, raw);
  }
  const auto change = static_cast<std::int64_t>(entries);
  if (!before.mapped) state_.count_entry(process_, vpn, page.level, change);
  if (!after.mapped) empty(vpn, page.level, change);
  return true;
}

void TableUpdate::empty(Vpn vpn, unsigned level, std::int64_t entries) {
  state_.count_entry(process_, vpn, level, -entries);
  const std::size_t linked = unlinked_.size();
  state_.unlink_empty(process_, vpn, level, unlinked_);
  whole_ |= unlinked_.size() != linked && !state_.is_x86();
}

void TableUpdate::replace_leaf(Vpn vpn, const Page& page, PhysAddr table) {
  const unsigned below = page.level - 1;
  owe(vpn, page, page.entry);
  state_.link_table(process_, vpn, below, table);
  state_.count_entry(process_, vpn, below,
                     static_cast<std::int64_t>(1ULL << state_.machine.format.index_bits.at(below)));
}

void TableUpdate::replace_range(Vpn vpn, const Page& page) {
  owe(vpn, page, page.entry);
  // What hardware remembers of the range with one entry it may use for all its pages, stores included (R28).
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < page.count(); ++i) {
    kept |= state_.kept_bits(*state_.entry_address(process_, vpn + i, page.level));
  }
  for (std::uint64_t i = 0; i < page.count(); ++i) {
    const PhysAddr at = *state_.entry_address(process_, vpn + i, page.level);
    state_.write_raw(process_, vpn + i, at, state_.encode(process_.pages.at(vpn.value + i)) | kept);
  }
}

void TableUpdate::clear_dirty(Vpn vpn, const Page& page) {
  const PhysAddr at = *state_.entry_address(process_, vpn, page.level);
  state_.write_raw(process_, vpn, at, state_.read_raw(at).value_or(0) & ~state_.dirty_bit());
  owe(vpn, page, page.entry);
  owe_for_sharers(vpn, page);
}

void TableUpdate::clear_accessed(Vpn vpn, const Page& page, bool fenced) {
  const PhysAddr at = *state_.entry_address(process_, vpn, page.level);
  state_.write_raw(process_, vpn, at, state_.read_raw(at).value_or(0) & ~state_.accessed_bits(false));
  if (!fenced) return;
  owe(vpn, page, page.entry);
  owe_for_sharers(vpn, page);
}

bool TableUpdate::is_remembered() const {
  if (!state_.started) return false;
  if (global_) return state_.ran_before;
  // Without ASIDs the hardware remembers only the address space in force; and never one that did not run.
  if (process_.last_switch == 0) return false;
  return state_.has_asids() ? process_.asid.has_value() : state_.current == process_.id;
}

Fence TableUpdate::fence() const {
  const bool asids = state_.has_asids();
  Fence fence{.op = FenceOp::Tlb, .by_addr = owed_.size() == 1 && !whole_, .by_asid = asids};
  if (fence.by_addr) fence.addr = state_.address_of(process_, owed_.front()).value;
  if (state_.is_x86()) {
    // INVLPG takes global pages too, INVPCID of a type with a PCID none (X21, X22). Without PCIDs all is PCID 0.
    fence.globals = global_ || (fence.by_addr && state_.current == process_.id);
    fence.by_asid = !global_ || fence.by_addr;
  } else if (!state_.is_flat()) {
    fence.by_asid = asids && !global_;
    fence.globals = !fence.by_asid;
  }
  if (asids && fence.by_asid) fence.asid = process_.asid.value_or(0);
  return fence;
}

void TableUpdate::commit() {
  if ((!owed_.empty() || !unlinked_.empty()) && is_remembered()) state_.pay(reason_, fence());
  for (TableUpdate& update : sharers_) update.commit();
  sharers_.clear();
  for (const PhysAddr table : unlinked_) state_.free_table(table);
  unlinked_.clear();
  owed_.clear();
  global_ = whole_ = false;
  process_.stale.clear();
}

// ---------------------------------------------------------------- mapping frames by name

void Kernel::State::check_mapping(Vpn vpn, Ppn frame, Rights rights, const MapOptions& options) const {
  const Format& format = machine.format;
  if (vpn.value > low_mask(machine.vpn_bits())) {
    throw InputError(fmt::format("page 0x{:x} does not exist: virtual page numbers of machine {} have {} bits",
                                 vpn.value, machine.name, machine.vpn_bits()));
  }
  if (frame.value > low_mask(format.ppn_bits)) {
    throw InputError(fmt::format("frame 0x{:x} does not fit an entry of machine {}: physical page numbers have {} bits",
                                 frame.value, machine.name, format.ppn_bits));
  }
  if (options.level > format.max_leaf_level || (options.napot && !format.napot)) {
    throw InputError(fmt::format("page 0x{:x}: machine {} has no pages of that size", vpn.value, machine.name));
  }
  const std::uint64_t pages = 1ULL << order_of(options.level, options.napot);
  if (vpn.value % pages != 0 || frame.value % pages != 0) {
    throw InputError(fmt::format("page 0x{:x} -> frame 0x{:x}: both must be multiples of {}, the base pages in it",
                                 vpn.value, frame.value, pages));
  }
  if (options.type != MemType::WriteBack && format.kind != PteKind::X86 && !(format.pbmt && environment.pbmte)) {
    throw InputError(fmt::format("page 0x{:x}: entries of machine {} have no memory type", vpn.value, machine.name));
  }
  if (const Rights possible = expressible_rights(rights); possible != rights) {
    throw InputError(fmt::format("page 0x{:x}: an entry of machine {} cannot {}", vpn.value, machine.name,
                                 possible.kernel != rights.kernel ? "keep users out"
                                 : possible.read != rights.read   ? "withhold the right to read"
                                 : possible.write != rights.write ? "withhold the right to write"
                                                                  : "withhold the right to execute"));
  }
  if (options.cow && (options.shared || options.global)) {
    throw InputError(fmt::format("page 0x{:x} cannot be both copy-on-write and shared", vpn.value));
  }
  if (options.cow && !can_withhold_write()) {
    throw InputError(fmt::format("page 0x{:x} cannot be copy-on-write: entries of machine {} have no write bit",
                                 vpn.value, machine.name));
  }
}

// A global page is the same in every address space, or the hardware may use it where there is another (R16).
void Kernel::State::check_against_global(Vpn vpn, const Page& page) const {
  for (const auto& [number, global] : global_pages) {
    const bool apart = vpn.value + page.count() <= number || number + global.count() <= vpn.value;
    const bool replaces =
        page.global && number == vpn.value && global.order == page.order && global.napot == page.napot;
    if (apart || replaces) continue;
    throw InputError(fmt::format("page 0x{:x} overlaps the global page 0x{:x}, which is the same in every process",
                                 vpn.value, number));
  }
}

void Kernel::State::map(Process& process, Vpn vpn, Ppn frame, Rights rights, const MapOptions& options) {
  check_mapping(vpn, frame, rights, options);
  if (process.raw)
    throw InputError(fmt::format("process {} is raw: the kernel does not touch its tables", process.name));
  if (is_kernel_space(vpn)) return kernel_space->map(vpn, frame, rights, options);
  Page page{.frame = frame,
            .rights = rights,
            .cow = options.cow,
            .keep_frame = options.cow,
            .shared = options.shared || options.global,
            .global = options.global,
            .type = options.type,
            .level = options.level,
            .napot = options.napot,
            .order = order_of(options.level, options.napot),
            .entry = {}};
  page.placed = page.order > 0;
  page.entry = entry_for(page);
  if (options.level + 1 > process.levels || machine.vpn_of(address_of(process, vpn)) != vpn) {
    throw InputError(fmt::format("page 0x{:x} does not lie in the {} levels of process {}", vpn.value, process.levels,
                                 process.name));
  }
  check_against_global(vpn, page);
  const auto no_room = [&] {
    throw InputError(fmt::format("no frame left for a page table of process {}", process.name));
  };
  if (!options.global) {
    if (!map_page(process, vpn, page)) no_room();
    return;
  }
  global_pages[vpn.value] = page;
  const bool ok = std::all_of(processes.begin(), processes.end(),
                              [&](auto& entry) { return entry.second.raw || map_page(entry.second, vpn, page); });
  if (ok) return;
  unmap_global_page(vpn);
  no_room();
}

void Kernel::State::unmap_page(Process& process, Vpn vpn) {
  TableUpdate update(*this, process, FenceReason::Map);
  FreedFrames freed;
  unshare_tables(process, vpn, vpn + 1, false, update, freed);
  if (const auto found = process.page_from(vpn); found != process.pages.end() && found->first <= vpn.value) {
    freed.emplace_back(found->second.frame, found->second.count());
    drop_page(process, Vpn(found->first), update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
}

void Kernel::State::unmap_global_page(Vpn vpn) {
  global_pages.erase(vpn.value);
  for (auto& [number, process] : processes) {
    const Page* page = process.page(vpn);
    if (page != nullptr && page->global) unmap_page(process, vpn);
  }
}

bool Kernel::State::map_page(Process& process, Vpn vpn, Page page) {
  TableUpdate update(*this, process, FenceReason::Map);
  FreedFrames freed;
  const auto finish = [&](bool ok) {
    update.commit();
    for (const auto& [frame, count] : freed) frames.release(frame, count);
    return ok;
  };
  unshare_tables(process, vpn, vpn + page.count(), true, update, freed);
  drop_swapped(process, vpn, vpn + page.count(), update);
  OsMapping before;
  const auto old = process.pages.find(vpn.value);
  const auto is_like = [&](const Page& other) {
    return other.order == page.order && other.napot == page.napot && other.type == page.type &&
           other.global == page.global;
  };
  if (old != process.pages.end() && is_like(old->second)) {
    note_stores(process, vpn, old->second);
    before = old->second.entry;
    freed.emplace_back(old->second.frame, page.count());
  } else {
    // What lies there is of other sizes, or an entry of another type.
    const Vpn end(vpn.value + page.count());
    if (!split_at(process, vpn, update) || !split_at(process, end, update)) return finish(false);
    for (auto it = process.page_from(vpn); it != process.pages.end() && it->first < end.value;) {
      const Vpn gone(it->first);
      freed.emplace_back(it->second.frame, it->second.count());
      ++it;
      drop_page(process, gone, update);
    }
  }
  if (!update.set(vpn, page, before)) return finish(false);
  take_named_frame(process, vpn, page);
  owe_fetch_sync(page);
  return finish(true);
}

void Kernel::State::take_named_frame(Process& process, Vpn vpn, const Page& page) {
  frames.name(page.frame, page.count());
  frames.retain(page.frame, page.count());
  // The image of the page is the frame: shared with whoever maps it, else what lies there. That of a large page is made
  // piece by piece, when it is needed.
  if (page.order == 0) {
    process.image.put(vpn, {.bytes = bytes_of_frame(page.frame), .is_private = page.cow});
  } else {
    process.image.drop(vpn, page.count());
  }
  add_page(process, vpn, page);
}

void Kernel::State::drop_page(Process& process, Vpn vpn, TableUpdate& update) {
  const auto found = process.pages.find(vpn.value);
  if (found == process.pages.end()) return;
  note_stores(process, vpn, found->second);
  Page gone = remove_page(process, found);
  const OsMapping before = gone.entry;
  gone.entry = {};
  process.image.drop(vpn, gone.count());
  update.set(vpn, gone, before);
}

}  // namespace vm
