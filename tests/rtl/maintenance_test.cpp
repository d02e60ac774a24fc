// SPDX-License-Identifier: Apache-2.0
//
// Cleaning and invalidating of caches (M11): the line that is named or all of them, and nothing else; in front of,
// among and behind stores, walks and misses. All checks watch too.
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "machine/random.h"
#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

const auto kMachines = boost::unit_test::data::make({"sv39", "sv39-ulx3s", "sv48", "corei7"});
constexpr std::array kOps{FenceOp::CacheClean, FenceOp::CacheInvalidate, FenceOp::CacheCleanInvalidate};

bool cleans(FenceOp op) { return op != FenceOp::CacheInvalidate; }
bool invalidates(FenceOp op) { return op != FenceOp::CacheClean; }

// A line's byte as the core sees it and as it lies behind the first level.
struct Line {
  std::uint8_t here = 0, behind = 0;
  bool cached = false;
};

// Untranslated accesses to lines of which no more lie in a set than there are ways: none is ever evicted.
class Lines {
 public:
  explicit Lines(TreeBench& b) : b_(b), lines_(kSets * b.machine().dcache.ways) {}

  std::size_t size() const { return lines_.size(); }
  Line& at(std::size_t i) { return lines_.at(i); }
  PhysAddr address(std::size_t i) const {
    const CacheGeometry& cache = b_.machine().dcache;
    return b_.address(b_.frame(0)) + (i % kSets + i / kSets * cache.sets) * cache.line_bytes;
  }
  void store(std::size_t i, std::uint8_t value) {
    b_.store(address(i).value, 0, value);
    lines_.at(i).here = value;
    lines_.at(i).cached = true;
  }
  // What a maintenance operation leaves of a line.
  void apply(FenceOp op, std::size_t i) {
    Line& line = lines_.at(i);
    if (!line.cached) return;
    if (cleans(op)) line.behind = line.here;
    if (invalidates(op)) line = {line.behind, line.behind, false};
  }
  void compare_behind() {
    for (std::size_t i = 0; i < size(); ++i) {
      const unsigned behind = b_.bench().memory_behind().read_byte(address(i));
      BOOST_REQUIRE_MESSAGE(behind == lines_.at(i).behind, "line " << i << ": " << behind
                                                                   << " behind the cache, expected "
                                                                   << unsigned{lines_.at(i).behind});
    }
  }
  void compare_here(std::size_t i) {
    const AccessResult seen = b_.load(address(i).value);
    BOOST_REQUIRE_MESSAGE(seen.data == lines_.at(i).here,
                          "line " << i << ": " << seen.data << ", expected " << unsigned{lines_.at(i).here});
    BOOST_REQUIRE((seen.cache == (lines_.at(i).cached ? Hit::Hit : Hit::Miss)));
    lines_.at(i).cached = true;
  }

 private:
  static constexpr std::size_t kSets = 3;
  TreeBench& b_;
  std::vector<Line> lines_;
};

}  // namespace

