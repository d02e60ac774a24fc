// SPDX-License-Identifier: Apache-2.0
#include "machine/pte.h"

#include <boost/test/unit_test.hpp>

namespace vm::test {

BOOST_AUTO_TEST_SUITE(pte)

BOOST_AUTO_TEST_CASE(every_entry_of_every_format_decodes_to_what_was_encoded) {
  for (const Machine& machine : machines()) {
    const Format& f = machine.format;
    for (unsigned bits = 0; bits < 32; ++bits) {
      for (const std::uint64_t ppn : {std::uint64_t{0}, std::uint64_t{1}, low_mask(f.ppn_bits)}) {
        const Pte wished{.valid = (bits & 1) != 0,
                         .user = (bits & 2) != 0,
                         .read = (bits & 4) != 0,
                         .write = (bits & 8) != 0,
                         .exec = (bits & 16) != 0,
                         .ppn = Ppn(ppn)};
        Pte expected = wished;
        if (!f.kernel_bit) expected.user = true;
        if (!f.read_bit) expected.read = true;
        if (!f.write_bit) expected.write = true;
        if (!f.exec_bit) expected.exec = true;
        BOOST_TEST((expressible(f, wished) == expected), machine.name);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_printed_bytes_of_the_big_endian_table_decode_as_printed) {
  const Format& f = find_machine("ptbr16")->format;
  const std::array<std::uint8_t, 2> bytes = {0b1010'0010, 0b0110'0000};
  const std::uint64_t raw = pte_from_bytes(f, bytes);
  BOOST_TEST(raw == 0b1010'0010'0110'0000U);
  const Pte pte = decode_pte(f, raw);
  BOOST_TEST(pte.valid);
  BOOST_TEST(pte.user);
  BOOST_TEST(pte.ppn.value == 0b10'0010'0110U);
}

BOOST_AUTO_TEST_CASE(bytes_in_memory_round_trip_in_both_byte_orders) {
  for (const Machine& machine : machines()) {
    const std::uint64_t raw = 0x0123456789ABCDEF & low_mask(8 * machine.format.pte_bytes());
    const auto bytes = pte_to_bytes(machine.format, raw);
    BOOST_TEST(pte_from_bytes(machine.format, bytes) == raw, machine.name);
    const unsigned high = machine.format.pte_big_endian ? 0 : machine.format.pte_bytes() - 1;
    BOOST_TEST(bytes.at(high) == raw >> (8 * (machine.format.pte_bytes() - 1)), machine.name);
  }
}

BOOST_AUTO_TEST_CASE(privilege_is_judged_before_the_right) {
  const Pte page{.valid = true, .user = false, .read = false, .write = false, .exec = false, .ppn = {}};
  BOOST_TEST((denied_by(page, AccessKind::Load, true) == Cause::Privilege));
  BOOST_TEST((denied_by(page, AccessKind::Load, false) == Cause::Read));
  BOOST_TEST((denied_by(page, AccessKind::Store, false) == Cause::Write));
  BOOST_TEST((denied_by(page, AccessKind::Fetch, false) == Cause::Exec));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
