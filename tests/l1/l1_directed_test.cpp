// SPDX-License-Identifier: Apache-2.0
//
// What docs/l1.md says in cycles, and what random traffic would meet too seldom.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

#include "l1_bench.h"

namespace {

using namespace vm::l1;

constexpr std::uint64_t kBase = 0x8000'0000;
constexpr std::uint64_t kWay = std::uint64_t{kSets} * kLineBytes;  // lines this far apart share a set (in 4 KiB pages)
constexpr unsigned kNever = 100'000;

// A line of its own set (or, beyond the sets, of another tag) for each n.
std::uint64_t line(std::uint64_t n) { return kBase + n / kSets * kPage + n % kSets * kLineBytes; }

// One access at a time, and streams, with nothing else in the cache.
class Player {
 public:
  explicit Player(std::uint64_t seed = 1) : bench(seed) {
    bench.memory.weather = {};
    while (!bench.step({}).core_idle || bench.cycle < kSets + 8) {
    }
  }
  Bench bench;

  struct Done {
    unsigned cycles = 0;  // from acceptance
    CoreAnswer answer;
  };

  Done operator()(CoreAccess a) {
    accept(a);
    return wait(a.id);
  }
  Done load(std::uint64_t pa) { return (*this)({.pa = pa}); }
  Done store(std::uint64_t pa, std::uint64_t data, std::uint8_t strb = 0xFF) {
    return (*this)({.write = true, .strb = strb, .pa = pa, .wdata = data});
  }

  // Until nothing is on its way any more.
  void settle() {
    for (unsigned i = 0; i < kWords + 40; ++i) step({});
  }

  void accept(const CoreAccess& a) {
    for (unsigned i = 0; i < kNever; ++i) {
      Offers offers;
      offers.core = a;
      const std::uint64_t now = bench.cycle;
      const Outcome outcome = step(offers);
      if (outcome.core_accepted) {
        accepted_[a.id] = now;
        return;
      }
    }
    throw Failure("never accepted");
  }
  Done wait(unsigned id) {
    for (unsigned i = 0; i < kNever && !answers_.contains(id); ++i) step({});
    if (!answers_.contains(id)) throw Failure("never answered");
    const Done done = answers_[id];
    answers_.erase(id);
    return done;
  }
  bool answered(unsigned id) const { return answers_.contains(id); }

  Outcome step(const Offers& offers) {
    const std::uint64_t now = bench.cycle;
    const Outcome outcome = bench.step(offers);
    if (outcome.core) {
      answers_[outcome.core->id] = {static_cast<unsigned>(now - accepted_[outcome.core->id]), *outcome.core};
      order.push_back(outcome.core->id);
    }
    return outcome;
  }

  void maintain(const Maintenance& m) {
    Offers offers;
    offers.maintenance = m;
    for (unsigned i = 0; i < kNever; ++i) {
      if (step(offers).maintenance_done) return;
    }
    throw Failure("maintenance never ended");
  }

  struct Physical {
    unsigned cycles = 0;
    CoreAnswer answer;
  };
  Physical walk(std::uint64_t addr) {
    Offers offers;
    offers.walk_slot = true;
    offers.walk = PhysAccess{.addr = addr};
    std::uint64_t accepted = 0;
    for (unsigned i = 0; i < kNever; ++i) {
      const std::uint64_t now = bench.cycle;
      const Outcome outcome = step(offers);
      if (outcome.walk_accepted) {
        offers = {};
        accepted = now;
      }
      if (outcome.walk) return {static_cast<unsigned>(now - accepted), *outcome.walk};
    }
    throw Failure("the walker never got an answer");
  }

  std::vector<unsigned> order;  // of answers

