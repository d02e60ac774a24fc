// SPDX-License-Identifier: Apache-2.0
//
// Memory that is written through, and memory that is write-protected (X18), in both kinds of data cache. All checks
// watch too: that each store goes to memory once, with its lanes, that lines are as dirty as before, and when all that
// happens.
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "coverage/coverage.h"
#include "machine/random.h"
#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

const auto kMachines = boost::unit_test::data::make({"corei7", "x86-nb"});

const Machine& machine_of(const std::string& name) {
  static const Machine kNonblocking = load_machine(VM_SOURCE_DIR "/tests/rtl/x86-nb.toml");
  return name == kNonblocking.name ? kNonblocking : *find_machine(name);
}

constexpr std::uint64_t kBack = 3, kThrough = 4, kProtected = 5, kUncached = 6;  // pages, all of one frame

// As after reset, but write-protected in place of uncached minus.
constexpr std::uint64_t kPat = 0x0005040600050406;

struct Scene : TreeBench {
  explicit Scene(const std::string& name, const TestbenchOptions& options = {}) : TreeBench(machine_of(name), options) {
    map_as(kBack, MemType::WriteBack);
    map_as(kThrough, MemType::WriteThrough);
    map_as(kProtected, MemType::WriteProtect);
    map_as(kUncached, MemType::Uncached);
    platform().ctl_write(CtlReg::Pat, kPat, false);
    translate();
  }

  void map_as(std::uint64_t page, MemType type, Ppn of) {
    Pte pte = leaf(of);
    pte.type = type == MemType::WriteProtect ? MemType::UncachedMinus : type;
    map(page, pte);
  }
  void map_as(std::uint64_t page, MemType type) { map_as(page, type, frame(7)); }
  std::uint64_t behind(std::uint64_t offset) { return bench().memory_behind().read_beat(address(frame(7), offset)); }
  void fence(FenceOp op) { platform().fence({.op = op}); }
  // A load may be answered before its line is whole.
  void settle() {
    for (int i = 0; i < 30; ++i) bench().step();
  }
};

// Each bin of the core's accesses to written-through data.
void all_hit(const CoverageRecord& record) {
  for (const Bin* bin : record.uncovered()) {
    if (bin->name.find("data cache: core") != std::string::npos &&
        bin->name.find("write-through") != std::string::npos) {
      BOOST_ERROR("not hit: " << bin->group << ": " << bin->name);
    }
  }
}

}  // namespace

