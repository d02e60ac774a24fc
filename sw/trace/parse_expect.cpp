// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

constexpr Cause kFirstCause = Cause::Va;
constexpr Cause kLastCause = Cause::Bus;

constexpr std::pair<std::string_view, Counter> kCounters[] = {
    {"faults", Counter::Faults},        {"cow-copies", Counter::CowCopies}, {"zero-fills", Counter::ZeroFills},
    {"fences", Counter::Fences},        {"switches", Counter::Switches},    {"entries", Counter::Entries},
    {"reads", Counter::Reads},          {"writes", Counter::Writes},        {"tlb-hits", Counter::TlbHits},
    {"tlb-misses", Counter::TlbMisses}, {"cache-hits", Counter::CacheHits}, {"cache-misses", Counter::CacheMisses}};

}  // namespace

Cause Parser::cause() {
  std::string list;
  for (auto c = static_cast<unsigned>(kFirstCause); c <= static_cast<unsigned>(kLastCause); ++c) {
    const auto value = static_cast<Cause>(c);
    if (cursor_.accept(to_string(value))) return value;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", to_string(value));
  }
  cursor_.fail("a cause: " + list + ", or segv after `fault`");
}

void Parser::fault_expectation(AccessExpectations& expect) {
  ExpectedFault fault;
  if (!cursor_.accept("segv")) {
    cursor_.expect("fault");
    if (!cursor_.accept("segv")) fault.cause = cause();
  }
  if (cursor_.accept("at")) fault.at = cursor_.number("an address");
  expect.fault = fault;
}

bool Parser::hit_or_miss() {
  if (cursor_.accept("hit")) return true;
  if (cursor_.accept("miss")) return false;
  cursor_.fail("'hit' or 'miss'");
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
    expect.tlb_hit = hit_or_miss();
  } else if (name("cache")) {
    expect.cache_hit = hit_or_miss();
  } else if (name("faults")) {
    expect.faults = cursor_.number("a number of faults");
  } else if (name("fault-at")) {
    expect.fault_at = cursor_.number("an address");
  } else if (name("fault-cause")) {
    expect.fault_cause = cause();
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
      if (cursor_.is("fault") || cursor_.is("segv")) {
        if (expect.fault) cursor_.fail("one `= fault` only");
        fault_expectation(expect);
      } else {
        if (step.operation == Operation::Store || expect.value) cursor_.fail("'fault' or 'segv' after '='");
        expect.value = value_bytes(step.size);
      }
    } else if (!named_expectation(expect)) {
      cursor_.fail(
          "an expectation: '=', pa, tlb, cache, faults, fault-at, fault-cause, entries, entry, reads, writes or "
          "cycles");
    }
    any = true;
  }
  if (any) step.expect = std::make_unique<AccessExpectations>(std::move(expect));
}

void Parser::expect_line(Place place) {
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
    ExpectMap step;
    step.process = known_process();
    step.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
    cursor_.expect("->");
    if (!cursor_.accept("none")) {
      step.frame = cursor_.number_up_to(ppn_max(), "a frame number or 'none'");
      if (!cursor_.at_end()) step.rights = rights();
    }
    add_step(place, step);
  } else if (cursor_.accept("tlb")) {
    if (!machine().array_port) {
      cursor_.fail(fmt::format("a machine with an array port ({} has none)", machine().name));
    }
    add_step(place, ExpectTlb{tlb_set()});
  } else if (cursor_.accept("frames")) {
    cursor_.expect("free");
    cursor_.expect("=");
    add_step(place, ExpectFreeFrames{cursor_.number("a number of frames")});
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
    cursor_.fail("'memory', 'map', 'tlb', 'frames', 'frame', 'register' or 'count'");
  }
}

}  // namespace vm::trace
