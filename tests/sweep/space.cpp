// SPDX-License-Identifier: Apache-2.0
#include "space.h"

namespace vm::sweep {
namespace {

// RISC-V (R2).
constexpr std::uint64_t kV = 1, kRwx = 0xE, kU = 0x10, kG = 0x20, kAd = 0xC0;
constexpr unsigned kNapotPage = 8, kDataPage = 5;
// Bits 63:54, one at a time, and Svnapot and Svpbmt together.
constexpr std::array<std::uint64_t, 13> kHighBits{0,
                                                  1ULL << 54,
                                                  1ULL << 55,
                                                  1ULL << 56,
                                                  1ULL << 57,
                                                  1ULL << 58,
                                                  1ULL << 59,
                                                  1ULL << 60,
                                                  1ULL << 61,
                                                  2ULL << 61,
                                                  3ULL << 61,
                                                  1ULL << 63,
                                                  1ULL << 63 | 1ULL << 61};
constexpr unsigned kPlaces = 4;  // for the page number: right, two ways of being wrong, outside memory

// x86 (X17).
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kA = 0x20, kD = 0x40, kPs = 0x80, kXd = 1ULL << 63;
constexpr unsigned kX86Places = 5;

}  // namespace

Layout::Layout(const Machine& machine) : machine_(machine) {}

Slot Layout::slot(unsigned levels, unsigned number) const {
  const std::uint64_t page = machine_.format.page_size();
  const std::uint64_t memory = machine_.regions.front().base.value;
  const std::uint64_t roots = memory + 0x100'0000, tables = roots + Format::kMaxLevels * page;
  Slot slot;
  for (unsigned level = 0; level + 1 < levels; ++level) {
    slot.tables.at(level) = tables + (std::uint64_t{number} * Format::kMaxLevels + level) * page;
  }
  slot.tables.at(levels - 1) = roots + (levels - 1) * page;
  slot.data = memory + 0x200'0000 + number * 16 * page;
  // Odd ones in the upper half of the addresses.
  slot.top_index = number + (number % 2 << (machine_.format.index_bits.at(levels - 1) - 1U));
  return slot;
}

Space::Space(const Machine& machine)
    : machine_(machine), riscv_(machine.format.kind == PteKind::Riscv), wide_(machine.format.pte_bytes_log2 == 3) {
  // RISC-V: ADUE, PBMTE; kind, user, SUM, MXR. x86: WP, NXE, SMEP, SMAP; kind, user, AC.
  modes_ = riscv_ ? (machine.format.pbmt ? 4 : 2) : 16;
  accesses_ = riscv_ ? 24 : 12;
  for (unsigned levels = machine.format.min_levels; levels <= machine.format.levels; ++levels) {
    for (unsigned level = 0; level < levels; ++level) {
      sections_.push_back({.levels = levels, .high = level, .low = level, .patterns = single_patterns()});
    }
  }
  const unsigned levels = machine.format.levels;
  for (unsigned high = 1; high < levels; ++high) {
    for (unsigned low = 0; low < high; ++low) {
      sections_.push_back({.levels = levels, .high = high, .low = low, .patterns = pair_patterns()});
    }
  }
}

// Factors in the order in which the digits are taken below.
std::uint64_t Space::single_patterns() const {
  return riscv_ ? 2 * 256 * (wide_ ? kHighBits.size() : 1) * kPlaces : 2ULL * 128 * 2 * kX86Places;
}
std::uint64_t Space::pointer_to_nowhere() const {
  const std::uint64_t high = wide_ ? kHighBits.size() : 1;
  if (riscv_) return 2 * (kV + 256 * high * (kPlaces - 1));
  return 2 * ((kP | kRw | kUs | kA >> 2) + 128 * 2 * 3ULL);
}
std::uint64_t Space::pair_patterns() const {
  const std::uint64_t one = riscv_ ? (wide_ ? 256 : 128) : 64;
  return one * one;
}

std::uint64_t Space::size() const {
  std::uint64_t patterns = 0;
  for (const Section& section : sections_) patterns += section.patterns;
  return patterns * modes_ * accesses_;
}

std::uint64_t Space::field(std::uint64_t address) const {
  return riscv_ ? address >> machine_.format.page_bits << machine_.format.ppn_lsb : address;
}
std::uint64_t Space::pointer_at(unsigned level, const Slot& slot) const {
  return field(level == 0 ? slot.data : slot.tables.at(level - 1));
}
std::uint64_t Space::page_at(const Question& q, unsigned level, const Slot& slot) const {
  const std::uint64_t meant = slot.data + kDataPage * machine_.format.page_size();
  return field(meant & ~low_mask(page_bits(q, level)));
}
// The highest page number that can be written down, cut to any alignment, is no memory on any machine.
std::uint64_t Space::nowhere() const {
  const unsigned top = riscv_ ? machine_.format.ppn_bits + machine_.format.page_bits : machine_.pa_bits;
  return field(1ULL << (top - 1));
}

Question Space::path(const Section& section, std::uint64_t pattern, const Slot& slot) const {
  Question q;
  q.machine = &machine_;
  q.levels = section.levels;
  q.root = slot.tables.at(section.levels - 1);
  const unsigned top = page_bits(q, section.levels - 1);
  const std::uint64_t meant = slot.data + kDataPage * machine_.format.page_size() + 0x80;
  q.va = slot.top_index << top | (meant & low_mask(top));
  const unsigned width = page_bits(q, section.levels);
  if (machine_.format.upper_va == UpperVa::Sign && (q.va >> (width - 1) & 1) != 0) q.va |= ~low_mask(width);
  Digits digits(pattern);
  const bool single = section.high == section.low;
  // The others: valid; whose page, or whether already marked as used.
  const std::uint64_t other = single ? digits.take(2) : 1;
  for (unsigned level = 0; level < section.levels; ++level) {
    std::uint64_t& entry = q.entries.at(level);
    if (level != section.high && level != section.low) {
      entry = level > 0 ? pointer_at(level, slot) : page_at(q, 0, slot);
      if (riscv_) {
        entry |= level > 0 ? kV : kV | kRwx | kAd | (other != 0 ? kU : 0);
      } else {
        entry |= kP | kRw | kUs | (other != 0 ? kA | (level == 0 ? kD : 0) : 0);
      }
    } else if (single) {
      entry = riscv_ ? riscv_single(digits, q, level, slot) : x86_single(digits, q, level, slot);
    } else {
      entry = riscv_ ? riscv_of_pair(digits, q, level, slot) : x86_of_pair(digits, q, level, slot);
    }
  }
  return q;
}

std::uint64_t Space::riscv_single(Digits& digits, const Question& q, unsigned level, const Slot& slot) const {
  std::uint64_t entry = digits.take(256);
  if (wide_) entry |= kHighBits.at(digits.take(kHighBits.size()));
  const bool pointer = (entry & kRwx) == 0;
  const std::uint64_t place = digits.take(kPlaces);
  if (place == kPlaces - 1) return entry | nowhere();
  std::uint64_t page = pointer ? pointer_at(level, slot) : page_at(q, level, slot);
  // A pointer elsewhere would find another path's table.
  if (place != 0 && !pointer) {
    const unsigned lsb = machine_.format.ppn_lsb;
    if (level == 0) {
      page = (page & ~(0xFULL << lsb)) | (place == 1 ? kNapotPage : 4ULL) << lsb;
    } else {
      page ^= 1ULL << (place == 1 ? lsb : lsb + machine_.format.index_lsb(level) - 1);
    }
  }
  return entry | page;
}

std::uint64_t Space::riscv_of_pair(Digits& digits, const Question& q, unsigned level, const Slot& slot) const {
  const std::uint64_t flags = digits.take(128);  // all but G
  const std::uint64_t entry = (flags & (kG - 1)) | (flags & ~(kG - 1)) << 1;
  const std::uint64_t reserved = wide_ && digits.take(2) != 0 ? 1ULL << 54 : 0;
  return entry | reserved | ((entry & kRwx) == 0 ? pointer_at(level, slot) : page_at(q, level, slot));
}

std::uint64_t Space::x86_single(Digits& digits, const Question& q, unsigned level, const Slot& slot) const {
  const std::uint64_t flags = digits.take(128);
  std::uint64_t entry = (flags & 7) | (flags & 0x78) << 2 | (digits.take(2) != 0 ? kXd : 0);
  const bool pointer = level > 0 && (entry & kPs) == 0;
  entry |= pointer ? pointer_at(level, slot) : page_at(q, level, slot);
  switch (digits.take(kX86Places)) {
    case 1:  // reserved in a large page
      return pointer ? entry : entry ^ 1ULL << 13;
    case 2:  // PAT in a large page
      return pointer ? entry : entry ^ 1ULL << 12;
    case 3:
      return (entry & ~(low_mask(machine_.pa_bits) & ~0xFFFULL)) | nowhere();
    case 4:
      return machine_.pa_bits < 52 ? entry | 1ULL << machine_.pa_bits : entry;
    default:
      return entry;
  }
}

std::uint64_t Space::x86_of_pair(Digits& digits, const Question& q, unsigned level, const Slot& slot) const {
  std::uint64_t entry = digits.take(8) | (digits.take(2) != 0 ? kPs : 0) | (digits.take(2) != 0 ? kXd : 0);
  const bool pointer = level > 0 && (entry & kPs) == 0;
  entry |= pointer ? pointer_at(level, slot) : page_at(q, level, slot);
  if (digits.take(2) == 0) return entry;
  if (machine_.pa_bits < 52) return entry | 1ULL << machine_.pa_bits;
  return pointer ? entry : entry | 1ULL << 13;
}

void Space::set_mode(Question& q, std::uint64_t mode) const {
  Digits digits(mode);
  if (riscv_) {
    q.env.adue = digits.take(2) != 0;
    q.env.pbmte = digits.take(2) != 0;
    return;
  }
  q.env.pg = true;
  q.env.wp = digits.take(2) != 0;
  q.env.nxe = digits.take(2) != 0;
  q.env.smep = digits.take(2) != 0;
  q.env.smap = digits.take(2) != 0;
}

void Space::set_access(Question& q, std::uint64_t access) const {
  Digits digits(access);
  q.kind = static_cast<AccessKind>(digits.take(3));
  q.user = digits.take(2) != 0;
  q.sum = digits.take(2) != 0;
  q.mxr = riscv_ && digits.take(2) != 0;
}

}  // namespace vm::sweep
