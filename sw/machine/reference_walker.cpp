// SPDX-License-Identifier: Apache-2.0
#include "machine/reference_walker.h"

#include "machine/control.h"

namespace vm {
namespace {

// One translation on its way through the tables.
class Walk {
 public:
  Walk(const Machine& machine, const Context& context, const Request& request)
      : machine_(machine), context_(context), request_(request) {
    result_.fault.access = request.kind;
    result_.fault.user = request.user;
    result_.fault.va = request.va;
  }

  WalkResult bare() {
    result_.leaf.valid = true;
    end_at(PhysAddr(request_.va.value));
    return finish();
  }

  WalkResult refused(Cause cause) {
    result_.fault.cause = cause;
    return finish();
  }

  WalkResult through(unsigned level, PhysAddr table, Pte above, EntryReader read_entry) {
    for (;; --level) {
      if (const Cause cause = read(level, table, read_entry); cause != Cause::None) return refused(cause);
      Pte& entry = result_.leaf;
      if (!entry.valid) return refused(Cause::Invalid);
      if (entry.reserved) return refused(Cause::Reserved);
      accumulate(above, entry);
      if (entry.leaf) break;
      // Set on the way down, before anything below is known (X10).
      if (machine_.format.kind == PteKind::X86) last().wanted = with_accessed(machine_.format, last().value, false);
      table = PhysAddr(entry.ppn.value << machine_.format.page_bits);
      above = entry;
    }
    if (const Cause cause = judge_leaf(); cause != Cause::None) return refused(cause);
    const unsigned span = result_.leaf.napot ? kNapotPageBits : machine_.format.index_lsb(level);
    result_.level = level;
    result_.leaf.ppn = Ppn(result_.leaf.ppn.value | (machine_.vpn_of(request_.va).value & low_mask(span)));
    end_at(PhysAddr((result_.leaf.ppn.value << machine_.format.page_bits) + machine_.offset_of(request_.va)));
    return finish();
  }

 private:
  static constexpr unsigned kNapotPageBits = 4;  // 16 pages (R10, R28)

  Step& last() { return result_.path.at(result_.entry_reads - 1); }

  Cause read(unsigned level, PhysAddr table, EntryReader read_entry) {
    const Format& format = machine_.format;
    const std::uint64_t vpn = machine_.vpn_of(request_.va).value;
    const std::uint64_t index = vpn >> format.index_lsb(level) & low_mask(format.index_bits.at(level));
    const PhysAddr at = table + index * format.pte_bytes();
    Fault& fault = result_.fault;
    fault.level = static_cast<std::uint8_t>(level);
    fault.pte_addr = at;
    fault.pte = 0;
    if (machine_.region_of(at) == nullptr) return Cause::EntryAccess;
    ++result_.entry_reads;
    result_.entry_addr = at;
    result_.entry = 0;
    last() = {.entry = at, .value = 0, .wanted = 0, .level = static_cast<std::uint8_t>(level)};
    const std::optional<std::uint64_t> found = read_entry(at, level);
    if (!found) return Cause::EntryBus;
    const std::uint64_t value = as_updated(at, *found);
    last().value = last().wanted = result_.entry = fault.pte = value;
    result_.leaf = decode_pte(machine_, context_, value, level);
    return Cause::None;
  }

  // A table that points to itself: the entry is met again after this walk has set its accessed bit.
  std::uint64_t as_updated(PhysAddr at, std::uint64_t value) const {
    for (unsigned i = 0; i + 1 < result_.entry_reads; ++i) {
      const Step& step = result_.path.at(i);
      if (step.entry == at && step.value == value) value = step.wanted;
    }
    return value;
  }

  // R16: global anywhere on the path makes the translation global. X5: rights are those of all levels together.
  void accumulate(const Pte& above, Pte& entry) const {
    switch (machine_.format.kind) {
      case PteKind::Flat:
        break;
      case PteKind::Riscv:
        entry.global |= above.global;
        break;
      case PteKind::X86:
        entry.user &= above.user;
        entry.write &= above.write;
        entry.exec &= above.exec;
        break;
    }
  }

  // The right, then accessed and dirty: a fault where software keeps them, otherwise set (R11 to R13, X10).
  Cause judge_leaf() {
    const Format& format = machine_.format;
    const Pte& leaf = result_.leaf;
    if (const Cause cause = denied_by(format, context_.env, leaf, request_); cause != Cause::None) return cause;
    const Cause withheld = withheld_by(leaf, request_.kind);
    const bool by_hardware = format.kind == PteKind::X86 || (format.hw_ad && context_.env.adue);
    if (withheld == Cause::None || !by_hardware) return withheld;
    const bool store = request_.kind == AccessKind::Store;
    last().wanted = result_.entry = result_.fault.pte = with_accessed(format, last().value, store);
    result_.leaf.accessed = true;
    result_.leaf.dirty |= store;
    return Cause::None;
  }

  // A PPN beyond the physical width is a fault, never cut off (R6, R14); it comes after everything the tables say.
  void end_at(PhysAddr pa) {
    const bool beyond = context_.translate && pa.value > low_mask(machine_.pa_bits);
    if (beyond || !machine_.takes(pa, request_.atomic)) {
      result_.fault.cause = Cause::Access;
    } else {
      result_.pa = pa;
    }
  }

  WalkResult finish() {
    Fault& fault = result_.fault;
    if (fault) {
      fault.code = architectural_code(machine_, context_, fault);
    } else {
      fault = {};
    }
    return result_;
  }

  const Machine& machine_;
  const Context& context_;
  const Request& request_;
  WalkResult result_;
};

}  // namespace

Cause refused_before_walk(const Machine& machine, const Context& context, VirtAddr va) {
  if (!context.translate) return Cause::None;
  if (!machine.va_is_legal(va, context.levels)) return Cause::Va;
  if (machine.vpn_of(va).value >= context.limit) return Cause::Limit;
  return Cause::None;
}

WalkResult walk(const Machine& machine, const Context& context, const Request& request, EntryReader read_entry) {
  if (!context.translate) return Walk(machine, context, request).bare();
  const unsigned levels = context.levels == 0 ? machine.format.levels : context.levels;
  Pte root{.valid = true, .leaf = false, .ppn = Ppn(context.base.value >> machine.format.page_bits)};
  root.type = context.root_type;
  return walk_from(machine, context, request, levels - 1, context.base, root, read_entry);
}

WalkResult walk_from(const Machine& machine, const Context& context, const Request& request, unsigned level,
                     PhysAddr table, const Pte& above, EntryReader read_entry) {
  Walk walk(machine, context, request);
  if (const Cause cause = refused_before_walk(machine, context, request.va); cause != Cause::None) {
    return walk.refused(cause);
  }
  return walk.through(level, table, above, read_entry);
}

}  // namespace vm
