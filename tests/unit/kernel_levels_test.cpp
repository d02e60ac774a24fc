// SPDX-License-Identifier: Apache-2.0
//
// The kernel over tables of several levels: tables come and go with pages, superpages split where a part changes, and
// every change owes the fence its architecture asks for.
#include <algorithm>

#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {
namespace {

// Remembers what the kernel asked the hardware to forget.
class WatchedPlatform : public ReferencePlatform {
 public:
  using ReferencePlatform::ReferencePlatform;
  bool fence(const Fence& fence) override {
    if (fence.op == FenceOp::Tlb) fences.push_back(fence);
    return ReferencePlatform::fence(fence);
  }
  bool ctl_write(CtlReg reg, std::uint64_t value, bool user) override {
    writes.emplace_back(reg, value);
    return ReferencePlatform::ctl_write(reg, value, user);
  }
  bool host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) override {
    stores.push_back(pa.value);
    return ReferencePlatform::host_write(pa, bytes);
  }
  std::vector<Fence> fences;
  std::vector<std::pair<CtlReg, std::uint64_t>> writes;
  std::vector<std::uint64_t> stores;
};

struct Watched {
  explicit Watched(std::string_view name) : platform(*find_machine(name)), kernel(platform) {
    platform.set_os_view(&kernel);
  }
  Outcome access(ProcessId pid, AccessKind kind, std::uint64_t va, bool user = true) {
    const Access a{.kind = kind, .user = user, .va = VirtAddr(va)};
    std::array<Outcome, 1> outcome;
    kernel.perform(pid, std::span(&a, 1), outcome);
    return outcome[0];
  }
  WatchedPlatform platform;
  Kernel kernel;
};

constexpr std::uint64_t kFrames = 0x80100;  // memory of the RISC-V machines

}  // namespace

BOOST_AUTO_TEST_SUITE(kernel_levels)

BOOST_AUTO_TEST_CASE(a_process_without_pages_has_a_root_and_no_other_table) {
  System s("sv39");
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 8; ++i) frames.emplace_back(kFrames + i);
  s.kernel.set_free_frames(frames);
  const ProcessId a = s.process("A");
  BOOST_TEST(s.kernel.free_frames() == 7U);
  BOOST_TEST(s.kernel.context_of(a).base.value == (kFrames + 7) << 12);  // from the other end of the list
  s.kernel.map(a, Vpn(0x10), Ppn(0x90000), rw(), false);
  BOOST_TEST(s.kernel.free_frames() == 5U);
  s.kernel.map(a, Vpn(0x11), Ppn(0x90001), rw(), false);
  BOOST_TEST(s.kernel.free_frames() == 5U);
  s.kernel.unmap(a, Vpn(0x10));
  BOOST_TEST(s.kernel.free_frames() == 5U);
  s.kernel.unmap(a, Vpn(0x11));
  BOOST_TEST(s.kernel.free_frames() == 7U);
  s.kernel.exit(a);
  BOOST_TEST(s.kernel.free_frames() == 8U);
  s.check();
}

