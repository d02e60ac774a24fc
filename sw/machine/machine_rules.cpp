// SPDX-License-Identifier: Apache-2.0
//
// The rules a legal machine obeys.
#include <fmt/format.h>

#include <bit>

#include "machine/machine.h"

namespace vm {
namespace {

constexpr unsigned kMaxRegions = 4;
constexpr unsigned kMaxVpnBits = 52;  // array port: vpn field
constexpr unsigned kMaxPpnBits = 44;  // array port: ppn field
constexpr unsigned kMaxBusBits = 56;
constexpr unsigned kMaxLineBytes = 256 * 8;  // one burst

bool power_of_two(std::uint64_t n) { return std::has_single_bit(n); }

std::string why_widths_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.page_bits < 2 || f.page_bits > 30) {
    return fmt::format("PageBits is {}: pages of 4 bytes to 1 GiB (2 to 30) are possible", f.page_bits);
  }
  if (m.va_bits > 64) return fmt::format("VaBits is {}: make it at most 64", m.va_bits);
  if (m.va_bits <= f.page_bits) {
    return fmt::format("VaBits ({}) must be greater than PageBits ({})", m.va_bits, f.page_bits);
  }
  if (m.vpn_bits() > kMaxVpnBits) {
    return fmt::format("a VPN of {} bits is too wide: make VaBits - PageBits at most {}", m.vpn_bits(), kMaxVpnBits);
  }
  if (m.bus_bits > kMaxBusBits) return fmt::format("BusBits is {}: make it at most {}", m.bus_bits, kMaxBusBits);
  if (m.pa_bits > m.bus_bits) return fmt::format("PaBits ({}) must not exceed BusBits ({})", m.pa_bits, m.bus_bits);
  if (m.pa_bits <= f.page_bits) {
    return fmt::format("PaBits ({}) must be greater than PageBits ({})", m.pa_bits, f.page_bits);
  }
  if (m.asid_bits > 16) return fmt::format("AsidBits is {}: make it at most 16", m.asid_bits);
  return {};
}

std::string why_levels_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.levels < 1 || f.levels > Format::kMaxLevels) {
    return fmt::format("Levels is {}: make it 1 to {}", f.levels, Format::kMaxLevels);
  }
  for (unsigned level = 0; level < Format::kMaxLevels; ++level) {
    const unsigned bits = f.index_bits.at(level);
    if (level < f.levels && bits == 0) return fmt::format("IndexBits of level {} is 0: make it at least 1", level);
    if (level >= f.levels && bits != 0) {
      return fmt::format("IndexBits of level {} is {}, but there are {} levels: make it 0", level, bits, f.levels);
    }
    if (f.kind != PteKind::Flat && bits + f.pte_bytes_log2 > f.page_bits) {
      return fmt::format("a table of level {} ({} entries) does not fit a page: make IndexBits at most {}", level,
                         1ULL << bits, f.page_bits - f.pte_bytes_log2);
    }
  }
  if (f.vpn_bits(f.levels) != m.vpn_bits()) {
    return fmt::format("IndexBits add up to {}, but VaBits - PageBits is {}: make them equal", f.vpn_bits(f.levels),
                       m.vpn_bits());
  }
  if (f.min_levels < 1 || f.min_levels > f.levels) {
    return fmt::format("MinLevels is {}: make it 1 to Levels ({})", f.min_levels, f.levels);
  }
  if (f.max_leaf_level >= f.levels) {
    return fmt::format("MaxLeafLevel is {}: make it less than Levels ({})", f.max_leaf_level, f.levels);
  }
  return {};
}

