// SPDX-License-Identifier: Apache-2.0
#include "generator.h"

#include "machine/pte.h"

namespace vm::oracle {
namespace {

// RISC-V entries (R2).
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kG = 32, kA = 64, kD = 128;
constexpr unsigned kRiscvPpn = 10, kPbmtBit = 61, kNapotBit = 63;
// x86 entries (X17).
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kAx = 32, kDx = 64, kPs = 128;
constexpr std::uint64_t kXd = 1ULL << 63, kX86Ignored = 0xE00 | 0x7FULL << 52 | 0xFULL << 59;
constexpr unsigned kPageBits = 12;
constexpr unsigned kX86PpnBits = 28;  // addresses of 40 bits: all that the x86 oracle has

}  // namespace

Generator::Generator(const Machine& machine, std::uint64_t seed)
    : machine_(machine), layout_(machine.format.kind), random_(seed, "oracle " + machine.name) {}

Case Generator::next() {
  Case c;
  choose_mode(c);
  choose_address(c);
  lay_path(c);
  const bool riscv = machine_.format.kind == PteKind::Riscv;
  if (riscv) {
    riscv_valid(c);
  } else {
    x86_valid(c);
  }
  static constexpr std::array<unsigned, 10> kSpoiled{0, 0, 0, 1, 1, 1, 1, 1, 2, 3};
  for (unsigned n = kSpoiled.at(random_.below(kSpoiled.size())); n > 0; --n) {
    if (riscv) {
      riscv_spoil(c);
    } else {
      x86_spoil(c);
    }
  }
  if (riscv) lead_to_empty_table(c);
  if (machine_.format.pte_bytes_log2 == 2) {
    for (PathEntry& entry : c.entries()) entry.value &= low_mask(32);
  }
  return c;
}

void Generator::choose_mode(Case& c) {
  const Format& format = machine_.format;
  c.request.kind = static_cast<AccessKind>(random_.below(3));
  c.request.user = percent(50);
  c.request.sum = percent(50);
  c.context.translate = true;
  c.stored = random_.next() | 1;
  Environment& env = c.context.env;
  if (format.kind == PteKind::Riscv) {
    c.request.mxr = percent(50);
    c.context.levels = static_cast<unsigned>(random_.between(format.min_levels, format.levels));
    c.context.asid = static_cast<std::uint16_t>(random_.next() & low_mask(machine_.asid_bits));
    env.adue = true;  // no oracle keeps A and D in software
    env.pbmte = format.pbmt && percent(50);
  } else {
    env.pg = true;
    env.la57 = format.levels == 5;
    c.context.levels = format.levels;
    env.wp = percent(60);
    env.nxe = percent(80);
    env.smep = percent(30);
    env.smap = percent(30);
  }
  const unsigned highest_leaf = std::min(format.max_leaf_level, c.context.levels - 1);
  c.leaf = percent(60) ? 0 : static_cast<unsigned>(random_.below(highest_leaf + 1));
  c.length = c.context.levels - c.leaf;
}

void Generator::choose_address(Case& c) {
  const Format& format = machine_.format;
  const bool wide = format.pte_bytes_log2 == 3;
  pa_ = layout_.data() + (random_.below(Layout::kDataPages) << kPageBits);
  if (c.request.kind != AccessKind::Fetch) {
    const std::uint64_t unit = wide ? 8 : 4;
    pa_ += kCodeBytes + random_.below((4096 - kCodeBytes) / unit) * unit;
  }
  const unsigned offset_bits = kPageBits + format.index_lsb(c.leaf);
  const unsigned va_bits = kPageBits + format.vpn_bits(c.context.levels);
  std::uint64_t pages = random_.next();
  if (percent(15)) pages = 0;  // at the edges of the halves
  if (percent(15)) pages = ~0ULL;
  std::uint64_t va = (pages & ~low_mask(offset_bits)) | (pa_ & low_mask(offset_bits));
  va &= low_mask(va_bits);
  if (percent(50)) va ^= 1ULL << (va_bits - 1);
  // The last entry of an x86 root table is where an emulator keeps the program that asks.
  if (format.kind == PteKind::X86 && va >> (va_bits - 9) == 511) va ^= 1ULL << (va_bits - 2);
  if (format.upper_va == UpperVa::Sign && (va >> (va_bits - 1) & 1) != 0) va |= ~low_mask(va_bits);
  c.request.va = VirtAddr(va);
}

// Pages for the tables of the path (never one that a superpage could be), and its entries' addresses and page numbers.
void Generator::lay_path(Case& c) {
  const Format& format = machine_.format;
  const std::uint64_t vpn = c.request.va.value >> kPageBits;
  std::uint64_t table = layout_.table_page(c.context.levels - 1, random_.between(2, Layout::kTablePages - 1));
  c.context.base = PhysAddr(table);
  for (unsigned i = 0; i < c.length; ++i) {
    PathEntry& entry = c.path.at(i);
    entry.level = static_cast<std::uint8_t>(c.context.levels - 1 - i);
    const unsigned below = format.index_lsb(entry.level);
    const std::uint64_t index = vpn >> below & low_mask(format.index_bits.at(entry.level));
    entry.at = PhysAddr(table + (index << format.pte_bytes_log2));
    if (entry.level > c.leaf) {
      table = layout_.table_page(entry.level - 1U, random_.between(2, Layout::kTablePages - 1));
      entry.value = table;
    } else {
      entry.value = pa_ & ~low_mask(kPageBits + below);
    }
    if (format.kind == PteKind::Riscv) entry.value = entry.value >> kPageBits << kRiscvPpn;
  }
}

void Generator::leave_canonical(Case& c) {
  const unsigned width = machine_.format.upper_va == UpperVa::Sign
                             ? kPageBits + machine_.format.vpn_bits(c.context.levels)
                             : machine_.va_bits;
  if (machine_.format.upper_va == UpperVa::Zero) return;  // the core has no wider address
  const unsigned bit = percent(40) ? width : static_cast<unsigned>(random_.between(width, 63));
  c.request.va = VirtAddr(c.request.va.value ^ 1ULL << bit);
}

std::uint64_t Generator::outside() {
  // Above all memory of subject and oracle alike, as near and as far as the format can say. QEMU has devices at 16 GiB.
  const unsigned bits = machine_.format.kind == PteKind::X86 ? kX86PpnBits : machine_.format.ppn_bits;
  const std::uint64_t first = 0x1'0000'0000ULL >> kPageBits;
  std::uint64_t page = 0;
  do {
    page = percent(50) ? first + random_.below(first) : 1ULL << random_.between(bits > 24 ? 24 : 20, bits - 1);
    // Unicorn's 32-bit core cuts addresses to 32 bits (against R6): those must be outside memory, too.
  } while (machine_.format.pte_bytes_log2 == 2 && layout_.contains(page << kPageBits & low_mask(32)));
  return page;
}

void Generator::riscv_valid(Case& c) {
  for (PathEntry& entry : c.entries()) entry.value |= kV | (percent(10) ? kG : 0) | (random_.next() & 0x300);
  PathEntry& leaf = leaf_entry(c);
  const bool user_page = c.request.user || (c.request.kind != AccessKind::Fetch && c.request.sum && percent(50));
  std::uint64_t rights = 0;
  switch (c.request.kind) {
    case AccessKind::Fetch:
      rights = percent(50) ? kX : kX | kR | (percent(50) ? kW : 0);
      break;
    case AccessKind::Load:
      rights = c.request.mxr && percent(30) ? kX : kR | (percent(50) ? kW : 0) | (percent(30) ? kX : 0);
      break;
    case AccessKind::Store:
      rights = kR | kW | (percent(30) ? kX : 0);
      break;
  }
  leaf.value |= rights | (user_page ? kU : 0) | (percent(70) ? kA : 0) | (percent(70) ? kD : 0);
  if (machine_.format.napot && c.leaf == 0 && percent(15)) {
    // 64 KiB: the low bits of the page number come from the address.
    leaf.value = (leaf.value & ~(0xFULL << kRiscvPpn)) | 8ULL << kRiscvPpn | 1ULL << kNapotBit;
    const std::uint64_t window = 0xF000;
    c.request.va = VirtAddr((c.request.va.value & ~window) | (pa_ & window));
    const unsigned low = static_cast<unsigned>(c.request.va.value >> kPageBits & 0x1FF);
    leaf.at = PhysAddr((leaf.at.value & ~0xFFFULL) | low * 8ULL);
  }
  if (c.context.env.pbmte && percent(20)) leaf.value |= random_.between(1, 2) << kPbmtBit;
}

void Generator::riscv_spoil(Case& c) {
  PathEntry& any = some_entry(c);
  PathEntry& leaf = leaf_entry(c);
  switch (random_.below(16)) {
    case 0:
      any.value &= ~kV;
      break;
    case 1:  // a pointer that is written like a leaf
      if (c.length > 1) c.path.at(random_.below(c.length - 1U)).value |= random_.next() & (kU | kA | kD);
      break;
    case 2:
      flip(any, static_cast<unsigned>(random_.between(54, 63)));
      break;
    case 3:
      leaf.value = (leaf.value & ~(kR | kW)) | kW;
      break;
    case 4:
      leaf.value ^= kU;
      break;
    case 5:
      leaf.value ^= random_.next() & (kR | kW | kX);
      break;
    case 6:
      leaf.value &= ~kA;
      break;
    case 7:
      leaf.value &= ~kD;
      break;
    case 8:  // a superpage that is not aligned; at level 0: the next page, or another size of NAPOT
      if (c.leaf > 0) {
        flip(leaf, kRiscvPpn + static_cast<unsigned>(random_.below(machine_.format.index_lsb(c.leaf))));
      } else if ((leaf.value >> kNapotBit) != 0) {
        flip(leaf, kRiscvPpn + static_cast<unsigned>(random_.below(4)));
      }
      break;
    case 9:  // a pointer where there is no next table
      leaf.value &= ~(kR | kW | kX);
      break;
    case 10:
      any.value = (any.value & (~0ULL << 54 | 0x3FF)) | outside() << kRiscvPpn;
      break;
    case 11:
      leave_canonical(c);
      break;
    case 12:
      leaf.value = (leaf.value & ~0xFFULL) | (random_.next() & 0xFF);
      break;
    case 13:
      c.request.sum = !c.request.sum;
      c.request.user = false;
      break;
    case 14:
      c.request.mxr = !c.request.mxr;
      break;
    default:  // a leaf where a pointer was
      any.value |= random_.next() & (kR | kW | kX);
      break;
  }
}

// A superpage that has become a pointer leads to an empty table: data and program are not meant to be read as entries.
void Generator::lead_to_empty_table(Case& c) {
  PathEntry& leaf = leaf_entry(c);
  const std::uint64_t field = low_mask(machine_.format.ppn_bits) << kRiscvPpn;
  const std::uint64_t page = (leaf.value & field) >> kRiscvPpn << kPageBits;
  if (c.leaf == 0 || (leaf.value & (kR | kW | kX)) != 0 || machine_.region_of(PhysAddr(page)) == nullptr) return;
  leaf.value = (leaf.value & ~field) | layout_.table_page(c.leaf - 1, 0) >> kPageBits << kRiscvPpn;
}

void Generator::x86_valid(Case& c) {
  const bool store = c.request.kind == AccessKind::Store;
  const bool user_page = c.request.user || percent(40);
  for (PathEntry& entry : c.entries()) {
    entry.value |= kP | (store || percent(60) ? kRw : 0) | (user_page || percent(30) ? kUs : 0);
    entry.value |= (percent(70) ? kAx : 0) | (percent(60) ? kDx : 0);
    // Memory types, G, and what hardware ignores.
    entry.value |= random_.next() & (kX86Ignored | 0x118);
  }
  PathEntry& leaf = leaf_entry(c);
  if (c.leaf > 0) {
    leaf.value |= kPs | (percent(50) ? 1ULL << 12 : 0);
  } else if (percent(50)) {
    leaf.value |= kPs;  // PAT in an entry of a page table
  }
  if (c.request.kind != AccessKind::Fetch && c.context.env.nxe && percent(30)) some_entry(c).value |= kXd;
}

void Generator::x86_spoil(Case& c) {
  PathEntry& any = some_entry(c);
  PathEntry& leaf = leaf_entry(c);
  switch (random_.below(13)) {
    case 0:
      any.value &= ~kP;
      break;
    case 1:
      any.value ^= kUs;
      break;
    case 2:
      any.value ^= kRw;
      break;
    case 3:
      any.value ^= kXd;
      break;
    case 4:
      any.value ^= kPs;
      break;
    case 5:
      if (machine_.pa_bits < 52) flip(any, static_cast<unsigned>(random_.between(machine_.pa_bits, 51)));
      break;
    case 6:
      if (c.leaf > 0) flip(leaf, static_cast<unsigned>(random_.between(13, kPageBits - 1 + 9 * c.leaf)));
      break;
    case 7:
      any.value &= ~kAx;
      break;
    case 8:
      leaf.value &= ~kDx;
      break;
    case 9: {
      const std::uint64_t address = 0xF'FFFF'FFFF'F000ULL & low_mask(machine_.pa_bits);
      any.value = (any.value & ~address) | (outside() << kPageBits & address);
      break;
    }
    case 10:
      leave_canonical(c);
      break;
    case 11:
      c.request.sum = !c.request.sum;
      break;
    default:
      c.request.user = !c.request.user;
      break;
  }
}

}  // namespace vm::oracle
