// SPDX-License-Identifier: Apache-2.0
//
// Out of memory: no frame is free, and nothing can be paged out. The victim is the process whose end frees most: the
// frames and slots of the swap file that it alone has. Of several the youngest goes. Kernel pages and tables do not
// count, nor does whose access ran out of frames.
#include "os/state.h"

namespace vm {
namespace {

constexpr int kKilledStatus = 128 + 9;  // as a shell tells of SIGKILL

}  // namespace

std::uint64_t Kernel::State::frames_freed_by_killing(const Process& process) const {
  std::uint64_t freed = 0;
  for (const auto& [number, page] : process.pages) {
    const bool is_alone =
        !page.kernel_stack && !frames.is_named(page.frame) &&
        (page.order == 0 ? frames.references(page.frame) == 1 : frames.has_one_owner(page.frame, page.count()));
    freed += is_alone ? page.count() : 0;
  }
  for (const auto& [number, swapped] : process.swapped) freed += slot_map.count(swapped.slot) == 1 ? 1 : 0;
  return freed;
}

Process* Kernel::State::choose_victim() {
  Process* victim = nullptr;
  std::uint64_t most = 0;
  for (auto& [pid, process] : processes) {
    const std::uint64_t freed = frames_freed_by_killing(process);
    if (freed == 0 || freed < most) continue;
    victim = &process;  // processes are in the order of their birth
    most = freed;
  }
  return victim;
}

void Kernel::State::kill(Process& victim) {
  // Who lives in its address space goes with it.
  end_borrowers(victim);
  killed[victim.id] = victim.name;
  ++counts.kills;
  exit(victim, kKilledStatus);
}

}  // namespace vm
