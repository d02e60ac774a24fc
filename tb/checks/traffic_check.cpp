// SPDX-License-Identifier: Apache-2.0
#include "checks/traffic_check.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "machine/fence.h"
#include "machine/pte.h"
#include "pieces.h"

namespace vm {
namespace {

constexpr std::array<std::string_view, 3> kSource{"fetch", "data", "walk"};

}  // namespace

std::string_view TrafficCheck::reason_name(Reason reason) {
  constexpr std::array<std::string_view, 7> kNames{"uncached access",        "refill",     "write-back",
                                                   "maintenance write-back", "entry read", "eviction",
                                                   "written-through store"};
  return kNames.at(static_cast<std::size_t>(reason));
}

TrafficCheck::TrafficCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter)
    : machine_(machine), reporter_(reporter), memory_(machine, behind, tracker), walk_(machine, tracker) {
  for (std::vector<Expected>& list : expected_) list.reserve(64);
  for (unsigned c = 0; c < 2; ++c) {
    outstanding_[c].ids = memory_ids(machine, c);
    outstanding_[c].leaving.reserve(64);
  }
}

void TrafficCheck::on_cycle(const Cycle& cycle) {
  if (cycle.memory.answered() && cycle.memory.rsp.src == MemSource::Walk) walk_beat_ = cycle.memory.rsp;
  walk_.on_array_port();
  for (const Event& event : cycle.events) {
    // A line that is dropped: its last bytes are needed until the event has been looked at.
    on_event(event);
    memory_.on_event(event, cycle.number);
  }
  memory_.on_ports(cycle);
  if (cycle.memory.w_accepted()) on_write_beat(cycle.memory.w);
  if (cycle.memory.answered()) on_answer(cycle.memory.rsp);
  if (cycle.memory.accepted()) on_request(cycle.memory.req);
  if (cycle.out->fence.valid) {
    for (const Outstanding::Leaving& l : outstanding_[1].leaving) {
      if (l.cleaned) wrong(fmt::format("the fence is answered before memory has line {:#x}", l.line));
    }
    if (maint_written_) wrong(fmt::format("line {:#x} was written back, but not for the fence", maint_line_));
    maintenance_ = maint_written_ = false;
  }
  if (cycle.fence_accepted()) {
    maintenance_ = !cycle.in->fence.user && static_cast<FenceOp>(cycle.in->fence.op) != FenceOp::Tlb;
  }
}

void TrafficCheck::finish() {
  for (unsigned s = 0; s < 3; ++s) {
    for (const Expected& e : expected_[s]) {
      wrong(fmt::format("the {} of {:#x} by source {} never came", reason_name(e.reason), e.addr, kSource[s]));
    }
    expected_[s].clear();
  }
}

TrafficCheck::Expected TrafficCheck::line_request(unsigned cache, Reason reason, std::uint64_t line) const {
  const unsigned bytes = (cache == 0 ? machine_.icache : machine_.dcache).line_bytes;
  Expected e;
  e.reason = reason;
  e.write = reason != Reason::Refill;
  e.addr = line;
  e.len = static_cast<std::uint8_t>(bytes < 8 ? 0 : bytes / 8 - 1);
  e.strb = static_cast<std::uint8_t>(bytes < 8 ? 0x0FU << (line & 4U) : 0xFFU);
  return e;
}

void TrafficCheck::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::WalkRead:
      on_walk_read(event);
      return walk_.on_event(event);
    case EventKind::WalkData:
      on_walk_data(event);
      return walk_.on_event(event);
    case EventKind::WalkUpdateStart:
      on_update_start(event);
      return walk_.on_event(event);
    case EventKind::WalkUpdate:
      on_update(event);
      return walk_.on_event(event);
    case EventKind::WalkEnd:
      if (walk_.due() == WalkFollower::Due::Update) {
        wrong(
            fmt::format("the walk for {:#x} ends, but the entry {:#x} at {:#x} should have become {:#x} first (R13, "
                        "X10)",
                        walk_.va().value, walk_.value(), walk_.entry().value, walk_.wanted()));
      }
      return walk_.on_event(event);
    case EventKind::WalkCacheFill:
    case EventKind::WalkStart:
    case EventKind::WalkLook:
    case EventKind::WalkRestart:
    case EventKind::TlbInvalidate:
    case EventKind::Upset:
      return walk_.on_event(event);
    case EventKind::CacheLookup:
      return on_lookup(event);
    case EventKind::CacheVictim:
      return on_victim(event);
    case EventKind::CacheDone:
      return on_done(event);
    case EventKind::CacheMaint:
      return on_maint(event);
    case EventKind::CacheLost:
      // An access that is answered with an error goes nowhere.
      if (!event.lost_by_access()) return;
      expected_[event.cache()].clear();
      behind_eviction_[event.cache()].reset();
      return;
    default:
      return;
  }
}

