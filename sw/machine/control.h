// SPDX-License-Identifier: Apache-2.0
//
// The control registers, as the architecture manuals describe them: what a write changes, when it is refused, and what
// it makes the hardware forget. The C++ twin of rtl/vm_ctl.sv, used by the checkers, the OS model and the reference
// platform alike.
//
//   Base, Limit, Asid, Mode, TrapBase, TrapEnter, TrapReturn   flat formats only
//   Root   RISC-V satp (R1, R3), x86 CR3 (X2, X13, X20)
//   Env    bit 0 PG, 1 WP, 2 PGE, 3 PCIDE, 4 SMEP, 5 SMAP, 6 NXE, 7 LA57 (x86); 8 ADUE, 9 PBMTE (RISC-V)
//   Pat    x86 IA32_PAT (X18)
#pragma once

#include <cstdint>
#include <optional>

#include "machine/access.h"
#include "machine/context.h"
#include "machine/fence.h"
#include "machine/machine.h"

namespace vm {

enum class CtlReg : std::uint8_t {
  Base = 0,   // address of the root table
  Limit = 1,  // number of VPNs the table serves (after reset: all)
  Asid = 2,
  Mode = 3,        // 0 Bare (after reset), 1 translate
  TrapBase = 4,    // base that an exception switches to (machines with trap_swap)
  TrapEnter = 5,   // the core starts an exception: base := trap base. Allowed in user mode
  TrapReturn = 6,  // base := the base before TrapEnter
  Root = 7,        // RISC-V satp, x86 CR3
  Env = 8,
  Pat = 9,
};

// All control registers of a machine, which must outlive them.
class Control {
 public:
  explicit Control(const Machine& machine);  // as after reset

  struct Effect {
    bool refused = false;            // nothing changed
    std::optional<Fence> forgotten;  // translations the hardware drops as part of the write
  };
  Effect write(CtlReg reg, std::uint64_t value, bool user);
  const Context& context() const { return context_; }
  std::uint64_t read(CtlReg reg) const;  // the value that, written, gives this state; 0 where there is no such register

 private:
  bool write_flat(CtlReg reg, std::uint64_t value);
  Effect write_satp(std::uint64_t value);
  Effect write_cr3(std::uint64_t value);
  Effect write_env(std::uint64_t value);
  Effect write_pat(std::uint64_t value);
  void apply_cr3_low();

  const Machine& machine_;
  Context context_;
  PhysAddr trap_base_, saved_base_;
  std::uint64_t cr3_low_ = 0;  // CR3 bits 11:0 as written: what they mean follows CR4.PCIDE (X20)
};

// The value of Root (satp, CR3) that selects this address space. x86: `keep` sets bit 63 (with PCIDE).
std::uint64_t root_value(const Machine& machine, const Context& context, bool keep = false);
// The value of Env for these mode bits.
std::uint64_t env_value(const Machine& machine, const Environment& env);

// RISC-V exception code; x86 vector << 8 | error code (X9, X25); 0 for flat formats and without a fault.
std::uint16_t architectural_code(const Machine& machine, const Context& context, const Fault& fault);

}  // namespace vm
