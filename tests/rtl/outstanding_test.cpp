// SPDX-License-Identifier: Apache-2.0
//
// What a machine with misses outstanding does with the accesses of its core: who is answered first, what is asked of
// memory, and who waits for whom. All checks watch too.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "tree_bench.h"

namespace vm {
namespace {

using test::TreeBench;

constexpr std::uint64_t kLine = 64, kLatency = 40;

TestbenchOptions slow_memory() {
  TestbenchOptions options;
  options.latency = {Latency::Kind::Fixed, kLatency, kLatency, {}};
  return options;
}

// Page 5 is in the TLB, and its first line in the data cache.
class Outstanding {
 public:
  Outstanding() : tree_("sv39-nb", slow_memory()) {
    tree_.map(5, TreeBench::leaf(tree_.frame(5)));
    tree_.translate();
    tree_.load(line(0));
    for (unsigned i = 0; i < 200; ++i) tree_.bench().step();
  }

  TreeBench& tree() { return tree_; }
  Testbench& bench() { return tree_.bench(); }
  std::uint64_t line(std::uint64_t n) const { return tree_.va(5, n * kLine); }
  std::uint8_t load(std::uint64_t va) { return bench().submit(Port::Data, {.user = true, .size = 3, .va = va}); }
  std::uint8_t store(std::uint64_t va) {
    return bench().submit(Port::Data, {.user = true, .write = true, .size = 3, .va = va, .wdata = va});
  }
  void fence() { bench().submit_fence({.op = static_cast<std::uint8_t>(FenceOp::CacheClean)}); }

  // Until nothing is under way: who was answered (kFence: a fence), in which order, and what the data cache asked of
  // memory.
  static constexpr std::uint8_t kFence = 0xFF;
  void run() {
    while (!bench().idle()) {
      bench().step();
      const Cycle& cycle = bench().cycle();
      if (cycle.response(Port::Data).valid) answered.push_back(cycle.response(Port::Data).id);
      if (cycle.out->fence.valid) answered.push_back(kFence);
      if (cycle.memory.accepted() && cycle.memory.req.src == MemSource::Data && !cycle.memory.req.write) {
        reads.push_back(cycle.memory.req.addr);
        most = std::max(most, ++under_way);
      }
      if (cycle.memory.answered() && cycle.memory.rsp.src == MemSource::Data && cycle.memory.rsp.last &&
          under_way != 0) {
        --under_way;
      }
    }
    BOOST_TEST(tree_.clean(), bench().report());
  }

  std::vector<std::uint8_t> answered;
  std::vector<std::uint64_t> reads;
  unsigned under_way = 0, most = 0;

 private:
  TreeBench tree_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_hit_is_answered_before_an_older_miss) {
  Outstanding b;
  const std::uint8_t miss = b.load(b.line(1)), hit = b.load(b.line(0));
  b.run();
  BOOST_TEST(b.answered == (std::vector<std::uint8_t>{hit, miss}));
}

BOOST_AUTO_TEST_CASE(loads_and_stores_of_one_line_are_one_read_and_keep_their_order) {
  Outstanding b;
  const std::uint8_t first = b.load(b.line(1) + 8), store = b.store(b.line(1) + 16), second = b.load(b.line(1) + 16);
  b.run();
  BOOST_TEST(b.reads.size() == 1U);
  BOOST_TEST(b.answered == (std::vector<std::uint8_t>{first, store, second}));
}

BOOST_AUTO_TEST_CASE(a_line_is_read_from_the_word_that_is_wanted) {
  Outstanding b;
  b.load(b.line(1) + 40);
  b.run();
  BOOST_REQUIRE(b.reads.size() == 1U);
  BOOST_TEST(b.reads.front() == b.tree().address(b.tree().frame(5), kLine + 40).value);
}

BOOST_AUTO_TEST_CASE(as_many_lines_are_asked_for_at_once_as_there_are_miss_registers) {
  Outstanding b;
  for (unsigned i = 1; i < 9; ++i) b.load(b.line(i));
  b.run();
  BOOST_TEST(b.reads.size() == 8U);
  BOOST_TEST(b.most == b.tree().machine().misses);
}

BOOST_AUTO_TEST_CASE(maintenance_waits_until_everything_before_it_is_answered) {
  Outstanding b;
  b.load(b.line(1));
  b.store(b.line(2));
  while (b.bench().tracker().outstanding(Port::Data) < 2) b.bench().step();
  b.fence();
  b.run();
  BOOST_REQUIRE(b.answered.size() == 3U);
  BOOST_TEST(b.answered.back() == Outstanding::kFence);
}

BOOST_AUTO_TEST_CASE(a_fault_is_answered_as_soon_as_it_is_known) {
  Outstanding b;
  const std::uint8_t miss = b.load(b.line(1));
  const std::uint8_t fault = b.load(1ULL << 45);  // no address of Sv39
  b.run();
  BOOST_TEST(b.answered == (std::vector<std::uint8_t>{fault, miss}));
}

}  // namespace vm
