// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

constexpr Cause kFirstCause = Cause::Va;
constexpr Cause kLastCause = Cause::Misaligned;

constexpr std::pair<std::string_view, Counter> kCounters[] = {{"faults", Counter::Faults},
                                                              {"cow-copies", Counter::CowCopies},
                                                              {"zero-fills", Counter::ZeroFills},
                                                              {"fences", Counter::Fences},
                                                              {"switches", Counter::Switches},
                                                              {"entries", Counter::Entries},
                                                              {"reads", Counter::Reads},
                                                              {"writes", Counter::Writes},
                                                              {"tlb-hits", Counter::TlbHits},
                                                              {"tlb-misses", Counter::TlbMisses},
                                                              {"cache-hits", Counter::CacheHits},
                                                              {"cache-misses", Counter::CacheMisses},
                                                              {"pages-read", Counter::PagesRead},
                                                              {"pages-written", Counter::PagesWritten},
                                                              {"page-copies", Counter::PageCopies},
                                                              {"pageouts", Counter::Pageouts},
                                                              {"pageins", Counter::Pageins},
                                                              {"withheld", Counter::Withheld},
                                                              {"traps", Counter::Traps},
                                                              {"kernel-accesses", Counter::KernelAccesses},
                                                              {"kernel-tlb-misses", Counter::KernelTlbMisses},
                                                              {"kernel-faults", Counter::KernelFaults},
                                                              {"kernel-rows", Counter::KernelRows},
                                                              {"asid-rollovers", Counter::AsidRollovers},
                                                              {"missing", Counter::Missing},
                                                              {"swap-writes", Counter::SwapWrites},
                                                              {"file-pageouts", Counter::FilePageouts},
                                                              {"references-cleared", Counter::ReferencesCleared},
                                                              {"busy-waits", Counter::BusyWaits},
                                                              {"promotions", Counter::Promotions},
                                                              {"splits", Counter::Splits},
                                                              {"table-shares", Counter::TableShares},
                                                              {"table-breaks", Counter::TableBreaks},
                                                              {"trims", Counter::Trims},
                                                              {"soft-faults", Counter::SoftFaults},
                                                              {"stacks-out", Counter::StacksOut},
                                                              {"outswaps", Counter::Outswaps},
                                                              {"zeroed-frames", Counter::ZeroedFrames},
                                                              {"bad-frames", Counter::BadFrames},
                                                              {"pool-faults", Counter::PoolFaults},
                                                              {"pool-pageouts", Counter::PoolPageouts}};

}  // namespace

Cause Parser::cause() {
  std::string list;
  for (auto c = static_cast<unsigned>(kFirstCause); c <= static_cast<unsigned>(kLastCause); ++c) {
    const auto value = static_cast<Cause>(c);
    if (cursor_.accept(to_string(value))) return value;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", to_string(value));
  }
  cursor_.fail("a cause: " + list + ", page, or segv after `fault`");
}

void Parser::fault_expectation(AccessExpectations& expect) {
  ExpectedFault fault;
  const auto segv_code = [&] {
    if (cursor_.accept("maperr")) fault.segv_code = SegvCode::MapErr;
    if (cursor_.accept("accerr")) fault.segv_code = SegvCode::AccErr;
  };
  fault.sigbus = cursor_.accept("sigbus");
  if (cursor_.accept("segv")) {
    segv_code();
  } else if (!fault.sigbus && !shortage(fault)) {
    cursor_.expect("fault");
    fault.any_page_fault = cursor_.accept("page");
    if (fault.any_page_fault) {
      // Any cause will do.
    } else if (cursor_.accept("segv")) {
      segv_code();
    } else {
      fault.cause = cause();
    }
  }
  if (cursor_.accept("at")) fault.at = cursor_.number("an address");
  expect.fault = fault;
}

bool Parser::hit_or_miss() {
  if (cursor_.accept("hit")) return true;
  if (cursor_.accept("miss")) return false;
  cursor_.fail("'hit' or 'miss'");
}