std::string why_entry_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.pte_bytes_log2 > 3) return fmt::format("PteBytesLog2 is {}: make it at most 3", f.pte_bytes_log2);
  const unsigned width = 8 * f.pte_bytes();
  if (f.ppn_bits < 1 || f.ppn_bits > kMaxPpnBits) {
    return fmt::format("PpnBits is {}: make it 1 to {}", f.ppn_bits, kMaxPpnBits);
  }
  if (f.ppn_lsb + f.ppn_bits > width) {
    return fmt::format("the PPN field {}..{} lies outside the {}-bit entry: make the entry larger or the field smaller",
                       f.ppn_lsb + f.ppn_bits - 1, f.ppn_lsb, width);
  }
  if (f.ppn_bits + f.page_bits < m.pa_bits) {
    return fmt::format(
        "PpnBits + PageBits is {}, which cannot reach PaBits ({}): make PpnBits larger or PaBits smaller",
        f.ppn_bits + f.page_bits, m.pa_bits);
  }
  if (f.kind != PteKind::Flat) return {};
  if (!f.valid_bit) return "the format has no ValidBit: give it one";
  std::uint64_t taken = low_mask(f.ppn_bits) << f.ppn_lsb;
  const auto flag = [&](const char* name, const std::optional<unsigned>& bit) -> std::string {
    if (!bit) return {};
    if (*bit >= width) {
      return fmt::format("{} is {}, outside the {}-bit entry: make it smaller than {}", name, *bit, width, width);
    }
    if ((taken >> *bit & 1U) != 0)
      return fmt::format("{} ({}) overlaps another field of the entry: move it", name, *bit);
    taken |= 1ULL << *bit;
    return {};
  };
  for (std::string why : {flag("ValidBit", f.valid_bit), flag("KernelBit", f.kernel_bit), flag("ReadBit", f.read_bit),
                          flag("WriteBit", f.write_bit), flag("ExecBit", f.exec_bit)}) {
    if (!why.empty()) return why;
  }
  return {};
}

std::string why_flat_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.levels != 1) return fmt::format("a flat table has one level, not {}: set Levels to 1", f.levels);
  if (f.napot || f.pbmt || f.hw_ad) return "a flat format has no Napot, Pbmt or HwAd: leave them out";
  if (m.super_entries != 0) return "SuperEntries: a flat table has pages of one size; make it 0";
  if (m.l2tlb.ways != 0) return "L2Tlb: flat formats have none; leave it out";
  if (m.walk_cache_sets != 0) return "WalkCacheSets: a flat table has no upper levels; make it 0";
  return {};
}

// What all architectures have in common that fix the layout of their entries.
std::string why_fixed_layout_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.valid_bit || f.kernel_bit || f.read_bit || f.write_bit || f.exec_bit) {
    return "ValidBit, KernelBit, ReadBit, WriteBit and ExecBit are for flat formats: leave them out";
  }
  if (m.pa_bits != m.bus_bits) {
    return fmt::format("PaBits ({}) and BusBits ({}) differ: only flat formats can have tables beyond PaBits",
                       m.pa_bits, m.bus_bits);
  }
  if (f.ppn_bits + f.page_bits > kMaxBusBits) {
    return fmt::format("PpnBits + PageBits is {}: make it at most {}", f.ppn_bits + f.page_bits, kMaxBusBits);
  }
  if (m.trap_swap) return "TrapSwap is for flat formats: leave it out";
  if (f.hw_ad && m.walk_port != WalkPort::Cache) {
    return "HwAd needs WalkPort WalkCache: entries are updated under the data cache's lock";
  }
  return {};
}

std::string why_riscv_illegal(const Machine& m) {
  const Format& f = m.format;
  const bool rv32 = f.pte_bytes_log2 == 2;
  if (!rv32 && f.pte_bytes_log2 != 3) return "a RISC-V entry has 4 bytes (2 levels) or 8: set PteBytesLog2 to 2 or 3";
  const unsigned fewest = rv32 ? 2 : 3;
  if (f.levels < fewest || (rv32 && f.levels > 2)) {
    return fmt::format("Levels is {}: RISC-V has 2 with entries of 4 bytes, 3 to 5 with entries of 8", f.levels);
  }
  if (f.min_levels < fewest) return fmt::format("MinLevels is {}: make it at least {}", f.min_levels, fewest);
  if (f.max_leaf_level != f.levels - 1) {
    return fmt::format("MaxLeafLevel is {}: RISC-V has leaves at every level; make it {}", f.max_leaf_level,
                       f.levels - 1);
  }
  constexpr unsigned kPpnLsb = 10;
  const unsigned ppn_end = rv32 ? 32 : 54;
  if (f.ppn_lsb != kPpnLsb || f.ppn_lsb + f.ppn_bits > ppn_end) {
    return fmt::format("the PPN field {}..{} is not that of RISC-V: set PpnLsb to {} and PpnBits to at most {}",
                       f.ppn_lsb + f.ppn_bits - 1, f.ppn_lsb, kPpnLsb, ppn_end - kPpnLsb);
  }
  if (rv32 && (f.napot || f.pbmt)) return "Napot and Pbmt need entries of 8 bytes: leave them out";
  if (f.napot && f.index_bits[0] < 4) return "Napot: a range is 16 pages, so IndexBits[0] must be at least 4";
  if (f.napot && f.page_bits != 12) return "Napot needs pages of 4 KiB: leave it out, or set PageBits to 12";
  if (rv32 && m.asid_bits > 9) return fmt::format("AsidBits is {}: with entries of 4 bytes at most 9", m.asid_bits);
  return {};
}

