// SPDX-License-Identifier: Apache-2.0
#include "link/board_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vm::link {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr unsigned kGreetingTries = 4;
constexpr milliseconds kShortest{60}, kLongest{2000};
constexpr unsigned kPatience = 4;  // times what an answer took

}  // namespace

BoardLink::BoardLink(std::unique_ptr<ByteLine> line, LinkOptions options)
    : line_(std::move(line)), options_(options), slowest_(options.timeout / kPatience) {}

Bytes BoardLink::greet(std::span<const std::uint8_t> payload) {
  last_seq_ = 0;
  return send({0, Bytes(payload.begin(), payload.end())}, std::min(options_.tries, kGreetingTries));
}

Bytes BoardLink::exchange(std::span<const std::uint8_t> payload) {
  // 0 is the greeting's.
  last_seq_ = last_seq_ == 0xFF ? 1 : static_cast<std::uint8_t>(last_seq_ + 1);
  return send({last_seq_, Bytes(payload.begin(), payload.end())}, options_.tries);
}

Bytes BoardLink::send(const Frame& frame, unsigned tries) {
  const Bytes bytes = encode(frame);
  milliseconds timeout = std::clamp(kPatience * slowest_, std::min(kShortest, options_.timeout), kLongest);
  Bytes answer;
  ++counts_.frames;
  for (unsigned i = 0; i < tries; ++i) {
    if (i != 0) ++counts_.repeated;
    counts_.bytes_sent += bytes.size();
    const Clock::time_point begin = Clock::now();
    line_->write(bytes);
    if (wait_for(frame, timeout, answer)) {
      // Falls slowly, so that a large frame among small ones is not given up.
      const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
      slowest_ = std::max({took, slowest_ * 15 / 16, milliseconds(1)});
      return answer;
    }
    timeout = std::min(2 * timeout, kLongest);
  }
  throw LinkError(fmt::format("the board does not answer: frame {} was sent {} times", frame.seq, tries));
}

bool BoardLink::wait_for(const Frame& sent, milliseconds timeout, Bytes& answer) {
  std::array<std::uint8_t, 512> buffer{};
  const Clock::time_point latest = Clock::now() + timeout + kLongest;  // for a line that never falls silent
  Clock::time_point until = Clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const std::size_t count = left.count() <= 0 ? 0 : line_->read(buffer, left);
    if (count == 0 && Clock::now() >= until) {
      // The rest of a frame that began will not come either.
      reader_.restart();
      return false;
    }
    counts_.bytes_received += count;
    // While bytes come, the board is answering.
    if (count != 0) until = std::min(latest, std::max(until, Clock::now() + std::min(timeout, options_.timeout)));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t refused = reader_.refused();
      std::optional<Frame> frame = reader_.push(buffer.at(i));
      counts_.refused += reader_.refused() - refused;
      if (!frame) continue;
      if (frame->seq != sent.seq) {
        ++counts_.refused;
        continue;
      }
      answer = std::move(frame->payload);
      return true;
    }
  }
}

}  // namespace vm::link
