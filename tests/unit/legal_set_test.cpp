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
  Machine machine = *find_machine("flat32");
  LegalSet legal{machine};
  Context context{.translate = true, .base = PhysAddr(0x100000), .limit = 1U << 20, .asid = 1};
  std::map<std::uint64_t, std::uint64_t> entries;
  std::vector<WalkResult> out;
  std::uint64_t now = 100;

  Scene() { legal.on_context(context); }

  std::uint64_t entry(std::uint64_t ppn, bool write = true) {
    return encode_pte(machine.format,
                      {.valid = true, .user = true, .read = true, .write = write, .exec = true, .ppn = Ppn(ppn)});
  }
  // A store of an entry: accepted now, done two cycles later.
  void set(std::uint64_t base, std::uint64_t vpn, std::uint64_t value) {
    const PhysAddr at(base + 4 * vpn);
    legal.on_store(at, 4, now, [this](PhysAddr pa, unsigned) { return std::optional(entries[pa.value]); });
    entries[at.value] = value;
    now += 2;
    legal.on_store_done(at, 4, now);
    ++now;
  }
  void set(std::uint64_t vpn, std::uint64_t value) { set(0x100000, vpn, value); }
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
              (r.fault ? std::string(to_string(r.fault.cause)) : std::to_string(r.pa.value >> 12));
    }
    return text;
  }
  std::string answers(std::uint64_t va) { return answers(va, now); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(legal_set)

BOOST_FIXTURE_TEST_CASE(with_nothing_stale_there_is_one_answer, Scene) {
  entries[0x100000 + 4 * 5] = entry(7);
  BOOST_TEST(answers(0x5000) == "7");
  BOOST_TEST(legal.mean_size() == 1.0);
}

BOOST_FIXTURE_TEST_CASE(a_replaced_entry_stays_legal_until_its_fence, Scene) {
  set(5, entry(7));
  fence({});
  set(5, entry(8));
  BOOST_TEST(answers(0x5000) == "8 7");
  set(5, entry(9));
  BOOST_TEST(answers(0x5000) == "9 7 8");
  fence({.by_addr = true, .by_asid = true, .addr = 0x5000, .asid = 1});
  BOOST_TEST(answers(0x5000) == "9");
}

BOOST_FIXTURE_TEST_CASE(a_fence_that_does_not_cover_changes_nothing, Scene) {
  set(5, entry(7));
  fence({});
  set(5, entry(8));
  fence({.by_addr = true, .addr = 0x6000});
  fence({.by_asid = true, .asid = 2});
  fence({.op = FenceOp::FetchSync});
  fence({.by_addr = true, .addr = 0x1'0000'5000});
  BOOST_TEST(answers(0x5000) == "8 7");
  fence({.by_asid = true, .asid = 1});
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(other_pages_are_not_affected, Scene) {
  set(5, entry(7));
  set(6, entry(17));
  fence({});
  set(5, entry(8));
  BOOST_TEST(answers(0x6000) == "17");
}

BOOST_FIXTURE_TEST_CASE(an_access_accepted_after_the_fence_was_accepted_sees_only_new, Scene) {
  set(5, entry(7));
  fence({});
  set(5, entry(8));
  const std::uint64_t accepted = ++now;
  legal.on_fence_accepted({}, accepted);
  BOOST_TEST(answers(0x5000, accepted) == "8 7");
  BOOST_TEST(answers(0x5000, accepted + 1) == "8");
}

BOOST_FIXTURE_TEST_CASE(a_change_after_the_fence_was_accepted_is_not_covered_by_it, Scene) {
  set(5, entry(7));
  fence({});
  legal.on_fence_accepted({}, now);
  ++now;
  set(5, entry(8));
  legal.on_fence_acknowledged();
  BOOST_TEST(answers(0x5000) == "8 7");
}

BOOST_FIXTURE_TEST_CASE(a_fault_is_not_remembered_once_the_store_is_done, Scene) {
  const std::uint64_t before = now;
  set(5, entry(7));
  BOOST_TEST(answers(0x5000, before) == "7 invalid");
  BOOST_TEST(answers(0x5000) == "7");
}

BOOST_FIXTURE_TEST_CASE(a_narrowed_right_may_still_be_granted_but_a_widened_one_is_never_denied, Scene) {
  set(5, entry(7, true));
  fence({});
  set(5, entry(7, false));
  BOOST_TEST(answers(0x5000, now, AccessKind::Store) == "write 7");
  fence({});
  set(5, entry(7, true));
  BOOST_TEST(answers(0x5000, now, AccessKind::Store) == "7");
}

BOOST_FIXTURE_TEST_CASE(two_values_that_lead_to_the_same_place_are_one_answer, Scene) {
  set(5, entry(7, true));
  fence({});
  set(5, entry(7, false));
  BOOST_TEST(answers(0x5000) == "7");
}

BOOST_FIXTURE_TEST_CASE(a_store_outside_the_tables_is_not_kept, Scene) {
  set(0x900000, 5, entry(7));
  set(0x900000, 5, entry(8));
  BOOST_TEST(answers(0x5000) == "invalid");
}

BOOST_FIXTURE_TEST_CASE(a_root_left_without_a_fence_may_still_grant_under_its_asid, Scene) {
  entries[0x100000 + 4 * 5] = entry(7);
  entries[0x200000 + 4 * 5] = entry(8);
  BOOST_TEST(answers(0x5000) == "7");
  context.base = PhysAddr(0x200000);
  legal.on_context(context);
  BOOST_TEST(answers(0x5000) == "8 7");
  BOOST_TEST(answers(0x6000) == "invalid");
  fence({.by_addr = true, .addr = 0x5000});
  BOOST_TEST(answers(0x5000) == "8 7");
  fence({});
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(a_root_that_no_access_used_does_not_count, Scene) {
  entries[0x100000 + 4 * 5] = entry(7);
  entries[0x200000 + 4 * 5] = entry(8);
  context.base = PhysAddr(0x200000);
  legal.on_context(context);
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(a_root_under_another_asid_does_not_count, Scene) {
  entries[0x100000 + 4 * 5] = entry(7);
  entries[0x200000 + 4 * 5] = entry(8);
  BOOST_TEST(answers(0x5000) == "7");
  context.base = PhysAddr(0x200000);
  context.asid = 2;
  legal.on_context(context);
  BOOST_TEST(answers(0x5000) == "8");
}

BOOST_FIXTURE_TEST_CASE(without_a_tlb_nothing_is_remembered, Scene) {
  machine.dtlb = {};
  legal = LegalSet(machine);
  legal.on_context(context);
  set(5, entry(7));
  const std::uint64_t before = now;
  set(5, entry(8));
  BOOST_TEST(answers(0x5000) == "8");
  BOOST_TEST(answers(0x5000, before) == "8 7");
}

BOOST_FIXTURE_TEST_CASE(the_mean_counts_every_answer, Scene) {
  set(5, entry(7));
  fence({});
  set(5, entry(8));
  answers(0x5000);
  fence({});
  answers(0x5000);
  BOOST_TEST(legal.queries() == 2U);
  BOOST_TEST(legal.mean_size() == 1.5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
