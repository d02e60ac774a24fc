// SPDX-License-Identifier: Apache-2.0
//
// Group "parity" (machines that have it and a way in for flips):
//
//   where an upset word was removed by a lookup
//   a line fetched again for a wrong word, by cache
//   what was stored and is lost: a line, a word x found by an access, by maintenance, by a write-back
//   lines read again, and losses, of the L2 and of the L3 cache
#pragma once

#include <optional>

#include "coverage/bins.h"
#include "event.h"
#include "machine/machine.h"

namespace vm {

class ParityBins {
 public:
  explicit ParityBins(BinTable& table);

  void on_event(const Event& event) const;

 private:
  std::optional<Cross> removed_, refetched_, lost_, lower_;
};

}  // namespace vm
