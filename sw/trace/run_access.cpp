// SPDX-License-Identifier: Apache-2.0
//
// The runner's accesses: cut into what a core port takes, queued, performed, judged.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "machine/mix.h"
#include "trace/runner.h"

namespace vm::trace {

namespace {

constexpr std::size_t kBatch = 256;  // pieces that go to the platform together
constexpr unsigned kPieceLog2 = 3;   // a core port takes up to 8 bytes

// As the trace writes it.
std::string shortage_text(Shortage shortage) {
  return shortage == Shortage::NoMemory ? "nomem" : shortage == Shortage::SwapError ? "ioerror" : "killed";
}

std::string_view hit_or_miss(bool hit) { return hit ? "hit" : "miss"; }

}  // namespace

struct Runner::Observed {
  bool refused = false;
  bool segv = false, sigbus = false;
  SegvCode segv_code = SegvCode::None;
  Shortage shortage = Shortage::None;
  Fault fault;       // that ended it
  Fault last_fault;  // the last one, served or not
  Outcome first;     // of the first piece
  std::uint64_t faults = 0, entries = 0, reads = 0, writes = 0, cycles = 0;
  std::optional<std::uint64_t> entry;
  std::vector<std::uint8_t> value;
};

// ---------------------------------------------------------------- queueing

void Runner::add_pieces(const AccessStep& access, AccessKind kind, const std::vector<std::uint8_t>* bytes) {
  std::uint32_t at = 0;
  while (at < access.size) {
    const std::uint32_t left = access.size - at;
    const unsigned log2 = std::min<unsigned>(kPieceLog2, static_cast<unsigned>(std::bit_width(left)) - 1);
    Access piece;
    piece.kind = kind;
    piece.atomic = access.atomic;
    piece.user = access.user;
    piece.sum = access.sum;
    piece.mxr = access.mxr;
    piece.size_log2 = static_cast<std::uint8_t>(log2);
    piece.va = access.va + at;
    for (unsigned i = 0; bytes != nullptr && i < piece.size(); ++i) {
      piece.data |= static_cast<std::uint64_t>((*bytes)[at + i]) << (8 * i);
    }
    accesses_.push_back(piece);
    at += piece.size();
  }
}

std::vector<std::uint8_t> Runner::value_to_store(const AccessStep& access) {
  if (access.source == ValueSource::Bytes) return access.bytes;
  std::vector<std::uint8_t> bytes(access.size);
  const std::uint64_t number = ++sequence_;
  for (std::uint32_t i = 0; i < access.size; ++i) {
    std::uint64_t word = registers_[access.process][access.source_register];
    if (access.source == ValueSource::None) {
      word = mix(mix(options_.seed ^ access.process) ^ mix(access.va.value + (i & ~7U)) ^ number);
    }
    bytes[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
  return bytes;
}

void Runner::queue(const Step& step, const AccessStep& access) {
  // What looks at counts or cycles of one access wants the machine for itself.
  const bool alone = single_ || (access.expect && (access.expect->cycles || access.expect->reads ||
                                                   access.expect->writes || access.expect->entries));
  const bool waits = access.source == ValueSource::Register && ((awaited_registers_ >> access.source_register) & 1U);
  if (!queued_.empty() && (access.process != batch_process_ || accesses_.size() >= kBatch || waits || alone)) flush();
  if (stopped_) return;
  batch_process_ = access.process;
  if (access.operation == Operation::Modify) return modify(step, access);

  Queued item{&access, step.place, accesses_.size(), 0, 0, 0};
  if (access.operation == Operation::Store) {
    const std::vector<std::uint8_t> bytes = value_to_store(access);
    add_pieces(access, AccessKind::Store, &bytes);
  } else {
    add_pieces(access, access.operation == Operation::Fetch ? AccessKind::Fetch : AccessKind::Load, nullptr);
  }
  item.count = accesses_.size() - item.first;
  queued_.push_back(item);
  if (access.target) awaited_registers_ |= static_cast<std::uint16_t>(1U << *access.target);
  if (alone) flush();
}

// A load, then a store of the same bytes plus one.
void Runner::modify(const Step& step, const AccessStep& access) {
  flush();
  if (stopped_) return;
  add_pieces(access, AccessKind::Load, nullptr);
  queued_.push_back({&access, step.place, 0, accesses_.size(), accesses_.size(), 0});
  if (options_.annotate) annotate_batch();
  perform(0);
  std::vector<std::uint8_t> bytes = observe(queued_[0]).value;
  if (bytes.size() == access.size) {
    for (std::uint8_t& byte : bytes) {
      if (++byte != 0) break;
    }
    const std::size_t loads = accesses_.size();
    add_pieces(access, AccessKind::Store, &bytes);
    queued_[0].count = accesses_.size();
    perform(loads);
  }
  judge(queued_[0]);
  accesses_.clear();
  queued_.clear();
}

// ---------------------------------------------------------------- performing

void Runner::flush() {
  if (queued_.empty()) return;
  if (options_.annotate) annotate_batch();
  perform(0);
  for (const Queued& item : queued_) {
    if (item.done == 0) break;  // behind an unexpected fault
    judge(item);
  }
  accesses_.clear();
  queued_.clear();
  awaited_registers_ = 0;
  if (testbed_.mismatches() != 0) stopped_ = true;
}

void Runner::annotate_batch() {
  const Queued& first = queued_.front();
  std::string text = fmt::format("{}: {}", first.place.line, describe(*first.step));
  if (queued_.size() > 1) text += fmt::format(" and {} more to line {}", queued_.size() - 1, queued_.back().place.line);
  testbed_.annotate(scenario_.processes[batch_process_], text);
}

std::size_t Runner::perform(std::size_t from) {
  make_current(batch_process_);
  outcomes_.resize(std::max(outcomes_.size(), accesses_.size()));
  std::size_t item = 0;
  while (from < accesses_.size()) {
    const std::span<const Access> todo = std::span(accesses_).subspan(from);
    const std::size_t count = kernel_->perform(ids_[batch_process_], todo, std::span(outcomes_).subspan(from));
    const std::size_t end = from + count;
    for (; item < queued_.size() && queued_[item].first < end; ++item) {
      Queued& q = queued_[item];
      q.done = std::min(end, q.first + q.count) - q.first;
      if (end < q.first + q.count) break;
    }
    if (count == 0 || !outcomes_[end - 1].refused) return end;
    // The rest of the access that was refused is not performed; what follows is, if the trace knew.
    const auto refused = std::find_if(queued_.begin(), queued_.end(),
                                      [&](const Queued& q) { return end > q.first && end <= q.first + q.count; });
    if (!refused->step->any && (!refused->step->expect || !refused->step->expect->fault)) return end;
    from = refused->first + refused->count;
    item = static_cast<std::size_t>(refused - queued_.begin()) + 1;
  }
  return from;
}

// ---------------------------------------------------------------- judging

Runner::Observed Runner::observe(const Queued& access) const {
  Observed seen;
  if (access.done == 0) return seen;
  const bool reads = access.step->operation != Operation::Store || access.step->atomic != AtomicOp::None;
  const std::size_t readers = access.loads != 0 ? access.loads : access.count;
  seen.first = outcomes_[access.first];
  for (std::size_t i = 0; i < access.done; ++i) {
    const Outcome& outcome = outcomes_[access.first + i];
    const AccessResult& last = outcome.last;
    seen.faults += outcome.faults_served;
    seen.entries += last.entry_reads;
    seen.reads += last.bus_reads;
    seen.writes += last.bus_writes;
    if (last.entry_reads > 0) seen.entry = last.entry_addr.value;
    if (outcome.last_fault) seen.last_fault = outcome.last_fault;
    seen.cycles = last.answered - seen.first.last.accepted;
    if (outcome.refused) {
      seen.refused = true;
      seen.segv = outcome.segv;
      seen.shortage = outcome.shortage;
      seen.sigbus = outcome.sigbus;
      seen.segv_code = outcome.segv_code;
      seen.fault = last.fault;
    } else if (reads && i < readers) {
      for (unsigned b = 0; b < accesses_[access.first + i].size(); ++b) {
        seen.value.push_back(static_cast<std::uint8_t>(last.data >> (8 * b)));
      }
    }
  }
  return seen;
}

std::string Runner::describe(const AccessStep& access) const {
  constexpr std::string_view kLetters = "ILSM";
  const std::string_view name = access.atomic != AtomicOp::None
                                    ? to_string(access.atomic)
                                    : kLetters.substr(static_cast<std::size_t>(access.operation), 1);
  return fmt::format("[{}{}] {} 0x{:x},{}", scenario_.processes[access.process], access.user ? "" : ":kernel", name,
                     access.va.value, access.size);
}

void Runner::judge(const Queued& access) {
  report_.accesses += access.loads != 0 ? 2 : 1;
  const Observed seen = observe(access);
  report_.refused += seen.refused;
  counts_.entries += seen.entries;
  counts_.reads += seen.reads;
  counts_.writes += seen.writes;
  counts_.tlb_hits += seen.first.last.tlb == Hit::Hit;
  counts_.tlb_misses += seen.first.last.tlb == Hit::Miss;
  counts_.cache_hits += seen.first.last.cache == Hit::Hit;
  counts_.cache_misses += seen.first.last.cache == Hit::Miss;
  if (access.step->target && !seen.refused) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < seen.value.size(); ++i) value |= static_cast<std::uint64_t>(seen.value[i]) << (8 * i);
    registers_[access.step->process][*access.step->target] = value;
  }
  if (access.step->any || !judge_fault(access, seen)) return;
  if (access.step->expect) judge_expected(access, *access.step->expect, seen);
}

// False: the access ended as nobody expected, and nothing else about it is worth saying.
bool Runner::judge_fault(const Queued& access, const Observed& seen) {
  const auto text = [](const Observed& o) {
    const std::string why = o.segv                         ? "segv, "
                            : o.sigbus                     ? "sigbus, "
                            : o.shortage != Shortage::None ? shortage_text(o.shortage) + ", "
                                                           : "";
    return fmt::format("{}fault {} at 0x{:x}", why, to_string(o.fault.cause), o.fault.va.value);
  };
  const auto code = [](SegvCode c) {
    return c == SegvCode::MapErr ? " maperr" : c == SegvCode::AccErr ? " accerr" : "";
  };
  const std::optional<ExpectedFault> expected =
      access.step->expect ? access.step->expect->fault : std::optional<ExpectedFault>();
  if (!expected) {
    if (seen.refused) fail_and_stop(access.place, describe(*access.step), "no fault", text(seen));
    return !seen.refused;
  }
  ++report_.expectations;
  const bool is_shortage = expected->shortage != Shortage::None;
  const std::string wanted = expected->cause            ? fmt::format("fault {}", to_string(*expected->cause))
                             : expected->any_page_fault ? "a page fault"
                             : is_shortage              ? shortage_text(expected->shortage)
                             : expected->sigbus         ? "sigbus"
                                                        : fmt::format("segv{}", code(expected->segv_code));
  if (!seen.refused) {
    fail_and_stop(access.place, describe(*access.step), wanted, "no fault");
    return false;
  }
  const bool same = expected->cause            ? *expected->cause == seen.fault.cause
                    : expected->any_page_fault ? is_page_fault(seen.fault.cause)
                    : is_shortage              ? expected->shortage == seen.shortage
                    : expected->sigbus
                        ? seen.sigbus
                        : seen.segv && (expected->segv_code == SegvCode::None || expected->segv_code == seen.segv_code);
  if (!same)
    fail(access.place, describe(*access.step), wanted, text(seen) + (expected->cause ? "" : code(seen.segv_code)));
  if (expected->at) {
    compare(access.place, describe(*access.step) + ": address of the fault", *expected->at, seen.fault.va.value);
  }
  return true;
}

void Runner::judge_expected(const Queued& access, const AccessExpectations& expect, const Observed& seen) {
  const std::string what = describe(*access.step);
  const auto number = [&](const std::optional<std::uint64_t>& expected, std::string_view name, std::uint64_t found) {
    if (expected) compare(access.place, fmt::format("{}: {}", what, name), *expected, found);
  };
  const auto hit = [&](const std::optional<bool>& expected, std::string_view name, Hit found) {
    if (!expected) return;
    ++report_.expectations;
    if (found == (*expected ? Hit::Hit : Hit::Miss)) return;
    fail(access.place, fmt::format("{}: {}", what, name), hit_or_miss(*expected),
         found == Hit::NotAsked ? "no lookup" : hit_or_miss(found == Hit::Hit));
  };
  if (expect.value) compare_bytes(access.place, what + ": value", *expect.value, seen.value);
  number(expect.pa, "pa", seen.first.last.pa.value);
  number(expect.faults, "faults served", seen.faults);
  number(expect.fault_at, "fault-at", seen.last_fault.va.value);
  if (expect.fault_cause) {
    ++report_.expectations;
    if (*expect.fault_cause != seen.last_fault.cause) {
      fail(access.place, what + ": fault-cause", to_string(*expect.fault_cause), to_string(seen.last_fault.cause));
    }
  }
  number(expect.code, "code", seen.last_fault.code);
  number(expect.level, "level", seen.last_fault.level);
  hit(expect.cache_hit, "cache", seen.first.last.cache);
  number(expect.writes, "writes", seen.writes);
  if (expect.tlb) judge_tlb(access, *expect.tlb, seen);
  if (counts_walks()) {
    judge_walk(access, expect, seen);
  } else {
    report_.skipped += expect.entries.has_value() + expect.entry.has_value() + expect.reads.has_value();
  }
  if (testbed_.has_clock()) {
    number(expect.cycles, "cycles", seen.cycles);
  } else if (expect.cycles) {
    ++report_.skipped;
  }
}

bool Runner::counts_walks() const {
  const Machine& m = scenario_.machine;
  return testbed_.has_clock() || (m.l2tlb.ways == 0 && m.walk_cache_sets == 0);
}

void Runner::judge_walk(const Queued& access, const AccessExpectations& expect, const Observed& seen) {
  const std::string what = describe(*access.step);
  if (expect.entries) compare(access.place, what + ": entries", *expect.entries, seen.entries);
  if (expect.reads) compare(access.place, what + ": reads", *expect.reads, seen.reads);
  if (!expect.entry) return;
  if (seen.entry) return compare(access.place, what + ": entry", *expect.entry, *seen.entry);
  ++report_.expectations;
  fail(access.place, what + ": entry", fmt::format("0x{:x}", *expect.entry), "no entry read");
}

// An access that missed the L1 TLB and read no entry was answered by the L2 TLB.
void Runner::judge_tlb(const Queued& access, TlbAnswer expected, const Observed& seen) {
  constexpr std::array<std::string_view, 4> kNames = {"hit", "miss", "l2", "walk"};
  const bool deeper = expected == TlbAnswer::L2 || expected == TlbAnswer::Walk;
  if (deeper && !counts_walks()) {
    ++report_.skipped;
    return;
  }
  ++report_.expectations;
  TlbAnswer found = TlbAnswer::L1;
  if (seen.first.last.tlb != Hit::Hit) {
    found = !deeper ? TlbAnswer::Miss : seen.first.last.entry_reads == 0 ? TlbAnswer::L2 : TlbAnswer::Walk;
  }
  if (found == expected && seen.first.last.tlb != Hit::NotAsked) return;
  fail(access.place, describe(*access.step) + ": tlb", kNames.at(static_cast<std::size_t>(expected)),
       seen.first.last.tlb == Hit::NotAsked ? "no lookup" : kNames.at(static_cast<std::size_t>(found)));
}

}  // namespace vm::trace
