// SPDX-License-Identifier: Apache-2.0
//
// buttons_sim: presses the buttons of the verilated iCEBreaker and prints what changes, a line each:
//
//   CYCLE BUTTONS FAULT TLB_HIT CACHE_HIT NUMBER RIGHT BUSY      BUTTONS is three digits: next, again, start over
//
// The presses: four accesses, the second and third once more, and the beginning of the next round. docs/buttons.svg is
// drawn from it (scripts/buttons-picture).
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>

#include "icebreaker.h"
#include "press.h"

namespace {

using vm::board::Button;

class Observer {
 public:
  explicit Observer(const vm::board::Icebreaker& board) : board_(board) {}

  void look() {
    const vm::board::Lights l = board_.lights();
    const std::string seen =
        fmt::format("{:d}{:d}{:d} {:d} {:d} {:d} {} {:d} {:d}", board_.down(Button::Next), board_.down(Button::Again),
                    board_.down(Button::StartOver), l.fault, l.tlb_hit, l.cache_hit, l.number, l.right, l.busy);
    if (seen == last_) return;
    fmt::print("{} {}\n", board_.now(), seen);
    last_ = seen;
  }

 private:
  const vm::board::Icebreaker& board_;
  std::string last_;
};

void play() {
  vm::board::Icebreaker board(1);
  Observer observer(board);
  vm::board::Finger finger(board, 1, [&] { observer.look(); });
  finger.wait_until_ready();
  finger.wait(vm::board::kSampleClocks);
  for (const Button button :
       {Button::Next, Button::Next, Button::Next, Button::Again, Button::Next, Button::StartOver, Button::Next}) {
    finger.press(button);
    finger.wait_until_ready();
  }
}

}  // namespace

int main() {
  try {
    play();
  } catch (const std::exception& error) {
    fmt::print(stderr, "buttons_sim: {}\n", error.what());
    return 1;
  }
  return 0;
}
