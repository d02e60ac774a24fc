// SPDX-License-Identifier: Apache-2.0
//
// A conversation with a board: payloads to it and its answers, over a line that may lose, repeat and spoil bytes. Each
// frame is repeated until its answer comes; the board executes it once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>

#include "link/frame.h"
#include "link/serial_port.h"

namespace vm::link {

// The board does not answer, or says what makes no sense.
struct LinkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct LinkOptions {
  std::chrono::milliseconds timeout{1000};  // for an answer at first; then what the slowest took, several times
  unsigned tries = 20;                      // of each frame
};

struct LinkCounts {
  std::uint64_t frames = 0, repeated = 0, bytes_sent = 0, bytes_received = 0;
  std::uint64_t refused = 0;  // frames from the board that were not whole, or of another exchange
};

class BoardLink {
 public:
  explicit BoardLink(std::unique_ptr<ByteLine> line, LinkOptions options = {});

  // The first frame of a conversation: its commands may be executed twice. Fewer tries, as there may be no board.
  Bytes greet(std::span<const std::uint8_t> payload);
  // Executed once, unless LinkError is thrown.
  Bytes exchange(std::span<const std::uint8_t> payload);
  const LinkCounts& counts() const { return counts_; }

 private:
  Bytes send(const Frame& frame, unsigned tries);
  bool wait_for(const Frame& sent, std::chrono::milliseconds timeout, Bytes& answer);

  std::unique_ptr<ByteLine> line_;
  LinkOptions options_;
  FrameReader reader_;
  std::chrono::milliseconds slowest_;  // of the last answers
  LinkCounts counts_;
  std::uint8_t last_seq_ = 0;
};

}  // namespace vm::link
