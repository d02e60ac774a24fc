// SPDX-License-Identifier: Apache-2.0
#include "fuzz/system_claims.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_world.h"
#include "machine/pte.h"
#include "os/rights.h"

namespace vm::fuzz {
namespace {

bool has(const Kinds& seen, const std::string& name) {
  const auto found = seen.find(name);
  return found != seen.end() && found->second != 0;
}

}  // namespace

// Under pressure the swap file is there and works, and nobody is killed.
std::vector<std::string> claimed_events(const Machine& machine, unsigned pressure) {
  std::vector<std::string> names = claimed_kinds(machine);
  names.insert(names.end(), {"os: fault served", "os: zero fill", "os: switch", "access done", "access refused"});
  if (machine.dtlb.ways != 0 || machine.itlb.ways != 0) names.emplace_back("os: fence");
  if (can_have_kernel_space(machine)) names.emplace_back("os: trap");
  if (machine.asid_bits != 0) names.emplace_back("os: asid rollover");
  names.insert(names.end(), {"os: page copied", "os: page read", "os: page written", "os: process killed"});
  for (const char* call : {"mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "open", "close", "read", "write",
                           "fsync", "sync", "fork", "fork(copy)", "vfork", "exit"}) {
    names.push_back(fmt::format("done: {}", call));
  }
  // Fewer or smaller pages have no room for a program, and next to none for a struct stat.
  if (machine.vpn_bits() >= 8 && machine.format.page_size() >= 64) {
    names.insert(names.end(), {"done: execve", "done: fstat"});
  }
  if (!possible_rights(machine, {.write = false}).write) {
    names.insert(names.end(), {"os: copy on write", "os: page of zeros"});
  }
  names.insert(names.end(), {"os: page of a file out", "os: frame zeroed ahead", "os: bad frame"});
  if (can_have_kernel_space(machine)) names.emplace_back("os: page of the pool in");
  if (most_slots(machine.format) != 0) {
    names.insert(names.end(), {"os: page out", "os: page in", "os: clean page out", "os: wait for a busy frame"});
    names.insert(names.end(), {"os: page trimmed", "os: soft fault", "os: process swapped out"});
    if (can_have_kernel_space(machine)) names.insert(names.end(), {"os: kernel stack out", "os: page of the pool out"});
    if (machine.format.kind != PteKind::Flat) names.emplace_back("os: accessed bit cleared");
  }
  if (device_region(machine) != nullptr) names.emplace_back("os: page of a device");
  names.emplace_back("done: thread");
  if (has_large_pages(machine)) names.insert(names.end(), {"os: page promoted", "os: large page split"});
  if (machine.format.kind != PteKind::Flat) names.insert(names.end(), {"os: table shared", "os: table left"});
  if (pressure != 0) {
    std::erase_if(names, [](const std::string& name) {
      return name == "unwritable" || name == "unreadable" || name == "oom kill" || name == "os: process killed";
    });
  }
  return names;
}

void SystemClaims::add(const Machine& machine, std::uint64_t steps, unsigned pressure) {
  Claim& claim = machines_[machine.name];
  if (claim.events.empty()) claim.events = claimed_events(machine, pressure);
  claim.steps += steps;
}

std::map<std::string, std::set<std::string>> SystemClaims::claimed() const {
  std::map<std::string, std::set<std::string>> result;
  std::uint64_t together = 0;
  for (const auto& [machine, claim] : machines_) {
    together += claim.steps;
    if (claim.steps >= kClaimedSteps) result[machine].insert(claim.events.begin(), claim.events.end());
  }
  if (together < kClaimedTogether) return result;
  for (const auto& [machine, claim] : machines_) result[kTogether].insert(claim.events.begin(), claim.events.end());
  return result;
}

std::map<std::string, std::set<std::string>> SystemClaims::missing(const std::map<std::string, Kinds>& events) const {
  std::map<std::string, std::set<std::string>> result = claimed();
  for (auto& [where, names] : result) {
    std::erase_if(names, [&, &place = where](const std::string& name) {
      return std::any_of(events.begin(), events.end(), [&](const auto& entry) {
        return (place == kTogether || place == entry.first) && has(entry.second, name);
      });
    });
  }
  std::erase_if(result, [](const auto& entry) { return entry.second.empty(); });
  return result;
}

}  // namespace vm::fuzz
