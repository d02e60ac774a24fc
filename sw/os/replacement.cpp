// SPDX-License-Identifier: Apache-2.0
#include "os/replacement.h"

namespace vm {

std::unique_ptr<Replacement> make_replacement(const ReplacementOptions& options) {
  switch (options.kind) {
    case ReplacementKind::Fifo:
      return make_fifo();
    case ReplacementKind::SecondChance:
      return make_second_chance();
    case ReplacementKind::Lru:
      return make_lru();
    case ReplacementKind::Random:
      return make_random(options.seed);
    case ReplacementKind::Optimal:
      return make_optimal();
    case ReplacementKind::Linux:
      return make_linux(options);
    case ReplacementKind::Windows:
      break;  // a PageManager, which needs the kernel
  }
  return nullptr;
}

}  // namespace vm
