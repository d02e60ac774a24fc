// SPDX-License-Identifier: Apache-2.0
#include "machine/control.h"

#include <algorithm>
#include <array>

namespace vm {
namespace {

// Position in Env = position here.
constexpr std::array<bool Environment::*, 10> kEnvBits = {
    &Environment::pg,   &Environment::wp,  &Environment::pge,  &Environment::pcide, &Environment::smep,
    &Environment::smap, &Environment::nxe, &Environment::la57, &Environment::adue,  &Environment::pbmte};
constexpr unsigned kX86EnvBits = 7, kLa57 = 7, kAdue = 8, kPbmte = 9;

std::uint64_t env_mask(const Format& format) {
  switch (format.kind) {
    case PteKind::Flat:
      return 0;
    case PteKind::Riscv:
      return (format.hw_ad ? 1ULL << kAdue : 0) | (format.pbmt ? 1ULL << kPbmte : 0);
    case PteKind::X86:
      return low_mask(kX86EnvBits) | (format.levels == Format::kMaxLevels ? 1ULL << kLa57 : 0);
  }
  return 0;
}

// satp (R1): where its fields lie, and what MODE is for so many levels.
struct Satp {
  unsigned mode_lsb, asid_lsb, asid_bits;
  unsigned mode_of(unsigned levels) const { return mode_lsb == 31 ? 1 : levels + 5; }
};
Satp satp(const Format& format) {
  return format.pte_bytes() == 4 ? Satp{.mode_lsb = 31, .asid_lsb = 22, .asid_bits = 9}
                                 : Satp{.mode_lsb = 60, .asid_lsb = 44, .asid_bits = 16};
}

// CR3 (X2, X13, X18, X20).
constexpr unsigned kPcidBits = 12, kRootTypeLsb = 3, kKeepBit = 63;
constexpr std::uint64_t kPcidMask = low_mask(kPcidBits);

bool pat_is_legal(std::uint64_t pat) {
  for (unsigned i = 0; i < 8; ++i, pat >>= 8) {
    const std::uint64_t type = pat & 0xFF;
    if (type > 7 || type == 2 || type == 3) return false;
  }
  return true;
}

constexpr Fence kEverything{};

}  // namespace

Control::Control(const Machine& machine) : machine_(machine) {
  context_.levels = machine.format.levels;
  if (machine.format.kind == PteKind::Flat) context_.limit = 1ULL << machine.vpn_bits();
  if (machine.format.kind == PteKind::X86) {
    context_.levels = machine.format.min_levels;  // LA57 is off
    context_.env.adue = true;
    context_.env.wp = false;
  }
}

Control::Effect Control::write(CtlReg reg, std::uint64_t value, bool user) {
  constexpr Effect kRefused{.refused = true, .forgotten = {}};
  if (user && reg != CtlReg::TrapEnter) return kRefused;
  if (reg == CtlReg::Env && machine_.format.kind != PteKind::Flat) return write_env(value);
  switch (machine_.format.kind) {
    case PteKind::Flat:
      return write_flat(reg, value) ? Effect{} : kRefused;
    case PteKind::Riscv:
      return reg == CtlReg::Root ? write_satp(value) : kRefused;
    case PteKind::X86:
      if (reg == CtlReg::Root) return write_cr3(value);
      return reg == CtlReg::Pat ? write_pat(value) : kRefused;
  }
  return kRefused;
}

bool Control::write_flat(CtlReg reg, std::uint64_t value) {
  const bool base_ok = value <= low_mask(machine_.bus_bits) && value % machine_.format.pte_bytes() == 0;
  switch (reg) {
    case CtlReg::Base:
      if (base_ok) context_.base = PhysAddr(value);
      return base_ok;
    case CtlReg::Limit:
      if (value > 1ULL << machine_.vpn_bits()) return false;
      context_.limit = value;
      return true;
    case CtlReg::Asid:
      if (value > low_mask(machine_.asid_bits)) return false;
      context_.asid = static_cast<std::uint16_t>(value);
      return true;
    case CtlReg::Mode:
      if (value > 1) return false;
      context_.translate = value == 1;
      return true;
    case CtlReg::TrapBase:
      if (!machine_.trap_swap || !base_ok) return false;
      trap_base_ = PhysAddr(value);
      return true;
    case CtlReg::TrapEnter:
      if (!machine_.trap_swap) return false;
      saved_base_ = context_.base;
      context_.base = trap_base_;
      return true;
    case CtlReg::TrapReturn:
      if (!machine_.trap_swap) return false;
      context_.base = saved_base_;
      return true;
    case CtlReg::Root:
    case CtlReg::Env:
    case CtlReg::Pat:
      break;
  }
  return false;
}

// R3: an unsupported MODE changes nothing. R18, R21: satp itself makes nothing forgotten; this hardware forgets
// everything where the number of levels changes, so that no entry outlives the width it was made for (M15).
Control::Effect Control::write_satp(std::uint64_t value) {
  const Format& format = machine_.format;
  const Satp fields = satp(format);
  const unsigned mode = static_cast<unsigned>(value >> fields.mode_lsb & (format.pte_bytes() == 4 ? 1 : 0xF));
  unsigned levels = context_.levels;
  if (mode != 0) {
    for (levels = format.min_levels; levels <= format.levels && fields.mode_of(levels) != mode;) ++levels;
    if (levels > format.levels) return {.refused = true, .forgotten = {}};
  }
  Effect effect;
  if (levels != context_.levels) effect.forgotten = kEverything;
  context_.translate = mode != 0;
  context_.levels = levels;
  context_.base = PhysAddr((value & low_mask(format.ppn_bits)) << format.page_bits);
  context_.asid =
      static_cast<std::uint16_t>(value >> fields.asid_lsb & low_mask(std::min(fields.asid_bits, machine_.asid_bits)));
  return effect;
}

Control::Effect Control::write_cr3(std::uint64_t value) {
  const bool keep = (value >> kKeepBit & 1U) != 0;
  const std::uint64_t reserved = low_mask(kKeepBit) & ~low_mask(machine_.pa_bits);  // X19: 51:MAXPHYADDR; 62:52
  if ((value & reserved) != 0 || (keep && !context_.env.pcide)) return {.refused = true, .forgotten = {}};
  context_.base = PhysAddr(value & low_mask(machine_.pa_bits) & ~low_mask(machine_.format.page_bits));
  cr3_low_ = value & kPcidMask;
  apply_cr3_low();
  Effect effect;
  if (!keep) effect.forgotten = Fence{.by_asid = true, .globals = false, .asid = context_.asid};  // X13
  return effect;
}

// Bits 11:0 are the PCID (X20), or hold the type of the root's memory (X18).
void Control::apply_cr3_low() {
  const bool pcide = context_.env.pcide;
  const unsigned index = pcide ? 0 : static_cast<unsigned>(cr3_low_ >> kRootTypeLsb & 3U);
  context_.asid = static_cast<std::uint16_t>(pcide ? cr3_low_ & low_mask(machine_.asid_bits) : 0);
  context_.root_type = static_cast<MemType>(context_.pat >> (8 * index) & 7U);
}

Control::Effect Control::write_env(std::uint64_t value) {
  if ((value & ~env_mask(machine_.format)) != 0) return {.refused = true, .forgotten = {}};
  Environment env = context_.env;
  for (unsigned i = 0; i < kEnvBits.size(); ++i) {
    if ((env_mask(machine_.format) >> i & 1U) != 0) env.*kEnvBits.at(i) = (value >> i & 1U) != 0;
  }
  const Environment& old = context_.env;
  if (machine_.format.kind == PteKind::X86) {
    const bool la57_in_use = old.pg && env.pg && old.la57 != env.la57;    // X16
    const bool pcide_without_pg = env.pcide && !env.pg;                   // X20
    const bool pcide_on_pcid = env.pcide && !old.pcide && cr3_low_ != 0;  // X20
    if (la57_in_use || pcide_without_pg || pcide_on_pcid) return {.refused = true, .forgotten = {}};
  }
  if (env == old) return {};
  context_.env = env;
  if (machine_.format.kind == PteKind::X86) {
    context_.translate = env.pg;
    context_.levels = env.la57 ? machine_.format.levels : machine_.format.min_levels;
    apply_cr3_low();
  }
  // Every change that an invalidation is asked for (R18, X13), and a few for which it is not.
  return {.refused = false, .forgotten = kEverything};
}

Control::Effect Control::write_pat(std::uint64_t value) {
  if (!pat_is_legal(value)) return {.refused = true, .forgotten = {}};
  if (value == context_.pat) return {};
  context_.pat = value;
  apply_cr3_low();
  return {.refused = false, .forgotten = kEverything};
}

std::uint64_t Control::read(CtlReg reg) const {
  const PteKind kind = machine_.format.kind;
  if (reg == CtlReg::Env) return env_value(machine_, context_.env);
  if (reg == CtlReg::Pat) return kind == PteKind::X86 ? context_.pat : 0;
  if (reg == CtlReg::Root) {
    return kind == PteKind::X86 ? context_.base.value | cr3_low_ : root_value(machine_, context_);
  }
  if (kind != PteKind::Flat) return 0;
  switch (reg) {
    case CtlReg::Base:
      return context_.base.value;
    case CtlReg::Limit:
      return context_.limit;
    case CtlReg::Asid:
      return context_.asid;
    case CtlReg::Mode:
      return context_.translate ? 1 : 0;
    case CtlReg::TrapBase:
      return trap_base_.value;
    default:
      return 0;
  }
}

std::uint64_t root_value(const Machine& machine, const Context& context, bool keep) {
  const Format& format = machine.format;
  switch (format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv: {
      const Satp fields = satp(format);
      const std::uint64_t mode = context.translate ? fields.mode_of(context.levels) : 0;
      return mode << fields.mode_lsb | std::uint64_t{context.asid} << fields.asid_lsb |
             context.base.value >> format.page_bits;
    }
    case PteKind::X86: {
      if (context.env.pcide) return context.base.value | context.asid | std::uint64_t{keep} << kKeepBit;
      std::uint64_t index = 0;
      while (index < 3 && static_cast<MemType>(context.pat >> (8 * index) & 7U) != context.root_type) ++index;
      return context.base.value | index << kRootTypeLsb;
    }
  }
  return 0;
}

std::uint64_t env_value(const Machine& machine, const Environment& env) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kEnvBits.size(); ++i) value |= std::uint64_t{env.*kEnvBits.at(i)} << i;
  return value & env_mask(machine.format);
}

