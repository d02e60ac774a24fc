// SPDX-License-Identifier: Apache-2.0
//
// The reference walker through several levels: RISC-V and x86, rule by rule.
#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

#include "machine/reference_walker.h"

namespace vm::test {
namespace {

// RISC-V (R2) and x86 (X17).
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kG = 32, kA = 64, kD = 128;
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kPwt = 8, kXa = 32, kXd = 64, kPs = 128, kXg = 256;
constexpr std::uint64_t kNx = 1ULL << 63;
constexpr AccessKind kFetch = AccessKind::Fetch, kLoad = AccessKind::Load, kStore = AccessKind::Store;

std::string cause(const WalkResult& result) { return std::string(to_string(result.fault.cause)); }

// Tables that are a map; what is not in it is zero. Remembers what was read.
struct Tables {
  explicit Tables(std::string_view name, std::uint64_t root) : machine(*find_machine(name)) {
    context.translate = true;
    context.levels = machine.format.levels;
    context.base = PhysAddr(root);
  }
  WalkResult operator()(std::uint64_t va, AccessKind kind = kLoad, bool user = true) {
    Request request;
    request.kind = kind;
    request.user = user;
    request.va = VirtAddr(va);
    return walk(machine, context, request, [this](PhysAddr entry, unsigned level) {
      reads.emplace_back(entry.value, level);
      return bus_error == entry.value ? std::nullopt : std::optional(entries[entry.value]);
    });
  }

