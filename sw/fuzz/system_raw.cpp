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
  if (world_.raw_tables().empty() || random_.one_in(3)) return;
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

// Pointers lead to the table below and nowhere else: a frame that holds data must not be read as a table.
std::uint64_t SystemLife::raw_value(const Slot& slot) {
  const Format& format = machine_.format;
  const unsigned page_bits = format.page_bits;
  const bool sane = !random_.one_in(4);
  Pte pte{.valid = !random_.one_in(8),
          .user = !random_.one_in(4),
          .read = !random_.one_in(8),
          .write = !random_.one_in(3),
          .exec = !random_.one_in(3),
          .accessed = random_.one_in(2),
          .dirty = random_.one_in(2),
          .ppn = Ppn(world_.raw_frames()[random_.below(world_.raw_frames().size())])};
  if (slot.level > 0) {
    const std::size_t below = world_.raw_tables().size() - slot.level;
    const Ppn table(world_.raw_tables()[below] >> page_bits);
    const bool leaf = slot.index > 1 && random_.one_in(3);
    // The first two entries keep the tree together.
    if (!leaf) {
      pte = {.valid = slot.index == 0 || !random_.one_in(8), .leaf = false, .accessed = random_.one_in(2), .dirty = false, .ppn = table};
      if (!sane && slot.index > 1 && world_.hole()) pte.ppn = Ppn(*world_.hole());
    } else if (slot.level == 1 && world_.raw_block() != 0 && random_.one_in(2)) {
      pte.ppn = Ppn(world_.raw_block());
    } else if (slot.level > 1 && world_.hole()) {
      pte.ppn = Ppn(*world_.hole() & ~low_mask(format.index_lsb(slot.level)));
      if (world_.is_memory(pte.ppn.value)) pte.ppn = Ppn(*world_.hole());
    }
    const std::uint64_t value = encode_pte(format, pte, slot.level);
    // Reserved bits of pointers (R7): A, D, U; the type bits; bit 54 and up.
    if (!pte.leaf && !sane && slot.index > 1 && format.kind == PteKind::Riscv) {
      const unsigned bit = format.pte_bytes() == 8 ? static_cast<unsigned>(random_.between(54, 63)) : 4;
      return value | 1ULL << (random_.one_in(2) ? bit : random_.one_in(2) ? 4 : random_.between(6, 7));
    }
    return value;
  }
  if (world_.is_flat()) {
    const std::uint64_t flags = random_.next() & low_mask(8 * format.pte_bytes()) & ~(low_mask(format.ppn_bits) << format.ppn_lsb);
    const std::uint64_t value = encode_pte(format, pte) ^ (sane ? 0 : flags);
    if (world_.hole() && random_.one_in(10)) {
      return (value & ~(low_mask(format.ppn_bits) << format.ppn_lsb)) | *world_.hole() << format.ppn_lsb;
    }
    return value;
  }
  if (world_.hole() && random_.one_in(10)) pte.ppn = Ppn(*world_.hole());
  if (format.napot && random_.one_in(8)) {
    // A range of the right size, or one there is none of (R10).
    const std::uint64_t size = random_.one_in(2) ? 8 : random_.below(16);
    pte.ppn = Ppn(pte.ppn.value & ~low_mask(4));
    return encode_pte(format, pte) | 1ULL << 63 | size << format.ppn_lsb;
  }
  std::uint64_t value = encode_pte(format, pte);
  if (sane) return value;
  if (format.kind == PteKind::X86) return value ^ 1ULL << (random_.one_in(2) ? random_.below(8) : random_.between(52, 63));
  // Writable and not readable; no right at all; reserved bits.
  const std::uint64_t dice = random_.below(3);
  if (dice == 0) return value & ~2ULL;
  if (dice == 1) return value & ~0xEULL;
  return value | 1ULL << (format.pte_bytes() == 8 ? random_.between(54, 62) : 4);
}

void SystemLife::raw_entry() {
  const Slot& slot = slots_[random_.below(slots_.size())];
  line("entry", fmt::format("entry 0x{:x} = 0x{:x}", slot.at, raw_value(slot)));
  if (random_.one_in(2)) line("entry fence", fmt::format("[R:kernel] fence {} = any", random_.one_in(2) ? "all" : fmt::format("va 0x{:x}", address(alive_[0]))));
}

}  // namespace vm::fuzz