std::string why_x86_illegal(const Machine& m) {
  const Format& f = m.format;
  if (f.levels < 4 || f.min_levels != 4) {
    return fmt::format("Levels is {}, MinLevels {}: x86 has 4 or 5 levels, and MinLevels 4", f.levels, f.min_levels);
  }
  bool nine = true;
  for (unsigned level = 0; level < f.levels; ++level) nine &= f.index_bits.at(level) == 9;
  if (f.page_bits != 12 || f.pte_bytes_log2 != 3 || f.pte_big_endian || !nine) {
    return "x86 has pages of 4 KiB and little-endian entries of 8 bytes, 512 to a table: set PageBits to 12, "
           "PteBytesLog2 to 3, IndexBits to 9";
  }
  if (m.pa_bits > 52) return fmt::format("PaBits is {}: x86 has at most 52", m.pa_bits);
  if (f.ppn_lsb != 12 || f.ppn_bits != m.pa_bits - 12) {
    return fmt::format("the PPN field {}..{} is not that of x86: set PpnLsb to 12 and PpnBits to PaBits - 12 ({})",
                       f.ppn_lsb + f.ppn_bits - 1, f.ppn_lsb, m.pa_bits - 12);
  }
  if (f.max_leaf_level < 1 || f.max_leaf_level > 2) {
    return fmt::format("MaxLeafLevel is {}: make it 1 (2 MiB pages) or 2 (1 GiB pages too)", f.max_leaf_level);
  }
  if (f.upper_va != UpperVa::Sign) return "x86 addresses are canonical: set UpperVa to Sign";
  if (f.napot || f.pbmt || !f.hw_ad) return "x86 has HwAd, and no Napot or Pbmt: set HwAd, leave out the others";
  if (m.asid_bits > 12) return fmt::format("AsidBits is {}: a PCID has 12", m.asid_bits);
  return {};
}

std::string why_kind_illegal(const Machine& m) {
  if (m.format.kind == PteKind::Flat) return why_flat_illegal(m);
  if (std::string why = why_fixed_layout_illegal(m); !why.empty()) return why;
  return m.format.kind == PteKind::Riscv ? why_riscv_illegal(m) : why_x86_illegal(m);
}

std::string why_tlb_illegal(const Machine& m, const char* name, const TlbGeometry& g) {
  if (g.ways == 0) return {};
  if (!power_of_two(g.sets)) return fmt::format("{} has {} sets: make it a power of two", name, g.sets);
  if (!power_of_two(g.ways) || g.ways > 64) {
    return fmt::format("{} has {} ways: make it a power of two, at most 64", name, g.ways);
  }
  if (g.sets > 0x8000 || static_cast<unsigned>(std::countr_zero(g.sets)) >= m.vpn_bits()) {
    return fmt::format("{} has {} sets, which leaves no tag in a {}-bit VPN: make it fewer", name, g.sets,
                       m.vpn_bits());
  }
  return {};
}

