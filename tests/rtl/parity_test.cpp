// SPDX-License-Identifier: Apache-2.0
//
// M13: a bit that turns over in a TLB or a walk cache makes a miss, and its word goes; it is never used. In a cache of
// any level it makes a miss, too, or, of what was stored, an error that is reported. Every bit of every kind of word is
// turned over, through the array port. All checks watch too.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <vector>

#include "parity_bench.h"

namespace vm {
namespace {

using test::kPage;
using test::kWord;
using test::ParityBench;

bool from_l1(const AccessResult& result) { return result.tlb == Hit::Hit; }
bool from_l2(const AccessResult& result) { return result.tlb == Hit::Miss && result.entry_reads == 0; }

// A page is known; then, for each bit of the word that says so, that bit turns over, and the page is accessed again.
void flip_every_bit_of_l1(ParityBench& b, Array array, const TlbGeometry& tlb, AccessKind kind) {
  const unsigned set = b.set_of(tlb, kPage);
  const unsigned bits = stored_word(b.machine(), array, 0).bits();
  b.access(kind, b.va(kPage));
  for (unsigned bit = 0; bit < bits; ++bit) {
    BOOST_TEST_CONTEXT("bit " << bit) {
      const std::size_t before = b.upsets().size();
      BOOST_TEST(from_l1(b.access(kind, b.va(kPage))));
      b.flip(array, set, 0, bit);
      const AccessResult again = b.access(kind, b.va(kPage, 8));
      BOOST_TEST(!from_l1(again));
      BOOST_TEST((again.pa == b.address(b.frame(kPage), 8)));
      BOOST_TEST(b.upsets().size() == before + 1);
      BOOST_TEST((b.upsets().back().tlb_unit() == TlbUnit::Base && b.upsets().back().b == 1));
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_data_tlb_entry_that_turns_over_makes_a_miss) {
  ParityBench b;
  flip_every_bit_of_l1(b, Array::Dtlb, b.machine().dtlb, AccessKind::Load);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_fetch_tlb_entry_that_turns_over_makes_a_miss) {
  ParityBench b;
  flip_every_bit_of_l1(b, Array::Itlb, b.machine().itlb, AccessKind::Fetch);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_an_l2_tlb_entry_that_turns_over_makes_a_miss) {
  ParityBench b;
  const unsigned set = b.set_of(b.machine().l2tlb, kPage);
  const unsigned bits = stored_word(b.machine(), Array::L2Tlb, 0).bits();
  for (unsigned bit = 0; bit < bits; ++bit) {
    BOOST_TEST_CONTEXT("bit " << bit) {
      // The data port brings the page in, the fetch port finds it in the L2 TLB only.
      const std::size_t before = b.upsets().size();
      b.load(b.va(kPage));
      b.flip(Array::L2Tlb, set, 0, bit);
      const AccessResult again = b.access(AccessKind::Fetch, b.va(kPage));
      BOOST_TEST(again.entry_reads == 1U);
      BOOST_TEST((again.pa == b.address(b.frame(kPage))));
      BOOST_TEST(b.upsets().size() == before + 1);
      BOOST_TEST((b.upsets().back().tlb_unit() == TlbUnit::L2 && b.upsets().back().b == 1));
      b.forget(kPage);
    }
  }
  b.load(b.va(kPage));
  BOOST_TEST(from_l2(b.access(AccessKind::Fetch, b.va(kPage))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_walk_cache_entry_that_turns_over_makes_the_walk_begin_above) {
  ParityBench b;
  const unsigned levels = b.levels();
  for (unsigned level = 1; level < levels; ++level) {
    const unsigned bits = stored_word(b.machine(), Array::WalkCache, level).bits();
    for (unsigned bit = 0; bit < bits; ++bit) {
      BOOST_TEST_CONTEXT("level " << level << " bit " << bit) {
        const std::size_t before = b.upsets().size();
        b.load(b.va(kPage));
        b.flip(Array::WalkCache, 0, level, bit);
        // The deepest pointer says where a walk begins; one above that is wrong goes all the same.
        const AccessResult other = b.load(b.va(kPage + 1));
        BOOST_TEST(other.entry_reads == (level == 1 ? 2U : 1U));
        BOOST_TEST((other.pa == b.address(b.frame(kPage + 1))));
        BOOST_TEST(b.upsets().size() == before + 1);
        BOOST_TEST((b.upsets().back().tlb_unit() == TlbUnit::WalkCaches && b.upsets().back().b == 1U << level));
        b.platform().fence({});
        b.pause();
        b.load(b.va(kPage));  // all levels are walked, and known again
        b.forget(kPage);
        b.forget(kPage + 1);
      }
    }
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_a_way_that_turns_valid_or_into_the_page_looked_for_does_not_answer) {
  ParityBench b;
  const StoredWord word = stored_word(b.machine(), Array::Dtlb, 0);
  const unsigned set = b.set_of(b.machine().dtlb, kPage);
  // Two pages whose tags differ in one bit: the word of the first becomes, but for its parity, one of the second.
  const std::uint64_t other = kPage ^ b.machine().dtlb.sets;
  b.load(b.va(kPage));
  b.load(b.va(other));
  b.flip(Array::Dtlb, set, 0, word.lsb(StoredWord::Tag));
  BOOST_TEST(from_l1(b.load(b.va(other))));
  BOOST_TEST(!from_l1(b.load(b.va(kPage))));
  // A way that holds nothing.
  b.flip(Array::Dtlb, set, 3, word.lsb(StoredWord::ValidBit));
  BOOST_TEST(from_l1(b.load(b.va(kPage))));
  BOOST_TEST((b.upsets().back().b == 8));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_fences_and_fills_leave_nothing_of_an_upset) {
  ParityBench b;
  const unsigned set = b.set_of(b.machine().dtlb, kPage);
  b.load(b.va(kPage));
  b.flip(Array::Dtlb, set, 0, 0);
  b.flip(Array::L2Tlb, b.set_of(b.machine().l2tlb, kPage), 0, 0);
  b.flip(Array::WalkCache, 0, 1, 0);
  b.platform().fence({});
  b.pause();
  BOOST_TEST(b.load(b.va(kPage)).entry_reads == b.levels());
  BOOST_TEST(b.upsets().empty());
  // What is written over it is whole.
  b.flip(Array::Dtlb, set, 0, 0);
  b.platform().array_write({Array::Dtlb, set, 0, 0, 0, 0});
  b.load(b.va(kPage));
  BOOST_TEST(b.upsets().empty());
  // A flip to and fro.
  b.flip(Array::Dtlb, set, 0, 5);
  b.flip(Array::Dtlb, set, 0, 5);
  BOOST_TEST(from_l1(b.load(b.va(kPage))));
  BOOST_TEST(b.upsets().empty());
  BOOST_TEST(b.clean(), b.bench().report());
}

// ---------------------------------------------------------------- caches

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_clean_word_that_turns_over_makes_a_miss) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x108);
  b.store(b.va(kPage, 0x108), 3, kWord);
  b.platform().fence({.op = FenceOp::CacheClean});
  const unsigned way = b.line_way(Array::DcacheTag, pa);
  for (unsigned bit = 0; bit < stored_word(b.machine(), Array::DcacheData, 0).bits(); ++bit) {
    BOOST_TEST_CONTEXT("bit " << bit) {
      b.flip(Array::DcacheData, b.line_set(pa), way, bit, 1);
      BOOST_TEST((b.load(b.va(kPage, 0x100), 3).cache == Hit::Hit));  // another word of the line
      const AccessResult again = b.load(b.va(kPage, 0x10C), 2);
      BOOST_TEST((again.cache == Hit::Miss));
      BOOST_TEST(again.data == kWord >> 32);
      BOOST_TEST((b.load(b.va(kPage, 0x108), 3).cache == Hit::Hit));
      BOOST_TEST(b.line_way(Array::DcacheTag, pa) == way);
    }
  }
  // A store of some bytes fetches the line again, one of all does not need it.
  b.flip(Array::DcacheData, b.line_set(pa), way, 3, 1);
  BOOST_TEST((b.store(b.va(kPage, 0x108), 0, 0x55).cache == Hit::Miss));
  b.platform().fence({.op = FenceOp::CacheClean});
  b.flip(Array::DcacheData, b.line_set(pa), way, 3, 1);
  BOOST_TEST((b.store(b.va(kPage, 0x108), 3, kWord).cache == Hit::Hit));
  BOOST_TEST(b.load(b.va(kPage, 0x108), 3).data == kWord);
  BOOST_TEST(b.lost().empty());
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_a_clean_line_s_tag_that_turns_over_makes_a_miss) {
  for (const bool fetch : {false, true}) {
    ParityBench b;
    const Array tags = fetch ? Array::IcacheTag : Array::DcacheTag;
    const AccessKind kind = fetch ? AccessKind::Fetch : AccessKind::Load;
    const PhysAddr pa = b.address(b.frame(kPage), 0x108);
    b.store(b.va(kPage, 0x108), 3, kWord);
    b.platform().fence({.op = FenceOp::FetchSync});
    b.access(kind, b.va(kPage, 0x108), 3);
    const StoredWord word = stored_word(b.machine(), tags, 0);
    for (unsigned bit = 0; bit < word.lsb(StoredWord::DirtyBits); ++bit) {
      BOOST_TEST_CONTEXT((fetch ? "fetch, bit " : "data, bit ") << bit) {
        const unsigned way = b.line_way(tags, pa);
        b.flip(tags, b.line_set(pa), way, bit);
        const AccessResult again = b.access(kind, b.va(kPage, 0x108), 3);
        BOOST_TEST((again.cache == Hit::Miss));
        BOOST_TEST(again.data == kWord);
        BOOST_TEST(b.line_way(tags, pa) == way);
      }
    }
    BOOST_TEST(b.lost().empty());
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M13_any_bit_of_an_instruction_that_turns_over_is_fetched_again) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x40);
  const AccessResult first = b.access(AccessKind::Fetch, b.va(kPage, 0x40), 3);
  const unsigned way = b.line_way(Array::IcacheTag, pa);
  for (unsigned bit = 0; bit < stored_word(b.machine(), Array::IcacheData, 0).bits(); ++bit) {
    b.flip(Array::IcacheData, b.line_set(pa), way, bit, 0);
    const AccessResult again = b.access(AccessKind::Fetch, b.va(kPage, 0x40), 3);
    BOOST_TEST((again.cache == Hit::Miss));
    BOOST_TEST(again.data == first.data);
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_an_upset_of_a_word_that_was_stored_is_an_error_until_it_is_stored_anew) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x108);
  const PhysAddr line(pa.value / 64 * 64);
  for (unsigned bit = 0; bit < stored_word(b.machine(), Array::DcacheData, 0).bits(); ++bit) {
    BOOST_TEST_CONTEXT("bit " << bit) {
      b.store(b.va(kPage, 0x108), 3, kWord);
      const std::size_t before = b.lost().size();
      b.flip(Array::DcacheData, b.line_set(pa), b.line_way(Array::DcacheTag, pa), bit, 1);
      BOOST_TEST((b.load(b.va(kPage, 0x100), 3).fault.cause == Cause::None));
      BOOST_TEST((b.load(b.va(kPage, 0x108), 3).fault.cause == Cause::Bus));
      BOOST_TEST((b.store(b.va(kPage, 0x108), 0, 1).fault.cause == Cause::Bus));
      std::array<std::uint8_t, 8> bytes{};
      BOOST_TEST(!b.platform().host_read(pa, bytes));
      BOOST_TEST(b.lost().size() == before + 3);
      BOOST_TEST((b.reported().size() == before + 3 && b.reported().back() == line));
      b.store(b.va(kPage, 0x108), 3, kWord + bit);
      BOOST_TEST(b.load(b.va(kPage, 0x108), 3).data == kWord + bit);
    }
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_a_wrong_word_that_is_written_back_is_reported_with_its_address) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x108);
  const PhysAddr line(pa.value / 64 * 64);
  b.store(b.va(kPage, 0x108), 3, kWord);
  b.flip(Array::DcacheData, b.line_set(pa), b.line_way(Array::DcacheTag, pa), 7, 1);
  b.platform().fence({.op = FenceOp::CacheClean, .by_addr = true, .addr = pa.value});
  BOOST_REQUIRE(b.reported().size() == 1U);
  BOOST_TEST((b.reported()[0] == line));
  // Driven out by other lines of its set.
  b.store(b.va(kPage, 0x108), 3, kWord);
  b.flip(Array::DcacheData, b.line_set(pa), b.line_way(Array::DcacheTag, pa), 8, 1);
  for (std::uint64_t page = 0x40; page < 0x50; ++page) b.load(b.va(page, 0x108));
  BOOST_REQUIRE(b.reported().size() == 2U);
  BOOST_TEST((b.reported()[1] == line));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_an_upset_in_the_tag_of_a_line_that_was_stored_to_is_an_error_once) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x108);
  const StoredWord word = stored_word(b.machine(), Array::DcacheTag, 0);
  b.store(b.va(kPage, 0x108), 3, kWord);
  b.platform().fence({.op = FenceOp::CacheClean});
  for (unsigned bit = 0; bit < word.lsb(StoredWord::DirtyBits); ++bit) {
    BOOST_TEST_CONTEXT("bit " << bit) {
      const std::size_t before = b.lost().size();
      b.store(b.va(kPage, 0x108), 3, bit);
      const unsigned way = b.line_way(Array::DcacheTag, pa);
      b.flip(Array::DcacheTag, b.line_set(pa), way, bit);
      BOOST_TEST((b.load(b.va(kPage, 0x108), 3).fault.cause == Cause::Bus));
      BOOST_TEST(b.lost().size() == before + 1);
      BOOST_TEST((b.lost().back().lost_line() && b.lost().back().way() == way));
      // Then memory has the older value, as was reported.
      BOOST_TEST(b.load(b.va(kPage, 0x108), 3).data == kWord);
    }
  }
  // Maintenance that looks for the line, or for all.
  for (const bool by_addr : {false, true}) {
    const std::size_t before = b.reported().size();
    b.store(b.va(kPage, 0x108), 3, 1);
    b.flip(Array::DcacheTag, b.line_set(pa), b.line_way(Array::DcacheTag, pa), 0);
    b.platform().fence({.op = FenceOp::CacheCleanInvalidate, .by_addr = by_addr, .addr = pa.value});
    BOOST_TEST(b.reported().size() == before + 1);
    BOOST_TEST(b.load(b.va(kPage, 0x108), 3).data == kWord);
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M13_a_dirty_bit_that_turns_over_loses_nothing) {
  ParityBench b;
  const PhysAddr pa = b.address(b.frame(kPage), 0x108);
  const unsigned first = stored_word(b.machine(), Array::DcacheTag, 0).lsb(StoredWord::DirtyBits);
  for (const unsigned bit : {first, first + 1}) {
    // Of a dirty line: it is written back all the same.
    b.store(b.va(kPage, 0x108), 3, kWord + bit);
    b.flip(Array::DcacheTag, b.line_set(pa), b.line_way(Array::DcacheTag, pa), bit);
    b.platform().fence({.op = FenceOp::CacheClean});
    // Of a clean one: it is written back for nothing.
    b.flip(Array::DcacheTag, b.line_set(pa), b.line_way(Array::DcacheTag, pa), bit);
    b.platform().fence({.op = FenceOp::CacheCleanInvalidate});
    BOOST_TEST(b.load(b.va(kPage, 0x108), 3).data == kWord + bit);
  }
  BOOST_TEST(b.lost().empty());
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
