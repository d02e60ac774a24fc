// SPDX-License-Identifier: Apache-2.0
#include "fuzz_claims.h"

#include "fuzz/system_traffic.h"
#include "os/rights.h"

namespace vm::sim {

std::vector<std::string> claimed_events(const Machine& machine) {
  std::vector<std::string> names = fuzz::claimed_kinds(machine);
  names.insert(names.end(), {"os: fault served", "os: zero fill", "os: switch", "access done", "access refused"});
  if (machine.dtlb.ways != 0 || machine.itlb.ways != 0) names.emplace_back("os: fence");
  if (!possible_rights(machine, {.write = false}).write) names.emplace_back("os: copy on write");
  if (fuzz::can_have_kernel_space(machine)) names.emplace_back("os: trap");
  if (machine.asid_bits != 0) names.emplace_back("os: asid rollover");
  return names;
}

}  // namespace vm::sim