TlbAnswer Parser::tlb_answer() {
  constexpr std::pair<std::string_view, TlbAnswer> kAnswers[] = {{"hit", TlbAnswer::L1},
                                                                 {"l1", TlbAnswer::L1},
                                                                 {"miss", TlbAnswer::Miss},
                                                                 {"l2", TlbAnswer::L2},
                                                                 {"walk", TlbAnswer::Walk}};
  for (const auto& [name, answer] : kAnswers) {
    if (answer == TlbAnswer::L2 && machine().l2tlb.ways == 0) continue;
    if (cursor_.accept(name)) return answer;
  }
  cursor_.fail(machine().l2tlb.ways == 0 ? "'hit', 'l1', 'miss' or 'walk'" : "'hit', 'l1', 'miss', 'l2' or 'walk'");
}

bool Parser::named_expectation(AccessExpectations& expect) {
  const auto name = [this](std::string_view word) {
    if (!cursor_.accept(word)) return false;
    cursor_.expect("=");
    return true;
  };
  if (name("pa")) {
    expect.pa = cursor_.number("a physical address");
  } else if (name("tlb")) {
    expect.tlb = tlb_answer();
  } else if (name("cache")) {
    expect.cache_hit = hit_or_miss();
  } else if (name("faults")) {
    expect.faults = cursor_.number("a number of faults");
  } else if (name("fault-at")) {
    expect.fault_at = cursor_.number("an address");
  } else if (name("fault-cause")) {
    expect.fault_cause = cause();
  } else if (name("code")) {
    expect.code = cursor_.number("the architecture's code of a fault");
  } else if (name("level")) {
    expect.level = cursor_.number("the level at which a fault was found");
  } else if (name("entries")) {
    expect.entries = cursor_.number("a number of entries");
  } else if (name("reads")) {
    expect.reads = cursor_.number("a number of reads");
  } else if (name("writes")) {
    expect.writes = cursor_.number("a number of writes");
  } else if (name("entry")) {
    expect.entry = cursor_.number("a physical address");
  } else if (name("cycles")) {
    expect.cycles = cursor_.number("a number of cycles");
  } else {
    return false;
  }
  return true;
}

void Parser::access_expectations(AccessStep& step) {
  AccessExpectations expect;
  bool any = false;
  while (!cursor_.at_end()) {
    if (cursor_.accept("=")) {
      if (cursor_.is("fault") || cursor_.is("segv") || cursor_.is("sigbus") || cursor_.is("nomem") ||
          cursor_.is("ioerror") || cursor_.is("killed")) {
        if (expect.fault) cursor_.fail("one `= fault` only");
        fault_expectation(expect);
      } else {
        const bool no_value = step.operation == Operation::Store && step.atomic == AtomicOp::None;
        if (no_value || expect.value) cursor_.fail("'fault' or 'segv' after '='");
        expect.value = value_bytes(step.size);
      }
    } else if (!named_expectation(expect)) {
      cursor_.fail(
          "an expectation: '=', pa, tlb, cache, faults, fault-at, fault-cause, code, level, entries, entry, reads, "
          "writes or cycles");
    }
    any = true;
  }
  if (any) step.expect = std::make_unique<AccessExpectations>(std::move(expect));
}

