// SPDX-License-Identifier: Apache-2.0
//
// The steps of a `ports` scenario (docs/trace_language.md): requests to the ports of the hardware, without an operating
// system. Addresses and values are as the ports take them, wrong ones too.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "machine/access.h"
#include "machine/control.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "platform/platform.h"
#include "trace/source.h"

namespace vm::trace {

// Nothing is asked; the next step counts from here.
struct PortWait {};

// Inside one unit (Machine::unit_bytes).
struct PortHost {
  bool write = false;
  PhysAddr at;
  std::uint8_t bytes = 0;
  std::uint64_t value = 0;  // to write: the byte at `at` is its least significant
};

struct PortCtl {
  bool user = false;
  std::uint8_t index = 0;  // a CtlReg, or a number that names none
  std::uint64_t value = 0;
};

// Whether a write of this register says anything beside its coming.
constexpr bool takes_value(unsigned ctl_index) {
  return ctl_index != static_cast<unsigned>(CtlReg::TrapEnter) &&
         ctl_index != static_cast<unsigned>(CtlReg::TrapReturn);
}

struct PortArray {
  bool write = false;
  bool flip = false;  // of one bit of the stored word: element.data0 is its number
  ArrayElement element;
};

// An Access of kind Fetch goes to the fetch port, others to the data port.
using PortRequest = std::variant<PortWait, Access, PortHost, PortCtl, Fence, PortArray>;

struct PortStep {
  Place place;
  std::uint64_t after = 0;  // cycles after the step before was offered; of the first: after reset
  PortRequest request;
};

// What a step's line says behind its `+N `.
std::string to_text(const Machine& machine, const PortRequest& request);

// What `memory FIRST..LAST: random` places at these addresses.
std::vector<std::uint8_t> random_memory(std::uint64_t seed, PhysAddr first, std::uint64_t bytes);

}  // namespace vm::trace
