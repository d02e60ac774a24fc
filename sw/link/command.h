// SPDX-License-Identifier: Apache-2.0
//
// Commands of the host link and their answers, byte by byte as docs/board.md has them: the C++ twin of
// fpga/vm_link_engine.sv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "link/frame.h"
#include "machine/machine.h"
#include "platform/platform.h"

namespace vm::link {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAnswerUnknown = 0xEE;

enum class Op : std::uint8_t {
  Word = 0x01,
  Reset = 0x02,
  Read = 0x10,
  Write = 0x11,
  Fill = 0x12,
  Digest = 0x13,
  Ctl = 0x20,
  Fence = 0x21,
  ArrayRead = 0x22,
  ArrayWrite = 0x23,
};

// What Op::Word can be asked for.
namespace word {
constexpr std::uint8_t kIdentity = 0, kMemoryBase = 1, kMemoryBytes = 2, kCycles = 3, kRefused = 4, kExecuted = 5;
constexpr std::uint8_t kMachine = 0x10, kCounters = 0x80;
}  // namespace word

// Appends commands to a payload.
class CommandWriter {
 public:
  CommandWriter(const Machine& machine, Bytes& payload);

  void word(std::uint8_t index);
  void reset();
  void access(const Access& access);
  void read(PhysAddr pa, std::size_t bytes);
  void write(PhysAddr pa, std::span<const std::uint8_t> bytes);
  void fill(PhysAddr pa, std::size_t bytes, std::uint64_t pattern);  // pa: a multiple of 8
  void digest(PhysAddr pa, std::size_t bytes);
  void ctl(CtlReg reg, std::uint64_t value, bool user);
  void fence(const Fence& fence);
  void array_read(const ArrayElement& element);
  void array_write(const ArrayElement& element);

 private:
  void op(Op op) { byte(static_cast<std::uint8_t>(op)); }
  void byte(std::uint8_t value) { payload_.push_back(value); }
  void number(std::uint64_t value, std::size_t bytes);
  void range(Op op, PhysAddr pa, std::size_t bytes);

  std::size_t pa_bytes_;
  Bytes& payload_;
};

// What was seen of one access.
struct AccessAnswer {
  Fault fault;
  std::uint64_t data = 0;
  bool has_pa = false;  // of its first piece
  PhysAddr pa;
  bool l1_hit = false, l1_miss = false, l2_hit = false, walk = false;
  unsigned cycles = 0;                     // from acceptance to the answer; stops at 65535
  unsigned bus_reads = 0, bus_writes = 0;  // on the memory port; stop at 15, 0 with a fault
};

// The board's answer ends where another command's should follow.
struct ShortAnswer : std::runtime_error {
  ShortAnswer() : std::runtime_error("the board's answer is cut short") {}
};

// Takes answers from a payload in the order of the commands; throws ShortAnswer.
class AnswerReader {
 public:
  AnswerReader(const Machine& machine, std::span<const std::uint8_t> payload);

  bool at_end() const { return left_.empty(); }
  std::uint64_t number(std::size_t bytes);
  bool refused() { return number(1) != 0; }
  AccessAnswer access(const Access& access);
  std::span<const std::uint8_t> bytes(std::size_t count);

 private:
  void fault(AccessAnswer& answer);

  std::size_t pa_bytes_;
  std::span<const std::uint8_t> left_;
};

// The largest answers of an access: without a fault, and with one, which ends the batch.
constexpr std::size_t kAccessAnswer = 19, kFaultAnswer = 30;

// The machine a board was elaborated for, from its words word::kMachine and following, which have kMachineBits bits.
extern const std::size_t kMachineBits;
Machine machine_of(std::span<const std::uint64_t> words);

}  // namespace vm::link
