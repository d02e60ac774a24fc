// SPDX-License-Identifier: Apache-2.0
//
// fork in all its ways: who has which frame afterwards, and what that costs.
#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {
namespace {

constexpr int kReadWrite = 3, kPrivateFixed = 0x32;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = 0x600000;

class Family : public System {
 public:
  explicit Family(std::string_view machine = "sv39") : System(machine) {
    a = process("A");
    kernel.start();
    kernel.mmap(a, kBase, 4 * kPage, kReadWrite, kPrivateFixed, -1, 0);
    for (std::uint64_t i = 0; i < 4; ++i) store(a, kBase + i * kPage, 8, 100 + i);
  }
  ProcessId fork(ProcessId parent, const std::string& name, ForkKind kind = ForkKind::CopyOnWrite) {
    const std::int64_t child = kernel.fork(parent, name, kind);
    BOOST_TEST_REQUIRE(child > 0);
    return static_cast<ProcessId>(child);
  }
  ProcessId a = 0;
};

BOOST_AUTO_TEST_CASE(a_naive_copy_shares_nothing) {
  Family system;
  const ProcessId b = system.fork(system.a, "B", ForkKind::Copy);
  BOOST_TEST(system.kernel.counts().page_copies == 4U);
  BOOST_TEST(system.kernel.saved_frames() == 0U);
  BOOST_TEST(system.store(b, kBase, 8, 1).faults_served == 0U);
  BOOST_TEST(system.value(system.a, kBase, 8) == 100U);
  BOOST_TEST(system.value(b, kBase + kPage, 8) == 101U);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_naive_copy_of_a_superpage_is_made_of_base_pages) {
  System system("sv39");
  const ProcessId a = system.process("A");
  system.kernel.map(a, Vpn(0x200), Ppn(0x80200), rw(), {.level = 1});
  system.preload(0x80201008, {42});
  system.kernel.start();
  const std::int64_t child = system.kernel.fork(a, "B", ForkKind::Copy);
  BOOST_TEST_REQUIRE(child > 0);
  const auto b = static_cast<ProcessId>(child);
  BOOST_TEST(system.kernel.counts().page_copies == 512U);
  BOOST_TEST(system.value(b, 0x201008, 1) == 42U);
  system.store(b, 0x201008, 1, 43);
  BOOST_TEST(system.value(a, 0x201008, 1) == 42U);
  system.check();
}

BOOST_AUTO_TEST_CASE(a_naive_copy_without_enough_frames_changes_nothing) {
  System system("sv39");
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 8; ++i) frames.emplace_back(0x80100 + i);
  system.kernel.set_free_frames(frames);
  const ProcessId a = system.process("A");
  system.kernel.start();
  system.kernel.mmap(a, kBase, 4 * kPage, kReadWrite, kPrivateFixed, -1, 0);
  for (std::uint64_t i = 0; i < 3; ++i) system.store(a, kBase + i * kPage, 8, i);
  BOOST_TEST(system.kernel.fork(a, "B", ForkKind::Copy) == -12);
  BOOST_TEST(system.kernel.free_frames() == 2U);
  BOOST_TEST(!system.kernel.find_process("B"));
  system.check();
}

BOOST_AUTO_TEST_CASE(copy_on_write_saves_what_is_not_changed) {
  Family system;
  const ProcessId b = system.fork(system.a, "B");
  const ProcessId c = system.fork(b, "C");
  BOOST_TEST(system.kernel.saved_frames() == 8U);
  system.store(c, kBase, 8, 1);
  BOOST_TEST(system.kernel.saved_frames() == 7U);
  BOOST_TEST(system.kernel.counts().page_copies == 1U);
  BOOST_TEST((system.kernel.sharers(system.a, Vpn(0x600)) == std::vector<ProcessId>{system.a, b}));
  BOOST_TEST((system.kernel.sharers(c, Vpn(0x601)) == std::vector<ProcessId>{system.a, b, c}));
  system.check();
}

BOOST_AUTO_TEST_CASE(a_vfork_child_lives_in_the_parents_space_and_the_parent_waits) {
  Family system;
  const std::int64_t child = system.kernel.vfork(system.a, "B");
  BOOST_TEST_REQUIRE(child > 0);
  const auto b = static_cast<ProcessId>(child);
  BOOST_TEST(system.kernel.counts().page_copies == 0U);
  BOOST_TEST(system.kernel.is_suspended(system.a));
  BOOST_TEST(system.kernel.name_of(b) == "B");
  BOOST_CHECK_THROW(system.store(system.a, kBase, 8, 1), InputError);
  BOOST_CHECK_THROW(system.kernel.munmap(system.a, kBase, kPage), InputError);
  BOOST_CHECK_THROW(system.kernel.exit(system.a), InputError);
  BOOST_CHECK_THROW(system.kernel.vfork(system.a, "C"), InputError);
  system.store(b, kBase, 8, 7);
  BOOST_TEST(system.kernel.munmap(b, kBase + kPage, kPage) == 0);
  const ProcessId c = system.fork(b, "C");  // of what it borrows
  system.kernel.exit(b);
  BOOST_TEST(!system.kernel.is_suspended(system.a));
  BOOST_TEST(system.value(system.a, kBase, 8) == 7U);
  BOOST_TEST(system.value(c, kBase, 8) == 7U);
  BOOST_TEST(system.load(system.a, kBase + kPage, 8).segv);
  system.check();
}

// The invariant knows what is wrong with it, before anybody stores.
BOOST_AUTO_TEST_CASE(a_copied_table_breaks_the_invariant) {
  Family system;
  system.fork(system.a, "B", ForkKind::CopyTable);
  BOOST_TEST(system.kernel.broken_invariant().find("is writable, private, and its frame") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(entries_alone_break_the_invariant_after_two_forks) {
  Family system;
  const ProcessId b = system.fork(system.a, "B", ForkKind::EntriesOnly);
  system.store(b, kBase, 8, 1);
  system.check();  // with two it is right
  system.fork(system.a, "C", ForkKind::EntriesOnly);
  const ProcessId d = system.fork(system.a, "D", ForkKind::EntriesOnly);
  system.store(d, kBase, 8, 1);
  BOOST_TEST(system.kernel.broken_invariant().find("is writable, private, and its frame") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_withheld_fence_is_counted) {
  System system("sv39");
  FenceReasons withheld;
  withheld.set(index_of(FenceReason::Unmap));
  system.kernel.set_policy({.withheld = withheld});
  const ProcessId a = system.process("A");
  system.kernel.start();
  system.kernel.mmap(a, kBase, kPage, kReadWrite, kPrivateFixed, -1, 0);
  system.store(a, kBase, 8, 1);
  system.kernel.munmap(a, kBase, kPage);
  BOOST_TEST(system.kernel.counts().withheld == 1U);
  BOOST_TEST(system.kernel.counts().fences_for.at(index_of(FenceReason::Unmap)) == 0U);
  BOOST_TEST(!system.load(a, kBase, 8).refused);  // the hardware remembers
  BOOST_TEST(system.platform.mismatches().size() == 1U);
}

}  // namespace
}  // namespace vm::test
