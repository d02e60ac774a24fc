// SPDX-License-Identifier: Apache-2.0
//
// Questions a machine answers about itself, and the rules a legal machine obeys.
#include "machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

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
  unsigned sum = 0;
  for (unsigned level = 0; level < Format::kMaxLevels; ++level) {
    const unsigned bits = f.index_bits.at(level);
    if (level < f.levels && bits == 0) return fmt::format("IndexBits of level {} is 0: make it at least 1", level);
    if (level >= f.levels && bits != 0) {
      return fmt::format("IndexBits of level {} is {}, but there are {} levels: make it 0", level, bits, f.levels);
    }
    sum += bits;
  }
  if (sum != m.vpn_bits()) {
    return fmt::format("IndexBits add up to {}, but VaBits - PageBits is {}: make them equal", sum, m.vpn_bits());
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
  if (reach > m.format.page_size()) {
    return fmt::format(
        "{}: sets x line ({} bytes) exceeds the page ({} bytes), so one line could sit in two sets: make the "
        "sets or the line smaller",
        name, reach, m.format.page_size());
  }
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

}  // namespace

unsigned Machine::unit_bytes() const {
  std::uint64_t unit = std::min<std::uint64_t>(8, format.page_size());
  if (icache.ways != 0) unit = std::min<std::uint64_t>(unit, icache.line_bytes);
  if (dcache.ways != 0) unit = std::min<std::uint64_t>(unit, dcache.line_bytes);
  return static_cast<unsigned>(unit);
}

const Region* Machine::region_of(PhysAddr a) const {
  for (const Region& r : regions) {
    if (r.contains(a)) return &r;
  }
  return nullptr;
}

unsigned Format::index_lsb(unsigned level) const {
  unsigned sum = 0;
  for (unsigned below = 0; below < level; ++below) sum += index_bits.at(below);
  return sum;
}

bool Machine::va_is_legal(VirtAddr va, unsigned mode_levels) const {
  const unsigned width = mode_levels == 0 ? va_bits : format.page_bits + format.vpn_bits(mode_levels);
  if (width >= 64) return true;
  const std::uint64_t upper = va.value >> width;
  const bool negative = format.upper_va == UpperVa::Sign && (va.value >> (width - 1) & 1U) != 0;
  return upper == (negative ? low_mask(64 - width) : 0);
}

std::string why_illegal(const Machine& m) {
  for (const auto rule : {why_widths_illegal, why_levels_illegal, why_entry_illegal}) {
    if (std::string why = rule(m); !why.empty()) return why;
  }
  for (std::string why : {why_tlb_illegal(m, "Itlb", m.itlb), why_tlb_illegal(m, "Dtlb", m.dtlb),
                          why_cache_illegal(m, "Icache", m.icache), why_cache_illegal(m, "Dcache", m.dcache),
                          why_regions_illegal(m), why_walk_port_illegal(m)}) {
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace vm
