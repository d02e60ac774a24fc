// SPDX-License-Identifier: Apache-2.0
//
// Check 5, traffic: every request on the memory port is explained by an event, and every event that needs one has it,
// once: refills of missed lines, write-backs of dirty lines with the right bytes, uncached accesses and written-through
// stores with exactly the lanes asked for, entries on the path that is being walked and nothing beside it. The walker
// writes only to set accessed and dirty bits, where the rules say so, and only over the value it has judged (R13, X10,
// X11, M17).
//
// With misses outstanding requests of different ids come in any order, but a line is fetched only for somebody who
// waits for it, not twice at a time, and not before memory has what was written back of it; an uncached access comes
// when all that is done, in the order of its client.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/check.h"
#include "checks/walk_follower.h"
#include "coherent_memory.h"
#include "machine/machine.h"
#include "memory_ids.h"

namespace vm {

class TrafficCheck final : public Check {
 public:
  TrafficCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter);
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { memory_.memory().write(pa, bytes); }
  void on_cycle(const Cycle& cycle) override;
  void finish() override;

 private:
  enum class Reason : std::uint8_t { Uncached, Refill, WriteBack, Maintenance, Entry, Eviction, Through };
  struct Expected {
    Reason reason = Reason::Uncached;
    bool write = false;
    std::uint8_t len = 0;
    std::uint8_t strb = 0;
    std::uint64_t addr = 0;
    std::uint64_t wdata = 0;  // stores that go to memory by themselves
    unsigned id = 0;
    Client client = Client::Core;  // accesses that do
    unsigned access = 0;           //   and their id
    bool single() const { return reason == Reason::Uncached || reason == Reason::Through; }
  };
  // Of a cache with misses outstanding. Lines that leave: from the choice of a victim until memory has them.
  struct Outstanding {
    struct Access {
      bool active = false;
      std::uint64_t pa = 0;
    };
    MemoryIds ids;
    std::array<Access, 64> waiting{};  // by client and id
    struct Leaving {
      std::uint64_t line = 0;
      bool cleaned = false;  // by maintenance
    };
    std::vector<Leaving> leaving;
    std::uint64_t written = 0;  // the line whose write-back is under way
    Expected single;            // the last access that went by itself; whose it was shows in its answer
  };

  static std::string_view reason_name(Reason reason);
  void on_event(const Event& event);
  void on_lookup(const Event& event);
  void on_maint(const Event& event);
  void on_walk_read(const Event& event);
  void on_update_start(const Event& event);
  void on_walk_write(const Event& lookup);
  void on_update(const Event& event);
  std::uint64_t entry_in_memory() const;
  void on_walk_data(const Event& event);
  void on_request(const MemRequest& request);
  std::optional<Expected> take_expected(const MemRequest& request);
  bool explains(const Expected& expected, const MemRequest& request, bool exactly) const;
  void on_victim(const Event& event);
  void on_done(const Event& event);
  // With misses outstanding (traffic_outstanding.cpp)
  void wait(const Event& lookup);
  void on_outstanding_victim(const Event& event);
  void on_outstanding_done(const Event& event);
  void on_outstanding_maint(const Event& event);
  void on_outstanding_request(const MemRequest& request, const Expected& expected);
  void on_answer(const MemResponse& answer);
  static bool alike(const Expected& a, const Expected& b);
  bool another_stores(const MemWrite& beat) const;
  static std::vector<Outstanding::Leaving>::iterator leaves(Outstanding& side, std::uint64_t line);
  bool somebody_waits(unsigned cache, std::uint64_t first, std::uint64_t bytes) const;
  void on_write_beat(const MemWrite& beat);
  Expected line_request(unsigned cache, Reason reason, std::uint64_t line) const;
  void wrong(std::string what) { reporter_.mismatch("traffic", std::move(what)); }

  const Machine& machine_;
  Reporter& reporter_;
  CoherentMemory memory_;
  std::array<std::vector<Expected>, 3> expected_;  // by source, in order
  std::array<Outstanding, 2> outstanding_;
  std::array<std::uint64_t, 2> missed_{};                     // address each cache is serving
  std::array<std::optional<Expected>, 2> behind_eviction_{};  // uncached access that hit: the line goes first
  std::uint64_t evicted_for_ = 0, evicted_beat_ = 0;          // its word, as it was before
  Expected writing_;                                          // whose data beats are going out
  bool is_writing_ = false;
  unsigned beat_ = 0;
  bool maintenance_ = false;    // a cache operation is under way
  bool maint_written_ = false;  // a line was written back for it, and not yet reported
  std::uint64_t maint_line_ = 0;
  WalkFollower walk_;
  std::uint64_t walk_entry_ = 0;
  std::uint64_t update_value_ = 0, update_wanted_ = 0;  // of the compare-and-set under way
  bool updating_ = false, updated_ = false;             // under way; its store was seen
  MemResponse walk_beat_;
};

}  // namespace vm
