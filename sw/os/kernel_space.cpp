// SPDX-License-Identifier: Apache-2.0
#include "os/kernel_space.h"

#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"
#include "machine/pte.h"
#include "os/state.h"
#include "os/table_update.h"

namespace vm {
namespace {

constexpr Rights kData{.read = true, .write = true, .exec = false, .kernel = true};
constexpr std::uint64_t kFlatCodePages = 16, kFlatWindowPages = 8;  // both from the end of the address space

// What kernel code is made of: operations that do nothing, each with its own place in the page, so that a fetch from
// the wrong place shows. RISC-V: ADDI x0, x0, n. x86: NOP with a displacement of four bytes, and NOP. Flat formats
// belong to no instruction set: words that count.
PageBytes code_bytes(const Machine& machine) {
  PageBytes bytes(machine.format.page_size());
  const auto put = [&](std::size_t at, std::uint32_t word) {
    for (unsigned i = 0; i < 4 && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<std::uint8_t>(word >> (8 * i));
  };
  const bool x86 = machine.format.kind == PteKind::X86, riscv = machine.format.kind == PteKind::Riscv;
  const std::size_t step = x86 ? 8 : 4;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto number = static_cast<std::uint32_t>(at / step);
    if (x86) {
      put(at, 0x0080'1F0F);
      put(at + 3, number);
      if (at + 7 < bytes.size()) bytes[at + 7] = 0x90;
    } else {
      put(at, riscv ? (number & 0x7FF) << 20 | 0x13 : number + 1);
    }
  }
  return bytes;
}

}  // namespace

KernelSpace::KernelSpace(Kernel::State& state, const KernelSpaceOptions& options, unsigned levels)
    : state_(state), options_(options), levels_(levels) {
  kernel_.name = "(kernel)";
  if (!possible_rights(state_.machine, {.kernel = true}).kernel) {
    throw InputError(fmt::format("no kernel space: entries of machine {} cannot keep users out", state_.machine.name));
  }
  options.own_table ? lay_out_own_table() : lay_out();
  const Range& direct = ranges_.front();
  state_.frames.prefer_for_tables(direct.frame + direct.pages);
  const Rights code{.read = true, .write = false, .exec = true, .kernel = true};
  ranges_.push_back({.first = code_, .pages = 1, .frame = own_frame(), .rights = code});
  ranges_.push_back({.first = data_, .pages = 1, .frame = own_frame(), .rights = kData});
  fill_code();
  for (const Range& range : ranges_) add(range);
}

void KernelSpace::lay_out() {
  const Machine& machine = state_.machine;
  const Format& format = machine.format;
  if (options_.three_to_one && format.upper_va == UpperVa::Sign) {
    throw InputError(fmt::format("no split of 3 to 1: kernel space of machine {} is the upper half", machine.name));
  }
  const std::uint64_t all = 1ULL << format.vpn_bits(levels_);
  const std::uint64_t end = 1ULL << machine.vpn_bits();
  const std::uint64_t pages = options_.three_to_one ? all / 4 : all / 2;
  const std::uint64_t top = 1ULL << format.index_lsb(levels_ - 1);  // pages of an entry of the root
  const std::uint64_t behind_direct = state_.is_flat() ? kFlatCodePages : 2 * top;
  split_ = Vpn(end - pages);
  window_ = Vpn(end - (state_.is_flat() ? kFlatWindowPages : top));
  code_ = Vpn(end - behind_direct);
  data_ = code_ + 1;
  stack_end_ = Vpn(end - 1);
  const std::uint64_t room = pages < behind_direct ? 0 : pages - behind_direct;
  ranges_.push_back(direct_map(std::min(room, pages / 8 * 7)));
}

void KernelSpace::lay_out_own_table() {
  const Machine& machine = state_.machine;
  if (!machine.trap_swap) {
    throw InputError(
        fmt::format("no table of the kernel's own: machine {} does not change tables at exceptions", machine.name));
  }
  if (machine.itlb.ways + machine.dtlb.ways != 0) {
    throw InputError(fmt::format(
        "no table of the kernel's own: each exception would have to invalidate the TLBs of machine {}", machine.name));
  }
  const std::uint64_t end = 1ULL << machine.vpn_bits();
  stack_pages_ = 1;
  if (end < 4) throw InputError(fmt::format("no kernel space: machine {} has too few pages for it", machine.name));
  split_ = Vpn(0);
  stack_end_ = data_ = Vpn(end - 2);
  window_ = Vpn(end - 3);
  code_ = Vpn(end - 1);
  ranges_.push_back(direct_map(window_.value));
  own_table_ = state_.new_root();
  if (!own_table_) throw InputError("no room for the kernel's page table");
}

KernelSpace::Range KernelSpace::direct_map(std::uint64_t pages) const {
  const Machine& machine = state_.machine;
  const auto cacheable =
      std::find_if(machine.regions.begin(), machine.regions.end(), [](const Region& r) { return r.cacheable; });
  const Region& memory = cacheable == machine.regions.end() ? machine.regions.front() : *cacheable;
  std::uint64_t bytes = std::min(memory.size, low_mask(machine.pa_bits) - memory.base.value + 1);
  if (options_.direct_bytes) bytes = std::min(bytes, *options_.direct_bytes);
  const unsigned page_bits = machine.format.page_bits;
  pages = std::min(pages, bytes >> page_bits);
  if (pages == 0) throw InputError(fmt::format("no kernel space: machine {} has too few pages for it", machine.name));
  return {.first = split_, .pages = pages, .frame = Ppn(memory.base.value >> page_bits), .rights = kData};
}

void KernelSpace::start() {
  if (own_table_) state_.write_ctl(CtlReg::TrapBase, own_table_->value);
}

Ppn KernelSpace::own_frame() {
  const std::optional<Ppn> frame = state_.frames.allocate_for_table();
  if (!frame || !state_.zero_frame(*frame)) throw InputError("no frame left for kernel space");
  return *frame;
}

void KernelSpace::fill_code() {
  if (!state_.write_memory(state_.address_of(ranges_.at(1).frame), code_bytes(state_.machine))) {
    throw InputError("memory for kernel code does not work");
  }
}

// ---------------------------------------------------------------- what is where

const KernelSpace::Range* KernelSpace::find(Vpn vpn) const {
  const auto found =
      std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return vpn.value - r.first.value < r.pages; });
  return found == ranges_.end() ? nullptr : &*found;
}

