// SPDX-License-Identifier: Apache-2.0
//
// The kernel over the reference platform: the worked examples of the lectures.
#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {

BOOST_AUTO_TEST_SUITE(kernel)

BOOST_AUTO_TEST_CASE(a_push_below_the_stack_area_maps_the_page_below) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.add_area(a, VirtAddr(0x7FFFC000), VirtAddr(0x80000000), rw(), true);
  const std::array<std::pair<std::uint64_t, std::uint64_t>, 4> pages = {
      {{0x7FFFC, 0x200DF}, {0x7FFFD, 0x12340}, {0x7FFFE, 0x12347}, {0x7FFFF, 0x12345}}};
  for (const auto& [vpn, frame] : pages) s.kernel.map(a, Vpn(vpn), Ppn(frame), rw(), false);
  s.kernel.set_free_frames({Ppn(0x200D8)});
  s.kernel.start();

  const Outcome push = s.store(a, 0x7FFFBFF8, 8, 0x1122334455667788);
  BOOST_TEST(!push.refused);
  BOOST_TEST(push.faults_served == 1U);
  BOOST_TEST((push.last_fault.cause == Cause::Invalid));
  BOOST_TEST(push.last_fault.va.value == 0x7FFFBFF8U);
  BOOST_TEST(push.last.pa.value == 0x200D8FF8U);
  BOOST_TEST(s.entry(a, 0x7FFFB).ppn.value == 0x200D8U);
  BOOST_TEST(s.value(a, 0x7FFFBFF8, 8) == 0x1122334455667788U);
  s.check();
}

BOOST_AUTO_TEST_CASE(an_access_far_below_the_stack_is_a_segmentation_fault) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.add_area(a, VirtAddr(0x7FFFC000), VirtAddr(0x80000000), rw(), true);
  s.kernel.start();
  const Outcome far = s.store(a, 0x7FFFC000 - (9U << 20), 8, 1);
  BOOST_TEST(far.refused);
  BOOST_TEST(far.segv);
  s.check();
}

struct Fork : System {
  Fork() : System("flat32") {
    parent = process("parent");
    const std::array<std::pair<std::uint64_t, std::uint64_t>, 5> pages = {
        {{0x601, 0x12345}, {0x602, 0x12347}, {0x603, 0x12340}, {0x604, 0x200DF}, {0x605, 0x200AF}}};
    for (const auto& [vpn, frame] : pages) kernel.map(parent, Vpn(vpn), Ppn(frame), rw(), false);
    kernel.set_free_frames({Ppn(0x300FD), Ppn(0x300FE)});
    kernel.start();
    store(parent, 0x605000, 8, 605);
    child = static_cast<ProcessId>(kernel.fork(parent, "child"));
  }
  ProcessId parent = 0, child = 0;
};

BOOST_FIXTURE_TEST_CASE(after_fork_both_tables_map_the_same_frames_read_only, Fork) {
  for (std::uint64_t vpn = 0x601; vpn <= 0x605; ++vpn) {
    BOOST_TEST(entry(parent, vpn).ppn.value == entry(child, vpn).ppn.value);
    BOOST_TEST(!entry(parent, vpn).write);
    BOOST_TEST(!entry(child, vpn).write);
    BOOST_TEST(kernel.frame_references(entry(parent, vpn).ppn) == 2U);
  }
  check();
}

BOOST_FIXTURE_TEST_CASE(the_childs_first_store_gets_a_frame_of_its_own, Fork) {
  const Outcome outcome = store(child, 0x605008, 8, 42);
  BOOST_TEST((outcome.last_fault.cause == Cause::Write));
  BOOST_TEST(outcome.faults_served == 1U);
  BOOST_TEST(outcome.last.pa.value == 0x300FD008U);
  BOOST_TEST(entry(child, 0x605).ppn.value == 0x300FDU);
  BOOST_TEST(entry(child, 0x605).write);
  BOOST_TEST(entry(parent, 0x605).ppn.value == 0x200AFU);
  BOOST_TEST(!entry(parent, 0x605).write);
  BOOST_TEST(value(child, 0x605000, 8) == 605U);
  BOOST_TEST(value(parent, 0x605008, 8) == 0U);
  BOOST_TEST(kernel.counts().cow_copies == 1U);
  check();
}

