// SPDX-License-Identifier: Apache-2.0
#include "board.h"

#include <verilated.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "Vvm_ulx3s.h"

// A failed assertion in the hardware.
void vl_stop(const char* file, int line, const char* /*hierarchy*/) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) +
                           ": an assertion of the hardware has failed");
}

namespace vm::board {
namespace {

constexpr unsigned kBits = 10;  // of a byte on the line
constexpr unsigned kResetCycles = 40;
constexpr unsigned kActive = 1;  // the LED of a frame that is being executed

}  // namespace

Board::Board(std::uint64_t seed) : context_(std::make_unique<VerilatedContext>()) {
  context_->randReset(2);
  context_->randSeed(static_cast<int>(seed));
  top_ = std::make_unique<Vvm_ulx3s>(context_.get());
  top_->ftdi_txd = 1;
  constexpr unsigned kResetButton = 2;
  top_->btn = kResetButton;
  for (unsigned i = 0; i < kResetCycles; ++i) cycle();
  top_->btn = 0;
  for (unsigned i = 0; i < kResetCycles; ++i) cycle();
  received_.clear();
  receiving_ = false;
}

Board::~Board() { top_->final(); }

void Board::send_break() {
  while (sending()) cycle();
  shift_ = 0;
  bits_ = kBits;
  clock_ = kClocksPerBit;
  while (sending()) cycle();
}

void Board::drive_line() {
  if (bits_ == 0 && !out_.empty()) {
    shift_ = (std::uint32_t{out_.front()} << 1) | 1U << (kBits - 1);
    out_.pop_front();
    bits_ = kBits;
    clock_ = kClocksPerBit;
  }
  top_->ftdi_txd = bits_ == 0 ? 1 : shift_ & 1;
  if (bits_ == 0) return;
  quiet_ = 0;
  if (--clock_ != 0) return;
  clock_ = kClocksPerBit;
  shift_ >>= 1;
  --bits_;
}

void Board::sample_line() {
  const bool line = top_->ftdi_rxd != 0;
  if (!receiving_) {
    if (line) return;
    receiving_ = true;
    in_clock_ = kClocksPerBit / 2;
    in_bits_ = 0;
    in_shift_ = 0;
  }
  quiet_ = 0;
  if (in_clock_-- != 0) return;
  in_clock_ = kClocksPerBit - 1;
  in_shift_ |= static_cast<unsigned>(line) << in_bits_;
  if (++in_bits_ < kBits) return;
  receiving_ = false;
  received_.push_back(static_cast<std::uint8_t>(in_shift_ >> 1));
}

void Board::cycle() {
  ++cycles_;
  ++quiet_;
  drive_line();
  top_->clk_25mhz = 0;
  top_->eval();
  top_->clk_25mhz = 1;
  top_->eval();
  sample_line();
  if ((top_->led & kActive) != 0) quiet_ = 0;
}

std::vector<std::uint8_t> Board::take_received() { return std::exchange(received_, {}); }

}  // namespace vm::board
