// SPDX-License-Identifier: Apache-2.0
//
// The reference walker on one level: each way to end, and the order in which it looks.
#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

#include "machine/reference_walker.h"

namespace vm::test {
namespace {

Context flat_context(std::uint64_t base) {
  Context context;
  context.translate = true;
  context.levels = 1;
  context.base = PhysAddr(base);
  context.limit = 1U << 20;
  return context;
}

// A table that is a map; what is not in it is zero. Remembers what was read.
struct Table {
  const Machine& machine = *find_machine("flat32");
  Context context = flat_context(0x100000);
  std::map<std::uint64_t, std::uint64_t> entries;
  bool bus_error = false;
  std::vector<std::uint64_t> reads;

  WalkResult operator()(std::uint64_t va, AccessKind kind = AccessKind::Load, bool user = true) {
    return walk(machine, context, {.kind = kind, .user = user, .sum = false, .mxr = false, .va = VirtAddr(va)},
                [this](PhysAddr entry, unsigned) -> std::optional<std::uint64_t> {
                  reads.push_back(entry.value);
                  if (bus_error) return std::nullopt;
                  return entries[entry.value];
                });
  }
};

constexpr std::uint64_t kValid = 1, kKernel = 2, kRead = 4, kWrite = 8, kExec = 16;

std::string cause(const WalkResult& result) { return std::string(to_string(result.fault.cause)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(walker)

BOOST_FIXTURE_TEST_CASE(a_valid_entry_translates_page_by_page, Table) {
  entries[0x100000 + 4 * 0x12345] = 0x00ABC000 | kValid | kRead;
  const WalkResult result = (*this)(0x12345678);
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == 0xABC678U);
  BOOST_TEST(result.entry_reads == 1U);
  BOOST_TEST(result.entry_addr.value == 0x100000U + 4 * 0x12345);
}

BOOST_FIXTURE_TEST_CASE(wrong_upper_address_bits_fault_before_any_read, Table) {
  const WalkResult result = (*this)(0x1'0000'0000);
  BOOST_TEST(cause(result) == "va");
  BOOST_TEST(reads.empty());
  BOOST_TEST(result.fault.pte_addr.value == 0U);
}

BOOST_FIXTURE_TEST_CASE(upper_bits_are_judged_before_the_limit, Table) {
  context.limit = 0;
  BOOST_TEST(cause((*this)(0x1'0000'0000)) == "va");
}

BOOST_FIXTURE_TEST_CASE(the_first_page_at_the_limit_faults_without_a_read_and_the_last_below_does_not, Table) {
  context.limit = 0x10;
  BOOST_TEST(cause((*this)(0x10000)) == "limit");
  BOOST_TEST(reads.empty());
  BOOST_TEST(cause((*this)(0xFFFF)) == "invalid");
  BOOST_TEST(reads.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_entry_in_a_hole_is_told_apart_and_not_read, Table) {
  context.base = PhysAddr(0x37FFFFF0);
  const WalkResult result = (*this)(0x4000);
  BOOST_TEST(cause(result) == "entry-access");
  BOOST_TEST(result.fault.pte_addr.value == 0x38000000U);
  BOOST_TEST(result.fault.pte == 0U);
  BOOST_TEST(reads.empty());
}

BOOST_FIXTURE_TEST_CASE(a_bus_error_on_the_entry_is_told_apart, Table) {
  bus_error = true;
  const WalkResult result = (*this)(0x4000);
  BOOST_TEST(cause(result) == "entry-bus");
  BOOST_TEST(result.fault.pte_addr.value == 0x100010U);
  BOOST_TEST(result.fault.pte == 0U);
}

BOOST_FIXTURE_TEST_CASE(an_invalid_entry_faults_with_the_entry_in_the_record, Table) {
  entries[0x100010] = 0xABCDE000 | kKernel;
  const WalkResult result = (*this)(0x4001, AccessKind::Store);
  BOOST_TEST(cause(result) == "invalid");
  BOOST_TEST(result.fault.pte == (0xABCDE000 | kKernel));
  BOOST_TEST(result.fault.pte_addr.value == 0x100010U);
  BOOST_TEST(result.fault.va.value == 0x4001U);
  BOOST_TEST((result.fault.access == AccessKind::Store));
  BOOST_TEST(result.fault.user);
}

BOOST_FIXTURE_TEST_CASE(valid_is_judged_before_privilege_and_privilege_before_the_right, Table) {
  entries[0x100010] = kKernel;
  BOOST_TEST(cause((*this)(0x4000)) == "invalid");
  entries[0x100010] = kKernel | kValid;
  BOOST_TEST(cause((*this)(0x4000)) == "privilege");
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Load, false)) == "read");
}

BOOST_FIXTURE_TEST_CASE(each_access_needs_its_own_right, Table) {
  entries[0x100010] = kValid | kRead;
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Load)) == "none");
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Store)) == "write");
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Fetch)) == "exec");
  entries[0x100010] = kValid | kWrite | kExec;
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Load)) == "read");
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Store)) == "none");
  BOOST_TEST(cause((*this)(0x4000, AccessKind::Fetch)) == "none");
}