ExpectMap Parser::expect_map() {
  ExpectMap step;
  step.process = known_process();
  step.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
  cursor_.expect("->");
  if (cursor_.accept("none")) return step;
  if (cursor_.accept("swapped")) {
    step.swapped = true;
    if (!cursor_.at_end()) step.slot = cursor_.number("the number of a slot");
    return step;
  }
  step.in_transition = cursor_.accept("transition");
  if (step.in_transition && cursor_.at_end()) return step;
  step.frame = cursor_.number_up_to(ppn_max(), "a frame number or 'none'");
  const std::pair<std::string_view, std::pair<std::optional<bool>*, bool>> bits[] = {
      {"accessed", {&step.accessed, true}},
      {"unaccessed", {&step.accessed, false}},
      {"dirty", {&step.dirty, true}},
      {"clean", {&step.dirty, false}},
      {"global", {&step.global, true}},
      {"local", {&step.global, false}},
      {"cow", {&step.cow, true}}};
  while (!cursor_.at_end()) {
    const auto bit = std::find_if(std::begin(bits), std::end(bits), [&](const auto& b) { return cursor_.is(b.first); });
    if (bit != std::end(bits)) {
      cursor_.take();
      *bit->second.first = bit->second.second;
    } else if (const auto type = memory_type()) {
      step.type = type;
    } else if (const auto bytes = page_bytes()) {
      step.bytes = bytes;
    } else {
      step.rights = rights();
    }
  }
  return step;
}

ExpectStart Parser::expect_start() {
  ExpectStart step;
  step.process = known_process();
  do {
    const bool pc = cursor_.accept("pc");
    if (!pc && !cursor_.accept("sp")) cursor_.fail("'pc = ADDR' or 'sp = ADDR'");
    cursor_.expect("=");
    (pc ? step.pc : step.sp) = cursor_.number("an address");
  } while (!cursor_.at_end());
  return step;
}

void Parser::expect_line(Place place) {
  if (expect_memory_line(place) || expect_content(place)) return;
  if (cursor_.accept("memory")) {
    ExpectMemory step;
    step.at = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
    cursor_.expect(":");
    if (cursor_.peek().kind == TokenKind::Text) {
      const std::string_view text = cursor_.take().text;
      step.bytes.assign(text.begin(), text.end());
      if (text.empty()) cursor_.fail("a text of at least one byte");
    } else {
      step.bytes = hex_bytes();
    }
    add_step(place, std::move(step));
  } else if (cursor_.accept("map")) {
    add_step(place, expect_map());
  } else if (cursor_.accept("entry")) {
    ExpectEntry step;
    step.at = PhysAddr(cursor_.number_up_to(bus_max(), "the physical address of an entry"));
    cursor_.expect("=");
    step.value = cursor_.number_up_to(low_mask(8 * machine().format.pte_bytes()), "the entry's value");
    add_step(place, step);
  } else if (cursor_.accept("tlb")) {
    if (!machine().array_port) {
      cursor_.fail(fmt::format("a machine with an array port ({} has none)", machine().name));
    }
    add_step(place, ExpectTlb{tlb_set()});
  } else if (cursor_.accept("frame")) {
    ExpectReferences step;
    step.frame = Ppn(cursor_.number_up_to(ppn_max(), "a frame number"));
    cursor_.expect("refs");
    cursor_.expect("=");
    step.count = cursor_.number("a number of references");
    add_step(place, step);
  } else if (cursor_.accept("register")) {
    ExpectRegister step;
    step.process = known_process();
    const auto reg = accept_register();
    if (!reg) cursor_.fail("a register r0 … r15");
    step.reg = *reg;
    cursor_.expect("=");
    step.value = cursor_.number("a value");
    add_step(place, step);
  } else if (cursor_.accept("start")) {
    add_step(place, expect_start());
  } else if (cursor_.accept("count")) {
    std::string list;
    for (const auto& [name, counter] : kCounters) {
      if (cursor_.accept(name)) {
        cursor_.expect("=");
        add_step(place, ExpectCount{counter, cursor_.number("a number")});
        return;
      }
      list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
    }
    cursor_.fail("a count: " + list);
  } else {
    cursor_.fail(
        "'memory', 'map', 'entry', 'tlb', 'frames', 'frame', 'slots', 'sharers', 'fences', 'cycles', 'process', "
        "'register', 'start', 'count', 'output', 'file', 'device', 'ps', 'maps' or 'tables'");
  }
}

}  // namespace vm::trace
