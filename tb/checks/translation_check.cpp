// SPDX-License-Identifier: Apache-2.0
#include "checks/translation_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "machine/cached_type.h"
#include "machine/control.h"
#include "machine/pte.h"
#include "pieces.h"

namespace vm {
namespace {

// The record as the event has it; the architecture's code for it is no event's business.
Fault fault_of(const Machine& machine, const Context& context, const Piece& piece) {
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
  fault.code = architectural_code(machine, context, fault);
  return fault;
}

std::string describe_fault(const Fault& fault, PhysAddr pa) {
  if (!fault) return fmt::format("physical address {:#x}", pa.value);
  return fmt::format("fault {} ({} {} at {:#x}, level {}, entry {:#x} at {:#x}, code {:#x})", to_string(fault.cause),
                     fault.user ? "user" : "kernel", to_string(fault.access), fault.va.value, fault.level, fault.pte,
                     fault.pte_addr.value, fault.code);
}

std::string describe_access(const TrackedAccess& access) {
  return fmt::format("{} {} of {} bytes at {:#x} (base {:#x}, asid {}{}{}{})", access.request.user ? "user" : "kernel",
                     to_string(access.kind()), access.size(), access.request.va, access.context.base.value,
                     access.context.asid, access.request.sum ? ", sum" : "", access.request.mxr ? ", mxr" : "",
                     access.context.translate ? "" : ", Bare");
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
    case Cause::Reserved:
      return "R7, R9, R10, X4";
    case Cause::Accessed:
    case Cause::Dirty:
      return "R13";
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
      legal_(machine) {
  memory_.set_listener(this);
}

std::optional<std::uint64_t> TranslationCheck::read_entry(PhysAddr entry) const {
  const std::uint64_t beat = memory_.beat(entry.value);
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
}

void TranslationCheck::store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) {
  legal_.on_store_done(pa, bytes, cycle);
}

void TranslationCheck::on_cycle(const Cycle& cycle) {
  // A translation has seen no store of its own cycle.
  for (const Event& event : cycle.events) {
    if (event.kind == EventKind::Xlat) on_xlat(event);
    on_walker(event, cycle.number);
  }
  for (const Event& event : cycle.events) memory_.on_event(event, cycle.number);
  memory_.on_ports(cycle);
  for (TrackedAccess* access : tracker_.retired()) on_retired(*access);
  if (cycle.out->fence.valid && !cycle.out->fence.refused) legal_.on_fence_acknowledged();
  if (cycle.out->ctl.valid && forgets_) {
    legal_.on_fence_acknowledged();
    forgets_ = false;
  }
  if (cycle.fence_accepted() && !cycle.in->fence.user) {
    legal_.on_fence_accepted(fence_of(machine_, cycle.in->fence), cycle.number);
  }
  if (cycle.ctl_accepted() && tracker_.forgetting()) {
    legal_.on_fence_accepted(*tracker_.forgetting(), cycle.number);
    forgets_ = true;
  }
  if (cycle.number >= prefetch_ends_) prefetching_ = false;
  const std::uint64_t oldest = tracker_.oldest_accepted();
  legal_.on_oldest_access(prefetching_ ? std::min(oldest, walker_accepted_) : oldest);
}

void TranslationCheck::on_walker(const Event& event, std::uint64_t cycle) {
  constexpr std::uint64_t kFillAfterData = 2;  // docs/timing.md, T17
  switch (event.kind) {
    case EventKind::WalkStart: {
      lost_entry_.reset();
      const TrackedAccess* access = tracker_.translating(event.port());
      walker_va_ = VirtAddr(event.b);
      walker_accepted_ = access != nullptr ? access->accepted : cycle;
      return;
    }
    case EventKind::WalkRestart:  // everything is read again
      lost_entry_.reset();
      return;
    case EventKind::WalkLook:
      prefetching_ = event.prefetch() && !event.l2_hit();
      prefetch_ends_ = ~0ULL;
      return;
    case EventKind::WalkRead:
      entry_ = PhysAddr(event.b);
      lower_lost_ = false;
      return;
    case EventKind::LowerUpset:
      lower_lost_ = lower_lost_ || event.lower_lost();
      return;
    case EventKind::WalkData:
      prefetch_ends_ = cycle + kFillAfterData;
      [[fallthrough]];
    case EventKind::WalkUpdate:
      if (event.walk_err() && (walker_loses_ || lower_lost_)) lost_entry_ = entry_;
      lower_lost_ = false;
      walker_loses_ = false;
      return;
    case EventKind::CacheLookup:
      if (event.cache() == 1) walker_reads_ = event.client() == Client::Walk;
      return;
    case EventKind::CacheLost:
      walker_loses_ = walker_reads_ && event.lost_by_access();
      return;
    case EventKind::L2Fill:
      if (prefetching_) on_prefetched(event);
      return;
    default:
      return;
  }
}

// The L2 TLB gets the page after the one that was walked, as a walk for it finds it. What the entry allows, and that it
// needed no bit set, is the state check's business.
void TranslationCheck::on_prefetched(const Event& fill) {
  const auto current = [this](PhysAddr entry, unsigned) { return read_entry(entry); };
  const Pte page = fill.fill_page();
  const VirtAddr va = walker_va_ + machine_.format.page_size();
  legal_.walks(tracker_.context_in_flight(), granted_request(page, va), walker_accepted_, current, answers_);
  for (const WalkResult& answer : answers_) {
    if (answer.fault || answer.level != 0 || answer.leaf.napot) continue;
    if (machine_.vpn_of(va).value == fill.b && answer.leaf.ppn == page.ppn && answer.leaf.type == page.type) return;
  }
  const WalkResult& first = answers_.front();
  reporter_.mismatch(
      "translation.walk",
      fmt::format("the L2 TLB was given page {:#x}, frame {:#x}, before any access to it; a walk of memory "
                  "for page {:#x} says {} (R24)",
                  fill.b, fill.c, machine_.vpn_of(va).value, describe_fault(first.fault, first.pa)));
}

void TranslationCheck::on_xlat(const Event& event) {
  TrackedAccess& access = tracker_.access(event.port(), event.id());
  if (access.piece_count == 0) return;
  const unsigned index = access.piece_count - 1;
  const std::uint64_t va = unit_part(unit_, access.request, index % unit_parts(unit_, access.request)).va;
  if (!check_piece(access, access.pieces[index], va)) access.answers_agree = false;
}

void TranslationCheck::on_retired(TrackedAccess& access) {
  const unsigned parts = unit_parts(unit_, access.request);
  bool good = true;
  for (unsigned i = 0; i < access.piece_count; ++i) {
    const Piece& piece = access.pieces[i];
    if (piece.xlat.phys()) continue;
    const std::uint64_t va = unit_part(unit_, access.request, i % parts).va;
    good = check_os(access, piece, fault_of(machine_, access.context, piece), va) && good;
  }
  good = good && check_answer(access);
  if (!good) access.answers_agree = false;
  if (os_ == nullptr || !access.answers_agree) return;
  if (access.is_atomic()) {
    if (!access.response.fault) check_atomic_image(access);
  } else if (access.kind() == AccessKind::Store) {
    store_image(access);
  } else if (!access.response.fault) {
    check_image(access);
  }
}

// What the MMU was asked, and the answer as a walk has it.
bool TranslationCheck::check_piece(const TrackedAccess& access, const Piece& piece, std::uint64_t va) {
  const Event& x = piece.xlat;
  // The physical access of a part that a probe has translated: the splitter's own business.
  if (x.phys()) return check_physical(access, piece, va);
  ++translations_;
  const CoreRequest& r = access.request;
  const bool as_asked = x.b == va && x.access() == access.kind() && x.user() == r.user && x.sum() == r.sum &&
                        x.mxr() == r.mxr && x.probe() == (unit_parts(unit_, r) > 1 || access.is_atomic()) &&
                        x.xlat_atomic() == access.is_atomic() && x.xlat_amo() == is_amo(r.atomic);
  if (!as_asked) {
    reporter_.mismatch("translation.walk",
                       fmt::format("{}: the MMU translated {:#x} ({} {}{}{}), expected {:#x}", describe_access(access),
                                   x.b, x.user() ? "user" : "kernel", to_string(x.access()), x.sum() ? ", sum" : "",
                                   x.mxr() ? ", mxr" : "", va));
    return false;
  }
  return check_walk(access, piece);
}

bool TranslationCheck::check_physical(const TrackedAccess& access, const Piece& piece, std::uint64_t va) {
  const Event& x = piece.xlat;
  const unsigned parts = unit_parts(unit_, access.request);
  const auto index = static_cast<unsigned>(&piece - access.pieces.data());
  const bool probed = index >= parts;
  const Event probe = probed ? access.pieces[index - parts].xlat : Event{};
  if (probed && x.xlat_cause() == Cause::None && x.c == probe.c && x.xlat_cacheable() == probe.xlat_cacheable() &&
      x.xlat_through() == probe.xlat_through()) {
    return true;
  }
  reporter_.mismatch("translation.walk",
                     fmt::format("{}: the part at {:#x} was performed at physical address {:#x}{}, expected {:#x}{} as "
                                 "its probe found (R34)",
                                 describe_access(access), va, x.c, x.xlat_cacheable() ? "" : " uncached", probe.c,
                                 probe.xlat_cacheable() ? "" : " uncached"));
  return false;
}

bool TranslationCheck::agrees(const WalkResult& answer, const Piece& piece, const Fault& actual) const {
  if (answer.fault != actual) return false;
  if (actual) return true;
  const Region* region = machine_.region_of(answer.pa);
  const Event& x = piece.xlat;
  const bool cacheable = region != nullptr && region->cacheable &&
                         is_cached(answer.leaf.type, x.access() == AccessKind::Store, x.xlat_atomic());
  return answer.pa.value == x.c && answer.leaf.type == x.xlat_type() && cacheable == x.xlat_cacheable() &&
         x.xlat_through() == (cacheable && answer.leaf.type == MemType::WriteThrough);
}

bool TranslationCheck::check_walk(const TrackedAccess& access, const Piece& piece) {
  const Request request = access.request_at(VirtAddr(piece.xlat.b));
  const Fault actual = fault_of(machine_, access.context, piece);
  const auto current = [&](PhysAddr entry, unsigned) -> std::optional<std::uint64_t> {
    if (actual.cause == Cause::EntryBus && lost_entry_ == entry) return std::nullopt;
    return read_entry(entry);
  };
  legal_.legal(access.context, request, access.accepted, current, answers_);
  for (const WalkResult& answer : answers_) {
    if (agrees(answer, piece, actual)) return true;
  }
  const WalkResult& first = answers_.front();
  const auto type = [](MemType t) { return static_cast<unsigned>(t); };
  reporter_.mismatch(
      "translation.walk",
      fmt::format("{}: the hardware says {}, memory type {}{}, expected {}, memory type {}{} by a walk of memory ({})",
                  describe_access(access), describe_fault(actual, PhysAddr(piece.xlat.c)), type(piece.xlat.xlat_type()),
                  piece.xlat.xlat_cacheable() ? ", cacheable" : "", describe_fault(first.fault, first.pa),
                  type(first.leaf.type),
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
      Pte page{.valid = true, .user = m.user, .read = m.read, .write = m.write, .exec = m.exec, .ppn = m.ppn};
      expected_cause = denied_by(machine_.format, access.context.env, page, access.request_at(VirtAddr(va)));
      const bool reachable =
          expected_pa.value <= low_mask(machine_.pa_bits) && machine_.takes(expected_pa, access.request.atomic);
      if (expected_cause == Cause::None && !reachable) expected_cause = Cause::Access;
    }
    if (expected_cause == actual.cause && (actual || expected_pa.value == piece.xlat.c)) return true;
    // Software keeps accessed and dirty bits in the entry: its map says nothing of them (R13).
    const bool withheld = actual.cause == Cause::Accessed || actual.cause == Cause::Dirty;
    if (withheld && (expected_cause == Cause::None || expected_cause == Cause::Access)) return true;
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
  if (is_refused(access.request)) {
    expected.cause = Cause::Misaligned;
    expected.access = access.kind();
    expected.user = access.request.user;
    expected.va = VirtAddr(access.request.va);
    expected.code = architectural_code(machine_, access.context, expected);
  }
  for (unsigned i = 0; i < access.piece_count && !expected; ++i) {
    const Piece& piece = access.pieces[i];
    expected = fault_of(machine_, access.context, piece);
    if (!expected && piece.done && piece.answer.done_err()) {
      expected.cause = Cause::Bus;
      expected.access = access.kind();
      expected.user = access.request.user;
      expected.va = VirtAddr(unit_part(unit_, access.request, i % parts).va);
      expected.code = architectural_code(machine_, access.context, expected);
    }
    complete = access.is_atomic() ? access.ended : !piece.xlat.probe() && i % parts == parts - 1;
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

// What the process finds there, and what it leaves: computed from its own bytes. Whether an SC may store is known from
// the answer, which the data check has judged.
void TranslationCheck::check_atomic_image(const TrackedAccess& access) {
  const AtomicOp op = access.request.atomic;
  const std::uint64_t answer = from_lanes(access.response.rdata, access.request.va, access.size());
  if (op != AtomicOp::Sc) check_image(access);
  if (op == AtomicOp::Lr || (op == AtomicOp::Sc && answer != 0)) return;
  last_store_ = access.answered;
  std::uint64_t old = op == AtomicOp::Sc ? 0 : answer;
  for (unsigned i = 0; i < access.size(); ++i) {
    const std::optional<std::uint8_t> byte = os_->image_byte(access.context, VirtAddr(access.request.va + i));
    if (byte) old = (old & ~(0xFFULL << (8 * i))) | std::uint64_t{*byte} << (8 * i);
  }
  const std::uint64_t operand = from_lanes(access.request.wdata, access.request.va, access.size());
  const std::uint64_t value = amo_result(op, access.size(), old, operand);
  for (unsigned i = 0; i < access.size(); ++i) {
    os_->image_store(access.context, VirtAddr(access.request.va + i), static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void TranslationCheck::check_image(const TrackedAccess& access) {
  const std::uint64_t value = from_lanes(access.response.rdata, access.request.va, access.size());
  for (unsigned i = 0; i < access.size(); ++i) {
    const VirtAddr va(access.request.va + i);
    const auto actual = static_cast<std::uint8_t>(value >> (8 * i));
    const std::optional<std::uint8_t> expected = os_->image_byte(access.context, va);
    if (!expected || *expected == actual) continue;
    if (access.kind() == AccessKind::Fetch && fetch_may_be(access, i, actual)) continue;
    reporter_.mismatch("translation.image",
                       fmt::format("{}: the byte at {:#x} is {:#04x}, expected {:#04x}, which the process wrote last "
                                   "(or its file, or zero)",
                                   describe_access(access), va.value, actual, *expected));
    return;
  }
}

// The ports are not ordered among each other: besides what an instruction cache may still hold, a fetch may find what
// was there before a store that was answered while it was under way, and what a store brings that is not answered yet.
bool TranslationCheck::fetch_may_be(const TrackedAccess& fetch, unsigned byte, std::uint8_t actual) const {
  const bool incoherent = machine_.icache.ways != 0 || machine_.dcache.ways != 0;
  const VirtAddr va(fetch.request.va + byte);
  if ((incoherent || last_store_ >= fetch.accepted) && os_->image_fetch_may_be(fetch.context, va, actual)) return true;
  const auto physical = [this](const TrackedAccess& access, unsigned at) -> std::optional<std::uint64_t> {
    const unsigned parts = unit_parts(unit_, access.request);
    for (unsigned i = 0; i < access.piece_count; ++i) {
      const UnitPart part = unit_part(unit_, access.request, i % parts);
      if (access.pieces[i].looked_up && at - part.offset < part.bytes) {
        return access.pieces[i].lookup.b + (at - part.offset);
      }
    }
    return std::nullopt;
  };
  const std::optional<std::uint64_t> wanted = physical(fetch, byte);
  const auto brings = [&](const TrackedAccess& store) {
    if (!wanted || store.kind() != AccessKind::Store || (store.is_atomic() && !store.wrote)) return false;
    const std::uint64_t data = store.is_atomic() ? store.write.c : store.request.wdata;
    const std::uint64_t value = from_lanes(data, store.request.va, store.size());
    for (unsigned b = 0; b < store.size(); ++b) {
      if (physical(store, b) == wanted && static_cast<std::uint8_t>(value >> (8 * b)) == actual) return true;
    }
    return false;
  };
  const std::span<TrackedAccess* const> retired = tracker_.retired();
  if (std::any_of(retired.begin(), retired.end(), [&](const TrackedAccess* a) { return brings(*a); })) return true;
  const Ring<std::uint8_t>& ids = tracker_.in_flight(Port::Data);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (brings(tracker_.access(Port::Data, ids[i]))) return true;
  }
  return false;
}

// The parts that reached memory; all of them unless memory refused one.
void TranslationCheck::store_image(const TrackedAccess& access) {
  last_store_ = access.answered;
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
