// SPDX-License-Identifier: Apache-2.0
//
// An address space as the hardware names it: what the control registers hold while it is active.
#pragma once

#include <cstdint>

#include "machine/address.h"

namespace vm {

// Memory type of a page: the encodings of the x86 PAT, and two of Svpbmt. WriteBack means: as the physical map says.
enum class MemType : std::uint8_t {
  Uncached = 0,
  WriteCombining = 1,
  NonCacheable = 2,  // Svpbmt NC
  Io = 3,            // Svpbmt IO
  WriteThrough = 4,
  WriteProtect = 5,
  WriteBack = 6,
  UncachedMinus = 7,
};

// Mode bits that are not part of the root (CtlReg::Env). wp, smep and smap are constant where the architecture has no
// such bit: RISC-V and flat formats never let a supervisor write a read-only page; RISC-V never lets it fetch from a
// user page, nor touch its data unless the access says SUM; flat formats have neither rule.
struct Environment {
  bool adue = false;   // RISC-V menvcfg.ADUE: hardware updates A and D; always on x86
  bool pbmte = false;  // RISC-V menvcfg.PBMTE
  bool pg = false;     // x86 CR0.PG
  bool wp = true;      // x86 CR0.WP
  bool pge = false;    // x86 CR4.PGE
  bool pcide = false;  // x86 CR4.PCIDE
  bool smep = false;   // x86 CR4.SMEP
  bool smap = false;   // x86 CR4.SMAP
  bool nxe = false;    // x86 EFER.NXE
  bool la57 = false;   // x86 CR4.LA57
  bool operator==(const Environment&) const = default;
};

struct Context {
  bool translate = false;  // false: Bare
  unsigned levels = 0;     // of the tables in force (0: the widest mode); means nothing in Bare mode
  PhysAddr base;
  std::uint64_t limit = ~0ULL;  // number of VPNs
  std::uint16_t asid = 0;       // RISC-V ASID, x86 PCID
  Environment env;
  std::uint64_t pat = 0x0007040600070406ULL;  // x86 IA32_PAT
  MemType root_type = MemType::WriteBack;     // of the root table's memory (x86)
  bool operator==(const Context&) const = default;
};

}  // namespace vm
