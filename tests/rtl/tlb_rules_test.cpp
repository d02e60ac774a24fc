// SPDX-License-Identifier: Apache-2.0
//
// Rules of what multi-level machines may remember of their tables and what a fence makes them forget; each test is
// named after the rules it shows. All checks watch too.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

const auto kBoth = boost::unit_test::data::make({"sv39", "corei7"});

TestbenchOptions slow_memory() {
  TestbenchOptions options;
  options.latency = {Latency::Kind::Fixed, 40, 40, {}};
  return options;
}

bool in_tlb(const AccessResult& result) { return result.tlb == Hit::Hit; }

void wait_for_host(Testbench& bench) {
  while (bench.host_unanswered() > 0) bench.step();
}

}  // namespace

BOOST_DATA_TEST_CASE(R17_X26_M7_a_page_known_in_two_sizes_is_translated_by_one_of_them_and_never_by_a_mix, kBoth,
                     machine) {
  TreeBench b(machine);
  Pte small = TreeBench::leaf(b.frame(3));
  small.write = false;
  b.map(5, small);
  b.translate();
  BOOST_TEST((b.load(b.va(5)).pa == b.address(b.frame(3))));
  // Pointers are forgotten, translations of this address space are not.
  b.platform().fence({.by_asid = true, .globals = false, .asid = 7});
  b.set(b.entry_address(0, 1), TreeBench::leaf(b.frame(512)), 1);
  BOOST_TEST((b.load(b.va(6)).pa == b.address(b.frame(512 + 6))));
  const AccessResult known_twice = b.load(b.va(5));
  BOOST_TEST(in_tlb(known_twice));
  BOOST_TEST((known_twice.pa == b.address(b.frame(3))));
  // The small page's frame with the superpage's right would be the mix.
  const AccessResult stored = b.store(b.va(5), 0, 1);
  BOOST_TEST((stored.fault.cause == Cause::None));
  BOOST_TEST((stored.pa == b.address(b.frame(512 + 5))));
  b.platform().fence({.by_addr = true, .addr = b.va(5)});
  BOOST_TEST((b.load(b.va(5)).pa == b.address(b.frame(512 + 5))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R23_X29_a_walk_under_way_when_its_entry_changes_and_a_fence_comes_leaves_nothing_old_behind,
                     kBoth* boost::unit_test::data::make({0U, 1U}), machine, level) {
  TreeBench b(machine, slow_memory());
  // The changed entry leads to another frame, or to the other space's last table.
  b.map(5, TreeBench::leaf(b.frame(1)), 0);
  b.map(5, TreeBench::leaf(b.frame(2)), 1);
  b.translate();
  const std::uint64_t address = b.va(5);
  const Pte before = level == 0 ? TreeBench::leaf(b.frame(1)) : b.pointer(b.table(0, 0));
  const Pte after = level == 0 ? TreeBench::leaf(b.frame(2)) : b.pointer(b.table(0, 1));
  unsigned overlapped = 0;
  for (unsigned delay = 1; delay < 60 * b.levels(); delay += 7) {
    b.set(b.entry_address(address, level), before, level);
    b.platform().fence({});
    b.platform().fence({.op = FenceOp::CacheCleanInvalidate});
    b.bench().submit(Port::Data, {.user = true, .va = address});
    for (unsigned i = 0; i < delay; ++i) b.bench().step();
    b.bench().submit_host(
        {.write = true, .strb = 0xFF, .addr = b.entry_address(address, level).value, .wdata = b.raw(after, level)});
    wait_for_host(b.bench());
    if (b.bench().tracker().translating(Port::Data) != nullptr) ++overlapped;
    b.bench().submit_fence({.by_addr = level == 0, .addr = address});
    b.bench().run_until_idle();
    BOOST_TEST((b.load(address).pa == b.address(b.frame(2))), "after " << delay << " cycles");
    BOOST_TEST((b.load(b.va(5, 64)).pa == b.address(b.frame(2), 64)), "after " << delay << " cycles");
  }
  BOOST_TEST(overlapped > 3U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R23_M4_of_two_fences_back_to_back_each_has_its_own_operands, kBoth, machine) {
  TreeBench b(machine);
  for (std::uint64_t page = 1; page < 4; ++page) b.map(page, TreeBench::leaf(b.frame(page)));
  b.translate();
  for (std::uint64_t page = 1; page < 4; ++page) b.load(b.va(page));
  b.bench().submit_fence({.by_addr = true, .addr = b.va(1)});
  b.bench().submit_fence({.by_addr = true, .addr = b.va(2)});
  b.bench().run_until_idle();
  BOOST_TEST(!in_tlb(b.load(b.va(1))));
  BOOST_TEST(!in_tlb(b.load(b.va(2))));
  BOOST_TEST(in_tlb(b.load(b.va(3))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M18_a_fence_of_address_0_or_asid_0_is_not_one_of_everything) {
  TreeBench b("sv39");
  b.map(0, TreeBench::leaf(b.frame(1)));
  b.map(1, TreeBench::leaf(b.frame(2)));
  b.translate();
  const auto refill = [&] {
    for (const std::uint16_t asid : {std::uint16_t{1}, std::uint16_t{0}}) {
      b.switch_to(0, asid);
      b.load(b.va(0));
      b.load(b.va(1));
    }
  };
  refill();
  b.platform().fence({.by_addr = true, .addr = 0});
  BOOST_TEST(!in_tlb(b.load(b.va(0))));
  BOOST_TEST(in_tlb(b.load(b.va(1))));
  b.switch_to(0, 1);
  BOOST_TEST(!in_tlb(b.load(b.va(0))));
  refill();
  b.platform().fence({.by_asid = true, .globals = false, .asid = 0});
  BOOST_TEST(!in_tlb(b.load(b.va(0))));
  BOOST_TEST(!in_tlb(b.load(b.va(1))));
  b.switch_to(0, 1);
  BOOST_TEST(in_tlb(b.load(b.va(0))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(X21_the_four_scopes_of_INVPCID_each_forget_exactly_their_own) {
  TreeBench b("corei7");
  Pte global = TreeBench::leaf(b.frame(3));
  global.global = true;
  b.map(1, TreeBench::leaf(b.frame(1)));
  b.map(2, TreeBench::leaf(b.frame(2)));
  b.map(3, global);
  b.translate(true);
  // One letter for each translation that is still there: pages 1, 2 and the global one, then page 1 of another PCID.
  const auto left_by = [&](const Fence& fence) {
    b.platform().fence({});
    b.switch_to(0, 2);
    b.load(b.va(1));
    b.switch_to(0, 1);
    for (std::uint64_t page = 1; page < 4; ++page) b.load(b.va(page));
    b.platform().fence(fence);
    std::string left;
    for (std::uint64_t page = 1; page < 4; ++page) left += in_tlb(b.load(b.va(page))) ? "12g"[page - 1] : '-';
    b.switch_to(0, 2);
    return left + (in_tlb(b.load(b.va(1))) ? 'o' : '-');
  };
  const std::uint64_t at = b.va(1);
  BOOST_TEST(left_by({.by_addr = true, .by_asid = true, .globals = false, .addr = at, .asid = 1}) == "-2go");
  BOOST_TEST(left_by({.by_addr = true, .by_asid = true, .globals = false, .addr = b.va(3), .asid = 1}) == "12go");
  BOOST_TEST(left_by({.by_asid = true, .globals = false, .asid = 1}) == "--go");
  BOOST_TEST(left_by({}) == "----");
  BOOST_TEST(left_by({.globals = false}) == "--g-");
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(X12_X14_M21_an_entry_that_was_not_present_is_used_as_soon_as_it_is_without_a_fence,
                     kBoth* boost::unit_test::data::make({0U, 1U}), machine, level) {
  TreeBench b(machine);
  b.map(5, TreeBench::leaf(b.frame(1)));
  const PhysAddr entry = b.entry_address(b.va(5), level);
  b.set_raw(entry, 0);
  b.translate();
  for (int i = 0; i < 2; ++i) BOOST_TEST((b.load(b.va(5)).fault.cause == Cause::Invalid));
  b.set(entry, level == 0 ? TreeBench::leaf(b.frame(1)) : b.pointer(b.table(0)), level);
  BOOST_TEST((b.load(b.va(5)).pa == b.address(b.frame(1))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(X12_a_pointer_is_cached_with_its_accessed_bit_set_in_memory_and_a_leaf_not_before_it_is) {
  TreeBench b("corei7");
  constexpr std::uint64_t kAccessed = 1U << 5;
  for (unsigned level = 1; level < 4; ++level) {
    const PhysAddr entry = b.entry_address(0, level);
    b.set_raw(entry, b.raw(b.pointer(b.table(level - 1)), level) & ~kAccessed);
  }
  b.translate();
  BOOST_TEST((b.load(b.va(5)).fault.cause == Cause::Invalid));
  for (unsigned level = 1; level < 4; ++level) {
    BOOST_TEST((b.get_raw(b.entry_address(0, level)) & kAccessed) != 0U, "level " << level);
  }
  Pte fresh = TreeBench::leaf(b.frame(1));
  fresh.accessed = fresh.dirty = false;
  b.map(5, fresh);
  const AccessResult first = b.load(b.va(5));
  BOOST_TEST(first.entry_reads == 1U);  // from the last pointer on
  BOOST_TEST((b.get_raw(b.entry_address(b.va(5))) & kAccessed) != 0U);
  BOOST_TEST(in_tlb(b.load(b.va(5))));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(X14_rights_given_without_a_fence_in_leaf_or_pointer_cost_no_second_fault) {
  for (const unsigned level : {0U, 1U}) {
    TreeBench b("corei7");
    b.map(5, TreeBench::leaf(b.frame(1)));
    const PhysAddr entry = b.entry_address(b.va(5), level);
    Pte open = level == 0 ? TreeBench::leaf(b.frame(1)) : b.pointer(b.table(0));
    Pte closed = open;
    closed.write = false;
    b.set(entry, closed, level);
    b.translate();
    BOOST_TEST((b.load(b.va(5)).fault.cause == Cause::None));
    BOOST_TEST((b.store(b.va(5), 0, 1).fault.cause == Cause::Write));
    b.set(entry, open, level);
    BOOST_TEST((b.store(b.va(5), 0, 1).fault.cause == Cause::None));
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

BOOST_AUTO_TEST_CASE(M15_a_change_of_the_number_of_levels_leaves_no_translation_of_the_old_one) {
  TreeBench b("sv48");
  b.map(5, TreeBench::leaf(b.frame(1)), 0);
  b.map(5, TreeBench::leaf(b.frame(2)), 1);
  b.translate();
  BOOST_TEST((b.load(b.va(5)).pa == b.address(b.frame(1))));
  // Three levels, from the table of level 2 of the other space; the same ASID, no fence.
  Context narrow;
  narrow.translate = true;
  narrow.levels = 3;
  narrow.base = b.table(2, 1);
  b.platform().ctl_write(CtlReg::Root, root_value(b.machine(), narrow), false);
  const AccessResult in_three = b.load(b.va(5));
  BOOST_TEST((in_three.pa == b.address(b.frame(2))));
  BOOST_TEST(in_three.entry_reads == 3U);
  b.switch_to(0);
  const AccessResult in_four = b.load(b.va(5));
  BOOST_TEST((in_four.pa == b.address(b.frame(1))));
  BOOST_TEST(in_four.entry_reads == 4U);
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
