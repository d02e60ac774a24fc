// SPDX-License-Identifier: Apache-2.0
//
// Check 2, data: every byte that a cache returns or takes is the right one of physical memory at the address the
// hardware says it used, and the answer to the core or host is made of those bytes. ("Right" virtual bytes are the
// business of translation.image.) What memory holds at the end is what was stored. Each AMO is computed here from what
// memory holds when it stores, so that nothing can come between; whether an SC may store says a reservation of its own.
#pragma once

#include <array>

#include "checks/check.h"
#include "checks/memory_answers.h"
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
  void on_event(const Event& event, const CoherentMemory::Asked& asked);
  void on_lookup(const Event& event, const CoherentMemory::Asked& asked);
  void reservation_event(const Event& event);
  void on_atomic_end(const Event& event);
  void on_atomic_retired(TrackedAccess& access);
  void on_done(const Event& event);
  void on_retired(TrackedAccess& access);
  void on_host(const Cycle& cycle);
  void compare(const Event& event, std::uint64_t expected, unsigned lanes, std::string_view why);
  std::uint64_t expected_word(unsigned cache, std::uint64_t pa, unsigned set, unsigned way) const;
  unsigned& waiting_lanes(const Event& event) {
    return waiting_lanes_[event.cache()][16 * static_cast<unsigned>(event.client()) + event.cache_id()];
  }

  const Machine& machine_;
  Tracker& tracker_;
  Reporter& reporter_;
  unsigned unit_;
  CoherentMemory memory_;
  Reservation reservation_;
  MemoryAnswers answers_;
  std::array<std::array<unsigned, 64>, 2> waiting_lanes_{};  // asked for by those who were not answered at once
  HostRequest host_;
  std::uint64_t host_data_ = 0;
  bool host_seen_ = false, host_err_ = false;
};

}  // namespace vm