void TrafficCheck::on_victim(const Event& event) {
  if (machine_.misses != 0) return on_outstanding_victim(event);
  auto& list = expected_[event.cache()];
  if (list.size() > 1) return;  // reported when it was not taken
  if (event.victim_dirty()) {
    const bool evicted = behind_eviction_[event.cache()].has_value();
    list.push_back(line_request(event.cache(), evicted ? Reason::Eviction : Reason::WriteBack, event.b));
  }
  if (auto& uncached = behind_eviction_[event.cache()]) {
    list.push_back(*uncached);
    uncached.reset();
    return;
  }
  const unsigned bytes = (event.cache() == 0 ? machine_.icache : machine_.dcache).line_bytes;
  const std::uint64_t missed = missed_[event.cache()];
  list.push_back(line_request(event.cache(), Reason::Refill, missed - missed % bytes));
}

void TrafficCheck::on_done(const Event& event) {
  if (machine_.misses != 0) return on_outstanding_done(event);
  auto& list = expected_[event.cache()];
  if (list.empty()) return;
  wrong(fmt::format("the {} cache answered for {:#x} without the {} of {:#x} it needed",
                    event.cache() == 0 ? "instruction" : "data", event.b, reason_name(list.front().reason),
                    list.front().addr));
  list.clear();
}

void TrafficCheck::on_lookup(const Event& event) {
  const unsigned c = event.cache();
  missed_[c] = event.b;
  if (machine_.misses != 0) wait(event);
  if (event.client() == Client::Walk && event.write()) on_walk_write(event);
  if (!event.single()) return;
  // From the request where there is one, so that a wrong lane is the cache's fault and not its excuse.
  const CoherentMemory::Asked asked = CoherentMemory::in_memory_lanes(memory_.asked(event));
  Expected e;
  e.reason = event.uncached() ? Reason::Uncached : Reason::Through;
  e.write = event.write();
  e.addr = asked.known ? asked.pa : event.b;
  e.strb = asked.known ? asked.lanes : static_cast<std::uint8_t>(event.strb());
  e.wdata = asked.known ? asked.wdata : event.c;
  e.id = machine_.misses != 0 ? outstanding_[c].ids.single : 0;
  e.client = event.client();
  e.access = event.cache_id();
  if (event.hit() && event.uncached()) {
    behind_eviction_[c] = e;
    // Only the data cache has anything to write back; the instruction cache drops a line at any time.
    if (c == 1) {
      evicted_for_ = e.addr & ~7ULL;
      evicted_beat_ = memory_.beat(e.addr);
    }
  } else {
    expected_[c].push_back(e);
  }
}

void TrafficCheck::on_maint(const Event& event) {
  if (event.maint_all()) return;
  if (machine_.misses != 0) return on_outstanding_maint(event);
  if (event.wrote_back() != maint_written_ || (maint_written_ && maint_line_ != event.b)) {
    wrong(fmt::format("maintenance of line {:#x} says it was{} written back, but memory saw {}", event.b,
                      event.wrote_back() ? "" : " not",
                      maint_written_ ? fmt::format("{:#x}", maint_line_) : "nothing"));
  }
  maint_written_ = false;
}

void TrafficCheck::on_walk_read(const Event& event) {
  const bool due = walk_.due() == WalkFollower::Due::Read || walk_.due() == WalkFollower::Due::Data;
  if (!due || event.b != walk_.entry().value || event.walk_level() != walk_.level() || walk_.in_hole()) {
    wrong(fmt::format("the walk for {:#x} reads level {} at {:#x}, expected {} (R5, X2, M6)", walk_.va().value,
                      event.walk_level(), event.b,
                      due && !walk_.in_hole()
                          ? fmt::format("the entry of level {} at {:#x}", walk_.level(), walk_.entry().value)
                          : std::string("no read")));
  }
  walk_entry_ = event.b;
  if (machine_.walk_port != WalkPort::Memory) return;
  Expected e;
  e.reason = Reason::Entry;
  e.addr = event.b;
  e.strb = static_cast<std::uint8_t>(low_mask(machine_.format.pte_bytes()) << (event.b % 8));
  if (expected_[2].size() < 4) expected_[2].push_back(e);
}

