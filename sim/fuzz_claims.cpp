// SPDX-License-Identifier: Apache-2.0
#include "fuzz_claims.h"

#include <fmt/format.h>

#include "fuzz/system_traffic.h"
#include "fuzz/system_world.h"
#include "machine/pte.h"
#include "os/rights.h"

namespace vm::sim {

std::vector<std::string> claimed_events(const Machine& machine) {
  std::vector<std::string> names = fuzz::claimed_kinds(machine);
  names.insert(names.end(), {"os: fault served", "os: zero fill", "os: switch", "access done", "access refused"});
  if (machine.dtlb.ways != 0 || machine.itlb.ways != 0) names.emplace_back("os: fence");
  if (fuzz::can_have_kernel_space(machine)) names.emplace_back("os: trap");
  if (machine.asid_bits != 0) names.emplace_back("os: asid rollover");
  names.insert(names.end(), {"os: page copied", "os: page read", "os: page written", "os: process killed"});
  for (const char* call : {"mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "open", "close", "fstat", "read",
                           "write", "fsync", "sync", "fork", "fork(copy)", "vfork", "exit"}) {
    names.push_back(fmt::format("done: {}", call));
  }
  // Fewer or smaller pages have no room for a program.
  if (machine.vpn_bits() >= 8 && machine.format.page_size() >= 64) names.emplace_back("done: execve");
  if (!possible_rights(machine, {.write = false}).write) {
    names.insert(names.end(), {"os: copy on write", "os: page of zeros"});
  }
  if (most_slots(machine.format) != 0) names.insert(names.end(), {"os: page out", "os: page in"});
  if (fuzz::device_region(machine) != nullptr) names.emplace_back("os: page of a device");
  return names;
}

}  // namespace vm::sim
