// SPDX-License-Identifier: Apache-2.0
//
// Random lives of processes as a trace in the language of docs/trace_language.md: pages of every size and type, system
// calls, forks, accesses at the edges where translations go wrong, fences, control writes, tables behind the operating
// system's back. Whatever an access or a call comes to is right for the trace (`= any`): hardware, operating system
// model and checks judge each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace vm::fuzz {

// How often each kind of line stands in a trace, by a name such as "fork" or "fence va asid".
using Kinds = std::map<std::string, std::uint64_t, std::less<>>;

struct SystemTrace {
  std::string text;
  Kinds kinds;
};

struct SystemConditions {
  // How much of the pages that the processes work on memory can hold, in percent, with a swap file for the rest; 0: as
  // it comes.
  unsigned pressure = 0;
  // All the memory there is, on a board (docs/board.md), which has no weather; every change of an entry is fenced at
  // once then, and no line is dropped without writing back.
  std::optional<Region> board = std::nullopt;
};

// A whole trace of `steps` steps for this machine, the same for the same seed. `machine` is how the trace names it: the
// name of a built-in machine, or its file in quotes.
SystemTrace system_traffic(const Machine& machine, std::string_view name, std::uint64_t seed, std::size_t steps,
                           const SystemConditions& conditions = {});

bool can_have_kernel_space(const Machine& machine);

// Every kind that long enough traffic on this machine has: at least kClaimedSteps steps, in several traces. On several
// machines together kClaimedTogether steps have every kind that one of them claims.
constexpr std::uint64_t kClaimedSteps = 300'000;
constexpr std::uint64_t kClaimedTogether = 120'000;
std::vector<std::string> claimed_kinds(const Machine& machine);

// A run of pages of the window is long enough to become a large page: of 16 pages (Svnapot).
bool can_fill_run(const Machine& machine);
bool has_large_pages(const Machine& machine);

}  // namespace vm::fuzz
