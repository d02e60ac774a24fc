// SPDX-License-Identifier: Apache-2.0
//
// Frames that are broken in every way, at the pins of the verilated board: what is not whole and right is not executed,
// is counted, and the next good frame is; what comes twice is executed once.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>

#include "board.h"
#include "link/command.h"
#include "machine/machine.h"

namespace {

using vm::PhysAddr;
using vm::link::Bytes;
using vm::link::CommandWriter;
using vm::link::Frame;

constexpr PhysAddr kAt{0x8000'0100};
constexpr std::uint8_t kMark = 0x5A;

const vm::Machine& machine() { return *vm::find_machine("sv39-ulx3s"); }

struct Bench {
  vm::board::Board board{1};

  // What the board sends until it has been silent for longer than it waits for the rest of a frame.
  std::vector<Frame> answers() {
    std::vector<Frame> frames;
    vm::link::FrameReader reader;
    do {
      for (unsigned i = 0; i < 1000; ++i) board.cycle();
      for (const std::uint8_t byte : board.take_received()) {
        if (auto frame = reader.push(byte)) frames.push_back(std::move(*frame));
      }
    } while (board.sending() || board.quiet() < vm::board::kGapClocks);
    BOOST_TEST(!reader.inside());
    return frames;
  }

  std::vector<Frame> send(const Bytes& bytes) {
    board.send(bytes);
    return answers();
  }

  // Of a frame that must be answered.
  Bytes ask(std::uint8_t seq, const Bytes& payload) {
    const std::vector<Frame> frames = send(vm::link::encode({seq, payload}));
    BOOST_REQUIRE(frames.size() == 1);
    BOOST_TEST(frames[0].seq == seq);
    return frames[0].payload;
  }

  std::uint64_t word(std::uint8_t index) {
    const Bytes answer = ask(0, command([&](CommandWriter& w) { w.word(index); }));
    return vm::link::AnswerReader(machine(), answer).number(8);
  }
  unsigned refused(unsigned field) { return word(vm::link::word::kRefused) >> (16 * field) & 0xFFFF; }
  unsigned executed(unsigned field) { return word(vm::link::word::kExecuted) >> (16 * field) & 0xFFFF; }

  std::uint8_t byte_at(PhysAddr pa) {
    return ask(0, command([&](CommandWriter& w) { w.read(pa, 1); })).at(0);
  }

  template <class Write>
  static Bytes command(Write write) {
    Bytes payload;
    CommandWriter writer(machine(), payload);
    write(writer);
    return payload;
  }
  // A frame that would leave its mark in memory.
  static Bytes marking(std::uint8_t seq) {
    return vm::link::encode({seq, command([](CommandWriter& w) { w.write(kAt, std::span(&kMark, 1)); })});
  }
  void expect_no_mark() { BOOST_TEST(byte_at(kAt) != kMark); }

  Bench() {
    ask(0, command([](CommandWriter& w) { w.reset(); }));  // memory is zero now
  }
};

constexpr unsigned kBadCrc = 0, kBadLength = 1, kFraming = 2, kGap = 3;  // fields of word::kRefused
constexpr unsigned kRepeated = 2, kUnknown = 3;                          // of word::kExecuted

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hostile, Bench)

BOOST_AUTO_TEST_CASE(a_good_frame_is_executed) {
  BOOST_TEST(send(marking(1)).size() == 1);
  BOOST_TEST(byte_at(kAt) == kMark);
  BOOST_TEST(word(vm::link::word::kRefused) == 0);
}

BOOST_AUTO_TEST_CASE(commands_of_a_batch_follow_each_other) {
  const Bytes data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Bytes payload = command([&](CommandWriter& w) {
    w.write(kAt + 5, data);
    w.fill(kAt + 16, 24, 0x8877'6655'4433'2211);
    w.read(kAt + 4, 20);
    w.digest(kAt + 5, 11);
  });
  const Bytes answer = ask(1, payload);
  vm::link::AnswerReader reader(machine(), answer);
  BOOST_TEST(reader.number(2) == 0);
  const Bytes expected = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
  const auto found = reader.bytes(20);
  BOOST_TEST(Bytes(found.begin(), found.end()) == expected, boost::test_tools::per_element());
  BOOST_TEST(!reader.refused());
  BOOST_TEST(reader.number(4) == vm::link::crc32(data));
  BOOST_TEST(!reader.refused());
  BOOST_TEST(reader.at_end());
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_anywhere_and_nothing_is_executed) {
  const Bytes good = marking(1);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    BOOST_TEST(send(bad).empty());
  }
  expect_no_mark();
  BOOST_TEST(refused(kBadCrc) + refused(kBadLength) + refused(kGap) >= good.size() - 1);  // but the start byte's
}

BOOST_AUTO_TEST_CASE(a_wrong_crc_is_counted) {
  Bytes bad = marking(1);
  bad.back() ^= 0x10;
  BOOST_TEST(send(bad).empty());
  expect_no_mark();
  BOOST_TEST(refused(kBadCrc) == 1);
}

BOOST_AUTO_TEST_CASE(lengths_that_no_frame_has) {
  for (const unsigned length : {0U, 1025U, 0xFFFFU}) {
    Bytes bad = marking(1);
    bad[2] = static_cast<std::uint8_t>(length);
    bad[3] = static_cast<std::uint8_t>(length >> 8);
    BOOST_TEST(send(bad).empty());
  }
  expect_no_mark();
  BOOST_TEST(refused(kBadLength) == 3);
}

BOOST_AUTO_TEST_CASE(a_lost_byte_and_the_board_waits_no_longer_than_it_must) {
  const Bytes good = marking(1);
  for (std::size_t lost = 0; lost < good.size(); ++lost) {
    Bytes bad = good;
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(lost));
    BOOST_TEST(send(bad).empty());
  }
  expect_no_mark();
  BOOST_TEST(refused(kGap) >= 1);
  BOOST_TEST(send(good).size() == 1);
  BOOST_TEST(byte_at(kAt) == kMark);
}

