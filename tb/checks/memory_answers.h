// SPDX-License-Identifier: Apache-2.0
//
// What memory has answered to the first-level caches, as far as their own answers depend on it: whether an access was
// refused, what an uncached read brought, and what lines the instruction cache was filled with (it may be older than
// memory).
//
// A cache that waits for each miss has one request under way; an error is that of the last one. With misses outstanding
// errors go with the ids of requests, and a line that could not be fetched is remembered until another is fetched into
// its set, or the miss register is free: those who wait for it are all told.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "checks/reporter.h"
#include "event.h"
#include "machine/machine.h"
#include "memory_ids.h"

namespace vm {

class MemoryAnswers {
 public:
  MemoryAnswers(const Machine& machine, Reporter& reporter);

  // Ports of the cycle, then its events in order.
  void on_cycle(const MemPort& port);
  void on_event(const Event& event);

  // Whether the access that is answered was refused. A load that had its word before the error may be answered a cycle
  // after it.
  bool failed(const Event& done) const;
  // What memory answered to an uncached read.
  std::uint64_t uncached_data(unsigned cache) const { return answer(cache, ids_[cache].single).first_beat; }
  // The word at `pa` in the line of the instruction cache that `place` has, or that is there (CacheLookup).
  std::uint64_t fetched_word(std::uint64_t pa, unsigned set, unsigned way) const;
  // Where the line was put that came last.
  unsigned filled_set() const { return filled_set_; }
  unsigned filled_way() const { return filled_way_; }

 private:
  struct Answer {
    std::uint64_t first_beat = 0;
    unsigned beat = 0;
    unsigned first = 0;   // word the line begins with
    bool failed = false;  // any beat so far
    bool line = false;
    unsigned set = 0, way = 0;  // where it goes
  };
  struct LastFill {
    bool known = false, failed = false;
    std::uint64_t line = 0;
    std::uint64_t cycle = 0;
  };

  const Answer& answer(unsigned cache, unsigned id) const { return answers_[cache][in_order_ ? 0 : id]; }
  Answer& answer(unsigned cache, unsigned id) { return answers_[cache][in_order_ ? 0 : id]; }
  std::uint64_t line_of(unsigned cache, std::uint64_t pa) const { return pa / line_bytes_[cache] * line_bytes_[cache]; }
  std::vector<std::uint64_t>* fetch_line(unsigned set, unsigned way);
  void on_beat(const MemResponse& beat);

  Reporter& reporter_;
  bool in_order_;
  std::array<std::uint64_t, 2> line_bytes_;
  std::array<MemoryIds, 2> ids_;
  unsigned fetch_sets_, fetch_ways_;
  std::uint64_t cycle_ = 0;
  std::array<std::array<Answer, 16>, 2> answers_{};
  std::array<std::vector<LastFill>, 2> last_fill_;  // by set
  std::vector<std::vector<std::uint64_t>> fetch_lines_;
  std::vector<std::uint64_t> filling_;
  unsigned filled_set_ = 0, filled_way_ = 0;
};

}  // namespace vm
