// SPDX-License-Identifier: Apache-2.0
//
// Tree pseudo-LRU and the mirrors of TLB and cache.
#include <boost/test/unit_test.hpp>
#include <set>

#include "oracle/cache_mirror.h"
#include "oracle/plru.h"
#include "oracle/tlb_mirror.h"
#include "oracle/walk_cache_mirror.h"

namespace vm::test {
namespace {

const Machine& csapp14() { return *find_machine("csapp14"); }
Pte page(std::uint64_t ppn, bool write = true) {
  return {.valid = true, .user = true, .read = true, .write = write, .exec = true, .ppn = Ppn(ppn)};
}
using Verdict = TlbMirror::Verdict;

// An L1 TLB; the superpages of Sv39 have 9 VPN bits a level.
struct Tlb {
  explicit Tlb(std::string_view name) : machine(*find_machine(name)), tlb(machine, machine.dtlb) {}
  Machine machine;
  TlbMirror tlb;
  TlbArray& base() { return tlb.part(false); }

  unsigned fill(std::uint64_t vpn, std::uint16_t asid, const Pte& leaf, unsigned level = 0, bool napot = false) {
    const auto mask = static_cast<std::uint16_t>(low_mask(machine.asid_bits));
    const TlbEntry entry{.valid = true,
                         .vpn = Vpn(vpn),
                         .asid = static_cast<std::uint16_t>(asid & mask),
                         .level = level,
                         .napot = napot,
                         .page = leaf};
    const unsigned way = tlb.part(tlb.is_super(entry)).way_for(entry.vpn, entry.asid);
    tlb.fill(entry);
    return way;
  }
  TlbMirror::Lookup look(std::uint64_t vpn, std::uint16_t asid, AccessKind kind = AccessKind::Load) {
    Context context;
    context.translate = true;
    context.asid = asid;
    return tlb.lookup(context, {.kind = kind, .va = VirtAddr(vpn << machine.format.page_bits)});
  }
  Verdict verdict(std::uint64_t vpn, std::uint16_t asid, AccessKind kind = AccessKind::Load) {
    return look(vpn, asid, kind).verdict;
  }
};
struct FlatTlb : Tlb {
  FlatTlb() : Tlb("flat32") {}
};
struct TreeTlb : Tlb {
  TreeTlb() : Tlb("sv39") {}
  static constexpr std::uint64_t kRam = 0x80000;  // a frame of its memory
};

}  // namespace

BOOST_AUTO_TEST_SUITE(plru)

BOOST_AUTO_TEST_CASE(after_reset_the_victim_is_way_0) { BOOST_TEST(TreePlru(1, 8).victim(0) == 0U); }

BOOST_AUTO_TEST_CASE(touching_turns_every_node_of_the_path_away) {
  TreePlru plru(1, 4);
  plru.touch(0, 0);
  BOOST_TEST(plru.victim(0) == 2U);
  plru.touch(0, 2);
  BOOST_TEST(plru.victim(0) == 1U);
  plru.touch(0, 1);
  BOOST_TEST(plru.victim(0) == 3U);
  plru.touch(0, 3);
  BOOST_TEST(plru.victim(0) == 0U);
}

BOOST_AUTO_TEST_CASE(the_way_touched_last_is_never_the_victim) {
  for (const unsigned ways : {2U, 4U, 8U, 16U}) {
    TreePlru plru(2, ways);
    for (unsigned i = 0; i < 200; ++i) {
      const unsigned way = i * 7 % ways;
      plru.touch(1, way);
      BOOST_TEST(plru.victim(1) != way);
      BOOST_TEST(plru.victim(0) == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(replacing_the_victim_again_and_again_visits_every_way) {
  TreePlru plru(1, 8);
  std::set<unsigned> seen;
  for (unsigned i = 0; i < 8; ++i) {
    seen.insert(plru.victim(0));
    plru.touch(0, plru.victim(0));
  }
  BOOST_TEST(seen.size() == 8U);
}

BOOST_AUTO_TEST_CASE(one_way_is_always_the_victim) {
  TreePlru plru(4, 1);
  plru.touch(3, 0);
  BOOST_TEST(plru.victim(3) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tlb_mirror)

BOOST_AUTO_TEST_CASE(the_set_is_the_low_bits_of_the_page_number) {
  const TlbArray tlb(csapp14(), csapp14().dtlb);
  BOOST_TEST(tlb.set_of(Vpn(0x0F)) == 3U);
  BOOST_TEST(tlb.set_of(Vpn(0x0A)) == 2U);
}

BOOST_FIXTURE_TEST_CASE(fills_go_to_the_lowest_invalid_way_then_to_the_pseudo_lru_victim, FlatTlb) {
  for (unsigned i = 0; i < 4; ++i) BOOST_TEST(fill(16 * i, 0, page(i)) == i);
  base().touch(0, 0);
  BOOST_TEST(fill(16 * 9, 0, page(9)) == 2U);
  BOOST_TEST((verdict(32, 0) == Verdict::Miss));
}

BOOST_FIXTURE_TEST_CASE(an_entry_of_another_asid_does_not_match, FlatTlb) {
  fill(5, 1, page(7));
  BOOST_TEST((verdict(5, 1) == Verdict::Granted));
  BOOST_TEST((verdict(5, 2) == Verdict::Miss));
}

BOOST_FIXTURE_TEST_CASE(asid_bits_the_machine_does_not_have_are_ignored, FlatTlb) {
  fill(5, 0x101, page(7));
  BOOST_TEST((verdict(5, 1) == Verdict::Granted));
}

BOOST_FIXTURE_TEST_CASE(a_hit_without_the_right_is_denied_and_its_refill_takes_the_same_way, FlatTlb) {
  fill(5, 1, page(7));
  fill(5 + 16, 1, page(8, false));
  BOOST_TEST((verdict(5 + 16, 1, AccessKind::Store) == Verdict::Denied));
  BOOST_TEST(fill(5 + 16, 1, page(8, true)) == 1U);
  BOOST_TEST((verdict(5 + 16, 1, AccessKind::Store) == Verdict::Granted));
  BOOST_TEST(!base().entry(5, 2).valid);
}

BOOST_FIXTURE_TEST_CASE(M7_the_lowest_matching_way_wins, FlatTlb) {
  base().write(5, 1, {.valid = true, .vpn = Vpn(5), .asid = 0, .page = page(1)});
  base().write(5, 3, {.valid = true, .vpn = Vpn(5), .asid = 0, .page = page(3)});
  BOOST_TEST(look(5, 0).entry.page.ppn.value == 1U);
}

BOOST_FIXTURE_TEST_CASE(R21_each_fence_removes_exactly_what_matches, FlatTlb) {
  const auto refill = [&] {
    tlb.reset();
    fill(5, 1, page(1));
    fill(5, 2, page(2));
    fill(6, 1, page(3));
  };
  const auto left = [&] {
    return std::string(verdict(5, 1) == Verdict::Granted ? "a" : "-") +
           (verdict(5, 2) == Verdict::Granted ? "b" : "-") + (verdict(6, 1) == Verdict::Granted ? "c" : "-");
  };
  refill();
  tlb.invalidate({.by_addr = true, .by_asid = true, .addr = 0x5FFF, .asid = 1});
  BOOST_TEST(left() == "-bc");
  refill();
  tlb.invalidate({.by_addr = true, .addr = 0x5000});
  BOOST_TEST(left() == "--c");
  refill();
  tlb.invalidate({.by_asid = true, .asid = 1});
  BOOST_TEST(left() == "-b-");
  refill();
  tlb.invalidate({});
  BOOST_TEST(left() == "---");
  refill();
  tlb.invalidate({.by_addr = true, .addr = 0x1'0000'5000});
  BOOST_TEST(left() == "abc");
  tlb.invalidate({.op = FenceOp::FetchSync});
  BOOST_TEST(left() == "abc");
}

BOOST_FIXTURE_TEST_CASE(a_fill_into_an_empty_set_finds_the_pseudo_lru_state_as_after_reset, FlatTlb) {
  for (unsigned i = 0; i < 4; ++i) fill(16 * i, 0, page(i));
  base().touch(0, 3);
  tlb.invalidate({});
  for (unsigned i = 0; i < 4; ++i) fill(16 * i, 0, page(i));
  BOOST_TEST(base().way_for(Vpn(16 * 9), 0) == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_superpage_serves_every_page_in_it_from_the_super_part, TreeTlb) {
  fill(0x40010, 1, page(kRam + 0x210), 1);
  const TlbMirror::Lookup hit = look(0x400 << 9 | 0x1F, 1);
  BOOST_TEST((hit.verdict == Verdict::Miss));
  const TlbMirror::Lookup inside = look(0x40033, 1);
  BOOST_TEST((inside.verdict == Verdict::Granted));
  BOOST_TEST(inside.super);
  BOOST_TEST(translate_by(machine, inside.entry, VirtAddr(0x40033123)).value == 0x80233123U);
}

BOOST_FIXTURE_TEST_CASE(a_napot_range_is_sixteen_pages, TreeTlb) {
  fill(0x123, 1, page(kRam + 0x43), 0, true);
  BOOST_TEST(translate_by(machine, look(0x12F, 1).entry, VirtAddr(0x12F456)).value == 0x8004F456U);
  BOOST_TEST((verdict(0x130, 1) == Verdict::Miss));
}

BOOST_FIXTURE_TEST_CASE(M7_the_base_part_wins_over_the_super_part, TreeTlb) {
  fill(0x40000, 1, page(kRam + 0x200), 1);
  fill(0x40001, 1, page(kRam + 7, false));
  BOOST_TEST(!look(0x40001, 1).super);
  // Even where it denies.
  BOOST_TEST((verdict(0x40001, 1, AccessKind::Store) == Verdict::Denied));
}

BOOST_FIXTURE_TEST_CASE(a_global_page_matches_every_asid_and_outlives_fences_by_asid, TreeTlb) {
  Pte global = page(kRam);
  global.global = true;
  fill(5, 1, global);
  BOOST_TEST((verdict(5, 2) == Verdict::Granted));
  tlb.invalidate({.by_asid = true, .globals = false, .asid = 1});
  BOOST_TEST((verdict(5, 2) == Verdict::Granted));
  tlb.invalidate({.by_addr = true, .addr = 0x5000});
  BOOST_TEST((verdict(5, 2) == Verdict::Miss));
}

BOOST_FIXTURE_TEST_CASE(a_fence_by_any_address_in_a_superpage_removes_it, TreeTlb) {
  fill(0x40010, 1, page(kRam), 1);
  tlb.invalidate({.by_addr = true, .addr = 0x401FF000});
  BOOST_TEST((verdict(0x40010, 1) == Verdict::Miss));
}

BOOST_FIXTURE_TEST_CASE(a_clean_page_denies_a_store_and_a_page_in_a_hole_everything, TreeTlb) {
  Pte clean = page(kRam);
  clean.dirty = false;
  fill(5, 1, clean);
  BOOST_TEST((verdict(5, 1) == Verdict::Granted));
  BOOST_TEST((verdict(5, 1, AccessKind::Store) == Verdict::Denied));
  fill(6, 1, page(0x10));
  BOOST_TEST((verdict(6, 1) == Verdict::Denied));
}

BOOST_AUTO_TEST_CASE(no_ways_is_no_tlb) {
  TlbMirror tlb(csapp14(), csapp14().itlb);
  BOOST_TEST(!tlb.present());
  tlb.invalidate({});
}

BOOST_AUTO_TEST_CASE(array_words_round_trip) {
  const TlbEntry entry{.valid = true, .vpn = Vpn(0xABCDE), .asid = 0x1FF, .page = page(0x3FFFF, false)};
  BOOST_TEST((unpack_tlb_entry(pack_tlb_entry(entry)) == entry));
  const CacheTag tag{.valid = true, .dirty = true, .line = PhysAddr(0x354)};
  BOOST_TEST((unpack_cache_tag(pack_cache_tag(tag)) == tag));
  BOOST_TEST(pack_cache_tag(tag) == 0xC000'0000'0000'0354U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(walk_cache_mirror)

struct WalkCache {
  Machine machine = *find_machine("sv39");
  WalkCacheMirror cache{machine};
  unsigned level(std::uint64_t vpn, std::uint16_t asid) {
    const auto known = cache.lookup(Vpn(vpn), asid, 3);
    return known ? known->level : 0;
  }
};

BOOST_FIXTURE_TEST_CASE(the_deepest_pointer_that_covers_the_page_is_found, WalkCache) {
  cache.fill(Vpn(0x40201), 1, 2, page(3));
  BOOST_TEST(level(0x40201, 1) == 2U);
  cache.fill(Vpn(0x40201), 1, 1, page(4));
  BOOST_TEST(level(0x40201, 1) == 1U);
  BOOST_TEST(level(0x40200, 1) == 1U);  // the same leaf table
  BOOST_TEST(level(0x40401, 1) == 2U);  // another one below the same pointer
  BOOST_TEST(level(0x40201, 2) == 0U);
}

BOOST_FIXTURE_TEST_CASE(pages_whose_keys_differ_above_the_set_index_replace_each_other, WalkCache) {
  cache.fill(Vpn(0x200), 1, 1, page(3));
  cache.fill(Vpn(0x200 + 4 * 0x200), 1, 1, page(4));
  BOOST_TEST(level(0x200, 1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(on_risc_v_a_fence_by_address_leaves_pointers_and_every_other_takes_all, WalkCache) {
  BOOST_TEST(!cache.dropped_by({.by_addr = true, .by_asid = true}));
  BOOST_TEST(cache.dropped_by({.by_asid = true}));
  BOOST_TEST(!cache.dropped_by({.op = FenceOp::CacheClean}));
  const WalkCacheMirror x86(*find_machine("corei7"));
  BOOST_TEST(x86.dropped_by({.by_addr = true}));
}

BOOST_AUTO_TEST_CASE(rights_add_up_along_an_x86_path_and_global_along_a_risc_v_path) {
  Pte above = page(1), entry = page(2);
  above.write = false;
  above.global = true;
  BOOST_TEST(!along_path(find_machine("corei7")->format, above, entry).write);
  BOOST_TEST(along_path(find_machine("sv39")->format, above, entry).global);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cache_mirror)

BOOST_AUTO_TEST_CASE(the_set_is_the_address_above_the_line) {
  const CacheMirror cache(csapp14().dcache);
  BOOST_TEST(cache.set_of(PhysAddr(0x354)) == 5U);
  BOOST_TEST(cache.line_of(PhysAddr(0x357)).value == 0x354U);
}

struct TwoWays {
  CacheMirror cache{CacheGeometry{.sets = 2, .ways = 2, .line_bytes = 8}};
  CacheTag bring(std::uint64_t pa) {
    const CacheMirror::Place place = cache.victim(PhysAddr(pa));
    const CacheTag gone = cache.begin_fill(place);
    cache.end_fill(place, PhysAddr(pa));
    return gone;
  }
};

BOOST_FIXTURE_TEST_CASE(a_dirty_victim_is_named_with_its_address, TwoWays) {
  bring(0x00);
  cache.hit(*cache.find(PhysAddr(0x04)), true);
  bring(0x10);
  const CacheTag gone = bring(0x20);
  BOOST_TEST(gone.valid);
  BOOST_TEST(gone.dirty);
  BOOST_TEST(gone.line.value == 0x00U);
  BOOST_TEST(!cache.find(PhysAddr(0x00)).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_failed_fill_leaves_the_way_empty_and_the_pseudo_lru_untouched, TwoWays) {
  bring(0x00);
  bring(0x10);
  cache.hit(*cache.find(PhysAddr(0x00)), false);
  const CacheMirror::Place place = cache.victim(PhysAddr(0x20));
  BOOST_TEST(place.way == 1U);
  cache.begin_fill(place);
  BOOST_TEST(!cache.find(PhysAddr(0x10)).has_value());
  BOOST_TEST(!cache.find(PhysAddr(0x20)).has_value());
  BOOST_TEST(cache.victim(PhysAddr(0x20)).way == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_new_line_is_clean_and_a_write_makes_it_dirty_until_cleaned, TwoWays) {
  bring(0x08);
  const CacheMirror::Place place = *cache.find(PhysAddr(0x08));
  BOOST_TEST(!cache.tag(place).dirty);
  cache.hit(place, true);
  BOOST_TEST(cache.tag(place).dirty);
  cache.clean(place);
  BOOST_TEST(!cache.tag(place).dirty);
  BOOST_TEST(cache.tag(place).valid);
}

BOOST_FIXTURE_TEST_CASE(an_invalidated_way_is_filled_before_the_pseudo_lru_victim, TwoWays) {
  bring(0x00);
  bring(0x10);
  cache.invalidate(*cache.find(PhysAddr(0x10)));
  BOOST_TEST(cache.victim(PhysAddr(0x20)).way == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
