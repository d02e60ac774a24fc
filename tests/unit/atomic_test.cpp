// SPDX-License-Identifier: Apache-2.0
//
// What AMOs compute, when a reservation ends, and both on the reference platform.
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <optional>

#include "machine/random.h"
#include "oracle/reservation.h"
#include "platform/reference_platform.h"

namespace vm {
namespace {

// By the types of the language.
template <class Unsigned, class Signed>
std::optional<Unsigned> by_types(AtomicOp op, Unsigned a, Unsigned b) {
  const auto as_signed = [](Unsigned x) { return std::bit_cast<Signed>(x); };
  switch (op) {
    case AtomicOp::Swap:
      return b;
    case AtomicOp::Add:
      return static_cast<Unsigned>(a + b);
    case AtomicOp::Xor:
      return a ^ b;
    case AtomicOp::And:
      return a & b;
    case AtomicOp::Or:
      return a | b;
    case AtomicOp::Min:
      return as_signed(a) < as_signed(b) ? a : b;
    case AtomicOp::Max:
      return as_signed(a) > as_signed(b) ? a : b;
    case AtomicOp::Minu:
      return a < b ? a : b;
    case AtomicOp::Maxu:
      return a > b ? a : b;
    default:
      return std::nullopt;
  }
}

BOOST_AUTO_TEST_CASE(amos_compute_what_the_types_of_the_language_do) {
  Random random(1, "amo");
  for (unsigned i = 0; i < 20000; ++i) {
    const auto value = [&] { return random.one_in(2) ? random.next() : random.below(8) - 4; };
    const std::uint64_t a = value(), b = value();
    for (unsigned n = static_cast<unsigned>(AtomicOp::Swap); n < kAtomicOps; ++n) {
      const auto op = static_cast<AtomicOp>(n);
      const auto word =
          by_types<std::uint32_t, std::int32_t>(op, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b));
      BOOST_TEST_REQUIRE((amo_result(op, 4, a, b) == *word));
      BOOST_TEST_REQUIRE((amo_result(op, 8, a, b) == *by_types<std::uint64_t, std::int64_t>(op, a, b)));
    }
  }
}

BOOST_AUTO_TEST_CASE(names_of_atomics_are_their_own) {
  for (unsigned n = 1; n < kAtomicOps; ++n) {
    const auto op = static_cast<AtomicOp>(n);
    BOOST_TEST((atomic_named(to_string(op)) == op));
  }
  BOOST_TEST((atomic_named("none") == AtomicOp::None));
  BOOST_TEST((atomic_named("amonand") == AtomicOp::None));
}

BOOST_AUTO_TEST_CASE(R35_a_reservation_covers_a_line_and_ends_for_one_reason) {
  const Machine& machine = *find_machine("sv39");
  Reservation r(machine);
  BOOST_TEST((r.why_not(PhysAddr(0)) == Lost::Never));
  r.load(PhysAddr(0x1008), true);
  BOOST_TEST(!r.why_not(PhysAddr(0x103C)).has_value());
  BOOST_TEST((r.why_not(PhysAddr(0x1040)) == Lost::OtherLine));
  r.other_store(PhysAddr(0x1040), Lost::HostStore);
  BOOST_TEST(!r.why_not(PhysAddr(0x1000)).has_value());
  r.other_store(PhysAddr(0x1030), Lost::WalkerUpdate);
  BOOST_TEST((r.why_not(PhysAddr(0x1000)) == Lost::WalkerUpdate));
  r.load(PhysAddr(0x1000), true);
  r.conditional();
  BOOST_TEST((r.why_not(PhysAddr(0x1000)) == Lost::Sc));
  r.load(PhysAddr(0x1000), true);
  r.load(PhysAddr(0x2000), false);  // a bus error
  BOOST_TEST((r.why_not(PhysAddr(0x1000)) == Lost::Lr));
}

BOOST_AUTO_TEST_CASE(without_a_data_cache_a_reservation_covers_eight_bytes) {
  Machine machine = *find_machine("sv39");
  machine.dcache.ways = 0;
  Reservation r(machine);
  r.load(PhysAddr(0x1008), true);
  BOOST_TEST(!r.why_not(PhysAddr(0x100C)).has_value());
  BOOST_TEST((r.why_not(PhysAddr(0x1010)) == Lost::OtherLine));
}

// ---------------------------------------------------------------- the reference platform, in Bare mode

struct Bare {
  ReferencePlatform platform{*find_machine("sv39")};

  AccessResult run(AtomicOp op, std::uint64_t at, unsigned bytes, std::uint64_t data = 0) {
    const Access access{.kind = kind_of(op),
                        .atomic = op,
                        .size_log2 = static_cast<std::uint8_t>(std::countr_zero(bytes)),
                        .va = VirtAddr(at),
                        .data = data};
    AccessResult result;
    platform.perform({&access, 1}, {&result, 1}, [](std::size_t) { return false; });
    return result;
  }
};

constexpr std::uint64_t kMemory = 0x8000'0000, kUncached = 0x4000'0000, kDevice = 0x1000'0000;

BOOST_AUTO_TEST_CASE(R35_lr_and_sc_on_the_reference_platform) {
  for (const std::uint64_t at : {kMemory, kUncached}) {
    Bare b;
    BOOST_TEST(b.run(AtomicOp::Sc, at, 8, 1).data == 1U);
    BOOST_TEST(b.run(AtomicOp::Lr, at, 8).data == 0U);
    BOOST_TEST(b.run(AtomicOp::Sc, at, 8, 7).data == 0U);
    BOOST_TEST(b.run(AtomicOp::Sc, at, 8, 8).data == 1U);
    BOOST_TEST(b.run(AtomicOp::Lr, at, 8).data == 7U);
    const std::array<std::uint8_t, 1> byte{9};
    b.platform.host_write(PhysAddr(at + 4), byte);
    BOOST_TEST(b.run(AtomicOp::Sc, at, 8, 8).data == 1U);
    b.run(AtomicOp::Lr, at, 8);
    b.platform.fence({});
    BOOST_TEST(b.run(AtomicOp::Sc, at, 8, 8).data == 1U);
    BOOST_TEST(b.run(AtomicOp::Add, at + 4, 4, 1).data == 9U);
    BOOST_TEST(b.run(AtomicOp::Lr, at + 4, 4).data == 10U);
  }
}

BOOST_AUTO_TEST_CASE(R34_an_atomic_that_is_no_aligned_word_or_doubleword_is_refused) {
  Bare b;
  for (const unsigned bytes : {1U, 2U}) {
    BOOST_TEST((b.run(AtomicOp::Add, kMemory, bytes).fault.cause == Cause::Misaligned));
  }
  BOOST_TEST(b.run(AtomicOp::Lr, kMemory + 2, 4).fault.code == 4U);
  BOOST_TEST(b.run(AtomicOp::Sc, kMemory + 4, 8).fault.code == 6U);
  // Before anything else is found wrong.
  BOOST_TEST((b.run(AtomicOp::Swap, 0x1, 8).fault.cause == Cause::Misaligned));
}

BOOST_AUTO_TEST_CASE(an_atomic_where_the_map_has_none_is_an_access_fault) {
  Bare b;
  BOOST_TEST(b.run(AtomicOp::Lr, kDevice, 8).fault.code == 5U);
  BOOST_TEST(b.run(AtomicOp::Sc, kDevice, 8).fault.code == 7U);
  BOOST_TEST(b.run(AtomicOp::Max, kDevice, 4).fault.code == 7U);
}

}  // namespace
}  // namespace vm
