// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace vm::sweep {
namespace {

// R2. Sv32 has 32-bit entries: nothing above bit 31.
struct Entry {
  std::uint64_t raw;
  bool v() const { return (raw & 0x01) != 0; }
  bool r() const { return (raw & 0x02) != 0; }
  bool w() const { return (raw & 0x04) != 0; }
  bool x() const { return (raw & 0x08) != 0; }
  bool u() const { return (raw & 0x10) != 0; }
  bool a() const { return (raw & 0x40) != 0; }
  bool d() const { return (raw & 0x80) != 0; }
  std::uint64_t ppn() const { return (raw & 0x003F'FFFF'FFFF'FC00) / 1024; }
  bool reserved_60_54() const { return (raw & 0x1FC0'0000'0000'0000) != 0; }
  unsigned pbmt() const { return static_cast<unsigned>((raw & 0x6000'0000'0000'0000) / 0x2000'0000'0000'0000); }
  bool n() const { return (raw & 0x8000'0000'0000'0000) != 0; }
  bool pointer() const { return !r() && !w() && !x(); }  // R8
};

// R7 to R10 and R29: what no entry that is valid may look like.
bool forbidden(const Question& q, unsigned level, Entry e) {
  const bool wide = q.machine->format.pte_bytes_log2 == 3;
  if (e.w() && !e.r()) return true;
  if (wide && e.reserved_60_54()) return true;
  if (wide && e.pbmt() != 0 && !(q.machine->format.pbmt && q.env.pbmte)) return true;
  if (wide && e.pbmt() == 3) return true;
  if (wide && e.n() && !q.machine->format.napot) return true;
  if (e.pointer()) {
    const bool leaf_bits = e.a() || e.d() || e.u() || (wide && (e.n() || e.pbmt() != 0));
    return level == 0 || leaf_bits;
  }
  if (wide && e.n() && (level != 0 || e.ppn() % 16 != 8)) return true;
  const std::uint64_t frames = 1ULL << (page_bits(q, level) - q.machine->format.page_bits);
  return e.ppn() % frames != 0;
}

// R11.
bool privilege_allows(const Question& q, Entry e) {
  if (q.user) return e.u();
  return !e.u() || (q.sum && q.kind != AccessKind::Fetch);
}

// R12.
Cause right_missing(const Question& q, Entry e) {
  if (q.kind == AccessKind::Fetch) return e.x() ? Cause::None : Cause::Exec;
  if (q.kind == AccessKind::Store) return e.w() ? Cause::None : Cause::Write;
  return e.r() || (q.mxr && e.x()) ? Cause::None : Cause::Read;
}

// R4: bits 63:VA-1 all equal; Sv32 has 32-bit addresses.
bool address_allowed(const Question& q) {
  if (q.machine->format.upper_va == UpperVa::Zero) return q.va <= 0xFFFF'FFFF;
  const unsigned sign = page_bits(q, q.levels) - 1;
  const std::uint64_t upper = q.va >> sign;
  return upper == 0 || upper == ~0ULL >> sign;
}

Verdict fault(Cause cause, unsigned level, const Question& q, const Entries& after) {
  // Exception codes, page fault and access fault, of fetch, load and store.
  static constexpr std::array<std::uint16_t, 3> kPage{12, 13, 15}, kAccess{1, 5, 7};
  const bool access = cause == Cause::EntryAccess || cause == Cause::Access;
  const auto kind = static_cast<std::size_t>(q.kind);
  return {.cause = cause, .level = level, .code = (access ? kAccess : kPage).at(kind), .pa = 0, .after = after};
}

}  // namespace

Verdict riscv_rules(const Question& q) {
  Entries after = q.entries;
  if (!address_allowed(q)) return fault(Cause::Va, 0, q, after);

  // The walk ends at the first level, from the root on, whose entry is anything but a pointer it may follow (R5 to R8).
  unsigned level = q.levels;
  std::uint64_t table = q.root;
  Entry e{};
  do {
    --level;
    if (!in_memory(q, entry_address(q, level, table))) return fault(Cause::EntryAccess, level, q, after);
    e = {q.entries.at(level)};
    table = e.ppn() << q.machine->format.page_bits;
  } while (e.v() && !forbidden(q, level, e) && e.pointer());

  if (!e.v()) return fault(Cause::Invalid, level, q, after);
  if (forbidden(q, level, e)) return fault(Cause::Reserved, level, q, after);
  if (!privilege_allows(q, e)) return fault(Cause::Privilege, level, q, after);
  if (const Cause missing = right_missing(q, e); missing != Cause::None) return fault(missing, level, q, after);

  // R13: faults where software keeps the bits, else they are set.
  const bool store = q.kind == AccessKind::Store;
  if (!q.env.adue && !e.a()) return fault(Cause::Accessed, level, q, after);
  if (!q.env.adue && store && !e.d()) return fault(Cause::Dirty, level, q, after);
  after.at(level) |= store ? 0xC0 : 0x40;

  // R14: the page's frame above, the address below; R10: a NAPOT range is 64 KiB.
  const unsigned offset = e.n() && q.machine->format.napot ? 16 : page_bits(q, level);
  const std::uint64_t frame = (e.ppn() << q.machine->format.page_bits) >> offset << offset;
  const std::uint64_t pa = frame + q.va % (1ULL << offset);
  if (!in_memory(q, pa)) return fault(Cause::Access, level, q, after);
  return {.cause = Cause::None, .level = level, .code = 0, .pa = pa, .after = after};
}

}  // namespace vm::sweep