OsMapping KernelSpace::mapping(Vpn vpn) const {
  const Range* range = find(vpn);
  const bool is_stack = own_table_ && vpn == window_ && state_.current && stacks_.contains(*state_.current);
  if (range == nullptr && !is_stack) return {};
  const Rights rights = state_.expressible_rights(range == nullptr ? kData : range->rights);
  return {.mapped = true,
          .ppn = range == nullptr ? stacks_.at(*state_.current) : range->frame + (vpn.value - range->first.value),
          .user = false,
          .read = rights.read,
          .write = rights.write,
          .exec = rights.exec};
}

VirtAddr KernelSpace::address_of(Vpn vpn) const {
  const Machine& machine = state_.machine;
  const std::uint64_t va = vpn.value << machine.format.page_bits;
  // The highest bit is set.
  return VirtAddr(machine.format.upper_va == UpperVa::Sign ? va | ~low_mask(machine.va_bits) : va);
}

std::optional<VirtAddr> KernelSpace::direct_address(PhysAddr pa) const {
  const Range& direct = ranges_.front();
  const unsigned page_bits = state_.machine.format.page_bits;
  const std::uint64_t offset = pa.value - (direct.frame.value << page_bits);
  if (offset >= direct.pages << page_bits) return std::nullopt;
  return address_of(split_) + offset;
}

std::vector<KernelSpace::Leaf> KernelSpace::leaves(const Range& range) const {
  const Format& format = state_.machine.format;
  const Rights rights = state_.expressible_rights(range.rights);
  std::vector<Leaf> found;
  for (std::uint64_t at = 0; at < range.pages;) {
    const Vpn vpn = range.first + at;
    const Ppn frame = range.frame + at;
    unsigned level = std::min(format.max_leaf_level, levels_ - 1);
    const auto fits = [&] {
      const std::uint64_t below = low_mask(format.index_lsb(level));
      return (vpn.value & below) == 0 && (frame.value & below) == 0 && range.pages - at > below;
    };
    while (level > 0 && !fits()) --level;
    const Pte entry{.valid = true,
                    .user = false,
                    .read = rights.read,
                    .write = rights.write,
                    .exec = rights.exec,
                    .accessed = true,
                    .dirty = rights.write,
                    .global = true,
                    .type = range.type,
                    .ppn = frame};
    found.push_back({vpn, level, encode_pte(format, entry, level)});
    at += 1ULL << format.index_lsb(level);
  }
  return found;
}

// ---------------------------------------------------------------- tables

