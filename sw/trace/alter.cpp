// SPDX-License-Identifier: Apache-2.0
#include "trace/alter.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>

namespace vm::trace {

namespace {

// Called for each single expectation: what it is, and how to make it wrong.
using Visit = std::function<void(std::string_view what, const std::function<void()>& alter)>;

void bytes(std::vector<std::uint8_t>& expected, const Visit& visit) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    visit(fmt::format("byte {}", i), [&expected, i] { expected[i] ^= 1; });
  }
}

void number(std::string_view what, std::optional<std::uint64_t>& expected, const Visit& visit) {
  if (expected) visit(what, [&expected] { *expected += 1; });
}

void flag(std::string_view what, std::optional<bool>& expected, const Visit& visit) {
  if (expected) visit(what, [&expected] { expected = !*expected; });
}

Cause another(Cause c) { return c == Cause::Misaligned ? Cause::Va : static_cast<Cause>(static_cast<unsigned>(c) + 1); }

void visit_all(AccessStep& step, const Visit& visit) {
  if (!step.expect) return;
  AccessExpectations& e = *step.expect;
  if (e.value) bytes(*e.value, visit);
  if (e.fault) {
    visit("fault", [&e] { e.fault->cause = e.fault->cause ? another(*e.fault->cause) : Cause::Bus; });
    if (e.fault->shortage != Shortage::None) visit("segv", [&e] { e.fault->shortage = Shortage::None; });
    if (e.fault->segv_code != SegvCode::None) {
      visit("segv code", [&e] {
        e.fault->segv_code = e.fault->segv_code == SegvCode::MapErr ? SegvCode::AccErr : SegvCode::MapErr;
      });
    }
    number("fault address", e.fault->at, visit);
    visit("no fault", [&e] { e.fault.reset(); });
  }
  number("pa", e.pa, visit);
  number("faults", e.faults, visit);
  number("fault-at", e.fault_at, visit);
  if (e.fault_cause) visit("fault-cause", [&e] { e.fault_cause = another(*e.fault_cause); });
  number("code", e.code, visit);
  number("level", e.level, visit);
  number("entries", e.entries, visit);
  number("entry", e.entry, visit);
  number("reads", e.reads, visit);
  number("writes", e.writes, visit);
  number("cycles", e.cycles, visit);
  if (e.tlb) visit("tlb", [&e] { e.tlb = *e.tlb == TlbAnswer::L1 ? TlbAnswer::Miss : TlbAnswer::L1; });
  flag("cache", e.cache_hit, visit);
}

void visit_all(SystemCall& step, const Visit& visit) {
  if (step.result) visit("result", [&step] { *step.result += 1; });
  if (auto* wait = std::get_if<WaitCall>(&step.call)) {
    if (wait->child) visit("child", [&step, wait] { wait->child = step.process; });
    number("status", wait->status, visit);
  }
}

void visit_all(CtlStep& step, const Visit& visit) { flag("refused or done", step.refused, visit); }
void visit_all(FenceStep& step, const Visit& visit) { flag("refused or done", step.refused, visit); }

void visit_all(HostStep& step, const Visit& visit) {
  if (step.error) visit("error", [&step] { step.error = false; });
  if (!step.write && step.bytes) bytes(*step.bytes, visit);
}

void visit_all(ExpectMemory& step, const Visit& visit) { bytes(step.bytes, visit); }

void visit_all(ExpectMap& step, const Visit& visit) {
  visit("frame", [&step] { step.frame = step.frame ? *step.frame ^ 1 : 0; });
  if (step.swapped) visit("none", [&step] { step.swapped = false; });
  if (step.in_transition) visit("not in transition", [&step] { step.in_transition = false; });
  number("slot", step.slot, visit);
  number("page size", step.bytes, visit);
  flag("accessed", step.accessed, visit);
  flag("dirty", step.dirty, visit);
  flag("global", step.global, visit);
  flag("cow", step.cow, visit);
  if (step.type)
    visit("memory type", [&step] { step.type = *step.type == MemType::Io ? MemType::Uncached : MemType::Io; });
  if (!step.rights) return;
  Rights& r = *step.rights;
  visit("read right", [&r] { r.read = !r.read; });
  visit("write right", [&r] { r.write = !r.write; });
  visit("execute right", [&r] { r.exec = !r.exec; });
  visit("kernel bit", [&r] { r.kernel = !r.kernel; });
}