  Machine machine;
  Context context;
  std::map<std::uint64_t, std::uint64_t> entries;
  std::uint64_t bus_error = ~0ULL;
  std::vector<std::pair<std::uint64_t, unsigned>> reads;
};

constexpr std::uint64_t kRoot = 0x8000'0000, kMid = 0x8000'1000, kLast = 0x8000'2000;
constexpr std::uint64_t kPage = 0x8123'4000;
std::uint64_t riscv(std::uint64_t pa, std::uint64_t flags) { return pa >> 12 << 10 | flags; }

// Addresses whose index is 1 at level 2, 2 at level 1, 3 at level 0.
constexpr std::uint64_t kVa = 1ULL << 30 | 2ULL << 21 | 3ULL << 12;

struct Sv39 : Tables {
  Sv39() : Tables("sv39", kRoot) {
    entries[kRoot + 8] = riscv(kMid, kV);
    entries[kMid + 16] = riscv(kLast, kV);
    leaf() = riscv(kPage, kV | kR | kW | kX | kU | kA | kD);
  }
  std::uint64_t& leaf() { return entries[kLast + 24]; }
};

// The same tables for x86; level 3 has index 0.
constexpr std::uint64_t kX86Root = 0x10'0000, kX86Pdpt = 0x10'1000, kX86Pd = 0x10'2000, kX86Pt = 0x10'3000;
struct X86 : Tables {
  X86() : Tables("corei7", kX86Root) {
    context.env = {.adue = true, .pg = true, .wp = true, .nxe = true};
    entries[kX86Root] = kX86Pdpt | kAll;
    entries[kX86Pdpt + 8] = kX86Pd | kAll;
    entries[kX86Pd + 16] = kX86Pt | kAll;
    leaf() = 0x123'4000 | kAll | kXd;
  }
  static constexpr std::uint64_t kAll = kP | kRw | kUs | kXa;
  std::uint64_t& pml4e() { return entries[kX86Root]; }
  std::uint64_t& pdpte() { return entries[kX86Pdpt + 8]; }
  std::uint64_t& pde() { return entries[kX86Pd + 16]; }
  std::uint64_t& leaf() { return entries[kX86Pt + 24]; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(riscv_walk)

BOOST_FIXTURE_TEST_CASE(R5_tables_are_walked_from_the_root_and_every_level_takes_its_index, Sv39) {
  const WalkResult result = (*this)(kVa + 0x567);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == kPage + 0x567);
  BOOST_TEST(result.level == 0U);
  BOOST_REQUIRE(result.entry_reads == 3U);
  const std::vector<std::pair<std::uint64_t, unsigned>> expected = {{kRoot + 8, 2}, {kMid + 16, 1}, {kLast + 24, 0}};
  BOOST_TEST((reads == expected));
  BOOST_TEST(result.path.at(1).entry.value == kMid + 16);
  BOOST_TEST(result.path.at(1).value == riscv(kMid + 0x1000, kV));
  BOOST_TEST(result.entry_addr.value == kLast + 24);
}

BOOST_AUTO_TEST_CASE(R1_sv32_has_two_levels_of_1024_entries_and_34_bit_addresses) {
  Tables t("sv32", kRoot);
  t.entries[kRoot + 4 * 0x3FF] = riscv(kMid, kV);
  t.machine.regions.push_back({.base = PhysAddr(0x3'F000'0000), .size = 0x1000'0000, .cacheable = true});
  t.entries[kMid + 4 * 0x201] = riscv(0x3'FFFF'F000, kV | kR | kU | kA);
  const WalkResult result = t(0xFFE0'1ABC);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == 0x3'FFFF'FABCU);
}

BOOST_AUTO_TEST_CASE(R1_R27_the_mode_says_how_many_levels_are_walked) {
  Tables t("sv57", kRoot);
  t.entries[kRoot] = riscv(kMid, kV);
  for (const unsigned levels : {3U, 4U, 5U}) {
    t.context.levels = levels;
    t.reads.clear();
    t(0);
    BOOST_REQUIRE(!t.reads.empty());
    BOOST_TEST(t.reads.front().second == levels - 1);
  }
}

BOOST_AUTO_TEST_CASE(R4_R27_the_upper_bits_repeat_the_highest_bit_of_the_mode_not_of_the_machine) {
  Tables t("sv57", kRoot);
  for (const unsigned levels : {3U, 4U, 5U}) {
    const unsigned width = 12 + 9 * levels;
    t.context.levels = levels;
    const std::uint64_t top = 1ULL << (width - 1);
    BOOST_TEST(cause(t(top - 1)) == "invalid", levels);
    BOOST_TEST(cause(t(~(top - 1))) == "invalid", levels);
    t.reads.clear();
    BOOST_TEST(cause(t(top)) == "va", levels);
    BOOST_TEST(cause(t(~top)) == "va", levels);
    BOOST_TEST(t.reads.empty());
  }
}

BOOST_FIXTURE_TEST_CASE(R4_wrong_upper_bits_are_a_page_fault_of_the_access, Sv39) {
  BOOST_TEST((*this)(1ULL << 38, kFetch).fault.code == 12);
  BOOST_TEST((*this)(1ULL << 38, kLoad).fault.code == 13);
  BOOST_TEST((*this)(1ULL << 38, kStore).fault.code == 15);
}

BOOST_FIXTURE_TEST_CASE(R6_a_table_in_a_hole_or_a_bus_error_is_an_access_fault_of_the_access, Sv39) {
  entries[kMid + 16] = riscv(0x1000, kV);
  const WalkResult hole = (*this)(kVa, kFetch);
  BOOST_TEST(cause(hole) == "entry-access");
  BOOST_TEST(hole.fault.code == 1);
  BOOST_TEST(hole.fault.level == 0);
  BOOST_TEST(hole.fault.pte_addr.value == 0x1018U);
  BOOST_TEST(hole.entry_reads == 2U);
  bus_error = kMid + 16;
  const WalkResult error = (*this)(kVa, kStore);
  BOOST_TEST(cause(error) == "entry-bus");
  BOOST_TEST(error.fault.code == 7);
  BOOST_TEST(error.fault.level == 1);
  BOOST_TEST(error.fault.pte == 0U);
  BOOST_TEST((*this)(kVa, kLoad).fault.code == 5);
}

BOOST_AUTO_TEST_CASE(R6_addresses_beyond_the_physical_width_fault_and_do_not_wrap) {
  Tables t("sv39-ulx3s", kRoot);
  t.entries[kRoot + 8] = riscv(kMid | 1ULL << 40, kV);
  BOOST_TEST(cause(t(kVa)) == "entry-access");
  BOOST_TEST(t.reads.size() == 1U);
  t.entries[kRoot + 8] = riscv(0xC000'0000 | 1ULL << 40, kV | kR | kA | kU);
  BOOST_TEST(cause(t(kVa)) == "access");
  t.context.base = PhysAddr(kRoot | 1ULL << 34);
  BOOST_TEST(cause(t(kVa)) == "entry-access");
}

BOOST_FIXTURE_TEST_CASE(R7_R8_each_level_reports_what_it_finds_with_its_level, Sv39) {
  entries[kMid + 16] = ~kV;
  const WalkResult invalid = (*this)(kVa);
  BOOST_TEST(cause(invalid) == "invalid");
  BOOST_TEST(invalid.fault.level == 1);
  BOOST_TEST(invalid.fault.pte == ~kV);
  entries[kMid + 16] = riscv(kLast, kV | kA);
  BOOST_TEST(cause((*this)(kVa)) == "reserved");
  entries[kMid + 16] = riscv(kLast, kV);
  leaf() = riscv(kPage, kV);
  const WalkResult pointer = (*this)(kVa);
  BOOST_TEST(cause(pointer) == "reserved");
  BOOST_TEST(pointer.fault.level == 0);
}

BOOST_FIXTURE_TEST_CASE(R9_R14_a_superpage_takes_the_lower_indices_from_the_address, Sv39) {
  entries[kRoot + 8] = riscv(0x8000'0000 + (1ULL << 30), kV | kR | kU | kA);
  const WalkResult giga = (*this)(kVa + 0x567);
  BOOST_TEST(cause(giga) == "none");
  BOOST_TEST(giga.level == 2U);
  BOOST_TEST(giga.entry_reads == 1U);
  BOOST_TEST(giga.pa.value == 0xC000'0000 + (kVa & 0x3FFF'FFFF) + 0x567);
  BOOST_TEST(giga.leaf.ppn.value == giga.pa.value >> 12);
  entries[kRoot + 8] = riscv(0x8000'0000 + (1ULL << 29), kV | kR | kU | kA);
  BOOST_TEST(cause((*this)(kVa)) == "reserved");
  entries[kRoot + 8] = riscv(kMid, kV);
  entries[kMid + 16] = riscv(0x8020'0000, kV | kR | kU | kA);
  BOOST_TEST((*this)(kVa + 0x567).pa.value == 0x8020'0000U + 0x3567);
}

BOOST_FIXTURE_TEST_CASE(R10_R28_a_napot_range_takes_four_page_number_bits_from_the_address, Sv39) {
  leaf() = riscv(0x8123'8000, kV | kR | kU | kA) | 1ULL << 63;
  const WalkResult result = (*this)(kVa + 0x567);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.leaf.napot);
  BOOST_TEST(result.level == 0U);
  BOOST_TEST(result.pa.value == 0x8123'3567U);
}

BOOST_FIXTURE_TEST_CASE(R11_R12_rights_are_judged_at_the_leaf_privilege_first, Sv39) {
  leaf() = riscv(kPage, kV | kX | kU | kA);
  BOOST_TEST(cause((*this)(kVa, kStore, false)) == "privilege");
  BOOST_TEST(cause((*this)(kVa, kStore)) == "write");
  BOOST_TEST((*this)(kVa, kStore).fault.code == 15);
  BOOST_TEST(cause((*this)(kVa, kLoad)) == "read");
  BOOST_TEST(cause((*this)(kVa, kFetch)) == "none");
}

BOOST_FIXTURE_TEST_CASE(R13_without_ADUE_clear_A_and_D_are_page_faults_that_come_after_the_right, Sv39) {
  leaf() = riscv(kPage, kV | kR | kU);
  BOOST_TEST(cause((*this)(kVa, kStore)) == "write");
  BOOST_TEST(cause((*this)(kVa, kLoad)) == "accessed");
  BOOST_TEST((*this)(kVa, kLoad).fault.code == 13);
  leaf() = riscv(kPage, kV | kR | kW | kU | kA);
  BOOST_TEST(cause((*this)(kVa, kStore)) == "dirty");
  const WalkResult result = (*this)(kVa, kLoad);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(!result.leaf.dirty);
  BOOST_TEST(result.path.at(2).wanted == result.path.at(2).value);
}

BOOST_FIXTURE_TEST_CASE(R13_R31_with_ADUE_the_bits_are_set_and_D_by_stores_only, Sv39) {
  context.env.adue = true;
  leaf() = riscv(kPage, kV | kR | kW | kU);
  const WalkResult load = (*this)(kVa, kLoad);
  BOOST_TEST(cause(load) == "none");
  BOOST_TEST(load.path.at(2).value == leaf());
  BOOST_TEST(load.path.at(2).wanted == (leaf() | kA));
  BOOST_TEST((load.leaf.accessed && !load.leaf.dirty));
  const WalkResult store = (*this)(kVa, kStore);
  BOOST_TEST(store.path.at(2).wanted == (leaf() | kA | kD));
  BOOST_TEST(store.leaf.dirty);
  BOOST_TEST(store.entry == (leaf() | kA | kD));
  for (const unsigned upper : {0U, 1U}) BOOST_TEST(store.path.at(upper).wanted == store.path.at(upper).value);
  // Only an access that is allowed sets them.
  const WalkResult denied = (*this)(kVa, kFetch);
  BOOST_TEST(cause(denied) == "exec");
  BOOST_TEST(denied.path.at(2).wanted == leaf());
}

BOOST_AUTO_TEST_CASE(R31_without_Svadu_the_switch_does_nothing) {
  Tables t("sv39", kRoot);
  t.machine.format.hw_ad = false;
  t.context.env.adue = true;
  t.entries[kRoot] = riscv(0x8000'0000, kV | kR | kU);
  BOOST_TEST(cause(t(0)) == "accessed");
}

BOOST_FIXTURE_TEST_CASE(R14_the_final_address_is_judged_last_and_the_bits_stay_set, Sv39) {
  leaf() = riscv(0x1000, kV | kR | kU);
  BOOST_TEST(cause((*this)(kVa)) == "accessed");
  context.env.adue = true;
  const WalkResult result = (*this)(kVa);
  BOOST_TEST(cause(result) == "access");
  BOOST_TEST(result.fault.code == 5);
  BOOST_TEST(result.path.at(2).wanted == (leaf() | kA));
  BOOST_TEST(result.fault.pte == (leaf() | kA));
  BOOST_TEST(result.fault.pte_addr.value == kLast + 24);
}

BOOST_FIXTURE_TEST_CASE(R15_the_fault_carries_the_address_of_the_access, Sv39) {
  leaf() = 0;
  BOOST_TEST((*this)(kVa + 0x567).fault.va.value == kVa + 0x567);
}

BOOST_FIXTURE_TEST_CASE(R16_global_anywhere_on_the_path_makes_the_translation_global, Sv39) {
  BOOST_TEST(!(*this)(kVa).leaf.global);
  for (const std::uint64_t at : {kRoot + 8, kMid + 16, kLast + 24}) {
    entries[at] |= kG;
    BOOST_TEST((*this)(kVa).leaf.global);
    entries[at] &= ~kG;
  }
}

BOOST_FIXTURE_TEST_CASE(R16_a_walk_that_begins_half_way_keeps_what_the_path_above_said, Sv39) {
  Pte above;
  above.leaf = false;
  above.global = true;
  Request request;
  request.va = VirtAddr(kVa);
  const auto reader = [this](PhysAddr entry, unsigned) { return std::optional(entries[entry.value]); };
  const WalkResult half = walk_from(machine, context, request, 0, PhysAddr(kLast), above, reader);
  BOOST_TEST(half.leaf.global);
  BOOST_TEST(half.entry_reads == 1U);
  BOOST_TEST(half.pa.value == kPage);
}

BOOST_FIXTURE_TEST_CASE(R29_the_type_of_the_leaf_is_that_of_the_translation, Sv39) {
  context.env.pbmte = true;
  leaf() |= 2ULL << 61;
  BOOST_TEST(((*this)(kVa).leaf.type == MemType::Io));
  context.env.pbmte = false;
  BOOST_TEST(cause((*this)(kVa)) == "reserved");
}

BOOST_AUTO_TEST_CASE(pages_of_8_KiB_have_tables_of_1024_entries_of_8_bytes) {
  Tables t("riscv8k", kRoot);
  t.entries[kRoot + 8 * 0x3FF] = kRoot >> 13 << 10 | 1ULL << 10 | kV;
  t.entries[kRoot + 0x2000 + 8 * 0x155] = (kRoot >> 13) << 10 | 2ULL << 10 | kV;
  t.entries[kRoot + 0x4000 + 8 * 0x001] = 0x9000'2000ULL >> 13 << 10 | kV | kR | kU | kA;
  const std::uint64_t va = ~low_mask(43) | 0x3FFULL << 33 | 0x155ULL << 23 | 1ULL << 13 | 0x1ABC;
  const WalkResult result = t(va);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == 0x9000'3ABCU);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(x86_walk)

BOOST_FIXTURE_TEST_CASE(X2_four_levels_are_walked, X86) {
  const WalkResult result = (*this)(kVa + 0x567);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == 0x123'4567U);
  const std::vector<std::pair<std::uint64_t, unsigned>> expected = {
      {kX86Root, 3}, {kX86Pdpt + 8, 2}, {kX86Pd + 16, 1}, {kX86Pt + 24, 0}};
  BOOST_TEST((reads == expected));
}

BOOST_FIXTURE_TEST_CASE(X1_an_address_that_is_not_canonical_is_a_general_protection_fault_without_a_walk, X86) {
  const WalkResult result = (*this)(1ULL << 47);
  BOOST_TEST(cause(result) == "va");
  BOOST_TEST(result.fault.code == 0x0D00);
  BOOST_TEST(reads.empty());
}

BOOST_AUTO_TEST_CASE(X16_five_levels_are_walked_with_LA57_and_the_address_is_wider) {
  Tables t("corei7", kX86Root);
  t.machine.format.levels = 5;
  t.machine.format.index_bits.fill(9);
  t.machine.va_bits = 57;
  t.context.env = {.pg = true, .la57 = true};
  t.context.levels = 5;
  t(1ULL << 48);
  BOOST_REQUIRE(t.reads.size() == 1U);
  BOOST_TEST(t.reads.front().first == kX86Root + 8);
  BOOST_TEST(t.reads.front().second == 4U);
  BOOST_TEST(cause(t(1ULL << 56)) == "va");
  t.context.levels = 4;
  BOOST_TEST(cause(t(1ULL << 48)) == "va");
}

BOOST_FIXTURE_TEST_CASE(X3_X15_not_present_comes_before_reserved_and_reserved_before_permission, X86) {
  leaf() = kPs | 1ULL << 63;
  BOOST_TEST(cause((*this)(kVa)) == "invalid");
  pml4e() &= ~kUs;  // denies, but is judged only on a complete translation
  BOOST_TEST(cause((*this)(kVa)) == "invalid");
  BOOST_TEST((*this)(kVa).fault.code == 0x0E04);
  leaf() = 0x123'4000 | kAll;
  BOOST_TEST(cause((*this)(kVa)) == "privilege");
  pde() |= kPs | 1ULL << 13;
  const WalkResult result = (*this)(kVa);
  BOOST_TEST(cause(result) == "reserved");
  BOOST_TEST(result.fault.code == 0x0E0D);
  BOOST_TEST(result.fault.level == 1);
}

BOOST_FIXTURE_TEST_CASE(X4_large_pages_of_two_sizes_take_the_lower_indices_from_the_address, X86) {
  pde() = 0xC00'0000 | kAll | kPs | 1ULL << 12;  // bit 12: PAT
  const WalkResult large = (*this)(kVa + 0x567);
  BOOST_TEST(large.level == 1U);
  BOOST_TEST(large.pa.value == 0xC00'3567U);
  pdpte() = 0x4000'0000 | kAll | kPs;
  const WalkResult giant = (*this)(kVa + 0x567);
  BOOST_TEST(giant.level == 2U);
  BOOST_TEST(giant.pa.value == 0x4040'3567U);
  pml4e() |= kPs;
  BOOST_TEST(cause((*this)(kVa)) == "reserved");
}

BOOST_FIXTURE_TEST_CASE(X5_rights_are_those_of_all_levels_together, X86) {
  for (std::uint64_t* entry : {&pml4e(), &pdpte(), &pde(), &leaf()}) {
    const std::uint64_t before = *entry;
    *entry = before & ~kRw;
    BOOST_TEST(cause((*this)(kVa, kStore)) == "write");
    BOOST_TEST(!(*this)(kVa, kLoad).leaf.write);
    *entry = before & ~kUs;
    BOOST_TEST(cause((*this)(kVa)) == "privilege");
    BOOST_TEST(cause((*this)(kVa, kLoad, false)) == "none");
    *entry = before | kNx;
    BOOST_TEST(cause((*this)(kVa, kFetch)) == "exec");
    *entry = before;
  }
}

BOOST_FIXTURE_TEST_CASE(X5_a_walk_that_begins_half_way_keeps_the_rights_of_the_path_above, X86) {
  Pte above;
  above.leaf = false;
  above.write = false;
  Request request;
  request.kind = kStore;
  request.va = VirtAddr(kVa);
  const auto reader = [this](PhysAddr entry, unsigned) { return std::optional(entries[entry.value]); };
  BOOST_TEST(cause(walk_from(machine, context, request, 0, PhysAddr(kX86Pt), above, reader)) == "write");
}

BOOST_FIXTURE_TEST_CASE(X9_X25_the_error_code_describes_the_access, X86) {
  leaf() = 0;
  BOOST_TEST((*this)(kVa, kLoad, false).fault.code == 0x0E00);
  BOOST_TEST((*this)(kVa, kStore, true).fault.code == 0x0E06);
  BOOST_TEST((*this)(kVa, kFetch, true).fault.code == 0x0E14);
  context.env.nxe = false;
  BOOST_TEST((*this)(kVa, kFetch, true).fault.code == 0x0E04);  // I/D only with NXE or SMEP
  context.env.smep = true;
  leaf() = 0x123'4000 | kAll;
  BOOST_TEST((*this)(kVa, kFetch, false).fault.code == 0x0E11);  // SMEP
  context.env.smap = true;
  BOOST_TEST((*this)(kVa, kStore, false).fault.code == 0x0E03);  // SMAP
  leaf() = 0x123'4000 | kP | kXa;
  BOOST_TEST((*this)(kVa, kStore, false).fault.code == 0x0E03);  // WP
  BOOST_TEST((*this)(kVa, kLoad, true).fault.code == 0x0E05);
  context.env.nxe = true;
  leaf() |= kNx;
  BOOST_TEST((*this)(kVa, kFetch, false).fault.code == 0x0E11);  // XD
}

BOOST_FIXTURE_TEST_CASE(X10_accessed_bits_are_set_on_the_way_down_and_stay_when_the_walk_fails_below, X86) {
  for (std::uint64_t* entry : {&pml4e(), &pdpte(), &pde()}) *entry &= ~kXa;
  leaf() = 0;
  const WalkResult result = (*this)(kVa);
  BOOST_TEST(cause(result) == "invalid");
  for (const unsigned i : {0U, 1U, 2U}) BOOST_TEST(result.path.at(i).wanted == (result.path.at(i).value | kXa));
  // Reserved: nothing is set in that entry.
  pde() |= kNx;
  context.env.nxe = false;
  const WalkResult reserved = (*this)(kVa);
  BOOST_TEST(reserved.path.at(1).wanted != reserved.path.at(1).value);
  BOOST_TEST(reserved.path.at(2).wanted == reserved.path.at(2).value);
}

BOOST_FIXTURE_TEST_CASE(X10_the_leaf_is_marked_only_if_the_access_is_allowed, X86) {
  leaf() &= ~(kXa | kXd | kUs);
  BOOST_TEST((*this)(kVa, kStore, true).path.at(3).wanted == leaf());
  BOOST_TEST((*this)(kVa, kLoad, false).path.at(3).wanted == (leaf() | kXa));
  BOOST_TEST((*this)(kVa, kStore, false).path.at(3).wanted == (leaf() | kXa | kXd));
}

BOOST_FIXTURE_TEST_CASE(X27_a_supervisor_store_to_a_read_only_page_sets_D_without_WP, X86) {
  context.env.wp = false;
  leaf() &= ~(kRw | kXd);
  const WalkResult result = (*this)(kVa, kStore, false);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.path.at(3).wanted == (leaf() | kXd));
}

BOOST_FIXTURE_TEST_CASE(X10_a_table_that_points_to_itself_is_met_with_its_accessed_bit_set, X86) {
  pml4e() = kX86Root | kP | kRw | kUs;
  const WalkResult result = (*this)(0, kStore);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == kX86Root);
  BOOST_TEST(result.path.at(0).wanted == (pml4e() | kXa));
  BOOST_TEST(result.path.at(1).value == (pml4e() | kXa));
  BOOST_TEST(result.path.at(3).value == (pml4e() | kXa));
  BOOST_TEST(result.path.at(3).wanted == (pml4e() | kXa | kXd));
}

BOOST_FIXTURE_TEST_CASE(X13_global_is_a_matter_of_the_leaf_alone, X86) {
  context.env.pge = true;
  pde() |= kXg;
  BOOST_TEST(!(*this)(kVa).leaf.global);
  leaf() |= kXg;
  BOOST_TEST((*this)(kVa).leaf.global);
}

BOOST_FIXTURE_TEST_CASE(X18_the_type_is_that_of_the_leaf, X86) {
  pde() |= kPwt;
  BOOST_TEST(((*this)(kVa).leaf.type == MemType::WriteBack));
  leaf() |= kPwt;
  BOOST_TEST(((*this)(kVa).leaf.type == MemType::WriteThrough));
}

BOOST_FIXTURE_TEST_CASE(X19_memory_that_is_not_there_is_a_machine_check, X86) {
  leaf() = 0xF'F000'0000 | kAll;
  const WalkResult result = (*this)(kVa);
  BOOST_TEST(cause(result) == "access");
  BOOST_TEST(result.fault.code == 0x1200);
  pde() = 0xF'F000'0000 | kAll;
  BOOST_TEST(cause((*this)(kVa)) == "entry-access");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
