// SPDX-License-Identifier: Apache-2.0
//
// Machines: the table, the rules a legal one obeys, machines from files.
#include "machine/machine.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "machine/error.h"
#include "machine/physical_memory.h"

namespace vm::test {
namespace {

// A file in the folder for temporary files, gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "pagewalk-XXXXXX").string();
    const int file = mkstemp(name.data());
    BOOST_REQUIRE(file >= 0);
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string complaint(const std::string& text) {
  const TemporaryFile file(text);
  try {
    load_machine(file.path());
  } catch (const InputError& error) {
    const std::string sentence = error.what();
    BOOST_TEST(sentence.starts_with(file.path().string() + ":"));
    return sentence.substr(file.path().string().size() + 1);
  }
  return "no complaint";
}

const std::string kFlat32 = R"(name = "flat32"
summary = "32-bit addresses, 4 KiB pages, a 4 MiB table walked through the data cache"
va_bits = 32
pa_bits = 30
bus_bits = 30
asid_bits = 8
walk_port = "cache"
atomics = true

[format]
index_bits = [20]
page_bits = 12
pte_bytes_log2 = 2
ppn_lsb = 12
ppn_bits = 18
valid_bit = 0
kernel_bit = 1
read_bit = 2
write_bit = 3
exec_bit = 4

[itlb]
sets = 16
ways = 4
[dtlb]
sets = 16
ways = 4
[icache]
sets = 64
ways = 4
line_bytes = 64
[dcache]
sets = 64
ways = 4
line_bytes = 64

[[region]]
base = 0x0
size = 0x38000000
cacheable = true
atomic = true
[[region]]
base = 0x3C000000
size = 0x4000000
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// What is said about a machine after a change.
std::string why(const std::function<void(Machine&)>& change, std::string_view name = "flat32") {
  Machine machine = *find_machine(name);
  change(machine);
  return why_illegal(machine);
}
bool says(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(machine)

BOOST_AUTO_TEST_CASE(every_machine_of_the_table_is_legal_and_found_by_name) {
  BOOST_TEST(machines().size() == 17U);
  for (const Machine& m : machines()) {
    BOOST_TEST(why_illegal(m) == "", m.name);
    BOOST_TEST(find_machine(m.name) == &m);
    BOOST_TEST(!m.summary.empty());
  }
  BOOST_TEST(find_machine("toy11") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_unit_is_4_bytes_where_page_or_line_is_and_8_elsewhere) {
  for (const Machine& m : machines()) {
    BOOST_TEST(m.unit_bytes() == (m.name == "lewis8" || m.name == "csapp14" ? 4U : 8U), m.name);
  }
}

BOOST_AUTO_TEST_CASE(addresses_split_into_page_number_and_offset) {
  const Machine& m = *find_machine("flat32");
  BOOST_TEST(m.vpn_of(VirtAddr(0x12345678)).value == 0x12345U);
  BOOST_TEST(m.offset_of(VirtAddr(0x12345678)) == 0x678U);
}

BOOST_AUTO_TEST_CASE(a_hole_lies_in_no_region) {
  const Machine& m = *find_machine("flat32");
  BOOST_TEST(m.region_of(PhysAddr(0x37FFFFFF))->cacheable);
  BOOST_TEST(m.region_of(PhysAddr(0x38000000)) == nullptr);
  BOOST_TEST(m.region_of(PhysAddr(0x3BFFFFFF)) == nullptr);
  BOOST_TEST(!m.region_of(PhysAddr(0x3C000000))->cacheable);
  BOOST_TEST(m.region_of(PhysAddr(0x40000000)) == nullptr);
}

BOOST_AUTO_TEST_CASE(each_illegal_combination_is_refused_with_a_sentence) {
  BOOST_TEST(says(why([](Machine& m) { m.va_bits = 65; }), "VaBits is 65"));
  BOOST_TEST(says(why([](Machine& m) { m.va_bits = 12; }), "VaBits (12) must be greater than PageBits (12)"));
  BOOST_TEST(says(why([](Machine& m) { m.bus_bits = 57; }), "BusBits is 57"));
  BOOST_TEST(says(why([](Machine& m) { m.pa_bits = 31; }), "PaBits (31) must not exceed BusBits (30)"));
  BOOST_TEST(says(why([](Machine& m) { m.asid_bits = 17; }), "AsidBits is 17"));
  BOOST_TEST(says(why([](Machine& m) { m.format.page_bits = 1; }), "PageBits is 1"));
  BOOST_TEST(says(why([](Machine& m) { m.format.levels = 0; }), "Levels is 0"));
  BOOST_TEST(says(why([](Machine& m) { m.format.index_bits[0] = 19; }), "IndexBits add up to 19"));
  BOOST_TEST(says(why([](Machine& m) { m.format.index_bits[1] = 1; }), "there are 1 levels"));
  BOOST_TEST(says(why([](Machine& m) { m.format.pte_bytes_log2 = 4; }), "PteBytesLog2 is 4"));
  BOOST_TEST(says(why([](Machine& m) { m.format.ppn_lsb = 15; }), "outside the 32-bit entry"));
  BOOST_TEST(says(why([](Machine& m) { m.format.ppn_bits = 17; }), "cannot reach PaBits"));
  BOOST_TEST(says(why([](Machine& m) { m.format.valid_bit.reset(); }), "no ValidBit"));
  BOOST_TEST(says(why([](Machine& m) { m.format.write_bit = 12; }), "WriteBit (12) overlaps"));
  BOOST_TEST(says(why([](Machine& m) { m.format.exec_bit = 3; }), "ExecBit (3) overlaps"));
  BOOST_TEST(says(why([](Machine& m) { m.format.read_bit = 32; }), "ReadBit is 32, outside"));
  BOOST_TEST(says(why([](Machine& m) { m.itlb.sets = 3; }), "Itlb has 3 sets"));
  BOOST_TEST(says(why([](Machine& m) { m.dtlb.ways = 5; }), "Dtlb has 5 ways"));
  BOOST_TEST(says(why([](Machine& m) { m.icache.line_bytes = 2; }), "Icache has lines of 2 bytes"));
  // M10: index bits above the page offset.
  BOOST_TEST(says(why([](Machine& m) { m.dcache.sets = 128; }), "exceeds the page"));
  const auto coloured = [](const std::function<void(Machine&)>& change, std::string_view name) {
    return why(
        [&](Machine& m) {
          m.alias_resolution = true;
          change(m);
        },
        name);
  };
  BOOST_TEST(coloured([](Machine& m) { m.dcache.sets = 128; }, "flat32").empty());
  BOOST_TEST(coloured([](Machine& m) { m.dcache.sets = 0x4000; }, "lewis16").empty());
  BOOST_TEST(says(coloured([](Machine& m) { m.dcache.sets = 0x8000; }, "lewis16"), "sets x line"));
  BOOST_TEST(says(coloured([](Machine& m) { m.dcache.line_bytes = 32; }, "lewis16"), "a line (32 bytes)"));
  BOOST_TEST(says(why([](Machine& m) { m.dcache.ways = 0; }), "there is no data cache"));
  BOOST_TEST(says(why([](Machine& m) { m.icache = {.sets = 64, .ways = 1, .line_bytes = 4}; }), "Atomics needs pages"));
  BOOST_TEST(says(why([](Machine& m) { m.regions.clear(); }), "no memory region"));
  BOOST_TEST(says(why([](Machine& m) { m.regions.resize(5, m.regions[1]); }), "at most 4"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].size += 1; }), "whole pages"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].size *= 2; }), "beyond BusBits"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].base = PhysAddr(0x1000); }), "overlap"));
}