BOOST_FIXTURE_TEST_CASE(the_last_owner_of_a_frame_gets_the_right_back_without_a_copy, Fork) {
  store(child, 0x605008, 8, 42);
  const Outcome outcome = store(parent, 0x605008, 8, 43);
  BOOST_TEST(outcome.faults_served == 1U);
  BOOST_TEST(entry(parent, 0x605).ppn.value == 0x200AFU);
  BOOST_TEST(entry(parent, 0x605).write);
  BOOST_TEST(kernel.counts().cow_copies == 1U);
  BOOST_TEST(value(child, 0x605008, 8) == 42U);
  BOOST_TEST(value(parent, 0x605008, 8) == 43U);
  check();
}

BOOST_FIXTURE_TEST_CASE(repeated_forks_keep_every_copy_apart, Fork) {
  const auto grandchild = static_cast<ProcessId>(kernel.fork(child, "grandchild"));
  BOOST_TEST(kernel.frame_references(Ppn(0x200AF)) == 3U);
  store(child, 0x605000, 8, 1);
  store(parent, 0x605000, 8, 2);
  BOOST_TEST(value(grandchild, 0x605000, 8) == 605U);
  store(grandchild, 0x605000, 8, 3);
  BOOST_TEST(value(child, 0x605000, 8) == 1U);
  BOOST_TEST(value(parent, 0x605000, 8) == 2U);
  check();
}

BOOST_FIXTURE_TEST_CASE(a_store_of_the_parent_before_its_child_is_not_seen_by_the_child, Fork) {
  store(parent, 0x601000, 8, 7);
  BOOST_TEST(value(child, 0x601000, 8) == 0U);
  check();
}

BOOST_FIXTURE_TEST_CASE(exit_gives_frames_back, Fork) {
  store(child, 0x605008, 8, 42);
  BOOST_TEST(kernel.free_frames() == 1U);
  kernel.exit(child);
  BOOST_TEST(kernel.free_frames() == 2U);
  BOOST_TEST(kernel.frame_references(Ppn(0x200AF)) == 1U);
  BOOST_TEST(!kernel.find_process("child").has_value());
  check();
}

BOOST_FIXTURE_TEST_CASE(a_table_that_is_used_again_starts_empty, Fork) {
  const PhysAddr table = kernel.context_of(child).base;
  kernel.exit(child);
  const ProcessId next = process("next");
  BOOST_TEST(kernel.context_of(next).base.value == table.value);
  for (std::uint64_t vpn = 0x601; vpn <= 0x605; ++vpn) BOOST_TEST(!entry(next, vpn).valid);
  check();
}

BOOST_AUTO_TEST_CASE(fork_copies_at_once_where_entries_have_no_write_bit) {
  System s("csapp14");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(3), Ppn(2), rwx(), false);
  s.kernel.set_free_frames({Ppn(0x20)});
  s.kernel.start();
  s.store(a, 0xC0, 4, 0x01020304);
  const auto b = static_cast<ProcessId>(s.kernel.fork(a, "B"));
  BOOST_TEST(s.entry(b, 3).ppn.value == 0x20U);
  s.store(a, 0xC0, 1, 9);
  BOOST_TEST(s.value(b, 0xC0, 4) == 0x01020304U);
  s.check();
}

BOOST_AUTO_TEST_CASE(fork_without_enough_frames_fails_with_enomem_and_leaves_nothing_behind) {
  System s("csapp14");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(3), Ppn(2), rwx(), false);
  s.kernel.set_free_frames({});
  s.kernel.start();
  BOOST_TEST(s.kernel.fork(a, "B") == -12);
  BOOST_TEST(!s.kernel.find_process("B").has_value());
  s.check();
}

