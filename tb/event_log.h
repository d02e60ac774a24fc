// SPDX-License-Identifier: Apache-2.0
//
// The last events and port transfers, for reports. Nothing is turned into text before someone asks.
#pragma once

#include <cstdint>
#include <string>

#include "event.h"
#include "ring.h"

namespace vm {

// Port transfers are kept as events of kinds the monitors do not use.
enum class PortNote : std::uint8_t {
  FetchRequest = 32,
  DataRequest,
  FetchAnswer,
  DataAnswer,
  HostRequest,
  HostAnswer,
  CtlRequest,
  CtlAnswer,
  FenceRequest,
  FenceAnswer,
  ArrayRequest,
  ArrayAnswer,
  MemRequest,
  MemWrite,
  MemAnswer,
};

class EventLog {
 public:
  void add(std::uint64_t cycle, const Event& event) { entries_.push_over({cycle, event}); }
  void add(std::uint64_t cycle, PortNote note, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    add(cycle, Event{static_cast<EventKind>(note), a, b, c, 0, 0, 0});
  }
  void add_ports(const Cycle& cycle);
  std::string text() const;  // one line each, oldest first

 private:
  struct Entry {
    std::uint64_t cycle = 0;
    Event event;
  };
  Ring<Entry> entries_{32};
};

}  // namespace vm