BOOST_AUTO_TEST_CASE(each_illegal_combination_of_levels_and_translation_caches_is_refused_with_a_sentence) {
  const auto flat = [](const std::function<void(Machine&)>& change) { return why(change); };
  const auto sv39 = [](const std::function<void(Machine&)>& change) { return why(change, "sv39"); };
  const auto sv32 = [](const std::function<void(Machine&)>& change) { return why(change, "sv32"); };
  const auto x86 = [](const std::function<void(Machine&)>& change) { return why(change, "corei7"); };
  const auto two_levels = [](Machine& m) {
    m.format.levels = 2;
    m.format.index_bits = {10, 10};
  };
  BOOST_TEST(says(flat(two_levels), "a flat table has one level, not 2"));
  BOOST_TEST(says(flat([](Machine& m) { m.format.hw_ad = true; }), "no Napot, Pbmt or HwAd"));
  BOOST_TEST(says(flat([](Machine& m) { m.super_entries = 4; }), "pages of one size"));
  BOOST_TEST(says(flat([](Machine& m) { m.walk_cache_sets = 4; }), "no upper levels"));
  BOOST_TEST(says(flat([](Machine& m) { m.format.min_levels = 2; }), "MinLevels is 2: make it 1 to Levels (1)"));
  BOOST_TEST(says(flat([](Machine& m) { m.format.max_leaf_level = 1; }), "MaxLeafLevel is 1: make it less"));
  BOOST_TEST(says(flat([](Machine& m) { m.l2tlb = {.sets = 4, .ways = 1}; }), "L2Tlb: flat formats have none"));
  BOOST_TEST(says(flat([](Machine& m) { m.hit_latency = 3; }), "HitLatency is 3: make it 1 or 2"));
  BOOST_TEST(says(flat([](Machine& m) { m.l2_prefetch = true; }), "L2Prefetch needs an L2 TLB"));
  const auto nb = [](const std::function<void(Machine&)>& change) { return why(change, "sv39-nb"); };
  BOOST_TEST(says(sv39([](Machine& m) { m.waiters = 4; }), "Waiters and CriticalFirst belong to"));
  BOOST_TEST(says(nb([](Machine& m) { m.misses = 14; }), "Misses is 14: at most 13"));
  BOOST_TEST(says(nb([](Machine& m) { m.waiters = 6; }), "Waiters is 6: make it a power of two"));
  BOOST_TEST(says(nb([](Machine& m) { m.icache.ways = 0; }), "Misses needs both first-level caches"));
  BOOST_TEST(says(nb([](Machine& m) { m.parity = true; }), "neither array port nor parity"));
  BOOST_TEST(says(nb([](Machine& m) { m.l2cache = {.sets = 64, .ways = 8, .line_bytes = 64}; }), "forgets ids"));
  BOOST_TEST(says(sv39([](Machine& m) { m.l2tlb.sets = 3; }), "L2Tlb has 3 sets"));
  BOOST_TEST(says(why([](Machine& m) { m.format.ppn_bits = 44; }, "riscv8k"), "PpnBits + PageBits is 57"));
  BOOST_TEST(says(sv39([](Machine& m) { m.super_entries = 3; }), "SuperEntries is 3"));
  BOOST_TEST(says(sv39([](Machine& m) { m.super_entries = 128; }), "SuperEntries is 128"));
  BOOST_TEST(says(sv39([](Machine& m) { m.walk_cache_sets = 5; }), "WalkCacheSets is 5"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.index_bits[2] = 10; }), "does not fit a page"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.valid_bit = 0; }), "are for flat formats"));
  BOOST_TEST(says(sv39([](Machine& m) { m.pa_bits = 50; }), "PaBits (50) and BusBits (56) differ"));
  BOOST_TEST(says(sv39([](Machine& m) { m.trap_swap = true; }), "TrapSwap is for flat"));
  BOOST_TEST(says(sv39([](Machine& m) { m.walk_port = WalkPort::Memory; }), "HwAd needs WalkPort WalkCache"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.max_leaf_level = 1; }), "MaxLeafLevel is 1: RISC-V"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.min_levels = 2; }), "MinLevels is 2: make it at least 3"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.ppn_lsb = 11; }), "is not that of RISC-V"));
  BOOST_TEST(says(sv39([](Machine& m) { m.format.pte_bytes_log2 = 2; }), "outside the 32-bit entry"));
  BOOST_TEST(says(sv32([](Machine& m) { m.format.napot = true; }), "need entries of 8 bytes"));
  BOOST_TEST(says(sv32([](Machine& m) { m.asid_bits = 10; }), "AsidBits is 10"));
  BOOST_TEST(says(sv32([](Machine& m) { m.format.pte_bytes_log2 = 3; }), "does not fit a page"));
  BOOST_TEST(says(why([](Machine& m) { m.format.napot = true; }, "riscv8k"), "pages of 4 KiB"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.min_levels = 3; }), "x86 has 4 or 5 levels"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.pte_big_endian = true; }), "little-endian entries"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.ppn_bits = 41; }), "is not that of x86"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.max_leaf_level = 3; }), "make it 1 (2 MiB pages) or 2"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.upper_va = UpperVa::Zero; }), "canonical"));
  BOOST_TEST(says(x86([](Machine& m) { m.format.hw_ad = false; }), "x86 has HwAd"));
  BOOST_TEST(says(x86([](Machine& m) { m.asid_bits = 13; }), "a PCID has 12"));
}

