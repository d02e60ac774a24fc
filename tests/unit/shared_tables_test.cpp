// SPDX-License-Identifier: Apache-2.0
//
// One page table in several trees: who has it, what it saves, whom a change of it is fenced for, and what ends it.
#include <boost/test/data/test_case.hpp>

#include "kernel_fixture.h"

namespace vm::test {
namespace {

constexpr int kShared = 0x31, kPrivate = 0x32;  // anonymous and fixed, too
constexpr int kReadWrite = 3, kRead = 1;

struct Family : System {
  explicit Family(const std::string& name) : System(name), page(platform.machine().format.page_size()) {
    kernel.set_policy({.share_tables = true, .withheld = {}});
    kernel.use_swap({.slots = 8});
    a = process("A");
    kernel.start();
    at = page << platform.machine().format.index_bits.front();  // the second table's reach
    bytes = at;
    BOOST_TEST(kernel.mmap(a, at, bytes, kReadWrite, kShared, -1, 0) == static_cast<std::int64_t>(at));
    store(a, at, 8, 17);
    b = static_cast<ProcessId>(kernel.fork(a, "B"));
  }
  std::uint64_t tables(ProcessId pid) const { return kernel.table_memory(pid).tables; }
  std::uint64_t pageout_fences() const { return kernel.counts().fences_for.at(index_of(FenceReason::Pageout)); }
  std::uint64_t vpn(std::uint64_t n) const { return at / page + n; }

  std::uint64_t page, at = 0, bytes = 0;
  ProcessId a = 0, b = 0;
};

const char* const kMachines[] = {"sv32", "sv39", "corei7", "riscv8k"};

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_tables)

BOOST_DATA_TEST_CASE(a_child_shares_the_tables_of_shared_memory, boost::unit_test::data::make(kMachines), name) {
  Family s(name);
  BOOST_TEST(s.kernel.counts().table_shares == 1U);
  BOOST_TEST(s.value(s.b, s.at, 8) == 17U);
  // What one touches is there for the other.
  const std::uint64_t faults = s.kernel.counts().missing;
  s.store(s.b, s.at + s.page, 8, 18);
  BOOST_TEST(s.value(s.a, s.at + s.page, 8) == 18U);
  BOOST_TEST(s.kernel.counts().missing == faults + 1);
  s.check();
}

BOOST_DATA_TEST_CASE(a_page_leaves_for_all_and_comes_back_for_all, boost::unit_test::data::make(kMachines), name) {
  Family s(name);
  s.store(s.b, s.at + s.page, 8, 18);
  BOOST_TEST(s.value(s.a, s.at, 8) == 17U);
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(s.vpn(0))));
  BOOST_TEST(s.pageout_fences() == 2U);
  s.check();
  BOOST_TEST(s.value(s.b, s.at, 8) == 17U);
  BOOST_TEST(s.value(s.a, s.at, 8) == 17U);
  BOOST_TEST(s.kernel.counts().pageins == 1U);
  // The last entry takes the table along, from both trees.
  const std::uint64_t tables = s.tables(s.a);
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(s.vpn(0))));
  BOOST_TEST(s.kernel.page_out(s.b, Vpn(s.vpn(1))));
  BOOST_TEST(s.tables(s.a) < tables);
  BOOST_TEST(s.tables(s.b) == s.tables(s.a));
  BOOST_TEST(s.value(s.b, s.at + s.page, 8) == 18U);
  BOOST_TEST(s.value(s.a, s.at, 8) == 17U);
  s.check();
}

BOOST_DATA_TEST_CASE(who_changes_a_part_gets_a_table_of_its_own, boost::unit_test::data::make(kMachines), name) {
  Family s(name);
  s.store(s.a, s.at + s.page, 8, 18);
  BOOST_TEST(s.kernel.mprotect(s.b, s.at, s.page, kRead) == 0);
  BOOST_TEST(s.kernel.counts().table_breaks == 1U);
  BOOST_TEST(s.store(s.b, s.at, 8, 1).segv);
  BOOST_TEST(!s.store(s.a, s.at, 8, 19).refused);
  BOOST_TEST(s.value(s.b, s.at, 8) == 19U);
  BOOST_TEST(s.value(s.b, s.at + s.page, 8) == 18U);
  s.check();
  BOOST_TEST(s.kernel.munmap(s.b, s.at, s.bytes) == 0);
  BOOST_TEST(s.value(s.a, s.at, 8) == 19U);
  s.check();
}

