// SPDX-License-Identifier: Apache-2.0
//
// The memory at the memory port. Each source (fetch, data, walk) may have one request outstanding with each of its ids;
// answers of different sources and ids may interleave beat by beat.
//
// Latency L: the first beat of a read's answer is presented L cycles after the request was accepted (L >= 1), a write's
// answer L cycles after its last data beat; later if beats of another request, or the requester, are in the way. With
// random latency the order among requests is random, reads are taken from memory at a random moment between request and
// answer, and writes take effect at a random moment between last beat and answer: memory promises no more.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/stall.h"
#include "event.h"
#include "machine/physical_memory.h"
#include "machine/random.h"
#include "ring.h"

namespace vm {

struct Latency {
  enum class Kind : std::uint8_t { Fixed, Random, Replay };
  Kind kind = Kind::Fixed;
  std::uint64_t low = 1, high = 1;    // Fixed: low; Random: low..high
  std::vector<std::uint64_t> replay;  // taken in turn, then from the start again
};

// Memory answers with an error when an access touches [first, last]; or a write only, as a ROM does.
struct ErrorRange {
  PhysAddr first, last;
  bool writes_only = false;
  bool touches(std::uint64_t address, std::uint64_t bytes) const {
    return address + bytes > first.value && address <= last.value;
  }
};

class MemoryAgent {
 public:
  struct Options {
    Latency latency;
    StallPolicy stall;
    std::vector<ErrorRange> errors;
    std::uint64_t seed = 1;
    unsigned ids = 1;  // of each source
  };

  MemoryAgent(PhysicalMemory& memory, Options options);

  void drive(Inputs& inputs, std::uint64_t cycle);
  // After the edge. A request that breaks the rules of the port is described in the result; empty if all is well.
  std::string_view observe(const MemPort& port, std::uint64_t cycle);

  bool idle() const;
  // Whether any of these bytes lies where memory answers a read, or a write, with an error.
  bool has_error(std::uint64_t address, std::uint64_t bytes = 1, bool write = false) const;

 private:
  struct Slot {
    bool active = false;
    bool write = false;
    bool sampled = false;    // read: data taken; write: data in memory
    unsigned beats = 0;      // of data
    unsigned done = 0;       // beats answered (read) or taken (write)
    std::uint64_t line = 0;  // of the first 64-bit word
    unsigned first = 0;      // beat the answer begins with
    std::uint8_t strb = 0;
    bool due_known = false;
    std::uint64_t due = 0;  // cycle in which the (next) answer may be presented
    std::array<std::uint64_t, 256> data{};
  };

  static constexpr unsigned kSources = 3;

  std::uint64_t next_latency();
  static std::uint64_t word_of(const Slot& slot, unsigned beat) {
    return slot.line + 8ULL * ((slot.first + beat) % slot.beats);
  }
  unsigned slot_of(MemSource source, unsigned id) const { return id * kSources + static_cast<unsigned>(source); }
  bool beat_error(const Slot& slot, unsigned beat) const;
  void sample(Slot& slot);
  void take_write_beats(std::uint64_t cycle);
  void choose_answer(MemResponse& port, std::uint64_t cycle);

  PhysicalMemory& memory_;
  Options options_;
  Random random_;
  Stall request_stall_, write_stall_, answer_stall_;
  std::vector<Slot> slots_;  // those of id 0, of id 1, ...
  Ring<MemWrite> write_beats_{512};
  Ring<unsigned> write_order_;  // slots whose write data are still to come
  std::size_t next_replay_ = 0;
  int presenting_ = -1;  // slot whose beat is on the port
  std::string error_;
};

}  // namespace vm