// Over the memory port: the entry is what memory answered.
void TrafficCheck::on_walk_data(const Event& event) {
  if (machine_.walk_port != WalkPort::Memory || event.walk_err()) return;
  std::array<std::uint8_t, 8> raw{};
  for (unsigned i = 0; i < machine_.format.pte_bytes(); ++i) {
    raw[i] = static_cast<std::uint8_t>(walk_beat_.rdata >> (8 * ((walk_entry_ + i) % 8)));
  }
  const std::uint64_t expected = pte_from_bytes(machine_.format, std::span(raw).first(machine_.format.pte_bytes()));
  if (event.b != expected || walk_beat_.err) {
    wrong(fmt::format("the walker took the entry at {:#x} for {:#x}, expected {:#x}{} as memory answered", walk_entry_,
                      event.b, expected, walk_beat_.err ? " and an error" : ""));
  }
}

// ---------------------------------------------------------------- compare-and-set

void TrafficCheck::on_update_start(const Event& event) {
  updating_ = true;
  updated_ = false;
  update_value_ = walk_.value();
  update_wanted_ = walk_.wanted();
  if (walk_.due() == WalkFollower::Due::Update && event.b == walk_.entry().value) return;
  if (walk_.due() == WalkFollower::Due::Updating && event.b == walk_.entry().value) return;  // turned away by the cache
  wrong(fmt::format("the walk for {:#x} sets bits in the entry at {:#x}, expected {} (R13, X10)", walk_.va().value,
                    event.b,
                    walk_.due() == WalkFollower::Due::Update ? fmt::format("at {:#x}", walk_.entry().value)
                                                             : std::string("no change of any entry")));
}

// The store itself, as the cache takes it: over the value that was judged, and over no other.
void TrafficCheck::on_walk_write(const Event& lookup) {
  const Format& f = machine_.format;
  const auto bytes = pte_to_bytes(f, update_wanted_);
  const auto lanes = static_cast<unsigned>(low_mask(f.pte_bytes()) << (walk_.entry().value % 8));
  std::uint64_t wanted = 0;
  for (unsigned i = 0; i < f.pte_bytes(); ++i) {
    wanted |= static_cast<std::uint64_t>(bytes.at(i)) << (8 * ((walk_.entry().value + i) % 8));
  }
  if (!updating_ || updated_ || lookup.b != walk_.entry().value || lookup.strb() != lanes ||
      ((lookup.c ^ wanted) & lane_mask(lanes)) != 0) {
    wrong(fmt::format(
        "the walker stores {:#x} to {:#x}, lanes {:#04x}; expected {}", lookup.c, lookup.b, lookup.strb(),
        updating_ && !updated_ ? fmt::format("{:#x} to {:#x}", wanted, walk_.entry().value) : std::string("no store")));
  } else if (const std::uint64_t now = entry_in_memory(); now != update_value_) {
    wrong(fmt::format("the walker sets bits in the entry at {:#x} over {:#x}, but it has judged {:#x} (X11, M17)",
                      lookup.b, now, update_value_));
  }
  updated_ = true;
}

void TrafficCheck::on_update(const Event& event) {
  if (!event.walk_err() && event.update_success() != updated_) {
    wrong(fmt::format("the compare-and-set at {:#x} says it {}, but the entry was {}", event.b,
                      event.update_success() ? "succeeded" : "failed", updated_ ? "written" : "not written"));
  }
  const bool differs = !event.update_success() && !event.walk_err() && event.c == update_value_;
  if (event.d != update_wanted_ || differs) {
    wrong(fmt::format(
        "the compare-and-set at {:#x} of {:#x} wanted {:#x} and found {:#x}{}; expected to want {:#x} "
        "(R13, X10)",
        event.b, update_value_, event.d, event.c, differs ? ", which it takes for another value" : "", update_wanted_));
  }
  updating_ = false;
}

std::uint64_t TrafficCheck::entry_in_memory() const {
  const std::uint64_t beat = memory_.beat(walk_.entry().value);
  std::array<std::uint8_t, 8> raw{};
  for (unsigned i = 0; i < machine_.format.pte_bytes(); ++i) {
    raw[i] = static_cast<std::uint8_t>(beat >> (8 * ((walk_.entry().value + i) % 8)));
  }
  return pte_from_bytes(machine_.format, std::span(raw).first(machine_.format.pte_bytes()));
}

