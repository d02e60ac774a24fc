// SPDX-License-Identifier: Apache-2.0
//
// Machines described in TOML (docs/machines.md).
#include <fmt/format.h>
#include <toml++/toml.h>

#include <initializer_list>
#include <limits>

#include "machine/error.h"
#include "machine/machine.h"

namespace vm {
namespace {

// One table of the file: gives its fields by name and, at the end, refuses the names nobody asked for.
class Fields {
 public:
  Fields(const std::string& file, const toml::table& table, std::string where,
         std::initializer_list<std::string_view> known)
      : file_(file), table_(table), where_(std::move(where)) {
    for (const auto& [key, node] : table_) {
      bool found = false;
      for (const std::string_view name : known) found |= key.str() == name;
      if (!found) fail(node, fmt::format("found unknown key `{}`{}", key.str(), where_));
    }
  }

  template <class T>
  void unsigned_number(std::string_view key, T& value, bool required) const {
    const toml::node* node = find(key, required);
    if (node == nullptr) return;
    value = to_unsigned<T>(key, *node);
  }

  void bit(std::string_view key, std::optional<unsigned>& position) const {
    if (const toml::node* node = find(key, false)) position = to_unsigned<unsigned>(key, *node);
  }

  void boolean(std::string_view key, bool& value) const {
    const toml::node* node = find(key, false);
    if (node == nullptr) return;
    if (!node->is_boolean()) fail(*node, fmt::format("expected true or false for `{}`{}", key, where_));
    value = node->as_boolean()->get();
  }

  void text(std::string_view key, std::string& value) const {
    const toml::node* node = find(key, false);
    if (node == nullptr) return;
    if (!node->is_string()) fail(*node, fmt::format("expected a text in quotes for `{}`{}", key, where_));
    value = node->as_string()->get();
  }

  template <class Enum>
  void word(std::string_view key, Enum& value, std::initializer_list<std::pair<std::string_view, Enum>> words) const {
    const toml::node* node = find(key, false);
    if (node == nullptr) return;
    std::string expected;
    for (const auto& [name, meaning] : words) {
      if (node->is_string() && node->as_string()->get() == name) {
        value = meaning;
        return;
      }
      expected += fmt::format("{}\"{}\"", expected.empty() ? "" : " or ", name);
    }
    fail(*node, fmt::format("expected {} for `{}`{}", expected, key, where_));
  }

  const toml::table* table(std::string_view key, bool required) const {
    const toml::node* node = find(key, required);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) fail(*node, fmt::format("expected a table [{}]", key));
    return node->as_table();
  }

  const toml::array& array(std::string_view key) const {
    const toml::node& node = *find(key, true);
    if (!node.is_array()) fail(node, fmt::format("expected a list for `{}`{}", key, where_));
    return *node.as_array();
  }

  template <class T>
  T to_unsigned(std::string_view key, const toml::node& node) const {
    if (!node.is_integer() || node.as_integer()->get() < 0 ||
        static_cast<std::uint64_t>(node.as_integer()->get()) > std::numeric_limits<T>::max()) {
      fail(node, fmt::format("expected a non-negative number for `{}`{}", key, where_));
    }
    return static_cast<T>(node.as_integer()->get());
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& sentence) const {
    const toml::source_position at = node.source().begin;
    throw InputError(fmt::format("{}:{}:{}: {}", file_, at.line, at.column, sentence));
  }

 private:
  const toml::node* find(std::string_view key, bool required) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr && required) fail(table_, fmt::format("expected key `{}`{}", key, where_));
    return node;
  }

  const std::string& file_;
  const toml::table& table_;
  std::string where_;
};

