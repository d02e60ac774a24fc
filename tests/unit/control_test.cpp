// SPDX-License-Identifier: Apache-2.0
//
// Control registers: what a write changes, when it is refused, what it makes the hardware forget.
#include "machine/control.h"

#include <boost/test/unit_test.hpp>

namespace vm::test {
namespace {

constexpr std::uint64_t kPg = 1, kWp = 2, kPge = 4, kPcide = 8, kSmep = 16, kSmap = 32, kNxe = 64, kLa57 = 128;
constexpr std::uint64_t kAdue = 256, kPbmte = 512;
constexpr std::uint64_t kKeep = 1ULL << 63;

struct Registers {
  explicit Registers(std::string_view name) : machine(*find_machine(name)), control(machine) {}
  Registers(std::string_view name, void (*change)(Machine&)) : machine(altered(name, change)), control(machine) {}
  static Machine altered(std::string_view name, void (*change)(Machine&)) {
    Machine m = *find_machine(name);
    change(m);
    return m;
  }
  bool write(CtlReg reg, std::uint64_t value, bool user = false) {
    const Context before = control.context();
    const Control::Effect effect = control.write(reg, value, user);
    forgotten = effect.forgotten;
    if (effect.refused) BOOST_TEST((control.context() == before));
    return !effect.refused;
  }
  bool forgets_everything() const {
    return forgotten && !forgotten->by_addr && !forgotten->by_asid && forgotten->globals;
  }
  const Context& context() const { return control.context(); }

