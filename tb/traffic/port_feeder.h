// SPDX-License-Identifier: Apache-2.0
//
// Puts the requests of a `ports` scenario into the queues of the drivers. What a request leaves open (its id, data of
// loads, lanes that no store takes, operands that a fence does not look at) is filled with bits made from the number of
// requests before it: the same requests in the same cycles are the same signals.
#pragma once

#include <cstdint>

#include "testbench.h"
#include "trace/port_step.h"

namespace vm {

class PortFeeder {
 public:
  explicit PortFeeder(Testbench& bench) : bench_(bench) {}  // the testbench must outlive it

  // There is room, and nothing it has to wait for. A walk straight to memory may overtake a host store that is not
  // answered yet, whatever fence comes between. So on such machines a fence of translations waits until the host stores
  // before it are answered, and a host store until the fences before it are accepted, as an operating system has to do
  // it.
  bool ready(const trace::PortRequest& request) const;
  // It must be ready.
  void offer(const trace::PortRequest& request);

 private:
  bool walks_overtake_stores() const { return bench_.machine().walk_port == WalkPort::Memory; }
  bool is_ready(const trace::PortWait& wait) const;
  bool is_ready(const Access& access) const;
  bool is_ready(const trace::PortHost& host) const;
  bool is_ready(const trace::PortCtl& ctl) const;
  bool is_ready(const Fence& fence) const;
  bool is_ready(const trace::PortArray& array) const;
  void submit(const trace::PortWait& wait);
  void submit(const Access& access);
  void submit(const trace::PortHost& host);
  void submit(const trace::PortCtl& ctl);
  void submit(const Fence& fence);
  void submit(const trace::PortArray& array);

  Testbench& bench_;
  std::uint64_t count_ = 0;        // of requests
  std::uint64_t filler_ = 0;       // for the present one
  unsigned host_after_store_ = 0;  // host requests since the last store
};

}  // namespace vm
