// SPDX-License-Identifier: Apache-2.0
//
// Entries: layouts, reserved bits and encodings, rights.
#include "machine/pte.h"

#include <boost/test/unit_test.hpp>
#include <random>

namespace vm::test {
namespace {

const Machine& machine(std::string_view name) { return *find_machine(name); }

// RISC-V with PBMTE, x86 with NXE and PGE: every bit counts.
Context all_on() {
  Context context;
  context.env.pbmte = true;
  context.env.nxe = true;
  context.env.pge = true;
  return context;
}

Pte decode(std::string_view name, std::uint64_t raw, unsigned level = 0, const Context& context = all_on()) {
  return decode_pte(machine(name), context, raw, level);
}
bool reserved(std::string_view name, std::uint64_t raw, unsigned level = 0, const Context& context = all_on()) {
  return decode(name, raw, level, context).reserved;
}
std::uint64_t bit(unsigned n) { return 1ULL << n; }

// RISC-V (R2).
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kG = 32, kA = 64, kD = 128;
constexpr std::uint64_t kLeaf = kV | kR | kW | kX | kU | kA | kD;
// x86 (X17).
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kPwt = 8, kPcd = 16, kXa = 32, kXd = 64, kPs = 128, kXg = 256;

Cause denied(std::string_view name, const Pte& page, const Request& request, const Environment& env = {}) {
  return denied_by(machine(name).format, env, page, request);
}
Pte page(bool user, bool read, bool write, bool exec) {
  Pte pte;
  pte.valid = true;
  pte.user = user;
  pte.read = read;
  pte.write = write;
  pte.exec = exec;
  return pte;
}
constexpr Request ask(AccessKind kind, bool user, bool sum = false, bool mxr = false) {
  return {.kind = kind, .user = user, .sum = sum, .mxr = mxr, .va = {}};
}
constexpr AccessKind kFetch = AccessKind::Fetch, kLoad = AccessKind::Load, kStore = AccessKind::Store;

}  // namespace

BOOST_AUTO_TEST_SUITE(pte)

BOOST_AUTO_TEST_CASE(every_entry_of_every_flat_format_decodes_to_what_was_encoded) {
  for (const Machine& m : machines()) {
    const Format& f = m.format;
    if (f.kind != PteKind::Flat) continue;
    for (unsigned bits = 0; bits < 32; ++bits) {
      for (const std::uint64_t ppn : {std::uint64_t{0}, std::uint64_t{1}, low_mask(f.ppn_bits)}) {
        Pte wished = page((bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0);
        wished.valid = (bits & 1) != 0;
        wished.ppn = Ppn(ppn);
        Pte expected = wished;
        if (!f.kernel_bit) expected.user = true;
        if (!f.read_bit) expected.read = true;
        if (!f.write_bit) expected.write = true;
        if (!f.exec_bit) expected.exec = true;
        BOOST_TEST((expressible(f, wished) == expected), m.name);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_legal_leaf_and_pointer_of_risc_v_and_x86_decodes_to_what_was_encoded) {
  for (const Machine& m : machines()) {
    const Format& f = m.format;
    if (f.kind == PteKind::Flat) continue;
    for (unsigned level = 0; level < f.levels; ++level) {
      for (unsigned bits = 0; bits < 128; ++bits) {
        Pte wished = page((bits & 1) != 0, true, (bits & 2) != 0, (bits & 4) != 0);
        wished.accessed = (bits & 8) != 0;
        wished.dirty = (bits & 16) != 0;
        wished.global = (bits & 32) != 0;
        wished.leaf = (bits & 64) != 0;
        if (wished.leaf && level > f.max_leaf_level) continue;
        if (!wished.leaf && level == 0) continue;
        if (!wished.leaf) {
          wished.dirty = f.kind == PteKind::X86;  // a pointer has none
          if (f.kind == PteKind::X86) wished.global = false;
          if (f.kind == PteKind::Riscv) {
            wished.user = wished.read = wished.write = wished.exec = wished.accessed = false;
          }
        }
        const unsigned free_bits = f.index_lsb(wished.leaf ? level : 0);
        wished.ppn = Ppn(low_mask(f.ppn_bits) & ~low_mask(free_bits));
        BOOST_TEST((decode_pte(m, all_on(), encode_pte(f, wished, level), level) == wished),
                   m.name << " level " << level << " bits " << bits);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_printed_bytes_of_the_big_endian_table_decode_as_printed) {
  const Format& f = machine("ptbr16").format;
  const std::array<std::uint8_t, 2> bytes = {0b1010'0010, 0b0110'0000};
  const std::uint64_t raw = pte_from_bytes(f, bytes);
  BOOST_TEST(raw == 0b1010'0010'0110'0000U);
  const Pte pte = decode("ptbr16", raw);
  BOOST_TEST(pte.valid);
  BOOST_TEST(pte.user);
  BOOST_TEST(pte.ppn.value == 0b10'0010'0110U);
}

BOOST_AUTO_TEST_CASE(bytes_in_memory_round_trip_in_both_byte_orders) {
  for (const Machine& m : machines()) {
    const std::uint64_t raw = 0x0123456789ABCDEF & low_mask(8 * m.format.pte_bytes());
    const auto bytes = pte_to_bytes(m.format, raw);
    BOOST_TEST(pte_from_bytes(m.format, bytes) == raw, m.name);
    const unsigned high = m.format.pte_big_endian ? 0 : m.format.pte_bytes() - 1;
    BOOST_TEST(bytes.at(high) == raw >> (8 * (m.format.pte_bytes() - 1)), m.name);
  }
}

BOOST_AUTO_TEST_CASE(on_flat_formats_privilege_is_judged_before_the_right) {
  const Pte none = page(false, false, false, false);
  BOOST_TEST((denied("flat32", none, ask(kLoad, true)) == Cause::Privilege));
  BOOST_TEST((denied("flat32", none, ask(kLoad, false)) == Cause::Read));
  BOOST_TEST((denied("flat32", none, ask(kStore, false)) == Cause::Write));
  BOOST_TEST((denied("flat32", none, ask(kFetch, false)) == Cause::Exec));
  BOOST_TEST((denied("flat32", page(true, true, true, true), ask(kFetch, false)) == Cause::None));
}

BOOST_AUTO_TEST_CASE(what_a_format_cannot_express_is_granted_or_unmapped) {
  // R7: W without R is reserved, so a page that may be written may be read; R8: a leaf without rights is a pointer.
  const Pte writable = expressible(machine("sv39").format, page(true, false, true, false));
  BOOST_TEST((writable.valid && writable.read && writable.write && !writable.exec));
  const Pte nothing = expressible(machine("sv39").format, page(true, false, false, false));
  BOOST_TEST(!nothing.valid);
  BOOST_TEST((!nothing.read && !nothing.write && !nothing.exec));
  // X6, X7: a present page can be read.
  const Pte x86 = expressible(machine("corei7").format, page(true, false, false, false));
  BOOST_TEST((x86.valid && x86.read && !x86.write && !x86.exec));
}

// ---------------------------------------------------------------- RISC-V

BOOST_AUTO_TEST_CASE(risc_v_bits_are_where_R2_puts_them) {
  const std::uint64_t raw = 0x123456789ABULL << 10 | 0x300;  // RSW is ignored
  const Pte all = decode("sv39", raw | kLeaf | kG);
  BOOST_TEST(!all.reserved);
  BOOST_TEST(all.ppn.value == 0x123456789ABULL);
  BOOST_TEST((all.leaf && all.user && all.read && all.write && all.exec && all.accessed && all.dirty && all.global));
  const Pte bare = decode("sv39", raw | kV | kX);
  BOOST_TEST((bare.leaf && !bare.user && !bare.read && !bare.write && !bare.accessed && !bare.dirty && !bare.global));
  BOOST_TEST(decode("sv32", 0xFFFFFC00 | kLeaf).ppn.value == 0x3FFFFFU);
  BOOST_TEST(!reserved("sv32", 0xFFFFFC00 | kLeaf));
}

BOOST_AUTO_TEST_CASE(R7_an_invalid_entry_is_not_reserved_whatever_else_it_says) {
  BOOST_TEST(!reserved("sv39", ~kV));
  BOOST_TEST(!decode("sv39", ~kV).valid);
}

BOOST_AUTO_TEST_CASE(R7_writable_but_not_readable_is_reserved) {
  BOOST_TEST(reserved("sv39", kV | kW | kA | kD));
  BOOST_TEST(reserved("sv39", kV | kW | kX | kA | kD));
  BOOST_TEST(!reserved("sv39", kV | kW | kR | kA | kD));
  BOOST_TEST(!reserved("sv39", kV | kX | kA));
}

BOOST_AUTO_TEST_CASE(R7_every_bit_from_the_ppn_to_60_is_reserved) {
  for (unsigned n = 54; n <= 60; ++n) {
    BOOST_TEST(reserved("sv39", kLeaf | bit(n)), n);
    BOOST_TEST(reserved("sv39", kV | bit(n), 1), n);
  }
  BOOST_TEST(!reserved("sv39", kLeaf | bit(53)));
  BOOST_TEST(reserved("riscv8k", kLeaf | bit(53)));  // its PPN is a bit shorter
}

BOOST_AUTO_TEST_CASE(R7_a_pointer_may_have_global_and_software_bits_only) {
  BOOST_TEST(!reserved("sv39", kV | kG | 0x300, 2));
  for (const std::uint64_t flag : {kU, kA, kD, bit(61), bit(62), bit(63)}) {
    BOOST_TEST(reserved("sv39", kV | flag, 2), flag);
  }
}

BOOST_AUTO_TEST_CASE(R8_a_pointer_at_level_0_is_reserved) {
  BOOST_TEST(reserved("sv39", kV, 0));
  BOOST_TEST(!reserved("sv39", kV, 1));
  BOOST_TEST(!decode("sv39", kV, 1).leaf);
}

BOOST_AUTO_TEST_CASE(R9_a_superpage_must_be_aligned_to_its_size) {
  for (const std::string_view name : {"sv32", "sv39", "sv48", "sv57", "riscv8k"}) {
    const Format& f = machine(name).format;
    for (unsigned level = 1; level < f.levels; ++level) {
      for (unsigned n = 0; n < f.index_lsb(level) + 1; ++n) {
        const bool misaligned = n < f.index_lsb(level);
        BOOST_TEST(reserved(name, kLeaf | bit(10 + n), level) == misaligned, name << " " << level << " " << n);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(R10_napot_is_legal_only_at_level_0_with_1000_in_the_low_bits) {
  for (std::uint64_t low = 0; low < 16; ++low) {
    const std::uint64_t raw = kLeaf | bit(63) | (0x120 | low) << 10;
    BOOST_TEST(reserved("sv39", raw) == (low != 8), low);
  }
  const Pte range = decode("sv39", kLeaf | bit(63) | 0x128ULL << 10);
  BOOST_TEST(range.napot);
  BOOST_TEST(range.ppn.value == 0x120U);
  BOOST_TEST(reserved("sv39", kLeaf | bit(63) | 8ULL << 10, 1));
  BOOST_TEST(reserved("riscv8k", kLeaf | bit(63) | 8ULL << 10));  // no Svnapot
  Pte wished = page(true, true, true, true);
  wished.napot = true;
  wished.ppn = Ppn(0x120);
  BOOST_TEST(encode_pte(machine("sv39").format, wished) == (kLeaf | bit(63) | 0x128ULL << 10));
}

BOOST_AUTO_TEST_CASE(R29_memory_types_need_pbmte_and_3_is_reserved) {
  BOOST_TEST((decode("sv39", kLeaf).type == MemType::WriteBack));
  BOOST_TEST((decode("sv39", kLeaf | 1ULL << 61).type == MemType::NonCacheable));
  BOOST_TEST((decode("sv39", kLeaf | 2ULL << 61).type == MemType::Io));
  BOOST_TEST(!reserved("sv39", kLeaf | 1ULL << 61));
  BOOST_TEST(!reserved("sv39", kLeaf | 2ULL << 61));
  BOOST_TEST(reserved("sv39", kLeaf | 3ULL << 61));
  BOOST_TEST(reserved("sv39", kLeaf | 1ULL << 61, 0, {}));
  BOOST_TEST(reserved("riscv8k", kLeaf | 1ULL << 61));  // no Svpbmt
  for (const MemType type : {MemType::WriteBack, MemType::NonCacheable, MemType::Io}) {
    Pte wished = page(true, true, true, true);
    wished.type = type;
    BOOST_TEST((expressible(machine("sv39").format, wished) == wished));
  }
}

BOOST_AUTO_TEST_CASE(R11_user_pages_are_for_users_and_with_SUM_for_supervisor_data) {
  const Pte user = page(true, true, true, true), kernel = page(false, true, true, true);
  for (const AccessKind kind : {kFetch, kLoad, kStore}) {
    BOOST_TEST((denied("sv39", user, ask(kind, true)) == Cause::None));
    BOOST_TEST((denied("sv39", kernel, ask(kind, true, true)) == Cause::Privilege));
    BOOST_TEST((denied("sv39", kernel, ask(kind, false)) == Cause::None));
    BOOST_TEST((denied("sv39", user, ask(kind, false)) == Cause::Privilege));
    const Cause with_sum = kind == kFetch ? Cause::Privilege : Cause::None;
    BOOST_TEST((denied("sv39", user, ask(kind, false, true)) == with_sum));
  }
}

BOOST_AUTO_TEST_CASE(R12_each_access_needs_its_right_and_MXR_reads_what_may_be_executed) {
  const Pte exec_only = page(true, false, false, true), read_only = page(true, true, false, false);
  BOOST_TEST((denied("sv39", exec_only, ask(kLoad, true)) == Cause::Read));
  BOOST_TEST((denied("sv39", exec_only, ask(kLoad, true, false, true)) == Cause::None));
  BOOST_TEST((denied("sv39", exec_only, ask(kStore, true, false, true)) == Cause::Write));
  BOOST_TEST((denied("sv39", exec_only, ask(kFetch, true)) == Cause::None));
  BOOST_TEST((denied("sv39", read_only, ask(kFetch, true, false, true)) == Cause::Exec));
  BOOST_TEST((denied("sv39", read_only, ask(kStore, true)) == Cause::Write));
  // A supervisor is bound by W as well.
  BOOST_TEST((denied("sv39", page(false, true, false, false), ask(kStore, false)) == Cause::Write));
}

BOOST_AUTO_TEST_CASE(R13_clear_accessed_and_dirty_bits_withhold_the_access) {
  Pte pte = page(true, true, true, true);
  BOOST_TEST((withheld_by(pte, kStore) == Cause::None));
  pte.dirty = false;
  BOOST_TEST((withheld_by(pte, kStore) == Cause::Dirty));
  BOOST_TEST((withheld_by(pte, kLoad) == Cause::None));
  BOOST_TEST((withheld_by(pte, kFetch) == Cause::None));
  pte.accessed = false;
  BOOST_TEST((withheld_by(pte, kStore) == Cause::Accessed));
  BOOST_TEST((withheld_by(pte, kFetch) == Cause::Accessed));
}

BOOST_AUTO_TEST_CASE(the_bits_set_are_those_of_R2_and_X17) {
  BOOST_TEST(with_accessed(machine("sv39").format, 0xF00, false) == (0xF00 | kA));
  BOOST_TEST(with_accessed(machine("sv39").format, 0xF00, true) == (0xF00 | kA | kD));
  BOOST_TEST(with_accessed(machine("corei7").format, 0xF00, false) == (0xF00 | kXa));
  BOOST_TEST(with_accessed(machine("corei7").format, 0xF00, true) == (0xF00 | kXa | kXd));
  BOOST_TEST(with_accessed(machine("flat32").format, 0xF00, true) == 0xF00U);
}

// ---------------------------------------------------------------- x86

BOOST_AUTO_TEST_CASE(x86_bits_are_where_X17_puts_them) {
  const std::uint64_t ignored = 7ULL << 9 | 0x7FULL << 52;
  const Pte all = decode("corei7", 0xABCDE'12345'000ULL | ignored | kP | kRw | kUs | kXa | kXd | kXg);
  BOOST_TEST(!all.reserved);
  BOOST_TEST(all.ppn.value == 0xABCDE'12345ULL);
  BOOST_TEST((all.leaf && all.user && all.read && all.write && all.exec && all.accessed && all.dirty && all.global));
  const Pte none = decode("corei7", kP | bit(63));
  BOOST_TEST((none.read && !none.user && !none.write && !none.exec && !none.accessed && !none.dirty && !none.global));
}

BOOST_AUTO_TEST_CASE(X3_an_entry_that_is_not_present_is_not_reserved) { BOOST_TEST(!reserved("corei7", ~kP, 3)); }

BOOST_AUTO_TEST_CASE(X4_address_bits_beyond_MAXPHYADDR_are_reserved_at_every_level) {
  Machine m = machine("corei7");
  m.pa_bits = m.bus_bits = 40;
  m.format.ppn_bits = 28;
  for (unsigned level = 0; level < 4; ++level) {
    for (unsigned n = 40; n < 52; ++n) BOOST_TEST(decode_pte(m, all_on(), kP | bit(n), level).reserved);
    BOOST_TEST(!decode_pte(m, all_on(), kP | bit(39), level).reserved);
    BOOST_TEST(!decode_pte(m, all_on(), kP | bit(52), level).reserved);
    // X19: with 52 bits no address bit is reserved.
    BOOST_TEST(!reserved("corei7", kP | bit(51), level));
  }
}

BOOST_AUTO_TEST_CASE(X4_bit_63_is_reserved_without_NXE) {
  Context context = all_on();
  context.env.nxe = false;
  for (unsigned level = 0; level < 4; ++level) {
    BOOST_TEST(reserved("corei7", kP | bit(63), level, context));
    BOOST_TEST(!reserved("corei7", kP | bit(63), level));
  }
}

BOOST_AUTO_TEST_CASE(X4_the_page_size_bit_is_reserved_where_there_are_no_such_pages) {
  BOOST_TEST(reserved("corei7", kP | kPs, 3));
  BOOST_TEST(!reserved("corei7", kP | kPs, 2));
  BOOST_TEST(!reserved("corei7", kP | kPs, 1));
  BOOST_TEST(!reserved("corei7", kP | kPs, 0));  // there it is PAT
  Machine small = machine("corei7");
  small.format.max_leaf_level = 1;
  BOOST_TEST(decode_pte(small, all_on(), kP | kPs, 2).reserved);
}

BOOST_AUTO_TEST_CASE(X4_the_low_address_bits_of_large_pages_are_reserved_but_for_the_PAT_bit) {
  for (unsigned n = 12; n < 31; ++n) {
    BOOST_TEST(reserved("corei7", kP | kPs | bit(n), 1) == (n >= 13 && n <= 20), n);
    BOOST_TEST(reserved("corei7", kP | kPs | bit(n), 2) == (n >= 13 && n <= 29), n);
    BOOST_TEST(!reserved("corei7", kP | bit(n), 1), n);
  }
  BOOST_TEST(decode("corei7", kP | kPs | bit(12) | bit(21), 1).ppn.value == 0x200U);
}

BOOST_AUTO_TEST_CASE(X6_X7_users_need_the_user_bit_and_write_protection_binds_supervisors_only_with_WP) {
  const Pte read_only = page(true, true, false, true), kernel = page(false, true, true, true);
  Environment env{.wp = true, .nxe = true};
  BOOST_TEST((denied("corei7", kernel, ask(kLoad, true), env) == Cause::Privilege));
  BOOST_TEST((denied("corei7", kernel, ask(kFetch, true), env) == Cause::Privilege));
  BOOST_TEST((denied("corei7", read_only, ask(kStore, true), env) == Cause::Write));
  BOOST_TEST((denied("corei7", read_only, ask(kStore, false), env) == Cause::Write));
  env.wp = false;
  BOOST_TEST((denied("corei7", read_only, ask(kStore, false), env) == Cause::None));
  BOOST_TEST((denied("corei7", read_only, ask(kStore, true), env) == Cause::Write));
}

BOOST_AUTO_TEST_CASE(X8_SMEP_and_SMAP_keep_supervisors_from_user_pages) {
  const Pte user = page(true, true, true, true);
  Environment env;
  for (const AccessKind kind : {kFetch, kLoad, kStore}) {
    BOOST_TEST((denied("corei7", user, ask(kind, false), env) == Cause::None));
  }
  env.smep = true;
  BOOST_TEST((denied("corei7", user, ask(kFetch, false, true), env) == Cause::Privilege));
  BOOST_TEST((denied("corei7", user, ask(kFetch, true), env) == Cause::None));
  BOOST_TEST((denied("corei7", user, ask(kLoad, false), env) == Cause::None));
  env = {.wp = false, .smap = true};  // independent of WP
  for (const AccessKind kind : {kLoad, kStore}) {
    BOOST_TEST((denied("corei7", user, ask(kind, false), env) == Cause::Privilege));
    BOOST_TEST((denied("corei7", user, ask(kind, false, true), env) == Cause::None));  // AC, explicit
    BOOST_TEST((denied("corei7", user, ask(kind, true), env) == Cause::None));
  }
  BOOST_TEST((denied("corei7", user, ask(kFetch, false), env) == Cause::None));
  BOOST_TEST((denied("corei7", page(true, true, true, false), ask(kFetch, false), env) == Cause::Exec));
}

BOOST_AUTO_TEST_CASE(X13_the_global_bit_counts_in_leaves_and_with_PGE_only) {
  BOOST_TEST(decode("corei7", kP | kXg).global);
  BOOST_TEST(decode("corei7", kP | kPs | kXg, 1).global);
  BOOST_TEST(!decode("corei7", kP | kXg, 1).global);
  BOOST_TEST(!decode("corei7", kP | kXg, 0, {}).global);
}

BOOST_AUTO_TEST_CASE(X18_the_memory_type_is_the_pat_entry_that_PAT_PCD_and_PWT_name) {
  Context context = all_on();
  context.pat = 0x0706050401000604;  // entry 0 to 7: WT WB UC WC WT WP WB UC-
  const std::array<MemType, 8> types = {MemType::WriteThrough,   MemType::WriteBack,    MemType::Uncached,
                                        MemType::WriteCombining, MemType::WriteThrough, MemType::WriteProtect,
                                        MemType::WriteBack,      MemType::UncachedMinus};
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint64_t pcd_pwt = (i & 1 ? kPwt : 0) | (i & 2 ? kPcd : 0);
    BOOST_TEST((decode("corei7", kP | pcd_pwt | (i & 4 ? kPs : 0), 0, context).type == types.at(i)), i);
    BOOST_TEST((decode("corei7", kP | kPs | pcd_pwt | (i & 4 ? bit(12) : 0), 1, context).type == types.at(i)), i);
    // A pointer has no PAT bit: bit 12 is part of the table's address.
    BOOST_TEST((decode("corei7", kP | pcd_pwt | (i & 4 ? bit(12) : 0), 1, context).type == types.at(i & 3)), i);
  }
}

BOOST_AUTO_TEST_CASE(X18_pat_index_is_the_number_of_that_entry) {
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint64_t pcd_pwt = (i & 1 ? kPwt : 0) | (i & 2 ? kPcd : 0);
    BOOST_TEST(pat_index(kP | pcd_pwt | (i & 4 ? kPs : 0), 0) == i);
    BOOST_TEST(pat_index(kP | kPs | pcd_pwt | (i & 4 ? bit(12) : 0), 1) == i);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(an_entry_is_reserved_if_and_only_if_it_is_valid_and_has_a_reason) {
  std::mt19937_64 random(1);
  for (const Machine& m : machines()) {
    for (unsigned i = 0; i < 20'000; ++i) {
      // Few bits, or hardly any entry would have one reason only.
      std::uint64_t raw = random() & low_mask(8 * m.format.pte_bytes());
      for (unsigned thinner = 0; thinner < 2; ++thinner) raw &= random();
      const unsigned level = static_cast<unsigned>(random() % m.format.levels);
      Context context;
      context.env = {.pbmte = random() % 2 == 0, .nxe = random() % 2 == 0};
      const Pte pte = decode_pte(m, context, raw, level);
      BOOST_TEST(pte.reserved == (pte.valid && reserved_reasons(m, context, raw, level) != 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(each_reserved_reason_stands_alone) {
  Context off;  // PBMTE and NXE are 0
  const auto only = [](const char* name, std::uint64_t raw, unsigned level, ReservedReason reason,
                       const Context& context = all_on()) {
    return reserved_reasons(machine(name), context, raw, level) == 1U << static_cast<unsigned>(reason);
  };
  constexpr std::uint64_t kReadable = kV | kR;
  BOOST_TEST(only("sv39", kV | kW, 0, ReservedReason::WriteWithoutRead));
  BOOST_TEST(only("sv39", kReadable | bit(60), 0, ReservedReason::UpperBits));
  BOOST_TEST(only("riscv8k", kReadable | bit(63), 0, ReservedReason::NotSupported));
  BOOST_TEST(only("sv39", kReadable | bit(61) | bit(62), 0, ReservedReason::PbmtEncoding));
  BOOST_TEST(only("sv39", kReadable | bit(61), 0, ReservedReason::PbmtDisabled, off));
  BOOST_TEST(only("sv39", kV | bit(61), 1, ReservedReason::PbmtPointer));
  BOOST_TEST(only("sv39", kReadable | bit(63), 1, ReservedReason::NapotLevel));
  BOOST_TEST(only("sv39", kReadable | bit(63), 0, ReservedReason::NapotSize));
  BOOST_TEST(only("sv39", kV | bit(63), 1, ReservedReason::NapotPointer));
  BOOST_TEST(only("sv39", kV | kU, 1, ReservedReason::PointerBits));
  BOOST_TEST(only("sv39", kV, 0, ReservedReason::PointerAtLevelZero));
  BOOST_TEST(only("sv39", kReadable | bit(10), 1, ReservedReason::Misaligned));
  BOOST_TEST(only("corei7", kP | kPs, 3, ReservedReason::LeafTooHigh));
  BOOST_TEST(only("corei7", kP | bit(63), 0, ReservedReason::ExecuteDisable, off));
}

}  // namespace vm::test
