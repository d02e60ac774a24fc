// SPDX-License-Identifier: Apache-2.0
#include "checks/memory_answers.h"

#include <fmt/format.h>

#include <algorithm>

namespace vm {

MemoryAnswers::MemoryAnswers(const Machine& machine, Reporter& reporter)
    : reporter_(reporter),
      in_order_(machine.misses == 0),
      line_bytes_{machine.icache.line_bytes, machine.dcache.line_bytes},
      ids_{memory_ids(machine, 0), memory_ids(machine, 1)},
      fetch_sets_(machine.icache.sets),
      fetch_ways_(machine.icache.ways),
      last_fill_{std::vector<LastFill>(machine.icache.sets), std::vector<LastFill>(machine.dcache.sets)},
      fetch_lines_(static_cast<std::size_t>(fetch_sets_) * fetch_ways_) {
  const std::size_t words = std::max(line_bytes_[0] / 8, std::uint64_t{1});
  for (std::vector<std::uint64_t>& line : fetch_lines_) line.resize(words);
  filling_.resize(words);
}

std::vector<std::uint64_t>* MemoryAnswers::fetch_line(unsigned set, unsigned way) {
  if (set >= fetch_sets_ || way >= fetch_ways_) return nullptr;
  return &fetch_lines_[static_cast<std::size_t>(set) * fetch_ways_ + way];
}

void MemoryAnswers::on_cycle(const MemPort& port) {
  ++cycle_;
  if (port.accepted() && port.req.src != MemSource::Walk) {
    const unsigned c = port.req.src == MemSource::Fetch ? 0 : 1;
    Answer& a = answer(c, port.req.id);
    a.failed = false;
    a.beat = 0;
    a.line = port.req.len != 0;
    a.first = static_cast<unsigned>(port.req.addr % line_bytes_[c] / 8);
  }
  if (port.answered() && port.rsp.src != MemSource::Walk) on_beat(port.rsp);
}

void MemoryAnswers::on_beat(const MemResponse& beat) {
  const unsigned c = beat.src == MemSource::Fetch ? 0 : 1;
  Answer& a = answer(c, beat.id);
  if (in_order_ || a.beat == 0) a.first_beat = beat.rdata;
  a.failed = a.failed || beat.err;
  if (c == 0 && in_order_) {
    if (a.beat < filling_.size()) filling_[a.beat] = beat.rdata;
  } else if (c == 0 && ids_[0].fetches(beat.id)) {
    // A load may have its word before the line is whole.
    if (std::vector<std::uint64_t>* line = fetch_line(a.set, a.way))
      (*line)[(a.first + a.beat) % line->size()] = beat.rdata;
  }
  a.beat = beat.last ? 0 : a.beat + 1;
}

void MemoryAnswers::on_event(const Event& event) {
  const unsigned c = event.cache();
  switch (event.kind) {
    case EventKind::CacheLost:
      // As if memory had answered with an error (M13).
      if (event.lost_by_access()) answer(c, 0).failed = true;
      return;
    case EventKind::CacheVictim:
      if (in_order_ || !ids_[c].fetches(event.cache_id())) return;
      answer(c, event.cache_id()).set = event.set();
      answer(c, event.cache_id()).way = event.way();
      if (event.set() < last_fill_[c].size()) last_fill_[c][event.set()].known = false;
      return;
    case EventKind::CacheFill: {
      if (c == 0 && in_order_ && !event.fill_err()) {
        if (std::vector<std::uint64_t>* line = fetch_line(event.set(), event.way())) *line = filling_;
        filled_set_ = event.set();
        filled_way_ = event.way();
      }
      if (in_order_ || event.set() >= last_fill_[c].size()) return;
      const bool failed = answer(c, event.cache_id()).failed;
      last_fill_[c][event.set()] = {true, failed, event.b, cycle_};
      if (event.fill_err() == failed) return;
      reporter_.mismatch(
          "data", fmt::format("line {:#x} of the {} cache came {} error, expected {}: so memory answered", event.b,
                              c == 0 ? "instruction" : "data", event.fill_err() ? "with an" : "without",
                              failed ? "one" : "none"));
      return;
    }
    case EventKind::CacheFree:
      if (event.set() < last_fill_[c].size()) last_fill_[c][event.set()].known = false;
      return;
    default:
      return;
  }
}

bool MemoryAnswers::failed(const Event& done) const {
  const unsigned c = done.cache();
  if (in_order_) return answers_[c][0].failed;
  if (done.single()) return answer(c, ids_[c].single).failed;
  if (done.set() >= last_fill_[c].size()) return false;
  const LastFill& last = last_fill_[c][done.set()];
  const bool refused = last.known && last.failed && last.line == line_of(c, done.b);
  if (refused && !done.write() && !done.done_err() && cycle_ <= last.cycle + 1) return false;
  return refused;
}

std::uint64_t MemoryAnswers::fetched_word(std::uint64_t pa, unsigned set, unsigned way) const {
  if (set >= fetch_sets_ || way >= fetch_ways_) return 0;
  const std::vector<std::uint64_t>& line = fetch_lines_[static_cast<std::size_t>(set) * fetch_ways_ + way];
  return line.empty() ? 0 : line[(pa / 8) % line.size()];
}

}  // namespace vm
