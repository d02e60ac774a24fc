// SPDX-License-Identifier: Apache-2.0
//
// The reference platform: what it reports is what the hardware does when each access waits for the one before.
#include "platform/reference_platform.h"

#include <boost/test/unit_test.hpp>

namespace vm::test {
namespace {

struct Bench {
  explicit Bench(std::string_view name) : platform(*find_machine(name)) {}
  AccessResult perform(AccessKind kind, std::uint64_t va, std::uint8_t size_log2, std::uint64_t data = 0) {
    const Access access{.kind = kind, .user = true, .size_log2 = size_log2, .va = VirtAddr(va), .data = data};
    AccessResult result;
    platform.perform(std::span(&access, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }
  AccessResult load(std::uint64_t va, std::uint8_t size_log2) { return perform(AccessKind::Load, va, size_log2); }
  void bytes(std::uint64_t pa, const std::vector<std::uint8_t>& values) { platform.preload(PhysAddr(pa), values); }
  void translate(std::uint64_t base) {
    BOOST_TEST(platform.ctl_write(CtlReg::Base, base, false));
    BOOST_TEST(platform.ctl_write(CtlReg::Mode, 1, false));
  }
  ReferencePlatform platform;
};

struct Csapp14 : Bench {
  Csapp14() : Bench("csapp14") {
    bytes(0x1000, std::vector<std::uint8_t>(16, 0));
    bytes(0x100F, {0x80 | 0x0D});
    bytes(0x100A, {0x80 | 0x09});
    translate(0x1000);
  }
};

struct Toy10 : Bench {
  Toy10() : Bench("toy10") {
    bytes(0x800, {0x82, 0x87, 0x00, 0x80});
    bytes(0x7D2, {0x5A});
    translate(0x800);
  }
};

struct Flat32 : Bench {
  Flat32() : Bench("flat32") {
    bytes(0x100000, {0x1D, 0x10, 0, 0, 0x1D, 0x20, 0, 0});  // page 0 -> frame 1, page 1 -> frame 2, all rights
    translate(0x100000);
  }
};

constexpr std::uint64_t kVa = 0x1000;  // of the one page that the tables below map

// Three tables one after the other, a page of data behind them. Entries are little-endian and of 8 bytes.
struct Tables : Bench {
  using Bench::Bench;
  void entry(std::uint64_t pa, std::uint64_t value) {
    std::vector<std::uint8_t> little;
    for (unsigned i = 0; i < 8; ++i) little.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    bytes(pa, little);
  }
  std::uint64_t memory(std::uint64_t pa) {
    std::array<std::uint8_t, 8> little{};
    BOOST_TEST(platform.host_read(PhysAddr(pa), little));
    std::uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;) value = value << 8 | little.at(i);
    return value;
  }
  AccessResult as_supervisor(AccessKind kind, bool sum, bool mxr = false) {
    Access access;
    access.kind = kind;
    access.user = false;
    access.sum = sum;
    access.mxr = mxr;
    access.va = VirtAddr(kVa);
    AccessResult result;
    platform.perform(std::span(&access, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }
};

constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kG = 32, kA = 64, kD = 128;
struct Sv39 : Tables {
  Sv39() : Tables("sv39") {
    entry(0x8000'0000, kMid | kV);
    entry(0x8000'1000, kLast | kV);
    leaf(kR | kW | kU | kA);
    root(1);
  }
  void leaf(std::uint64_t flags) { entry(kLeaf, 0x80003ULL << 10 | kV | flags); }
  void root(std::uint64_t asid) {
    BOOST_TEST(platform.ctl_write(CtlReg::Root, 8ULL << 60 | asid << 44 | 0x80000, false));
  }
  static constexpr std::uint64_t kLeaf = 0x8000'2008, kMid = 0x80001ULL << 10, kLast = 0x80002ULL << 10;
};

struct X86 : Tables {
  X86() : Tables("corei7") {
    entry(0x1000, 0x2000 | kAll);
    entry(0x2000, 0x3000 | kAll);
    entry(0x3000, 0x4000 | kAll);
    entry(0x4008, 0x5000 | kAll);
    BOOST_TEST(platform.ctl_write(CtlReg::Root, 0x1000, false));
    BOOST_TEST(platform.ctl_write(CtlReg::Env, 1, false));
  }
  static constexpr std::uint64_t kAll = 7, kAccessed = 32, kDirty = 64;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(reference_platform)

BOOST_FIXTURE_TEST_CASE(the_lectures_first_load_hits_tlb_and_cache_set_by_the_array_port, Csapp14) {
  const TlbEntry entry{.valid = true, .vpn = Vpn(0x0F), .asid = 0, .page = {.valid = true, .ppn = Ppn(0x0D)}};
  const ArrayWords words = pack_tlb_entry(entry);
  platform.array_write({.array = Array::Dtlb, .set = 3, .way = 1, .data0 = words.data0, .data1 = words.data1});
  const CacheTag tag{.valid = true, .dirty = false, .line = PhysAddr(0x354)};
  platform.array_write({.array = Array::DcacheTag, .set = 5, .data0 = pack_cache_tag(tag)});
  platform.array_write({.array = Array::DcacheData, .set = 5, .data0 = 0x1DF07236});
  const AccessResult result = load(0x03D4, 0);
  BOOST_TEST(result.data == 0x36U);
  BOOST_TEST(result.pa.value == 0x354U);
  BOOST_TEST((result.tlb == Hit::Hit));
  BOOST_TEST((result.cache == Hit::Hit));
  BOOST_TEST(result.entry_reads == 0U);
  BOOST_TEST(result.bus_reads == 0U);
  BOOST_TEST(platform.array_read(Array::DcacheTag, 5, 0, 0).data0 == pack_cache_tag(tag));
}

BOOST_FIXTURE_TEST_CASE(a_miss_reads_one_entry_and_one_line, Csapp14) {
  const AccessResult first = load(0x028F, 0);
  BOOST_TEST(first.pa.value == 0x24FU);
  BOOST_TEST((first.tlb == Hit::Miss));
  BOOST_TEST((first.cache == Hit::Miss));
  BOOST_TEST(first.entry_addr.value == 0x100AU);
  BOOST_TEST(first.bus_reads == 2U);
  const AccessResult second = load(0x028C, 0);
  BOOST_TEST((second.tlb == Hit::Hit));
  BOOST_TEST((second.cache == Hit::Hit));
  BOOST_TEST(second.bus_reads == 0U);
}

BOOST_FIXTURE_TEST_CASE(without_tlb_and_cache_a_load_costs_two_reads_and_nothing_hits, Toy10) {
  const AccessResult result = load(0x1D2, 0);
  BOOST_TEST(result.data == 0x5AU);
  BOOST_TEST(result.pa.value == 0x7D2U);
  BOOST_TEST((result.tlb == Hit::NotAsked));
  BOOST_TEST((result.cache == Hit::NotAsked));
  BOOST_TEST(result.bus_reads == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_walk_through_the_cache_finds_its_entry_there, Flat32) {
  const AccessResult first = load(0x0, 3);
  BOOST_TEST(first.entry_reads == 1U);
  BOOST_TEST(first.bus_reads == 2U);
  const AccessResult second = load(0x1000, 3);
  BOOST_TEST(second.entry_reads == 1U);
  BOOST_TEST(second.bus_reads == 1U);  // the entry lies in the line of the first
}

BOOST_FIXTURE_TEST_CASE(a_crossing_access_is_translated_twice_and_moved_twice, Flat32) {
  const AccessResult result = perform(AccessKind::Store, 0xFFC, 3, 0x8877665544332211);
  BOOST_TEST(result.entry_reads == 2U);
  BOOST_TEST(load(0x1000, 2).data == 0x88776655U);
  BOOST_TEST(load(0xFFC, 3).data == 0x8877665544332211U);
}

BOOST_FIXTURE_TEST_CASE(a_dirty_line_stays_in_the_cache_until_it_is_cleaned, Flat32) {
  perform(AccessKind::Store, 0x10, 3, 7);
  BOOST_TEST(perform(AccessKind::Fetch, 0x10, 3).data == 0U);
  BOOST_TEST(platform.fence({.op = FenceOp::CacheClean}));
  BOOST_TEST(perform(AccessKind::Fetch, 0x10, 3).data == 0U);
  BOOST_TEST(platform.fence({.op = FenceOp::FetchSync}));
  BOOST_TEST(perform(AccessKind::Fetch, 0x10, 3).data == 7U);
}

BOOST_FIXTURE_TEST_CASE(invalidating_without_cleaning_drops_what_was_written, Flat32) {
  perform(AccessKind::Store, 0x10, 3, 7);
  BOOST_TEST(platform.fence({.op = FenceOp::CacheInvalidate, .by_addr = true, .addr = 0x1010}));
  BOOST_TEST(load(0x10, 3).data == 0U);
}

BOOST_FIXTURE_TEST_CASE(the_host_port_is_coherent_with_the_data_cache, Flat32) {
  perform(AccessKind::Store, 0x10, 3, 0x1234);
  std::array<std::uint8_t, 2> bytes{};
  BOOST_TEST(platform.host_read(PhysAddr(0x1010), bytes));
  BOOST_TEST(bytes[0] == 0x34);
  const std::array<std::uint8_t, 1> byte = {0x99};
  BOOST_TEST(platform.host_write(PhysAddr(0x1011), byte));
  BOOST_TEST(load(0x10, 3).data == 0x9934U);
  BOOST_TEST(!platform.host_read(PhysAddr(0x38000000), bytes));
}

BOOST_FIXTURE_TEST_CASE(bus_errors_on_entry_and_on_data_are_told_apart, Flat32) {
  platform.add_error_range(PhysAddr(0x1040), PhysAddr(0x1041));
  const AccessResult data = load(0x48, 3);
  BOOST_TEST((data.fault.cause == Cause::Bus));
  BOOST_TEST(data.fault.va.value == 0x48U);
  BOOST_TEST(data.fault.pte_addr.value == 0U);
  BOOST_TEST(!load(0x0, 3).fault);
  platform.add_error_range(PhysAddr(0x100040), PhysAddr(0x100080));
  const AccessResult entry = load(0x10000, 3);
  BOOST_TEST((entry.fault.cause == Cause::EntryBus));
  BOOST_TEST(entry.fault.pte_addr.value == 0x100040U);
}

BOOST_FIXTURE_TEST_CASE(a_denied_hit_is_walked_and_reports_the_entry, Flat32) {
  bytes(0x100004, {0x05});  // page 1: no write
  load(0x1000, 3);
  const AccessResult result = perform(AccessKind::Store, 0x1000, 3);
  BOOST_TEST((result.fault.cause == Cause::Write));
  BOOST_TEST((result.tlb == Hit::Miss));
  BOOST_TEST(result.fault.pte == 0x2005U);
}

BOOST_AUTO_TEST_CASE(control_writes_that_cannot_be_are_refused_and_change_nothing) {
  Bench b("flat32");
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Base, 0x40000000, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Base, 0x1002, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Limit, (1U << 20) + 1, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Asid, 0x100, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Mode, 2, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::TrapBase, 0, false));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Mode, 1, true));
  BOOST_TEST(!b.platform.fence({.user = true}));
  BOOST_TEST(!b.platform.ctl_write(CtlReg::Root, 0, false));
  BOOST_TEST((b.platform.context() == Control(b.platform.machine()).context()));
}

BOOST_AUTO_TEST_CASE(an_exception_swaps_the_base_and_its_return_brings_it_back) {
  Bench b("toy10");
  BOOST_TEST(b.platform.ctl_write(CtlReg::Base, 0x800, false));
  BOOST_TEST(b.platform.ctl_write(CtlReg::TrapBase, 0x900, false));
  BOOST_TEST(b.platform.ctl_write(CtlReg::TrapEnter, 0, true));
  BOOST_TEST(b.platform.context().base.value == 0x900U);
  BOOST_TEST(!b.platform.ctl_write(CtlReg::TrapReturn, 0, true));
  BOOST_TEST(b.platform.ctl_write(CtlReg::TrapReturn, 0, false));
  BOOST_TEST(b.platform.context().base.value == 0x800U);
}

BOOST_AUTO_TEST_CASE(a_preload_after_the_start_is_counted_as_backdoor) {
  Bench b("toy5");
  b.bytes(0, {1});
  BOOST_TEST(b.platform.backdoor_accesses() == 0U);
  b.load(0, 0);
  b.bytes(0, {2});
  BOOST_TEST(b.platform.backdoor_accesses() == 1U);
}

BOOST_AUTO_TEST_CASE(a_machine_without_array_port_says_so) {
  Bench b("flat32");
  BOOST_CHECK_THROW(b.platform.array_read(Array::Dtlb, 0, 0, 0), std::logic_error);
}

BOOST_FIXTURE_TEST_CASE(R13_without_ADUE_a_store_faults_until_software_sets_the_dirty_bit, Sv39) {
  BOOST_TEST(!load(kVa, 3).fault);
  const AccessResult result = perform(AccessKind::Store, kVa, 3, 1);
  BOOST_TEST((result.fault.cause == Cause::Dirty));
  BOOST_TEST(result.fault.code == 15);
  BOOST_TEST(result.entry_reads == 3U);
  leaf(kR | kW | kU | kA | kD);
  BOOST_TEST(platform.fence({.op = FenceOp::CacheCleanInvalidate}));
  BOOST_TEST(!perform(AccessKind::Store, kVa, 3, 1).fault);
}

BOOST_FIXTURE_TEST_CASE(R13_R19_with_ADUE_the_first_access_sets_A_and_the_first_store_D, Sv39) {
  leaf(kR | kW | kU);
  BOOST_TEST(platform.ctl_write(CtlReg::Env, 1U << 8, false));
  BOOST_TEST(!load(kVa, 3).fault);
  BOOST_TEST((memory(kLeaf) & (kA | kD)) == kA);
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
  const AccessResult store = perform(AccessKind::Store, kVa, 3, 0x55);
  BOOST_TEST(!store.fault);
  BOOST_TEST((store.tlb == Hit::Miss));  // an entry without D does not serve a store
  BOOST_TEST((memory(kLeaf) & (kA | kD)) == (kA | kD));
  BOOST_TEST((perform(AccessKind::Store, kVa, 3, 0x55).tlb == Hit::Hit));
  BOOST_TEST(memory(0x8000'3000) == 0x55U);
}

BOOST_FIXTURE_TEST_CASE(R11_R18_privilege_SUM_and_MXR_are_judged_at_each_use, Sv39) {
  BOOST_TEST(!load(kVa, 3).fault);
  BOOST_TEST((as_supervisor(AccessKind::Load, false).fault.cause == Cause::Privilege));
  BOOST_TEST((as_supervisor(AccessKind::Load, true).tlb == Hit::Hit));
  leaf(kX | kU | kA);
  BOOST_TEST(platform.fence({}));
  BOOST_TEST(platform.fence({.op = FenceOp::CacheCleanInvalidate}));
  BOOST_TEST((as_supervisor(AccessKind::Load, true).fault.cause == Cause::Read));
  BOOST_TEST(!as_supervisor(AccessKind::Load, true, true).fault);
}

BOOST_FIXTURE_TEST_CASE(R16_a_global_page_is_known_in_every_address_space, Sv39) {
  leaf(kR | kU | kA | kG);
  load(kVa, 3);
  root(2);
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
  BOOST_TEST(platform.fence({.by_asid = true, .globals = false, .asid = 2}));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
  BOOST_TEST(platform.fence({.by_addr = true, .addr = kVa}));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
}

BOOST_FIXTURE_TEST_CASE(R18_R21_asids_keep_translations_apart_and_a_fence_names_one, Sv39) {
  load(kVa, 3);
  root(2);
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
  BOOST_TEST(platform.fence({.by_asid = true, .globals = false, .asid = 2}));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
  root(1);
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
}

BOOST_FIXTURE_TEST_CASE(R21_a_fence_of_an_address_no_access_can_have_removes_nothing, Sv39) {
  load(kVa, 3);
  BOOST_TEST(platform.fence({.by_addr = true, .addr = kVa | 1ULL << 39}));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
  BOOST_TEST(platform.fence({.by_addr = true, .addr = kVa}));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
}

BOOST_FIXTURE_TEST_CASE(R29_a_non_cacheable_page_bypasses_the_cache_and_sees_what_another_mapping_left_there, Sv39) {
  BOOST_TEST(platform.ctl_write(CtlReg::Env, 1U << 9, false));
  leaf(kR | kW | kU | kA | kD);
  perform(AccessKind::Store, kVa, 3, 0x1234);
  leaf(kR | kW | kU | kA | kD | 1ULL << 61);
  BOOST_TEST(platform.fence({}));
  BOOST_TEST(platform.fence({.op = FenceOp::CacheCleanInvalidate, .by_addr = true, .addr = kLeaf}));
  for (const unsigned again : {0U, 1U}) {
    const AccessResult result = load(kVa, 3);
    BOOST_TEST(result.data == 0x1234U);
    BOOST_TEST((result.cache == Hit::NotAsked));
    if (again != 0) BOOST_TEST(result.bus_reads == 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(R34_both_pages_of_a_crossing_store_are_translated_before_a_byte_moves, Sv39) {
  leaf(kR | kW | kU | kA | kD);
  const AccessResult result = perform(AccessKind::Store, kVa + 0xFFC, 3, ~0ULL);
  BOOST_TEST((result.fault.cause == Cause::Invalid));
  BOOST_TEST(result.fault.va.value == kVa + 0x1000);  // R15
  BOOST_TEST(memory(0x8000'3FF8) == 0U);
}

BOOST_FIXTURE_TEST_CASE(X10_X11_a_walk_sets_accessed_bits_on_the_way_and_dirty_in_the_leaf, X86) {
  BOOST_TEST(!perform(AccessKind::Store, kVa, 3, 1).fault);
  for (const std::uint64_t pa : {0x1000ULL, 0x2000ULL, 0x3000ULL}) {
    BOOST_TEST((memory(pa) & (kAccessed | kDirty)) == kAccessed);
  }
  BOOST_TEST((memory(0x4008) & (kAccessed | kDirty)) == (kAccessed | kDirty));
}

BOOST_FIXTURE_TEST_CASE(X10_a_walk_that_fails_leaves_the_accessed_bits_above, X86) {
  const AccessResult result = load(kVa + 0x1000, 3);
  BOOST_TEST(result.fault.code == 0x0E04);
  BOOST_TEST((memory(0x3000) & kAccessed) == kAccessed);
}

BOOST_FIXTURE_TEST_CASE(X13_loading_CR3_forgets_and_with_PCIDE_and_bit_63_keeps, X86) {
  load(kVa, 3);
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
  BOOST_TEST(platform.ctl_write(CtlReg::Root, 0x1000, false));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
  BOOST_TEST(platform.ctl_write(CtlReg::Env, 1 | 8, false));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
  BOOST_TEST(platform.ctl_write(CtlReg::Root, 0x1001, false));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Miss));
  BOOST_TEST(platform.ctl_write(CtlReg::Root, 0x1000 | 1ULL << 63, false));
  BOOST_TEST((load(kVa, 3).tlb == Hit::Hit));
}

BOOST_FIXTURE_TEST_CASE(X24_a_right_that_was_given_is_found_without_an_invalidation, X86) {
  entry(0x4008, 0x5000 | 5 | kAccessed);
  load(kVa, 3);
  const AccessResult denied = perform(AccessKind::Store, kVa, 3, 1);
  BOOST_TEST(denied.fault.code == 0x0E07);
  const std::array<std::uint8_t, 1> writable = {0x67};
  BOOST_TEST(platform.host_write(PhysAddr(0x4008), writable));
  BOOST_TEST(!perform(AccessKind::Store, kVa, 3, 1).fault);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