// ---------------------------------------------------------------- memory port

// A fetched line may begin at any of its words, if the machine reads the critical one first.
bool TrafficCheck::explains(const Expected& expected, const MemRequest& request, bool exactly) const {
  const bool any_word = machine_.critical_first && expected.reason == Reason::Refill;
  const std::uint64_t addr = any_word ? request.addr & ~(8ULL * (request.len + 1U) - 1) : request.addr;
  if (addr != expected.addr || request.write != expected.write || request.id != expected.id) return false;
  return !exactly || (request.len == expected.len && request.strb == expected.strb);
}

// What this request is. In order among those of one id and client; of lines that are written back, whichever.
std::optional<TrafficCheck::Expected> TrafficCheck::take_expected(const MemRequest& request) {
  std::vector<Expected>& list = expected_[static_cast<unsigned>(request.src)];
  auto taken = list.end();
  std::array<bool, 4> passed{};
  for (auto e = list.begin(); e != list.end(); ++e) {
    if (e->id != request.id) continue;
    if (taken == list.end()) taken = e;  // the first one, if none explains it
    if (e->single() && std::exchange(passed.at(static_cast<unsigned>(e->client)), true)) continue;
    if (machine_.misses != 0 && explains(*e, request, false)) {
      taken = e;
      break;
    }
  }
  if (taken == list.end()) return std::nullopt;
  const Expected result = *taken;
  list.erase(taken);
  return result;
}

void TrafficCheck::on_request(const MemRequest& request) {
  const auto s = static_cast<unsigned>(request.src);
  const auto text = [&request] {
    return fmt::format("{} {} of {:#x}, {} beat{}, lanes {:#04x}", kSource[static_cast<unsigned>(request.src) % 3],
                       request.write ? "write" : "read", request.addr, request.len + 1, request.len == 0 ? "" : "s",
                       request.strb);
  };
  if (s >= 3) return;
  Expected expected;
  if (const std::optional<Expected> taken = take_expected(request)) {
    expected = *taken;
    if (!explains(expected, request, true)) {
      wrong(fmt::format("{}; expected the {}: {} of {:#x}, {} beats, lanes {:#04x}", text(),
                        reason_name(expected.reason), expected.write ? "write" : "read", expected.addr,
                        expected.len + 1, expected.strb));
      expected.write = request.write;
      expected.addr = request.addr;
      expected.len = request.len;
    }
    if (machine_.misses != 0 && s < 2) on_outstanding_request(request, expected);
  } else if (machine_.misses == 0 && s == 1 && maintenance_ && request.write && !maint_written_) {
    const unsigned bytes = machine_.dcache.line_bytes;
    expected = line_request(1, Reason::Maintenance, request.addr - request.addr % bytes);
    if (request.addr != expected.addr || request.len != expected.len || request.strb != expected.strb) {
      wrong(fmt::format("{}; expected the whole line", text()));
    }
    maint_written_ = true;
    maint_line_ = expected.addr;
  } else {
    wrong(fmt::format("{} that nothing explains", text()));
    expected.write = request.write;
    expected.reason = Reason::Entry;  // data not compared
  }
  if (!request.write) return;
  writing_ = expected;
  is_writing_ = true;
  beat_ = 0;
}

void TrafficCheck::on_write_beat(const MemWrite& beat) {
  if (!is_writing_) return;  // H6
  const std::uint64_t mask = lane_mask(writing_.strb);
  const std::uint64_t address = writing_.addr + 8ULL * beat_;
  std::uint64_t data = memory_.beat(address);
  if (writing_.single()) data = writing_.wdata;
  // The line goes before the uncached store that drove it out.
  if (writing_.reason == Reason::Eviction && address == evicted_for_) data = evicted_beat_;
  if (writing_.reason != Reason::Entry && ((beat.data ^ data) & mask) != 0 && !another_stores(beat)) {
    wrong(fmt::format("the {} writes {:#018x} to {:#x}, expected {:#018x}: the bytes stored there last",
                      reason_name(writing_.reason), beat.data & mask, address, data & mask));
  }
  ++beat_;
  if (beat.last) is_writing_ = false;
}

}  // namespace vm
