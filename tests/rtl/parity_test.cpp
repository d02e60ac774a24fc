// SPDX-License-Identifier: Apache-2.0
//
// M13: a bit that turns over in a TLB or a walk cache makes a miss, and its word goes; it is never used. Every bit of
// every kind of word is turned over, through the array port. All checks watch too.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <vector>

#include "platform/stored_word.h"
#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

constexpr std::uint64_t kPage = 0x25;

class ParityBench : public TreeBench {
 public:
  ParityBench() : TreeBench("riscv8k") {
    for (std::uint64_t page = 0; page < 0x80; ++page) map(page, leaf(frame(page)));
    bench().observe_cycles([this](const Cycle& cycle) {
      for (const Event& event : cycle.events) {
        if (event.kind == EventKind::Upset) upsets_.push_back(event);
      }
    });
    translate();
    pause();
  }

  // Until the sweep of the L2 TLB has ended.
  void pause() {
    for (unsigned i = 0; i < 150; ++i) bench().step();
  }

  void flip(Array array, unsigned set, unsigned way, unsigned bit) {
    bench().submit_array({.valid = true,
                          .flip = true,
                          .array = static_cast<std::uint8_t>(array),
                          .way = static_cast<std::uint8_t>(way),
                          .set = static_cast<std::uint16_t>(set),
                          .data0 = bit});
    bench().run_until_idle();
  }

  unsigned set_of(const TlbGeometry& tlb, std::uint64_t page) const { return static_cast<unsigned>(page % tlb.sets); }
  const std::vector<Event>& upsets() const { return upsets_; }
  void forget(std::uint64_t page) {
    platform().fence({.by_addr = true, .addr = va(page)});
    pause();
  }

 private:
  std::vector<Event> upsets_;
};

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
  b.flip(Array::Dtlb, set, 0, word.lsb(3));
  BOOST_TEST(from_l1(b.load(b.va(other))));
  BOOST_TEST(!from_l1(b.load(b.va(kPage))));
  // A way that holds nothing.
  b.flip(Array::Dtlb, set, 3, word.lsb(4));
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

}  // namespace vm
