// SPDX-License-Identifier: Apache-2.0
//
// Rules of single accesses on multi-level machines: what was in force when they were accepted, both halves of those
// that cross pages, final addresses, walks that end; each test is named after the rules it shows. All checks watch too.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

const auto kBoth = boost::unit_test::data::make({"sv39", "corei7"});
constexpr std::uint64_t kValue = 0x8877665544332211;

}  // namespace

BOOST_DATA_TEST_CASE(M2_under_stalls_that_never_seem_to_end_walks_and_fences_end_soon_after, kBoth, machine) {
  constexpr std::uint64_t kRelease = 10000;  // the caches are ready by then
  TestbenchOptions options;
  options.stall = {StallPolicy::Kind::Until, kRelease};
  TreeBench b(machine, options);
  for (std::uint64_t page = 0; page < 4; ++page) b.map(page, TreeBench::leaf(b.frame(page)));
  // Everything that translates waits at once: both ports, and fences.
  b.bench().submit_ctl({.index = static_cast<std::uint8_t>(CtlReg::Root), .data = b.root(0)});
  if (b.x86()) b.bench().submit_ctl({.index = static_cast<std::uint8_t>(CtlReg::Env), .data = 1});
  for (std::uint64_t page = 0; page < 4; ++page) {
    b.bench().submit(Port::Data, {.user = true, .write = page % 2 == 0, .va = b.va(page)});
    b.bench().submit(Port::Fetch, {.user = true, .va = b.va(3 - page)});
    b.bench().submit_fence({.by_addr = page % 2 == 0, .addr = b.va(page)});
  }
  b.bench().run_until_idle();
  BOOST_TEST(b.bench().cycles() > kRelease);
  BOOST_TEST(b.bench().cycles() < kRelease + 1500);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(M3_an_access_is_translated_by_the_root_in_force_when_it_was_accepted, kBoth, machine) {
  TestbenchOptions slow;
  slow.latency = {Latency::Kind::Fixed, 40, 40, {}};
  TreeBench b(machine, slow);
  for (unsigned space = 0; space < 2; ++space) b.map(5, TreeBench::leaf(b.frame(1 + space)), space);
  b.set_raw(b.address(b.frame(1)), 0x11);
  b.set_raw(b.address(b.frame(2)), 0x22);
  b.translate();
  const std::uint8_t id = b.bench().submit(Port::Data, {.user = true, .va = b.va(5)});
  while (b.bench().tracker().outstanding(Port::Data) == 0) b.bench().step();
  b.bench().submit_ctl({.index = static_cast<std::uint8_t>(CtlReg::Root), .data = b.root(1)});
  BOOST_TEST((b.bench().tracker().translating(Port::Data) != nullptr));
  b.bench().run_until_idle();
  BOOST_TEST((b.bench().tracker().access(Port::Data, id).response.rdata & 0xFF) == 0x11U);
  b.platform().fence({});
  BOOST_TEST(b.load(b.va(5)).data == 0x22U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(X28_M19_a_store_whose_second_page_is_missing_faults_there_and_stores_nothing, kBoth, machine) {
  TreeBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.translate();
  const AccessResult second = b.store(b.va(4) - 3, 3, kValue);
  BOOST_TEST((second.fault.cause == Cause::Invalid));
  BOOST_TEST(second.fault.va.value == b.va(4));
  BOOST_TEST(b.load(b.va(3, 0xFF8), 3).data == 0U);
  // The first page missing: the address in that one.
  const AccessResult first = b.store(b.va(3) - 3, 3, kValue);
  BOOST_TEST(first.fault.va.value == b.va(3) - 3);
  BOOST_TEST(b.load(b.va(3), 3).data == 0U);
  // A second page that may only be read.
  Pte closed = TreeBench::leaf(b.frame(7));
  closed.write = false;
  b.map(4, closed);
  BOOST_TEST((b.store(b.va(4) - 3, 3, kValue).fault.cause == Cause::Write));
  BOOST_TEST(b.load(b.va(3, 0xFF8), 3).data == 0U);
  BOOST_TEST(b.load(b.va(4), 3).data == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(M16_a_superpage_over_the_edge_of_memory_grants_inside_and_faults_beyond, kBoth, machine) {
  TreeBench b(machine);
  // 64 MiB of uncached memory at the beginning of a gigapage.
  const Region& region = b.machine().regions.at(1);
  const std::uint64_t page = b.va_at(2, 1);
  BOOST_REQUIRE(region.size < page);
  BOOST_REQUIRE(region.base.value % page == 0U);
  b.set(b.entry_address(page, 2), TreeBench::leaf(Ppn(region.base.value >> b.machine().format.page_bits)), 2);
  b.translate();
  const std::uint64_t edge = page + region.size;
  BOOST_TEST((b.load(edge - 8, 3).pa == region.base + (region.size - 8)));
  for (int i = 0; i < 2; ++i) {
    const AccessResult beyond = b.load(edge, 3);
    BOOST_TEST((beyond.fault.cause == Cause::Access));
    BOOST_TEST(beyond.fault.va.value == edge);
    BOOST_TEST((b.store(edge - 8, 3, kValue).fault.cause == Cause::None));
  }
  // Across the edge: the half inside stays as it was.
  BOOST_TEST((b.store(edge - 4, 3, 0).fault.cause == Cause::Access));
  BOOST_TEST(b.load(edge - 8, 3).data == kValue);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R6_a_bus_error_on_an_entry_below_the_root_is_reported_there_without_a_value, kBoth, machine) {
  std::uint64_t line = 0;
  {
    const TreeBench map(machine);
    line = map.entry_address(map.va(3)).value / map.machine().dcache.line_bytes * map.machine().dcache.line_bytes;
  }
  TestbenchOptions options;
  options.errors = {{PhysAddr(line), PhysAddr(line + find_machine(machine)->dcache.line_bytes - 1)}};
  TreeBench b(machine, options);
  b.translate();
  const AccessResult result = b.load(b.va(3));
  BOOST_TEST((result.fault.cause == Cause::EntryBus));
  BOOST_TEST(result.fault.level == 0U);
  BOOST_TEST((result.fault.pte_addr == b.entry_address(b.va(3))));
  BOOST_TEST(result.fault.pte == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(X22_R21_a_fence_of_an_address_that_the_mode_does_not_have_changes_nothing, kBoth, machine) {
  TreeBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.translate();
  b.load(b.va(3));
  // The same page number, but for the bits above.
  b.platform().fence({.by_addr = true, .addr = b.va(3) | 1ULL << 63});
  BOOST_TEST((b.load(b.va(3)).tlb == Hit::Hit));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(M11_cleaning_reaches_every_set_and_way_and_a_store_meanwhile_is_not_lost, kBoth, machine) {
  TreeBench b(machine);
  const CacheGeometry& cache = b.machine().dcache;
  const PhysAddr start = b.address(b.frame(0));
  const unsigned lines = cache.sets * cache.ways;
  const auto line = [&](unsigned i) { return start + i * cache.line_bytes; };
  const auto behind = [&](unsigned i) { return b.bench().memory_behind().read_byte(line(i)); };
  const auto mark = [](unsigned i) { return static_cast<std::uint8_t>(i % 251 + 1); };
  for (unsigned i = 0; i < lines; ++i) b.store(line(i).value, 0, mark(i));
  unsigned dirty = 0;
  for (unsigned i = 0; i < lines; ++i) dirty += behind(i) == 0 ? 1 : 0;
  BOOST_TEST(dirty == lines);
  b.bench().submit_fence({.op = static_cast<std::uint8_t>(FenceOp::CacheClean)});
  for (unsigned i = 0; i < lines / 2; ++i) b.bench().step();
  b.bench().submit(Port::Data, {.user = true, .write = true, .va = start.value, .wdata = 0xFF});
  b.bench().run_until_idle();
  unsigned wrong = 0;
  for (unsigned i = 1; i < lines; ++i) wrong += behind(i) == mark(i) ? 0 : 1;
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(b.load(start.value).data == 0xFFU);
  b.platform().fence({.op = FenceOp::CacheCleanInvalidate});
  BOOST_TEST(behind(0) == 0xFF);
  unsigned kept = 0;
  for (unsigned i = 0; i < lines; ++i) kept += b.load(line(i).value).cache == Hit::Hit ? 1 : 0;
  BOOST_TEST(kept == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
