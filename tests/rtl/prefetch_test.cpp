// SPDX-License-Identifier: Apache-2.0
//
// What the prefetch of the next page into the L2 TLB does and, above all, what it must not do. All checks watch too.
#include <boost/test/unit_test.hpp>

#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

constexpr const char* kMachine = "sv39-prefetch";

bool from_l2(const AccessResult& result) { return result.tlb == Hit::Miss && result.entry_reads == 0; }

// Long enough for a prefetch to end, or the sweep of the L2 TLB.
void pause(TreeBench& b) {
  for (unsigned i = 0; i < 150; ++i) b.bench().step();
}

// Turns translation on; the L2 TLB is ready.
void translate(TreeBench& b) {
  b.translate();
  pause(b);
}

// Cycles of one load of each page, in order, all together; `between`: cycles from one answer to
// the next load, in which a program would use what it has got.
std::uint64_t cycles_of_touching(std::string_view machine, std::uint64_t pages, unsigned latency, unsigned between) {
  TestbenchOptions options;
  options.latency = {Latency::Kind::Fixed, latency, latency, {}};
  TreeBench b(machine, options);
  for (std::uint64_t page = 0; page < pages; ++page) b.map(page, TreeBench::leaf(b.frame(page)));
  translate(b);
  std::uint64_t cycles = 0;
  for (std::uint64_t page = 0; page < pages; ++page) {
    const std::uint64_t asked = b.bench().cycles();
    b.load(b.va(page));
    cycles += b.bench().cycles() - asked;
    for (unsigned i = 0; i < between; ++i) b.bench().step();
  }
  BOOST_TEST(b.clean(), b.bench().report());
  return cycles;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_page_after_one_that_was_walked_is_found_in_the_l2_tlb_by_either_port) {
  TreeBench b(kMachine);
  for (std::uint64_t page = 5; page < 8; ++page) b.map(page, TreeBench::leaf(b.frame(page)));
  translate(b);
  BOOST_TEST(b.load(b.va(5)).entry_reads == 3U);
  pause(b);
  const AccessResult next = b.load(b.va(6));
  BOOST_TEST(from_l2(next));
  BOOST_TEST((next.pa == b.address(b.frame(6))));
  // After an L2 hit it goes on, as the walk cache knows the table.
  pause(b);
  BOOST_TEST(from_l2(b.access(AccessKind::Fetch, b.va(7))));
  BOOST_TEST(from_l2(b.access(AccessKind::Fetch, b.va(6))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(R24_a_page_whose_accessed_bit_is_clear_is_neither_filled_nor_marked) {
  TreeBench b(kMachine);
  b.map(5, TreeBench::leaf(b.frame(5)));
  Pte untouched = TreeBench::leaf(b.frame(6));
  untouched.accessed = false;
  b.map(6, untouched);
  translate(b);
  b.load(b.va(5));
  pause(b);
  BOOST_TEST(b.get_raw(b.entry_address(b.va(6))) == b.raw(untouched));
  BOOST_TEST(b.load(b.va(6)).entry_reads == 1U);
  untouched.accessed = true;
  BOOST_TEST(b.get_raw(b.entry_address(b.va(6))) == b.raw(untouched));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(R24_what_could_not_be_translated_is_forgotten_without_a_fault) {
  const auto neighbour_is = [](auto change) {
    TreeBench b(kMachine);
    b.map(5, TreeBench::leaf(b.frame(5)));
    Pte next = TreeBench::leaf(b.frame(6));
    change(next);
    b.map(6, next);
    translate(b);
    BOOST_TEST((b.load(b.va(5)).fault.cause == Cause::None));
    pause(b);
    b.map(6, TreeBench::leaf(b.frame(7)));
    const AccessResult now = b.load(b.va(6));  // as no fence has come, whatever was filled would answer
    BOOST_TEST((now.pa == b.address(b.frame(7))));
    BOOST_TEST(now.entry_reads == 1U);
    BOOST_TEST(b.clean(), b.bench().report());
  };
  neighbour_is([](Pte& next) { next.valid = false; });
  neighbour_is([](Pte& next) { next.leaf = false; });        // a pointer at level 0 (R8)
  neighbour_is([](Pte& next) { next.ppn = Ppn(0x1000); });   // leads into a hole
  neighbour_is([](Pte& next) { next.type = MemType::Io; });  // reserved while PBMTE is clear
}

BOOST_AUTO_TEST_CASE(R24_nothing_is_read_beyond_the_end_of_a_table) {
  TreeBench b(kMachine);
  const std::uint64_t last = low_mask(b.machine().format.index_bits[0]);
  b.map(last, TreeBench::leaf(b.frame(1)));
  translate(b);
  const AccessResult walked = b.load(b.va(last));
  BOOST_TEST(walked.entry_reads == 3U);
  pause(b);
  const std::uint64_t before = b.bench().cycles();
  b.platform().fence({});
  BOOST_TEST(b.bench().cycles() - before < 10U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(R23_R24_a_fence_waits_for_a_prefetch_and_takes_what_it_has_filled) {
  TestbenchOptions options;
  options.latency = {Latency::Kind::Fixed, 40, 40, {}};
  TreeBench b(kMachine, options);
  unsigned prefetched = 0;
  // Entry 7 ends a line of the data cache, so that the prefetch has to go to memory.
  b.map(7, TreeBench::leaf(b.frame(7)));
  b.map(8, TreeBench::leaf(b.frame(8)));
  translate(b);
  for (unsigned delay = 0; delay < 80; delay += 8) {
    b.set(b.entry_address(b.va(8)), TreeBench::leaf(b.frame(8)));
    b.platform().fence({});
    b.platform().fence({.op = FenceOp::CacheCleanInvalidate});
    pause(b);
    b.load(b.va(7));
    for (unsigned i = 0; i < delay; ++i) b.bench().step();
    b.set(b.entry_address(b.va(8)), TreeBench::leaf(b.frame(9)));
    // Until the fence, either will do.
    if (from_l2(b.load(b.va(8)))) ++prefetched;
    b.platform().fence({.by_addr = true, .addr = b.va(8)});
    BOOST_TEST((b.load(b.va(8)).pa == b.address(b.frame(9))), "after " << delay << " cycles");
  }
  BOOST_TEST(prefetched > 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(going_through_memory_page_by_page_takes_fewer_cycles_with_it) {
  const auto gain = [](unsigned latency, unsigned between) {
    const std::uint64_t without = cycles_of_touching("sv39", 64, latency, between);
    const std::uint64_t with = cycles_of_touching(kMachine, 64, latency, between);
    BOOST_TEST_MESSAGE("64 pages in order, memory of " << latency << " cycles, " << between << " cycles between: "
                                                       << without << " cycles, " << with << " with prefetch");
    return static_cast<std::int64_t>(without - with);
  };
  // All but the first come from the L2 TLB, 2 cycles sooner; where the entries lie in another line of the data cache,
  // which has 8 of them, its refill is over, too.
  BOOST_TEST(gain(1, 100) > 2 * 60);
  BOOST_TEST(gain(40, 100) > 2 * 60 + 7 * 40);
  // Without time between the pages, it is in the way of the next one as much as it helps.
  BOOST_TEST(gain(1, 0) > -64);
  BOOST_TEST(gain(40, 0) > -64);
}

}  // namespace vm