  Machine machine;
  Control control;
  std::optional<Fence> forgotten;
};

struct Sv39 : Registers {
  Sv39() : Registers("sv39") {}
};
struct Sv57 : Registers {
  Sv57() : Registers("sv57") {}
};
struct X86 : Registers {
  X86() : Registers("corei7") {}
};
std::uint64_t satp(std::uint64_t mode, std::uint64_t asid, std::uint64_t ppn) { return mode << 60 | asid << 44 | ppn; }

}  // namespace

BOOST_AUTO_TEST_SUITE(control)

BOOST_AUTO_TEST_CASE(flat_machines_have_their_own_registers_and_the_others_have_satp_or_cr3) {
  for (const Machine& m : machines()) {
    const bool flat = m.format.kind == PteKind::Flat;
    for (const CtlReg reg : {CtlReg::Base, CtlReg::Limit, CtlReg::Asid, CtlReg::Mode}) {
      BOOST_TEST(Control(m).write(reg, 0, false).refused == !flat, m.name);
    }
    BOOST_TEST(Control(m).write(CtlReg::TrapEnter, 0, true).refused == !m.trap_swap, m.name);
    BOOST_TEST(Control(m).write(CtlReg::Root, 0, false).refused == flat, m.name);
    BOOST_TEST(Control(m).write(CtlReg::Env, 0, false).refused == flat, m.name);
    BOOST_TEST(Control(m).write(CtlReg::Pat, 0, false).refused == (m.format.kind != PteKind::X86), m.name);
  }
}

BOOST_AUTO_TEST_CASE(R26_a_user_can_write_none_of_them) {
  for (const std::string_view name : {"flat32", "sv39", "corei7"}) {
    for (const CtlReg reg : {CtlReg::Base, CtlReg::Limit, CtlReg::Asid, CtlReg::Mode, CtlReg::TrapBase,
                             CtlReg::TrapReturn, CtlReg::Root, CtlReg::Env, CtlReg::Pat}) {
      BOOST_TEST(!Registers(name).write(reg, 0, true));
    }
  }
}

BOOST_AUTO_TEST_CASE(after_reset_nothing_is_translated) {
  for (const Machine& m : machines()) BOOST_TEST(!Control(m).context().translate, m.name);
  BOOST_TEST(!X86().context().env.wp);
  BOOST_TEST(X86().context().pat == 0x0007040600070406U);
  BOOST_TEST(Sv39().context().env.wp);
}

BOOST_FIXTURE_TEST_CASE(R1_satp_of_64_bit_formats_has_mode_asid_and_root, Sv39) {
  BOOST_TEST(write(CtlReg::Root, satp(8, 0xABCD, 0x123'4567'89AB)));
  BOOST_TEST(context().translate);
  BOOST_TEST(context().levels == 3U);
  BOOST_TEST(context().asid == 0xABCD);
  BOOST_TEST(context().base.value == 0x12'3456'789A'B000U);
  BOOST_TEST(control.read(CtlReg::Root) == satp(8, 0xABCD, 0x123'4567'89AB));
  BOOST_TEST(root_value(machine, context()) == satp(8, 0xABCD, 0x123'4567'89AB));
}

BOOST_AUTO_TEST_CASE(R1_satp_of_sv32_has_its_fields_in_32_bits) {
  Registers r("sv32");
  const std::uint64_t value = 1ULL << 31 | 0x155ULL << 22 | 0x3ABCDE;
  BOOST_TEST(r.write(CtlReg::Root, value));
  BOOST_TEST(r.context().translate);
  BOOST_TEST(r.context().levels == 2U);
  BOOST_TEST(r.context().asid == 0x155);
  BOOST_TEST(r.context().base.value == 0x3'ABCD'E000U);
  BOOST_TEST(root_value(r.machine, r.context()) == value);
}

BOOST_AUTO_TEST_CASE(R1_asid_bits_that_are_not_there_are_ignored) {
  Registers r("sv39-ulx3s");
  BOOST_TEST(r.write(CtlReg::Root, satp(8, 0xFFFF, 1)));
  BOOST_TEST(r.context().asid == 0x1FF);
}

BOOST_FIXTURE_TEST_CASE(R3_R27_an_unsupported_mode_changes_nothing, Sv57) {
  for (std::uint64_t mode = 0; mode < 16; ++mode) {
    BOOST_TEST(write(CtlReg::Root, satp(mode, mode, mode)) == (mode == 0 || (mode >= 8 && mode <= 10)), mode);
  }
  Sv39 narrow;
  BOOST_TEST(narrow.write(CtlReg::Root, satp(8, 1, 1)));
  BOOST_TEST(!narrow.write(CtlReg::Root, satp(9, 2, 2)));
  BOOST_TEST(!narrow.write(CtlReg::Root, satp(10, 2, 2)));
}

BOOST_FIXTURE_TEST_CASE(R3_bare_translates_nothing, Sv39) {
  BOOST_TEST(write(CtlReg::Root, satp(8, 1, 1)));
  BOOST_TEST(write(CtlReg::Root, 0));
  BOOST_TEST(!context().translate);
  BOOST_TEST(root_value(machine, context()) == 0U);
}

BOOST_FIXTURE_TEST_CASE(R18_M15_satp_forgets_nothing_but_when_the_number_of_levels_changes, Sv57) {
  BOOST_TEST(write(CtlReg::Root, satp(10, 1, 1)));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(write(CtlReg::Root, satp(10, 2, 3)));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(write(CtlReg::Root, 0));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(write(CtlReg::Root, satp(8, 2, 3)));
  BOOST_TEST(forgets_everything());
}

BOOST_FIXTURE_TEST_CASE(R18_changing_ADUE_or_PBMTE_forgets_everything, Sv39) {
  for (const std::uint64_t bit : {kAdue, kPbmte}) {
    BOOST_TEST(write(CtlReg::Env, bit));
    BOOST_TEST(forgets_everything());
    BOOST_TEST(write(CtlReg::Env, bit));
    BOOST_TEST(!forgotten.has_value());
    BOOST_TEST(context().env.adue == (bit == kAdue));
    BOOST_TEST(context().env.pbmte == (bit == kPbmte));
    BOOST_TEST(control.read(CtlReg::Env) == bit);
  }
}

BOOST_AUTO_TEST_CASE(R29_R31_mode_bits_of_extensions_that_are_not_there_are_refused) {
  BOOST_TEST(!Registers("riscv8k").write(CtlReg::Env, kPbmte));
  BOOST_TEST(Registers("riscv8k").write(CtlReg::Env, kAdue));
  Registers no_svadu("sv39", [](Machine& m) { m.format.hw_ad = false; });
  BOOST_TEST(!no_svadu.write(CtlReg::Env, kAdue));
  for (unsigned bit = 0; bit < 64; ++bit) {
    BOOST_TEST(Sv39().write(CtlReg::Env, 1ULL << bit) == (bit == 8 || bit == 9), bit);
  }
}

BOOST_FIXTURE_TEST_CASE(x86_translates_while_PG_is_set, X86) {
  BOOST_TEST(write(CtlReg::Root, 0x1000));
  BOOST_TEST(!context().translate);
  BOOST_TEST(write(CtlReg::Env, kPg | kWp | kSmep | kSmap | kNxe | kPge));
  BOOST_TEST((context().translate && context().levels == 4));
  const Environment& env = context().env;
  BOOST_TEST((env.pg && env.wp && env.smep && env.smap && env.nxe && env.pge && !env.pcide && !env.la57 && env.adue));
  BOOST_TEST(env_value(machine, env) == (kPg | kWp | kSmep | kSmap | kNxe | kPge));
}

BOOST_FIXTURE_TEST_CASE(X13_every_change_of_the_mode_bits_forgets_everything_globals_too, X86) {
  std::uint64_t env = 0;
  for (const std::uint64_t bit : {kPg, kPge, kPcide, kWp, kSmep, kSmap, kNxe}) {
    BOOST_TEST(write(CtlReg::Env, env |= bit));
    BOOST_TEST(forgets_everything());
  }
  BOOST_TEST(write(CtlReg::Env, env));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(write(CtlReg::Env, env &= ~kPge));
  BOOST_TEST(forgets_everything());
}

BOOST_FIXTURE_TEST_CASE(X13_CR3_forgets_the_pages_of_the_PCID_loaded_but_not_global_ones, X86) {
  BOOST_TEST(write(CtlReg::Env, kPg));
  BOOST_TEST(write(CtlReg::Root, 0x5000));
  BOOST_REQUIRE(forgotten.has_value());
  BOOST_TEST((forgotten->by_asid && !forgotten->globals && !forgotten->by_addr && forgotten->asid == 0));
  BOOST_TEST(write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(write(CtlReg::Root, 0x5123));
  BOOST_REQUIRE(forgotten.has_value());
  BOOST_TEST((forgotten->by_asid && !forgotten->globals && forgotten->asid == 0x123));
  BOOST_TEST(write(CtlReg::Root, kKeep | 0x6456));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(context().asid == 0x456);
  BOOST_TEST(context().base.value == 0x6000U);
  // X20: bit 63 is a command and is not stored.
  BOOST_TEST(control.read(CtlReg::Root) == 0x6456U);
  BOOST_TEST(root_value(machine, context()) == 0x6456U);
  BOOST_TEST(root_value(machine, context(), true) == (kKeep | 0x6456));
}

BOOST_AUTO_TEST_CASE(X2_X19_CR3_bits_that_must_be_zero_are_refused) {
  Registers r("corei7", [](Machine& m) {
    m.pa_bits = m.bus_bits = 40;
    m.format.ppn_bits = 28;
  });
  for (unsigned bit = 12; bit < 64; ++bit) BOOST_TEST(r.write(CtlReg::Root, 1ULL << bit) == (bit < 40), bit);
  X86 wide;
  BOOST_TEST(wide.write(CtlReg::Root, 1ULL << 51));
  BOOST_TEST(!wide.write(CtlReg::Root, 1ULL << 52));
}

BOOST_FIXTURE_TEST_CASE(X20_PCIDE_needs_paging_and_a_CR3_without_low_bits, X86) {
  BOOST_TEST(!write(CtlReg::Env, kPcide));
  BOOST_TEST(write(CtlReg::Env, kPg));
  BOOST_TEST(write(CtlReg::Root, 0x1018));
  BOOST_TEST(!write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(write(CtlReg::Root, 0x1001));
  BOOST_TEST(!write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(write(CtlReg::Root, 0x1000));
  BOOST_TEST(write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(!write(CtlReg::Env, kPcide));
  BOOST_TEST(!write(CtlReg::Env, 0 | kPcide | kWp));
}

BOOST_FIXTURE_TEST_CASE(X20_without_PCIDE_the_PCID_is_0, X86) {
  BOOST_TEST(write(CtlReg::Env, kPg));
  BOOST_TEST(write(CtlReg::Root, 0x1FE7));
  BOOST_TEST(context().asid == 0);
  BOOST_TEST(write(CtlReg::Root, 0x1000));
  BOOST_TEST(write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(write(CtlReg::Root, 0x1018));
  BOOST_TEST(context().asid == 0x18);
  // The bits stay and name the type of the root's memory again.
  BOOST_TEST(write(CtlReg::Env, kPg));
  BOOST_TEST(context().asid == 0);
  BOOST_TEST((context().root_type == MemType::Uncached));
}

BOOST_AUTO_TEST_CASE(X16_LA57_needs_five_levels_and_cannot_change_under_paging) {
  BOOST_TEST(!X86().write(CtlReg::Env, kLa57));
  Registers r("corei7", [](Machine& m) {
    m.format.levels = 5;
    m.format.index_bits.fill(9);
    m.va_bits = 57;
  });
  BOOST_TEST(r.write(CtlReg::Env, kPg));
  BOOST_TEST(r.context().levels == 4U);
  BOOST_TEST(!r.write(CtlReg::Env, kPg | kLa57));
  BOOST_TEST(r.write(CtlReg::Env, kLa57));
  BOOST_TEST(r.write(CtlReg::Env, kPg | kLa57));
  BOOST_TEST(r.context().levels == 5U);
  BOOST_TEST(!r.write(CtlReg::Env, kPg));
}

BOOST_FIXTURE_TEST_CASE(X18_the_root_has_the_type_that_CR3_names_or_entry_0_with_PCIDE, X86) {
  BOOST_TEST(write(CtlReg::Env, kPg));
  const std::array<MemType, 4> types = {MemType::WriteBack, MemType::WriteThrough, MemType::UncachedMinus,
                                        MemType::Uncached};
  for (unsigned i = 0; i < 4; ++i) {
    BOOST_TEST(write(CtlReg::Root, 0x1000 | i << 3));
    BOOST_TEST((context().root_type == types.at(i)));
    BOOST_TEST(root_value(machine, context()) == (0x1000U | i << 3));
  }
  BOOST_TEST(write(CtlReg::Pat, 0x0007040601070406));
  BOOST_TEST((context().root_type == MemType::WriteCombining));
  BOOST_TEST(write(CtlReg::Root, 0x1000));
  BOOST_TEST(write(CtlReg::Env, kPg | kPcide));
  BOOST_TEST(write(CtlReg::Root, 0x1018));
  BOOST_TEST((context().root_type == MemType::WriteBack));
}

BOOST_FIXTURE_TEST_CASE(X18_the_PAT_takes_the_types_there_are_and_a_change_forgets_everything, X86) {
  for (std::uint64_t type = 0; type < 256; ++type) {
    const bool legal = type <= 7 && type != 2 && type != 3;
    for (unsigned entry = 0; entry < 8; ++entry) {
      X86 fresh;
      BOOST_TEST(fresh.write(CtlReg::Pat, type << (8 * entry)) == legal);
    }
  }
  BOOST_TEST(write(CtlReg::Pat, 0x0007040600070406));
  BOOST_TEST(!forgotten.has_value());
  BOOST_TEST(write(CtlReg::Pat, 0x0606060606060606));
  BOOST_TEST(forgets_everything());
  BOOST_TEST(control.read(CtlReg::Pat) == 0x0606060606060606U);
}

BOOST_AUTO_TEST_CASE(registers_read_back_what_makes_the_same_state) {
  Registers r("toy10");
  BOOST_TEST(r.write(CtlReg::Base, 0x800));
  BOOST_TEST(r.write(CtlReg::Limit, 3));
  BOOST_TEST(r.write(CtlReg::Mode, 1));
  BOOST_TEST(r.write(CtlReg::TrapBase, 0x900));
  BOOST_TEST(r.control.read(CtlReg::Base) == 0x800U);
  BOOST_TEST(r.control.read(CtlReg::Limit) == 3U);
  BOOST_TEST(r.control.read(CtlReg::Mode) == 1U);
  BOOST_TEST(r.control.read(CtlReg::TrapBase) == 0x900U);
  BOOST_TEST(r.control.read(CtlReg::Root) == 0U);
  BOOST_TEST(Sv39().control.read(CtlReg::Base) == 0U);
}

BOOST_AUTO_TEST_CASE(codes_are_those_of_the_architecture) {
  const auto code = [](std::string_view name, Cause cause, AccessKind access, bool user) {
    Fault fault;
    fault.cause = cause;
    fault.access = access;
    fault.user = user;
    Context context;
    context.env.nxe = true;
    return architectural_code(*find_machine(name), context, fault);
  };
  for (const Cause c : {Cause::Va, Cause::Invalid, Cause::Reserved, Cause::Privilege, Cause::Read, Cause::Accessed}) {
    BOOST_TEST(code("sv39", c, AccessKind::Fetch, true) == 12);
    BOOST_TEST(code("sv39", c, AccessKind::Load, false) == 13);
    BOOST_TEST(code("sv39", c, AccessKind::Store, true) == 15);  // R12
    BOOST_TEST(code("flat32", c, AccessKind::Store, true) == 0);
  }
  for (const Cause c : {Cause::EntryAccess, Cause::EntryBus, Cause::Access, Cause::Bus}) {  // R6
    BOOST_TEST(code("sv39", c, AccessKind::Fetch, true) == 1);
    BOOST_TEST(code("sv39", c, AccessKind::Load, true) == 5);
    BOOST_TEST(code("sv39", c, AccessKind::Store, false) == 7);
    BOOST_TEST(code("corei7", c, AccessKind::Store, false) == 0x1200);
  }
  // X1, X9
  BOOST_TEST(code("corei7", Cause::Va, AccessKind::Load, true) == 0x0D00);
  BOOST_TEST(code("corei7", Cause::Invalid, AccessKind::Load, true) == 0x0E04);
  BOOST_TEST(code("corei7", Cause::Reserved, AccessKind::Store, false) == 0x0E0B);
  BOOST_TEST(code("corei7", Cause::Exec, AccessKind::Fetch, true) == 0x0E15);
  BOOST_TEST(code("corei7", Cause::None, AccessKind::Fetch, true) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
