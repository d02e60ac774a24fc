// SPDX-License-Identifier: Apache-2.0
//
// LR, SC and AMOs of processes, on pages that others may share.
#include <fmt/format.h>

#include "fuzz/system_life.h"

namespace vm::fuzz {

// An LR and the SCs that belong to it come together, with what may come between: nothing, an access, another process,
// the host, a fence. All is as programs have it but for a few that are misaligned.
void SystemLife::atomic(Process& process) {
  if (!machine_.atomics) return access(process);
  const std::string bracket = who(process);
  const unsigned size = random_.one_in(2) ? 4 : 8;
  std::uint64_t va = address(process) & ~std::uint64_t{size - 1};
  const auto operand = [&] {
    return random_.one_in(2) ? (random_.below(16) - 8) & low_mask(8 * size) : random_.next() & low_mask(8 * size);
  };
  if (random_.one_in(16)) {
    va += random_.between(1, size - 1);
    if (va + (size - 1) < va) return;
    line("misaligned atomic", fmt::format("{}amoadd 0x{:x},{}, 0x{:x} = any", bracket, va, size, operand()));
    return;
  }
  if (!random_.one_in(3)) {
    const auto op = static_cast<AtomicOp>(random_.between(static_cast<unsigned>(AtomicOp::Swap), kAtomicOps - 1));
    line("amo", fmt::format("{}{} 0x{:x},{}, 0x{:x} = any", bracket, to_string(op), va, size, operand()));
    return;
  }
  line("lr", fmt::format("{}lr 0x{:x},{} = any", bracket, va, size));
  if (random_.one_in(3)) between_lr_and_sc(process);
  const unsigned count = random_.one_in(6) ? 2 : 1;
  for (unsigned i = 0; i < count; ++i) {
    line("sc", fmt::format("{}sc 0x{:x},{}, 0x{:x} = any", bracket, va, size, operand()));
  }
}

void SystemLife::between_lr_and_sc(Process& process) {
  const std::uint64_t dice = random_.below(8);
  if (dice < 3) return access(process);
  if (dice < 5) return access(some_process());
  if (dice < 6) return atomic(some_process());
  if (dice < 7) return host();
  return fence(process);
}

}  // namespace vm::fuzz