// What a kind has unless the file says otherwise (docs/machines.md).
Format defaults_of(PteKind kind, unsigned levels) {
  Format f;
  f.kind = kind;
  f.levels = levels;
  if (kind == PteKind::Flat) return f;
  const bool x86 = kind == PteKind::X86;
  const bool rv32 = !x86 && levels == 2;
  f.min_levels = x86 ? 4 : rv32 ? 2 : 3;
  f.max_leaf_level = x86 ? 2 : levels - 1;
  f.page_bits = 12;
  f.pte_bytes_log2 = rv32 ? 2 : 3;
  f.ppn_lsb = x86 ? 12 : 10;
  f.upper_va = rv32 ? UpperVa::Zero : UpperVa::Sign;
  f.hw_ad = x86;
  return f;
}

Format read_format(const std::string& file, const toml::table& table, unsigned pa_bits) {
  const Fields f(file, table, " in [format]",
                 {"kind", "index_bits", "min_levels", "max_leaf_level", "page_bits", "pte_bytes_log2", "pte_big_endian",
                  "ppn_lsb", "ppn_bits", "valid_bit", "kernel_bit", "read_bit", "write_bit", "exec_bit", "upper_va",
                  "napot", "pbmt", "hw_ad"});
  PteKind kind = PteKind::Flat;
  f.word("kind", kind, {{"flat", PteKind::Flat}, {"riscv", PteKind::Riscv}, {"x86", PteKind::X86}});
  const bool flat = kind == PteKind::Flat;
  const toml::array& index_bits = f.array("index_bits");
  if (index_bits.empty() || index_bits.size() > Format::kMaxLevels) {
    f.fail(index_bits, fmt::format("expected 1 to {} numbers for `index_bits`, leaf level first", Format::kMaxLevels));
  }
  Format format = defaults_of(kind, static_cast<unsigned>(index_bits.size()));
  for (std::size_t level = 0; level < index_bits.size(); ++level) {
    format.index_bits.at(level) = f.to_unsigned<unsigned>("index_bits", index_bits[level]);
  }
  f.unsigned_number("min_levels", format.min_levels, false);
  f.unsigned_number("max_leaf_level", format.max_leaf_level, false);
  f.unsigned_number("page_bits", format.page_bits, flat);
  f.unsigned_number("pte_bytes_log2", format.pte_bytes_log2, flat);
  f.boolean("pte_big_endian", format.pte_big_endian);
  f.unsigned_number("ppn_lsb", format.ppn_lsb, flat);
  // RISC-V: physical addresses of 34 bits (R1), or 56 bits, whatever the machine reaches. x86: MAXPHYADDR.
  const unsigned reach = kind == PteKind::X86 ? pa_bits : format.pte_bytes_log2 == 2 ? 34 : 56;
  if (!flat && reach > format.page_bits) format.ppn_bits = reach - format.page_bits;
  f.unsigned_number("ppn_bits", format.ppn_bits, flat);
  f.bit("valid_bit", format.valid_bit);
  f.bit("kernel_bit", format.kernel_bit);
  f.bit("read_bit", format.read_bit);
  f.bit("write_bit", format.write_bit);
  f.bit("exec_bit", format.exec_bit);
  f.word("upper_va", format.upper_va, {{"zero", UpperVa::Zero}, {"sign", UpperVa::Sign}});
  f.boolean("napot", format.napot);
  f.boolean("pbmt", format.pbmt);
  f.boolean("hw_ad", format.hw_ad);
  return format;
}

void read_tlb(const std::string& file, const Fields& top, std::string_view key, TlbGeometry& geometry) {
  const toml::table* table = top.table(key, false);
  if (table == nullptr) return;
  const Fields f(file, *table, fmt::format(" in [{}]", key), {"sets", "ways"});
  f.unsigned_number("sets", geometry.sets, true);
  f.unsigned_number("ways", geometry.ways, true);
}

void read_cache(const std::string& file, const Fields& top, std::string_view key, CacheGeometry& geometry) {
  const toml::table* table = top.table(key, false);
  if (table == nullptr) return;
  const Fields f(file, *table, fmt::format(" in [{}]", key), {"sets", "ways", "line_bytes"});
  f.unsigned_number("sets", geometry.sets, true);
  f.unsigned_number("ways", geometry.ways, true);
  f.unsigned_number("line_bytes", geometry.line_bytes, true);
}

