// SPDX-License-Identifier: Apache-2.0
//
// Group "misses", of machines whose caches have several outstanding: what meets what while a line is fetched, for each
// cache; in which order answers come; what the walker, the host and fences find.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "checks/owned_sets.h"
#include "coverage/bins.h"
#include "event.h"
#include "machine/machine.h"
#include "tracker.h"

namespace vm {

class OutstandingBins {
 public:
  explicit OutstandingBins(BinTable& table);

  void on_cycle(const Cycle& cycle, const Tracker& tracker);

 private:
  struct Waiting {
    bool active = false;
    Client client = Client::Core;
    std::uint64_t line = 0;
  };
  struct Side {
    explicit Side(unsigned sets) : owned(sets) {}
    OwnedSets owned;
    std::array<Waiting, 64> waiting{};  // by client and id
    std::vector<std::uint64_t> fetching, leaving;
    std::uint64_t written = 0;
  };

  void on_event(const Event& event);
  void on_lookup(const Event& event, Side& side);
  void on_memory(const Cycle& cycle);
  unsigned waiting_for(const Side& side, std::uint64_t line) const;
  unsigned waiting(const Side& side, Client client) const;

  const Machine& machine_;
  std::array<std::uint64_t, 2> line_bytes_;
  std::array<Side, 2> sides_;
  std::optional<Cross> meets_, stores_, order_, faults_, walker_, fences_, fills_;
};

}  // namespace vm
