// SPDX-License-Identifier: Apache-2.0
//
// Small pages that become a large one, and the reverse: what has to be alike, what is copied, which bits stay, and that
// the old table is free only after the fence.
#include "kernel_fixture.h"

namespace vm::test {
namespace {

constexpr std::uint64_t kRun = 16;
constexpr std::uint64_t kAt = 0x10000;  // a NAPOT range begins here
constexpr Kernel::LargeSize kNapot{.level = 0, .napot = true};
constexpr Kernel::LargeSize kSuper{.level = 1, .napot = false};

struct Memory : System {
  explicit Memory(const char* name, bool automatic = false) : System(name) {
    kernel.set_policy({.large_pages = automatic, .withheld = {}});
    kernel.use_swap({.slots = 32});
    a = process("A");
    kernel.add_area(a, VirtAddr(kAt), VirtAddr(kAt + kRun * 4096), rw(), false);
    kernel.start();
  }
  void touch(bool backwards = false) {
    for (std::uint64_t i = 0; i < kRun; ++i) store(a, kAt + 4096 * (backwards ? kRun - 1 - i : i), 8, i);
  }
  ProcessId a = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(large_pages)

BOOST_AUTO_TEST_CASE(a_run_in_a_block_of_frames_becomes_large_without_a_copy) {
  Memory s("sv39");
  s.touch();
  BOOST_TEST(s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  BOOST_TEST(s.kernel.counts().page_copies == 0U);
  BOOST_TEST(s.entry(s.a, kAt >> 12).napot);
  BOOST_TEST(s.value(s.a, kAt + 0x5000, 8) == 5U);
  BOOST_TEST(!s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  s.check();
  s.kernel.exit(s.a);
  s.check();
}

BOOST_AUTO_TEST_CASE(others_are_copied_into_one) {
  Memory s("sv39");
  s.touch(true);
  const std::size_t free = s.kernel.free_frames();
  BOOST_TEST(s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  BOOST_TEST(s.kernel.counts().page_copies == kRun);
  BOOST_TEST(s.kernel.free_frames() == free);
  BOOST_TEST(s.value(s.a, kAt + 0x5000, 8) == 10U);
  s.check();
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_different_stays_small) {
  Memory s("sv39");
  s.touch();
  BOOST_TEST(s.kernel.mprotect(s.a, kAt, 4096, 1) == 0);
  BOOST_TEST(!s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  BOOST_TEST(s.kernel.mprotect(s.a, kAt, 4096, 3) == 0);
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(kAt >> 12)));
  BOOST_TEST(!s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  BOOST_TEST(s.value(s.a, kAt, 8) == 0U);
  BOOST_TEST(!s.kernel.promote(s.a, Vpn(kAt >> 12), kSuper));
  BOOST_TEST(s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  s.check();
}

BOOST_AUTO_TEST_CASE(the_last_page_of_a_run_makes_it_large_if_that_is_wanted) {
  Memory s("sv39", true);
  s.touch();
  BOOST_TEST(s.kernel.counts().promotions == 1U);
  s.check();
}

// One entry of sixteen says that somebody stored; the hardware may use it for all sixteen.
BOOST_AUTO_TEST_CASE(each_part_is_as_dirty_as_the_whole) {
  Memory s("sv39");
  s.touch();
  for (std::uint64_t i = 0; i < kRun; ++i) BOOST_TEST(s.kernel.page_out(s.a, Vpn((kAt >> 12) + i)));
  for (std::uint64_t i = 0; i < kRun; ++i) BOOST_TEST(s.value(s.a, kAt + 4096 * i, 8) == i);  // clean copies
  BOOST_TEST(s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  s.check();
  s.store(s.a, kAt + 0x3000, 8, 33);
  s.store(s.a, kAt + 0x5000, 8, 55);
  s.check();
  const std::uint64_t written = s.kernel.counts().swap_writes;
  BOOST_TEST(s.kernel.page_out(s.a, Vpn((kAt >> 12) + 5)));
  BOOST_TEST(s.kernel.counts().splits == 1U);
  BOOST_TEST(s.kernel.counts().swap_writes == written + 1);
  for (std::uint64_t i = 0; i < kRun; ++i) BOOST_TEST(s.entry(s.a, (kAt >> 12) + i).dirty == (i != 5));
  BOOST_TEST(s.value(s.a, kAt + 0x5000, 8) == 55U);
  s.check();
}

// A page that was large and has not changed need not be written again.
BOOST_AUTO_TEST_CASE(copies_on_the_disk_stay_good_through_a_promotion) {
  Memory s("sv39");
  s.touch();
  for (std::uint64_t i = 0; i < kRun; ++i) BOOST_TEST(s.kernel.page_out(s.a, Vpn((kAt >> 12) + i)));
  for (std::uint64_t i = 0; i < kRun; ++i) s.load(s.a, kAt + 4096 * i, 8);
  BOOST_TEST(s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  const std::uint64_t written = s.kernel.counts().swap_writes;
  BOOST_TEST(s.kernel.page_out(s.a, Vpn((kAt >> 12) + 5)));
  BOOST_TEST(s.kernel.counts().swap_writes == written);
  BOOST_TEST(s.value(s.a, kAt + 0x5000, 8) == 5U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_superpage_that_was_cut_is_made_whole_and_its_table_is_free) {
  for (const char* name : {"sv32", "sv39", "corei7", "riscv8k"}) {
    BOOST_TEST_CONTEXT(name) {
      System s(name);
      const Format& format = s.platform.machine().format;
      const ProcessId a = s.process("A");
      const std::uint64_t pages = 1ULL << format.index_lsb(1);
      const std::uint64_t frame = (s.platform.machine().regions.front().base.value >> format.page_bits) + 4 * pages;
      s.kernel.map(a, Vpn(pages), Ppn(frame / pages * pages), rw(), {.level = 1});
      s.kernel.start();
      const std::uint64_t at = pages << format.page_bits;
      s.store(a, at, 8, 7);
      const std::uint64_t tables = s.kernel.table_memory(a).tables;
      BOOST_TEST(s.kernel.mprotect(a, at + format.page_size(), format.page_size(), 1) == 0);
      BOOST_TEST(s.kernel.table_memory(a).tables == tables + 1);
      BOOST_TEST(s.entry(a, pages + 9).dirty);
      BOOST_TEST(!s.kernel.promote(a, Vpn(pages), kSuper));
      BOOST_TEST(s.kernel.mprotect(a, at + format.page_size(), format.page_size(), 3) == 0);
      BOOST_TEST(s.kernel.promote(a, Vpn(pages + 5), kSuper));
      BOOST_TEST(s.kernel.table_memory(a).tables == tables);
      BOOST_TEST(s.entry(a, pages + 9).dirty);
      BOOST_TEST(s.value(a, at, 8) == 7U);
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_copy_that_fails_leaves_everything_as_it_was) {
  Memory s("sv39");
  s.touch(true);
  // The last frame of the block that the pages would be copied to does not work.
  Memory twin("sv39");
  twin.touch(true);
  BOOST_TEST(twin.kernel.promote(twin.a, Vpn(kAt >> 12), kNapot));
  const std::uint64_t last = (twin.entry(twin.a, kAt >> 12).ppn.value & ~(kRun - 1)) + kRun - 1;
  s.platform.add_error_range(PhysAddr(last << 12), PhysAddr((last << 12) + 8));
  BOOST_TEST(!s.kernel.promote(s.a, Vpn(kAt >> 12), kNapot));
  BOOST_TEST(!s.entry(s.a, kAt >> 12).napot);
  BOOST_TEST(s.entry(s.a, kAt >> 12).dirty);
  BOOST_TEST(s.value(s.a, kAt + 0x5000, 8) == 10U);
  s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
