// SPDX-License-Identifier: Apache-2.0
//
// Address-space numbers. A process keeps the number it was given until all are taken and another needs one: then the
// numbers roll over. All that the user did not choose are free again, one fence makes the hardware forget them, and a
// new generation of numbers is given out, to each process when it runs next.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "machine/error.h"
#include "os/state.h"

namespace vm {

std::uint64_t Kernel::State::asid_count() const {
  const std::uint64_t all = 1ULL << machine.asid_bits;
  return std::min(all, asid_limit.value_or(all));
}

bool Kernel::State::has_asids() const {
  return machine.asid_bits != 0 && asid_count() != 0 && (!is_x86() || environment.pcide);
}

void Kernel::limit_asids(std::uint64_t count) {
  State& state = *state_;
  const std::uint64_t all = 1ULL << state.machine.asid_bits;
  if (state.started || !state.processes.empty()) throw InputError("ASIDs are limited before the first process");
  if (state.machine.asid_bits == 0 || count > all) {
    throw InputError(
        fmt::format("{} ASIDs: machine {} has {}", count, state.machine.name, state.machine.asid_bits == 0 ? 0 : all));
  }
  state.asid_limit = count;
  if (state.is_x86() && count == 0) state.environment.pcide = false;
}

void Kernel::State::claim_asid(Process& process, std::optional<std::uint16_t> wanted) {
  if (!has_asids()) return;
  if (!wanted) {
    process.asid = unused_asid();
    return;
  }
  // Whoever was given it by the kernel takes another when it runs next.
  for (auto& [pid, other] : processes) {
    if (other.asid != wanted) continue;
    if (other.last_switch != 0) pay(FenceReason::Asid, {.by_asid = true, .globals = is_flat(), .asid = *wanted});
    other.asid.reset();
    if (current == pid) current.reset();
  }
  process.asid = wanted;
  process.asid_is_fixed = true;
}

std::optional<std::uint16_t> Kernel::State::unused_asid() const {
  const std::uint64_t count = asid_count();
  std::vector<bool> used(count);
  for (const auto& [pid, process] : processes) {
    if (process.asid && *process.asid < count) used[*process.asid] = true;
  }
  // 0 last: it is what the hardware has after reset.
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (!used[i % count]) return static_cast<std::uint16_t>(i % count);
  }
  return std::nullopt;
}

void Kernel::State::give_asid(Process& process) {
  if (process.asid || !has_asids()) return;
  process.asid = unused_asid();
  if (process.asid) return;
  roll_over_asids();
  process.asid = unused_asid();
  if (!process.asid) throw InputError(fmt::format("no ASID left for process {}", process.name));
}

void Kernel::State::roll_over_asids() {
  bool remembered = false;
  for (auto& [pid, process] : processes) {
    if (!process.asid || process.asid_is_fixed) continue;
    remembered |= process.last_switch != 0;
    process.asid.reset();
  }
  ++counts.asid_rollovers;
  // INVPCID can leave global pages (X22); SFENCE.VMA of all address spaces cannot (R21).
  if (remembered) pay(FenceReason::Asid, {.globals = !is_x86()});
}

}  // namespace vm
