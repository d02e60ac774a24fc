// SPDX-License-Identifier: Apache-2.0
//
// An address space as the hardware names it: what the control registers hold while it is active.
#pragma once

#include <cstdint>

#include "machine/address.h"

namespace vm {

struct Context {
  bool translate = false;  // false: Bare
  PhysAddr base;
  std::uint64_t limit = ~0ULL;  // number of VPNs
  std::uint16_t asid = 0;
  bool operator==(const Context&) const = default;
};

}  // namespace vm