 private:
  std::map<unsigned, std::uint64_t> accepted_;
  std::map<unsigned, Done> answers_;
};

// The sets, ways and pseudo-LRU trees as a table, for one access at a time.
class Mirror {
 public:
  struct Result {
    bool hit = false;
    bool written_back = false;
    std::uint64_t victim = 0;
  };
  Result access(std::uint64_t pa, bool write) {
    const std::uint64_t wanted = pa / kLineBytes;
    Set& set = sets_[wanted % kSets];
    Result result;
    unsigned way = 0;
    const auto at =
        std::find_if(set.lines.begin(), set.lines.end(), [&](const Line& l) { return l.valid && l.number == wanted; });
    if (at != set.lines.end()) {
      result.hit = true;
      way = static_cast<unsigned>(at - set.lines.begin());
    } else {
      way = victim(set);
      Line& old = set.lines[way];
      result.written_back = old.valid && old.dirty;
      result.victim = old.number * kLineBytes;
      old = {true, false, wanted};
    }
    set.lines[way].dirty |= write;
    touch(set, way);
    return result;
  }

 private:
  struct Line {
    bool valid = false, dirty = false;
    std::uint64_t number = 0;
  };
  struct Set {
    std::array<Line, kWays> lines;
    std::array<bool, kWays> upper{};  // heap from [1]: the half to be replaced next
  };
  static unsigned victim(const Set& set) {
    for (unsigned w = 0; w < kWays; ++w) {
      if (!set.lines[w].valid) return w;
    }
    unsigned node = 1;
    while (node < kWays) node = 2 * node + (set.upper[node] ? 1 : 0);
    return node - kWays;
  }
  static void touch(Set& set, unsigned way) {
    for (unsigned node = way + kWays; node > 1; node /= 2) set.upper[node / 2] = node % 2 == 0;
  }
  std::array<Set, kSets> sets_;
};

// From acceptance, memory's first beat of the line after m cycles.
constexpr unsigned miss_cycles(unsigned m) { return m + 7 + kHitLatency; }

}  // namespace

BOOST_AUTO_TEST_CASE(hits_answer_in_time_and_one_is_accepted_every_cycle) {
  Player p;
  const unsigned lines = std::min(kSets * kWays, 32U);
  std::map<std::uint64_t, std::uint64_t> image;
  for (unsigned n = 0; n < lines; ++n) {
    for (unsigned w = 0; w < kWords; ++w) {
      const std::uint64_t at = line(n) + 8ULL * w;
      image[at] = p.bench.random();
      p.store(at, image[at]);
    }
  }
  p.settle();
  // Few words, so that stores of bytes and loads of the same word follow each other closely.
  struct Due {
    std::uint64_t cycle;
    unsigned id;
    bool load;
    std::uint64_t value;
  };
  std::vector<Due> due;
  for (unsigned i = 0; i < 4000; ++i) {
    CoreAccess a{.id = i % 16};
    const std::uint64_t n = p.bench.random() % 4 == 0 ? p.bench.random() % lines : 0;
    a.pa = line(n) + 8 * (p.bench.random() % 2);
    a.write = p.bench.random() % 2 == 0;
    a.strb = static_cast<std::uint8_t>(p.bench.random());
    a.wdata = p.bench.random();
    if (a.write) {
      for (unsigned b = 0; b < 8; ++b) {
        const std::uint64_t mask = 0xFFULL << (8 * b);
        if ((a.strb >> b & 1U) != 0) image[a.pa] = (image[a.pa] & ~mask) | (a.wdata & mask);
      }
    }
    due.push_back({p.bench.cycle + kHitLatency, a.id, !a.write, image[a.pa]});
    Offers offers;
    offers.core = a;
    const std::uint64_t now = p.bench.cycle;
    const Outcome outcome = p.bench.step(offers);
    BOOST_REQUIRE(outcome.core_accepted);
    if (i < kHitLatency) continue;
    BOOST_REQUIRE(outcome.core.has_value());
    const Due& expected = due[i - kHitLatency];
    BOOST_REQUIRE(expected.cycle == now);
    BOOST_REQUIRE(outcome.core->id == expected.id);
    if (expected.load) BOOST_REQUIRE(outcome.core->rdata == expected.value);
  }
}

