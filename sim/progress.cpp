// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace vm::sim {

Progress::Progress(bool shown) : terminal_(shown && isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view name, std::size_t done, std::size_t all) {
  using std::chrono::milliseconds;
  constexpr std::size_t kWidth = 30;
  const Clock::time_point now = Clock::now();
  if (!terminal_ || all == 0 || now - start_ < milliseconds(1000) || now - last_ < milliseconds(100)) return;
  const std::size_t full = done * kWidth / all;
  fmt::print(stderr, "\r{:<24} [{:#<{}}{:<{}}] {:3}%", name, "", full, "", kWidth - full, done * 100 / all);
  std::fflush(stderr);
  last_ = now;
  shown_ = true;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
  start_ = last_ = Clock::now();
}

}  // namespace vm::sim
