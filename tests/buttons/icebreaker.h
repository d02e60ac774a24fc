// SPDX-License-Identifier: Apache-2.0
//
// The verilated iCEBreaker (vm_icebreaker), with fingers at its buttons and eyes on its LEDs.
#pragma once

#include <cstdint>
#include <memory>

class Vvm_icebreaker;
class VerilatedContext;

namespace vm::board {

constexpr unsigned kSampleClocks = 64;  // of this board (cmake/buttons.cmake)

enum class Button { Next = 0, Again = 1, StartOver = 2 };

// What can be seen on the board.
struct Lights {
  bool fault = false;
  bool tlb_hit = false;
  bool cache_hit = false;
  unsigned number = 0;  // of the access, less one
  bool right = false;   // the byte is the book's
  bool busy = false;    // nothing can be pressed

  bool operator==(const Lights&) const = default;
};

class Icebreaker {
 public:
  explicit Icebreaker(std::uint64_t seed);  // just configured; what has no value then is random
  Icebreaker(const Icebreaker&) = delete;
  Icebreaker& operator=(const Icebreaker&) = delete;
  ~Icebreaker();

  void cycle();
  void cycles(unsigned count);
  void set(Button button, bool down);
  bool down(Button button) const;
  Lights lights() const;
  std::uint64_t now() const { return cycle_; }

 private:
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vvm_icebreaker> top_;
  std::uint64_t cycle_ = 0;
};

}  // namespace vm::board
