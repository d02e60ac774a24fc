// SPDX-License-Identifier: Apache-2.0
//
// The iCEBreaker at its buttons: each press makes one access of the simple memory system, and the LEDs say what its
// book says.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>

#include "icebreaker.h"
#include "press.h"

namespace vm::board {

std::ostream& operator<<(std::ostream& out, const Lights& l) {
  return out << "number " << l.number << (l.fault ? " fault" : "") << (l.tlb_hit ? " tlb-hit" : "")
             << (l.cache_hit ? " cache-hit" : "") << (l.right ? " right" : "") << (l.busy ? " busy" : "");
}

}  // namespace vm::board

namespace {

using vm::board::Button;
using vm::board::Lights;

// 0x03D4: TLB hit, cache hit, byte 36. 0x028F and 0x0020: neither; the byte comes from memory. VPN 01: fault.
constexpr Lights kFirstRound[] = {{.tlb_hit = true, .cache_hit = true, .number = 0, .right = true},
                                  {.number = 1, .right = true},
                                  {.number = 2, .right = true},
                                  {.fault = true, .number = 3}};
// What was fetched then hits now.
constexpr Lights kSecondRound[] = {{.tlb_hit = true, .cache_hit = true, .number = 0, .right = true},
                                   {.tlb_hit = true, .cache_hit = true, .number = 1, .right = true},
                                   {.tlb_hit = true, .cache_hit = true, .number = 2, .right = true},
                                   {.fault = true, .number = 3}};

struct Bench {
  explicit Bench(std::uint64_t seed) : board(seed), finger(board, seed) {
    BOOST_TEST(board.lights().busy);
    finger.wait_until_ready();
    BOOST_TEST(board.lights() == Lights{});
  }
  Lights press(Button button) {
    finger.press(button);
    return board.lights();
  }

  vm::board::Icebreaker board;
  vm::board::Finger finger;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(buttons)

BOOST_DATA_TEST_CASE(the_examples_of_the_book, boost::unit_test::data::xrange(1, 9), seed) {
  Bench bench(static_cast<std::uint64_t>(seed));
  for (const Lights& lights : kFirstRound) BOOST_TEST(bench.press(Button::Next) == lights);
  for (const Lights& lights : kSecondRound) BOOST_TEST(bench.press(Button::Next) == lights);
}

BOOST_AUTO_TEST_CASE(the_same_access_once_more_hits) {
  Bench bench(1);
  BOOST_TEST(bench.press(Button::Again) == Lights{});  // there is none yet
  bench.press(Button::Next);
  BOOST_TEST(bench.press(Button::Next) == kFirstRound[1]);
  BOOST_TEST(bench.press(Button::Again) == kSecondRound[1]);
  BOOST_TEST(bench.press(Button::Next) == kFirstRound[2]);
  bench.press(Button::Next);
  BOOST_TEST(bench.press(Button::Again) == kFirstRound[3]);  // a fault leaves nothing behind
}

BOOST_AUTO_TEST_CASE(starting_over_brings_the_printed_contents_back) {
  Bench bench(1);
  for (unsigned i = 0; i < 3; ++i) bench.press(Button::Next);
  bench.finger.press(Button::StartOver);
  bench.finger.wait_until_ready();
  BOOST_TEST(bench.board.lights() == Lights{});
  for (const Lights& lights : kFirstRound) BOOST_TEST(bench.press(Button::Next) == lights);
}

BOOST_AUTO_TEST_CASE(a_button_held_down_is_one_press) {
  Bench bench(1);
  bench.board.set(Button::Next, true);
  bench.finger.wait(100 * vm::board::kSampleClocks);
  BOOST_TEST(bench.board.lights() == kFirstRound[0]);
  bench.board.set(Button::Next, false);
  bench.finger.wait(100 * vm::board::kSampleClocks);
  BOOST_TEST(bench.board.lights() == kFirstRound[0]);
}

BOOST_AUTO_TEST_CASE(a_button_down_since_reset_is_no_press) {
  vm::board::Icebreaker board(1);
  board.set(Button::Next, true);
  vm::board::Finger finger(board, 1);
  finger.wait_until_ready();
  finger.wait(10 * vm::board::kSampleClocks);
  BOOST_TEST(board.lights() == Lights{});
}

BOOST_AUTO_TEST_SUITE_END()
