// SPDX-License-Identifier: Apache-2.0
//
// Group "crossings": accesses that are cut into pieces, by what becomes of them.
#pragma once

#include <array>
#include <optional>

#include "coverage/bins.h"
#include "event.h"
#include "tracker.h"

namespace vm {

class CrossingBins {
 public:
  explicit CrossingBins(BinTable& table);

  void on_event(const Event& event, const Tracker& tracker);
  void on_retired(const TrackedAccess& access);

 private:
  const Machine& machine_;
  Cross crossings_;
  std::optional<Cross> sources_, updates_;
  std::array<unsigned, 2> updated_pieces_{};  // one bit for each piece of the port's access that set A or D
  Port walking_ = Port::Data;
};

}  // namespace vm
