// SPDX-License-Identifier: Apache-2.0
//
// A testbench with multi-level page tables in memory, for tests that say exactly what happens. Two address spaces, each
// with one table for each level: those of level 0 map the lowest pages, others may take superpages beside their
// pointer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "machine/control.h"
#include "machine/pte.h"
#include "rtl_platform.h"
#include "traffic_bench.h"

namespace vm::test {

class TreeBench {
 public:
  explicit TreeBench(std::string_view machine_name, const TestbenchOptions& options = {})
      : TreeBench(*find_machine(machine_name), options) {}
  // `machine` must outlive it.
  explicit TreeBench(const Machine& machine, const TestbenchOptions& options = {})
      : machine_(machine), bench_(machine_, load_model(machine_, options.seed), options), platform_(bench_) {
    for (unsigned space = 0; space < 2; ++space) {
      for (unsigned level = levels() - 1; level > 0; --level) {
        set(entry_address(0, level, space), pointer(table(level - 1, space)), level);
      }
    }
  }

  const Machine& machine() const { return machine_; }
  Testbench& bench() { return bench_; }
  RtlPlatform& platform() { return platform_; }
  unsigned levels() const { return machine_.format.levels; }
  bool x86() const { return machine_.format.kind == PteKind::X86; }

  // Memory that no table lies in; frame 0 may begin a superpage.
  Ppn frame(std::uint64_t n) const { return Ppn((ram() + kFrames) >> machine_.format.page_bits) + n; }
  PhysAddr address(Ppn frame, std::uint64_t offset = 0) const {
    return PhysAddr((frame.value << machine_.format.page_bits) | offset);
  }
  std::uint64_t va(std::uint64_t page, std::uint64_t offset = 0) const {
    return (page << machine_.format.page_bits) | offset;
  }
  // The first address of the i-th entry of a level's table.
  std::uint64_t va_at(unsigned level, std::uint64_t i) const {
    return i << (machine_.format.page_bits + machine_.format.index_lsb(level));
  }

  static Pte leaf(Ppn frame) { return {.valid = true, .ppn = frame}; }
  Pte pointer(PhysAddr to) const {
    return {.valid = true, .leaf = false, .ppn = Ppn(to.value >> machine_.format.page_bits)};
  }
  PhysAddr table(unsigned level, unsigned space = 0) const {
    return PhysAddr(ram() + kTables + (space * Format::kMaxLevels + level) * machine_.format.page_size());
  }
  PhysAddr entry_address(std::uint64_t address, unsigned level = 0, unsigned space = 0) const {
    const std::uint64_t vpn = address >> machine_.format.page_bits;
    const std::uint64_t index =
        (vpn >> machine_.format.index_lsb(level)) & low_mask(machine_.format.index_bits.at(level));
    return PhysAddr(table(level, space).value + (index << machine_.format.pte_bytes_log2));
  }
  std::uint64_t raw(const Pte& pte, unsigned level = 0) const { return encode_pte(machine_.format, pte, level); }
  // In memory before the first cycle, through the host port later.
  void set(PhysAddr at, const Pte& pte, unsigned level = 0) { set_raw(at, raw(pte, level)); }
  void set_raw(PhysAddr at, std::uint64_t value) {
    const auto bytes = pte_to_bytes(machine_.format, value);
    const auto used = std::span(bytes).first(machine_.format.pte_bytes());
    if (started_) {
      platform_.host_write(at, used);
    } else {
      platform_.preload(at, used);
    }
  }
  std::uint64_t get_raw(PhysAddr at) {
    std::array<std::uint8_t, 8> bytes{};
    platform_.host_read(at, std::span(bytes).first(machine_.format.pte_bytes()));
    return pte_from_bytes(machine_.format, bytes);
  }
  void map(std::uint64_t page, const Pte& pte, unsigned space = 0) { set(entry_address(va(page), 0, space), pte); }

  std::uint64_t root(unsigned space, std::uint16_t asid = 0, bool keep = false) const {
    Context context;
    context.translate = true;
    context.levels = levels();
    context.base = table(levels() - 1, space);
    context.asid = asid;
    context.env = env_;
    return root_value(machine_, context, keep);
  }
  // Before translate(): entries may name a memory type (R29).
  void use_memory_types() { env_.pbmte = machine_.format.pbmt; }
  // Turns translation on; hardware sets A and D. `pcide`: x86 with PCIDs and global
  // pages.
  void translate(bool pcide = false) {
    started_ = true;
    platform_.ctl_write(CtlReg::Root, root(0), false);
    env_.adue = !x86();
    env_.pg = env_.nxe = env_.pge = x86();
    platform_.ctl_write(CtlReg::Env, env_value(machine_, env_), false);
    env_.pcide = pcide;
    if (pcide) platform_.ctl_write(CtlReg::Env, env_value(machine_, env_), false);
  }
  // x86: what is cached stays, with PCIDs.
  void switch_to(unsigned space, std::uint16_t asid = 0) {
    platform_.ctl_write(CtlReg::Root, root(space, asid, env_.pcide), false);
  }

  AccessResult access(AccessKind kind, std::uint64_t address, unsigned size_log2 = 0, std::uint64_t data = 0) {
    const Access a{
        .kind = kind, .size_log2 = static_cast<std::uint8_t>(size_log2), .va = VirtAddr(address), .data = data};
    AccessResult result;
    platform_.perform(std::span(&a, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }
  AccessResult load(std::uint64_t address, unsigned size_log2 = 0) {
    return access(AccessKind::Load, address, size_log2);
  }
  AccessResult store(std::uint64_t address, unsigned size_log2, std::uint64_t data) {
    return access(AccessKind::Store, address, size_log2, data);
  }

  // The checks' verdict on all of it.
  bool clean() {
    bench_.finish();
    return bench_.reporter().count() == 0;
  }

 private:
  static constexpr std::uint64_t kTables = 0x100'0000, kFrames = 0x200'0000;
  std::uint64_t ram() const { return machine_.regions.front().base.value; }

  const Machine& machine_;
  Testbench bench_;
  RtlPlatform platform_;
  Environment env_;
  bool started_ = false;
};

}  // namespace vm::test
