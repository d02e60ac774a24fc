// SPDX-License-Identifier: Apache-2.0
//
// Single behaviours, each on the smallest machine that shows it.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "machine/array_layout.h"
#include "machine/error.h"
#include "machine/machine_difference.h"
#include "small_bench.h"

namespace vm {

using test::SmallBench;

BOOST_AUTO_TEST_CASE(hits_are_answered_one_per_cycle_in_the_cycle_after_acceptance) {
  SmallBench b("csapp14");
  for (std::uint64_t vpn = 0; vpn < 4; ++vpn) b.map(vpn, vpn + 8);
  b.translate();
  std::vector<Access> accesses;
  for (unsigned i = 0; i < 64; ++i) {
    accesses.push_back(
        {.kind = i % 2 == 0 ? AccessKind::Load : AccessKind::Store, .va = VirtAddr(b.va(1, i % 4)), .data = i});
  }
  std::vector<AccessResult> results(accesses.size());
  const auto surely = [](std::size_t) { return true; };
  b.platform().perform(accesses, results, surely);  // warms TLB and cache
  b.platform().perform(accesses, results, surely);
  for (std::size_t i = 1; i < results.size(); ++i) {
    BOOST_TEST(results[i].accepted == results[i - 1].accepted + 1);
    BOOST_TEST(results[i].answered == results[i].accepted + 1);
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(with_hit_latency_2_hits_are_answered_one_per_cycle_two_cycles_after_acceptance) {
  SmallBench b("sv39-ulx3s");
  BOOST_TEST_REQUIRE(b.machine().hit_latency == 2U);
  std::vector<Access> accesses;
  for (unsigned i = 0; i < 64; ++i) {
    accesses.push_back({.kind = i % 2 == 0 ? AccessKind::Load : AccessKind::Store,
                        .va = VirtAddr(b.base() + 64ULL * (i % 4)),
                        .data = i});
  }
  std::vector<AccessResult> results(accesses.size());
  const auto surely = [](std::size_t) { return true; };
  b.platform().perform(accesses, results, surely);  // warms the cache; nothing is translated
  b.platform().perform(accesses, results, surely);
  for (std::size_t i = 1; i < results.size(); ++i) {
    BOOST_TEST(results[i].accepted == results[i - 1].accepted + 1);
    BOOST_TEST(results[i].answered == results[i].accepted + 2);
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(R23_a_walk_under_way_when_the_fence_comes_leaves_nothing_stale_behind) {
  TestbenchOptions slow;
  slow.latency = {Latency::Kind::Fixed, 30, 30, {}};
  SmallBench b("csapp14", slow);
  b.map(5, 3);
  b.translate();
  // The walk for page 5 begins; the entry changes and the fence arrives before it ends.
  b.bench().submit(Port::Data, {.user = true, .va = b.va(5)});
  for (int i = 0; i < 5; ++i) b.bench().step();
  b.bench().submit_fence({});
  b.bench().run_until_idle();
  b.remap(5, 4);
  b.platform().fence({});
  BOOST_TEST(b.load(b.va(5), 0).pa.value == 4U * 64);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M4_two_fences_back_to_back_are_both_carried_out) {
  SmallBench b("lewis16");
  b.map(1, 2);
  b.map(2, 3);
  b.translate();
  b.load(b.va(1), 0);
  b.load(b.va(2), 0);
  b.bench().submit_fence({.by_addr = true, .addr = b.va(1)});
  b.bench().submit_fence({.by_addr = true, .addr = b.va(2)});
  b.bench().run_until_idle();
  BOOST_TEST((b.load(b.va(1), 0).tlb == Hit::Miss));
  BOOST_TEST((b.load(b.va(2), 0).tlb == Hit::Miss));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(an_access_across_two_pages_goes_to_two_frames) {
  SmallBench b("csapp14");
  b.map(3, 9);
  b.map(4, 30);
  b.translate();
  b.store(b.va(4) - 4, 3, 0x8877665544332211);
  BOOST_TEST(b.load(b.va(4) - 4, 3).data == 0x8877665544332211U);
  BOOST_TEST(b.load(b.va(3, 60), 2).data == 0x44332211U);
  BOOST_TEST(b.load(b.va(4), 2).data == 0x88776655U);
  BOOST_TEST(b.load(b.va(4), 2).pa.value == 30U * 64);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M19_a_store_across_pages_whose_second_page_is_missing_changes_nothing) {
  SmallBench b("csapp14");
  b.map(3, 9);
  b.translate();
  const AccessResult fault = b.store(b.va(4) - 4, 3, 0x8877665544332211);
  BOOST_TEST((fault.fault.cause == Cause::Invalid));
  BOOST_TEST(fault.fault.va.value == b.va(4));
  BOOST_TEST(b.load(b.va(3, 60), 2).data == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(bare_mode_reaches_physical_memory_and_faults_in_its_holes) {
  SmallBench b("flat32");
  std::vector<std::uint8_t> bytes{0xEF, 0xBE};
  b.bench().preload(PhysAddr(0x1234), bytes);
  BOOST_TEST(b.load(0x1234, 1).data == 0xBEEFU);
  BOOST_TEST((b.load(0x3900'0000, 0).fault.cause == Cause::Access));
  BOOST_TEST((b.load(0x1'0000'0000, 0).fault.cause == Cause::Access));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(a_page_beyond_the_limit_faults_without_reading_an_entry) {
  SmallBench b("ptbr16");
  b.map(9, 7);
  b.map(10, 7);
  b.translate();
  b.platform().ctl_write(CtlReg::Limit, 10, false);
  BOOST_TEST((b.load(b.va(9), 0).fault.cause == Cause::None));
  const AccessResult beyond = b.load(b.va(10), 0);
  BOOST_TEST((beyond.fault.cause == Cause::Limit));
  BOOST_TEST(beyond.entry_reads == 0U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(a_table_whose_end_lies_in_a_hole_faults_with_the_entrys_address) {
  SmallBench b("flat32");
  // Two entries before the end of cacheable memory: the third lies in the hole.
  b.platform().ctl_write(CtlReg::Base, 0x3800'0000 - 8, false);
  b.platform().ctl_write(CtlReg::Mode, 1, false);
  BOOST_TEST((b.load(b.va(1), 0).fault.cause == Cause::Invalid));
  const AccessResult hole = b.load(b.va(2), 0);
  BOOST_TEST((hole.fault.cause == Cause::EntryAccess));
  BOOST_TEST(hole.fault.pte_addr.value == 0x3800'0000U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(bus_errors_on_entry_and_data_are_different_faults) {
  TestbenchOptions options;
  options.errors = {{PhysAddr(0x100), PhysAddr(0x13F)}, {PhysAddr(0x3401), PhysAddr(0x3401)}};
  SmallBench b("csapp14", options);
  BOOST_REQUIRE(b.base() == 0x3400U);
  b.map(2, 4);  // 0x100
  b.translate();
  const AccessResult entry = b.load(b.va(1), 0);
  BOOST_TEST((entry.fault.cause == Cause::EntryBus));
  BOOST_TEST(entry.fault.pte_addr.value == 0x3401U);
  BOOST_TEST((b.load(b.va(2), 0).fault.cause == Cause::Bus));
  BOOST_TEST((b.store(b.va(2), 0, 1).fault.cause == Cause::Bus));
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(a_control_write_in_user_mode_is_refused_and_changes_nothing) {
  SmallBench b("csapp14");
  b.map(1, 2);
  b.translate();
  BOOST_TEST(!b.platform().ctl_write(CtlReg::Base, 0x1000, true));
  BOOST_TEST(b.load(b.va(1), 0).pa.value == 2U * 64);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(dirty_lines_reach_memory_when_the_cache_is_cleaned) {
  SmallBench b("csapp14");
  b.map(1, 2);
  b.translate();
  b.store(b.va(1), 0, 0x5A);
  BOOST_TEST(b.bench().memory_behind().read_byte(PhysAddr(128)) == 0);
  b.platform().fence({.op = FenceOp::CacheClean});
  BOOST_TEST(b.bench().memory_behind().read_byte(PhysAddr(128)) == 0x5A);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(M12_the_walker_sees_an_entry_that_is_dirty_in_the_data_cache) {
  SmallBench b("flat32");
  b.translate();
  b.remap(7, 0x321);  // through the host port: stays dirty in the cache
  BOOST_TEST(b.load(b.va(7), 2).pa.value == 0x321000U);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(host_accesses_are_coherent_with_stores_of_the_core) {
  SmallBench b("csapp14");
  b.map(1, 2);
  b.translate();
  b.store(b.va(1, 5), 0, 0xA5);
  std::vector<std::uint8_t> byte(1);
  BOOST_TEST(b.platform().host_read(PhysAddr(133), byte));
  BOOST_TEST(byte[0] == 0xA5);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(preloading_after_the_first_cycle_is_counted_as_a_backdoor) {
  SmallBench b("toy5");
  b.map(1, 2);
  BOOST_TEST(b.bench().backdoor_accesses() == 0U);
  b.translate();
  b.map(2, 3);
  BOOST_TEST(b.bench().backdoor_accesses() == 1U);
}

BOOST_AUTO_TEST_CASE(the_array_port_reads_what_it_wrote) {
  SmallBench b("csapp14");
  // What the format has no bits for (memory type, global, dirty) reads as it is everywhere.
  const ArrayWords entry = pack_tlb_entry({.valid = true, .vpn = Vpn(0x0F), .page = {.valid = true, .ppn = Ppn(0x0D)}});
  const ArrayElement written{Array::Dtlb, 3, 1, 0, entry.data0, entry.data1};
  b.platform().array_write(written);
  const ArrayElement read = b.platform().array_read(Array::Dtlb, 3, 1, 0);
  BOOST_TEST(read.data0 == written.data0);
  BOOST_TEST(read.data1 == written.data1);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_AUTO_TEST_CASE(a_model_of_another_machine_is_refused_with_the_field_that_differs) {
  const std::string file = std::string(VM_MACHINE_DIR) + "/toy5.so";
  try {
    open_model(*find_machine("toy10"), file, 1);
    BOOST_FAIL("opened");
  } catch (const InputError& e) {
    BOOST_TEST(std::string(e.what()).find("VaBits: 5 in the RTL, 10 in the C++ machine") != std::string::npos,
               e.what());
  }
}

BOOST_AUTO_TEST_CASE(every_machine_of_the_rtl_table_equals_its_cpp_twin) {
  for (const Machine& machine : machines()) {
    BOOST_TEST(difference(test::load_model(machine, 1)->elaborated(), machine) == "", machine.name);
  }
}

}  // namespace vm