std::vector<std::uint8_t> KernelSpace::rows(const Range& range) const {
  const Format& format = state_.machine.format;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(range.pages << format.pte_bytes_log2);
  for (const Leaf& leaf : leaves(range)) {
    const std::array<std::uint8_t, 8> entry = pte_to_bytes(format, leaf.value);
    bytes.insert(bytes.end(), entry.begin(), entry.begin() + format.pte_bytes());
  }
  return bytes;
}

std::vector<PhysAddr> KernelSpace::flat_tables() const {
  if (own_table_) return {*own_table_};
  std::vector<PhysAddr> tables;
  for (const auto& [pid, process] : state_.processes) {
    if (!process.raw) tables.push_back(process.table);
  }
  return tables;
}

void KernelSpace::write_rows(PhysAddr table, Vpn first, std::span<const std::uint8_t> rows) {
  const Machine& machine = state_.machine;
  if (!state_.write_memory(state_.entry_in(table, first, 0), rows)) {
    throw InputError(fmt::format("the kernel's rows of the page table at 0x{:x} cannot be written", table.value));
  }
  state_.counts.kernel_rows += rows.size() >> machine.format.pte_bytes_log2;
  const Region* region = machine.region_of(table);
  if (state_.started && machine.walk_port == WalkPort::Memory && machine.dcache.ways != 0 && region->cacheable) {
    state_.pay(FenceReason::EntryWrite, {.op = FenceOp::CacheClean});
  }
}

std::optional<PhysAddr> KernelSpace::table_for(Vpn vpn, unsigned level) {
  const std::pair key{level, vpn.value >> state_.machine.format.index_lsb(level + 1)};
  if (const auto found = tables_.find(key); found != tables_.end()) return found->second;
  const std::optional<PhysAddr> table = state_.new_table();
  if (!table) return std::nullopt;
  tables_[key] = *table;
  const std::uint64_t pointer = encode_pte(state_.machine.format, state_.pointer_to(*table, true), level + 1);
  if (set_entry(vpn, level + 1, pointer)) return table;
  tables_.erase(key);
  state_.free_table(*table);
  return std::nullopt;
}

bool KernelSpace::set_entry(Vpn vpn, unsigned level, std::uint64_t value) {
  const Format& format = state_.machine.format;
  if (level + 1 == levels_) {
    const std::uint64_t index = vpn.value >> format.index_lsb(level) & low_mask(format.index_bits.at(level));
    if (value != 0) root_[index] = value;
    if (value == 0) root_.erase(index);
    for (const auto& [pid, process] : state_.processes) {
      if (!process.raw) state_.write_raw(process, vpn, state_.entry_in(process.table, vpn, level), value);
    }
    return true;
  }
  const std::optional<PhysAddr> table = table_for(vpn, level);
  if (!table) return false;
  state_.write_raw(kernel_, vpn, state_.entry_in(*table, vpn, level), value);
  return true;
}

void KernelSpace::add(const Range& range) {
  if (state_.is_flat()) {
    const std::vector<std::uint8_t> bytes = rows(range);
    for (const PhysAddr table : flat_tables()) write_rows(table, range.first, bytes);
    return;
  }
  for (const Leaf& leaf : leaves(range)) {
    if (!set_entry(leaf.vpn, leaf.level, leaf.value))
      throw InputError("no frame left for a page table of kernel space");
  }
}

void KernelSpace::share_with(const Process& process) {
  if (own_table_) return;
  if (state_.is_flat()) {
    for (const Range& range : ranges_) write_rows(process.table, range.first, rows(range));
    return;
  }
  const Format& format = state_.machine.format;
  for (const auto& [index, value] : root_) {
    state_.write_raw(process, Vpn(index << format.index_lsb(levels_ - 1)), process.table + index * format.pte_bytes(),
                     value);
  }
}

void KernelSpace::take_back(const Process& process) {
  if (!state_.is_flat()) return;
  for (const Range& range : ranges_) {
    if (!range.named && !range.paged) continue;
    write_rows(process.table, range.first,
               std::vector<std::uint8_t>(range.pages << state_.machine.format.pte_bytes_log2));
  }
}

bool KernelSpace::give_stack(Process& process) {
  for (std::uint64_t i = 1; i <= stack_pages_; ++i) {
    const std::optional<Ppn> frame = state_.frames.allocate_for_table();
    if (!frame) return false;
    if (state_.zero_frame(*frame) && give_stack_page(process, Vpn(stack_end_.value - i), *frame)) continue;
    state_.frames.release(*frame);
    return false;
  }
  return true;
}

