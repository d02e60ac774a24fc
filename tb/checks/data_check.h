// SPDX-License-Identifier: Apache-2.0
//
// Check 2, data: every byte that a cache returns or takes is the right one of physical memory at the address the
// hardware says it used, and the answer to the core or host is made of those bytes. ("Right" virtual bytes are the
// business of translation.image.) What memory holds at the end is what was stored. Each AMO is computed here from what
// memory holds when it stores, so that nothing can come between; whether an SC may store says a reservation of its own.
#pragma once

#include <array>
#include <vector>

#include "checks/check.h"
#include "coherent_memory.h"
#include "machine/machine.h"
#include "oracle/reservation.h"

namespace vm {

class DataCheck final : public Check {
 public:
  DataCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter);

  CoherentMemory& memory() { return memory_; }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { memory_.memory().write(pa, bytes); }
  void on_cycle(const Cycle& cycle) override;

 private:
  // The instruction cache may be older than memory: what a fetch must return is what its line was filled with.
  struct FetchLine {
    std::vector<std::uint64_t> words;
  };
  struct Busy {
    bool write = false;
    bool uncached = false;
    std::uint64_t pa = 0;
    unsigned lanes = 0;
    std::uint64_t first_beat = 0;  // as memory answered
    bool failed = false;           // an error among the answers to the last request
  };

  void on_event(const Event& event, const CoherentMemory::Asked& asked);
  void on_lookup(const Event& event, const CoherentMemory::Asked& asked);
  void reservation_event(const Event& event);
  void on_atomic_end(const Event& event);
  void on_atomic_retired(TrackedAccess& access);
  void on_done(const Event& event);
  void on_memory_beat(const MemResponse& beat);
  void on_retired(TrackedAccess& access);
  void on_host(const Cycle& cycle);
  void compare(const Event& event, std::uint64_t expected, unsigned lanes, std::string_view why);
  std::uint64_t expected_word(unsigned cache, std::uint64_t pa, unsigned set, unsigned way) const;

  const Machine& machine_;
  Tracker& tracker_;
  Reporter& reporter_;
  unsigned unit_;
  CoherentMemory memory_;
  Reservation reservation_;
  std::vector<FetchLine> fetch_lines_;
  FetchLine filling_;
  unsigned filling_beat_ = 0;
  unsigned filled_set_ = 0, filled_way_ = 0;
  std::array<Busy, 2> busy_{};
  HostRequest host_;
  std::uint64_t host_data_ = 0;
  bool host_seen_ = false, host_err_ = false;
};

}  // namespace vm
