// SPDX-License-Identifier: Apache-2.0
//
// The verilated board (vm_ulx3s), and a UART at its pins.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

class Vvm_ulx3s;
class VerilatedContext;

namespace vm::board {

constexpr unsigned kClocksPerBit = 4;  // of this board (cmake/board.cmake)
// Longer than the board waits for the rest of a frame.
constexpr std::uint64_t kGapClocks = std::uint64_t{4000} * kClocksPerBit + 100;

class Board {
 public:
  explicit Board(std::uint64_t seed);  // in reset for some cycles
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;
  ~Board();

  void send(std::span<const std::uint8_t> bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void send_break();  // a byte without a stop bit
  void cycle();
  bool sending() const { return bits_ != 0 || !out_.empty(); }
  std::vector<std::uint8_t> take_received();
  // Cycles since anything moved on the line or a frame was being executed.
  std::uint64_t quiet() const { return quiet_; }
  std::uint64_t cycles() const { return cycles_; }

 private:
  void drive_line();
  void sample_line();

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vvm_ulx3s> top_;
  std::deque<std::uint8_t> out_;
  unsigned shift_ = 1, bits_ = 0, clock_ = 0;  // going out
  bool receiving_ = false;
  unsigned in_shift_ = 0, in_bits_ = 0, in_clock_ = 0;
  std::vector<std::uint8_t> received_;
  std::uint64_t quiet_ = 0, cycles_ = 0;
};

}  // namespace vm::board
