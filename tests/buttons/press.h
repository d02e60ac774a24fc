// SPDX-License-Identifier: Apache-2.0
//
// A finger: contacts that bounce when a button goes down and when it comes up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "icebreaker.h"
#include "machine/random.h"

namespace vm::board {

class Finger {
 public:
  // `each_cycle` is called after every cycle.
  Finger(
      Icebreaker& board, std::uint64_t seed, std::function<void()> each_cycle = [] {})
      : board_(board), random_(seed, "finger"), each_cycle_(std::move(each_cycle)) {}

  void wait(unsigned cycles) {
    for (unsigned i = 0; i < cycles; ++i) {
      board_.cycle();
      each_cycle_();
    }
  }

  // Down and up again, long enough to be seen.
  void press(Button button) {
    move(button, true);
    wait(4 * kSampleClocks);
    move(button, false);
    wait(4 * kSampleClocks);
  }

  void wait_until_ready() {
    while (board_.lights().busy) wait(1);
  }

 private:
  // Bounces for almost as long as the board looks away.
  void move(Button button, bool down) {
    for (unsigned left = kSampleClocks - 4; left > 0;) {
      const unsigned cycles = std::min(left, 1 + static_cast<unsigned>(random_.below(5)));
      board_.set(button, !board_.down(button));
      wait(cycles);
      left -= cycles;
    }
    board_.set(button, down);
  }

  Icebreaker& board_;
  Random random_;
  std::function<void()> each_cycle_;
};

}  // namespace vm::board
