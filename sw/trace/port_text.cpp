// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "machine/control.h"
#include "machine/mix.h"
#include "trace/port_names.h"
#include "trace/port_step.h"

namespace vm::trace {
namespace {

std::string text(const Machine& /*machine*/, const PortWait& /*wait*/) { return "wait"; }

std::string text(const Machine& /*machine*/, const Access& access) {
  std::string line = access.kind == AccessKind::Fetch ? "fetch" : access.kind == AccessKind::Load ? "data L" : "data S";
  if (access.atomic != AtomicOp::None) line = fmt::format("data {}", to_string(access.atomic));
  line += fmt::format(" 0x{:x},{}", access.va.value, access.size());
  if (access.kind == AccessKind::Store) {
    line += fmt::format("{} 0x{:x}", access.atomic == AtomicOp::None ? " =" : ",",
                        access.data & low_mask(8 * access.size()));
  }
  if (!access.user) line += " kernel";
  if (access.sum) line += " sum";
  if (access.mxr) line += " mxr";
  return line;
}

std::string text(const Machine& /*machine*/, const PortHost& host) {
  std::string line = fmt::format("host {} 0x{:x},{}", host.write ? 'S' : 'L', host.at.value, host.bytes);
  if (host.write) line += fmt::format(" = 0x{:x}", host.value & low_mask(8U * host.bytes));
  return line;
}

std::string text(const Machine& machine, const PortCtl& ctl) {
  std::string line = fmt::format("ctl {}", ctl.index);
  for (const auto& [name, reg] : kCtlNames) {
    if (static_cast<unsigned>(reg) != ctl.index) continue;
    // Root has two names.
    if (reg == CtlReg::Root && (name == "cr3") != (machine.format.kind == PteKind::X86)) continue;
    line = fmt::format("ctl {}", name);
  }
  if (takes_value(ctl.index)) line += fmt::format(" 0x{:x}", ctl.value);
  return ctl.user ? line + " user" : line;
}

std::string text(const Machine& /*machine*/, const Fence& fence) {
  std::string line = "fence";
  if (fence.op == FenceOp::Tlb) {
    if (!fence.by_addr && !fence.by_asid) line += " all";
    if (fence.by_addr) line += fmt::format(" va 0x{:x}", fence.addr);
    if (fence.by_asid) line += fmt::format(" asid {}", fence.asid);
    line += fence.globals ? " global" : " nonglobal";
  } else {
    for (const auto& [name, op] : kCacheOperations) {
      if (op == fence.op) line += fmt::format(" {}", name);
    }
    if (fence.by_addr) line += fmt::format(" 0x{:x}", fence.addr);
  }
  return fence.user ? line + " user" : line;
}

std::string text(const Machine& /*machine*/, const PortArray& array) {
  const ArrayElement& e = array.element;
  std::string line = fmt::format("array {} ", array.flip ? "flip" : array.write ? "write" : "read");
  for (const auto& [name, value] : kArrayNames) {
    if (value == e.array) line += name;
  }
  line += fmt::format(" {}.{}", e.set, e.way);
  if (e.word != 0) line += fmt::format(".{}", e.word);
  if (array.flip) return line + fmt::format(" bit {}", e.data0);
  if (array.write) line += fmt::format(" = 0x{:x} 0x{:x}", e.data0, e.data1);
  return line;
}

}  // namespace

std::string to_text(const Machine& machine, const PortRequest& request) {
  return std::visit([&](const auto& r) { return text(machine, r); }, request);
}

std::vector<std::uint8_t> random_memory(std::uint64_t seed, PhysAddr first, std::uint64_t bytes) {
  std::vector<std::uint8_t> result(bytes);
  for (std::uint64_t i = 0; i < bytes; ++i) {
    const std::uint64_t at = first.value + i;
    result[i] = static_cast<std::uint8_t>(mix(mix(seed) ^ at / 8) >> (8 * (at % 8)));
  }
  return result;
}

}  // namespace vm::trace
