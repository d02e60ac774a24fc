// SPDX-License-Identifier: Apache-2.0
//
// The reservation of LR and SC, by the rules (R35): on the line of the data cache (8 bytes without one) of a physical
// address. The core's own stores and AMOs leave it alone.
#pragma once

#include <cstdint>
#include <optional>

#include "machine/machine.h"

namespace vm {

// What ended a reservation, or why there is none.
enum class Lost : std::uint8_t { Never, Lr, Sc, OtherLine, HostStore, WalkerUpdate, Sequencer };
inline constexpr unsigned kLost = 7;

class Reservation {
 public:
  explicit Reservation(const Machine& machine) : mask_(~std::uint64_t{machine.reservation_bytes() - 1}) {}

  bool covers(PhysAddr pa) const { return granule_ == (pa.value & mask_); }
  // Why an SC to this address fails; nullopt: it succeeds.
  std::optional<Lost> why_not(PhysAddr pa) const {
    if (!granule_) return lost_;
    return covers(pa) ? std::nullopt : std::optional(Lost::OtherLine);
  }

  void load(PhysAddr pa, bool good) { good ? void(granule_ = pa.value & mask_) : end(Lost::Lr); }
  void conditional() { end(Lost::Sc); }
  void other_store(PhysAddr pa, Lost by) {
    if (covers(pa)) end(by);
  }
  void sequencer() {
    if (granule_) end(Lost::Sequencer);
  }

 private:
  void end(Lost by) {
    granule_.reset();
    lost_ = by;
  }

  std::uint64_t mask_;
  std::optional<std::uint64_t> granule_;
  Lost lost_ = Lost::Never;
};

}  // namespace vm