std::string why_translation_caches_illegal(const Machine& m) {
  constexpr unsigned kMostEntries = 64;
  const auto not_possible = [](unsigned n) { return n != 0 && (!power_of_two(n) || n > kMostEntries); };
  if (not_possible(m.super_entries)) {
    return fmt::format("SuperEntries is {}: make it 0 or a power of two, at most {}", m.super_entries, kMostEntries);
  }
  if (not_possible(m.walk_cache_sets)) {
    return fmt::format("WalkCacheSets is {}: make it 0 or a power of two, at most {}", m.walk_cache_sets, kMostEntries);
  }
  const unsigned key_bits = m.format.index_bits.at(m.format.levels - 1);  // of the highest level, the shortest key
  if (m.walk_cache_sets != 0 && static_cast<unsigned>(std::countr_zero(m.walk_cache_sets)) >= key_bits) {
    return fmt::format(
        "WalkCacheSets is {}, which leaves no tag in the {}-bit index of the highest level: make it fewer",
        m.walk_cache_sets, key_bits);
  }
  if (m.l2_prefetch && m.l2tlb.ways == 0) return "L2Prefetch needs an L2 TLB to fill: give L2Tlb ways";
  if (m.hit_latency != 1 && m.hit_latency != 2) {
    return fmt::format("HitLatency is {}: make it 1 or 2", m.hit_latency);
  }
  return {};
}

std::string why_cache_illegal(const Machine& m, const char* name, const CacheGeometry& g) {
  if (g.ways == 0) return {};
  if (!power_of_two(g.sets) || g.sets > 0x8000) {
    return fmt::format("{} has {} sets: make it a power of two", name, g.sets);
  }
  if (!power_of_two(g.ways) || g.ways > 64) {
    return fmt::format("{} has {} ways: make it a power of two, at most 64", name, g.ways);
  }
  if (!power_of_two(g.line_bytes) || g.line_bytes < 4 || g.line_bytes > kMaxLineBytes) {
    return fmt::format("{} has lines of {} bytes: make it a power of two from 4 to {}", name, g.line_bytes,
                       kMaxLineBytes);
  }
  const std::uint64_t reach = static_cast<std::uint64_t>(g.sets) * g.line_bytes;
  if (g.line_bytes > m.format.page_size()) {
    return fmt::format("{}: a line ({} bytes) exceeds the page ({} bytes): make it smaller", name, g.line_bytes,
                       m.format.page_size());
  }
  if (!m.alias_resolution && reach > m.format.page_size()) {
    return fmt::format(
        "{}: sets x line ({} bytes) exceeds the page ({} bytes), so one line could sit in two sets: make the "
        "sets or the line smaller, or set AliasResolution",
        name, reach, m.format.page_size());
  }
  if (reach >= 1ULL << m.bus_bits) {
    return fmt::format("{}: sets x line is all that BusBits ({}) can reach: make it smaller", name, m.bus_bits);
  }
  return {};
}

std::string why_unified_illegal(const Machine& m, const char* name, const CacheGeometry& g) {
  if (g.ways == 0) return {};
  if (!power_of_two(g.sets) || g.sets > 0x8000) {
    return fmt::format("{} has {} sets: make it a power of two", name, g.sets);
  }
  if (!power_of_two(g.ways) || g.ways > 64) {
    return fmt::format("{} has {} ways: make it a power of two, at most 64", name, g.ways);
  }
  if (!power_of_two(g.line_bytes) || g.line_bytes < 16 || g.line_bytes > kMaxLineBytes) {
    return fmt::format("{} has lines of {} bytes: make it a power of two from 16 to {}", name, g.line_bytes,
                       kMaxLineBytes);
  }
  for (const CacheGeometry& first : {m.icache, m.dcache}) {
    if (first.ways != 0 && first.line_bytes != g.line_bytes) {
      return fmt::format("{} has lines of {} bytes, an L1 cache lines of {}: make them equal", name, g.line_bytes,
                         first.line_bytes);
    }
  }
  if (std::countr_zero(g.sets) + std::countr_zero(g.line_bytes) >= static_cast<int>(m.bus_bits)) {
    return fmt::format("{}: sets x line is all that BusBits ({}) can reach: make it smaller", name, m.bus_bits);
  }
  return {};
}

std::string why_lower_caches_illegal(const Machine& m) {
  for (std::string why : {why_unified_illegal(m, "L2Cache", m.l2cache), why_unified_illegal(m, "L3Cache", m.l3cache)}) {
    if (!why.empty()) return why;
  }
  if (m.l3cache.ways != 0 && m.l2cache.ways == 0) return "L3Cache needs an L2Cache: a single cache is the L2Cache";
  return {};
}

