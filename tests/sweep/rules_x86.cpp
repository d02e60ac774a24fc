// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules.h"

namespace vm::sweep {
namespace {

// X17.
constexpr std::uint64_t kPresent = 1, kWrite = 2, kUser = 4, kAccessed = 0x20, kDirty = 0x40, kPageSize = 0x80;
constexpr std::uint64_t kNoExecute = 0x8000'0000'0000'0000, kAddressBits = 0x000F'FFFF'FFFF'F000;

bool has(std::uint64_t entry, std::uint64_t bit) { return (entry & bit) != 0; }

// An entry of a page table maps a page; one of a directory does where PS says so (X17).
bool maps_page(unsigned level, std::uint64_t entry) { return level == 0 || (level <= 2 && has(entry, kPageSize)); }

// X4.
bool reserved(const Question& q, unsigned level, std::uint64_t entry) {
  const std::uint64_t beyond = kAddressBits >> q.machine->pa_bits << q.machine->pa_bits;
  if (has(entry, beyond)) return true;
  if (has(entry, kNoExecute) && !q.env.nxe) return true;
  const bool page_size = level > 0 && has(entry, kPageSize);
  if (page_size && level > q.machine->format.max_leaf_level) return true;
  // 2 MiB: bits 20:13; 1 GiB: bits 29:13. Bit 12 is PAT.
  if (page_size && level == 1) return has(entry, 0x1F'E000);
  if (page_size && level == 2) return has(entry, 0x3FFF'E000);
  return false;
}

struct Rights {
  bool user, write, no_execute;
};

// X5: of all entries from the root to the leaf.
Rights rights(const Question& q, unsigned leaf) {
  Rights r{.user = true, .write = true, .no_execute = false};
  for (unsigned level = leaf; level < q.levels; ++level) {
    r.user = r.user && has(q.entries.at(level), kUser);
    r.write = r.write && has(q.entries.at(level), kWrite);
    r.no_execute = r.no_execute || has(q.entries.at(level), kNoExecute);
  }
  return r;
}

// X6 to X8, in the order in which they are told apart.
Cause denied(const Question& q, const Rights& r) {
  const bool fetch = q.kind == AccessKind::Fetch;
  const bool store = q.kind == AccessKind::Store;
  if (q.user && !r.user) return Cause::Privilege;
  if (!q.user && r.user && fetch && q.env.smep) return Cause::Privilege;
  if (!q.user && r.user && !fetch && q.env.smap && !q.sum) return Cause::Privilege;
  if (store && !r.write && (q.user || q.env.wp)) return Cause::Write;
  if (fetch && r.no_execute) return Cause::Exec;
  return Cause::None;
}

// X1.
bool canonical(const Question& q) {
  const unsigned sign = page_bits(q, q.levels) - 1;
  const std::uint64_t upper = q.va >> sign;
  return upper == 0 || upper == ~0ULL >> sign;
}

// X9: vector in the upper byte.
std::uint16_t code_of(const Question& q, Cause cause) {
  if (cause == Cause::Va) return 0x0D00;
  if (cause == Cause::EntryAccess || cause == Cause::Access) return 0x1200;
  unsigned error = cause == Cause::Invalid ? 0 : 1;
  if (q.kind == AccessKind::Store) error += 2;
  if (q.user) error += 4;
  if (cause == Cause::Reserved) error += 8;
  if (q.kind == AccessKind::Fetch && (q.env.nxe || q.env.smep)) error += 16;
  return static_cast<std::uint16_t>(0x0E00 + error);
}

}  // namespace

Verdict x86_rules(const Question& q) {
  Entries after = q.entries;
  const auto fault = [&](Cause cause, unsigned level) {
    return Verdict{.cause = cause, .level = level, .code = code_of(q, cause), .pa = 0, .after = after};
  };
  if (!canonical(q)) return fault(Cause::Va, 0);

  std::uint64_t table = q.root;
  for (unsigned level = q.levels - 1;; --level) {
    if (!in_memory(q, entry_address(q, level, table))) return fault(Cause::EntryAccess, level);
    const std::uint64_t entry = q.entries.at(level);
    // X3, X15: not present beats reserved, and a higher level beats a lower one.
    if (!has(entry, kPresent)) return fault(Cause::Invalid, level);
    if (reserved(q, level, entry)) return fault(Cause::Reserved, level);
    if (maps_page(level, entry)) {
      if (const Cause cause = denied(q, rights(q, level)); cause != Cause::None) return fault(cause, level);
      // X10: the leaf is marked only for an access that is allowed; D by stores (X27: also one that WP=0 lets through).
      after.at(level) |= kAccessed | (q.kind == AccessKind::Store ? kDirty : 0);
      const std::uint64_t page = 1ULL << page_bits(q, level);
      const std::uint64_t pa = (entry & kAddressBits) / page * page + q.va % page;
      if (!in_memory(q, pa)) return fault(Cause::Access, level);
      return {.cause = Cause::None, .level = level, .code = 0, .pa = pa, .after = after};
    }
    after.at(level) |= kAccessed;  // X10: top-down, before the next entry is looked at
    table = entry & kAddressBits;
  }
}

}  // namespace vm::sweep
