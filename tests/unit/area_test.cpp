// SPDX-License-Identifier: Apache-2.0
//
// Areas split and merge as they must, and neither finding one nor finding room for one suffers from many. VM_SEED
// repeats a run.
#include "os/area.h"

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <random>
#include <set>

#include "kernel_fixture.h"

namespace vm::test {
namespace {

constexpr std::uint64_t kPage = 4096;

Area area(std::uint64_t from, std::uint64_t to, Rights rights = rw()) {
  return {.from = from, .to = to, .rights = rights};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(areas)

BOOST_AUTO_TEST_CASE(neighbours_that_could_be_one_are_one) {
  AreaMap map;
  map.insert(area(0x1000, 0x2000));
  map.insert(area(0x3000, 0x4000));
  map.insert(area(0x2000, 0x3000));
  BOOST_TEST(map.all().size() == 1U);
  BOOST_TEST(map.find(VirtAddr(0x1000))->to == 0x4000U);
}

BOOST_AUTO_TEST_CASE(neighbours_that_differ_stay_two) {
  AreaMap map;
  Area low = area(0x1000, 0x2000), high = area(0x2000, 0x3000);
  const auto stay_two = [&](const char* what) {
    AreaMap two;
    two.insert(low);
    two.insert(high);
    BOOST_TEST(two.all().size() == 2U, what);
    high = area(0x2000, 0x3000);
    low = area(0x1000, 0x2000);
  };
  high.rights = r();
  stay_two("rights");
  high.shared = true;
  stay_two("shared");
  high.may_write = false;
  stay_two("may_write");
  high.grows_down = true;
  stay_two("a stack above");
  low.grows_down = true;
  stay_two("a stack below");
  Frames frames(*find_machine("flat32"));
  const auto object = std::make_shared<MemoryObject>(frames);
  high.object = object;
  stay_two("object");
  low.object = high.object = object;
  high.object_at = 0x1000;
  stay_two("place in the object");
  low.object = high.object = object;
  map.insert(low);
  map.insert(high);
  BOOST_TEST(map.all().size() == 1U);
}

BOOST_AUTO_TEST_CASE(protecting_the_middle_makes_three_and_undoing_it_one) {
  AreaMap map;
  map.insert(area(0x1000, 0x9000));
  map.protect(0x3000, 0x5000, r());
  BOOST_TEST(map.all().size() == 3U);
  map.protect(0x3000, 0x5000, rw());
  BOOST_TEST(map.all().size() == 1U);
  map.remove(0x4000, 0x5000);
  BOOST_TEST(map.all().size() == 2U);
  BOOST_TEST(map.covered_from(0x1000, 0x9000) == 0x4000U);
  BOOST_TEST(map.overlaps(0x3FFF, 0x4001));
  BOOST_TEST(!map.overlaps(0x4000, 0x5000));
}

// Against a search that tries every page.
BOOST_AUTO_TEST_CASE(the_highest_free_range_is_found) {
  const char* wished = std::getenv("VM_SEED");
  const std::uint64_t seed = wished != nullptr ? std::strtoull(wished, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  std::mt19937_64 random(seed);
  constexpr std::uint64_t kPages = 64;
  AreaMap map;
  for (unsigned i = 0; i < 5000; ++i) {
    const std::uint64_t from = (1 + random() % (kPages - 8)) * kPage, to = from + (1 + random() % 6) * kPage;
    if (random() % 3 == 0) {
      map.remove(from, to);
    } else if (!map.overlaps(from, to)) {
      Area made = area(from, to, random() % 2 == 0 ? rw() : r());
      made.grows_down = random() % 8 == 0;
      map.insert(made);
    }
    const std::uint64_t bytes = (1 + random() % 8) * kPage, gap = random() % 2 * 4 * kPage;
    const std::uint64_t limit = (kPages - random() % 2 * 10) * kPage;
    std::optional<std::uint64_t> expected;
    for (std::uint64_t end = limit; end >= bytes + kPage && !expected; end -= kPage) {
      bool free = !map.overlaps(end - bytes, end);
      for (const auto& [start, a] : map.all()) {
        if (a.grows_down && end - bytes < start && end > start - std::min(start, gap)) free = false;
      }
      if (free) expected = end;
    }
    BOOST_TEST_REQUIRE((map.free_end_below(limit, bytes, gap, kPage) == expected),
                       "VM_SEED=" << seed << ", step " << i);
  }
}

BOOST_AUTO_TEST_CASE(ten_thousand_areas_do_not_slow_the_kernel_down) {
  System s("corei7");
  const ProcessId a = s.process("A");
  s.kernel.start();
  constexpr int kPrivateAnonymous = 0x22;
  constexpr unsigned kAreas = 10'000;
  const auto seconds = [start = std::clock()] { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  std::int64_t lowest = 0;
  // No two neighbours have the same rights, so none merge.
  for (unsigned i = 0; i < kAreas; ++i)
    lowest = s.kernel.mmap(a, 0, kPage, i % 2 == 0 ? 1 : 3, kPrivateAnonymous, -1, 0);
  const std::string maps = s.kernel.maps(a);
  BOOST_TEST(std::count(maps.begin(), maps.end(), '\n') == 2 * kAreas);
  for (unsigned i = 0; i < kAreas; i += 100) s.load(a, static_cast<std::uint64_t>(lowest) + i * kPage, 8);
  // Without the shortcut for full ranges, or with a search from end to end for each fault, this takes a minute.
  BOOST_TEST(seconds() < 5.0);
  s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