BOOST_AUTO_TEST_CASE(a_byte_that_comes_twice) {
  const Bytes good = marking(1);
  for (std::size_t twice = 1; twice + 1 < good.size(); ++twice) {
    // The same byte twice where two alike follow each other is a frame with one byte too many behind it.
    Bytes bad = good;
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(twice), good[twice]);
    if (std::equal(good.begin(), good.end(), bad.begin())) continue;
    BOOST_TEST(send(bad).empty());
  }
  expect_no_mark();
}

BOOST_AUTO_TEST_CASE(noise_before_a_frame_is_passed_over) {
  Bytes bytes = {0x00, 0xFF, 0x12, 0x5A};
  const Bytes good = marking(1);
  bytes.insert(bytes.end(), good.begin(), good.end());
  BOOST_TEST(send(bytes).size() == 1);
  BOOST_TEST(byte_at(kAt) == kMark);
}

BOOST_AUTO_TEST_CASE(a_byte_without_a_stop_bit_ends_a_frame) {
  const Bytes good = marking(1);
  const auto half = good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2);
  board.send(Bytes(good.begin(), half));
  board.send_break();
  BOOST_TEST(send(Bytes(half, good.end())).empty());
  expect_no_mark();
  BOOST_TEST(refused(kFraming) == 1);
}

BOOST_AUTO_TEST_CASE(what_comes_twice_is_executed_once) {
  vm::Access add;
  add.kind = vm::AccessKind::Store;
  add.atomic = vm::AtomicOp::Add;
  add.user = false;
  add.size_log2 = 3;
  add.va = vm::VirtAddr(kAt.value);
  add.data = 1;
  const Bytes frame = vm::link::encode({7, command([&](CommandWriter& w) { w.access(add); })});
  const std::vector<Frame> first = send(frame), second = send(frame), third = send(frame);
  BOOST_REQUIRE(first.size() == 1);
  BOOST_TEST((first == second && second == third));
  BOOST_TEST(byte_at(kAt) == 1);
  BOOST_TEST(executed(kRepeated) == 2);
  // The next one is another frame, even if it says the same.
  BOOST_TEST(send(vm::link::encode({8, command([&](CommandWriter& w) { w.access(add); })})).size() == 1);
  BOOST_TEST(byte_at(kAt) == 2);
}

BOOST_AUTO_TEST_CASE(nothing_behind_an_unknown_command_is_executed) {
  Bytes payload = {0x7F};
  const Bytes mark = command([](CommandWriter& w) { w.write(kAt, std::span(&kMark, 1)); });
  payload.insert(payload.end(), mark.begin(), mark.end());
  BOOST_TEST(ask(1, payload) == Bytes{vm::link::kAnswerUnknown});
  expect_no_mark();
  BOOST_TEST(executed(kUnknown) == 1);
}

BOOST_AUTO_TEST_CASE(a_command_cut_short) {
  const Bytes whole = command([](CommandWriter& w) { w.ctl(vm::CtlReg::Root, 8ULL << 60, false); });
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    BOOST_TEST(ask(static_cast<std::uint8_t>(length), part) == Bytes{vm::link::kAnswerUnknown});
  }
  BOOST_TEST(executed(kUnknown) == whole.size() - 1);
}

BOOST_AUTO_TEST_CASE(nothing_behind_a_fault_is_executed) {
  vm::Access bad;
  bad.user = false;
  bad.va = vm::VirtAddr(0x2000'0000);  // no memory there
  const Bytes payload = command([&](CommandWriter& w) {
    w.access(bad);
    w.write(kAt, std::span(&kMark, 1));
  });
  const Bytes answer = ask(1, payload);
  vm::link::AnswerReader reader(machine(), answer);
  BOOST_TEST(vm::to_string(reader.access(bad).fault.cause) == vm::to_string(vm::Cause::Access));
  BOOST_TEST(reader.at_end());
  expect_no_mark();
}

BOOST_AUTO_TEST_SUITE_END()
