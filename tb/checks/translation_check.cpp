// SPDX-License-Identifier: Apache-2.0
#include "checks/translation_check.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "machine/pte.h"
#include "pieces.h"

namespace vm {
namespace {

Fault fault_of(const Piece& piece) {
  const Event& x = piece.xlat;
  Fault fault;
  if (x.xlat_cause() == Cause::None) return fault;
  fault.cause = x.xlat_cause();
  fault.access = x.access();
  fault.user = x.user();
  fault.level = static_cast<std::uint8_t>(x.xlat_level());
  fault.va = VirtAddr(x.b);
  fault.pte_addr = PhysAddr(x.e);
  fault.pte = x.f;
  return fault;
}

std::string describe_fault(const Fault& fault, PhysAddr pa) {
  if (!fault) return fmt::format("physical address {:#x}", pa.value);
  return fmt::format("fault {} ({} {} at {:#x}, level {}, entry {:#x} at {:#x})", to_string(fault.cause),
                     fault.user ? "user" : "kernel", to_string(fault.access), fault.va.value, fault.level, fault.pte,
                     fault.pte_addr.value);
}

std::string describe_access(const TrackedAccess& access) {
  return fmt::format("{} {} of {} bytes at {:#x} (base {:#x}, asid {}{})", access.request.user ? "user" : "kernel",
                     to_string(access.kind()), access.size(), access.request.va, access.context.base.value,
                     access.context.asid, access.context.translate ? "" : ", Bare");
}

std::string_view rules_of(Cause cause) {
  switch (cause) {
    case Cause::Va:
      return "R4, X1";
    case Cause::Invalid:
      return "R7, X3";
    case Cause::Privilege:
      return "R11, X6";
    case Cause::Read:
    case Cause::Write:
    case Cause::Exec:
      return "R12, X7, X8";
    case Cause::EntryAccess:
    case Cause::EntryBus:
      return "R6";
    default:
      return "R5, R14";
  }
}

}  // namespace

TranslationCheck::TranslationCheck(const Machine& machine, const PhysicalMemory& behind, const MemoryAgent& agent,
                                   Tracker& tracker, Reporter& reporter)
    : machine_(machine),
      agent_(agent),
      tracker_(tracker),
      reporter_(reporter),
      unit_(machine.unit_bytes()),
      memory_(machine, behind, tracker),
      legal_(machine),
      context_(tracker.context()) {
  memory_.set_listener(this);
  legal_.on_context(context_);
}

std::optional<std::uint64_t> TranslationCheck::read_entry(PhysAddr entry, std::uint64_t beat) const {
  const unsigned bytes = machine_.format.pte_bytes();
  // Through the cache, the whole line has to come.
  const Region* region = machine_.region_of(entry);
  const bool by_line = machine_.walk_port == WalkPort::Cache && region != nullptr && region->cacheable;
  const std::uint64_t unit = by_line ? machine_.dcache.line_bytes : bytes;
  if (agent_.has_error(entry.value - entry.value % unit, unit)) return std::nullopt;
  std::array<std::uint8_t, 8> raw{};
  for (unsigned i = 0; i < bytes; ++i) raw[i] = static_cast<std::uint8_t>(beat >> (8 * ((entry.value + i) % 8)));
  return pte_from_bytes(machine_.format, std::span(raw).first(bytes));
}

void TranslationCheck::before_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) {
  const auto current = [this](PhysAddr entry, unsigned) { return read_entry(entry); };
  legal_.on_store(pa, bytes, cycle, current);
  pending_ = {true, pa, bytes, cycle, memory_.beat(pa.value)};
}

void TranslationCheck::store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) {
  legal_.on_store_done(pa, bytes, cycle);
  pending_.active = false;
}

void TranslationCheck::enter_context(const Context& context) {
  context_ = context;
  legal_.on_context(context);
  if (!pending_.active) return;
  // A table that is in force from now on: a store to it that is under way may still be overtaken by a walk.
  const auto before = [this](PhysAddr entry, unsigned) { return read_entry(entry, pending_.old_beat); };
  legal_.on_store(pending_.pa, pending_.bytes, pending_.cycle, before);
}