BOOST_DATA_TEST_CASE(who_goes_leaves_the_table_to_the_others, boost::unit_test::data::make(kMachines), name) {
  for (const bool by_exit : {false, true}) {
    Family s(name);
    if (by_exit) {
      s.kernel.exit(s.a);
    } else {
      BOOST_TEST(s.kernel.munmap(s.a, s.at, s.bytes) == 0);
    }
    BOOST_TEST(s.kernel.counts().table_breaks == 1U);
    BOOST_TEST(s.value(s.b, s.at, 8) == 17U);
    s.check();
    s.kernel.exit(s.b);
    s.check();
  }
}

BOOST_AUTO_TEST_CASE(private_memory_shares_no_table) {
  Family s("sv39");
  BOOST_TEST(s.kernel.mmap(s.a, s.at, s.bytes, kReadWrite, kPrivate, -1, 0) == static_cast<std::int64_t>(s.at));
  s.store(s.a, s.at, 8, 1);
  const std::uint64_t shares = s.kernel.counts().table_shares;
  s.kernel.fork(s.a, "C");
  BOOST_TEST(s.kernel.counts().table_shares == shares);
  s.check();
}

// At addresses that differ, as long as the object's pages stand at the same places of the table.
BOOST_AUTO_TEST_CASE(strangers_who_map_one_file_share_a_table) {
  System s("sv39");
  s.kernel.set_policy({.share_tables = true, .withheld = {}});
  s.kernel.disk().add("lib", std::vector<std::uint8_t>(3 * 4096, 0x5A));
  const ProcessId a = s.process("A"), b = s.process("B");
  s.kernel.start();
  for (const ProcessId pid : {a, b}) BOOST_TEST(s.kernel.open(pid, "lib", 2) == 3);
  BOOST_TEST(s.kernel.mmap(a, 0x200000, 0x200000, kReadWrite, 0x11, 3, 0) == 0x200000);
  BOOST_TEST(s.kernel.mmap(b, 0xA00000, 0x200000, kReadWrite, 0x11, 3, 0) == 0xA00000);
  s.store(a, 0x200000, 8, 1);
  s.store(a, 0x201000, 8, 2);
  BOOST_TEST(s.load(b, 0xA00000, 8).faults_served == 1U);
  BOOST_TEST(s.load(b, 0xA01000, 8).faults_served == 0U);
  BOOST_TEST(s.kernel.counts().table_shares == 1U);
  s.store(b, 0xA02000, 8, 3);
  BOOST_TEST(s.value(a, 0x202000, 8) == 3U);
  // One dirty bit is two processes' business.
  const std::uint64_t before = s.kernel.counts().fences_for.at(index_of(FenceReason::WriteBack));
  BOOST_TEST(s.kernel.msync(a, 0x200000, 0x3000, 4) == 0);
  BOOST_TEST(s.kernel.counts().fences_for.at(index_of(FenceReason::WriteBack)) == before + 2);
  s.store(b, 0xA01000, 8, 22);
  BOOST_TEST(s.kernel.msync(a, 0x200000, 0x3000, 4) == 0);
  BOOST_TEST(s.kernel.counts().pages_written == 4U);
  s.check();
  // Not aligned alike: a table of its own.
  BOOST_TEST(s.kernel.mmap(b, 0x1201000, 0x400000, kReadWrite, 0x11, 3, 0) == 0x1201000);
  BOOST_TEST(s.value(b, 0x1202000, 8) == 22U);
  BOOST_TEST(s.kernel.counts().table_shares == 1U);
  s.check();
}

BOOST_AUTO_TEST_CASE(threads_are_one_address_space) {
  Family s("corei7");
  const auto t = static_cast<ProcessId>(s.kernel.thread(s.a, "T"));
  BOOST_TEST(!s.kernel.is_suspended(s.a));
  const std::uint64_t fences = s.kernel.counts().fences;
  s.store(t, s.at + 8, 8, 5);
  BOOST_TEST(s.value(s.a, s.at + 8, 8) == 5U);
  BOOST_TEST(s.kernel.munmap(t, s.at, s.bytes) == 0);
  BOOST_TEST(s.kernel.counts().fences == fences + 1);
  BOOST_TEST(s.load(s.a, s.at, 8).segv);
  s.kernel.exit(t);
  BOOST_TEST(!s.kernel.is_killed(s.a));
  const auto u = static_cast<ProcessId>(s.kernel.thread(s.a, "U"));
  s.kernel.exit(s.a);  // and with it all of its threads
  BOOST_TEST(s.kernel.is_killed(u));
  s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
