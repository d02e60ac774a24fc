// SPDX-License-Identifier: Apache-2.0
//
// mmap, munmap and mprotect obey Linux's rules.
#include "kernel_fixture.h"

namespace vm::test {
namespace {

constexpr int kRead = 1, kWrite = 2, kExec = 4;
constexpr int kShared = 1, kPrivate = 2, kFixed = 0x10, kAnonymous = 0x20, kNoReplace = 0x100000;
constexpr int kEbadf = -9, kEnomem = -12, kEexist = -17, kEinval = -22;
constexpr int kPrivateAnonymous = kPrivate | kAnonymous;

struct Mmap : System {
  Mmap() : System("flat32") {
    a = process("A");
    kernel.start();
  }
  std::int64_t mmap(std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd = -1, std::uint64_t offset = 0) {
    return kernel.mmap(a, addr, len, prot, flags, fd, offset);
  }
  ProcessId a = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mmap, Mmap)

BOOST_AUTO_TEST_CASE(wrong_arguments_give_linux_error_numbers) {
  BOOST_TEST(mmap(0, 0, kRead, kPrivateAnonymous) == kEinval);
  BOOST_TEST(mmap(0, 4096, kRead, kAnonymous) == kEinval);
  BOOST_TEST(mmap(0, 4096, kRead, kPrivateAnonymous, -1, 1) == kEinval);
  BOOST_TEST(mmap(0, 4096, kRead, kPrivate, -1) == kEbadf);
  BOOST_TEST(mmap(0, 4096, kRead, kPrivate, 3) == kEbadf);
  BOOST_TEST(mmap(0x1001, 4096, kRead, kPrivateAnonymous | kFixed) == kEinval);
  BOOST_TEST(mmap(0xFFFFF000, 8192, kRead, kPrivateAnonymous | kFixed) == kEnomem);
  BOOST_TEST(mmap(0, ~0ULL, kRead, kPrivateAnonymous) == kEnomem);
  BOOST_TEST(mmap(0, 1ULL << 33, kRead, kPrivateAnonymous) == kEnomem);
  BOOST_TEST(kernel.munmap(a, 1, 4096) == kEinval);
  BOOST_TEST(kernel.munmap(a, 0, 0) == kEinval);
  BOOST_TEST(kernel.munmap(a, 0, 1ULL << 33) == kEinval);
  BOOST_TEST(kernel.mprotect(a, 1, 4096, kRead) == kEinval);
  BOOST_TEST(kernel.mprotect(a, 0, 0, kRead) == 0);
  BOOST_TEST(kernel.mprotect(a, 0, 4096, kRead) == kEnomem);
}

BOOST_AUTO_TEST_CASE(a_fixed_address_is_taken_as_it_is) {
  BOOST_TEST(mmap(0x600000, 8192, kRead | kWrite, kPrivateAnonymous | kFixed) == 0x600000);
  BOOST_TEST(value(a, 0x601FF8, 8) == 0U);
  BOOST_TEST(load(a, 0x602000, 1).segv);
  check();
}

BOOST_AUTO_TEST_CASE(a_free_wish_is_granted_and_rounded_up) {
  BOOST_TEST(mmap(0x600001, 1, kRead, kPrivateAnonymous) == 0x601000);
}

BOOST_AUTO_TEST_CASE(a_taken_wish_gets_another_place) {
  mmap(0x600000, 4096, kRead, kPrivateAnonymous | kFixed);
  const std::int64_t other = mmap(0x600000, 4096, kRead, kPrivateAnonymous);
  BOOST_TEST(other > 0);
  BOOST_TEST(other != 0x600000);
}

BOOST_AUTO_TEST_CASE(without_a_wish_ranges_are_stacked_downwards_and_do_not_overlap) {
  BOOST_TEST(mmap(0, 4096, kRead, kPrivateAnonymous) == 0xFFFFF000);
  BOOST_TEST(mmap(0, 8192, kRead, kPrivateAnonymous) == 0xFFFFD000);
  kernel.map(a, Vpn(0xFFFFC), Ppn(5), rw(), false);
  BOOST_TEST(mmap(0, 4096, kRead, kPrivateAnonymous) == 0xFFFFB000);
}

BOOST_AUTO_TEST_CASE(room_is_left_below_a_stack) {
  kernel.add_area(a, VirtAddr(0xFFFFE000), VirtAddr(0xFFFFF000), rw(), true);
  BOOST_TEST(mmap(0, 8192, kRead, kPrivateAnonymous) == 0xFFFFE000 - 0x800000 - 8192);
}

BOOST_AUTO_TEST_CASE(fixed_replaces_and_noreplace_does_not) {
  mmap(0x600000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  store(a, 0x600000, 8, 7);
  BOOST_TEST(mmap(0x600000, 4096, kRead, kPrivateAnonymous | kNoReplace) == kEexist);
  BOOST_TEST(value(a, 0x600000, 8) == 7U);
  BOOST_TEST(mmap(0x600000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed) == 0x600000);
  BOOST_TEST(value(a, 0x600000, 8) == 0U);
  check();
}

BOOST_AUTO_TEST_CASE(a_store_to_a_read_only_mapping_is_a_segmentation_fault) {
  mmap(0x600000, 4096, kRead, kPrivateAnonymous | kFixed);
  BOOST_TEST(store(a, 0x600000, 8, 7).segv);
  BOOST_TEST(value(a, 0x600000, 8) == 0U);
  BOOST_TEST((store(a, 0x600000, 8, 7).last.fault.cause == Cause::Write));
  BOOST_TEST(fetch(a, 0x600000, 4).segv);
  check();
}

BOOST_AUTO_TEST_CASE(munmap_in_the_middle_leaves_both_ends) {
  mmap(0x600000, 3 * 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  for (unsigned i = 0; i < 3; ++i) store(a, 0x600000 + 4096 * i, 8, i + 1);
  BOOST_TEST(kernel.munmap(a, 0x601000, 1) == 0);
  BOOST_TEST(value(a, 0x600000, 8) == 1U);
  BOOST_TEST(load(a, 0x601000, 8).segv);
  BOOST_TEST(value(a, 0x602000, 8) == 3U);
  check();
}

BOOST_AUTO_TEST_CASE(munmap_frees_the_frames) {
  mmap(0x600000, 8192, kRead | kWrite, kPrivateAnonymous | kFixed);
  const std::size_t free = kernel.free_frames();
  store(a, 0x600000, 8, 1);
  store(a, 0x601000, 8, 1);
  BOOST_TEST(kernel.free_frames() == free - 2);
  kernel.munmap(a, 0x600000, 8192);
  BOOST_TEST(kernel.free_frames() == free);
  check();
}

BOOST_AUTO_TEST_CASE(mprotect_takes_and_gives_rights_at_once) {
  mmap(0x600000, 8192, kRead | kWrite, kPrivateAnonymous | kFixed);
  store(a, 0x600000, 8, 7);
  BOOST_TEST(kernel.mprotect(a, 0x600000, 4096, kRead) == 0);
  BOOST_TEST(store(a, 0x600000, 8, 8).segv);
  BOOST_TEST(!store(a, 0x601000, 8, 8).refused);
  BOOST_TEST(kernel.mprotect(a, 0x600000, 4096, 0) == 0);
  const Outcome none = load(a, 0x600000, 8);
  BOOST_TEST(none.segv);
  BOOST_TEST((none.last.fault.cause == Cause::Invalid));
  BOOST_TEST(kernel.mprotect(a, 0x600000, 4096, kRead | kWrite | kExec) == 0);
  BOOST_TEST(value(a, 0x600000, 8) == 7U);
  BOOST_TEST(fetch(a, 0x600000, 8).last.data == 7U);
  check();
}

BOOST_AUTO_TEST_CASE(mprotect_over_a_gap_changes_what_lies_before_it_and_fails) {
  mmap(0x600000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  mmap(0x602000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  BOOST_TEST(kernel.mprotect(a, 0x600000, 3 * 4096, kRead) == kEnomem);
  BOOST_TEST(store(a, 0x600000, 8, 1).segv);
  BOOST_TEST(!store(a, 0x602000, 8, 1).refused);
}

BOOST_AUTO_TEST_CASE(kernel_pages_are_out_of_reach_of_system_calls) {
  Rights kernel_only = rw();
  kernel_only.kernel = true;
  kernel.map(a, Vpn(0x600), Ppn(5), kernel_only, false);
  BOOST_TEST(mmap(0x600000, 4096, kRead, kPrivateAnonymous | kFixed) == kEnomem);
  BOOST_TEST(kernel.munmap(a, 0x600000, 4096) == kEinval);
  BOOST_TEST(kernel.mprotect(a, 0x600000, 4096, kRead) == kEnomem);
  BOOST_TEST(!entry(a, 0x600).user);
}

BOOST_AUTO_TEST_CASE(private_pages_are_copied_at_fork_and_shared_ones_are_not) {
  mmap(0x600000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  mmap(0x700000, 8192, kRead | kWrite, kShared | kAnonymous | kFixed);
  store(a, 0x600000, 8, 1);
  store(a, 0x700000, 8, 1);
  const auto b = static_cast<ProcessId>(kernel.fork(a, "B"));
  store(b, 0x600000, 8, 2);
  store(b, 0x700000, 8, 2);
  BOOST_TEST(value(a, 0x600000, 8) == 1U);
  BOOST_TEST(value(a, 0x700000, 8) == 2U);
  // First touched after the fork, and still one page.
  store(b, 0x701000, 8, 3);
  BOOST_TEST(value(a, 0x701000, 8) == 3U);
  check();
}

BOOST_AUTO_TEST_CASE(shared_frames_live_as_long_as_somebody_maps_them) {
  const std::size_t free = kernel.free_frames();
  mmap(0x700000, 4096, kRead | kWrite, kShared | kAnonymous | kFixed);
  store(a, 0x700000, 8, 5);
  const auto b = static_cast<ProcessId>(kernel.fork(a, "B"));
  kernel.munmap(a, 0x700000, 4096);
  BOOST_TEST(value(b, 0x700000, 8) == 5U);
  BOOST_TEST(kernel.free_frames() == free - 1 - 1024);  // the page, and the child's table
  kernel.exit(b);
  BOOST_TEST(kernel.free_frames() == free - 1024);
  check();
}

BOOST_AUTO_TEST_CASE(a_copied_page_made_read_only_and_writable_again_is_still_copied) {
  mmap(0x600000, 4096, kRead | kWrite, kPrivateAnonymous | kFixed);
  store(a, 0x600000, 8, 1);
  const auto b = static_cast<ProcessId>(kernel.fork(a, "B"));
  kernel.mprotect(a, 0x600000, 4096, kRead);
  kernel.mprotect(a, 0x600000, 4096, kRead | kWrite);
  store(a, 0x600000, 8, 2);
  BOOST_TEST(value(b, 0x600000, 8) == 1U);
  check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
