// SPDX-License-Identifier: Apache-2.0
//
// The host link's frames, and a conversation over a line that loses, spoils and repeats bytes.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <string_view>
#include <utility>

#include "link/board_link.h"
#include "link/command.h"
#include "machine/random.h"

namespace {

using vm::link::Bytes;
using vm::link::Frame;
using vm::link::FrameReader;

std::vector<Frame> read_all(FrameReader& reader, const Bytes& bytes) {
  std::vector<Frame> frames;
  for (const std::uint8_t byte : bytes) {
    if (auto frame = reader.push(byte)) frames.push_back(std::move(*frame));
  }
  return frames;
}

// A board that answers with the payload it was sent and a count of what it has executed.
class EchoLine final : public vm::link::ByteLine {
 public:
  explicit EchoLine(std::function<Bytes(const Bytes&)> noise = {}) : noise_(std::move(noise)) {}

  void write(std::span<const std::uint8_t> bytes) override {
    reader_.restart();
    for (const Frame& frame : read_all(reader_, disturbed(Bytes(bytes.begin(), bytes.end())))) answer(frame);
  }
  std::size_t read(std::span<std::uint8_t> bytes, std::chrono::milliseconds) override {
    const std::size_t count = std::min(bytes.size(), waiting_.size());
    std::copy_n(waiting_.begin(), count, bytes.begin());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  void forget_input() override { waiting_.clear(); }

 private:
  Bytes disturbed(const Bytes& bytes) { return noise_ ? noise_(bytes) : bytes; }
  void answer(const Frame& frame) {
    if (frame.seq == 0 || frame.seq != kept_.seq) {
      kept_ = frame;
      kept_.payload.push_back(++executed_);
    }
    const Bytes bytes = disturbed(encode(kept_));
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  }

  std::function<Bytes(const Bytes&)> noise_;
  FrameReader reader_;
  Frame kept_;
  Bytes waiting_;
  std::uint8_t executed_ = 0;
};

constexpr vm::link::LinkOptions kQuick = {.timeout = std::chrono::milliseconds(1), .tries = 40};

}  // namespace

BOOST_AUTO_TEST_SUITE(host_link)

BOOST_AUTO_TEST_CASE(check_sums) {
  const std::string_view text = "123456789";
  const Bytes bytes(text.begin(), text.end());
  BOOST_TEST(vm::link::crc16(bytes) == 0x29B1);
  BOOST_TEST(vm::link::crc32(bytes) == 0xCBF43926U);
}

BOOST_AUTO_TEST_CASE(frames_come_out_as_they_went_in) {
  vm::Random random(1, "frames");
  FrameReader reader;
  for (const std::size_t length : {1UL, 2UL, 255UL, 256UL, 1024UL}) {
    Frame frame{static_cast<std::uint8_t>(random.below(256)), Bytes(length)};
    for (std::uint8_t& byte : frame.payload) byte = static_cast<std::uint8_t>(random.below(256));
    const std::vector<Frame> found = read_all(reader, encode(frame));
    BOOST_REQUIRE(found.size() == 1);
    BOOST_TEST((found[0] == frame));
  }
  BOOST_CHECK_THROW(vm::link::encode({1, {}}), std::logic_error);
  BOOST_CHECK_THROW(vm::link::encode({1, Bytes(1025)}), std::logic_error);
}

BOOST_AUTO_TEST_CASE(no_wrong_bit_passes) {
  const Bytes good = vm::link::encode({3, {1, 2, 3, 4}});
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    FrameReader reader;
    BOOST_TEST(read_all(reader, bad).empty());
  }
}

BOOST_AUTO_TEST_CASE(exchanges_over_a_good_line) {
  // A repeated greeting would be executed twice.
  vm::link::BoardLink link(std::make_unique<EchoLine>(), {.timeout = std::chrono::seconds(10)});
  const Bytes hello = {9};
  BOOST_TEST(link.greet(hello) == (Bytes{9, 1}));
  for (unsigned i = 0; i < 600; ++i) {  // sequence numbers come round
    BOOST_TEST(link.exchange(hello) == (Bytes{9, static_cast<std::uint8_t>(i + 2)}));
  }
  BOOST_TEST(link.counts().repeated == 0);
}

BOOST_AUTO_TEST_CASE(each_exchange_is_executed_once_over_a_bad_line) {
  vm::Random random(2, "noise");
  const auto noise = [&](const Bytes& bytes) {
    Bytes result;
    for (std::uint8_t byte : bytes) {
      if (random.one_in(150)) continue;
      if (random.one_in(150)) byte ^= static_cast<std::uint8_t>(random.between(1, 255));
      result.push_back(byte);
      if (random.one_in(150)) result.push_back(byte);
    }
    return result;
  };
  vm::link::BoardLink link(std::make_unique<EchoLine>(noise), kQuick);
  const Bytes payload = {1, 2, 3};
  for (unsigned i = 0; i < 200; ++i) {
    BOOST_TEST(link.exchange(payload) == (Bytes{1, 2, 3, static_cast<std::uint8_t>(i + 1)}));
  }
  BOOST_TEST(link.counts().repeated > 0);
}

BOOST_AUTO_TEST_CASE(a_board_that_says_nothing) {
  vm::link::BoardLink link(std::make_unique<EchoLine>([](const Bytes&) { return Bytes(); }),
                           {.timeout = std::chrono::milliseconds(1), .tries = 3});
  BOOST_CHECK_THROW(link.exchange(Bytes{1}), vm::link::LinkError);
}

BOOST_AUTO_TEST_CASE(answers_that_end_too_early) {
  const vm::Machine& machine = *vm::find_machine("sv39-ulx3s");
  const Bytes answer = {0x10, 0x00, 0x00};
  vm::link::AnswerReader reader(machine, answer);
  BOOST_CHECK_THROW(reader.access({}), vm::link::ShortAnswer);
}

BOOST_AUTO_TEST_SUITE_END()
