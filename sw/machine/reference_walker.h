// SPDX-License-Identifier: Apache-2.0
//
// Address translation as the manuals write it down: an algorithm over the bytes in memory, without TLB, cache or time.
// Source "walk" of the translation check.
#pragma once

#include <cstdint>
#include <optional>

#include "machine/access.h"
#include "machine/context.h"
#include "machine/function_ref.h"
#include "machine/machine.h"
#include "machine/pte.h"

namespace vm {

// What is to be translated: `va` is the first byte of an access that lies inside one page.
struct Request {
  AccessKind kind = AccessKind::Load;
  bool user = true;
  VirtAddr va;
};

// The entry at this address, after byte order; nullopt: bus error. The address lies in a region of the machine.
using EntryReader = FunctionRef<std::optional<std::uint64_t>(PhysAddr entry, unsigned level)>;

struct WalkResult {
  Fault fault;  // the complete fault record; if none, the rest holds
  PhysAddr pa;
  Pte leaf;                  // rights of the page (Bare: all)
  unsigned entry_reads = 0;  // entries asked for
  PhysAddr entry_addr;       // the last of them
  std::uint64_t entry = 0;
  bool operator==(const WalkResult&) const = default;
};

// Order of the checks: upper address bits, table limit (both before any read); at each level entry address, bus error,
// valid; at the leaf privilege, then the right; then the final address.
WalkResult walk(const Machine& machine, const Context& context, const Request& request, EntryReader read_entry);

// Upper address bits and table limit only: Va, Limit or None. These need no table.
Cause refused_before_walk(const Machine& machine, const Context& context, VirtAddr va);

}  // namespace vm