BOOST_DATA_TEST_CASE(a_load_brings_the_line_and_each_store_goes_to_memory_once, kMachines, name) {
  Scene s(name);
  BOOST_TEST((s.load(s.va(kThrough, 0x40), 3).cache == Hit::Miss));
  s.settle();
  BOOST_TEST((s.load(s.va(kThrough, 0x40), 3).cache == Hit::Hit));
  for (const std::uint64_t value : std::array<std::uint64_t, 3>{0x1122334455667788, 0x1122334455667788, 0x99}) {
    const AccessResult stored = s.store(s.va(kThrough, 0x40), 3, value);
    BOOST_TEST(stored.bus_writes == 1U);
    BOOST_TEST(stored.bus_reads == 0U);
    BOOST_TEST(s.behind(0x40) == value);
    const AccessResult seen = s.load(s.va(kThrough, 0x40), 3);
    BOOST_TEST((seen.cache == Hit::Hit));
    BOOST_TEST(seen.data == value);
  }
  // Some of its bytes; the line is not dirty by it, so nothing is lost when it goes.
  s.store(s.va(kThrough, 0x42), 1, 0xABCD);
  BOOST_TEST(s.behind(0x40) == 0xABCD0099U);
  s.fence(FenceOp::CacheInvalidate);
  BOOST_TEST(s.load(s.va(kThrough, 0x40), 3).data == 0xABCD0099U);
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(a_store_brings_no_line, kMachines, name) {
  Scene s(name);
  s.load(s.va(kThrough, 0x40), 3);  // and its translation
  const AccessResult stored = s.store(s.va(kThrough, 0x80), 3, 5);
  BOOST_TEST(stored.bus_writes == 1U);
  BOOST_TEST(stored.bus_reads == 0U);
  BOOST_TEST((s.load(s.va(kThrough, 0x80), 3).cache == Hit::Miss));
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(a_dirty_line_stays_dirty_and_shows_what_was_written_through, kMachines, name) {
  Scene s(name);
  s.store(s.va(kBack, 0x40), 3, 1);
  s.store(s.va(kBack, 0x48), 3, 2);
  BOOST_TEST(s.store(s.va(kThrough, 0x40), 3, 3).bus_writes >= 1U);
  BOOST_TEST(s.behind(0x40) == 3U);
  BOOST_TEST(s.behind(0x48) != 2U);
  BOOST_TEST(s.load(s.va(kBack, 0x40), 3).data == 3U);
  BOOST_TEST((s.load(s.va(kBack, 0x48), 3).cache == Hit::Hit));
  s.fence(FenceOp::CacheClean);
  BOOST_TEST(s.behind(0x40) == 3U);
  BOOST_TEST(s.behind(0x48) == 2U);
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(fetches_are_cached, kMachines, name) {
  Scene s(name);
  for (const std::uint64_t page : {kThrough, kProtected}) {
    s.fence(FenceOp::FetchSync);
    BOOST_TEST((s.access(AccessKind::Fetch, s.va(page, 0x40), 2).cache == Hit::Miss));
    s.settle();
    BOOST_TEST((s.access(AccessKind::Fetch, s.va(page, 0x40), 2).cache == Hit::Hit));
  }
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(a_store_across_lines_and_pages_goes_to_memory_in_two, kMachines, name) {
  Scene s(name);
  s.map_as(kUncached + 1, MemType::WriteThrough, s.frame(8));
  s.map_as(kUncached + 2, MemType::WriteThrough, s.frame(9));
  const std::uint64_t end = s.va(kUncached + 2);
  s.load(end - 8, 3);
  s.load(end, 3);
  for (const std::uint64_t address : {end - 0x40 - 4, end - 4}) {
    const AccessResult stored = s.store(address, 3, 0x8877665544332211U);
    BOOST_TEST(stored.bus_writes == 2U);
    BOOST_TEST(s.load(address, 3).data == 0x8877665544332211U);
  }
  BOOST_TEST(s.bench().memory_behind().read_beat(s.address(s.frame(9))) == 0x88776655U);
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(a_store_to_a_write_protected_page_drops_the_line_it_hits, kMachines, name) {
  Scene s(name);
  s.load(s.va(kProtected, 0x40), 3);
  s.settle();
  BOOST_TEST((s.load(s.va(kProtected, 0x40), 3).cache == Hit::Hit));
  BOOST_TEST(s.store(s.va(kProtected, 0x40), 3, 5).bus_writes == 1U);
  BOOST_TEST(s.behind(0x40) == 5U);
  const AccessResult seen = s.load(s.va(kProtected, 0x40), 3);
  BOOST_TEST((seen.cache == Hit::Miss));
  BOOST_TEST(seen.data == 5U);
  BOOST_TEST(s.clean(), s.bench().report());
}

BOOST_DATA_TEST_CASE(a_refused_store_is_a_bus_error_of_its_access, kMachines, name) {
  TestbenchOptions options;
  const std::uint64_t bad = TreeBench(machine_of(name)).address(TreeBench(machine_of(name)).frame(7), 0x80).value;
  options.errors = {{PhysAddr(bad), PhysAddr(bad + 7)}};
  Scene s(name, options);
  s.store(s.va(kThrough, 0x40), 3, 1);
  const AccessResult refused = s.store(s.va(kThrough, 0x80), 3, 2);
  BOOST_TEST((refused.fault.cause == Cause::Bus));
  BOOST_TEST(refused.fault.va.value == s.va(kThrough, 0x80));
  BOOST_TEST(!s.store(s.va(kThrough, 0x88), 3, 3).fault);
  BOOST_TEST(s.behind(0x88) == 3U);
  BOOST_TEST(s.clean(), s.bench().report());
}

// What can be read and cached, but not written: the line stays as it was.
BOOST_DATA_TEST_CASE(a_refused_store_leaves_the_line_that_it_hit, kMachines, name) {
  TestbenchOptions options;
  const std::uint64_t rom = TreeBench(machine_of(name)).address(TreeBench(machine_of(name)).frame(7), 0x80).value;
  options.errors = {{.first = PhysAddr(rom), .last = PhysAddr(rom + 63), .writes_only = true}};
  Scene s(name, options);
  const std::uint64_t before = s.load(s.va(kThrough, 0x80), 3).data;
  s.settle();
  for (const std::uint64_t page : {kThrough, kThrough, kProtected}) {
    const AccessResult refused = s.store(s.va(page, 0x80), 3, before + 1);
    BOOST_TEST((refused.fault.cause == Cause::Bus));
    s.settle();
    const AccessResult seen = s.load(s.va(kThrough, 0x80), 3);
    BOOST_TEST(!seen.fault);
    BOOST_TEST(seen.data == before);
    BOOST_TEST((seen.cache == Hit::Hit) == (page == kThrough));
  }
  BOOST_TEST(s.behind(0x80) == before);
  BOOST_TEST(s.clean(), s.bench().report());
}

// Accessed and dirty bits in a table that its pointer says is written through.
BOOST_DATA_TEST_CASE(bits_set_in_a_written_through_table_are_in_memory_at_once, kMachines, name) {
  constexpr std::uint64_t kAccessed = 1U << 5, kDirty = 1U << 6;
  TreeBench b(machine_of(name));
  Pte pointer = b.pointer(b.table(0));
  pointer.type = MemType::WriteThrough;
  b.set(b.entry_address(0, 1), pointer, 1);
  Pte page = TreeBench::leaf(b.frame(7));
  page.accessed = page.dirty = false;
  b.map(3, page);
  b.translate();
  const PhysAddr entry = b.entry_address(b.va(3));
  b.load(b.va(3), 3);
  BOOST_TEST((b.bench().memory_behind().read_beat(entry) & (kAccessed | kDirty)) == kAccessed);
  BOOST_TEST((b.get_raw(entry) & (kAccessed | kDirty)) == kAccessed);
  b.store(b.va(3), 3, 1);
  BOOST_TEST((b.bench().memory_behind().read_beat(entry) & (kAccessed | kDirty)) == (kAccessed | kDirty));
  BOOST_TEST((b.get_raw(entry) & (kAccessed | kDirty)) == (kAccessed | kDirty));
  BOOST_TEST(b.clean(), b.bench().report());
}

// Pages of all types on a few frames, at random; the bytes of the frames in an array beside.
BOOST_DATA_TEST_CASE(any_mix_of_types_shows_the_same_bytes, kMachines, name) {
  constexpr std::size_t kFrames = 3, kLines = 6, kLine = 64;
  constexpr std::array kTypes = {MemType::WriteBack, MemType::WriteThrough, MemType::WriteThrough,
                                 MemType::WriteProtect, MemType::Uncached};
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 12, {}};
  Scene s(name, options);
  Coverage coverage(s.machine());
  s.bench().attach_coverage(&coverage);
  Random random(options.seed, "through_test");
  for (std::size_t page = 0; page < kFrames * kTypes.size(); ++page) {
    s.map_as(16 + page, kTypes.at(page / kFrames), s.frame(10 + page % kFrames));
  }
  std::vector<std::uint8_t> bytes(kFrames * kLines * kLine);
  for (int i = 0; i < 4000; ++i) {
    const std::uint64_t page = random.below(kFrames * kTypes.size());
    const unsigned size = static_cast<unsigned>(random.below(4));
    const std::uint64_t offset = random.below(kLines * kLine - 7);
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(page % kFrames * kLines * kLine + offset);
    if (random.one_in(2)) {
      const std::uint64_t value = random.next();
      for (unsigned k = 0; k < 1U << size; ++k) at[k] = static_cast<std::uint8_t>(value >> 8 * k);
      s.store(s.va(16 + page, offset), size, value & low_mask(8U << size));
    } else {
      std::uint64_t expected = 0;
      for (unsigned k = 0; k < 1U << size; ++k) expected |= static_cast<std::uint64_t>(at[k]) << 8 * k;
      const AccessResult seen = s.load(s.va(16 + page, offset), size);
      BOOST_REQUIRE_MESSAGE(seen.data == expected, "page " << page << " offset " << offset << ": " << seen.data
                                                           << ", expected " << expected << "\n"
                                                           << s.bench().report());
    }
  }
  BOOST_TEST(s.clean(), s.bench().report());
  all_hit(coverage.record());
}

// What campaigns do to the machines of the table.
BOOST_AUTO_TEST_CASE(random_traffic_on_x86_with_misses_outstanding_agrees_with_all_checks) {
  const Machine& machine = machine_of("x86-nb");
  for (const StallPolicy::Kind stall : {StallPolicy::Kind::None, StallPolicy::Kind::Half, StallPolicy::Kind::Bursty}) {
    TestbenchOptions options;
    options.seed = test::run_seed();
    options.stall = {stall, 0};
    options.latency = {Latency::Kind::Random, 1, 9, {}};
    Coverage coverage(machine);
    test::TrafficBench world(machine, options);
    world.bench().attach_coverage(&coverage);
    world.run(30000);
    BOOST_TEST(world.bench().reporter().count() == 0U, world.bench().report());
    const CoverageRecord record = coverage.record();
    for (const Bin* bin : record.impossible()) BOOST_ERROR(bin->group << ": " << bin->name);
  }
}

}  // namespace vm
