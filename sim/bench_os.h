// SPDX-License-Identifier: Apache-2.0
//
// pagewalk bench os: the operating system model alone, on the reference platform. Times are of the processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vm::sim {

struct OsBenchOptions {
  std::string machine = "sv39";
  std::uint64_t seed = 1;
  std::size_t accesses = 2'000'000;
  unsigned repeats = 3;
  unsigned processes = 1000, areas = 1000;  // of the measurement of space
};

struct OsBenchResult {
  double accesses_per_second = 0;    // with the image and the kernel's map compared at every access
  double bytes_per_area = 0;         // of the host's memory, processes included
  std::uint64_t resident_bytes = 0;  // of this program, with all processes and areas
  // How long a store to a page that is not there takes, and one to a page that a child shares.
  struct FaultCost {
    unsigned processes = 0;
    double demand_seconds = 0, copy_seconds = 0;
  };
  std::vector<FaultCost> faults;
};

// The best of several runs of each kind. Throws InputError if there is no such machine, or it is too small.
OsBenchResult bench_os(const OsBenchOptions& options);

}  // namespace vm::sim
