// SPDX-License-Identifier: Apache-2.0
#include "fuzz/system_traffic.h"

#include <fmt/format.h>

#include "fuzz/system_life.h"
#include "fuzz/system_world.h"
#include "machine/pte.h"
#include "os/rights.h"

namespace vm::fuzz {

SystemTrace system_traffic(const Machine& machine, std::string_view name, std::uint64_t seed, std::size_t steps,
                           const SystemConditions& conditions) {
  if (!conditions.board) return SystemLife(machine, seed, conditions).trace(name, steps);
  Machine small = machine;
  small.regions = {*conditions.board};
  return SystemLife(small, seed, conditions).trace(name, steps);
}

bool has_large_pages(const Machine& machine) { return machine.format.napot || machine.format.max_leaf_level > 0; }

bool can_fill_run(const Machine& machine) { return machine.format.napot && machine.vpn_bits() > 12; }

bool can_have_kernel_space(const Machine& machine) {
  constexpr unsigned kFewestPageBits = 6;  // of virtual page numbers
  return possible_rights(machine, {.kernel = true}).kernel && machine.vpn_bits() >= kFewestPageBits &&
         !machine.trap_swap;
}

// Said apart from the generator, so that one that has lost a kind is found out.
std::vector<std::string> claimed_kinds(const Machine& machine) {
  const Format& format = machine.format;
  const bool flat = format.kind == PteKind::Flat, x86 = format.kind == PteKind::X86;
  std::vector<std::string> kinds = {"process",
                                    "load",
                                    "store",
                                    "fetch",
                                    "storm",
                                    "modify",
                                    "register load",
                                    "register",
                                    "register store",
                                    "map",
                                    "map shared",
                                    "unmap",
                                    "mmap private",
                                    "mmap shared",
                                    "mmap stack",
                                    "mprotect",
                                    "munmap",
                                    "fork",
                                    "exit",
                                    "execve prog",
                                    "execve linked",
                                    "execve hostile",
                                    "switch",
                                    "bare",
                                    "bare access",
                                    "fence all",
                                    "fence nonglobal",
                                    "fence asid",
                                    "fence va",
                                    "fence va asid",
                                    "fence invlpg",
                                    "refused fence",
                                    "host load",
                                    "host store",
                                    "sync",
                                    "clean",
                                    "clean line",
                                    "cleaninvalidate",
                                    "invalidate line",
                                    "cleaninvalidate line",
                                    "refused control",
                                    "refused cache operation",
                                    "map global",
                                    "raw process",
                                    "entry",
                                    "bus errors",
                                    "fork copy",
                                    "vfork",
                                    "borrower exit",
                                    "mremap",
                                    "madvise",
                                    "rlimit",
                                    "overcommit",
                                    "oom kill",
                                    "replacement",
                                    "working sets",
                                    "bad frame",
                                    "hold",
                                    "zeropage",
                                    "file",
                                    "open",
                                    "close",
                                    "mmap file private",
                                    "mmap file shared",
                                    "read",
                                    "write",
                                    "fstat",
                                    "msync",
                                    "fsync",
                                    "sync files"};
  const auto claim = [&](bool has, std::initializer_list<const char*> names) {
    if (has) kinds.insert(kinds.end(), names.begin(), names.end());
  };
  kinds.emplace_back("thread");
  claim(has_large_pages(machine), {"largepages", "promote"});
  claim(can_fill_run(machine), {"fill run"});
  claim(!flat, {"sharetables", "mmap reach"});
  claim(machine.vpn_bits() >= 3, {"area", "stack"});
  claim(machine.vpn_bits() >= 4, {"heap", "brk"});
  claim(most_slots(format) != 0, {"swap", "swapout", "unwritable", "unreadable"});
  claim(device_region(machine) != nullptr, {"device"});
  claim(!possible_rights(machine, {.write = false}).write, {"map cow"});
  claim(machine.asid_bits != 0, {"asid"});
  claim(machine.asid_bits != 0, {"asids"});
  claim(can_have_kernel_space(machine), {"kernel space", "traps", "pool", "map kernel", "unmap kernel"});
  claim(machine.atomics, {"lr", "sc", "amo", "misaligned atomic"});
  claim(flat, {"limit"});
  claim(flat || x86 || format.pte_bytes() == 8, {"refused value"});
  claim(x86, {"control pat", "map uc", "map wt"});
  claim(x86 || format.hw_ad, {"env", "control env"});
  claim(format.pbmt, {"map nc", "map io"});
  claim(format.napot, {"map 64K"});
  claim(machine.trap_swap, {"trap", "trap access"});
  claim(machine.array_port && machine.dtlb.ways + machine.itlb.ways != 0, {"tlb"});
  claim(format.kind == PteKind::Riscv && format.min_levels != format.levels, {"mode"});
  return kinds;
}

}  // namespace vm::fuzz
