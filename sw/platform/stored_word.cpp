// SPDX-License-Identifier: Apache-2.0
#include "platform/stored_word.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace vm {
namespace {

unsigned log2_of(unsigned n) { return static_cast<unsigned>(std::countr_zero(n)); }

unsigned attribute_bits(const Format& f) {
  if (f.kind == PteKind::Flat) return 4;
  return f.kind == PteKind::Riscv && !f.pbmt ? 6 : 8;
}

unsigned pointer_bits(const Format& f) { return f.kind == PteKind::Riscv ? 1 : 6; }

StoredWord tlb_word(const Machine& m, const TlbGeometry& tlb) {
  return {{0, attribute_bits(m.format), m.bus_bits - m.format.page_bits, std::max(1U, m.asid_bits),
           m.vpn_bits() - log2_of(tlb.sets), 1, 1, 0}};
}

StoredWord pointer_word(const Machine& m, unsigned level) {
  return {{0, pointer_bits(m.format), m.bus_bits - m.format.page_bits, std::max(1U, m.asid_bits),
           m.vpn_bits() - m.format.index_lsb(level) - log2_of(m.walk_cache_sets), 0, 1, 0}};
}

StoredWord tag_word(const Machine& m, const CacheGeometry& cache) {
  return {{0, 0, 0, 0, m.bus_bits - log2_of(cache.line_bytes) - log2_of(cache.sets), 1, 1, 2}};
}

StoredWord data_word(const CacheGeometry& cache) { return {{cache.line_bytes < 8 ? 32U : 64U, 0, 0, 0, 0, 0, 1, 0}}; }

}  // namespace

ArrayShape array_shape(const Machine& machine, Array array) {
  const auto tlb = [](const TlbGeometry& g) { return ArrayShape{.sets = g.sets, .ways = g.ways}; };
  const auto cache = [](const CacheGeometry& g, unsigned words) {
    return ArrayShape{.sets = g.sets, .ways = g.ways, .words = words};
  };
  const auto words = [](const CacheGeometry& g) { return std::max(1U, g.line_bytes / 8); };
  switch (array) {
    case Array::Itlb:
      return tlb(machine.itlb);
    case Array::Dtlb:
      return tlb(machine.dtlb);
    case Array::IcacheTag:
      return cache(machine.icache, 1);
    case Array::IcacheData:
      return cache(machine.icache, words(machine.icache));
    case Array::DcacheTag:
      return cache(machine.dcache, 1);
    case Array::DcacheData:
      return cache(machine.dcache, words(machine.dcache));
    case Array::L2Tlb:
      return tlb(machine.l2tlb);
    case Array::L2CacheTag:
      return cache(machine.l2cache, 1);
    case Array::L2CacheData:
      return cache(machine.l2cache, words(machine.l2cache));
    case Array::L3CacheTag:
      return cache(machine.l3cache, 1);
    case Array::L3CacheData:
      return cache(machine.l3cache, words(machine.l3cache));
    case Array::WalkCache:
      return {.sets = machine.walk_cache_sets,
              .first_way = 1,
              .ways = machine.walk_cache_sets == 0 ? 0 : machine.format.levels - 1};
  }
  return {};
}

unsigned StoredWord::bits() const { return lsb(kFields); }

unsigned StoredWord::lsb(std::size_t field) const {
  return std::accumulate(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(field), 0U);
}

std::size_t StoredWord::field_of(unsigned bit) const {
  std::size_t field = 0;
  while (bit >= lsb(field + 1)) ++field;
  return field;
}

StoredWord stored_word(const Machine& machine, Array array, unsigned way) {
  if (!machine.parity) return {};
  switch (array) {
    case Array::Itlb:
      return tlb_word(machine, machine.itlb);
    case Array::Dtlb:
      return tlb_word(machine, machine.dtlb);
    case Array::L2Tlb:
      return tlb_word(machine, machine.l2tlb);
    case Array::WalkCache:
      return pointer_word(machine, way);
    case Array::IcacheTag:
      return tag_word(machine, machine.icache);
    case Array::DcacheTag:
      return tag_word(machine, machine.dcache);
    case Array::L2CacheTag:
      return tag_word(machine, machine.l2cache);
    case Array::L3CacheTag:
      return tag_word(machine, machine.l3cache);
    case Array::IcacheData:
      return data_word(machine.icache);
    case Array::L2CacheData:
      return data_word(machine.l2cache);
    case Array::L3CacheData:
      return data_word(machine.l3cache);
    case Array::DcacheData:
      return data_word(machine.dcache);
  }
  return {};
}

}  // namespace vm