Region read_region(const std::string& file, const Fields& top, const toml::node& node) {
  if (!node.is_table()) top.fail(node, "expected tables [[region]]");
  const Fields f(file, *node.as_table(), " in [[region]]", {"base", "size", "cacheable", "atomic"});
  Region region;
  f.unsigned_number("base", region.base.value, true);
  f.unsigned_number("size", region.size, true);
  f.boolean("cacheable", region.cacheable);
  f.boolean("atomic", region.atomic);
  return region;
}

}  // namespace

Machine load_machine(const std::filesystem::path& path) {
  const std::string file = path.string();
  toml::table root;
  try {
    root = toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw InputError(fmt::format("{}:{}:{}: {}", file, at.line, at.column, error.description()));
  }
  const Fields f(
      file, root, "",
      {"name",          "alias_resolution", "summary",     "va_bits",     "pa_bits",   "bus_bits",  "asid_bits",
       "super_entries", "walk_cache_sets",  "l2_prefetch", "hit_latency", "walk_port", "trap_swap", "atomics",
       "array_port",    "parity",           "format",      "itlb",        "dtlb",      "l2tlb",     "icache",
       "dcache",        "l2cache",          "l3cache",     "region",      "misses",    "waiters",   "critical_first"});
  Machine machine;
  machine.name = path.stem().string();
  f.text("name", machine.name);
  f.text("summary", machine.summary);
  f.unsigned_number("pa_bits", machine.pa_bits, true);
  machine.format = read_format(file, *f.table("format", true), machine.pa_bits);
  const bool flat = machine.format.kind == PteKind::Flat;
  if (!flat) {
    machine.va_bits = machine.format.page_bits + machine.format.vpn_bits(machine.format.levels);
    machine.bus_bits = machine.pa_bits;
  }
  f.unsigned_number("va_bits", machine.va_bits, flat);
  f.unsigned_number("bus_bits", machine.bus_bits, flat);
  f.unsigned_number("asid_bits", machine.asid_bits, false);
  f.unsigned_number("super_entries", machine.super_entries, false);
  f.unsigned_number("walk_cache_sets", machine.walk_cache_sets, false);
  f.boolean("l2_prefetch", machine.l2_prefetch);
  f.unsigned_number("hit_latency", machine.hit_latency, false);
  if (machine.format.hw_ad) machine.walk_port = WalkPort::Cache;
  f.word("walk_port", machine.walk_port, {{"memory", WalkPort::Memory}, {"cache", WalkPort::Cache}});
  f.boolean("atomics", machine.atomics);
  f.boolean("trap_swap", machine.trap_swap);
  f.boolean("array_port", machine.array_port);
  f.boolean("parity", machine.parity);
  f.boolean("alias_resolution", machine.alias_resolution);
  f.unsigned_number("misses", machine.misses, false);
  machine.waiters = machine.misses != 0 ? 8 : 0;
  f.unsigned_number("waiters", machine.waiters, false);
  machine.critical_first = machine.misses != 0;
  f.boolean("critical_first", machine.critical_first);
  read_tlb(file, f, "itlb", machine.itlb);
  read_tlb(file, f, "dtlb", machine.dtlb);
  read_tlb(file, f, "l2tlb", machine.l2tlb);
  read_cache(file, f, "icache", machine.icache);
  read_cache(file, f, "dcache", machine.dcache);
  read_cache(file, f, "l2cache", machine.l2cache);
  read_cache(file, f, "l3cache", machine.l3cache);
  for (const toml::node& node : f.array("region")) machine.regions.push_back(read_region(file, f, node));
  if (const std::string why = why_illegal(machine); !why.empty()) {
    throw InputError(fmt::format("{}: machine {} is not possible: {}", file, machine.name, why));
  }
  return machine;
}

}  // namespace vm
