// SPDX-License-Identifier: Apache-2.0
#include "target.h"

#include <fmt/format.h>

#include "machine/error.h"

namespace vm::sim {

std::filesystem::path gates_hardware(const Machine& machine, const std::string& target) {
  const std::string family = target.substr(target.find(':') + 1);
  if (family != "ecp5" && family != "ice40") {
    throw InputError(fmt::format("found target '{}', expected gates:ecp5 or gates:ice40", target));
  }
  std::filesystem::path path =
      std::filesystem::path(VM_MACHINE_DIR) / fmt::format("gates-{}-{}.so", family, machine.name);
  if (!std::filesystem::exists(path)) {
    throw InputError(
        fmt::format("found no netlist of {} for {}, expected one built by `make gatesim MACHINE={} FAMILY={}`",
                    machine.name, family, machine.name, family));
  }
  return path;
}

}  // namespace vm::sim