BOOST_AUTO_TEST_CASE(two_programs_on_eight_words_do_not_disturb_each_other) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  const ProcessId b = s.process("B");
  s.preload(7 * 4, {17, 0, 0, 0});
  s.kernel.map(a, Vpn(0), Ppn(7), rwx(), false);
  s.kernel.map(a, Vpn(1), Ppn(4), rwx(), false);
  s.kernel.map(b, Vpn(0), Ppn(7), rwx(), false);
  s.kernel.map(b, Vpn(1), Ppn(6), rwx(), false);
  s.kernel.start();
  const std::uint64_t in_a = s.value(a, 0, 4);
  const std::uint64_t in_b = s.value(b, 0, 4);
  s.store(a, 4, 4, in_a + 1);
  s.store(b, 4, 4, in_b * in_b);
  BOOST_TEST(s.memory(4 * 4, 4) == 18U);
  BOOST_TEST(s.memory(6 * 4, 4) == 289U);
  BOOST_TEST(s.memory(7 * 4, 4) == 17U);
  s.check();
}

BOOST_AUTO_TEST_CASE(without_translation_the_two_programs_corrupt_each_other) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  const ProcessId b = s.process("B");
  s.preload(0, {17, 0, 0, 0});
  s.kernel.start();
  s.kernel.set_translation(false);
  s.store(a, 4, 4, s.value(a, 0, 4) + 1);
  s.store(b, 4, 4, s.value(b, 0, 4) * 17);
  BOOST_TEST(s.value(a, 4, 4) == 289U);
  BOOST_TEST(s.memory(4, 4) == 289U);
  s.check();
}

BOOST_AUTO_TEST_CASE(demand_paging_hands_out_a_cleared_frame) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  s.preload(4 * 4, {0xFF, 0xFF, 0xFF, 0xFF});
  s.kernel.add_area(a, VirtAddr(4), VirtAddr(8), rwx(), false);
  s.kernel.set_free_frames({Ppn(4)});
  s.kernel.start();
  const Outcome outcome = s.store(a, 4, 1, 18);
  BOOST_TEST(outcome.faults_served == 1U);
  BOOST_TEST(s.memory(4 * 4, 4) == 18U);
  BOOST_TEST(s.kernel.counts().zero_fills == 1U);
  s.check();
}