BOOST_AUTO_TEST_CASE(entries_are_written_from_the_top_after_the_table_they_point_to) {
  Watched s("sv39");
  s.kernel.set_free_frames({Ppn(kFrames), Ppn(kFrames + 1), Ppn(kFrames + 2), Ppn(kFrames + 3)});
  const ProcessId a = s.kernel.create_process("A", {});
  s.kernel.add_area(a, VirtAddr(0x10000), VirtAddr(0x11000), rw(), false);
  s.kernel.start();
  s.platform.stores.clear();
  BOOST_TEST(!s.access(a, AccessKind::Load, 0x10000).refused);
  const std::uint64_t root = (kFrames + 3) << 12, upper = (kFrames + 2) << 12, leaf = (kFrames + 1) << 12;
  // The page zeroed, both tables zeroed, the root's entry, the next, the leaf.
  const std::vector<std::uint64_t> expected = {kFrames << 12, upper, leaf, root, upper, leaf + 8 * 0x10};
  BOOST_TEST(s.platform.stores == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_page_that_goes_is_fenced_by_address_unless_its_table_goes_too) {
  Watched s("sv39");
  const ProcessId a = s.kernel.create_process("A", {});
  for (const std::uint64_t vpn : {0x10U, 0x11U}) s.kernel.map(a, Vpn(vpn), Ppn(kFrames + vpn), rw(), false);
  s.kernel.start();
  s.access(a, AccessKind::Load, 0x10000);
  s.kernel.unmap(a, Vpn(0x10));
  BOOST_TEST_REQUIRE(s.platform.fences.size() == 1U);
  BOOST_TEST(s.platform.fences[0].by_addr);
  BOOST_TEST(s.platform.fences[0].by_asid);
  BOOST_TEST(!s.platform.fences[0].globals);
  BOOST_TEST(s.platform.fences[0].addr == 0x10000U);
  // R22: a fence by address leaves pointers in the walk caches.
  s.kernel.unmap(a, Vpn(0x11));
  BOOST_TEST_REQUIRE(s.platform.fences.size() == 2U);
  BOOST_TEST(!s.platform.fences[1].by_addr);
  BOOST_TEST(s.platform.fences[1].by_asid);
}

BOOST_AUTO_TEST_CASE(on_x86_invlpg_is_enough_for_a_page_and_its_table) {
  Watched s("corei7");
  const ProcessId a = s.kernel.create_process("A", {});
  s.kernel.map(a, Vpn(0x10), Ppn(0x110), rw(), false);
  s.kernel.start();
  s.access(a, AccessKind::Load, 0x10000);
  s.kernel.unmap(a, Vpn(0x10));
  BOOST_TEST_REQUIRE(s.platform.fences.size() == 1U);
  BOOST_TEST(s.platform.fences[0].by_addr);
  BOOST_TEST(s.platform.fences[0].by_asid);
  BOOST_TEST(s.platform.fences[0].globals);
}

BOOST_AUTO_TEST_CASE(a_global_page_that_changes_is_fenced_in_every_address_space) {
  Watched s("sv39");
  const ProcessId a = s.kernel.create_process("A", {});
  Rights kernel_only = rw();
  kernel_only.kernel = true;
  s.kernel.map(a, Vpn(0x10), Ppn(kFrames), kernel_only, {.global = true});
  const ProcessId b = s.kernel.create_process("B", {});
  s.kernel.start();
  s.access(a, AccessKind::Load, 0x10000, false);
  BOOST_TEST(!s.access(b, AccessKind::Load, 0x10000, false).refused);
  s.kernel.map(a, Vpn(0x10), Ppn(kFrames + 1), kernel_only, {.global = true});
  BOOST_TEST(!s.platform.fences.empty());
  for (const Fence& fence : s.platform.fences) {
    BOOST_TEST(fence.globals);
    BOOST_TEST(!fence.by_asid);
  }
  BOOST_TEST(s.access(b, AccessKind::Load, 0x10000, false).last.pa.value == (kFrames + 1) << 12);
  BOOST_TEST(s.platform.mismatches().empty());
}

BOOST_AUTO_TEST_CASE(a_page_mapped_again_with_another_memory_type_has_it_in_its_entry) {
  System s("corei7");
  const ProcessId a = s.process("A");
  s.kernel.start();
  const Ppn frame(s.platform.machine().regions.front().base.value / 4096 + 0x40);
  s.kernel.map(a, Vpn(1), frame, rw(), {});
  s.store(a, 0x1000, 8, 7);
  const std::uint64_t fences = s.kernel.counts().fences;
  s.kernel.map(a, Vpn(1), frame, rw(), {.type = MemType::Uncached});
  BOOST_TEST((s.entry(a, 1).type == MemType::Uncached));
  BOOST_TEST(s.kernel.counts().fences == fences + 1);
  BOOST_TEST(s.value(a, 0x1000, 8) == 7U);
  s.check();
}

BOOST_AUTO_TEST_CASE(the_kernel_turns_on_what_the_machine_has) {
  Watched x("corei7");
  const ProcessId a = x.kernel.create_process("A", {});
  x.kernel.start();
  x.access(a, AccessKind::Load, 0);
  const std::uint64_t env = 0b1001111;  // PG, WP, PGE, PCIDE, NXE
  BOOST_TEST((std::find(x.platform.writes.begin(), x.platform.writes.end(), std::pair(CtlReg::Env, env)) !=
              x.platform.writes.end()));
  // The PCID, and bit 63: nothing need be forgotten.
  BOOST_TEST((x.platform.writes.back().first == CtlReg::Root));
  BOOST_TEST(x.platform.writes.back().second ==
             (1ULL << 63 | x.kernel.context_of(a).base.value | x.kernel.context_of(a).asid));

  Watched r("sv48");
  const ProcessId b = r.kernel.create_process("B", {});
  r.kernel.start();
  r.access(b, AccessKind::Load, 0);
  BOOST_TEST((r.platform.writes.front() == std::pair(CtlReg::Env, std::uint64_t{0x300})));  // ADUE, PBMTE
  BOOST_TEST((r.platform.writes.back().second >> 60) == 9U);
}

BOOST_AUTO_TEST_CASE(a_narrower_mode_has_fewer_levels) {
  System s("sv57");
  const ProcessId a = s.process("A", {.levels = 3});
  s.kernel.add_area(a, VirtAddr(0x3FFFFFF000), VirtAddr(0x4000000000), rw(), false);
  s.kernel.start();
  const Outcome outcome = s.store(a, 0x3FFFFFF000, 8, 7);
  BOOST_TEST(!outcome.refused);
  BOOST_TEST(outcome.last.entry_reads == 3U);
  BOOST_TEST((s.load(a, 0x4000000000, 8).last.fault.cause == Cause::Va));
  BOOST_CHECK_THROW(s.process("B", {.levels = 2}), InputError);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_store_to_a_shared_superpage_copies_one_base_page) {
  System s("sv39");
  const ProcessId a = s.process("A");
  s.preload(0x80400000, {1, 2, 3});
  s.kernel.map(a, Vpn(0x200), Ppn(0x80400), rw(), {.level = 1});
  s.kernel.start();
  BOOST_TEST(s.value(a, 0x200001, 1) == 2U);
  s.store(a, 0x3FFFF8, 8, 99);
  const auto b = static_cast<ProcessId>(s.kernel.fork(a, "B"));
  BOOST_TEST(s.kernel.frame_references(Ppn(0x80400)) == 2U);
  const Outcome outcome = s.store(b, 0x200001, 1, 5);
  BOOST_TEST(outcome.faults_served == 1U);
  BOOST_TEST(s.kernel.counts().cow_copies == 1U);
  BOOST_TEST(s.kernel.read_leaf(a, Vpn(0x200))->level == 1U);
  BOOST_TEST(s.kernel.read_leaf(b, Vpn(0x200))->level == 0U);
  BOOST_TEST(s.value(a, 0x200001, 1) == 2U);
  BOOST_TEST(s.value(b, 0x200002, 1) == 3U);
  BOOST_TEST(s.value(b, 0x3FFFF8, 8) == 99U);
  s.store(a, 0x3FFFF8, 8, 100);
  BOOST_TEST(s.value(b, 0x3FFFF8, 8) == 99U);
  s.check();
}

BOOST_AUTO_TEST_CASE(munmap_inside_a_gigapage_splits_it_twice) {
  System s("corei7");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x40000), Ppn(0x40000), rw(), {.shared = true, .level = 2});
  s.kernel.start();
  s.store(a, 0x40000000, 8, 1);
  s.store(a, 0x7FFFFFF8, 8, 2);
  BOOST_TEST(s.kernel.munmap(a, 0x40001000, 4096) == 0);
  BOOST_TEST(s.kernel.read_leaf(a, Vpn(0x40000))->level == 0U);
  BOOST_TEST(s.kernel.read_leaf(a, Vpn(0x40200))->level == 1U);
  BOOST_TEST(s.value(a, 0x40000000, 8) == 1U);
  BOOST_TEST(s.value(a, 0x7FFFFFF8, 8) == 2U);
  BOOST_TEST(s.load(a, 0x40001000, 1).segv);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_napot_range_loses_one_page_and_keeps_fifteen) {
  System s("sv39");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x10), Ppn(0x80110), rw(), {.napot = true});
  s.kernel.start();
  s.store(a, 0x1F000, 8, 15);
  s.store(a, 0x10000, 8, 1);
  BOOST_TEST(s.entry(a, 0x1F).napot);
  BOOST_TEST(s.kernel.munmap(a, 0x15000, 4096) == 0);
  BOOST_TEST(!s.entry(a, 0x1F).napot);
  BOOST_TEST(s.entry(a, 0x1F).dirty);
  BOOST_TEST(s.entry(a, 0x1E).dirty);  // what is remembered of one of the sixteen lets a store to any through (R28)
  BOOST_TEST(s.value(a, 0x1F000, 8) == 15U);
  BOOST_TEST(s.load(a, 0x15000, 8).segv);
  s.check();
}

