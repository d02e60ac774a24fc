// SPDX-License-Identifier: Apache-2.0
//
// One frame under several addresses and memory types (M10): the virtually indexed caches never hold it twice, and every
// address shows the same bytes. All checks watch too.
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "machine/random.h"
#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

const auto kMachines = boost::unit_test::data::make({"sv39", "sv39-ulx3s", "sv39-nb", "sv48", "corei7"});
constexpr std::uint64_t kValue = 0x8877665544332211;

// A page of this frame that no cache may keep.
Pte uncached(const TreeBench& b, Ppn frame) {
  Pte pte = TreeBench::leaf(frame);
  pte.type = b.x86() ? MemType::Uncached : MemType::NonCacheable;
  return pte;
}

}  // namespace

BOOST_DATA_TEST_CASE(M10_a_store_through_one_address_is_seen_through_another_in_the_same_line, kMachines, machine) {
  TreeBench b(machine);
  for (const std::uint64_t page : {3U, 4U, 300U}) b.map(page, TreeBench::leaf(b.frame(7)));
  b.translate();
  const std::uint64_t last = b.machine().format.page_size() - 8;
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{0x7C0}, last}) {
    b.store(b.va(3, offset), 3, kValue + offset);
    for (const std::uint64_t page : {4U, 300U}) {
      const AccessResult seen = b.load(b.va(page, offset), 3);
      BOOST_TEST(seen.data == kValue + offset);
      BOOST_TEST((seen.cache == Hit::Hit));
      BOOST_TEST((seen.pa == b.address(b.frame(7), offset)));
    }
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R29_X18_an_uncached_address_of_a_frame_sees_and_changes_what_the_cached_one_has, kMachines,
                     machine) {
  TreeBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(7)));
  b.map(4, uncached(b, b.frame(7)));
  b.use_memory_types();
  b.translate();
  const PhysAddr behind = b.address(b.frame(7), 0x40);
  b.store(b.va(3, 0x40), 3, kValue);
  BOOST_TEST(b.load(b.va(4, 0x40), 3).data == kValue);
  BOOST_TEST(b.bench().memory_behind().read_byte(behind) == (kValue & 0xFF));
  BOOST_TEST((b.load(b.va(3, 0x48), 3).cache == Hit::Miss));  // it had to go
  b.store(b.va(3, 0x48), 3, 1);
  b.store(b.va(4, 0x40), 0, 0xAB);
  BOOST_TEST(b.load(b.va(3, 0x40), 0).data == 0xABU);
  BOOST_TEST(b.load(b.va(3, 0x48), 3).data == 1U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(code_written_through_one_address_is_fetched_from_another_after_a_fetch_sync, kMachines, machine) {
  TreeBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(7)));
  b.map(4, TreeBench::leaf(b.frame(7)));
  b.translate();
  BOOST_TEST(b.access(AccessKind::Fetch, b.va(4), 2).data == 0U);
  b.store(b.va(3), 2, 0x13);
  b.platform().fence({.op = FenceOp::FetchSync});
  BOOST_TEST(b.access(AccessKind::Fetch, b.va(4), 2).data == 0x13U);
  BOOST_TEST(b.clean(), b.bench().report());
}

// A line lies where its physical address says, so an address of another colour finds it there, 2 cycles later.
BOOST_DATA_TEST_CASE(M10_an_address_of_another_colour_hits_two_cycles_later,
                     boost::unit_test::data::make({"sv48", "sv39-nb"}), machine) {
  TreeBench b(machine);
  const bool data = std::string_view(machine) == "sv48";
  const AccessKind kind = data ? AccessKind::Load : AccessKind::Fetch;
  const std::uint64_t colours = b.machine().colour_mask(data ? b.machine().dcache : b.machine().icache) / 4096 + 1;
  BOOST_REQUIRE(colours == (data ? 4U : 2U));
  constexpr std::uint64_t kPages = 4;
  const Ppn frame = b.frame(8);
  for (std::uint64_t page = 0; page < kPages; ++page) b.map(8 + page, TreeBench::leaf(frame));
  b.translate();
  const auto cycles = [&](std::uint64_t page) {
    const AccessResult seen = b.access(kind, b.va(8 + page, 0x80), 2);
    BOOST_TEST((seen.cache == Hit::Hit));
    return seen.answered - seen.accepted;
  };
  for (std::uint64_t page = 0; page < kPages; ++page) b.access(kind, b.va(8 + page, 0x80), 2);
  for (std::uint64_t page = 0; page < kPages; ++page) {
    const bool own = ((8 + page) ^ frame.value) % colours == 0;
    BOOST_TEST(cycles(page) == (own ? 1U : 3U));
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

// Twelve pages on three frames, a third of them uncached, at random; the bytes of the frames in an array beside.
BOOST_DATA_TEST_CASE(any_mix_of_addresses_and_memory_types_shows_the_same_bytes, kMachines, machine) {
  constexpr std::size_t kPages = 12, kFrames = 3, kLines = 4, kLine = 64;
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 12, {}};
  TreeBench b(machine, options);
  Random random(options.seed, "alias_test");
  std::array<std::size_t, kPages> frame_of{};
  for (std::size_t page = 0; page < kPages; ++page) {
    frame_of.at(page) = random.below(kFrames);
    const Ppn frame = b.frame(frame_of.at(page));
    b.map(page, page % 3 == 0 ? uncached(b, frame) : TreeBench::leaf(frame));
  }
  b.use_memory_types();
  b.translate();
  std::vector<std::uint8_t> bytes(kFrames * kLines * kLine);
  unsigned hits = 0, alone = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t page = random.below(kPages);
    const unsigned size = static_cast<unsigned>(random.below(4));
    const std::uint64_t offset = random.below(kLines * kLine - 7);
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(frame_of.at(page) * kLines * kLine + offset);
    if (random.one_in(2)) {
      const std::uint64_t value = random.next();
      for (unsigned k = 0; k < 1U << size; ++k) at[k] = static_cast<std::uint8_t>(value >> 8 * k);
      b.store(b.va(page, offset), size, value & low_mask(8U << size));
    } else {
      std::uint64_t expected = 0;
      for (unsigned k = 0; k < 1U << size; ++k) expected |= static_cast<std::uint64_t>(at[k]) << 8 * k;
      const AccessResult seen = b.load(b.va(page, offset), size);
      BOOST_REQUIRE_MESSAGE(seen.data == expected, "page " << page << " offset " << offset << ": " << seen.data
                                                           << ", expected " << expected << "\n"
                                                           << b.bench().report());
      hits += seen.cache == Hit::Hit ? 1 : 0;
      alone += page % 3 == 0 ? 1 : 0;
    }
  }
  BOOST_TEST(hits > 100U);
  BOOST_TEST(alone > 100U);
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
