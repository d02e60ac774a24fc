// SPDX-License-Identifier: Apache-2.0
//
// Group "atomics" (machines that have them):
//
//   operation (an SC that stores, one that fails) x width x where its data was found
//   why an SC failed; what a reservation outlived
//   LR, SC or AMO x cause of its fault
//   another agent's store to the line of an atomic that is under way
#pragma once

#include <cstdint>
#include <optional>

#include "coverage/bins.h"
#include "event.h"
#include "machine/machine.h"
#include "oracle/reservation.h"
#include "tracker.h"

namespace vm {

class AtomicBins {
 public:
  explicit AtomicBins(BinTable& table);

  void on_event(const Event& event);
  void on_cycle(const Cycle& cycle);  // after its events
  void on_retired(const TrackedAccess& access);

 private:
  enum class Found : std::uint8_t { Hit, Miss, Uncached };

  void on_end(const Event& event);
  void other_store(std::uint64_t pa, Lost by) { reservation_.other_store(PhysAddr(pa), by); }

  const Machine& machine_;
  std::optional<Cross> performed_, lost_, faults_, races_;
  Reservation reservation_;
  Found found_ = Found::Hit;  // the read of the atomic under way
  std::optional<std::uint64_t> under_way_;
};

}  // namespace vm
