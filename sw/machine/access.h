// SPDX-License-Identifier: Apache-2.0
//
// What a core asks and what it can be told: accesses, fault causes and the fault record. The numbers are those of
// rtl/vm_pkg.sv and docs/trace_interface.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "machine/address.h"

namespace vm {

enum class AccessKind : std::uint8_t { Fetch = 0, Load = 1, Store = 2 };

// What an access of the data port is beside a load or a store (R35): an LR is a load, an SC and an AMO are stores.
enum class AtomicOp : std::uint8_t {
  None = 0,
  Lr = 1,
  Sc = 2,
  Swap = 3,
  Add = 4,
  Xor = 5,
  And = 6,
  Or = 7,
  Min = 8,
  Max = 9,
  Minu = 10,
  Maxu = 11,
};
inline constexpr unsigned kAtomicOps = 12;
std::string_view to_string(AtomicOp op);       // "lr", "sc", "amoswap", ... ; "none"
AtomicOp atomic_named(std::string_view name);  // None: there is none of this name

constexpr bool is_amo(AtomicOp op) { return op >= AtomicOp::Swap; }
constexpr AccessKind kind_of(AtomicOp op) { return op == AtomicOp::Lr ? AccessKind::Load : AccessKind::Store; }
// What an AMO of so many bytes leaves in memory; an SC and a swap leave the operand.
std::uint64_t amo_result(AtomicOp op, unsigned bytes, std::uint64_t old, std::uint64_t operand);

enum class Cause : std::uint8_t {
  None = 0,
  Va = 1,           // upper virtual-address bits are wrong (R4, X1)
  Limit = 2,        // VPN at or above the table limit
  Invalid = 3,      // entry not valid (R7, X3)
  Privilege = 4,    // user access to a kernel page, or supervisor access to a user page (R11, X6, X8)
  Read = 5,         // no read right (R12)
  Write = 6,        // no write right (R12, X7)
  Exec = 7,         // no execute right (R12, X8)
  EntryAccess = 8,  // an entry's address lies in a hole of the physical map (R6)
  EntryBus = 9,     // bus error while an entry was read (R6)
  Access = 10,      // the translated address lies in a hole or beyond PaBits, or takes no atomics (R6, R14)
  Bus = 11,         // bus error on the data itself
  Reserved = 12,    // reserved bits or encodings, misaligned superpage, pointer at level 0 (R7, R9, R10, X4)
  Accessed = 13,    // accessed bit clear, and software keeps it (R13)
  Dirty = 14,       // store with the dirty bit clear, and software keeps it (R13)
  Misaligned = 15,  // an atomic that is no aligned word or doubleword (R34)
};

std::string_view to_string(AccessKind kind);  // "fetch", "load", "store"
std::string_view to_string(Cause cause);      // "none", "va", "limit", "invalid", "privilege", ...

// A page fault is one the operating system may repair by changing the table; the other causes are bus faults.
constexpr bool is_page_fault(Cause c) {
  return (c >= Cause::Va && c <= Cause::Exec) || c == Cause::Reserved || c == Cause::Accessed || c == Cause::Dirty;
}

// level, pte_addr, pte: the entry that decided; zero where none did (Va, Limit, Bus, Bare mode). EntryAccess and
// EntryBus have pte = 0. va: first byte of the access in the page (piece) that faulted (R15).
struct Fault {
  Cause cause = Cause::None;
  AccessKind access = AccessKind::Load;
  bool user = false;
  std::uint8_t level = 0;
  VirtAddr va;
  PhysAddr pte_addr;
  std::uint64_t pte = 0;
  std::uint16_t code = 0;  // as the architecture reports it (architectural_code)

  explicit operator bool() const { return cause != Cause::None; }
  bool operator==(const Fault&) const = default;
};

// One access of a core port: 2^size_log2 bytes at any alignment. `data` is the value as the core sees it: the byte at
// `va` is its least significant byte (the drivers move it to byte lanes).
struct Access {
  AccessKind kind = AccessKind::Load;
  AtomicOp atomic = AtomicOp::None;  // kind is kind_of(atomic) then
  bool user = true;
  bool sum = false;  // RISC-V: SUM. x86: EFLAGS.AC of an explicit access
  bool mxr = false;  // RISC-V: MXR
  std::uint8_t size_log2 = 0;
  VirtAddr va;
  std::uint64_t data = 0;

  unsigned size() const { return 1U << size_log2; }
  // Whether there is data in the answer: an SC answers 0 if it has stored, else 1.
  bool answers_data() const { return kind != AccessKind::Store || atomic != AtomicOp::None; }
  // An atomic that is refused before translation (R34).
  bool is_misaligned() const { return atomic != AtomicOp::None && (size() < 4 || va.value % size() != 0); }
};

}  // namespace vm