void visit_all(ExpectEntry& step, const Visit& visit) {
  visit("entry", [&step] { step.value ^= 1; });
}

void visit_all(ExpectTlb& step, const Visit& visit) {
  for (TlbWay& way : step.set.ways) {
    visit("tag", [&way] { way.tag ^= 1; });
    visit("valid", [&way] { way.valid = !way.valid; });
    if (way.valid) visit("ppn", [&way] { way.ppn ^= 1; });
  }
}

void visit_all(ExpectFreeFrames& step, const Visit& visit) {
  visit("free frames", [&step] { step.count += 1; });
}
void visit_all(PageoutStep& step, const Visit& visit) { flag("refused or done", step.refused, visit); }
void visit_all(PromoteStep& step, const Visit& visit) { flag("refused or done", step.refused, visit); }
void visit_all(ExpectTables& step, const Visit& visit) {
  visit("tables", [&step] { step.count += 1; });
}
void visit_all(BadFrameStep& step, const Visit& visit) { flag("refused or done", step.refused, visit); }
void visit_all(ExpectSavedFrames& step, const Visit& visit) {
  visit("saved frames", [&step] { step.count += 1; });
}
void visit_all(ExpectFreeSlots& step, const Visit& visit) {
  visit("free slots", [&step] { step.count += 1; });
}
void visit_all(ExpectSharers& step, const Visit& visit) {
  visit("one sharer less", [&step] { step.sharers.pop_back(); });
  visit("one sharer more", [&step] { step.sharers.push_back(step.sharers.back()); });
}
void visit_all(ExpectFences& step, const Visit& visit) {
  visit("fences", [&step] { step.count += 1; });
}
void visit_all(ExpectCycles& step, const Visit& visit) {
  for (std::size_t i = 1; i < step.names.size(); ++i) {
    visit("order", [&step, i] { std::swap(step.names[i - 1], step.names[i]); });
  }
}
void visit_all(ExpectProcess& step, const Visit& visit) {
  using State = ExpectProcess::State;
  visit("state", [&step] { step.state = step.state == State::Running ? State::Killed : State::Running; });
}
void visit_all(ExpectReferences& step, const Visit& visit) {
  visit("references", [&step] { step.count += 1; });
}
void visit_all(ExpectRegister& step, const Visit& visit) {
  visit("register", [&step] { step.value += 1; });
}
void visit_all(ExpectStart& step, const Visit& visit) {
  number("pc", step.pc, visit);
  number("sp", step.sp, visit);
}
void visit_all(ExpectCount& step, const Visit& visit) {
  visit("count", [&step] { step.count += 1; });
}

void visit_all(ExpectOutput& step, const Visit& visit) {
  visit("output", [&step] { step.bytes.push_back('x'); });
}
void visit_all(ExpectFile& step, const Visit& visit) {
  visit("content", [&step] { step.content.push_back('x'); });
}
void visit_all(ExpectDevice& step, const Visit& visit) { bytes(step.bytes, visit); }
void visit_all(ExpectReport& step, const Visit& visit) {
  visit("line", [&step] { step.line += " x"; });
}

// Steps that expect nothing.
template <class T>
void visit_all(T& /*step*/, const Visit& /*visit*/) {}

}  // namespace

std::size_t count_expectations(Trace& trace) {
  std::size_t count = 0;
  const Visit visit = [&count](std::string_view, const std::function<void()>&) { ++count; };
  for (Scenario& s : trace.scenarios) {
    for (Step& step : s.steps) std::visit([&](auto& action) { visit_all(action, visit); }, step.action);
  }
  return count;
}

Alteration alter_expectation(Trace& trace, std::size_t n) {
  std::size_t at = 0;
  std::optional<Alteration> done;
  for (std::size_t i = 0; i < trace.scenarios.size() && !done; ++i) {
    for (Step& step : trace.scenarios[i].steps) {
      const Visit visit = [&](std::string_view what, const std::function<void()>& alter) {
        if (at++ != n) return;
        alter();
        done = Alteration{i, fmt::format("{}: {}", to_string(trace.files, step.place), what)};
      };
      std::visit([&](auto& action) { visit_all(action, visit); }, step.action);
      if (done) break;
    }
  }
  if (!done) throw InputError(fmt::format("found expectation number {}, expected less than {}", n, at));
  return *done;
}

}  // namespace vm::trace
