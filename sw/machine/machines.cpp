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
  f.levels = 1;
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

Region ram(std::uint64_t base, std::uint64_t size, bool cacheable) {
  return {.base = PhysAddr(base), .size = size, .cacheable = cacheable};
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
  m.regions = {ram(0x0, 0x3800'0000, true), ram(0x3C00'0000, 0x400'0000, false)};
  return m;
}

}  // namespace

std::span<const Machine> machines() {
  static const std::array<Machine, 8> kTable = {toy10(),  toy5(),    ptbr16(),  perm(),
                                                lewis8(), lewis16(), csapp14(), flat32()};
  return kTable;
}

const Machine* find_machine(std::string_view name) {
  const auto all = machines();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Machine& m) { return m.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace vm