void TranslationCheck::on_cycle(const Cycle& cycle) {
  for (const Event& event : cycle.events) memory_.on_event(event, cycle.number);
  memory_.on_ports(cycle);
  for (TrackedAccess* access : tracker_.retired()) on_retired(*access);
  if (cycle.out->fence.valid && !cycle.out->fence.refused) legal_.on_fence_acknowledged();
  if (cycle.fence_accepted() && !cycle.in->fence.user) {
    const FenceRequest& f = cycle.in->fence;
    legal_.on_fence_accepted(
        {static_cast<FenceOp>(f.op), f.user, f.by_addr, f.by_asid && machine_.asid_bits != 0, f.addr, f.asid},
        cycle.number);
  }
  // When the control write is answered: all accesses before it have been asked about.
  if (tracker_.context_in_flight() != context_) {
    enter_context(tracker_.context_in_flight());
  }
}

void TranslationCheck::on_retired(TrackedAccess& access) {
  const unsigned parts = unit_parts(unit_, access.request);
  bool good = true;
  for (unsigned i = 0; i < access.piece_count; ++i) {
    const Piece& piece = access.pieces[i];
    // The physical access of a part that a probe has translated: the splitter's own business, checked by its address.
    const std::uint64_t va = unit_part(unit_, access.request, i % parts).va;
    good = check_piece(access, piece, va) && good;
  }
  good = good && check_answer(access);
  if (!good) access.answers_agree = false;
  if (os_ == nullptr || !access.answers_agree) return;
  if (access.kind() == AccessKind::Store) {
    store_image(access);
  } else if (!access.response.fault) {
    check_image(access);
  }
}

bool TranslationCheck::check_piece(const TrackedAccess& access, const Piece& piece, std::uint64_t va) {
  const Event& x = piece.xlat;
  const unsigned parts = unit_parts(unit_, access.request);
  if (x.phys()) {
    const auto index = static_cast<unsigned>(&piece - access.pieces.data());
    const bool probed = index >= parts;
    const std::uint64_t expected = probed ? access.pieces[index - parts].xlat.c : 0;
    if (probed && x.xlat_cause() == Cause::None && x.c == expected) return true;
    reporter_.mismatch("translation.walk", fmt::format("{}: the part at {:#x} was performed at physical address {:#x}, "
                                                       "expected {:#x} as its probe found (R34)",
                                                       describe_access(access), va, x.c, expected));
    return false;
  }
  ++translations_;
  const bool as_asked =
      x.b == va && x.access() == access.kind() && x.user() == access.request.user && x.probe() == (parts > 1);
  if (!as_asked) {
    reporter_.mismatch("translation.walk",
                       fmt::format("{}: the MMU translated {:#x} ({} {}), expected {:#x}", describe_access(access), x.b,
                                   x.user() ? "user" : "kernel", to_string(x.access()), va));
    return false;
  }
  const Fault actual = fault_of(piece);
  const bool walk_good = check_walk(access, piece, actual, va);
  const bool os_good = check_os(access, piece, actual, va);
  return walk_good && os_good;
}

bool TranslationCheck::check_walk(const TrackedAccess& access, const Piece& piece, const Fault& actual,
                                  std::uint64_t va) {
  const auto current = [this](PhysAddr entry, unsigned) { return read_entry(entry); };
  const Request request{access.kind(), access.request.user, VirtAddr(va)};
  legal_.legal(access.context, request, access.accepted, current, answers_);
  for (const WalkResult& answer : answers_) {
    if (answer.fault == actual && (actual || answer.pa.value == piece.xlat.c)) return true;
  }
  if (answers_.empty()) return true;
  const WalkResult& first = answers_.front();
  reporter_.mismatch(
      "translation.walk",
      fmt::format("{}: the hardware says {}, expected {}{} by a walk of memory ({})", describe_access(access),
                  describe_fault(actual, PhysAddr(piece.xlat.c)), describe_fault(first.fault, first.pa),
                  answers_.size() > 1 ? fmt::format(" or one of {} older answers", answers_.size() - 1) : std::string(),
                  rules_of(first.fault ? first.fault.cause : actual.cause)));
  return false;
}

