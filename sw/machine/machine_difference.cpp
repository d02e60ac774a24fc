// SPDX-License-Identifier: Apache-2.0
#include "machine/machine_difference.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace vm {
namespace {

class Differences {
 public:
  template <class T>
  void compare(std::string_view field, const T& rtl, const T& cpp) {
    if (rtl == cpp) return;
    if (!text_.empty()) text_ += "; ";
    text_ += fmt::format("{}: {} in the RTL, {} in the C++ machine", field, rtl, cpp);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

int bit_number(const std::optional<unsigned>& bit) { return bit ? static_cast<int>(*bit) : -1; }

void compare_formats(Differences& d, const Format& a, const Format& b) {
  d.compare("Format.Kind", static_cast<unsigned>(a.kind), static_cast<unsigned>(b.kind));
  d.compare("Format.Levels", a.levels, b.levels);
  d.compare("Format.MinLevels", a.min_levels, b.min_levels);
  d.compare("Format.MaxLeafLevel", a.max_leaf_level, b.max_leaf_level);
  for (unsigned level = 0; level < Format::kMaxLevels; ++level) {
    d.compare(fmt::format("Format.IndexBits[{}]", level), a.index_bits[level], b.index_bits[level]);
  }
  d.compare("Format.PageBits", a.page_bits, b.page_bits);
  d.compare("Format.PteBytesLog2", a.pte_bytes_log2, b.pte_bytes_log2);
  d.compare("Format.PteBigEndian", a.pte_big_endian, b.pte_big_endian);
  d.compare("Format.PpnLsb", a.ppn_lsb, b.ppn_lsb);
  d.compare("Format.PpnBits", a.ppn_bits, b.ppn_bits);
  d.compare("Format.ValidBit", bit_number(a.valid_bit), bit_number(b.valid_bit));
  d.compare("Format.KernelBit", bit_number(a.kernel_bit), bit_number(b.kernel_bit));
  d.compare("Format.ReadBit", bit_number(a.read_bit), bit_number(b.read_bit));
  d.compare("Format.WriteBit", bit_number(a.write_bit), bit_number(b.write_bit));
  d.compare("Format.ExecBit", bit_number(a.exec_bit), bit_number(b.exec_bit));
  d.compare("Format.UpperVa", static_cast<unsigned>(a.upper_va), static_cast<unsigned>(b.upper_va));
  d.compare("Format.Napot", a.napot, b.napot);
  d.compare("Format.Pbmt", a.pbmt, b.pbmt);
  d.compare("Format.HwAd", a.hw_ad, b.hw_ad);
}

void compare_tlbs(Differences& d, std::string_view name, const TlbGeometry& a, const TlbGeometry& b) {
  d.compare(fmt::format("{}.Ways", name), a.ways, b.ways);
  if (a.ways == 0 && b.ways == 0) return;
  d.compare(fmt::format("{}.Sets", name), a.sets, b.sets);
}

void compare_caches(Differences& d, std::string_view name, const CacheGeometry& a, const CacheGeometry& b) {
  d.compare(fmt::format("{}.Ways", name), a.ways, b.ways);
  if (a.ways == 0 && b.ways == 0) return;
  d.compare(fmt::format("{}.Sets", name), a.sets, b.sets);
  d.compare(fmt::format("{}.LineBytes", name), a.line_bytes, b.line_bytes);
}

// The order of the regions is of no meaning.
void compare_regions(Differences& d, const Machine& rtl, const Machine& cpp) {
  d.compare("number of Regions", rtl.regions.size(), cpp.regions.size());
  for (const Region& region : cpp.regions) {
    bool found = false;
    for (const Region& other : rtl.regions) found = found || other == region;
    d.compare(fmt::format("Region {:#x}, {:#x} bytes{}{}", region.base.value, region.size,
                          region.cacheable ? ", cacheable" : "", region.atomic ? ", atomic" : ""),
              std::string_view(found ? "present" : "missing"), std::string_view("present"));
  }
}

}  // namespace

std::string difference(const Machine& rtl, const Machine& cpp) {
  Differences d;
  compare_formats(d, rtl.format, cpp.format);
  d.compare("VaBits", rtl.va_bits, cpp.va_bits);
  d.compare("PaBits", rtl.pa_bits, cpp.pa_bits);
  d.compare("BusBits", rtl.bus_bits, cpp.bus_bits);
  d.compare("AsidBits", rtl.asid_bits, cpp.asid_bits);
  compare_tlbs(d, "Itlb", rtl.itlb, cpp.itlb);
  compare_tlbs(d, "Dtlb", rtl.dtlb, cpp.dtlb);
  d.compare("SuperEntries", rtl.super_entries, cpp.super_entries);
  compare_tlbs(d, "L2Tlb", rtl.l2tlb, cpp.l2tlb);
  d.compare("WalkCacheSets", rtl.walk_cache_sets, cpp.walk_cache_sets);
  d.compare("L2Prefetch", rtl.l2_prefetch, cpp.l2_prefetch);
  d.compare("HitLatency", rtl.hit_latency, cpp.hit_latency);
  compare_caches(d, "Icache", rtl.icache, cpp.icache);
  compare_caches(d, "Dcache", rtl.dcache, cpp.dcache);
  d.compare("AliasResolution", rtl.alias_resolution, cpp.alias_resolution);
  d.compare("Misses", rtl.misses, cpp.misses);
  d.compare("Waiters", rtl.waiters, cpp.waiters);
  d.compare("CriticalFirst", rtl.critical_first, cpp.critical_first);
  compare_caches(d, "L2Cache", rtl.l2cache, cpp.l2cache);
  compare_caches(d, "L3Cache", rtl.l3cache, cpp.l3cache);
  d.compare("WalkPort", static_cast<unsigned>(rtl.walk_port), static_cast<unsigned>(cpp.walk_port));
  d.compare("Atomics", rtl.atomics, cpp.atomics);
  d.compare("Parity", rtl.parity, cpp.parity);
  d.compare("TrapSwap", rtl.trap_swap, cpp.trap_swap);
  d.compare("ArrayPort", rtl.array_port, cpp.array_port);
  compare_regions(d, rtl, cpp);
  return d.take();
}

}  // namespace vm
