// SPDX-License-Identifier: Apache-2.0
//
// The reverse map, the swap file, limits, and what happens when nothing is left.
#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "kernel_fixture.h"
#include "machine/error.h"
#include "os/reverse_map.h"

namespace vm::test {
namespace {

constexpr int kReadWrite = 3, kPrivateFixed = 0x32;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = 0x600000;

// One process on few frames: `pages` for its pages, beside those of its three tables.
class Tight : public System {
 public:
  explicit Tight(std::uint64_t pages, const SwapOptions& swap = {.slots = 8}, const MemoryPolicy& policy = {})
      : System("sv39") {
    kernel.set_policy(policy);
    std::vector<Ppn> frames;
    for (std::uint64_t i = 0; i < pages + 3; ++i) frames.emplace_back(0x80100 + i);
    kernel.set_free_frames(frames);
    if (swap.slots != 0) kernel.use_swap(swap);
    a = process("A");
    kernel.start();
    kernel.mmap(a, kBase, 32 * kPage, kReadWrite, kPrivateFixed, -1, 0);
  }
  Outcome put(std::uint64_t page, std::uint64_t value) { return store(a, kBase + page * kPage, 8, value); }
  std::uint64_t get(std::uint64_t page) { return value(a, kBase + page * kPage, 8); }
  ProcessId a = 0;
};

BOOST_AUTO_TEST_CASE(the_reverse_map_knows_who) {
  ReverseMap map;
  const Mapper one{.process = 1, .vpn = Vpn(7)}, two{.process = 2, .vpn = Vpn(3)};
  map.add(5, two);
  map.add(4, one);
  map.add(5, one);
  map.add(5, one);
  BOOST_TEST(map.count(5) == 2U);
  BOOST_TEST(map.mapper_count() == 3U);
  BOOST_TEST((map.mappers(5) == std::vector<Mapper>{one, two}));
  map.remove(5, one);
  map.remove(5, one);
  map.remove(5, two);
  BOOST_TEST(map.count(5) == 0U);
  BOOST_TEST(map.size() == 1U);
}

const auto kMachines = {"flat32", "sv32", "sv39", "sv48", "sv57", "riscv8k", "corei7", "lewis16", "csapp14"};

BOOST_DATA_TEST_CASE(more_memory_than_frames_on_every_format, boost::unit_test::data::make(kMachines), name) {
  System system(name);
  const Machine& machine = system.platform.machine();
  const std::uint64_t page = machine.format.page_size();
  const std::uint64_t first = machine.regions.front().base.value / page + 8;
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 3 + machine.format.levels; ++i) frames.emplace_back(first + i);
  system.kernel.set_free_frames(frames);
  system.kernel.use_swap({.slots = 24});
  const ProcessId a = system.process("A");
  system.kernel.start();
  system.kernel.mmap(a, 16 * page, 16 * page, kReadWrite, kPrivateFixed, -1, 0);
  for (unsigned round = 0; round < 2; ++round) {
    for (std::uint64_t i = 0; i < 16; ++i) {
      const std::uint64_t va = (16 + i) * page;
      if (round != 0) BOOST_TEST(system.value(a, va, 1) == 0x40 + i);
      BOOST_TEST(!system.store(a, va, 1, 0x40 + i).refused);
    }
    system.check();
  }
  BOOST_TEST(system.kernel.counts().pageouts > 16U);
  BOOST_TEST(system.kernel.counts().pageins > 8U);
  // The entry is not valid, and says where the page is.
  for (std::uint64_t vpn = 16; vpn < 32; ++vpn) {
    const auto slot = system.kernel.slot_of(a, Vpn(vpn));
    if (!slot) continue;
    BOOST_TEST(!system.entry(a, vpn).valid);
    BOOST_TEST(slot_of(machine.format, system.kernel.read_entry(a, Vpn(vpn)).value()) == *slot);
  }
  system.kernel.exit(a);
  BOOST_TEST(system.kernel.free_slots() == 24U);
  BOOST_TEST(system.kernel.free_frames() == frames.size());
}

BOOST_AUTO_TEST_CASE(the_swap_file_is_a_file) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("pagewalk-test-" + std::to_string(getpid()));
  {
    Tight system(1, {.slots = 4, .file = file});
    system.put(0, 0x1122334455667788);
    system.put(1, 1);
    std::ifstream in(file, std::ios::binary);
    std::vector<char> bytes(2 * kPage);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    BOOST_TEST(in.gcount() == 2 * 4096);
    BOOST_TEST(std::all_of(bytes.begin(), bytes.begin() + kPage, [](char c) { return c == 0; }));
    BOOST_TEST(bytes[kPage] == '\x88');  // slot 1
    BOOST_TEST(system.get(0) == 0x1122334455667788U);
    system.check();
  }
  std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(a_swap_file_that_cannot_be_is_refused) {
  System system("sv39");
  BOOST_CHECK_THROW(system.kernel.use_swap({.slots = 4, .file = "/nowhere/swap"}), InputError);
  System narrow("csapp14");  // six bits of PPN
  BOOST_CHECK_THROW(narrow.kernel.use_swap({.slots = 64}), InputError);
  narrow.kernel.use_swap({.slots = 63});
}

BOOST_AUTO_TEST_CASE(a_full_swap_file_refuses_and_loses_nothing) {
  Tight system(2, {.slots = 2});
  for (std::uint64_t i = 0; i < 4; ++i) BOOST_TEST(!system.put(i, 50 + i).refused);
  const Outcome refused = system.put(4, 1);
  BOOST_TEST(refused.refused);
  BOOST_TEST(!refused.segv);
  BOOST_TEST((refused.shortage == Shortage::NoMemory));
  // Two frames and no slot: what is in memory stays there, what is not cannot come back before something goes.
  BOOST_TEST((system.load(system.a, kBase, 8).shortage == Shortage::NoMemory));
  BOOST_TEST(system.get(3) == 53U);
  system.kernel.munmap(system.a, kBase + 3 * kPage, kPage);
  for (std::uint64_t i = 0; i < 3; ++i) BOOST_TEST(system.get(i) == 50 + i);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_slot_that_refuses_is_not_used_again) {
  Tight system(1, {.slots = 4, .unwritable = {.first = 1, .last = 2}});
  for (std::uint64_t i = 0; i < 3; ++i) BOOST_TEST(!system.put(i, 50 + i).refused);
  BOOST_TEST(system.kernel.free_slots() == 0U);
  BOOST_TEST(system.kernel.slot_of(system.a, Vpn(0x600)).value() == 3U);
  BOOST_TEST((system.put(3, 1).shortage == Shortage::NoMemory));
  BOOST_TEST(system.get(2) == 52U);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_disk_that_takes_nothing_leaves_pages_in_memory) {
  Tight system(1, {.slots = 2, .unwritable = {.first = 1, .last = 2}});
  system.put(0, 50);
  BOOST_TEST((system.put(1, 1).shortage == Shortage::NoMemory));
  BOOST_TEST(system.get(0) == 50U);
  BOOST_TEST(system.kernel.counts().pageouts == 0U);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_read_back_is_an_error_for_its_process_alone) {
  Tight system(2, {.slots = 2, .unreadable = {.first = 1, .last = 1}});
  system.put(0, 50);
  system.put(1, 51);
  system.put(2, 52);
  const Outcome outcome = system.load(system.a, kBase, 8);
  BOOST_TEST(outcome.refused);
  BOOST_TEST((outcome.shortage == Shortage::SwapError));
  BOOST_TEST(system.get(1) == 51U);
  BOOST_TEST(system.get(2) == 52U);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_fork_shares_what_is_in_the_swap_file) {
  for (const ForkKind kind : {ForkKind::CopyOnWrite, ForkKind::Copy}) {
    Tight system(8, {.slots = 8});
    system.put(0, 50);
    BOOST_TEST_REQUIRE(system.kernel.page_out(system.a, Vpn(0x600)));
    const std::int64_t child = system.kernel.fork(system.a, "B", kind);
    BOOST_TEST_REQUIRE(child > 0);
    const auto b = static_cast<ProcessId>(child);
    BOOST_TEST(system.kernel.slot_of(b, Vpn(0x600)).has_value() == (kind == ForkKind::CopyOnWrite));
    BOOST_TEST(!system.store(b, kBase, 8, 51).refused);
    BOOST_TEST(system.get(0) == 50U);
    BOOST_TEST(system.value(b, kBase, 8) == 51U);
    system.check();
    system.kernel.exit(b);
    system.check();
    BOOST_TEST(system.kernel.free_slots() == 8U);
  }
}

BOOST_AUTO_TEST_CASE(a_kernel_page_in_the_swap_file_is_shared_by_a_fork_as_one_in_memory_is) {
  Tight s(8);
  constexpr std::uint64_t kKernel = 0xA00000;
  s.kernel.add_area(s.a, VirtAddr(kKernel), VirtAddr(kKernel + kPage),
                    {.read = true, .write = true, .exec = false, .kernel = true}, false);
  const auto put = [&](ProcessId pid, std::uint64_t value) {
    return s.access(pid, AccessKind::Store, kKernel, 8, value, false);
  };
  put(s.a, 1);
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(kKernel / kPage)));
  const std::int64_t child = s.kernel.fork(s.a, "B");
  BOOST_TEST_REQUIRE(child > 0);
  BOOST_TEST(!put(static_cast<ProcessId>(child), 2).refused);
  BOOST_TEST(s.access(s.a, AccessKind::Load, kKernel, 8, 0, false).last.data == 2U);
  BOOST_TEST(s.kernel.counts().cow_copies == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(protection_holds_for_a_page_on_disk) {
  Tight system(8);
  system.put(0, 50);
  BOOST_TEST(system.kernel.page_out(system.a, Vpn(0x600)));
  system.kernel.mprotect(system.a, kBase, kPage, 0);
  BOOST_TEST(system.load(system.a, kBase, 8).segv);
  system.kernel.mprotect(system.a, kBase, kPage, 1);
  BOOST_TEST(system.get(0) == 50U);
  BOOST_TEST(system.put(0, 1).segv);
  system.check();
}

BOOST_AUTO_TEST_CASE(what_the_user_named_and_superpages_stay) {
  System system("sv39");
  system.kernel.use_swap({.slots = 8});
  const ProcessId a = system.process("A");
  system.kernel.map(a, Vpn(0x600), Ppn(0x80100), rw(), {});
  system.kernel.map(a, Vpn(0x200), Ppn(0x80200), rw(), {.level = 1});
  system.kernel.start();
  BOOST_TEST(!system.kernel.page_out(a, Vpn(0x600)));
  BOOST_TEST(!system.kernel.page_out(a, Vpn(0x200)));
  BOOST_TEST(!system.kernel.page_out(a, Vpn(0x300)));
  system.check();
}

// ---------------------------------------------------------------- limits

BOOST_AUTO_TEST_CASE(a_process_at_its_limit_pays_with_its_own_pages) {
  Tight system(8);
  system.kernel.set_limits(system.a, {.resident = 2});
  for (std::uint64_t i = 0; i < 4; ++i) system.put(i, 50 + i);
  BOOST_TEST(system.kernel.counts().pageouts == 2U);
  for (std::uint64_t i = 0; i < 4; ++i) BOOST_TEST(system.get(i) == 50 + i);
  Tight diskless(8, {});
  diskless.kernel.set_limits(diskless.a, {.resident = 1});
  diskless.put(0, 1);
  BOOST_TEST((diskless.put(1, 1).shortage == Shortage::NoMemory));
  system.check();
  diskless.check();
}

BOOST_AUTO_TEST_CASE(the_zero_page_counts_for_nobody) {
  Tight system(8, {.slots = 8}, {.zero_page = true, .withheld = {}});
  system.kernel.set_limits(system.a, {.resident = 1});
  for (std::uint64_t i = 0; i < 6; ++i) BOOST_TEST(system.get(i) == 0U);
  BOOST_TEST(system.kernel.saved_frames() == 5U);
  BOOST_TEST(!system.put(3, 1).refused);
  BOOST_TEST(!system.put(4, 2).refused);
  BOOST_TEST(system.kernel.counts().pageouts == 1U);
  BOOST_TEST(system.get(0) == 0U);
  BOOST_TEST(system.get(3) == 1U);
  system.check();
}

// It outlives the area: execve would leave it in the swap file, in no area.
BOOST_AUTO_TEST_CASE(the_kernels_page_in_an_area_of_the_users_stays_in_memory) {
  Tight system(8);
  const Vpn vpn(kBase / kPage);
  system.kernel.map(system.a, vpn, Ppn(0x80010), {.exec = false, .kernel = true}, {.cow = true});
  BOOST_TEST(!system.access(system.a, AccessKind::Store, kBase, 8, 1, false).refused);
  BOOST_TEST(system.kernel.read_leaf(system.a, vpn).has_value());
  system.kernel.page_out(system.a, vpn);
  BOOST_TEST(system.kernel.counts().pageouts == 0U);
  system.put(1, 2);
  system.kernel.page_out(system.a, vpn + 1);
  BOOST_TEST(system.kernel.counts().pageouts == 1U);
  system.check();
}

// ---------------------------------------------------------------- global pages

// Two processes with a root each, and so many frames more.
struct WithGlobalPages : System {
  explicit WithGlobalPages(std::uint64_t more) : System("sv39") {
    std::vector<Ppn> frames;
    for (std::uint64_t i = 0; i < 2 + more; ++i) frames.emplace_back(0x80100 + i);
    kernel.set_free_frames(frames);
    a = process("A");
    b = process("B");
  }
  void map_global() { kernel.map(a, Vpn(5), Ppn(0x80010), {.kernel = true}, {.global = true}); }
  ProcessId a = 0, b = 0;
};

BOOST_AUTO_TEST_CASE(a_global_page_that_not_all_can_have_none_has) {
  WithGlobalPages system(3);  // two tables for A, one for B
  system.kernel.start();
  BOOST_CHECK_THROW(system.map_global(), InputError);
  for (const ProcessId pid : {system.a, system.b}) {
    BOOST_TEST(system.access(pid, AccessKind::Load, 5 * kPage, 8, 0, false).refused);
  }
  system.check();
}

BOOST_AUTO_TEST_CASE(a_fork_without_frames_for_tables_of_global_pages_fails) {
  WithGlobalPages system(5);  // two tables each, and a root
  system.map_global();
  system.kernel.start();
  BOOST_TEST(system.kernel.free_frames() == 1U);
  BOOST_TEST(system.kernel.fork(system.a, "C", ForkKind::CopyOnWrite) == -ENOMEM);
  BOOST_TEST(system.kernel.free_frames() == 1U);
  BOOST_TEST(!system.access(system.b, AccessKind::Load, 5 * kPage, 8, 0, false).refused);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_stack_may_not_grow_beyond_the_limit) {
  System system("sv39");
  const ProcessId a = system.process("A");
  system.kernel.add_area(a, VirtAddr(0x7ff000), VirtAddr(0x800000), rw(), true);
  system.kernel.set_limits(a, {.memory = 2});
  system.kernel.start();
  BOOST_TEST(!system.store(a, 0x7fe000, 8, 1).refused);
  BOOST_TEST(system.store(a, 0x7fd000, 8, 1).segv);
  system.check();
}

// ---------------------------------------------------------------- out of memory

BOOST_AUTO_TEST_CASE(the_victim_is_whose_end_frees_most_and_of_those_the_youngest) {
  System system("sv39");
  system.kernel.set_policy({.kill = true, .withheld = {}});
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 3 * 3 + 6; ++i) frames.emplace_back(0x80100 + i);
  system.kernel.set_free_frames(frames);
  const ProcessId a = system.process("A"), b = system.process("B"), c = system.process("C");
  system.kernel.start();
  for (const ProcessId p : {a, b, c}) {
    system.kernel.mmap(p, kBase, 16 * kPage, kReadWrite, kPrivateFixed, -1, 0);
    system.store(p, kBase, 8, p);
  }
  system.store(b, kBase + kPage, 8, 1);
  system.store(c, kBase + kPage, 8, 1);
  system.store(a, kBase + kPage, 8, 1);
  BOOST_TEST(system.kernel.free_frames() == 0U);
  BOOST_TEST(!system.store(b, kBase + 2 * kPage, 8, 1).refused);
  BOOST_TEST(system.kernel.is_killed(c));
  BOOST_TEST(!system.kernel.is_killed(a));
  BOOST_TEST(!system.kernel.is_killed(b));
  BOOST_TEST((system.load(c, kBase, 8).shortage == Shortage::Killed));
  BOOST_CHECK_THROW(system.kernel.munmap(c, kBase, kPage), InputError);
  system.check();
  // The next is the one that asks.
  Outcome last;
  for (std::uint64_t i = 3; i < 16 && !last.refused; ++i) last = system.store(b, kBase + i * kPage, 8, 1);
  BOOST_TEST((last.shortage == Shortage::Killed));
  BOOST_TEST(system.kernel.is_killed(b));
  BOOST_TEST(system.value(a, kBase, 8) == a);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_borrower_dies_with_its_lender) {
  Tight system(2, {}, {.kill = true, .withheld = {}});
  const auto b = static_cast<ProcessId>(system.kernel.vfork(system.a, "B"));
  system.store(b, kBase, 8, 1);
  system.store(b, kBase + kPage, 8, 1);
  BOOST_TEST((system.store(b, kBase + 2 * kPage, 8, 1).shortage == Shortage::Killed));
  BOOST_TEST(system.kernel.is_killed(b));
  BOOST_TEST(system.kernel.is_killed(system.a));
  BOOST_TEST(system.kernel.free_frames() == 5U);
  system.check();
}

}  // namespace
}  // namespace vm::test