BOOST_AUTO_TEST_CASE(R4_R27_legal_addresses_depend_on_the_number_of_levels) {
  const Machine& m = *find_machine("sv57");
  for (const unsigned levels : {3U, 4U, 5U}) {
    const std::uint64_t top = 1ULL << (12 + 9 * levels - 1);
    BOOST_TEST(m.va_is_legal(VirtAddr(top - 1), levels));
    BOOST_TEST(m.va_is_legal(VirtAddr(~(top - 1)), levels));
    BOOST_TEST(!m.va_is_legal(VirtAddr(top), levels));
    BOOST_TEST(!m.va_is_legal(VirtAddr(~top), levels));
  }
  BOOST_TEST(m.va_is_legal(VirtAddr(1ULL << 55)));
  BOOST_TEST(!m.va_is_legal(VirtAddr(1ULL << 56)));
  BOOST_TEST(!find_machine("sv32")->va_is_legal(VirtAddr(1ULL << 32)));
  BOOST_TEST(find_machine("sv32")->va_is_legal(VirtAddr(1ULL << 31)));
}

BOOST_AUTO_TEST_CASE(index_bits_add_up_from_the_leaf) {
  const Format& f = find_machine("riscv8k")->format;
  BOOST_TEST(f.index_lsb(0) == 0U);
  BOOST_TEST(f.index_lsb(2) == 20U);
  BOOST_TEST(f.vpn_bits(3) == 30U);
}