std::string why_regions_illegal(const Machine& m) {
  if (m.regions.empty()) return "the machine has no memory region: give it one";
  if (m.regions.size() > kMaxRegions) {
    return fmt::format("{} regions: at most {} are possible", m.regions.size(), kMaxRegions);
  }
  const std::uint64_t page = m.format.page_size();
  const std::uint64_t top = 1ULL << m.bus_bits;
  for (std::size_t i = 0; i < m.regions.size(); ++i) {
    const Region& r = m.regions[i];
    if (r.size == 0) return fmt::format("region {} has size 0: leave it out", i);
    if (r.base.value % page != 0 || r.size % page != 0) {
      return fmt::format(
          "region {} (0x{:x}, size 0x{:x}) is not made of whole pages: make base and size multiples of 0x{:x}", i,
          r.base.value, r.size, page);
    }
    if (r.base.value >= top || r.size > top - r.base.value) {
      return fmt::format("region {} (0x{:x}, size 0x{:x}) reaches beyond BusBits ({})", i, r.base.value, r.size,
                         m.bus_bits);
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Region& other = m.regions[j];
      if (r.contains(other.base) || other.contains(r.base)) {
        return fmt::format("regions {} and {} overlap: move one of them", j, i);
      }
    }
  }
  return {};
}

std::string why_walk_port_illegal(const Machine& m) {
  if (m.walk_port != WalkPort::Cache) return {};
  if (m.dcache.ways == 0) return "WalkPort is WalkCache but there is no data cache: give it one, or use WalkMemory";
  if (m.format.pte_bytes() > m.unit_bytes()) {
    return fmt::format(
        "an entry of {} bytes does not fit one cache access of {} bytes: make the entry smaller, the line or the "
        "page larger, or use WalkMemory",
        m.format.pte_bytes(), m.unit_bytes());
  }
  return {};
}

std::string why_misses_illegal(const Machine& m) {
  constexpr unsigned kMost = 13, kShortestLine = 16;
  if (m.misses == 0) {
    if (m.waiters == 0 && !m.critical_first) return {};
    return "Waiters and CriticalFirst belong to caches with misses outstanding: give Misses, or leave them out";
  }
  if (m.misses > kMost) return fmt::format("Misses is {}: at most {} are possible", m.misses, kMost);
  if (!power_of_two(m.waiters) || m.waiters > 64) {
    return fmt::format("Waiters is {}: make it a power of two, at most 64", m.waiters);
  }
  for (const CacheGeometry& cache : {m.icache, m.dcache}) {
    if (cache.ways == 0 || cache.line_bytes < kShortestLine) {
      return fmt::format("Misses needs both first-level caches, with lines of {} bytes or more", kShortestLine);
    }
  }
  if (m.array_port || m.parity) {
    return "Misses: the non-blocking cache has neither array port nor parity: leave them out, or set Misses to 0";
  }
  if (m.l2cache.ways != 0) {
    return "Misses: an L2Cache serves one request at a time and forgets ids: leave it out, or set Misses to 0";
  }
  return {};
}

std::string why_atomics_illegal(const Machine& m) {
  if (!m.atomics || m.unit_bytes() == 8) return {};
  return "Atomics needs pages and lines of at least 8 bytes: raise PageBits or LineBytes, or leave Atomics out";
}

}  // namespace

std::string why_illegal(const Machine& m) {
  for (const auto rule : {why_widths_illegal, why_levels_illegal, why_entry_illegal, why_kind_illegal}) {
    if (std::string why = rule(m); !why.empty()) return why;
  }
  for (std::string why :
       {why_tlb_illegal(m, "Itlb", m.itlb), why_tlb_illegal(m, "Dtlb", m.dtlb), why_tlb_illegal(m, "L2Tlb", m.l2tlb),
        why_translation_caches_illegal(m), why_cache_illegal(m, "Icache", m.icache),
        why_cache_illegal(m, "Dcache", m.dcache), why_lower_caches_illegal(m), why_regions_illegal(m),
        why_walk_port_illegal(m), why_atomics_illegal(m), why_misses_illegal(m)}) {
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace vm
