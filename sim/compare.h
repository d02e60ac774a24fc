// SPDX-License-Identifier: Apache-2.0
//
// One scenario under several policies of replacement and with several sizes of memory: what `pagewalk compare` prints
// and plots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/replacement.h"
#include "testbeds.h"
#include "trace/ast.h"

namespace vm::sim {

struct CompareOptions {
  std::vector<ReplacementKind> policies;
  std::vector<std::size_t>
      frames;  // sizes of memory, of the frames that the trace frees; empty: nine, up to all it uses
  std::uint64_t seed = 1;
  bool model = false;
};

struct ComparePoint {
  ReplacementKind policy = ReplacementKind::Fifo;
  std::size_t frames = 0;
  // False: with so little memory an access was refused that was not with all of it. What follows means nothing then.
  bool complete = false;
  bool has_swap = false;  // the trace has a swap file; otherwise pages that were stored to stay in memory
  std::uint64_t accesses = 0;
  std::uint64_t faults = 0;       // for pages that were not in memory
  std::uint64_t write_backs = 0;  // pages written to the swap file and to files
  std::uint64_t entries = 0;      // of page tables, that walks read
  // On hardware: cycles that accesses with a walk took longer than a hit in the L1 TLB and cache does; and all cycles
  // of the run, those of the operating system's accesses included.
  std::uint64_t walk_cycles = 0, cycles = 0;
  double cycles_per_access() const {
    return accesses == 0 ? 0 : static_cast<double>(cycles) / static_cast<double>(accesses);
  }
};

// By policy, then by size. Throws InputError if the trace frees no frames or fails with all of them; std::runtime_error
// if a check finds anything wrong.
std::vector<ComparePoint> compare_policies(const trace::Trace& trace, const trace::Scenario& scenario,
                                           const CompareOptions& options);

std::string compare_csv(const std::vector<ComparePoint>& points);
// A panel for each figure over the size of memory, a line for each policy; without a clock those of cycles are left
// out.
std::string compare_svg(const std::vector<ComparePoint>& points, const std::string& title);

}  // namespace vm::sim
