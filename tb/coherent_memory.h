// SPDX-License-Identifier: Apache-2.0
//
// Physical memory as the data cache's clients must see it: what was placed before reset, and every store since, taken
// from the requests (core, host) and from the physical address the hardware says it used. Kept apart from the memory
// behind the memory port. Each check that needs one has its own.
//
// A store takes effect when the cache looks it up. With misses outstanding, one that is not answered then takes effect
// when it is: only then has it gone through the cache, and others may have come before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "event.h"
#include "machine/array_layout.h"
#include "machine/machine.h"
#include "machine/physical_memory.h"
#include "tracker.h"

namespace vm {

class CoherentMemory {
 public:
  // Told about stores: before the bytes change, and when no read can return the old ones any more.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void before_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) = 0;
    virtual void store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) = 0;
  };

  // What the data cache has been asked to do, from the requests; compared with what it says it does.
  struct Asked {
    bool known = false;
    bool write = false;
    std::uint64_t pa = 0;
    std::uint8_t lanes = 0;
    std::uint64_t wdata = 0;  // in lanes
  };

  // `behind`: the memory at the memory port, for what is lost on purpose (invalidation of dirty lines).
  CoherentMemory(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker);
  void set_listener(Listener* listener) { listener_ = listener; }

  PhysicalMemory& memory() { return memory_; }
  std::uint64_t beat(std::uint64_t address) const { return memory_.read_beat(PhysAddr(address)); }

  // Events of a cycle in order, then the ports of the cycle.
  void on_event(const Event& event, std::uint64_t cycle);
  void on_ports(const Cycle& cycle);

  // What a core or host lookup of cache `event.cache()` was asked for, in the lanes of the request. Of an atomic that
  // writes: what it makes of memory as it is, so ask before on_event.
  Asked asked(const Event& lookup);
  static Asked in_memory_lanes(Asked asked);

 private:
  struct Line {
    bool valid = false;
    std::uint64_t address = 0;
    std::vector<std::uint64_t> array_words;  // what the array port wrote
    bool dirty = false;                      // or a dirty bit has turned over
    std::vector<std::uint64_t> wrong;        // bits of its words that have turned over while it was clean
  };
  struct Pending {
    bool active = false;
    std::uint64_t word = 0;
    std::uint64_t old = 0;
    std::uint8_t lanes = 0;
  };
  // What an access that waits will store.
  struct Waiting {
    bool active = false;
    Asked asked;
  };

  Waiting& waiting(const Event& event) {
    return waiting_[16 * static_cast<unsigned>(event.client()) + event.cache_id()];
  }
  void on_lookup(const Event& event, std::uint64_t cycle);
  void on_done(const Event& event, std::uint64_t cycle);
  void store(std::uint64_t address, std::uint64_t data, std::uint8_t lanes, std::uint64_t cycle);
  void stored(std::uint64_t address, std::uint64_t cycle);
  void adopt_line(std::uint64_t address, std::uint64_t cycle);
  void on_changed_below(std::uint64_t address, std::uint64_t cycle);
  void revert_line(std::uint64_t address, std::uint64_t cycle);
  void on_array_write(const ArrayRequest& request, std::uint64_t cycle);
  void on_flip(const ArrayRequest& flip, std::uint64_t cycle);
  void becomes_dirty(Line& line, std::uint64_t cycle);
  void turn_over(const Line& line, unsigned word, std::uint64_t bits, std::uint64_t cycle);
  void show_array_word(Line& line, unsigned word, std::uint64_t cycle);
  Line* line(unsigned set, unsigned way);

  const Machine& machine_;
  const PhysicalMemory& behind_;
  Tracker& tracker_;
  unsigned unit_;
  PhysicalMemory memory_;
  std::vector<Line> lines_;  // of the data cache
  HostRequest host_;
  ArrayRequest array_;
  Pending pending_;
  std::array<Waiting, 64> waiting_{};     // by client and id
  Line* filled_ = nullptr;                // last
  std::optional<std::uint64_t> leaving_;  // dirty line on its way to the level below, in none of the two
  bool lost_ = false;                     // a line is lost in this cycle, which is no error of a write-back
  Listener* listener_ = nullptr;
};

}  // namespace vm
