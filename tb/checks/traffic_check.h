// SPDX-License-Identifier: Apache-2.0
//
// Check 5, traffic: every request on the memory port is explained by an event, and every event that needs one has it,
// once: refills of missed lines, write-backs of dirty lines with the right bytes, uncached accesses with exactly the
// lanes asked for, entries on the path that is being walked and nothing beside it. The walker writes only to set
// accessed and dirty bits, where the rules say so, and only over the value it has judged (R13, X10, X11, M17).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "checks/check.h"
#include "checks/walk_follower.h"
#include "coherent_memory.h"
#include "machine/machine.h"
#include "ring.h"

namespace vm {

class TrafficCheck final : public Check {
 public:
  TrafficCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter);
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { memory_.memory().write(pa, bytes); }
  void on_cycle(const Cycle& cycle) override;
  void finish() override;

 private:
  enum class Reason : std::uint8_t { Uncached, Refill, WriteBack, Maintenance, Entry, Eviction };
  struct Expected {
    Reason reason = Reason::Uncached;
    bool write = false;
    std::uint8_t len = 0;
    std::uint8_t strb = 0;
    std::uint64_t addr = 0;
    std::uint64_t wdata = 0;  // uncached stores
  };

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
  void on_write_beat(const MemWrite& beat);
  Expected line_request(unsigned cache, Reason reason, std::uint64_t line) const;
  void wrong(std::string what) { reporter_.mismatch("traffic", std::move(what)); }

  const Machine& machine_;
  Reporter& reporter_;
  CoherentMemory memory_;
  std::array<Ring<Expected>, 3> expected_{Ring<Expected>(4), Ring<Expected>(4), Ring<Expected>(4)};  // by source
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
