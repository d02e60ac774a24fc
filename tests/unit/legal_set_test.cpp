// SPDX-License-Identifier: Apache-2.0
//
// Which translations are legal between a change and its fence.
#include "oracle/legal_set.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "machine/pte.h"

namespace vm::test {
namespace {

struct Scene {
  explicit Scene(std::string_view name = "flat32") : machine(*find_machine(name)), legal(machine) {
    context.translate = true;
    context.levels = machine.format.levels;
    context.base = PhysAddr(0x100000);
    context.asid = 1;
    if (machine.format.kind == PteKind::Flat) context.limit = 1U << 20;
  }
  Machine machine;
  LegalSet legal;
  Context context;
  std::map<std::uint64_t, std::uint64_t> entries;
  std::vector<WalkResult> out;
  std::uint64_t now = 100;

  std::uint64_t entry(std::uint64_t ppn, bool write = true) {
    Pte pte;
    pte.valid = true;
    pte.write = write;
    pte.ppn = Ppn(ppn);
    return encode_pte(machine.format, pte);
  }
  // A store of an entry: accepted now, done two cycles later.
  void set(std::uint64_t at, std::uint64_t value) {
    const unsigned bytes = machine.format.pte_bytes();
    legal.on_store(PhysAddr(at), bytes, now,
                   [this](PhysAddr pa, unsigned) { return std::optional(entries[pa.value]); });
    entries[at] = value;
    now += 2;
    legal.on_store_done(PhysAddr(at), bytes, now);
    ++now;
  }
  void fence(const Fence& f) {
    legal.on_fence_accepted(f, ++now);
    ++now;
    legal.on_fence_acknowledged();
    ++now;
  }
  // The legal answers of an access accepted at `at`, as text.
  std::string answers(std::uint64_t va, std::uint64_t at, AccessKind kind = AccessKind::Load) {
    legal.legal(
        context, {.kind = kind, .user = true, .va = VirtAddr(va)}, at,
        [this](PhysAddr pa, unsigned) { return std::optional(entries[pa.value]); }, out);
    std::string text;
    for (const WalkResult& r : out) {
      text += (text.empty() ? "" : " ") +
              (r.fault ? std::string(to_string(r.fault.cause)) : std::to_string((r.pa.value & 0xFFFFFFF) >> 12));
    }
    return text;
  }
  std::string answers(std::uint64_t va) { return answers(va, ++now); }
  // Asked about and forgotten: what an access does to the set.
  void touch(std::uint64_t va) { answers(va); }
};

// Flat: entries by page.
struct FlatScene : Scene {
  void set(std::uint64_t vpn, std::uint64_t value) { Scene::set(0x100000 + 4 * vpn, value); }
};

// Sv39: the table of level 1 at 0x81001000, of level 0 at 0x81002000, pages 0x80000000 and up.
struct TreeScene : Scene {
  TreeScene() : Scene("sv39") {
    context.base = PhysAddr(0x8100'0000);
    entries[kRoot] = pointer(0x81001);
    entries[kMiddle] = pointer(0x81002);
    for (std::uint64_t page = 0; page < 8; ++page) entries[kLeaf + 8 * page] = leaf(page);
  }
  static constexpr std::uint64_t kRoot = 0x8100'0000, kMiddle = 0x8100'1000, kLeaf = 0x8100'2000;
  static std::uint64_t pointer(std::uint64_t ppn) { return ppn << 10 | 1; }
  static std::uint64_t leaf(std::uint64_t page, std::uint64_t extra = 0) {
    return (0x80000 + page) << 10 | 0xDF | extra;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(legal_set)

BOOST_FIXTURE_TEST_CASE(with_nothing_stale_there_is_one_answer, FlatScene) {
  set(5, entry(7));
  BOOST_TEST(answers(0x5000) == "7");
  BOOST_TEST(legal.mean_size() == 1.0);
}

BOOST_FIXTURE_TEST_CASE(R17_a_replaced_entry_that_was_used_stays_legal_until_its_fence, FlatScene) {
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  BOOST_TEST(answers(0x5000) == "8 7");
  set(5, entry(9));
  BOOST_TEST(answers(0x5000) == "9 7 8");
  fence({.by_addr = true, .by_asid = true, .addr = 0x5000, .asid = 1});
  BOOST_TEST(answers(0x5000) == "9");
}

BOOST_FIXTURE_TEST_CASE(a_value_no_access_has_met_is_not_remembered, FlatScene) {
  set(5, entry(7));
  set(5, entry(8));
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(a_fence_that_does_not_cover_changes_nothing, FlatScene) {
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  fence({.by_addr = true, .addr = 0x6000});
  fence({.by_asid = true, .asid = 2});
  fence({.op = FenceOp::FetchSync});
  fence({.by_addr = true, .addr = 0x1'0000'5000});
  BOOST_TEST(answers(0x5000) == "8 7");
  fence({.by_asid = true, .asid = 1});
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(R23_an_access_accepted_after_the_fence_was_accepted_sees_only_new, FlatScene) {
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  const std::uint64_t accepted = ++now;
  legal.on_fence_accepted({}, accepted);
  BOOST_TEST(answers(0x5000, accepted) == "8 7");
  BOOST_TEST(answers(0x5000, accepted + 1) == "8");
}

BOOST_FIXTURE_TEST_CASE(what_was_found_after_the_fence_was_accepted_outlives_it, FlatScene) {
  set(5, entry(7));
  legal.on_fence_accepted({}, now);
  touch(0x5000);
  set(5, entry(8));
  legal.on_fence_acknowledged();
  BOOST_TEST(answers(0x5000) == "8 7");
}

BOOST_FIXTURE_TEST_CASE(an_access_in_flight_may_see_either_value_and_a_fault_is_not_remembered, FlatScene) {
  const std::uint64_t before = now;
  set(5, entry(7));
  BOOST_TEST(answers(0x5000, before) == "7 invalid");
  BOOST_TEST(answers(0x5000) == "7");
}

BOOST_FIXTURE_TEST_CASE(replaced_values_are_forgotten_with_the_last_access_that_could_see_them, FlatScene) {
  const std::uint64_t before = now;
  set(5, entry(7));
  legal.on_oldest_access(now);
  BOOST_TEST(answers(0x5000, before) == "7");
}

BOOST_FIXTURE_TEST_CASE(a_narrowed_right_may_still_be_granted_but_a_widened_one_is_never_denied, FlatScene) {
  set(5, entry(7, true));
  touch(0x5000);
  set(5, entry(7, false));
  BOOST_TEST(answers(0x5000, now, AccessKind::Store) == "write 7");
  fence({});
  touch(0x5000);
  set(5, entry(7, true));
  BOOST_TEST(answers(0x5000, now, AccessKind::Store) == "7");
}

BOOST_FIXTURE_TEST_CASE(two_values_that_lead_to_the_same_place_are_one_answer, FlatScene) {
  set(5, entry(7, true));
  touch(0x5000);
  set(5, entry(7, false));
  BOOST_TEST(answers(0x5000) == "7");
}

BOOST_FIXTURE_TEST_CASE(a_root_left_without_a_fence_may_still_grant_under_its_asid, FlatScene) {
  entries[0x100000 + 4 * 5] = entry(7);
  entries[0x200000 + 4 * 5] = entry(8);
  touch(0x5000);
  context.base = PhysAddr(0x200000);
  BOOST_TEST(answers(0x5000) == "8 7");
  BOOST_TEST(answers(0x6000) == "invalid");
  fence({});
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(a_root_under_another_asid_does_not_count, FlatScene) {
  entries[0x100000 + 4 * 5] = entry(7);
  entries[0x200000 + 4 * 5] = entry(8);
  touch(0x5000);
  context.base = PhysAddr(0x200000);
  context.asid = 2;
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(without_a_tlb_nothing_is_remembered, FlatScene) {
  machine.dtlb = {};
  legal = LegalSet(machine);
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(what_the_data_port_found_is_in_the_fetch_ports_tlb_only_through_an_l2, FlatScene) {
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  BOOST_TEST(answers(0x5000, now, AccessKind::Fetch) == "8");
}

BOOST_FIXTURE_TEST_CASE(the_mean_counts_every_answer, FlatScene) {
  set(5, entry(7));
  touch(0x5000);
  set(5, entry(8));
  touch(0x5000);
  BOOST_TEST(legal.queries() == 2U);
  BOOST_TEST(legal.mean_size() == 1.5);
}

BOOST_FIXTURE_TEST_CASE(a_pointer_that_was_used_leads_to_pages_never_used_until_a_fence_without_address, TreeScene) {
  touch(0x1000);
  entries[0x8100'3000 + 8 * 2] = leaf(0x55);
  set(kMiddle, pointer(0x81003));
  // The walk cache still knows the old table.
  BOOST_TEST(answers(0x2000) == "85 2");
  fence({.by_addr = true, .addr = 0x2000});
  BOOST_TEST(answers(0x2000) == "85 2");
  fence({.by_asid = true, .globals = false, .asid = 1});
  BOOST_TEST(answers(0x2000) == "85");
}

BOOST_FIXTURE_TEST_CASE(an_old_pointer_only_grants, TreeScene) {
  touch(0x1000);
  entries[0x8100'3000 + 8 * 2] = leaf(0x55);
  entries[kLeaf + 8 * 2] = 0;
  set(kMiddle, pointer(0x81003));
  BOOST_TEST(answers(0x2000) == "85");
}

BOOST_FIXTURE_TEST_CASE(R17_an_old_path_to_a_new_leaf_is_a_legal_mixture, TreeScene) {
  touch(0x1000);
  set(kMiddle, pointer(0x81003));
  set(kLeaf + 8 * 2, leaf(0x66));
  BOOST_TEST(answers(0x2000) == "invalid 102");
}

BOOST_FIXTURE_TEST_CASE(a_global_page_survives_a_fence_by_asid_and_serves_other_asids, TreeScene) {
  entries[kLeaf + 8] = leaf(1, 0x20);
  touch(0x1000);
  set(kLeaf + 8, leaf(9));
  fence({.by_asid = true, .globals = false, .asid = 1});
  context.asid = 2;
  BOOST_TEST(answers(0x1000) == "9 1");
  fence({});
  BOOST_TEST(answers(0x1000) == "9");
}

BOOST_FIXTURE_TEST_CASE(a_fence_by_any_address_in_a_superpage_covers_it, TreeScene) {
  entries[kMiddle] = leaf(0x200);
  touch(0x3000);
  set(kMiddle, pointer(0x81002));
  BOOST_TEST(answers(0x3000) == "3 515");
  fence({.by_addr = true, .addr = 0x1F'F000});
  BOOST_TEST(answers(0x3000) == "3");
}

BOOST_FIXTURE_TEST_CASE(accessed_and_dirty_bits_make_no_other_answer, TreeScene) {
  context.env.adue = true;
  entries[kLeaf + 8] = leaf(1) & ~0xC0ULL;
  touch(0x1000);
  set(kLeaf + 8, leaf(1));
  BOOST_TEST(answers(0x1000, now, AccessKind::Store) == "1");
}

BOOST_FIXTURE_TEST_CASE(a_dirty_bit_cleared_without_a_fence_may_not_be_missed, TreeScene) {
  answers(0x1000, now, AccessKind::Store);
  set(kLeaf + 8, leaf(1) & ~0x80ULL);
  BOOST_TEST(answers(0x1000, ++now, AccessKind::Store) == "dirty 1");
  fence({.by_addr = true, .addr = 0x1000});
  BOOST_TEST(answers(0x1000, ++now, AccessKind::Store) == "dirty");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