bool KernelSpace::give_stack_page(Process& process, Vpn vpn, Ppn frame) {
  if (own_table_) {
    stacks_[process.id] = frame;
    return true;
  }
  TableUpdate update(state_, process, FenceReason::Map);  // owes none: what was not there is not remembered
  Page page{.frame = frame, .rights = kData, .kernel_stack = true, .entry = {}};
  page.entry = state_.entry_for(page);
  if (!update.set(vpn, page, {})) return false;
  state_.add_page(process, vpn, page);
  update.commit();
  return true;
}

void KernelSpace::take_stack(const Process& process) {
  const auto stack = stacks_.find(process.id);
  if (stack == stacks_.end()) return;
  state_.frames.release(stack->second);
  stacks_.erase(stack);
}

// Without a TLB no fence is owed.
void KernelSpace::show_stack(const Process& process) {
  const auto stack = stacks_.find(process.id);
  if (stack == stacks_.end()) return;
  write_rows(*own_table_, window_, rows({.first = window_, .pages = 1, .frame = stack->second, .rights = kData}));
}

// ---------------------------------------------------------------- pages that the user maps for all

void KernelSpace::map(Vpn vpn, Ppn frame, Rights rights, const Kernel::MapOptions& options) {
  const std::uint64_t pages = 1ULL << state_.order_of(options.level, options.napot);
  const auto refuse = [&](std::string_view expected) {
    throw InputError(fmt::format("page 0x{:x} lies in kernel space: expected {}", vpn.value, expected));
  };
  if (!rights.kernel || !options.global || options.cow || options.napot) refuse("rights with k, and 'global'");
  if (vpn.value + pages > window_.value) refuse("a page below what each process has for itself");
  for (std::uint64_t i = 0; i < options_.pool_pages; ++i) {
    if (data_.value + 1 + i - vpn.value < pages) refuse("a page beside the paged pool");
  }
  const Range* old = find(vpn);
  const bool replaces = old != nullptr && old->named && old->first == vpn && old->pages == pages;
  const auto overlaps = [&](const Range& r) {
    return r.first.value < vpn.value + pages && vpn.value < r.first.value + r.pages;
  };
  if (!replaces && std::any_of(ranges_.begin(), ranges_.end(), overlaps)) {
    refuse("a page beside the direct map, the kernel's code and data, and other pages mapped there");
  }
  // Tables of kernel space stay when they are empty.
  if (options.level > 0 &&
      tables_.contains({options.level - 1, vpn.value >> state_.machine.format.index_lsb(options.level)})) {
    refuse("a page where no smaller one was before");
  }
  if (replaces) unmap(vpn);
  const Range range{
      .first = vpn, .pages = pages, .frame = frame, .rights = rights, .type = options.type, .named = true};
  add(range);
  ranges_.push_back(range);
  state_.frames.name(frame, pages);
  state_.frames.retain(frame, pages);
  if (state_.started && mapping(vpn).exec && state_.fetch_is_incoherent()) state_.fetch_sync_owed = true;
}

Fence KernelSpace::fence_of(const Range& range) const {
  // Not global on flat formats, nor without CR4.PGE: the page may be remembered for any process.
  const bool is_global = !state_.is_flat() && (!state_.is_x86() || state_.environment.pge);
  Fence fence{.op = FenceOp::Tlb, .by_addr = state_.is_flat() || is_global, .addr = address_of(range.first).value};
  // INVLPG takes what is global and what has the current PCID (X21).
  fence.by_asid = state_.is_x86() && fence.by_addr;
  if (fence.by_asid) fence.asid = state_.control.context().asid;
  return fence;
}

void KernelSpace::clear_entries(const Range& range) {
  if (state_.is_flat()) {
    const std::vector<std::uint8_t> zeros(range.pages << state_.machine.format.pte_bytes_log2);
    for (const PhysAddr table : flat_tables()) write_rows(table, range.first, zeros);
    return;
  }
  for (const Leaf& leaf : leaves(range)) set_entry(leaf.vpn, leaf.level, 0);
}

bool KernelSpace::unmap(Vpn vpn) {
  const auto found = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const Range& r) { return r.named && vpn.value - r.first.value < r.pages; });
  if (found == ranges_.end()) return false;
  const Range gone = *found;
  ranges_.erase(found);
  clear_entries(gone);
  if (state_.started && state_.ran_before) state_.pay(FenceReason::Map, fence_of(gone));
  state_.frames.release(gone.frame, gone.pages);
  return true;
}

}  // namespace vm