BOOST_AUTO_TEST_CASE(an_entry_wider_than_a_cache_access_is_refused) {
  Machine m = *find_machine("flat32");
  m.format.pte_bytes_log2 = 3;
  m.dcache.line_bytes = 4;
  BOOST_TEST(says(why_illegal(m), "does not fit one cache access"));
}

BOOST_AUTO_TEST_CASE(no_tlb_and_no_cache_are_legal) {
  Machine m = *find_machine("flat32");
  m.itlb = m.dtlb = {};
  m.icache = m.dcache = {};
  m.walk_port = WalkPort::Memory;
  BOOST_TEST(why_illegal(m) == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(machine_file)

BOOST_AUTO_TEST_CASE(a_file_describes_every_field) {
  const TemporaryFile file(kFlat32);
  const Machine loaded = load_machine(file.path());
  const Machine& expected = *find_machine("flat32");
  BOOST_TEST(loaded.name == expected.name);
  BOOST_TEST(loaded.summary == expected.summary);
  BOOST_TEST((loaded.format == expected.format));
  BOOST_TEST(loaded.va_bits == expected.va_bits);
  BOOST_TEST(loaded.pa_bits == expected.pa_bits);
  BOOST_TEST(loaded.bus_bits == expected.bus_bits);
  BOOST_TEST(loaded.asid_bits == expected.asid_bits);
  BOOST_TEST((loaded.itlb == expected.itlb && loaded.dtlb == expected.dtlb));
  BOOST_TEST((loaded.icache == expected.icache && loaded.dcache == expected.dcache));
  BOOST_TEST((loaded.walk_port == expected.walk_port));
  BOOST_TEST((loaded.regions == expected.regions));
  BOOST_TEST(loaded.atomics == expected.atomics);
}

BOOST_AUTO_TEST_CASE(a_file_needs_to_say_little_about_risc_v_and_x86) {
  const std::string common = R"(
[dcache]
sets = 64
ways = 4
line_bytes = 64
[[region]]
base = 0x80000000
size = 0x80000000
cacheable = true
)";
  const TemporaryFile riscv(R"(pa_bits = 56
asid_bits = 16
super_entries = 4
walk_cache_sets = 4
l2_prefetch = true
parity = true
hit_latency = 2
[l2tlb]
sets = 128
ways = 4
[format]
kind = "riscv"
index_bits = [9, 9, 9]
napot = true
pbmt = true
hw_ad = true
)" + common);
  const Machine sv39 = load_machine(riscv.path());
  BOOST_TEST((sv39.format == find_machine("sv39")->format));
  BOOST_TEST((sv39.l2tlb == find_machine("sv39")->l2tlb));
  BOOST_TEST(sv39.va_bits == 39U);
  BOOST_TEST(sv39.bus_bits == 56U);
  BOOST_TEST(sv39.super_entries == 4U);
  BOOST_TEST(sv39.walk_cache_sets == 4U);
  BOOST_TEST(sv39.l2_prefetch);
  BOOST_TEST(sv39.parity);
  BOOST_TEST(sv39.hit_latency == 2U);
  BOOST_TEST((sv39.walk_port == WalkPort::Cache));

  const TemporaryFile several(
      "pa_bits = 56\nmisses = 4\n[format]\nkind = \"riscv\"\nindex_bits = [9, 9, 9]\nhw_ad = true\n"
      "[icache]\nsets = 64\nways = 4\nline_bytes = 64\n" +
      common);
  const Machine misses = load_machine(several.path());
  BOOST_TEST(misses.misses == 4U);
  BOOST_TEST(misses.waiters == 8U);
  BOOST_TEST(misses.critical_first);

  const TemporaryFile small("pa_bits = 34\n[format]\nkind = \"riscv\"\nindex_bits = [10, 10]\nhw_ad = true\n" + common);
  BOOST_TEST((load_machine(small.path()).format == find_machine("sv32")->format));
  const TemporaryFile wide(
      "pa_bits = 40\n[format]\nkind = \"riscv\"\nindex_bits = [10, 10, 10]\npage_bits = 13\n"
      "hw_ad = true\n" +
      common);
  BOOST_TEST((load_machine(wide.path()).format == find_machine("riscv8k")->format));
  const TemporaryFile x86("pa_bits = 52\n[format]\nkind = \"x86\"\nindex_bits = [9, 9, 9, 9]\n" + common);
  BOOST_TEST((load_machine(x86.path()).format == find_machine("corei7")->format));
  BOOST_TEST(says(complaint("pa_bits = 52\n[format]\nkind = \"x87\"\nindex_bits = [9, 9, 9, 9]\n" + common),
                  "expected \"flat\" or \"riscv\" or \"x86\" for `kind`"));
}

BOOST_AUTO_TEST_CASE(errors_name_line_and_column_and_what_was_expected) {
  BOOST_TEST(complaint(replaced(kFlat32, "va_bits = 32", "va_bits = \"32\"")) ==
             "3:11: expected a non-negative number for `va_bits`");
  BOOST_TEST(complaint(replaced(kFlat32, "page_bits = 12", "page_bits = -1")) ==
             "12:13: expected a non-negative number for `page_bits` in [format]");
  BOOST_TEST(complaint(replaced(kFlat32, "\"cache\"", "\"memroy\"")) ==
             "7:13: expected \"memory\" or \"cache\" for `walk_port`");
  BOOST_TEST(says(complaint(replaced(kFlat32, "asid_bits", "asid_bit")), "found unknown key `asid_bit`"));
  BOOST_TEST(says(complaint(replaced(kFlat32, "ppn_lsb = 12\n", "")), "expected key `ppn_lsb` in [format]"));
  BOOST_TEST(says(complaint(replaced(kFlat32, "[20]", "20")), "expected a list for `index_bits`"));
  BOOST_TEST(says(complaint("va_bits ="), "1:10:"));
}

BOOST_AUTO_TEST_CASE(an_impossible_machine_is_refused) {
  BOOST_TEST(says(complaint(replaced(kFlat32, "line_bytes = 64", "line_bytes = 128")),
                  "is not possible: Icache: sets x line"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_bad_input) {
  BOOST_CHECK_THROW(load_machine("no-such-machine.toml"), InputError);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(physical_memory)

BOOST_AUTO_TEST_CASE(bytes_nobody_wrote_read_as_zero) {
  const PhysicalMemory memory;
  BOOST_TEST(memory.read_beat(PhysAddr(0xFF'FFFF'FFFF'FFF8)) == 0U);
}

BOOST_AUTO_TEST_CASE(a_beat_changes_only_the_lanes_of_its_strobe) {
  PhysicalMemory memory;
  memory.write_beat(PhysAddr(0x1000), ~0ULL, 0xFF);
  memory.write_beat(PhysAddr(0x1003), 0, 0x81);
  BOOST_TEST(memory.read_beat(PhysAddr(0x1000)) == 0x00FFFFFFFFFFFF00U);
}

BOOST_AUTO_TEST_CASE(ranges_cross_beats_and_blocks) {
  PhysicalMemory memory;
  const std::array<std::uint8_t, 5> bytes = {1, 2, 3, 4, 5};
  memory.write(PhysAddr(0xFFE), bytes);
  std::array<std::uint8_t, 5> back{};
  memory.read(PhysAddr(0xFFE), back);
  BOOST_TEST(back == bytes, boost::test_tools::per_element());
  BOOST_TEST(memory.read_byte(PhysAddr(0x1000)) == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
