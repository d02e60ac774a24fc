// SPDX-License-Identifier: Apache-2.0
//
// The rules of translation as predicates over the entries of one path, each written down from its text and cited by
// number. No code is shared with the walker of sw/, nor with its decoding of entries: only the names of causes are.
#pragma once

#include <array>
#include <cstdint>

#include "machine/access.h"
#include "machine/context.h"
#include "machine/machine.h"

namespace vm::sweep {

using Entries = std::array<std::uint64_t, Format::kMaxLevels>;  // by level

struct Question {
  const Machine* machine = nullptr;  // widths and memory map
  unsigned levels = 0;               // of the mode in force
  Environment env;
  AccessKind kind = AccessKind::Load;
  bool user = false, sum = false, mxr = false;
  std::uint64_t va = 0;
  std::uint64_t root = 0;  // address of the root table
  Entries entries{};       // the entry that lies where this path looks, at each level
};

struct Verdict {
  Cause cause = Cause::None;
  unsigned level = 0;      // of the deciding entry, or of the leaf
  std::uint16_t code = 0;  // as the architecture reports the fault
  std::uint64_t pa = 0;    // without a fault
  Entries after{};         // with the bits set that hardware sets
  bool operator==(const Verdict&) const = default;
};

Verdict riscv_rules(const Question& q);
Verdict x86_rules(const Question& q);
inline Verdict rules(const Question& q) {
  return q.machine->format.kind == PteKind::X86 ? x86_rules(q) : riscv_rules(q);
}

// Lies in no hole and within the physical width (R6, R14, X19).
bool in_memory(const Question& q, std::uint64_t pa);
// Address bits below what a page of this level maps.
unsigned page_bits(const Question& q, unsigned level);
// Where the entry of this level lies in the table at `table`.
std::uint64_t entry_address(const Question& q, unsigned level, std::uint64_t table);

}  // namespace vm::sweep
