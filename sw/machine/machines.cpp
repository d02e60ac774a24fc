// SPDX-License-Identifier: Apache-2.0
//
// The machine table of the C++ side: the only file in sw/ that knows machines by name. Written by hand beside
// rtl/vm_machines_pkg.sv, never generated from it: the two are compared when a model is opened.
#include <algorithm>

#include "machine/machine.h"

namespace vm {
namespace {

// The flag bits of a flat format; nullopt: the format has no such bit.
struct Flags {
  unsigned valid;
  std::optional<unsigned> kernel, read, write, exec;
};

Format flat(unsigned vpn_bits, unsigned page_bits, unsigned pte_bytes_log2, unsigned ppn_lsb, unsigned ppn_bits,
            const Flags& flags) {
  Format f;
  f.kind = PteKind::Flat;
  f.index_bits[0] = vpn_bits;
  f.page_bits = page_bits;
  f.pte_bytes_log2 = pte_bytes_log2;
  f.ppn_lsb = ppn_lsb;
  f.ppn_bits = ppn_bits;
  f.valid_bit = flags.valid;
  f.kernel_bit = flags.kernel;
  f.read_bit = flags.read;
  f.write_bit = flags.write;
  f.exec_bit = flags.exec;
  return f;
}

Region ram(std::uint64_t base, std::uint64_t size, bool cacheable, bool atomic = false) {
  return {.base = PhysAddr(base), .size = size, .cacheable = cacheable, .atomic = atomic};
}

Machine toy10() {
  Machine m;
  m.name = "toy10";
  m.summary = "10-bit addresses, 256-byte pages, kernel-only pages, no TLB";
  m.format = flat(2, 8, 0, 0, 3, {.valid = 7, .kernel = 6, .read = {}, .write = {}, .exec = {}});
  m.va_bits = 10;
  m.pa_bits = 11;
  m.bus_bits = 12;
  m.trap_swap = true;
  m.regions = {ram(0x0, 0x1000, false)};
  return m;
}

Machine toy5() {
  Machine m;
  m.name = "toy5";
  m.summary = "5-bit addresses, 8-byte pages, 64 bytes of memory, no TLB";
  m.format = flat(2, 3, 0, 0, 3, {.valid = 7, .kernel = {}, .read = {}, .write = {}, .exec = {}});
  m.va_bits = 5;
  m.pa_bits = 6;
  m.bus_bits = 7;
  m.regions = {ram(0x0, 0x80, false)};
  return m;
}

Machine ptbr16() {
  Machine m;
  m.name = "ptbr16";
  m.summary = "18-bit addresses, 1 KiB pages, 16-bit big-endian entries in memory, no TLB";
  m.format = flat(8, 10, 1, 4, 10, {.valid = 15, .kernel = 14, .read = {}, .write = {}, .exec = {}});
  m.format.pte_big_endian = true;
  m.va_bits = 18;
  m.pa_bits = 20;
  m.bus_bits = 20;
  m.regions = {ram(0x0, 0x10'0000, false)};
  return m;
}

Machine perm() {
  Machine m = ptbr16();
  m.name = "perm";
  m.summary = "ptbr16 with write and execute rights in two unused bits";
  m.format.write_bit = 3;
  m.format.exec_bit = 2;
  return m;
}

Machine lewis8() {
  Machine m;
  m.name = "lewis8";
  m.summary = "eight words of memory, one-word pages, 2-entry TLBs";
  m.format = flat(3, 2, 0, 0, 3, {.valid = 7, .kernel = {}, .read = {}, .write = 6, .exec = {}});
  m.va_bits = 5;
  m.pa_bits = 5;
  m.bus_bits = 7;
  m.itlb = {.sets = 1, .ways = 2};
  m.dtlb = {.sets = 1, .ways = 2};
  m.regions = {ram(0x0, 0x80, false)};
  return m;
}

Machine lewis16() {
  Machine m;
  m.name = "lewis16";
  m.summary = "16-bit addresses, 16-byte pages, ASIDs, small TLBs and data cache";
  m.format = flat(12, 4, 1, 0, 12, {.valid = 15, .kernel = {}, .read = {}, .write = 14, .exec = {}});
  m.va_bits = 16;
  m.pa_bits = 16;
  m.bus_bits = 18;
  m.asid_bits = 4;
  m.itlb = {.sets = 4, .ways = 2};
  m.dtlb = {.sets = 4, .ways = 2};
  m.dcache = {.sets = 2, .ways = 2, .line_bytes = 8};
  m.regions = {ram(0x0, 0x1'0000, true), ram(0x1'0000, 0x3'0000, false)};
  return m;
}

Machine csapp14() {
  Machine m;
  m.name = "csapp14";
  m.summary = "the simple memory system: 14-bit addresses, 64-byte pages, 16-entry TLB, 16-line cache";
  m.format = flat(8, 6, 0, 0, 6, {.valid = 7, .kernel = {}, .read = {}, .write = {}, .exec = {}});
  m.va_bits = 14;
  m.pa_bits = 12;
  m.bus_bits = 14;
  m.dtlb = {.sets = 4, .ways = 4};
  m.dcache = {.sets = 16, .ways = 1, .line_bytes = 4};
  m.array_port = true;
  m.regions = {ram(0x0, 0x1000, true), ram(0x1000, 0x3000, false)};
  return m;
}

Machine flat32() {
  Machine m;
  m.name = "flat32";
  m.summary = "32-bit addresses, 4 KiB pages, a 4 MiB table walked through the data cache";
  m.format = flat(20, 12, 2, 12, 18, {.valid = 0, .kernel = 1, .read = 2, .write = 3, .exec = 4});
  m.va_bits = 32;
  m.pa_bits = 30;
  m.bus_bits = 30;
  m.asid_bits = 8;
  m.itlb = {.sets = 16, .ways = 4};
  m.dtlb = {.sets = 16, .ways = 4};
  m.icache = {.sets = 64, .ways = 4, .line_bytes = 64};
  m.dcache = {.sets = 64, .ways = 4, .line_bytes = 64};
  m.walk_port = WalkPort::Cache;
  m.atomics = true;
  m.regions = {ram(0x0, 0x3800'0000, true, true), ram(0x3C00'0000, 0x400'0000, false)};
  return m;
}

// What all machines with multi-level tables have beside the L1 TLBs.
void add_translation_caches(Machine& m) {
  m.dtlb = {.sets = 16, .ways = 4};
  m.l2tlb = {.sets = 128, .ways = 4};
  m.super_entries = 4;
  m.walk_cache_sets = 4;
  m.walk_port = WalkPort::Cache;
}

Machine corei7() {
  Machine m;
  m.name = "corei7";
  m.summary = "x86-64: 48-bit addresses, 4-level tables, 4 KiB, 2 MiB and 1 GiB pages, PCIDs, L1 to L3";
  m.format.kind = PteKind::X86;
  m.format.levels = m.format.min_levels = 4;
  m.format.max_leaf_level = 2;
  m.format.index_bits = {9, 9, 9, 9};
  m.format.page_bits = 12;
  m.format.pte_bytes_log2 = 3;
  m.format.ppn_lsb = 12;
  m.format.ppn_bits = 40;
  m.format.upper_va = UpperVa::Sign;
  m.format.hw_ad = true;
  m.va_bits = 48;
  m.pa_bits = 52;
  m.bus_bits = 52;
  m.asid_bits = 12;
  add_translation_caches(m);
  m.itlb = {.sets = 32, .ways = 4};
  m.icache = {.sets = 64, .ways = 8, .line_bytes = 64};
  m.dcache = {.sets = 64, .ways = 8, .line_bytes = 64};
  m.l2cache = {.sets = 512, .ways = 8, .line_bytes = 64};
  m.l3cache = {.sets = 8192, .ways = 16, .line_bytes = 64};
  m.atomics = true;
  m.regions = {ram(0x0, 0x1'0000'0000, true, true), ram(0xF'0000'0000, 0x400'0000, false, true)};
  return m;
}

// Sv39, Sv48 and Sv57 by their number of levels; a mode with fewer levels can be chosen at run time.
Machine riscv64(std::string name, unsigned levels) {
  Machine m;
  m.name = std::move(name);
  m.format.kind = PteKind::Riscv;
  m.format.levels = levels;
  m.format.min_levels = 3;
  m.format.max_leaf_level = levels - 1;
  std::fill_n(m.format.index_bits.begin(), levels, 9);
  m.format.page_bits = 12;
  m.format.pte_bytes_log2 = 3;
  m.format.ppn_lsb = 10;
  m.format.ppn_bits = 44;
  m.format.upper_va = UpperVa::Sign;
  m.format.napot = true;
  m.format.pbmt = true;
  m.format.hw_ad = true;
  m.va_bits = 12 + 9 * levels;
  m.pa_bits = 56;
  m.bus_bits = 56;
  m.asid_bits = 16;
  m.itlb = {.sets = 16, .ways = 4};
  add_translation_caches(m);
  m.icache = {.sets = 64, .ways = 4, .line_bytes = 64};
  m.dcache = {.sets = 64, .ways = 4, .line_bytes = 64};
  m.atomics = true;
  // Memory; uncached memory; devices, which take no atomics.
  m.regions = {ram(0x8000'0000, 0x8000'0000, true, true), ram(0x4000'0000, 0x400'0000, false, true),
               ram(0x1000'0000, 0x100'0000, false)};
  return m;
}

Machine sv39() {
  Machine m = riscv64("sv39", 3);
  m.summary = "RISC-V Sv39: 39-bit addresses, 3-level tables, pages of 4 KiB to 1 GiB";
  return m;
}

Machine sv48() {
  Machine m = riscv64("sv48", 4);
  m.summary = "RISC-V Sv48 and Sv39: 48-bit addresses, 4-level tables, pages of 4 KiB to 512 GiB";
  m.icache = {.sets = 128, .ways = 4, .line_bytes = 64};
  m.dcache = {.sets = 256, .ways = 2, .line_bytes = 64};
  m.alias_resolution = true;
  m.l2cache = {.sets = 64, .ways = 8, .line_bytes = 64};
  return m;
}

Machine sv57() {
  Machine m = riscv64("sv57", 5);
  m.summary = "RISC-V Sv57, Sv48 and Sv39: 57-bit addresses, 5-level tables, pages of 4 KiB to 256 TiB";
  m.l2cache = {.sets = 64, .ways = 8, .line_bytes = 64};
  m.l3cache = {.sets = 128, .ways = 8, .line_bytes = 64};
  return m;
}

Machine sv32() {
  Machine m = riscv64("sv32", 2);
  m.summary = "RISC-V Sv32: 32-bit addresses, 2-level tables, 34-bit physical addresses, 4 MiB superpages";
  m.format.min_levels = 2;
  m.format.index_bits = {10, 10};
  m.format.pte_bytes_log2 = 2;
  m.format.ppn_bits = 22;
  m.format.upper_va = UpperVa::Zero;
  m.format.napot = false;
  m.format.pbmt = false;
  m.va_bits = 32;
  m.pa_bits = 34;
  m.bus_bits = 34;
  m.asid_bits = 9;
  return m;
}

Machine sv39_ulx3s() {
  Machine m = riscv64("sv39-ulx3s", 3);
  m.summary = "sv39 with 34-bit physical addresses, 9-bit ASIDs and hits of two cycles, for the ULX3S board";
  m.hit_latency = 2;
  m.pa_bits = 34;
  m.bus_bits = 34;
  m.asid_bits = 9;
  return m;
}

Machine sv39_prefetch() {
  Machine m = riscv64("sv39-prefetch", 3);
  m.summary = "sv39 that prefetches the next page's translation into the L2 TLB";
  m.l2_prefetch = true;
  return m;
}

Machine sv39_nb() {
  Machine m = riscv64("sv39-nb", 3);
  m.summary = "sv39 whose caches have four misses outstanding and answer in any order";
  m.icache = {.sets = 128, .ways = 2, .line_bytes = 64};
  m.alias_resolution = true;
  m.misses = 4;
  m.waiters = 8;
  m.critical_first = true;
  return m;
}

Machine riscv8k() {
  Machine m = riscv64("riscv8k", 3);
  m.summary = "entries as in Sv39, but 8 KiB pages, 43-bit addresses; 4-entry I-TLB; L2 and L3; parity";
  m.format.index_bits = {10, 10, 10};
  m.format.page_bits = 13;
  m.format.ppn_bits = 43;
  m.format.napot = false;
  m.format.pbmt = false;
  m.va_bits = 43;
  m.pa_bits = 40;
  m.bus_bits = 40;
  m.asid_bits = 9;
  m.itlb = {.sets = 1, .ways = 4};
  m.l2cache = {.sets = 128, .ways = 4, .line_bytes = 64};
  m.l3cache = {.sets = 256, .ways = 4, .line_bytes = 64};
  m.array_port = true;
  m.parity = true;
  return m;
}

}  // namespace

std::span<const Machine> machines() {
  static const std::array<Machine, 17> kTable = {
      toy10(), toy5(), ptbr16(), perm(), lewis8(),     lewis16(),       csapp14(), flat32(), corei7(),
      sv32(),  sv39(), sv48(),   sv57(), sv39_ulx3s(), sv39_prefetch(), sv39_nb(), riscv8k()};
  return kTable;
}

const Machine* find_machine(std::string_view name) {
  const auto all = machines();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Machine& m) { return m.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace vm
