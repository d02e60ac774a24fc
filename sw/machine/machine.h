// SPDX-License-Identifier: Apache-2.0
//
// A machine is data: the C++ twin of rtl/vm_machines_pkg.sv, written apart from it on purpose. Every model reports the
// machine it was elaborated for, and opening a model compares the two field by field.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/access.h"
#include "machine/address.h"

namespace vm {

// How the bits of an entry are read.
enum class PteKind : std::uint8_t { Flat = 0, Riscv = 1, X86 = 2 };
// What virtual-address bits above va_bits must be.
enum class UpperVa : std::uint8_t { Zero = 0, Sign = 1 };

struct Format {
  static constexpr unsigned kMaxLevels = 5;
  PteKind kind = PteKind::Flat;
  unsigned levels = 1;                            // 1 = one flat table
  unsigned min_levels = 1;                        // fewest levels that can be chosen at run time
  unsigned max_leaf_level = 0;                    // highest level at which a leaf is legal
  std::array<unsigned, kMaxLevels> index_bits{};  // VPN bits per level, [0] = leaf
  unsigned page_bits = 0;
  unsigned pte_bytes_log2 = 0;
  bool pte_big_endian = false;
  unsigned ppn_lsb = 0;
  unsigned ppn_bits = 0;
  // Bit positions; nullopt: the format has no such bit (no kernel bit: every page is a user page; no read, write or
  // execute bit: the right is always given).
  std::optional<unsigned> valid_bit, kernel_bit, read_bit, write_bit, exec_bit;
  UpperVa upper_va = UpperVa::Zero;
  bool napot = false;  // Svnapot
  bool pbmt = false;   // Svpbmt
  bool hw_ad = false;  // accessed and dirty bits can be updated by hardware

  // VPN bits below the index of this level, and those that a mode of so many levels translates.
  unsigned index_lsb(unsigned level) const;
  unsigned vpn_bits(unsigned mode_levels) const { return index_lsb(mode_levels); }
  unsigned pte_bytes() const { return 1U << pte_bytes_log2; }
  std::uint64_t page_size() const { return 1ULL << page_bits; }
  bool operator==(const Format&) const = default;
};

struct TlbGeometry {
  unsigned sets = 1;
  unsigned ways = 0;  // 0 = no TLB
  bool operator==(const TlbGeometry&) const = default;
};

struct CacheGeometry {
  unsigned sets = 1;
  unsigned ways = 0;  // 0 = no cache
  unsigned line_bytes = 8;
  bool operator==(const CacheGeometry&) const = default;
};

struct Region {
  PhysAddr base;
  std::uint64_t size = 0;
  bool cacheable = false;
  bool atomic = false;  // LR, SC and AMOs are possible
  bool contains(PhysAddr a) const { return a.value - base.value < size; }
  bool operator==(const Region&) const = default;
};

enum class WalkPort : std::uint8_t { Memory = 0, Cache = 1 };

struct Machine {
  std::string name;
  std::string summary;  // one line for people
  Format format;
  unsigned va_bits = 0;
  unsigned pa_bits = 0;   // what a translation can reach
  unsigned bus_bits = 0;  // what table base, host port and memory port can reach
  unsigned asid_bits = 0;
  TlbGeometry itlb, dtlb;        // L1, base pages
  unsigned super_entries = 0;    // of each L1 TLB, fully associative: superpages and NAPOT ranges
  TlbGeometry l2tlb;             // shared by both ports, base pages
  unsigned walk_cache_sets = 0;  // entries of the walk cache of each level above 0; 0 = none
  bool l2_prefetch = false;      // after a walk, the next page goes into the L2 TLB too
  unsigned hit_latency = 1;      // cycles from acceptance to the answer of an L1 TLB hit: 1 or 2
  CacheGeometry icache, dcache;
  bool alias_resolution = false;   // sets of the two may reach beyond the page
  unsigned misses = 0;             // outstanding in each first-level cache; 0: it waits for each
  unsigned waiters = 0;            // accesses that can wait for each of them
  bool critical_first = false;     // lines are read from the word that is wanted
  CacheGeometry l2cache, l3cache;  // unified, between the first level and memory; the L3 behind the L2
  WalkPort walk_port = WalkPort::Memory;
  bool atomics = false;  // the data port takes LR, SC and AMOs
  bool trap_swap = false;
  bool array_port = false;
  bool parity = false;          // RAM of TLBs, walk caches and first-level caches has parity bits
  std::vector<Region> regions;  // what is in none is a hole

  unsigned vpn_bits() const { return va_bits - format.page_bits; }
  // The largest aligned piece inside one page, one line and one beat: 4 or 8 bytes.
  unsigned unit_bytes() const;
  const Region* region_of(PhysAddr a) const;  // nullptr: a hole
  // Whether something lies there that takes such an access.
  bool takes(PhysAddr a, AtomicOp op) const {
    const Region* region = region_of(a);
    return region != nullptr && (op == AtomicOp::None || region->atomic);
  }
  // Bits of the set of such a cache above the page, in place: what two addresses of one colour have in common.
  std::uint64_t colour_mask(const CacheGeometry& cache) const;
  // The bytes an LR reserves: a line of the data cache.
  unsigned reservation_bytes() const { return dcache.ways != 0 ? dcache.line_bytes : 8; }
  Vpn vpn_of(VirtAddr va) const { return Vpn((va.value & low_mask(va_bits)) >> format.page_bits); }
  std::uint64_t offset_of(VirtAddr va) const { return va.value & low_mask(format.page_bits); }
  // Upper bits as upper_va asks, in a mode of so many levels (0: the widest).
  bool va_is_legal(VirtAddr va, unsigned mode_levels = 0) const;
};

// The textbook machines, in the order of the documentation.
std::span<const Machine> machines();
const Machine* find_machine(std::string_view name);

// A machine described in a TOML file (docs/machines.md); throws InputError (file, line, what was expected).
Machine load_machine(const std::filesystem::path& file);

// Why this combination is illegal, in the words the RTL uses when it refuses it; empty if legal.
std::string why_illegal(const Machine& machine);

}  // namespace vm
