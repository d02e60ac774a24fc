// SPDX-License-Identifier: Apache-2.0
//
// M13 in the L2 and L3 caches: a bit that turns over in a clean line makes a miss, or its line is read again; of what
// was stored it makes an error, and is reported; and it is never used. Every bit of every kind of word is turned over.
#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "parity_bench.h"

namespace vm {
namespace {

using test::kPage;
using test::kWord;
using test::ParityBench;

constexpr std::uint64_t kOffset = 0x118;  // the fourth word of its line

// A clean line lies in the cache of `level`, and in none above.
void bring_in(ParityBench& b, unsigned level, PhysAddr pa) {
  b.load(b.va(kPage, kOffset));
  b.put_out(pa);
  if (level == 3) b.drive_out(2, pa);
}

}  // namespace

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_clean_word_below_that_turns_over_is_read_again) {
  for (const unsigned level : {2U, 3U}) {
    ParityBench b;
    const PhysAddr pa = b.address(b.frame(kPage), kOffset);
    const std::uint64_t value = b.load(b.va(kPage, kOffset), 3).data;
    for (unsigned bit = 0; bit < stored_word(b.machine(), Array::L2CacheData, 0).bits(); ++bit) {
      BOOST_TEST_CONTEXT("L" << level << " bit " << bit) {
        bring_in(b, level, pa);
        const unsigned before = b.read_again();
        b.flip_below(level, false, pa, bit);
        const AccessResult again = b.load(b.va(kPage, kOffset), 3);
        BOOST_TEST((again.fault.cause == Cause::None));
        BOOST_TEST(again.data == value);
        BOOST_TEST(b.read_again() == before + 1);
      }
    }
    BOOST_TEST(b.lower_lost() == 0U);
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_clean_line_s_tag_below_that_turns_over_makes_a_miss) {
  for (const unsigned level : {2U, 3U}) {
    ParityBench b;
    const PhysAddr pa = b.address(b.frame(kPage), kOffset);
    const std::uint64_t value = b.load(b.va(kPage, kOffset), 3).data;
    const StoredWord word = stored_word(b.machine(), level == 2 ? Array::L2CacheTag : Array::L3CacheTag, 0);
    for (unsigned bit = 0; bit < word.lsb(StoredWord::DirtyBits); ++bit) {
      BOOST_TEST_CONTEXT("L" << level << " bit " << bit) {
        bring_in(b, level, pa);
        b.flip_below(level, true, pa, bit);
        BOOST_TEST(b.load(b.va(kPage, kOffset), 3).data == value);
        BOOST_TEST(b.lies_in(level, pa));
      }
    }
    BOOST_TEST(b.lower_lost() == 0U);
    BOOST_TEST(b.reported().empty());
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M13_an_upset_of_a_stored_word_below_is_an_error_until_it_is_written_on) {
  for (const unsigned level : {2U, 3U}) {
    ParityBench b;
    const PhysAddr pa = b.address(b.frame(kPage), kOffset);
    const PhysAddr line(pa.value / 64 * 64);
    for (const unsigned bit : {0U, 17U, 63U, 64U}) {
      BOOST_TEST_CONTEXT("L" << level << " bit " << bit) {
        b.store(b.va(kPage, kOffset), 3, kWord);
        b.put_out(pa);
        if (level == 3) b.drive_out(2, pa);
        const unsigned before = b.lower_lost();
        b.flip_below(level, false, pa, bit);
        BOOST_TEST((b.load(b.va(kPage, kOffset), 3).fault.cause == Cause::Bus));
        BOOST_TEST((b.store(b.va(kPage, kOffset), 3, 1).fault.cause == Cause::Bus));
        BOOST_TEST(b.lower_lost() == before + 2);
        BOOST_TEST((b.reported().size() == before + 2 && b.reported().back() == line));
        b.drive_out(level, pa);
        BOOST_TEST(b.lower_lost() == before + 3);
        BOOST_TEST((b.reported().size() == before + 3 && b.reported().back() == line));
        // As it was written on, and reported.
        BOOST_TEST(b.load(b.va(kPage, kOffset), 3).data == (bit < 64 ? kWord ^ 1ULL << bit : kWord));
      }
    }
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M13_an_upset_in_the_tag_of_a_stored_line_below_is_an_error_once) {
  for (const unsigned level : {2U, 3U}) {
    ParityBench b;
    const PhysAddr pa = b.address(b.frame(kPage), kOffset);
    const std::uint64_t value = b.load(b.va(kPage, kOffset), 3).data;
    const StoredWord word = stored_word(b.machine(), level == 2 ? Array::L2CacheTag : Array::L3CacheTag, 0);
    for (unsigned bit = 0; bit < word.lsb(StoredWord::DirtyBits); ++bit) {
      BOOST_TEST_CONTEXT("L" << level << " bit " << bit) {
        b.store(b.va(kPage, kOffset), 3, kWord);
        b.put_out(pa);
        if (level == 3) b.drive_out(2, pa);
        const unsigned before = b.lower_lost();
        b.flip_below(level, true, pa, bit);
        BOOST_TEST((b.load(b.va(kPage, kOffset), 3).fault.cause == Cause::Bus));
        BOOST_TEST(b.lower_lost() == before + 1);
        BOOST_TEST(b.reported().size() == before + 1);
        // What lies below is the older value, as was reported.
        BOOST_TEST(b.load(b.va(kPage, kOffset), 3).data == value);
      }
    }
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M13_a_line_that_is_lost_below_is_told_when_another_is_written_or_found) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), kOffset);
  // The first level has a newer one, which comes down.
  b.store(b.va(kPage, kOffset), 3, 1);
  b.platform().fence({.op = FenceOp::CacheClean, .by_addr = true, .addr = pa.value});
  b.store(b.va(kPage, kOffset), 3, 2);
  b.flip_below(2, true, pa, 3);
  b.put_out(pa);
  BOOST_TEST(b.lower_lost() == 1U);
  BOOST_TEST(b.load(b.va(kPage, kOffset), 3).data == 2U);
  // Another line of the set is there, and answered.
  b.load(b.va(kPage + 1, kOffset));
  b.put_out(b.address(b.frame(kPage + 1), kOffset));
  b.put_out(pa);
  b.flip_below(2, true, pa, 0);
  BOOST_TEST((b.load(b.va(kPage + 1, kOffset), 3).fault.cause == Cause::None));
  BOOST_TEST(b.lower_lost() == 2U);
  BOOST_TEST(b.reported().size() == 2U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_a_dirty_bit_below_that_turns_over_loses_nothing) {
  for (const unsigned level : {2U, 3U}) {
    ParityBench b;
    const PhysAddr pa = b.address(b.frame(kPage), kOffset);
    const unsigned first =
        stored_word(b.machine(), level == 2 ? Array::L2CacheTag : Array::L3CacheTag, 0).lsb(StoredWord::DirtyBits);
    for (const unsigned bit : {first, first + 1}) {
      // Of a dirty line: it is written on all the same.
      b.store(b.va(kPage, kOffset), 3, kWord + bit);
      b.put_out(pa);
      if (level == 3) b.drive_out(2, pa);
      b.flip_below(level, true, pa, bit);
      BOOST_TEST(b.bench().lower_cache(level).dirty(pa));
      b.drive_out(level, pa);
      // Of a clean one: it is written on for nothing.
      bring_in(b, level, pa);
      b.flip_below(level, true, pa, bit);
      BOOST_TEST(b.bench().lower_cache(level).dirty(pa));
      b.drive_out(level, pa);
      BOOST_TEST(b.load(b.va(kPage, kOffset), 3).data == kWord + bit);
    }
    BOOST_TEST(b.lower_lost() == 0U);
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

}  // namespace vm