BOOST_AUTO_TEST_CASE(a_miss_takes_what_the_document_says) {
  for (unsigned m = 1; m <= 40; m += 13) {
    Player p;
    p.bench.memory.weather = {.least = m, .most = m};
    const unsigned word = 1;
    const unsigned wait = VM_L1_CriticalFirst ? 0 : kWords;  // else it waits for the whole line
    BOOST_TEST(p.load(line(0) + 8ULL * word).cycles == miss_cycles(m) + wait);
    p.settle();
    // A store waits for the whole line.
    BOOST_TEST(p.store(line(1), 1).cycles == miss_cycles(m) + kWords);
    p.settle();
    BOOST_TEST(p.load(line(1)).cycles == kHitLatency);
  }
}

BOOST_AUTO_TEST_CASE(accesses_to_a_line_on_its_way_join_and_it_is_read_once) {
  Player p;
  p.bench.memory.weather = {.least = 60, .most = 60};
  p.accept({.id = 0, .pa = line(3)});
  p.accept({.id = 1, .write = true, .strb = 0x0F, .pa = line(3) + 8, .wdata = 0x1234'5678});
  p.accept({.id = 2, .pa = line(3) + 8});
  p.accept({.id = 3, .write = true, .strb = 0x01, .pa = line(3), .wdata = 0x99});
  const std::uint64_t first = p.bench.memory.word(line(3)), second = p.bench.memory.word(line(3) + 8);
  BOOST_TEST(p.wait(0).answer.rdata == first);
  BOOST_TEST(p.wait(2).answer.rdata == ((second & ~0xFFFF'FFFFULL) | 0x1234'5678));
  p.wait(1);
  p.wait(3);
  BOOST_TEST(p.load(line(3)).answer.rdata == ((first & ~0xFFULL) | 0x99));
  BOOST_TEST(p.bench.memory.reads == 1U);
  const std::vector<unsigned> in_order{0, 1, 2, 3};
  BOOST_TEST(std::vector<unsigned>(p.order.begin(), p.order.begin() + 4) == in_order);
}

BOOST_AUTO_TEST_CASE(as_many_misses_are_outstanding_as_the_parameter_says) {
  if (kSets <= kMisses + 1) return;
  Player p;
  p.bench.memory.weather = {.least = 300, .most = 300};
  for (unsigned n = 0; n < kMisses + 1; ++n) p.accept({.id = n, .pa = line(n)});
  for (unsigned i = 0; i < 100; ++i) p.step({});
  BOOST_TEST(p.bench.memory.reads == kMisses);
  // The walker's own miss register is another one, and it does not wait for those before it.
  const std::uint64_t before = p.bench.cycle;
  p.bench.memory.weather = {.least = 5, .most = 5, .in_order = false};
  BOOST_TEST(p.walk(line(kMisses + 2)).answer.rdata == p.bench.memory.word(line(kMisses + 2)));
  BOOST_TEST(p.bench.cycle - before < 30U);
  BOOST_TEST(p.order.empty());
  for (unsigned n = 0; n < kMisses + 1; ++n) BOOST_TEST(p.wait(n).answer.rdata == p.bench.memory.word(line(n)));
}

BOOST_AUTO_TEST_CASE(a_hit_passes_a_miss) {
  if (kSets < 4) return;
  Player p;
  p.load(line(2));
  p.settle();
  p.bench.memory.weather = {.least = 200, .most = 200};
  p.accept({.id = 5, .pa = line(1)});
  for (unsigned i = 0; i < 4; ++i) p.step({});
  BOOST_TEST((p({.id = 6, .pa = line(2) + 8}).cycles == kHitLatency));
  BOOST_TEST((p({.id = 7, .write = true, .pa = line(2) + 8, .wdata = 7}).cycles == kHitLatency));
  BOOST_TEST((p({.id = 6, .pa = line(2) + 8}).answer.rdata == 7U));
  BOOST_TEST(!p.answered(5));
  p.wait(5);
}

BOOST_AUTO_TEST_CASE(a_load_gets_its_word_though_stores_keep_the_ram_busy) {
  if (kSets < 4) return;
  for (unsigned m = 5; m < 25; ++m) {
    Player p(m);
    p.store(line(2), 0);
    p.settle();
    p.bench.memory.weather = {.least = m, .most = m, .beat_percent = 20};  // beats come alone
    p.accept({.id = 15, .pa = line(1) + 8});
    std::uint64_t last = 0;
    for (unsigned i = 0; i < 100; ++i) {
      Offers offers;
      offers.core = CoreAccess{.id = i % 8, .write = true, .pa = line(2), .wdata = i};
      if (p.step(offers).core_accepted) last = i;
    }
    p.settle();
    BOOST_TEST(p.wait(15).answer.rdata == p.bench.memory.word(line(1) + 8));
    BOOST_TEST((p({.id = 9, .pa = line(2)}).answer.rdata == last));
  }
}

BOOST_AUTO_TEST_CASE(a_line_the_walker_has_brought_meanwhile_is_not_fetched_again) {
  Player p;
  p.bench.memory.weather = {.least = 5, .most = 5};
  p.accept({.id = 1, .pa = line(1)});
  // The walker owns S0 from the next cycle on, for long enough that its miss register is free again.
  Offers offers;
  offers.walk_slot = true;
  offers.walk = PhysAccess{.addr = line(1)};
  for (unsigned i = 0; i < 60 + kWords; ++i) {
    if (p.step(offers).walk_accepted) offers.walk.reset();
  }
  BOOST_TEST(!p.answered(1));
  BOOST_TEST(p.wait(1).answer.rdata == p.bench.memory.word(line(1)));
  BOOST_TEST(p.bench.memory.reads == 1U);
}

BOOST_AUTO_TEST_CASE(answers_come_as_memory_gives_them) {
  if (kSets < 4 || kMisses < 2) return;
  Player p;
  p.bench.memory.weather = {.least = 100, .most = 100, .in_order = false};
  p.accept({.id = 1, .pa = line(1)});
  for (unsigned i = 0; i < 10; ++i) p.step({});
  p.bench.memory.weather = {.least = 5, .most = 5, .in_order = false};
  p.accept({.id = 2, .pa = line(2)});
  p.wait(2);
  BOOST_TEST(!p.answered(1));
  p.wait(1);
}

BOOST_AUTO_TEST_CASE(victims_are_those_that_pseudo_lru_names) {
  Player p(7);
  Mirror mirror;
  std::vector<MemoryRequest> requests;
  p.bench.memory.on_request = [&](const MemoryRequest& r) { requests.push_back(r); };
  unsigned hits = 0, written = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    const std::uint64_t n = p.bench.random() % (2ULL * kWays) * kSets + p.bench.random() % std::min(kSets, 2U);
    const std::uint64_t pa = line(n) + 8 * (p.bench.random() % kWords);
    const bool write = p.bench.random() % 3 == 0;
    requests.clear();
    const Mirror::Result expected = mirror.access(pa, write);
    const Player::Done done = write ? p.store(pa, i) : p.load(pa);
    p.settle();
    BOOST_REQUIRE((done.cycles == kHitLatency) == expected.hit);
    const auto wb = std::find_if(requests.begin(), requests.end(), [](const MemoryRequest& r) { return r.write; });
    BOOST_REQUIRE((wb != requests.end()) == expected.written_back);
    if (expected.written_back) BOOST_REQUIRE(wb->addr == expected.victim);
    hits += expected.hit ? 1 : 0;
    written += expected.written_back ? 1 : 0;
  }
  BOOST_TEST(hits > 300U);
  BOOST_TEST(written > 100U);
}

BOOST_AUTO_TEST_CASE(a_bus_error_answers_everybody_who_waits_and_leaves_no_line) {
  Player p;
  bool bad = true;
  p.bench.memory.bad = [&](std::uint64_t addr, bool) { return bad && addr == line(1) + 8ULL * (kWords - 1); };
  p.bench.memory.weather = {.least = 30, .most = 30};
  p.accept({.id = 1, .write = true, .pa = line(1), .wdata = 1});
  p.accept({.id = 2, .pa = line(1)});
  p.accept({.id = 3, .pa = line(1) + 8ULL * (kWords - 1)});
  for (unsigned id = 1; id <= 3; ++id) BOOST_TEST(p.wait(id).answer.err);
  BOOST_TEST(p.bench.memory.reads == 1U);
  bad = false;
  const Player::Done again = p.load(line(1));
  BOOST_TEST(!again.answer.err);
  BOOST_TEST(again.answer.rdata == p.bench.memory.word(line(1)));
  BOOST_TEST(p.bench.memory.reads == 2U);
}

BOOST_AUTO_TEST_CASE(an_uncached_access_writes_back_and_drops_the_line_it_hits) {
  Player p;
  p.store(line(1), 0xABCD);
  BOOST_TEST((p({.pa = line(1), .uncached = true}).answer.rdata == 0xABCDU));
  BOOST_TEST(p.bench.memory.word(line(1)) == 0xABCDU);
  p({.write = true, .strb = 1, .pa = line(1), .wdata = 0x11, .uncached = true});
  BOOST_TEST(p.bench.memory.word(line(1)) == 0xAB11U);
  const std::uint64_t reads = p.bench.memory.reads;
  BOOST_TEST(p.load(line(1)).answer.rdata == 0xAB11U);
  BOOST_TEST(p.bench.memory.reads == reads + 1);
}

BOOST_AUTO_TEST_CASE(a_store_through_reaches_line_and_memory_and_makes_nothing_dirty) {
  Player p;
  p.load(line(1));
  p({.write = true, .strb = 0x03, .pa = line(1), .wdata = 0x5555, .through = true});
  BOOST_TEST((p.bench.memory.word(line(1)) & 0xFFFF) == 0x5555U);
  BOOST_TEST((p.load(line(1)).answer.rdata & 0xFFFF) == 0x5555U);
  p.maintain({.clean = true});
  BOOST_TEST(p.bench.memory.line_writes == 0U);
  const std::uint64_t reads = p.bench.memory.reads;
  p({.write = true, .pa = line(2), .wdata = 3, .through = true});
  BOOST_TEST(p.bench.memory.reads == reads);  // not allocated
}

BOOST_AUTO_TEST_CASE(a_store_through_that_memory_refuses_changes_nothing) {
  Player p;
  bool bad = false;
  p.bench.memory.bad = [&](std::uint64_t addr, bool) { return bad && addr == line(1); };
  const std::uint64_t before = p.load(line(1)).answer.rdata;
  bad = true;
  BOOST_TEST(p({.write = true, .pa = line(1), .wdata = ~before, .through = true}).answer.err);
  const Player::Done seen = p.load(line(1));
  BOOST_TEST(!seen.answer.err);
  BOOST_TEST(seen.answer.rdata == before);
  bad = false;
  BOOST_TEST(!p({.write = true, .pa = line(1), .wdata = 7, .through = true}).answer.err);
  BOOST_TEST(p.load(line(1)).answer.rdata == 7U);
  BOOST_TEST(p.bench.memory.word(line(1)) == 7U);
}

BOOST_AUTO_TEST_CASE(maintenance_cleans_and_invalidates_lines_and_all) {
  Player p;
  for (unsigned n = 0; n < 3; ++n) p.store(line(n), 100 + n);
  p.maintain({.clean = true, .by_addr = true, .addr = line(1) + 5});
  BOOST_TEST(p.bench.memory.line_writes == 1U);
  BOOST_TEST(p.bench.memory.word(line(1)) == 101U);
  BOOST_TEST(p.load(line(1)).cycles == kHitLatency);
  p.maintain({.clean = true});
  BOOST_TEST(p.bench.memory.line_writes == 3U);
  p.maintain({.clean = true});
  BOOST_TEST(p.bench.memory.line_writes == 3U);
  for (unsigned n = 0; n < 3; ++n) p.bench.memory.word(line(n)) = 200 + n;
  BOOST_TEST(p.load(line(0)).answer.rdata == 100U);
  p.maintain({.invalidate = true, .by_addr = true, .addr = line(0)});
  BOOST_TEST(p.load(line(0)).answer.rdata == 200U);
  BOOST_TEST(p.load(line(1)).answer.rdata == 101U);
  p.maintain({.invalidate = true});
  for (unsigned n = 0; n < 3; ++n) BOOST_TEST(p.load(line(n)).answer.rdata == 200U + n);
  p.store(line(2), 302);
  p.maintain({.clean = true, .invalidate = true});
  BOOST_TEST(p.bench.memory.word(line(2)) == 302U);
  const std::uint64_t reads = p.bench.memory.reads;
  p.load(line(2));
  BOOST_TEST(p.bench.memory.reads == reads + 1);
  // A store that is dropped without being written is gone.
  p.store(line(2), 402);
  p.maintain({.invalidate = true});
  BOOST_TEST(p.load(line(2)).answer.rdata == 302U);
}

BOOST_AUTO_TEST_CASE(maintenance_waits_for_stores_that_miss) {
  Player p;
  p.bench.memory.weather = {.least = 80, .most = 80};
  p.accept({.id = 1, .write = true, .pa = line(1), .wdata = 77});
  p.maintain({.clean = true});
  BOOST_TEST(p.answered(1));
  BOOST_TEST(p.bench.memory.word(line(1)) == 77U);
}

BOOST_AUTO_TEST_CASE(an_error_of_a_write_back_is_reported_with_its_line) {
  Player p;
  p.bench.memory.bad = [](std::uint64_t addr, bool line_write) { return line_write && addr == line(1); };
  p.store(line(1) + 8, 5);
  Offers offers;
  offers.maintenance = Maintenance{.clean = true};
  std::vector<std::uint64_t> reported;
  for (unsigned i = 0; i < kNever; ++i) {
    const Outcome outcome = p.step(offers);
    if (outcome.wb_error) reported.push_back(*outcome.wb_error);
    if (outcome.maintenance_done) break;
  }
  BOOST_TEST(reported == std::vector<std::uint64_t>{line(1)});
}

BOOST_AUTO_TEST_CASE(a_line_in_the_victim_buffer_is_not_read_from_memory_before_it_is_there) {
  Player p;
  for (unsigned n = 0; n <= kWays; ++n) p.store(kBase + n * (kWay < kPage ? kPage : kWay), 500 + n);
  // The first one is on its way out, or out.
  for (unsigned n = 0; n <= kWays; ++n) {
    const std::uint64_t at = kBase + n * (kWay < kPage ? kPage : kWay);
    BOOST_TEST(p.load(at).answer.rdata == 500U + n);
  }
}

BOOST_AUTO_TEST_CASE(what_the_core_lets_drop_leaves_no_trace) {
  Player p;
  const std::uint64_t before = p.bench.memory.word(line(1));
  p.accept({.id = 3, .write = true, .pa = line(1), .wdata = ~before, .go = false});
  for (unsigned i = 0; i < 100; ++i) p.step({});
  BOOST_TEST(!p.answered(3));
  BOOST_TEST(p.bench.memory.reads == 0U);
  BOOST_TEST(p.load(line(1)).answer.rdata == before);
}
