// SPDX-License-Identifier: Apache-2.0
//
// Address translation as the manuals write it down: an algorithm over the bytes in memory, without TLB, cache or time.
// Source "walk" of the translation check.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "machine/access.h"
#include "machine/context.h"
#include "machine/function_ref.h"
#include "machine/machine.h"
#include "machine/pte.h"

namespace vm {

// The entry at this address, after byte order; nullopt: bus error. The address lies in a region of the machine.
using EntryReader = FunctionRef<std::optional<std::uint64_t>(PhysAddr entry, unsigned level)>;

// An entry on the path, in walk order. `wanted` differs from `value` where accessed or dirty bits have to be set: the
// walk goes on as if the compare-and-set had succeeded; carrying it out is the caller's business.
struct Step {
  PhysAddr entry;
  std::uint64_t value = 0;
  std::uint64_t wanted = 0;
  std::uint8_t level = 0;
  bool operator==(const Step&) const = default;
};

struct WalkResult {
  Fault fault;  // the complete fault record; if none, the rest holds
  PhysAddr pa;
  Pte leaf;                  // rights over the whole path (x86: accumulated), global and type included (Bare: all)
  unsigned level = 0;        // of the leaf: size of the page
  unsigned entry_reads = 0;  // entries asked for
  PhysAddr entry_addr;       // the last of them
  std::uint64_t entry = 0;   // as it is after the walk: with the bits that had to be set (as in the fault record)
  std::array<Step, Format::kMaxLevels> path{};  // entry_reads of them (one that gave a bus error has value 0)
  bool operator==(const WalkResult&) const = default;
};

// Order of the checks: upper address bits, table limit (both before any read); at each level entry address, bus error,
// valid, reserved; at the leaf privilege, the right, accessed, dirty; then the final address.
WalkResult walk(const Machine& machine, const Context& context, const Request& request, EntryReader read_entry);

// The same from an entry at `level` on, in a table known to lie at `table`; `above` is what the path above accumulated.
WalkResult walk_from(const Machine& machine, const Context& context, const Request& request, unsigned level,
                     PhysAddr table, const Pte& above, EntryReader read_entry);

// Upper address bits and table limit only: Va, Limit or None. These need no table.
Cause refused_before_walk(const Machine& machine, const Context& context, VirtAddr va);

}  // namespace vm
