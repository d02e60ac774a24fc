// SPDX-License-Identifier: Apache-2.0
#include "icebreaker.h"

#include <verilated.h>

#include <stdexcept>
#include <string>

#include "Vvm_icebreaker.h"

// A failed assertion in the hardware.
void vl_stop(const char* file, int line, const char* /*hierarchy*/) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) +
                           ": an assertion of the hardware has failed");
}

namespace vm::board {

Icebreaker::Icebreaker(std::uint64_t seed) : context_(std::make_unique<VerilatedContext>()) {
  context_->randReset(2);
  context_->randSeed(static_cast<int>(seed));
  top_ = std::make_unique<Vvm_icebreaker>(context_.get());
  top_->btn = 0;
  cycle();
}

Icebreaker::~Icebreaker() { top_->final(); }

void Icebreaker::cycle() {
  ++cycle_;
  top_->clk_12mhz = 0;
  top_->eval();
  top_->clk_12mhz = 1;
  top_->eval();
}

void Icebreaker::cycles(unsigned count) {
  for (unsigned i = 0; i < count; ++i) cycle();
}

void Icebreaker::set(Button button, bool down) {
  const unsigned bit = 1U << static_cast<unsigned>(button);
  const unsigned buttons = down ? top_->btn | bit : top_->btn & ~bit;
  top_->btn = static_cast<std::uint8_t>(buttons);
}

bool Icebreaker::down(Button button) const { return (top_->btn >> static_cast<unsigned>(button) & 1) != 0; }

Lights Icebreaker::lights() const {
  const unsigned leds = top_->led;
  return {.fault = (leds & 1) != 0,
          .tlb_hit = (leds >> 1 & 1) != 0,
          .cache_hit = (leds >> 2 & 1) != 0,
          .number = leds >> 3,
          .right = top_->led_green_n == 0,
          .busy = top_->led_red_n == 0};
}

}  // namespace vm::board