BOOST_DATA_TEST_CASE(M11_each_operation_does_its_work_on_the_line_that_is_named_and_on_no_other,
                     kMachines* boost::unit_test::data::make({0U, 1U, 2U}), machine, number) {
  const FenceOp op = kOps.at(number);
  TreeBench b(machine);
  Lines lines(b);
  for (std::size_t i = 0; i < lines.size(); ++i) lines.store(i, static_cast<std::uint8_t>(i + 1));
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    // Any address of the line names it.
    b.platform().fence({.op = op, .by_addr = true, .addr = lines.address(i).value + i});
    lines.apply(op, i);
    lines.compare_behind();
  }
  for (std::size_t i = 0; i < lines.size(); ++i) lines.compare_here(i);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(an_operation_on_a_line_that_is_not_there_or_on_no_memory_changes_nothing, kMachines, machine) {
  TreeBench b(machine);
  Lines lines(b);
  lines.store(0, 7);
  for (const FenceOp op : kOps) {
    for (const std::uint64_t address : {lines.address(1).value, b.machine().regions.at(1).base.value,
                                        std::uint64_t{0x7'0000'0000}, ~std::uint64_t{0}}) {
      b.platform().fence({.op = op, .by_addr = true, .addr = address});
    }
  }
  lines.compare_behind();
  lines.compare_here(0);
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(any_sequence_of_stores_loads_and_operations_leaves_what_it_must, kMachines, machine) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 9, {}};
  TreeBench b(machine, options);
  Random random(options.seed, "maintenance_test");
  Lines lines(b);
  for (int step = 0; step < 600; ++step) {
    const std::size_t i = random.below(lines.size());
    const std::uint64_t dice = random.below(20);
    if (dice < 9) {
      lines.store(i, static_cast<std::uint8_t>(random.next()));
    } else if (dice < 14) {
      lines.compare_here(i);
    } else {
      const FenceOp op = kOps.at(random.below(kOps.size()));
      const bool whole = random.one_in(5);
      b.platform().fence({.op = op, .by_addr = !whole, .addr = lines.address(i).value});
      for (std::size_t k = 0; k < lines.size(); ++k) {
        if (whole || k == i) lines.apply(op, k);
      }
      lines.compare_behind();
    }
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

// A store accepted before an operation is among what is cleaned; one accepted after it is not lost.
BOOST_DATA_TEST_CASE(stores_in_flight_come_before_or_after_an_operation_as_they_were_accepted,
                     kMachines* boost::unit_test::data::make({0U, 2U}), machine, number) {
  const FenceOp op = kOps.at(number);
  for (unsigned delay = 0; delay < 8; ++delay) {
    TestbenchOptions slow;
    slow.latency = {Latency::Kind::Fixed, 10, 10, {}};
    TreeBench b(machine, slow);
    const PhysAddr at = b.address(b.frame(0));
    b.store(at.value, 0, 1);
    b.bench().submit(Port::Data, {.write = true, .va = at.value, .wdata = 2});
    for (unsigned i = 0; i < delay; ++i) b.bench().step();
    b.bench().submit_fence({.by_addr = true, .op = static_cast<std::uint8_t>(op), .addr = at.value});
    while (b.bench().fence_waits()) b.bench().step();
    b.bench().submit(Port::Data, {.write = true, .va = at.value, .wdata = 3});
    b.bench().run_until_idle();
    BOOST_TEST(b.bench().memory_behind().read_byte(at) == 2);
    BOOST_TEST(b.load(at.value).data == 3U);
    BOOST_TEST(b.clean(), b.bench().report());
  }
}

// Design order: fence, then walk, then miss, then memory. Everything waits at once, over and over, and all is answered.
BOOST_DATA_TEST_CASE(M2_operations_among_walks_misses_and_host_accesses_all_end, kMachines, machine) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 30, {}};
  options.stall = {StallPolicy::Kind::Bursty};
  TreeBench b(machine, options);
  Random random(options.seed, "maintenance_order");
  for (std::uint64_t page = 0; page < 200; ++page) b.map(page, TreeBench::leaf(b.frame(page % 50)));
  b.translate();
  std::array<unsigned, 5> ops{};
  for (unsigned round = 0; round < 150; ++round) {
    for (unsigned i = 0; i < 3; ++i) {
      const std::uint64_t va = b.va(random.below(200), 8 * random.below(512));
      b.bench().submit(Port::Data, {.user = true, .write = random.one_in(2), .size = 3, .va = va, .wdata = va});
      b.bench().submit(Port::Fetch, {.user = true, .size = 2, .va = b.va(random.below(200))});
    }
    b.bench().submit_host({.strb = 0xFF, .addr = b.address(b.frame(random.below(50))).value});
    for (unsigned i = 0; i < 2; ++i) {
      const std::uint8_t op = static_cast<std::uint8_t>(random.below(ops.size()));
      ++ops.at(op);
      // Dropping what is dirty is no part of this: tables would be lost.
      const bool drops = static_cast<FenceOp>(op) == FenceOp::CacheInvalidate;
      b.bench().submit_fence(
          {.by_addr = drops || random.one_in(2),
           .op = op,
           .addr = drops ? b.machine().regions.at(1).base.value : b.address(b.frame(round % 50)).value});
    }
    for (std::uint64_t i = random.below(60); i > 0; --i) b.bench().step();
    if (random.one_in(3)) b.bench().run_until_idle();
    while (!b.bench().can_submit(Port::Data) || !b.bench().can_submit(Port::Fetch) || !b.bench().can_submit_fence() ||
           b.bench().tracker().outstanding(Port::Data) > 8 || b.bench().tracker().outstanding(Port::Fetch) > 8) {
      b.bench().step();
    }
  }
  b.bench().run_until_idle();
  for (const unsigned count : ops) BOOST_TEST(count > 10U);
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