bool TranslationCheck::check_os(const TrackedAccess& access, const Piece& piece, const Fault& actual,
                                std::uint64_t va) {
  if (os_ == nullptr || !access.context.translate) return true;
  // What needs no mapping, or says something about memory rather than the mapping.
  if (refused_before_walk(machine_, access.context, VirtAddr(va)) != Cause::None) return true;
  if (actual.cause == Cause::EntryAccess || actual.cause == Cause::EntryBus) return true;
  os_->os_mappings(access.context, machine_.vpn_of(VirtAddr(va)), mappings_);
  if (mappings_.empty()) return true;
  Cause expected_cause = Cause::None;
  PhysAddr expected_pa;
  for (const OsMapping& m : mappings_) {
    expected_pa = PhysAddr((m.ppn.value << machine_.format.page_bits) | machine_.offset_of(VirtAddr(va)));
    if (!m.mapped) {
      expected_cause = Cause::Invalid;
    } else {
      expected_cause = denied_by({true, m.user, m.read, m.write, m.exec, m.ppn}, access.kind(), access.request.user);
      const bool reachable =
          expected_pa.value <= low_mask(machine_.pa_bits) && machine_.region_of(expected_pa) != nullptr;
      if (expected_cause == Cause::None && !reachable) expected_cause = Cause::Access;
    }
    if (expected_cause == actual.cause && (actual || expected_pa.value == piece.xlat.c)) return true;
  }
  Fault expected;
  expected.cause = expected_cause;
  reporter_.mismatch("translation.os-map",
                     fmt::format("{}: the hardware says {}, expected {} by the operating system's own map",
                                 describe_access(access), describe_fault(actual, PhysAddr(piece.xlat.c)),
                                 expected ? fmt::format("fault {}", to_string(expected_cause))
                                          : describe_fault(expected, expected_pa)));
  return false;
}

// The fault record the core is given is that of the first part that failed.
bool TranslationCheck::check_answer(const TrackedAccess& access) {
  Fault expected;
  const unsigned parts = unit_parts(unit_, access.request);
  bool complete = false;
  for (unsigned i = 0; i < access.piece_count && !expected; ++i) {
    const Piece& piece = access.pieces[i];
    expected = fault_of(piece);
    if (!expected && piece.done && piece.answer.done_err()) {
      expected.cause = Cause::Bus;
      expected.access = access.kind();
      expected.user = access.request.user;
      expected.va = VirtAddr(unit_part(unit_, access.request, i % parts).va);
    }
    complete = !piece.xlat.probe() && i % parts == parts - 1;
  }
  if (!expected && !complete) {
    reporter_.mismatch("translation.walk", fmt::format("{}: answered after {} translations, but it has {} parts",
                                                       describe_access(access), access.piece_count, parts));
    return false;
  }
  const Fault& actual = access.response.fault;
  if (actual == expected || (!actual && !expected)) return true;
  reporter_.mismatch("translation.walk",
                     fmt::format("{}: the core was told {}, expected {} as translation and memory found (R15, R34)",
                                 describe_access(access), actual ? describe_fault(actual, {}) : "no fault",
                                 expected ? describe_fault(expected, {}) : "no fault"));
  return false;
}

void TranslationCheck::check_image(const TrackedAccess& access) {
  const std::uint64_t value = from_lanes(access.response.rdata, access.request.va, access.size());
  for (unsigned i = 0; i < access.size(); ++i) {
    const VirtAddr va(access.request.va + i);
    const auto actual = static_cast<std::uint8_t>(value >> (8 * i));
    const std::optional<std::uint8_t> expected = os_->image_byte(access.context, va);
    if (!expected || *expected == actual) continue;
    if (access.kind() == AccessKind::Fetch && os_->image_fetch_may_be(access.context, va, actual)) continue;
    reporter_.mismatch("translation.image",
                       fmt::format("{}: the byte at {:#x} is {:#04x}, expected {:#04x}, which the process wrote last "
                                   "(or its file, or zero)",
                                   describe_access(access), va.value, actual, *expected));
    return;
  }
}

// The parts that reached memory; all of them unless memory refused one.
void TranslationCheck::store_image(const TrackedAccess& access) {
  const unsigned parts = unit_parts(unit_, access.request);
  const std::uint64_t value = from_lanes(access.request.wdata, access.request.va, access.size());
  for (unsigned i = 0; i < access.piece_count; ++i) {
    const Piece& piece = access.pieces[i];
    if (!piece.looked_up || (piece.done && piece.answer.done_err())) continue;
    const UnitPart part = unit_part(unit_, access.request, i % parts);
    for (unsigned b = part.offset; b < part.offset + part.bytes; ++b) {
      os_->image_store(access.context, VirtAddr(access.request.va + b), static_cast<std::uint8_t>(value >> (8 * b)));
    }
  }
}

}  // namespace vm