BOOST_AUTO_TEST_CASE(without_adue_the_kernel_sets_accessed_and_dirty_bits) {
  System s("sv39");
  Environment env = s.kernel.environment();
  env.adue = false;
  s.kernel.set_environment(env);
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x10), Ppn(kFrames), rw(), false);
  s.kernel.start();
  const Outcome load = s.load(a, 0x10000, 8);
  BOOST_TEST((load.last_fault.cause == Cause::Accessed));
  BOOST_TEST(s.entry(a, 0x10).accessed);
  BOOST_TEST(!s.entry(a, 0x10).dirty);
  const Outcome store = s.store(a, 0x10000, 8, 1);
  BOOST_TEST((store.last_fault.cause == Cause::Dirty));
  BOOST_TEST(s.entry(a, 0x10).dirty);
  s.check();
}

BOOST_AUTO_TEST_CASE(narrowing_an_entry_keeps_the_bits_the_hardware_set) {
  System s("corei7");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x10), Ppn(0x110), rw(), false);
  s.kernel.start();
  s.store(a, 0x10000, 8, 1);
  BOOST_TEST(s.entry(a, 0x10).dirty);
  s.kernel.fork(a, "B");
  BOOST_TEST(!s.entry(a, 0x10).write);
  BOOST_TEST(s.entry(a, 0x10).dirty);
  s.check();
}

