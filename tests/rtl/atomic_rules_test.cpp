// SPDX-License-Identifier: Apache-2.0
//
// LR, SC and AMOs on the hardware, one rule a test (R12, R13, R34, R35), and their time (T19).
#include <array>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tree_bench.h"

namespace vm::test {
namespace {

const auto kBoth = boost::unit_test::data::make({"sv39", "corei7"});

class AtomicBench : public TreeBench {
 public:
  explicit AtomicBench(std::string_view name, const TestbenchOptions& options = {}) : TreeBench(name, options) {}

  Access atomic(AtomicOp op, std::uint64_t address, unsigned size_log2 = 3, std::uint64_t data = 0) const {
    return {.kind = kind_of(op),
            .atomic = op,
            .size_log2 = static_cast<std::uint8_t>(size_log2),
            .va = VirtAddr(address),
            .data = data};
  }
  AccessResult run(AtomicOp op, std::uint64_t address, unsigned size_log2 = 3, std::uint64_t data = 0) {
    const Access a = atomic(op, address, size_log2, data);
    AccessResult result;
    platform().perform(std::span(&a, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }
  bool host_store(PhysAddr at) { return platform().host_write(at, std::array<std::uint8_t, 1>{1}); }
  std::uint64_t cycles(AtomicOp op, std::uint64_t address, std::uint64_t data = 0) {
    const AccessResult result = run(op, address, 3, data);
    return result.answered - result.accepted;
  }
};

BOOST_DATA_TEST_CASE(R35_an_update_of_an_entry_by_the_walker_ends_the_reservation_of_its_line, kBoth, machine) {
  AtomicBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(3)));
  Pte unused = TreeBench::leaf(b.frame(4));
  unused.accessed = false;
  b.map(4, unused);
  // The table of both, as a page.
  b.map(5, TreeBench::leaf(Ppn(b.table(0).value >> b.machine().format.page_bits)));
  b.translate();
  const std::uint64_t entries = b.va(5, 3 * b.machine().format.pte_bytes() & ~7ULL);
  for (const bool walks : {true, false}) {
    const std::uint64_t found = b.run(AtomicOp::Lr, entries).data;
    if (walks) b.load(b.va(4));
    BOOST_TEST(b.run(AtomicOp::Sc, entries, 3, found).data == (walks ? 1U : 0U));
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R35_a_reservation_is_on_the_physical_line, kBoth, machine) {
  AtomicBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.map(4, TreeBench::leaf(b.frame(3)));
  b.translate();
  b.run(AtomicOp::Lr, b.va(3));
  BOOST_TEST(b.run(AtomicOp::Sc, b.va(4), 3, 5).data == 0U);
  b.run(AtomicOp::Lr, b.va(3));
  b.host_store(b.address(b.frame(3), 63));
  BOOST_TEST(b.run(AtomicOp::Sc, b.va(4), 3, 6).data == 1U);
  b.run(AtomicOp::Lr, b.va(3));
  b.host_store(b.address(b.frame(3), 64));
  BOOST_TEST(b.run(AtomicOp::Sc, b.va(4), 3, 7).data == 0U);
  BOOST_TEST(b.load(b.va(3), 0).data == 7U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R35_an_sc_that_fails_stores_nothing_and_is_judged_as_a_store, kBoth, machine) {
  AtomicBench b(machine);
  Pte page = TreeBench::leaf(b.frame(3));
  b.map(3, page);
  page.write = false;
  b.map(4, page);
  b.translate();
  BOOST_TEST(b.run(AtomicOp::Sc, b.va(3), 3, 9).data == 1U);
  BOOST_TEST(b.load(b.va(3), 3).data == 0U);
  BOOST_TEST((b.run(AtomicOp::Sc, b.va(4), 3, 9).fault.cause == Cause::Write));
  BOOST_TEST((b.run(AtomicOp::Sc, b.va(4), 3, 9).fault.access == AccessKind::Store));
  BOOST_TEST(b.run(AtomicOp::Lr, b.va(4)).data == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(R13_an_amo_and_an_sc_set_the_dirty_bit_and_an_lr_does_not, kBoth, machine) {
  AtomicBench b(machine);
  for (unsigned page = 3; page < 6; ++page) {
    Pte unused = TreeBench::leaf(b.frame(page));
    unused.accessed = unused.dirty = false;
    b.map(page, unused);
  }
  b.translate();
  b.run(AtomicOp::Lr, b.va(3));
  b.run(AtomicOp::Or, b.va(4));
  b.run(AtomicOp::Sc, b.va(5));
  for (unsigned page = 3; page < 6; ++page) {
    const Pte entry = decode_pte(b.machine(), b.bench().tracker().context(), b.get_raw(b.entry_address(b.va(page))));
    BOOST_TEST(entry.accessed);
    BOOST_TEST(entry.dirty == (page != 3));
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

// Host stores to the same word in all cycles around it: each comes before or after, and the data check says which.
BOOST_DATA_TEST_CASE(R35_nothing_comes_between_the_read_and_the_write_of_an_amo, kBoth, machine) {
  AtomicBench b(machine);
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.map(4, TreeBench::leaf(b.frame(4)));
  b.translate();
  for (unsigned delay = 0; delay < 24; ++delay) {
    for (const unsigned page : {3U, 4U}) {
      if (delay % 3 == 0) b.platform().fence({.op = FenceOp::CacheCleanInvalidate});
      CoreRequest request;
      request.user = request.write = true;
      request.atomic = AtomicOp::Add;
      request.size = 3;
      request.va = b.va(page);
      request.wdata = 1;
      b.bench().submit(Port::Data, request);
      for (unsigned i = 0; i < delay; ++i) b.bench().step();
      b.bench().submit_host({.write = true, .strb = 0xFF, .addr = b.address(b.frame(page)).value, .wdata = 1ULL << 32});
      b.bench().run_until_idle();
    }
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

// docs/timing.md, "In short": with one-cycle hits everywhere.
BOOST_AUTO_TEST_CASE(T19_an_atomic_that_hits_takes_the_cycles_that_the_contract_says) {
  AtomicBench b("sv39");
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.translate();
  b.store(b.va(3), 3, 1);
  BOOST_TEST(b.cycles(AtomicOp::Add, b.va(3)) == 7U);
  BOOST_TEST(b.cycles(AtomicOp::Sc, b.va(3)) == 5U);
  BOOST_TEST(b.cycles(AtomicOp::Lr, b.va(3)) == 5U);
  BOOST_TEST(b.cycles(AtomicOp::Sc, b.va(3)) == 7U);
  BOOST_TEST(b.cycles(AtomicOp::Lr, b.va(3, 1)) == 1U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(R34_a_misaligned_atomic_is_refused_before_anything_is_translated) {
  AtomicBench b("sv39");
  b.translate();
  for (const std::uint64_t at :
       {std::uint64_t{0x3001}, std::uint64_t{0x3004}, std::uint64_t{0x3FFC}, ~std::uint64_t{2}}) {
    const AccessResult result = b.run(AtomicOp::Swap, at);
    BOOST_TEST((result.fault.cause == Cause::Misaligned));
    BOOST_TEST(result.fault.va.value == at);
    BOOST_TEST(result.fault.code == 6U);
    BOOST_TEST(result.entry_reads == 0U);
  }
  BOOST_TEST((b.run(AtomicOp::Lr, 0x3000, 1).fault.code == 4U));
  BOOST_TEST(b.clean(), b.bench().report());
}

// Where the page lies decides, whatever a TLB or a walk cache already knows of it.
BOOST_AUTO_TEST_CASE(an_atomic_on_a_device_is_an_access_fault_with_the_entry_that_led_there) {
  AtomicBench b("sv39");
  const Region& device = b.machine().regions.at(2);
  BOOST_REQUIRE(!device.atomic);
  b.map(3, TreeBench::leaf(Ppn(device.base.value >> 12)));
  b.translate();
  for (unsigned i = 0; i < 2; ++i) {
    const AccessResult lr = b.run(AtomicOp::Lr, b.va(3)), amo = b.run(AtomicOp::Min, b.va(3));
    BOOST_TEST((lr.fault.cause == Cause::Access));
    BOOST_TEST(lr.fault.code == 5U);
    BOOST_TEST(amo.fault.code == 7U);
    BOOST_TEST((amo.fault.pte_addr == b.entry_address(b.va(3))));
    BOOST_TEST((b.store(b.va(3), 3, 1).fault.cause == Cause::None));
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(a_bus_error_under_an_lr_leaves_no_reservation) {
  std::uint64_t bad = 0;
  {
    const TreeBench map("sv39");
    bad = map.address(map.frame(4)).value;
  }
  TestbenchOptions options;
  options.errors = {{PhysAddr(bad), PhysAddr(bad + 63)}};
  AtomicBench b("sv39", options);
  b.map(3, TreeBench::leaf(b.frame(3)));
  b.map(4, TreeBench::leaf(b.frame(4)));
  b.translate();
  b.run(AtomicOp::Lr, b.va(3));
  BOOST_TEST((b.run(AtomicOp::Lr, b.va(4)).fault.cause == Cause::Bus));
  BOOST_TEST(b.run(AtomicOp::Sc, b.va(3)).data == 1U);
  BOOST_TEST((b.run(AtomicOp::Add, b.va(4)).fault.cause == Cause::Bus));
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace
}  // namespace vm::test
