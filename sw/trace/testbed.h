// SPDX-License-Identifier: Apache-2.0
//
// What a scenario runs on, as the runner sees it: a platform, and the checkers around it if there are any. The program
// (sim/) makes one from the testbench or from the reference platform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/os_view.h"
#include "platform/platform.h"

namespace vm::trace {

struct Scenario;

// Steps that are done; may be empty.
using StepProgress = std::function<void(std::size_t done, std::size_t all)>;

struct FirstMismatch {
  std::uint64_t cycle = 0;
  std::string check;    // as in a report: "translation.walk", "time", …
  std::string message;  // expected, found, why
  bool operator==(const FirstMismatch&) const = default;
};

struct Figures {
  std::uint64_t translations = 0;  // checked
  std::uint64_t cycles = 0;
  std::uint64_t mismatches = 0;
  std::uint64_t backdoor_accesses = 0;
  std::optional<FirstMismatch> first;
  double mean_legal_set = 1.0;       // translations the hardware might have used, mean over all checked
  std::vector<std::string> reports;  // one text per mismatch, as far as they are kept
};

class Testbed {
 public:
  virtual ~Testbed() = default;
  virtual Platform& platform() = 0;
  virtual void attach(OsView* view) = 0;  // the checkers ask it from now on; nullptr: nobody any more
  virtual bool has_clock() const = 0;     // false: nothing can be said about cycles
  // For people who look at waves.
  virtual void annotate(std::string_view process, std::string_view line) = 0;
  virtual std::uint64_t mismatches() const = 0;
  // Plays a scenario for the ports, whole: its memory, its steps. Without hardware there are no ports: throws
  // InputError.
  virtual void play_ports(const Scenario& scenario, const StepProgress& progress, bool annotate) = 0;
  virtual void finish() = 0;  // lets everything in flight end, and makes the checks of the end of a run
  virtual Figures figures() = 0;
};

}  // namespace vm::trace