BOOST_AUTO_TEST_CASE(tables_placed_by_hand_become_pages) {
  System s("corei7");
  const auto place = [&](std::uint64_t at, std::uint64_t value) {
    std::vector<std::uint8_t> bytes;
    for (unsigned i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    s.preload(at, bytes);
  };
  place(0x10000, 0x11007);
  place(0x11000, 0x12005);  // read-only below
  place(0x12000, 0x600087);
  const ProcessId a = s.process("A", {.table = PhysAddr(0x10000)});
  s.kernel.start();
  BOOST_TEST(s.load(a, 0x1FFFF0, 8).last.pa.value == 0x7FFFF0U);
  BOOST_TEST((s.store(a, 0x1FFFF0, 8, 1).last.fault.cause == Cause::Write));
  s.check();
}

BOOST_AUTO_TEST_CASE(a_fault_without_a_frame_for_a_table_is_not_served) {
  System s("sv48");
  s.kernel.set_free_frames({Ppn(kFrames), Ppn(kFrames + 1), Ppn(kFrames + 2)});
  const ProcessId a = s.process("A");
  s.kernel.add_area(a, VirtAddr(0x10000), VirtAddr(0x11000), rw(), false);
  s.kernel.start();
  const Outcome outcome = s.store(a, 0x10000, 8, 1);
  BOOST_TEST(outcome.refused);
  BOOST_TEST(!outcome.segv);
  BOOST_TEST(s.kernel.free_frames() == 2U);
  s.check();
}

BOOST_AUTO_TEST_CASE(fork_without_frames_for_tables_leaves_nothing_behind) {
  System s("sv39");
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 5; ++i) frames.emplace_back(kFrames + i);
  s.kernel.set_free_frames(frames);
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x10), Ppn(0x90000), rw(), false);
  s.kernel.start();
  BOOST_TEST(s.kernel.free_frames() == 2U);
  BOOST_TEST(s.kernel.fork(a, "B") == -12);
  BOOST_TEST(s.kernel.free_frames() == 2U);
  BOOST_TEST(!s.kernel.find_process("B").has_value());
  BOOST_TEST(!s.store(a, 0x10000, 8, 1).refused);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_table_entry_that_changed_behind_the_kernels_back_breaks_an_invariant) {
  System s("sv39");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(0x10), Ppn(kFrames), rw(), false);
  s.kernel.start();
  BOOST_TEST(s.kernel.broken_invariant() == "");
  const std::array<std::uint8_t, 8> entry = {1};
  s.platform.host_write(s.kernel.context_of(a).base + 8, entry);
  BOOST_TEST(s.kernel.broken_invariant() != "");
}

BOOST_AUTO_TEST_CASE(what_the_machine_does_not_have_is_refused_with_a_sentence) {
  System s("sv32");
  const ProcessId a = s.process("A");
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(0), Ppn(0x80000), rw(), {.level = 2}), InputError);
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(0), Ppn(0x80000), rw(), {.napot = true}), InputError);
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(0), Ppn(0x80000), rw(), {.type = MemType::Io}), InputError);
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(1), Ppn(0x80400), rw(), {.level = 1}), InputError);
  BOOST_CHECK_THROW(s.process("B", {.limit = 4}), InputError);
  BOOST_CHECK_THROW(s.process("B", {.table = PhysAddr(0x80000008)}), InputError);
}

BOOST_AUTO_TEST_CASE(the_same_frame_mapped_global_or_with_another_type_gets_another_entry) {
  System s("sv39");
  const ProcessId a = s.process("A");
  s.kernel.map(a, Vpn(5), Ppn(kFrames), r(), false);
  s.kernel.start();
  BOOST_TEST(s.value(a, 0x5000, 4) == 0U);
  s.kernel.map(a, Vpn(5), Ppn(kFrames), r(), {.type = MemType::NonCacheable});
  BOOST_TEST((s.entry(a, 5).type == MemType::NonCacheable));
  const std::uint64_t fences = s.kernel.counts().fences;
  s.kernel.map(a, Vpn(5), Ppn(kFrames), r(), {.global = true});
  BOOST_TEST(s.entry(a, 5).global);
  BOOST_TEST(s.kernel.counts().fences == fences + 1);
  s.check();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
