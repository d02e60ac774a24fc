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
[[region]]
base = 0x3C000000
size = 0x4000000
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// What is said about flat32 after a change.
std::string why(const std::function<void(Machine&)>& change) {
  Machine machine = *find_machine("flat32");
  change(machine);
  return why_illegal(machine);
}
bool says(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(machine)

BOOST_AUTO_TEST_CASE(every_machine_of_the_table_is_legal_and_found_by_name) {
  BOOST_TEST(machines().size() == 8U);
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
  BOOST_TEST(says(why([](Machine& m) { m.dcache.sets = 128; }), "exceeds the page"));
  BOOST_TEST(says(why([](Machine& m) { m.dcache.ways = 0; }), "there is no data cache"));
  BOOST_TEST(says(why([](Machine& m) { m.regions.clear(); }), "no memory region"));
  BOOST_TEST(says(why([](Machine& m) { m.regions.resize(5, m.regions[1]); }), "at most 4"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].size += 1; }), "whole pages"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].size *= 2; }), "beyond BusBits"));
  BOOST_TEST(says(why([](Machine& m) { m.regions[1].base = PhysAddr(0x1000); }), "overlap"));
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
}

BOOST_AUTO_TEST_CASE(errors_name_line_and_column_and_what_was_expected) {
  BOOST_TEST(complaint(replaced(kFlat32, "va_bits = 32", "va_bits = \"32\"")) ==
             "3:11: expected a non-negative number for `va_bits`");
  BOOST_TEST(complaint(replaced(kFlat32, "page_bits = 12", "page_bits = -1")) ==
             "11:13: expected a non-negative number for `page_bits` in [format]");
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
