// SPDX-License-Identifier: Apache-2.0
//
// How the kernel reaches the memory of the process that called it: by loads and stores of the core in kernel mode,
// through the page table of the process, with the permission to touch user pages (RISC-V: SUM, x86: AC). Pages come in
// and are copied as for the process itself.
#include <algorithm>
#include <array>
#include <bit>

#include "os/state.h"

namespace vm {

bool Kernel::State::is_users(const Process& process, std::uint64_t va, std::uint64_t bytes) const {
  const std::uint64_t end = space_end(process);
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  return va <= end && bytes <= end - va && !is_kernels(process, va & ~mask, (va + bytes + mask) & ~mask);
}

std::uint64_t Kernel::State::access_user(Process& process, AccessKind kind, std::uint64_t va,
                                         std::span<std::uint8_t> bytes) {
  constexpr std::size_t kBatch = 64;
  std::array<Access, kBatch> accesses;
  std::array<Outcome, kBatch> outcomes;
  std::uint64_t done = 0;
  while (done < bytes.size()) {
    std::size_t count = 0;
    for (std::uint64_t at = done; at < bytes.size() && count < kBatch; ++count) {
      const std::uint64_t left = bytes.size() - at;
      const int alignment = std::min(3, std::countr_zero((va + at) | 8));
      const int log2 = std::min(alignment, static_cast<int>(std::bit_width(left)) - 1);
      Access& access = accesses.at(count);
      // A supervisor that may write to read-only pages would write through copy-on-write: it stores as the process.
      access = {.kind = kind,
                .user = is_x86() && !environment.wp,
                .sum = true,
                .size_log2 = static_cast<std::uint8_t>(log2),
                .va = VirtAddr(va + at)};
      for (unsigned i = 0; kind == AccessKind::Store && i < access.size(); ++i) {
        access.data |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
      }
      at += access.size();
    }
    in_system_call = true;
    const std::size_t ended = perform(process, std::span(accesses).first(count), std::span(outcomes).first(count));
    in_system_call = false;
    for (std::size_t n = 0; n < ended; ++n) {
      if (outcomes.at(n).refused) return done;
      for (unsigned i = 0; kind == AccessKind::Load && i < accesses.at(n).size(); ++i) {
        bytes[done + i] = static_cast<std::uint8_t>(outcomes.at(n).last.data >> (8 * i));
      }
      done += accesses.at(n).size();
    }
  }
  return done;
}

}  // namespace vm