BOOST_AUTO_TEST_CASE(copy_on_write_of_a_named_frame_copies_to_the_next_free_frame) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  const ProcessId b = s.process("B");
  s.preload(7 * 4, {17, 0, 0, 0});
  s.kernel.map(a, Vpn(0), Ppn(7), rwx(), true);
  s.kernel.map(b, Vpn(0), Ppn(7), rwx(), true);
  s.kernel.set_free_frames({Ppn(5)});
  s.kernel.start();
  BOOST_TEST(s.value(a, 0, 4) == 17U);
  const Outcome outcome = s.store(b, 0, 4, 19);
  BOOST_TEST((outcome.last_fault.cause == Cause::Write));
  BOOST_TEST(s.memory(5 * 4, 4) == 19U);
  BOOST_TEST(s.memory(7 * 4, 4) == 17U);
  BOOST_TEST(s.value(a, 0, 4) == 17U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_frame_the_user_named_as_copy_on_write_is_never_written) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  s.preload(7 * 4, {17, 0, 0, 0});
  s.kernel.map(a, Vpn(0), Ppn(7), rwx(), true);
  s.kernel.set_free_frames({Ppn(5)});
  s.kernel.start();
  s.store(a, 0, 4, 19);
  BOOST_TEST(s.memory(7 * 4, 4) == 17U);
  BOOST_TEST(s.memory(5 * 4, 4) == 19U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_value_across_two_pages_reads_back_through_two_frames) {
  System s("lewis16");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x123), Ppn(0xABC), rwx(), false);
  s.kernel.map(a, Vpn(0x124), Ppn(0xDEF), rwx(), false);
  s.kernel.start();
  BOOST_TEST(s.store(a, 0x123D, 8, 0x6F6C6C6548).last.pa.value == 0xABCDU);
  BOOST_TEST(s.value(a, 0x123D, 8) == 0x6F6C6C6548U);
  BOOST_TEST(s.memory(0xABCD, 2) == 0x6548U);
  BOOST_TEST(s.memory(0xDEF0, 2) == 0x6F6CU);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_store_that_faults_on_its_second_page_changes_nothing) {
  System s("lewis16");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x123), Ppn(0xABC), rwx(), false);
  s.kernel.start();
  const Outcome outcome = s.store(a, 0x123D, 8, ~0ULL);
  BOOST_TEST(outcome.segv);
  BOOST_TEST(outcome.last.fault.va.value == 0x1240U);
  BOOST_TEST(s.memory(0xABCD, 2) == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(user_access_to_a_kernel_page_is_refused_and_kernel_access_is_not) {
  System s("toy10");
  const ProcessId a = s.process("A");
  Rights kernel_only;
  kernel_only.kernel = true;
  s.kernel.map(a, Vpn(3), Ppn(1), kernel_only, false);
  s.kernel.start();
  const Outcome user = s.load(a, 0x3D2, 1);
  BOOST_TEST(user.segv);
  BOOST_TEST((user.last.fault.cause == Cause::Privilege));
  const Outcome kernel = s.access(a, AccessKind::Load, 0x3D2, 1, 0, false);
  BOOST_TEST(!kernel.refused);
  BOOST_TEST(kernel.last.pa.value == 0x1D2U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_user_mode_write_of_the_table_base_is_refused) {
  System s("toy10");
  s.process("A");
  s.kernel.start();
  const Context before = s.platform.context();
  BOOST_TEST(!s.platform.ctl_write(CtlReg::Base, 0x10, true));
  BOOST_TEST((s.platform.context() == before));
}

BOOST_AUTO_TEST_CASE(a_store_to_shared_read_only_text_is_a_segmentation_fault) {
  System s("flat32");
  const ProcessId a = s.process("emacs1");
  const ProcessId b = s.process("emacs2");
  s.preload(0x40000, {0x90});
  s.kernel.map(a, Vpn(0x400), Ppn(0x40), rx(), false, true);
  s.kernel.map(b, Vpn(0x500), Ppn(0x40), rx(), false, true);
  s.kernel.start();
  BOOST_TEST(s.fetch(a, 0x400000, 1).last.data == 0x90U);
  BOOST_TEST(s.fetch(b, 0x500000, 1).last.data == 0x90U);
  const Outcome outcome = s.store(b, 0x500000, 1, 0);
  BOOST_TEST(outcome.segv);
  BOOST_TEST((outcome.last.fault.cause == Cause::Write));
  s.check();
}

BOOST_AUTO_TEST_CASE(without_asids_a_switch_forgets_the_process_before) {
  System s("lewis8");
  const ProcessId a = s.process("A");
  const ProcessId b = s.process("B");
  s.kernel.map(a, Vpn(0), Ppn(1), rwx(), false);
  s.kernel.map(b, Vpn(0), Ppn(2), rwx(), false);
  s.kernel.start();
  s.store(a, 0, 4, 1);
  s.store(b, 0, 4, 2);
  BOOST_TEST((s.load(a, 0, 4).last.tlb == Hit::Miss));
  BOOST_TEST(s.value(a, 0, 4) == 1U);
  BOOST_TEST(s.kernel.counts().fences == 2U);
  s.check();
}

BOOST_AUTO_TEST_CASE(with_asids_a_process_finds_its_translations_again) {
  System s("flat32");
  const ProcessId a = s.process("A");
  const ProcessId b = s.process("B");
  s.kernel.map(a, Vpn(0), Ppn(1), rw(), false);
  s.kernel.map(b, Vpn(0), Ppn(2), rw(), false);
  s.kernel.start();
  s.store(a, 0, 4, 1);
  s.store(b, 0, 4, 2);
  BOOST_TEST((s.load(a, 0, 4).last.tlb == Hit::Hit));
  BOOST_TEST(s.value(a, 0, 4) == 1U);
  s.check();
}

BOOST_AUTO_TEST_CASE(more_processes_than_asids_stay_apart) {
  System s("lewis16");
  std::vector<ProcessId> all;
  for (unsigned i = 0; i < 18; ++i) {
    all.push_back(s.process("P" + std::to_string(i)));
    s.kernel.map(all.back(), Vpn(0), Ppn(0x100 + i), rwx(), false);
  }
  s.kernel.start();
  for (unsigned i = 0; i < 18; ++i) s.store(all[i], 0, 1, i + 1);
  for (unsigned i = 0; i < 18; ++i) BOOST_TEST(s.value(all[i], 0, 1) == i + 1);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_page_beyond_the_limit_is_refused_without_a_walk) {
  System s("ptbr16");
  const ProcessId a = s.process("A", {.asid = {}, .table = PhysAddr(0x10000), .limit = 4});
  s.kernel.map(a, Vpn(3), Ppn(0x2C), rwx(), false);
  s.kernel.start();
  BOOST_TEST(!s.load(a, 3U << 10, 1).refused);
  const Outcome outcome = s.load(a, 4U << 10, 1);
  BOOST_TEST((outcome.last.fault.cause == Cause::Limit));
  BOOST_TEST(outcome.last.entry_reads == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(an_entry_that_names_a_hole_is_a_bus_fault_and_not_served) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(5), Ppn(0x38000), rw(), false);
  s.kernel.start();
  const Outcome outcome = s.load(a, 0x5000, 4);
  BOOST_TEST(outcome.refused);
  BOOST_TEST(!outcome.segv);
  BOOST_TEST((outcome.last.fault.cause == Cause::Access));
  s.check();
}

BOOST_AUTO_TEST_CASE(replacing_an_entry_takes_effect_at_once) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(5), Ppn(0x40), rw(), false);
  s.kernel.start();
  s.store(a, 0x5000, 4, 1);
  s.kernel.map(a, Vpn(5), Ppn(0x41), rw(), false);
  BOOST_TEST(s.load(a, 0x5000, 4).last.pa.value == 0x41000U);
  BOOST_TEST(s.value(a, 0x5000, 4) == 0U);
  s.kernel.unmap(a, Vpn(5));
  BOOST_TEST(s.load(a, 0x5000, 4).segv);
  s.check();
}