std::uint16_t architectural_code(const Machine& machine, const Context& context, const Fault& fault) {
  if (!fault) return 0;
  const bool page_fault = is_page_fault(fault.cause);
  const bool fetch = fault.access == AccessKind::Fetch, store = fault.access == AccessKind::Store;
  switch (machine.format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      if (fault.cause == Cause::Misaligned) return store ? 6 : 4;
      if (page_fault) return fetch ? 12 : store ? 15 : 13;
      return fetch ? 1 : store ? 7 : 5;
    case PteKind::X86: {
      constexpr unsigned kGeneralProtection = 0x0D00, kPageFault = 0x0E00, kAlignmentCheck = 0x1100,
                         kMachineCheck = 0x1200;
      if (fault.cause == Cause::Va) return kGeneralProtection;
      if (fault.cause == Cause::Misaligned) return kAlignmentCheck;
      if (!page_fault) return kMachineCheck;
      const unsigned present = fault.cause == Cause::Invalid ? 0 : 1;
      const unsigned fetched = fetch && (context.env.nxe || context.env.smep) ? 1 : 0;
      return static_cast<std::uint16_t>(kPageFault | present | (store ? 1U : 0U) << 1 | (fault.user ? 1U : 0U) << 2 |
                                        (fault.cause == Cause::Reserved ? 1U : 0U) << 3 | fetched << 4);
    }
  }
  return 0;
}

}  // namespace vm
