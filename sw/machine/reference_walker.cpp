// SPDX-License-Identifier: Apache-2.0
#include "machine/reference_walker.h"

namespace vm {
namespace {

WalkResult bare(const Machine& machine, const Request& request, Fault fault) {
  WalkResult result;
  result.pa = PhysAddr(request.va.value);
  result.leaf.valid = true;
  if (machine.region_of(result.pa) == nullptr) {
    fault.cause = Cause::Access;
    result.fault = fault;
  }
  return result;
}

}  // namespace

Cause refused_before_walk(const Machine& machine, const Context& context, VirtAddr va) {
  if (!context.translate) return Cause::None;
  if (!machine.va_is_legal(va)) return Cause::Va;
  if (machine.vpn_of(va).value >= context.limit) return Cause::Limit;
  return Cause::None;
}

WalkResult walk(const Machine& machine, const Context& context, const Request& request, EntryReader read_entry) {
  const Format& format = machine.format;
  WalkResult result;
  Fault fault{.cause = Cause::None,
              .access = request.kind,
              .user = request.user,
              .level = 0,
              .va = request.va,
              .pte_addr = {},
              .pte = 0};
  const auto fail = [&](Cause cause) {
    fault.cause = cause;
    result.fault = fault;
    return result;
  };

  if (!context.translate) return bare(machine, request, fault);
  if (const Cause cause = refused_before_walk(machine, context, request.va); cause != Cause::None) return fail(cause);

  // The index of the top level is what remains of the VPN above the indices of all levels below it.
  const Vpn vpn = machine.vpn_of(request.va);
  unsigned below = machine.vpn_bits();
  PhysAddr table = context.base;
  for (unsigned level = format.levels; level-- > 0;) {
    below -= format.index_bits.at(level);
    const std::uint64_t index = vpn.value >> below & low_mask(format.index_bits.at(level));
    const PhysAddr entry_addr = table + index * format.pte_bytes();
    fault.level = static_cast<std::uint8_t>(level);
    fault.pte_addr = entry_addr;
    if (machine.region_of(entry_addr) == nullptr) return fail(Cause::EntryAccess);

    ++result.entry_reads;
    result.entry_addr = entry_addr;
    const std::optional<std::uint64_t> entry = read_entry(entry_addr, level);
    if (!entry) return fail(Cause::EntryBus);
    fault.pte = *entry;
    result.entry = *entry;
    result.leaf = decode_pte(format, *entry);
    if (!result.leaf.valid) return fail(Cause::Invalid);
    table = PhysAddr(result.leaf.ppn.value << format.page_bits);
  }

  if (const Cause cause = denied_by(result.leaf, request.kind, request.user); cause != Cause::None) return fail(cause);
  result.pa = table + machine.offset_of(request.va);
  if (result.pa.value > low_mask(machine.pa_bits) || machine.region_of(result.pa) == nullptr) {
    // Not a right of the page: the entry names memory that is not there (R6, R14).
    result.pa = {};
    return fail(Cause::Access);
  }
  return result;
}

}  // namespace vm
