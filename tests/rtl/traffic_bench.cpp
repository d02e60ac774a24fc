// SPDX-License-Identifier: Apache-2.0
#include "traffic_bench.h"

#include <cstdlib>
#include <iostream>
#include <random>

namespace vm::test {

std::uint64_t run_seed() {
  static const std::uint64_t kSeed = [] {
    const char* text = std::getenv("VM_SEED");
    const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
    std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
    return seed;
  }();
  return kSeed;
}

std::unique_ptr<Model> load_model(const Machine& machine, std::uint64_t seed, const std::string& file) {
  return open_model(machine, std::string(VM_MACHINE_DIR) + "/" + (file.empty() ? machine.name : file) + ".so", seed);
}

}  // namespace vm::test
