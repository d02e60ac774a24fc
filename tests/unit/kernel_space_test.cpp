// SPDX-License-Identifier: Apache-2.0
//
// Kernel space: where it lies, that all processes have the same, that users are kept out, what a process has for
// itself, and the traps. ASIDs that roll over.
#include "os/kernel_space.h"

#include <algorithm>

#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {
namespace {

// A machine with kernel space, and the addresses that its split gives.
struct Place {
  std::string_view machine;
  bool three_to_one;
  std::uint64_t split, code, stack;  // first bytes; of the stack: the byte behind it
  std::uint64_t memory;              // physical address of the direct map's first byte
};

constexpr Place kPlaces[] = {
    {"flat32", false, 0x8000'0000, 0xFFFF'0000, 0xFFFF'F000, 0},
    {"flat32", true, 0xC000'0000, 0xFFFF'0000, 0xFFFF'F000, 0},
    {"sv32", false, 0x8000'0000, 0xFF80'0000, 0xFFFF'F000, 0x8000'0000},
    {"sv32", true, 0xC000'0000, 0xFF80'0000, 0xFFFF'F000, 0x8000'0000},
    {"sv39", false, 0xFFFF'FFC0'0000'0000, 0xFFFF'FFFF'8000'0000, 0xFFFF'FFFF'FFFF'F000, 0x8000'0000},
    {"sv48", false, 0xFFFF'8000'0000'0000, 0xFFFF'FF00'0000'0000, 0xFFFF'FFFF'FFFF'F000, 0x8000'0000},
    {"corei7", false, 0xFFFF'8000'0000'0000, 0xFFFF'FF00'0000'0000, 0xFFFF'FFFF'FFFF'F000, 0},
    {"riscv8k", false, 0xFFFF'FC00'0000'0000, 0xFFFF'FFFC'0000'0000, 0xFFFF'FFFF'FFFF'E000, 0x8000'0000},
};

std::uint64_t low_address(const System& s) { return 16 * s.platform.machine().format.page_size(); }

ProcessId with_area(System& s, const std::string& name) {
  const ProcessId pid = s.process(name);
  const std::uint64_t page = s.platform.machine().format.page_size();
  s.kernel.add_area(pid, VirtAddr(low_address(s)), VirtAddr(low_address(s) + 8 * page), rw(), false);
  return pid;
}

Outcome as_kernel(System& s, ProcessId pid, AccessKind kind, std::uint64_t va, std::uint64_t data = 0) {
  return s.access(pid, kind, va, 4, data, false);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernel_space)

BOOST_AUTO_TEST_CASE(every_process_has_the_same_and_no_user_may_touch_it) {
  for (const Place& place : kPlaces) {
    BOOST_TEST_CONTEXT(place.machine << (place.three_to_one ? " 3/1" : "")) {
      System s(place.machine);
      s.kernel.use_kernel_space({.three_to_one = place.three_to_one, .direct_bytes = 16U << 20});
      const ProcessId a = with_area(s, "A"), b = with_area(s, "B");
      s.preload(place.memory + 0x10000, {1, 2, 3, 4});
      s.kernel.start();
      const unsigned bits = s.platform.machine().format.page_bits;
      for (const std::uint64_t va : {place.split + 0x10000, place.code, place.stack - 8}) {
        for (const ProcessId pid : {a, b}) {
          for (const AccessKind kind : {AccessKind::Fetch, AccessKind::Load, AccessKind::Store}) {
            const Outcome user = s.access(pid, kind, va, 4);
            BOOST_TEST((user.last.fault.cause == Cause::Privilege));
            BOOST_TEST((user.segv_code == SegvCode::MapErr));
          }
          BOOST_TEST(!as_kernel(s, pid, AccessKind::Load, va).refused);
        }
      }
      BOOST_TEST(as_kernel(s, a, AccessKind::Load, place.split + 0x10000).last.data == 0x04030201U);
      // What one stores through the direct map the other finds.
      as_kernel(s, a, AccessKind::Store, place.split + 0x10000, 0x55);
      BOOST_TEST(as_kernel(s, b, AccessKind::Load, place.split + 0x10000).last.data == 0x55U);
      BOOST_TEST(s.memory(place.memory + 0x10000, 4) == 0x55U);
      // Kernel stacks are at one address and not one.
      as_kernel(s, a, AccessKind::Store, place.stack - 8, 0xAA);
      as_kernel(s, b, AccessKind::Store, place.stack - 8, 0xBB);
      BOOST_TEST(as_kernel(s, a, AccessKind::Load, place.stack - 8).last.data == 0xAAU);
      BOOST_TEST(as_kernel(s, a, AccessKind::Load, place.stack).refused);
      BOOST_TEST(as_kernel(s, a, AccessKind::Load, place.stack - (2ULL << bits) - 4).refused);
      // Code may be run and not changed.
      const std::uint64_t last = low_mask(s.platform.machine().va_bits);
      BOOST_TEST(as_kernel(s, b, AccessKind::Store, place.code).refused);
      BOOST_TEST(!as_kernel(s, b, AccessKind::Fetch, place.code).refused);
      const bool has_global = s.platform.machine().format.kind != PteKind::Flat;
      BOOST_TEST(s.entry(a, (place.code & last) >> bits).global == has_global);
      BOOST_TEST(!s.entry(a, (place.stack & last) >> bits).valid);
      BOOST_TEST(!s.entry(a, ((place.stack & last) >> bits) - 1).global);
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(user_addresses_end_at_the_split) {
  System s("flat32");
  s.kernel.use_kernel_space({.three_to_one = true, .direct_bytes = 1U << 20});
  const ProcessId a = s.process("A");
  BOOST_CHECK_THROW(s.kernel.add_area(a, VirtAddr(0xBFFF'F000), VirtAddr(0xC000'1000), rw(), false), InputError);
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(0xC8000), Ppn(5), rw(), false), InputError);
  BOOST_CHECK_THROW(s.kernel.map(a, Vpn(0xC8000), Ppn(5), {.kernel = true}, false), InputError);
  BOOST_CHECK_THROW(s.process("B", {.asid = {}, .table = {}, .limit = 16}), InputError);
  BOOST_CHECK_THROW(s.process("B", {.asid = {}, .table = PhysAddr(0x100000)}), InputError);
  s.kernel.start();
  BOOST_TEST(s.kernel.mmap(a, 0xC000'0000, 4096, 3, 0x32, -1, 0) == -12);
  BOOST_TEST(s.kernel.mmap(a, 0xBFFF'F000, 4096, 3, 0x32, -1, 0) == 0xBFFF'F000);
  BOOST_TEST(s.kernel.munmap(a, 0xBFFF'F000, 8192) == -22);
  BOOST_TEST(s.kernel.mmap(a, 0, 4096, 3, 0x22, -1, 0) == 0xBFFF'E000);
  s.check();
}

BOOST_AUTO_TEST_CASE(what_is_mapped_later_all_processes_see_and_a_fence_takes_it_back) {
  for (const std::string_view name : {"flat32", "sv32", "sv39", "corei7"}) {
    BOOST_TEST_CONTEXT(name) {
      System s(name);
      s.kernel.use_kernel_space({.three_to_one = false, .direct_bytes = 16U << 20});
      const ProcessId a = with_area(s, "A"), b = with_area(s, "B");
      const std::uint64_t memory = s.platform.machine().regions.front().base.value;
      s.preload(memory + 0x30'0000, {7});
      s.kernel.start();
      const unsigned bits = s.platform.machine().format.page_bits;
      // The last page before the kernel's code: with several levels no table is there so far.
      const std::uint64_t code = name == "flat32" ? 0xFFFF'0000
                                 : name == "sv32" ? 0xFF80'0000
                                 : name == "sv39" ? 0xFFFF'FFFF'8000'0000
                                                  : 0xFFFF'FF00'0000'0000;
      const std::uint64_t va = code - 4096;
      const std::uint64_t page = (va & low_mask(s.platform.machine().va_bits)) >> bits;
      BOOST_TEST(as_kernel(s, a, AccessKind::Load, va).refused);
      const std::uint64_t fences = s.kernel.counts().fences;
      s.kernel.map(a, Vpn(page), Ppn((memory + 0x30'0000) >> bits), {.write = false, .exec = false, .kernel = true},
                   {.global = true});
      BOOST_TEST(s.kernel.counts().fences == fences);
      const std::int64_t c = s.kernel.fork(a, "C");
      for (const ProcessId pid : {a, b, static_cast<ProcessId>(c)}) {
        BOOST_TEST(as_kernel(s, pid, AccessKind::Load, va).last.data == 7U);
        BOOST_TEST((s.load(pid, va, 4).last.fault.cause == Cause::Privilege));
      }
      s.check();
      const std::uint64_t before = s.kernel.counts().fences;
      s.kernel.unmap(b, Vpn(page));
      BOOST_TEST(s.kernel.counts().fences == before + 1);
      for (const ProcessId pid : {a, b, static_cast<ProcessId>(c)}) {
        BOOST_TEST((as_kernel(s, pid, AccessKind::Load, va).last.fault.cause == Cause::Invalid));
      }
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(frames_of_kernel_space_are_there_once_and_a_process_takes_its_own_and_gives_them_back) {
  System s("sv39");
  std::vector<Ppn> frames;
  for (std::uint64_t i = 0; i < 32; ++i) frames.emplace_back(0x80100 + i);
  s.kernel.set_free_frames(frames);
  s.kernel.use_kernel_space({});
  // Code, data, and two tables above them. The direct map is two entries of the root.
  BOOST_TEST(s.kernel.free_frames() == 28U);
  const ProcessId a = s.process("A");
  // The root, two pages of stack and two tables above them.
  BOOST_TEST(s.kernel.free_frames() == 23U);
  s.kernel.start();
  const std::int64_t b = s.kernel.fork(a, "B");
  BOOST_TEST(s.kernel.free_frames() == 18U);
  s.check();
  s.kernel.exit(static_cast<ProcessId>(b));
  BOOST_TEST(s.kernel.free_frames() == 23U);
  s.check();
}

BOOST_AUTO_TEST_CASE(a_fork_without_frames_for_the_kernel_stack_fails_and_loses_nothing) {
  for (std::uint64_t count = 9; count < 14; ++count) {
    System s("sv39");
    std::vector<Ppn> frames;
    for (std::uint64_t i = 0; i < count; ++i) frames.emplace_back(0x80100 + i);
    s.kernel.set_free_frames(frames);
    s.kernel.use_kernel_space({});
    const ProcessId a = s.process("A");
    s.kernel.start();
    BOOST_TEST(s.kernel.free_frames() == count - 9);
    BOOST_TEST(s.kernel.fork(a, "B") == -12);
    BOOST_TEST(s.kernel.free_frames() == count - 9);
    s.check();
  }
}

BOOST_AUTO_TEST_CASE(a_flat_table_costs_its_rows) {
  System s("flat32");
  s.kernel.use_kernel_space({.three_to_one = true, .direct_bytes = 1U << 20});
  const ProcessId a = s.process("A");
  s.kernel.start();
  BOOST_TEST(s.kernel.counts().kernel_rows == 256U + 2);
  s.kernel.fork(a, "B");
  BOOST_TEST(s.kernel.counts().kernel_rows == 2 * (256U + 2));
  // A table that comes back has no page that was mapped in the meantime and is not any more.
  s.kernel.map(a, Vpn(0xFFFE0), Ppn(0x300), {.kernel = true}, {.global = true});
  s.kernel.exit(*s.kernel.find_process("B"));
  s.kernel.unmap(a, Vpn(0xFFFE0));
  const auto c = static_cast<ProcessId>(s.kernel.fork(a, "C"));
  BOOST_TEST((as_kernel(s, c, AccessKind::Load, 0xFFFE'0000).last.fault.cause == Cause::Invalid));
  s.check();
}

BOOST_AUTO_TEST_CASE(machines_that_cannot_have_kernel_space_say_why) {
  const auto refused = [](std::string_view machine, const KernelSpaceOptions& options) {
    try {
      System s(machine);
      s.kernel.use_kernel_space(options);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("it was taken");
  };
  BOOST_TEST(refused("toy5", {}) == "no kernel space: entries of machine toy5 cannot keep users out");
  BOOST_TEST(refused("toy10", {}) == "no kernel space: machine toy10 has too few pages for it");
  BOOST_TEST(refused("sv39", {.three_to_one = true}) ==
             "no split of 3 to 1: kernel space of machine sv39 is the upper half");
  BOOST_TEST(refused("flat32", {.direct_bytes = 0}) == "no kernel space: machine flat32 has too few pages for it");
  BOOST_TEST(refused("ptbr16", {}) == "it was taken");
  BOOST_TEST(refused("ptbr16", {.own_table = true}) ==
             "no table of the kernel's own: machine ptbr16 does not change tables at exceptions");
}

BOOST_AUTO_TEST_CASE(a_fault_enters_the_kernel_and_leaves_it) {
  for (const Place& place : kPlaces) {
    BOOST_TEST_CONTEXT(place.machine << (place.three_to_one ? " 3/1" : "")) {
      System s(place.machine);
      s.kernel.use_kernel_space({.three_to_one = place.three_to_one, .direct_bytes = 64U << 20, .traps = true});
      const ProcessId a = with_area(s, "A"), b = with_area(s, "B");
      s.kernel.start();
      const std::uint64_t page = s.platform.machine().format.page_size();
      BOOST_TEST(s.store(a, low_address(s), 4, 1).faults_served == 1U);
      BOOST_TEST(s.kernel.counts().traps == 1U);
      s.store(b, low_address(s), 4, 2);
      s.store(a, low_address(s) + page, 4, 3);
      BOOST_TEST(s.kernel.counts().traps == 3U);
      BOOST_TEST(s.kernel.counts().kernel_faults == 0U);
      BOOST_TEST(s.kernel.counts().kernel_accesses > 3U * 11);
      // The kernel counts in its data, which is one for all.
      const std::uint64_t data = place.code + page;
      BOOST_TEST(as_kernel(s, b, AccessKind::Load, data).last.data == 3U);
      BOOST_TEST(s.value(a, low_address(s), 4) == 1U);
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(system_calls_and_switches_use_the_kernel_stack_of_each_process) {
  System s("sv39");
  s.kernel.use_kernel_space({.traps = true});
  const ProcessId a = with_area(s, "A"), b = with_area(s, "B");
  s.kernel.start();
  constexpr std::uint64_t kStack = 0xFFFF'FFFF'FFFF'F000;
  s.kernel.enter_system_call(a);
  BOOST_TEST(s.kernel.mmap(a, 0x100000, 4096, 3, 0x32, -1, 0) == 0x100000);
  s.kernel.leave_system_call();
  BOOST_TEST(as_kernel(s, a, AccessKind::Load, kStack - 8).last.data == 1U);  // the first trap
  s.kernel.switch_to(b);
  // The number of the process that stopped, on its own stack; the other one's is untouched.
  BOOST_TEST(as_kernel(s, b, AccessKind::Load, kStack - 8).last.data == 0U);
  s.kernel.enter_system_call(b);
  s.kernel.leave_system_call();
  BOOST_TEST(as_kernel(s, a, AccessKind::Load, kStack - 8).last.data == a);
  BOOST_TEST(s.kernel.counts().kernel_faults == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(hardware_changes_to_the_table_of_the_kernel) {
  System s("toy10");
  s.kernel.use_kernel_space({.traps = true, .own_table = true});
  const ProcessId a = s.process("A"), b = s.process("B");
  for (const ProcessId pid : {a, b}) s.kernel.add_area(pid, VirtAddr(0), VirtAddr(0x200), rwx(), false);
  s.kernel.start();
  for (const ProcessId pid : {a, b}) BOOST_TEST(s.store(pid, 0x10, 4, pid).faults_served == 1U);
  BOOST_TEST(s.kernel.counts().traps == 2U);
  BOOST_TEST(s.kernel.counts().kernel_accesses == 22U);
  BOOST_TEST(s.kernel.counts().kernel_faults == 0U);
  // The table of the process is in force again, and has no page of the kernel's.
  for (const ProcessId pid : {a, b}) BOOST_TEST(s.value(pid, 0x10, 4) == pid);
  for (const std::uint64_t va : {0x200U, 0x300U}) BOOST_TEST(as_kernel(s, a, AccessKind::Load, va).refused);
  const std::size_t free = s.kernel.free_frames();
  s.kernel.exit(b);
  BOOST_TEST(s.kernel.free_frames() == free + 2);  // its page, its kernel stack
  s.check();
}

// ---------------------------------------------------------------- ASIDs

BOOST_AUTO_TEST_CASE(asids_roll_over_with_one_fence) {
  for (const std::string_view name : {"flat32", "sv39", "corei7"}) {
    BOOST_TEST_CONTEXT(name) {
      System s(name);
      s.kernel.limit_asids(4);
      std::vector<ProcessId> all;
      for (unsigned i = 0; i < 9; ++i) all.push_back(with_area(s, "P" + std::to_string(i)));
      s.kernel.start();
      const std::uint64_t va = low_address(s);
      for (unsigned i = 0; i < 4; ++i) s.store(all[i], va, 4, i);
      BOOST_TEST(s.kernel.counts().asid_rollovers == 0U);
      const std::uint64_t fences = s.kernel.counts().fences;
      for (unsigned i = 4; i < 8; ++i) s.store(all[i], va, 4, i);
      BOOST_TEST(s.kernel.counts().asid_rollovers == 1U);
      BOOST_TEST(s.kernel.counts().fences == fences + 1);
      s.store(all[8], va, 4, 8);
      BOOST_TEST(s.kernel.counts().asid_rollovers == 2U);
      for (unsigned i = 0; i < 9; ++i) BOOST_TEST(s.value(all[i], va, 4) == i);
      BOOST_TEST(s.kernel.counts().fences == fences + s.kernel.counts().asid_rollovers);
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(an_asid_that_the_user_chose_stays_at_a_rollover) {
  System s("sv39");
  s.kernel.limit_asids(2);
  const ProcessId a = s.process("A", {.asid = 1});
  const ProcessId b = s.process("B"), c = s.process("C");
  BOOST_CHECK_THROW(s.process("D", {.asid = 2}), InputError);
  s.kernel.start();
  for (const ProcessId pid : {a, b, c, b}) s.kernel.switch_to(pid);
  BOOST_TEST(s.kernel.counts().asid_rollovers == 2U);
  BOOST_TEST(s.kernel.context_of(a).asid == 1U);
  BOOST_TEST(s.kernel.context_of(b).asid == 0U);
  s.check();
}

BOOST_AUTO_TEST_CASE(without_asids_kernel_space_stays_in_the_tlb) {
  for (const std::string_view name : {"sv39", "corei7"}) {
    BOOST_TEST_CONTEXT(name) {
      System s(name);
      s.kernel.limit_asids(0);
      s.kernel.use_kernel_space({});
      const ProcessId a = with_area(s, "A"), b = with_area(s, "B");
      s.kernel.start();
      const std::uint64_t code = name == "sv39" ? 0xFFFF'FFFF'8000'0000 : 0xFFFF'FF00'0000'0000;
      s.store(a, low_address(s), 4, 1);
      as_kernel(s, a, AccessKind::Load, code);
      s.kernel.switch_to(b);
      s.kernel.switch_to(a);
      BOOST_TEST((s.load(a, low_address(s), 4).last.tlb == Hit::Miss));
      BOOST_TEST((as_kernel(s, a, AccessKind::Load, code).last.tlb == Hit::Hit));
      s.check();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
