// SPDX-License-Identifier: Apache-2.0
//
// A progress bar on standard error: only on a terminal, and only for what takes longer than a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace vm::sim {

class Progress {
 public:
  explicit Progress(bool shown = true);  // false: nothing is shown
  void show(std::string_view name, std::size_t done, std::size_t all);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_ = false;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace vm::sim
