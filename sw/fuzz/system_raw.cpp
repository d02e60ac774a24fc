// SPDX-License-Identifier: Apache-2.0
//
// A process whose tables are the trace's business: entries no operating system would make. Whatever such an entry lets
// through ends in frames that no other process has. None is global, nor is any page of the others: those would have to
// be in all tables.
#include <fmt/format.h>

#include "fuzz/system_life.h"

namespace vm::fuzz {
namespace {

constexpr unsigned kSlots = 8;  // of each table in use

}  // namespace

void SystemLife::raw_process() {
  // Pages of kernel space are global, and not in its table.
  if (world_.raw_tables().empty() || kernel_ || random_.one_in(3)) return;
  const Format& format = machine_.format;
  Process process;
  process.name = "R";
  process.raw = true;
  process.levels = world_.max_levels();
  // `mode` lines hold until the next.
  if (format.kind == PteKind::Riscv && world_.min_levels() != world_.max_levels()) {
    text_ += fmt::format("mode sv{}\n", format.page_bits + format.vpn_bits(process.levels));
  }
  line("raw process", fmt::format("process R table=0x{:x} raw", world_.raw_tables().front()));
  for (unsigned i = 0; i < world_.raw_tables().size(); ++i) {
    const unsigned level = process.levels - 1 - i;
    for (unsigned index = 0; index < std::min<std::uint64_t>(kSlots, 1ULL << format.index_bits.at(level)); ++index) {
      slots_.push_back({world_.raw_tables()[i] + index * format.pte_bytes(), level, index});
      // Every path through the first pointers.
      if (level == 0) process.ranges.push_back({index, 1});
      if (level > 0) process.ranges.push_back({std::uint64_t{index} << format.index_lsb(level), 2});
    }
  }
  alive_.push_back(std::move(process));
  for (const Slot& slot : slots_) {
    text_ += fmt::format("entry 0x{:x} = 0x{:x}\n", slot.at, raw_value(slot));
  }
}

std::uint64_t SystemLife::raw_value(const Slot& slot) {
  if (world_.is_flat()) return raw_flat();
  return slot.level > 0 ? raw_upper(slot) : raw_base();
}

// Any rights, accessed and dirty bits, onto a frame of the process's own.
Pte SystemLife::raw_page() {
  return {.valid = !random_.one_in(8),
          .user = !random_.one_in(4),
          .read = !random_.one_in(8),
          .write = !random_.one_in(3),
          .exec = !random_.one_in(3),
          .accessed = random_.one_in(2),
          .dirty = random_.one_in(2),
          .ppn = Ppn(world_.raw_frames()[random_.below(world_.raw_frames().size())])};
}

std::uint64_t SystemLife::raw_flat() {
  const Format& format = machine_.format;
  const std::uint64_t ppn = low_mask(format.ppn_bits) << format.ppn_lsb;
  std::uint64_t value = encode_pte(format, raw_page());
  if (random_.one_in(4)) value ^= random_.next() & low_mask(8 * format.pte_bytes()) & ~ppn;
  if (world_.hole() && random_.one_in(10)) value = (value & ~ppn) | *world_.hole() << format.ppn_lsb;
  return value;
}

// Pointers lead to the table below and nowhere else: a frame that holds data must not be read as a table. The first two
// entries keep the tree together.
std::uint64_t SystemLife::raw_upper(const Slot& slot) {
  const Format& format = machine_.format;
  const bool tame = slot.index < 2 || !random_.one_in(4);
  if (slot.index > 1 && random_.one_in(3)) return raw_superpage(slot);
  const std::uint64_t table = world_.raw_tables()[world_.raw_tables().size() - slot.level];
  const Pte pointer{.valid = slot.index == 0 || !random_.one_in(8),
                    .leaf = false,
                    .accessed = world_.is_x86() && random_.one_in(2),
                    .dirty = false,
                    .ppn = Ppn(table >> format.page_bits)};
  std::uint64_t value = encode_pte(format, pointer, slot.level);
  if (tame) return value;
  if (world_.hole() && random_.one_in(2)) {
    Pte astray = pointer;
    astray.ppn = Ppn(*world_.hole());
    return encode_pte(format, astray, slot.level);
  }
  // Bits that are reserved in pointers (R7): D, A, U; those of the types and above the PPN.
  if (format.kind == PteKind::Riscv) {
    value |= 1ULL << (format.pte_bytes() == 8 && random_.one_in(2) ? random_.between(54, 63)
                      : random_.one_in(2)                          ? 4
                                                                   : random_.between(6, 7));
  }
  return value;
}

// Where it can be, on memory that is nobody else's; else misaligned (R9, X4), or in no memory.
std::uint64_t SystemLife::raw_superpage(const Slot& slot) {
  Pte page = raw_page();
  if (slot.level == 1 && world_.raw_block() != 0 && random_.one_in(2)) {
    page.ppn = Ppn(world_.raw_block());
  } else if (slot.level > 1 && world_.hole()) {
    const Ppn aligned(*world_.hole() & ~low_mask(machine_.format.index_lsb(slot.level)));
    page.ppn = world_.is_memory(aligned.value) ? Ppn(*world_.hole()) : aligned;
  }
  return encode_pte(machine_.format, page, slot.level);
}

std::uint64_t SystemLife::raw_base() {
  const Format& format = machine_.format;
  Pte page = raw_page();
  if (world_.hole() && random_.one_in(10)) page.ppn = Ppn(*world_.hole());
  if (format.napot && random_.one_in(8)) {
    // A range of the right size, or one there is none of (R10).
    const std::uint64_t size = random_.one_in(2) ? 8 : random_.below(16);
    page.ppn = Ppn(page.ppn.value & ~low_mask(4));
    return encode_pte(format, page) | 1ULL << 63 | size << format.ppn_lsb;
  }
  const std::uint64_t value = encode_pte(format, page);
  if (!random_.one_in(4)) return value;
  if (format.kind == PteKind::X86) {
    return value ^ 1ULL << (random_.one_in(2) ? random_.below(8) : random_.between(52, 63));
  }
  // Writable and not readable; no right at all (a pointer at level 0); reserved bits.
  const std::uint64_t dice = random_.below(3);
  if (dice == 0) return value & ~2ULL;
  if (dice == 1) return value & ~0xEULL;
  return value | 1ULL << (format.pte_bytes() == 8 ? random_.between(54, 62) : 4);
}

void SystemLife::raw_entry() {
  const Slot& slot = slots_[random_.below(slots_.size())];
  line("entry", fmt::format("entry 0x{:x} = 0x{:x}", slot.at, raw_value(slot)));
  if (!on_board_ && random_.one_in(2)) return;
  const std::string scope = on_board_ || random_.one_in(2) ? "all" : fmt::format("va 0x{:x}", address(alive_[0]));
  line("entry fence", fmt::format("[R:kernel] fence {} = any", scope));
}

}  // namespace vm::fuzz
