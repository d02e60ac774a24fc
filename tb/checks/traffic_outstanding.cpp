// SPDX-License-Identifier: Apache-2.0
//
// The part of the traffic check for caches with misses outstanding.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checks/traffic_check.h"
#include "pieces.h"

namespace vm {

std::vector<TrafficCheck::Outstanding::Leaving>::iterator TrafficCheck::leaves(Outstanding& side, std::uint64_t line) {
  return std::find_if(side.leaving.begin(), side.leaving.end(),
                      [line](const Outstanding::Leaving& l) { return l.line == line; });
}

// From its lookup to its answer.
void TrafficCheck::wait(const Event& lookup) {
  if (lookup.answers_at_once()) return;
  outstanding_[lookup.cache()].waiting[16 * static_cast<unsigned>(lookup.client()) + lookup.cache_id()] = {true,
                                                                                                           lookup.b};
}

bool TrafficCheck::somebody_waits(unsigned cache, std::uint64_t first, std::uint64_t bytes) const {
  const auto& waiting = outstanding_[cache].waiting;
  return std::any_of(waiting.begin(), waiting.end(),
                     [&](const Outstanding::Access& a) { return a.active && a.pa - first < bytes; });
}

void TrafficCheck::on_outstanding_victim(const Event& event) {
  const unsigned c = event.cache();
  Outstanding& side = outstanding_[c];
  if (event.victim_dirty()) {
    Expected back = line_request(c, Reason::WriteBack, event.b);
    back.id = side.ids.buffer;
    expected_[c].push_back(back);
    side.leaving.push_back({event.b, false});
  }
  if (!side.ids.fetches(event.cache_id())) return;
  const std::uint64_t line = event.fetched_line();
  const unsigned bytes = (c == 0 ? machine_.icache : machine_.dcache).line_bytes;
  if (!somebody_waits(c, line, bytes)) {
    wrong(
        fmt::format("the {} cache fetches line {:#x}, for which nobody waits", c == 0 ? "instruction" : "data", line));
  }
  Expected fetch = line_request(c, Reason::Refill, line);
  fetch.id = event.cache_id();
  expected_[c].push_back(fetch);
}

void TrafficCheck::on_outstanding_done(const Event& event) {
  const unsigned c = event.cache();
  outstanding_[c].waiting[16 * static_cast<unsigned>(event.client()) + event.cache_id()].active = false;
  const unsigned bytes = (c == 0 ? machine_.icache : machine_.dcache).line_bytes;
  const auto needed = std::find_if(expected_[c].begin(), expected_[c].end(), [&](const Expected& e) {
    return event.single() ? e.single() && e.client == event.client() && e.access == event.cache_id()
                          : e.reason == Reason::Refill && event.b - e.addr < bytes;
  });
  if (needed == expected_[c].end()) return;
  // Two clients have asked for the same: this one came first.
  Expected& single = outstanding_[c].single;
  if (event.single() && alike(*needed, single)) return std::swap(*needed, single);
  wrong(fmt::format("the {} cache answered for {:#x} without the {} of {:#x} it needed",
                    c == 0 ? "instruction" : "data", event.b, reason_name(needed->reason), needed->addr));
  expected_[c].erase(needed);
}

bool TrafficCheck::alike(const Expected& a, const Expected& b) {
  return a.reason == b.reason && a.write == b.write && a.addr == b.addr && a.strb == b.strb;
}

// Of clients that have asked for a store to the same place, which goes first shows in the data.
bool TrafficCheck::another_stores(const MemWrite& beat) const {
  if (machine_.misses == 0 || !writing_.single()) return false;
  const std::uint64_t mask = lane_mask(writing_.strb);
  return std::any_of(expected_[1].begin(), expected_[1].end(),
                     [&](const Expected& e) { return alike(e, writing_) && ((e.wdata ^ beat.data) & mask) == 0; });
}

// It ends when memory has what it has cleaned (on_cycle).
void TrafficCheck::on_outstanding_maint(const Event& event) {
  if (!event.wrote_back()) return;
  Outstanding& side = outstanding_[event.cache()];
  Expected back = line_request(event.cache(), Reason::Maintenance, event.b);
  back.id = side.ids.buffer;
  expected_[event.cache()].push_back(back);
  side.leaving.push_back({event.b, true});
}

void TrafficCheck::on_outstanding_request(const MemRequest& request, const Expected& expected) {
  const auto c = static_cast<unsigned>(request.src);
  Outstanding& side = outstanding_[c];
  switch (expected.reason) {
    case Reason::Refill:
      if (leaves(side, expected.addr) != side.leaving.end()) {
        wrong(fmt::format("line {:#x} is fetched before memory has what was stored there", expected.addr));
      }
      if (machine_.critical_first && !somebody_waits(c, request.addr, 8)) {
        wrong(fmt::format("line {:#x} is read from {:#x} on, which nobody waits for", expected.addr, request.addr));
      }
      return;
    case Reason::Uncached:
    case Reason::Through:
      side.single = expected;
      if (side.leaving.empty()) return;
      wrong(fmt::format("the {} to {:#x} goes to memory before line {:#x} is there", reason_name(expected.reason),
                        request.addr, side.leaving.front().line));
      return;
    default:
      side.written = expected.addr;
      return;
  }
}

void TrafficCheck::on_answer(const MemResponse& answer) {
  if (machine_.misses == 0 || answer.src == MemSource::Walk) return;
  Outstanding& side = outstanding_[static_cast<unsigned>(answer.src)];
  if (answer.id != side.ids.buffer) return;
  const auto line = leaves(side, side.written);
  if (line != side.leaving.end()) side.leaving.erase(line);
}

}  // namespace vm
