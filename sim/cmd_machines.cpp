// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "machine/machine.h"

namespace vm::sim {

namespace {

nlohmann::json tlb_json(const TlbGeometry& tlb) {
  return {{"sets", tlb.sets}, {"ways", tlb.ways}, {"entries", tlb.ways * tlb.sets}};
}

nlohmann::json cache_json(const CacheGeometry& cache) {
  return {{"sets", cache.sets},
          {"ways", cache.ways},
          {"line_bytes", cache.line_bytes},
          {"bytes", cache.sets * cache.ways * cache.line_bytes}};
}

nlohmann::json bit_json(const std::optional<unsigned>& bit) { return bit ? nlohmann::json(*bit) : nlohmann::json(); }

nlohmann::json format_json(const Format& f) {
  nlohmann::json index_bits = nlohmann::json::array();
  for (unsigned level = 0; level < f.levels; ++level) index_bits.push_back(f.index_bits[level]);
  constexpr std::array<const char*, 3> kKinds = {"flat", "riscv", "x86"};
  return {{"kind", kKinds.at(static_cast<std::size_t>(f.kind))},
          {"levels", f.levels},
          {"min_levels", f.min_levels},
          {"max_leaf_level", f.max_leaf_level},
          {"index_bits", index_bits},
          {"page_bytes", f.page_size()},
          {"pte_bytes", f.pte_bytes()},
          {"pte_byte_order", f.pte_big_endian ? "big" : "little"},
          {"ppn_lsb", f.ppn_lsb},
          {"ppn_bits", f.ppn_bits},
          {"valid_bit", bit_json(f.valid_bit)},
          {"kernel_bit", bit_json(f.kernel_bit)},
          {"read_bit", bit_json(f.read_bit)},
          {"write_bit", bit_json(f.write_bit)},
          {"exec_bit", bit_json(f.exec_bit)},
          {"upper_va", f.upper_va == UpperVa::Sign ? "sign" : "zero"},
          {"napot", f.napot},
          {"pbmt", f.pbmt},
          {"hw_ad", f.hw_ad}};
}

nlohmann::json machine_json(const Machine& m) {
  nlohmann::json regions = nlohmann::json::array();
  for (const Region& r : m.regions) {
    regions.push_back({{"base", r.base.value}, {"size", r.size}, {"cacheable", r.cacheable}, {"atomic", r.atomic}});
  }
  return {{"name", m.name},
          {"summary", m.summary},
          {"format", format_json(m.format)},
          {"va_bits", m.va_bits},
          {"pa_bits", m.pa_bits},
          {"bus_bits", m.bus_bits},
          {"asid_bits", m.asid_bits},
          {"itlb", tlb_json(m.itlb)},
          {"dtlb", tlb_json(m.dtlb)},
          {"super_entries", m.super_entries},
          {"l2tlb", tlb_json(m.l2tlb)},
          {"walk_cache_sets", m.walk_cache_sets},
          {"l2_prefetch", m.l2_prefetch},
          {"hit_latency", m.hit_latency},
          {"icache", cache_json(m.icache)},
          {"dcache", cache_json(m.dcache)},
          {"alias_resolution", m.alias_resolution},
          {"misses", m.misses},
          {"waiters", m.waiters},
          {"critical_first", m.critical_first},
          {"l2cache", cache_json(m.l2cache)},
          {"l3cache", cache_json(m.l3cache)},
          {"walk_port", m.walk_port == WalkPort::Cache ? "cache" : "memory"},
          {"atomics", m.atomics},
          {"trap_swap", m.trap_swap},
          {"array_port", m.array_port},
          {"parity", m.parity},
          {"regions", regions}};
}

std::string tlb_text(const TlbGeometry& tlb) { return tlb.ways == 0 ? "-" : fmt::format("{}x{}", tlb.sets, tlb.ways); }

std::string cache_text(const CacheGeometry& cache) {
  return cache.ways == 0 ? "-" : fmt::format("{}x{}x{}", cache.sets, cache.ways, cache.line_bytes);
}

// Level 0 first, as in 12+9+9+9: the offset, then the index of each level.
std::string split_text(const Format& f) {
  std::string text = fmt::format("{}", f.page_bits);
  for (unsigned level = 0; level < f.levels; ++level) text += fmt::format("+{}", f.index_bits.at(level));
  return text;
}

void print_table() {
  constexpr std::string_view kRow =
      "{:<13} {:>3} {:>3} {:<16} {:>4} {:>5} {:>5} {:>5} {:>4} {:>6} {:>3} {:>8} {:>8} {:>8} {:>10}  {}\n";
  fmt::print(fmt::runtime(kRow), "machine", "VA", "PA", "split", "PTE", "ASID", "iTLB", "dTLB", "+big", "L2TLB", "wc",
             "icache", "dcache", "L2", "L3", "");
  for (const Machine& m : machines()) {
    fmt::print(fmt::runtime(kRow), m.name, m.va_bits, m.pa_bits, split_text(m.format), m.format.pte_bytes(),
               m.asid_bits, tlb_text(m.itlb), tlb_text(m.dtlb), m.super_entries, tlb_text(m.l2tlb), m.walk_cache_sets,
               cache_text(m.icache), cache_text(m.dcache), cache_text(m.l2cache), cache_text(m.l3cache), m.summary);
  }
  fmt::print(
      "\nVA, PA, ASID in bits; split: bits of the offset and of each level's index, from the leaf; PTE in bytes; TLBs "
      "as "
      "sets x ways, +big: entries for large pages in each; wc: entries of the walk cache of each level; caches as sets "
      "x "
      "ways x line bytes.\n");
}

}  // namespace

void add_machines(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("machines", "List the machines");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON array instead of the table");
  command->callback([json, &exit_status] {
    if (*json) {
      nlohmann::json list = nlohmann::json::array();
      for (const Machine& m : machines()) list.push_back(machine_json(m));
      fmt::print("{}\n", list.dump(2));
    } else {
      print_table();
    }
    exit_status = kClean;
  });
}

}  // namespace vm::sim
