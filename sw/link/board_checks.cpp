// SPDX-License-Identifier: Apache-2.0
//
// What a board answers against what the reference platform did.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "link/board_platform.h"

namespace vm::link {
namespace {

constexpr std::size_t kKept = 20;  // mismatches that are told

// Bits of events_t in rtl/vm_pkg.sv, which are the counters' numbers.
constexpr std::uint8_t kPortEvents = 19, kWalkerUpdate = 41, kFences = 45, kAtomicDone = 66, kConditionalFailed = 67;

std::string text_of(const Access& access) {
  const std::string_view name = access.atomic != AtomicOp::None ? to_string(access.atomic) : to_string(access.kind);
  return fmt::format("{} of {} bytes at 0x{:x} in {} mode", name, access.size(), access.va.value,
                     access.user ? "user" : "kernel");
}

std::string text_of(const Fault& fault) {
  if (!fault) return "no fault";
  return fmt::format("fault {} at 0x{:x}, level {}, entry 0x{:x} at 0x{:x}, code 0x{:x}", to_string(fault.cause),
                     fault.va.value, fault.level, fault.pte, fault.pte_addr.value, fault.code);
}

}  // namespace

void BoardPlatform::report(std::string text) {
  ++mismatch_count_;
  if (mismatches_.size() < kKept) mismatches_.push_back(std::move(text));
}

std::vector<std::string> BoardPlatform::mismatches() const {
  std::vector<std::string> all = mismatches_;
  all.insert(all.end(), twin_.mismatches().begin(), twin_.mismatches().end());
  return all;
}

void BoardPlatform::flush() {
  answer_bytes_ = 0;
  const std::vector<Pending> pending = std::exchange(pending_, {});
  const Bytes payload = std::exchange(payload_, {});
  // After a lost answer nothing that follows can be judged.
  if (pending.empty() || lost_) return;
  const Bytes answer = link_.exchange(payload);
  AnswerReader answers(machine(), answer);
  for (const Pending& one : pending) {
    try {
      judge(one, answers);
    } catch (const ShortAnswer& error) {
      lost_ = true;
      const std::string what = one.kind == Pending::Kind::Access ? text_of(one.access) : one.what;
      return report(fmt::format("board: {}: {}", what, error.what()));
    }
    ++checked_;
  }
  if (!answers.at_end()) report("board: there are more answers than commands");
}

void BoardPlatform::judge(const Pending& pending, AnswerReader& answers) {
  bool same = true;
  switch (pending.kind) {
    case Pending::Kind::Access:
      return judge_access(pending, answers);
    case Pending::Kind::Exact: {
      const auto found = answers.bytes(pending.bytes.size());
      same = pending.refused || std::equal(found.begin(), found.end(), pending.bytes.begin());
      break;
    }
    case Pending::Kind::Digest:
      same = answers.number(4) == pending.value || pending.refused;
      break;
    case Pending::Kind::Status:
      break;
  }
  if (!same) report(fmt::format("board: {} gave other bytes than were written", pending.what));
  if (answers.refused() == pending.refused) return;
  report(fmt::format("board: {} was {}, expected it to be {}", pending.what, pending.refused ? "done" : "refused",
                     pending.refused ? "refused" : "done"));
}

// Code that was changed since the last fetch sync: which of its values a fetch finds is open. What lies behind the end
// of the first page has an address that is not known here.
bool BoardPlatform::may_be_older(const Pending& pending, std::uint64_t found) const {
  const Access& access = pending.access;
  if (view_ == nullptr || access.kind != AccessKind::Fetch || machine().icache.ways == 0) return false;
  const std::uint64_t left = machine().format.page_size() - machine().offset_of(access.va);
  for (unsigned i = 0; i < std::min<std::uint64_t>(access.size(), left); ++i) {
    const auto byte = static_cast<std::uint8_t>(found >> (8 * i));
    if (byte == static_cast<std::uint8_t>(pending.expected.data >> (8 * i))) continue;
    if (!view_->image_fetch_may_be({}, VirtAddr(pending.expected.pa.value + i), byte)) return false;
  }
  return true;
}

void BoardPlatform::judge_access(const Pending& pending, AnswerReader& answers) {
  const AccessAnswer found = answers.access(pending.access);
  const AccessResult& expected = pending.expected;
  const auto differs = [&](const std::string& gave, const std::string& wanted) {
    report(fmt::format("board: {} gave {}, expected {}", text_of(pending.access), gave, wanted));
  };
  if (!(found.fault == expected.fault)) {
    differs(text_of(found.fault), text_of(expected.fault));
  } else if (!found.fault && pending.access.answers_data() && found.data != expected.data &&
             !may_be_older(pending, found.data)) {
    differs(fmt::format("0x{:x}", found.data), fmt::format("0x{:x}", expected.data));
  } else if (found.has_pa && found.pa != expected.pa) {
    differs(fmt::format("physical address 0x{:x}", found.pa.value), fmt::format("0x{:x}", expected.pa.value));
  }
  // Of an access in several pieces it is not known which of them hit.
  const unsigned unit = machine().unit_bytes();
  const bool whole = pending.access.va.value % unit + pending.access.size() <= unit;
  if (whole && expected.tlb != Hit::NotAsked && found.l1_hit != (expected.tlb == Hit::Hit) && !found.fault) {
    differs(found.l1_hit ? "a hit of the first-level TLB" : "a miss of the first-level TLB", "the other");
  }
  const std::uint64_t accepted = cycles_;
  cycles_ += found.cycles;
  if (pending.result == nullptr) return;
  AccessResult& result = *pending.result;
  result.fault = found.fault;
  result.data = found.data;
  result.bus_reads = found.bus_reads;
  result.bus_writes = found.bus_writes;
  result.accepted = accepted;
  result.answered = cycles_;
}

// ---------------------------------------------------------------- the end of a run

void BoardPlatform::finish() {
  flush();
  if (!lost_) compare_counters();
}

void BoardPlatform::compare_counters() {
  struct Counter {
    std::uint8_t index;
    std::uint64_t expected;
    std::string what;
  };
  std::vector<Counter> counters;
  for (unsigned op = 0; op < fences_.size(); ++op) {
    counters.push_back({static_cast<std::uint8_t>(kFences + op), fences_.at(op), fmt::format("fences of kind {}", op)});
  }
  for (std::uint8_t port = 0; port < 2; ++port) {
    for (std::uint8_t cause = 1; cause < static_cast<std::uint8_t>(Cause::Misaligned); ++cause) {
      counters.push_back({static_cast<std::uint8_t>(port * kPortEvents + cause), faults_.at(port).at(cause),
                          fmt::format("faults '{}' of the {} port", to_string(static_cast<Cause>(cause)),
                                      port == 0 ? "fetch" : "data")});
    }
  }
  counters.push_back({kWalkerUpdate, twin_.entry_updates(), "updates of accessed and dirty bits"});
  counters.push_back({kAtomicDone, atomics_, "LRs, SCs and AMOs"});
  counters.push_back({kConditionalFailed, failed_conditionals_, "failed SCs"});
  std::vector<std::uint8_t> indices;
  indices.reserve(counters.size());
  for (const Counter& counter : counters) {
    indices.push_back(static_cast<std::uint8_t>(word::kCounters + counter.index));
  }
  const std::vector<std::uint64_t> found = words(indices);
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (found[i] == counters[i].expected) continue;
    report(
        fmt::format("board: the counter of {} is {}, expected {}", counters[i].what, found[i], counters[i].expected));
  }
}

BoardStatistics BoardPlatform::statistics() {
  flush();
  constexpr std::array<std::uint8_t, 2> kIndices = {word::kRefused, word::kExecuted};
  const std::vector<std::uint64_t> found = words(kIndices);
  const auto field = [&](std::size_t value, unsigned index) {
    return static_cast<unsigned>(found[value] >> (16 * index) & 0xFFFF);
  };
  BoardStatistics s;
  s.bad_crc = field(0, 0);
  s.bad_length = field(0, 1);
  s.framing = field(0, 2);
  s.gaps = field(0, 3);
  s.lost_bytes = field(1, 0);
  s.executed = field(1, 1);
  s.repeated = field(1, 2);
  s.unknown = field(1, 3);
  return s;
}

}  // namespace vm::link
