// SPDX-License-Identifier: Apache-2.0
//
// What the kernel writes into the control registers: how an address space is put into force, and fences. Flat machines
// have a register for base, limit, ASID and mode; RISC-V has satp; x86 has CR3 beside its mode bits.
#include <fmt/format.h>

#include <stdexcept>

#include "os/state.h"

namespace vm {

Context Kernel::State::context_of(const Process& process) const {
  Context context = control.context();
  context.translate = true;
  context.levels = process.levels;
  context.base = process.table;
  if (is_flat()) context.limit = process.limit.value_or(1ULL << machine.vpn_bits());
  context.asid = has_asids() ? process.asid.value_or(0) : std::uint16_t{0};
  context.env = environment;
  context.env.pg = is_x86();
  context.root_type = MemType::WriteBack;
  return context;
}

Environment Kernel::State::default_environment() const {
  const Format& format = machine.format;
  Environment env;
  if (format.kind == PteKind::Riscv) {
    env.adue = format.hw_ad;
    env.pbmte = format.pbmt;
  }
  if (is_x86()) {
    env.adue = env.pg = env.pge = env.nxe = true;
    env.pcide = machine.asid_bits != 0;
    env.la57 = format.levels > 4;
  }
  return env;
}

void Kernel::State::write_ctl(CtlReg reg, std::uint64_t value) {
  if (!platform.ctl_write(reg, value, false)) {
    throw std::runtime_error(fmt::format("the hardware refused the kernel's write of 0x{:x} to control register {}",
                                         value, static_cast<unsigned>(reg)));
  }
  control.write(reg, value, false);
}

void Kernel::State::pay(FenceReason reason, const Fence& fence) {
  if (policy.withheld.test(index_of(reason))) {
    ++counts.withheld;
    return;
  }
  platform.fence(fence);
  ++counts.fences;
  ++counts.fences_for.at(index_of(reason));
}

void Kernel::State::start_hardware() {
  started = true;
  if (kernel_space) kernel_space->start();
  // On x86 the mode bits come with paging.
  if (machine.format.kind == PteKind::Riscv && environment != control.context().env) {
    write_ctl(CtlReg::Env, env_value(machine, environment));
  }
}

void Kernel::State::load_context(const Process& process) {
  const Context context = context_of(process);
  switch (machine.format.kind) {
    case PteKind::Flat:
      write_ctl(CtlReg::Base, context.base.value);
      write_ctl(CtlReg::Limit, context.limit);
      if (machine.asid_bits != 0) write_ctl(CtlReg::Asid, context.asid);
      return;
    case PteKind::Riscv:
      if (translate_wanted) write_ctl(CtlReg::Root, root_value(machine, context));
      return;
    case PteKind::X86:
      // PCIDs keep address spaces apart, so nothing need be forgotten.
      if (translating()) write_ctl(CtlReg::Root, root_value(machine, context, environment.pcide));
      return;
  }
}

void Kernel::State::apply_mode() {
  if (translating() == translate_wanted) return;
  if (is_flat()) return write_ctl(CtlReg::Mode, translate_wanted ? 1 : 0);
  if (!current) return;  // nothing to translate with: the next switch does it
  const Process& process = processes.at(*current);
  Context context = context_of(process);
  context.translate = translate_wanted;
  if (machine.format.kind == PteKind::Riscv) return write_ctl(CtlReg::Root, root_value(machine, context));
  // PCIDs can be turned on only with paging and PCID 0, and off only so that paging can be (X20).
  context.asid = 0;
  context.env.pcide = control.context().env.pcide;
  write_ctl(CtlReg::Root, root_value(machine, context, context.env.pcide));
  Environment env = environment;
  env.pg = translate_wanted;
  env.pcide = environment.pcide && translate_wanted;
  write_ctl(CtlReg::Env, env_value(machine, env));
  load_context(process);
}

}  // namespace vm
