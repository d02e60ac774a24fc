// SPDX-License-Identifier: Apache-2.0
//
// Random lives of processes on every machine: the kernel's books stay in order, entries in memory say what the kernel
// means, and every load returns what the process wrote. VM_SEED repeats a run.
#include <cstdlib>
#include <iostream>
#include <random>

#include "kernel_life.h"

namespace vm::test {

void Life::fill_run(ProcessId pid, std::uint64_t first) {
  Kernel& kernel = system_.kernel;
  if (pages_ < kRun || kernel.mmap(pid, first * page_, kRun * page_, 3, 0x32, -1, 0) < 0) return;
  const auto for_all = [&](auto&& what) {
    for (std::uint64_t i = first; i < first + kRun && !kernel.is_killed(pid); ++i) what(i);
  };
  for_all([&](std::uint64_t i) { store(pid, i); });
  const bool all_leave = pick(2) == 0;
  for_all([&](std::uint64_t i) {
    if (all_leave || pick(2) == 0) kernel.page_out(pid, Vpn(i));
  });
  for_all([&](std::uint64_t i) { system_.access(pid, AccessKind::Load, i * page_, 1); });
  if (kernel.is_killed(pid)) return;
  kernel.promote(pid, Vpn(first + pick(kRun)), {.level = 0, .napot = true});
  for (unsigned i = 0; i < 4 && !kernel.is_killed(pid); ++i) {
    if (pick(2) == 0) store(pid, first + pick(kRun));
    if (!kernel.is_killed(pid) && pick(2) == 0) kernel.page_out(pid, Vpn(first + pick(kRun)));
  }
  for_all([&](std::uint64_t i) { system_.access(pid, AccessKind::Load, i * page_, 1); });
  if (!kernel.is_killed(pid) && pick(2) == 0) kernel.munmap(pid, (first + pick(kRun)) * page_, pick(kRun) * page_);
}

void Life::cut_and_mend(ProcessId pid, const Format& format) {
  const bool napot = format.napot && pick(2) == 0;
  if (!napot && format.max_leaf_level == 0) return;
  const std::uint64_t pages = 1ULL << (napot ? 4 : format.index_lsb(1));
  Kernel& kernel = system_.kernel;
  try {
    kernel.map(pid, Vpn(0), Ppn((first_ / pages + 4 + 64 / pages) * pages), rw(),
               {.level = napot ? 0U : 1U, .napot = napot});
  } catch (const InputError&) {
    return;  // no frame left for a table
  }
  store(pid, pick(pages));
  if (kernel.is_killed(pid)) return;
  const std::uint64_t part = pick(pages) * page_;
  kernel.mprotect(pid, part, page_, 1);
  if (pick(2) == 0) store(pid, pick(pages));
  if (kernel.is_killed(pid)) return;
  kernel.mprotect(pid, part, page_, 3);
  kernel.promote(pid, Vpn(pick(pages)), {.level = napot ? 0U : 1U, .napot = napot});
}

void Life::share_reach(ProcessId pid, const Format& format) {
  Kernel& kernel = system_.kernel;
  const std::uint64_t pages = 1ULL << format.index_bits.front();
  const bool anonymous = pick(2) == 0;
  const std::int64_t fd = anonymous ? -1 : kernel.open(pid, "file", 2);
  kernel.mmap(pid, pages * page_, pages * page_, 3, anonymous ? 0x31 : 0x11, static_cast<int>(fd), 0);
  store(pid, pages + pick(3));
  if (processes_.size() >= kMostProcesses || kernel.is_killed(pid)) return;
  const std::int64_t child = kernel.fork(pid, "P" + std::to_string(++born_));
  if (child <= 0) return;
  processes_.push_back(static_cast<ProcessId>(child));
  for (unsigned i = 0; i < 8; ++i) {
    const ProcessId who = pick(2) == 0 ? pid : processes_.back();
    if (!kernel.is_killed(who)) store(who, pages + pick(3));
    if (!kernel.is_killed(who) && pick(4) == 0) kernel.page_out(who, Vpn(pages + pick(3)));
    if (pick(3) == 0) kernel.sync();
    if (kernel.is_killed(who) || pick(12) != 0) continue;
    const std::uint64_t part = (pages + pick(3)) * page_;
    pick(2) == 0 ? kernel.mprotect(who, part, page_, static_cast<int>(pick(4))) : kernel.munmap(who, part, page_);
  }
}

BOOST_AUTO_TEST_SUITE(kernel_random)

std::uint64_t announced_seed() {
  const char* wished = std::getenv("VM_SEED");
  const std::uint64_t seed = wished != nullptr ? std::strtoull(wished, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  return seed;
}

// Memory for half, a quarter, a tenth of the pages; the swap file takes the rest.
BOOST_AUTO_TEST_CASE(under_pressure_nothing_is_lost_and_processes_go_on) {
  constexpr unsigned kSteps = 600, kSpell = 150;
  const std::uint64_t seed = announced_seed();
  std::uint64_t lives = 0;
  for (const unsigned pressure : {50U, 25U, 10U}) {
    KernelCounts sum;
    for (const Machine& machine : machines()) {
      if (most_slots(machine.format) == 0) continue;
      for (const bool hardware_ad : {false, true}) {
        if (machine.format.kind != PteKind::Riscv && !hardware_ad) continue;
        BOOST_TEST_CONTEXT(machine.name << " at " << pressure << " %, VM_SEED=" << seed) {
          Life life(machine, seed + lives++,
                    {.kernel_space = false, .pressure = pressure, .roomy = false, .hardware_ad = hardware_ad});
          bool in_order = true;
          for (unsigned i = 0; in_order && i < kSteps; i += kSpell) {
            const std::uint64_t served = life.served(), starved = life.starved();
            for (unsigned step = 0; step < kSpell; ++step) life.step();
            in_order = life.books_are_in_order();
            // A small swap file (toy5, csapp14) can be full for as long as nobody unmaps anything: then all is refused.
            if (life.starved() > starved && !life.swap_is_full()) BOOST_TEST(life.served() > served);
          }
          if (!in_order) continue;
          life.check();
          life.end();
          BOOST_TEST(life.counts().kills == 0U);
          sum.pageouts += life.counts().pageouts;
          sum.pageins += life.counts().pageins;
          sum.busy_waits += life.counts().busy_waits;
          sum.promotions += life.counts().promotions;
          sum.splits += life.counts().splits;
          sum.table_shares += life.counts().table_shares;
          sum.table_breaks += life.counts().table_breaks;
        }
      }
    }
    BOOST_TEST_CONTEXT("at " << pressure << " %, VM_SEED=" << seed) {
      BOOST_TEST(sum.pageouts > 500U);
      BOOST_TEST(sum.pageins > 100U);
      BOOST_TEST(sum.busy_waits > 0U);
      BOOST_TEST(sum.promotions > 0U);
      BOOST_TEST(sum.splits > 0U);
      BOOST_TEST(sum.table_shares > 0U);
      BOOST_TEST(sum.table_breaks > 0U);
    }
  }
}

// Pages that are large for a while: in from the swap file, stored to, and out again one by one.
BOOST_AUTO_TEST_CASE(runs_that_leave_memory_in_parts_lose_no_store) {
  const std::uint64_t seed = announced_seed();
  for (const Machine& machine : machines()) {
    if (!machine.format.napot) continue;
    BOOST_TEST_CONTEXT(machine.name << ", VM_SEED=" << seed) {
      Life life(machine, seed, {.kernel_space = false, .pressure = 0, .roomy = true, .hardware_ad = {}});
      life.fill_runs(40);
      life.check();
      BOOST_TEST(life.counts().promotions > 0U);
      BOOST_TEST(life.counts().splits > 0U);
      life.end();
    }
  }
}

BOOST_AUTO_TEST_CASE(any_life_keeps_the_books_in_order) {
  const std::uint64_t seed = announced_seed();
  for (const Machine& machine : machines()) {
    const bool has_room = possible_rights(machine, {.kernel = true}).kernel && machine.vpn_bits() > 6;
    for (std::uint64_t run = 0; run < (has_room ? 6 : 4); ++run) {
      BOOST_TEST_CONTEXT(machine.name << ", VM_SEED=" << seed + run) {
        Life life(machine, seed + run, {.kernel_space = run >= 4, .pressure = 0, .roomy = false, .hardware_ad = {}});
        bool in_order = true;
        for (unsigned i = 0; in_order && i < 1500; ++i) {
          life.step();
          // In one life after every call; it takes most of the time.
          if (run == 0 || i % 50 == 0) in_order = life.books_are_in_order();
          if (i % 50 == 0) life.check();
        }
        // What follows from a defect is not worth saying.
        if (!in_order) continue;
        life.check();
        life.end();
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
