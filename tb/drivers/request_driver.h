// SPDX-License-Identifier: Apache-2.0
//
// Drives one valid/ready request channel from a queue: the stall policy decides when valid rises; once it has risen,
// valid and payload hold until the transfer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/stall.h"
#include "ring.h"

namespace vm {

template <class Request>
class RequestDriver {
 public:
  static constexpr std::size_t kCapacity = 64;

  RequestDriver(StallPolicy policy, std::uint64_t seed, std::string_view name) : stall_(policy, seed, name) {}

  bool full() const { return queue_.full(); }
  bool idle() const { return queue_.empty(); }
  void submit(Request request) {
    request.valid = true;
    queue_.push(request);
  }

  // Before the edge: what the port shows in this cycle.
  void drive(Request& port, std::uint64_t cycle) {
    const bool go = stall_.go(cycle);
    if (!presenting_ && !queue_.empty() && go) {
      presenting_ = true;
      port = queue_.front();
    } else if (!presenting_) {
      port.valid = false;
    }
  }

  // After the edge.
  void transferred() {
    presenting_ = false;
    queue_.pop();
  }

 private:
  Stall stall_;
  Ring<Request> queue_{kCapacity};
  bool presenting_ = false;
};

}  // namespace vm