BOOST_FIXTURE_TEST_CASE(a_right_is_judged_before_the_final_address, Table) {
  entries[0x100010] = 0x38000000 | kValid;
  BOOST_TEST(cause((*this)(0x4000)) == "read");
  entries[0x100010] = 0x38000000 | kValid | kRead;
  const WalkResult result = (*this)(0x4000);
  BOOST_TEST(cause(result) == "access");
  BOOST_TEST(result.fault.pte == (0x38000000 | kValid | kRead));
  BOOST_TEST(result.fault.pte_addr.value == 0x100010U);
}

BOOST_AUTO_TEST_CASE(a_page_number_beyond_the_physical_width_faults_and_does_not_wrap) {
  Machine machine = *find_machine("flat32");
  machine.pa_bits = 29;
  machine.regions = {{.base = PhysAddr(0), .size = 1U << 30, .cacheable = true}};
  const Context context = flat_context(0);
  const WalkResult result = walk(machine, context, {.kind = AccessKind::Load, .user = true, .va = VirtAddr(0)},
                                 [](PhysAddr, unsigned) { return std::optional(0x20000000 | kValid | kRead); });
  BOOST_TEST(cause(result) == "access");
}

BOOST_FIXTURE_TEST_CASE(bare_addresses_are_physical, Table) {
  context.translate = false;
  BOOST_TEST((*this)(0x12345678).pa.value == 0x12345678U);
  BOOST_TEST(reads.empty());
}

BOOST_FIXTURE_TEST_CASE(bare_access_to_a_hole_faults_without_an_entry, Table) {
  context.translate = false;
  const WalkResult result = (*this)(0x38000000);
  BOOST_TEST(cause(result) == "access");
  BOOST_TEST(result.fault.pte_addr.value == 0U);
  BOOST_TEST(cause((*this)(0x4000'0000'0000'0000)) == "access");
}

BOOST_AUTO_TEST_CASE(bare_reaches_the_bus_beyond_what_translations_reach) {
  const WalkResult result =
      walk(*find_machine("csapp14"), {}, {.kind = AccessKind::Load, .user = true, .va = VirtAddr(0x1234)},
           [](PhysAddr, unsigned) { return std::optional<std::uint64_t>(); });
  BOOST_TEST(cause(result) == "none");
  BOOST_TEST(result.pa.value == 0x1234U);
}

BOOST_AUTO_TEST_CASE(signed_addresses_repeat_their_highest_bit) {
  Machine machine = *find_machine("flat32");
  machine.format.upper_va = UpperVa::Sign;
  BOOST_TEST(machine.va_is_legal(VirtAddr(0x7FFF'FFFF)));
  BOOST_TEST(machine.va_is_legal(VirtAddr(0xFFFF'FFFF'8000'0000)));
  BOOST_TEST(!machine.va_is_legal(VirtAddr(0x8000'0000)));
  BOOST_TEST(!machine.va_is_legal(VirtAddr(0xFFFF'FFFF'7FFF'FFFF)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