BOOST_AUTO_TEST_CASE(code_in_a_frame_that_was_used_before_is_fetched_fresh) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.set_free_frames({Ppn(0x80)});
  s.kernel.start();
  BOOST_TEST(s.kernel.mmap(a, 0x10000, 4096, 7, 0x32, -1, 0) == 0x10000);
  s.store(a, 0x10000, 4, 0x11111111);
  BOOST_TEST(s.platform.fence({.op = FenceOp::FetchSync}));
  s.kernel.note_fetch_sync();
  BOOST_TEST(s.fetch(a, 0x10000, 4).last.data == 0x11111111U);
  s.kernel.munmap(a, 0x10000, 4096);
  BOOST_TEST(s.kernel.mmap(a, 0x10000, 4096, 7, 0x32, -1, 0) == 0x10000);
  BOOST_TEST(s.fetch(a, 0x10000, 4).last.data == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_physical_write_of_others_is_seen_by_the_process_that_has_the_frame) {
  System s("toy5");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0), Ppn(2), rwx(), false);
  s.kernel.start();
  const std::array<std::uint8_t, 1> byte = {0x5A};
  BOOST_TEST(s.platform.host_write(PhysAddr(0x13), byte));
  s.kernel.note_physical_write(PhysAddr(0x13), byte);
  BOOST_TEST(s.value(a, 3, 1) == 0x5AU);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_right_the_format_cannot_withhold_is_refused_in_a_sentence) {
  System s("csapp14");
  const ProcessId a = s.process("A");
  BOOST_CHECK_EXCEPTION(s.kernel.map(a, Vpn(0), Ppn(1), rx(), false), InputError, [](const InputError& e) {
    return std::string(e.what()).find("cannot withhold the right to write") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_free_frame_that_is_no_memory_is_refused) {
  System s("flat32");
  BOOST_CHECK_THROW(s.kernel.set_free_frames({Ppn(0x38000)}), InputError);
}

BOOST_AUTO_TEST_CASE(demand_zero_without_a_free_frame_is_refused_but_no_segmentation_fault) {
  System s("flat32");
  const ProcessId a = s.process("A");
  s.kernel.set_free_frames({});
  s.kernel.add_area(a, VirtAddr(0x1000), VirtAddr(0x2000), rw(), false);
  s.kernel.start();
  const Outcome outcome = s.load(a, 0x1000, 4);
  BOOST_TEST(outcome.refused);
  BOOST_TEST(!outcome.segv);
  s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
