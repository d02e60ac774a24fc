// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/integrate.md does what the document says: an Sv39 MMU in front of a RAM that the test fills, maps
// and reaches only as a core does.
#include <verilated.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

#include "Vexample_soc.h"

namespace {

constexpr std::uint64_t kRam = 0x8000'0000;
constexpr std::uint64_t kRamBytes = 0x10000;
// Page numbers: root table, its successors, then pages of data.
constexpr std::uint64_t kFirstPage = kRam >> 12;
constexpr std::uint64_t kRoot = kFirstPage + 1, kMiddle = kFirstPage + 2, kLeaves = kFirstPage + 3;

// Bits of an entry.
enum Pte : std::uint64_t { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
constexpr std::uint64_t entry(std::uint64_t ppn, std::uint64_t bits) { return (ppn << 10) | bits; }

constexpr unsigned kFetch = 0, kData = 1;

struct Access {
  unsigned port = kData;
  bool write = false;
  std::uint64_t va = 0;
  std::uint64_t data = 0;
  bool user = false;
};

struct Answer {
  std::uint64_t rdata = 0;
  bool exception = false;
  unsigned cause = 0;
  std::uint64_t tval = 0;
  unsigned cycles = 0;  // from acceptance
};

class Soc {
 public:
  Soc() {
    context_->fatalOnError(false);
    context_->randReset(2);
    context_->randSeed(1);
    top_ = std::make_unique<Vexample_soc>(context_.get(), "soc");
    top_->rst_ni = 0;
    top_->core_valid_i = 0;
    top_->csr_valid_i = 0;
    top_->sfence_valid_i = 0;
    for (int i = 0; i < 4; ++i) step();
    top_->rst_ni = 1;
    step();
  }
  ~Soc() { top_->final(); }
  Soc(const Soc&) = delete;
  Soc& operator=(const Soc&) = delete;

  bool sum = false, mxr = false;

  Answer operator()(const Access& access) {
    offer(access);
    wait([&] { return ((top_->core_ready_o >> access.port) & 1U) != 0; });
    step();
    top_->core_valid_i = 0;
    return answer(access.port);
  }
  Answer load(std::uint64_t va, bool user = false) { return (*this)({kData, false, va, 0, user}); }
  Answer store(std::uint64_t va, std::uint64_t data, bool user = false) {
    return (*this)({kData, true, va, data, user});
  }
  Answer fetch(std::uint64_t va, bool user = false) { return (*this)({kFetch, false, va, 0, user}); }

  void satp(unsigned mode, std::uint64_t asid, std::uint64_t root) {
    csr(false, (std::uint64_t{mode} << 60) | (asid << 44) | root);
  }
  void menvcfg(bool adue) { csr(true, std::uint64_t{adue} << 61); }

  // sfence.vma; nothing for x0.
  void sfence(std::optional<std::uint64_t> va, std::optional<std::uint64_t> asid) {
    top_->sfence_valid_i = 1;
    top_->sfence_rs1_is_x0_i = !va;
    top_->sfence_rs2_is_x0_i = !asid;
    top_->sfence_rs1_i = va.value_or(0);
    top_->sfence_rs2_i = asid.value_or(0);
    wait([&] { return top_->sfence_ready_o != 0; });
    step();
    top_->sfence_valid_i = 0;
    wait([&] { return top_->sfence_done_o != 0; });
    step();
  }

  std::uint64_t counter(unsigned index) {
    top_->counter_index_i = static_cast<std::uint8_t>(index);
    for (int i = 0; i < 3; ++i) step();  // strobe to register to counter to output
    return top_->counter_value_o;
  }

  // Both ports at once, the data port so many cycles later; answers in the order of the arguments.
  std::array<Answer, 2> both(const Access& fetch, const Access& data, unsigned delay = 0) {
    offer(fetch);
    std::array<Answer, 2> answers;
    std::array<bool, 2> done{};
    for (unsigned cycle = 0; !(done[0] && done[1]); ++cycle) {
      if (cycle == kPatience) throw std::runtime_error("no answer");
      if (cycle == delay) offer(data);
      top_->eval();
      const unsigned taken = top_->core_valid_i & top_->core_ready_o;
      for (unsigned p = 0; p < 2; ++p) {
        if (((top_->core_done_o >> p) & 1U) == 0) continue;
        answers[p] = seen(p);
        done[p] = true;
      }
      step();
      top_->core_valid_i = static_cast<std::uint8_t>(top_->core_valid_i & ~taken);
    }
    return answers;
  }

 private:
  static constexpr unsigned kPatience = 1000;

  void step() {
    top_->clk_i = 0;
    top_->eval();
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  template <class Condition>
  unsigned wait(Condition condition) {
    top_->eval();
    for (unsigned cycle = 0; cycle < kPatience; ++cycle) {
      if (condition()) return cycle;
      step();
    }
    throw std::runtime_error("no answer");
  }

  static std::uint64_t word(const VlWide<4>& wide, unsigned index) {
    return wide[2 * index] | (std::uint64_t{wide[2 * index + 1]} << 32);
  }
  static void put(VlWide<4>& wide, unsigned index, std::uint64_t value) {
    wide[2 * index] = static_cast<std::uint32_t>(value);
    wide[2 * index + 1] = static_cast<std::uint32_t>(value >> 32);
  }

  void offer(const Access& a) {
    const auto bit = [&](std::uint8_t now, bool on) {
      return static_cast<std::uint8_t>((now & ~(1U << a.port)) | (unsigned{on} << a.port));
    };
    top_->core_valid_i = bit(top_->core_valid_i, true);
    top_->core_write_i = bit(top_->core_write_i, a.write);
    top_->core_user_i = bit(top_->core_user_i, a.user);
    top_->core_sum_i = sum;
    top_->core_mxr_i = mxr;
    put(top_->core_va_i, a.port, a.va);
    put(top_->core_wdata_i, a.port, a.data);
  }

  Answer seen(unsigned port) const {
    return {word(top_->core_rdata_o, port), ((top_->core_exception_o >> port) & 1U) != 0,
            (top_->core_cause_o >> (6 * port)) & 63U, word(top_->core_tval_o, port), 0};
  }

  Answer answer(unsigned port) {
    const unsigned cycles = 1 + wait([&] { return ((top_->core_done_o >> port) & 1U) != 0; });
    Answer answer = seen(port);
    answer.cycles = cycles;
    step();
    return answer;
  }

  void csr(bool menvcfg, std::uint64_t value) {
    top_->csr_valid_i = 1;
    top_->csr_menvcfg_i = menvcfg;
    top_->csr_wdata_i = value;
    wait([&] { return top_->csr_ready_o != 0; });
    step();
    top_->csr_valid_i = 0;
    wait([&] { return top_->csr_done_o != 0; });
    step();
  }

  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Vexample_soc> top_;
};

// A SoC with page tables: virtual page n is what map(n, …) says.
class Mapped : public Soc {
 public:
  explicit Mapped(unsigned asid = 1) : asid_(asid) {
    for (std::uint64_t at = 0; at < kRamBytes; at += 8) store(kRam + at, 0);
    store(kRoot << 12, entry(kMiddle, V));
    store(kMiddle << 12, entry(kLeaves, V));
  }
  // While the machine is Bare.
  void map(std::uint64_t page, std::uint64_t pte) { store(entry_address(page), pte); }
  std::uint64_t mapping(std::uint64_t page) { return load(entry_address(page)).rdata; }
  static std::uint64_t entry_address(std::uint64_t page) { return (kLeaves << 12) + 8 * page; }
  void translate() { satp(8, asid_, kRoot); }
  void bare() { satp(0, 0, 0); }

 private:
  unsigned asid_;
};

constexpr unsigned kFetchPageFault = 12, kLoadPageFault = 13, kStorePageFault = 15;
constexpr unsigned kFetchAccessFault = 1, kLoadAccessFault = 5, kStoreAccessFault = 7;

void expect_fault(const Answer& answer, unsigned cause, std::uint64_t va) {
  BOOST_TEST(answer.exception);
  BOOST_TEST(answer.cause == cause);
  BOOST_TEST(answer.tval == va);
}

void expect_data(const Answer& answer, std::uint64_t data) {
  BOOST_TEST(!answer.exception);
  BOOST_TEST(answer.rdata == data);
}

}  // namespace

// Verilator calls this for a failed assertion inside the RTL.
void vl_stop(const char* filename, int linenum, const char* hier) {  // NOLINT(readability-identifier-naming)
  BOOST_FAIL("assertion failed in " << hier << " (" << filename << ":" << linenum << ")");
}

BOOST_AUTO_TEST_CASE(before_satp_is_written_addresses_are_physical) {
  Soc soc;
  soc.store(kRam + 0x4008, 0x1234);
  expect_data(soc.load(kRam + 0x4008), 0x1234);
  expect_fault(soc.load(kRam + kRamBytes), kLoadAccessFault, kRam + kRamBytes);
}

BOOST_AUTO_TEST_CASE(a_mapped_page_is_loaded_stored_and_fetched_from) {
  Mapped soc;
  soc.store((kFirstPage + 5) << 12, 0xAAAA);
  soc.map(7, entry(kFirstPage + 5, V | R | W | X | A | D));
  soc.translate();
  expect_data(soc.load(0x7000), 0xAAAA);
  expect_data(soc.fetch(0x7000), 0xAAAA);
  BOOST_TEST(!soc.store(0x7010, 0xBBBB).exception);
  expect_data(soc.load(0x7010), 0xBBBB);
  soc.bare();
  expect_data(soc.load(((kFirstPage + 5) << 12) + 0x10), 0xBBBB);
}

BOOST_AUTO_TEST_CASE(a_tlb_hit_and_the_ram_take_two_cycles_and_each_level_of_a_walk_two_more) {
  Mapped soc;
  soc.menvcfg(true);
  soc.map(7, entry(kFirstPage + 5, V | R | W | A | D));
  soc.map(8, entry(kFirstPage + 6, V | R | W | A | D));
  soc.map(9, entry(kFirstPage + 6, V | R | W));
  soc.translate();
  const unsigned first = soc.load(0x7000).cycles;
  BOOST_TEST(soc.load(0x7000).cycles == 2U);
  BOOST_TEST(first == 11U);
  // The walk cache knows the pointers now: two levels fewer, each the RAM's cycle and one to judge.
  BOOST_TEST(soc.load(0x8000).cycles + 4 == first);
  // And a compare-and-set.
  BOOST_TEST(soc.load(0x9000).cycles + 4 == first + 3);
}

BOOST_AUTO_TEST_CASE(a_superpage_covers_what_lies_in_it) {
  Mapped soc;
  soc.store(kRam + 0x5678, 0xCC);
  soc.store((kRoot << 12) + 8, entry(kRam >> 12, V | R | W | A | D));  // 1 GiB
  soc.translate();
  expect_data(soc.load(0x4000'5678), 0xCC);
}

BOOST_AUTO_TEST_CASE(every_refusal_is_the_exception_the_architecture_names) {
  Mapped soc;
  soc.map(1, entry(kFirstPage + 5, V | R | A | D));
  soc.map(2, entry(kFirstPage + 5, V | R | W | X | U | A | D));
  soc.map(3, entry(kFirstPage + 5, V | X | A | D));
  soc.map(4, entry(0x9'0000, V | R | W | X | A | D));  // no memory there
  soc.translate();
  expect_fault(soc.load(0x5008), kLoadPageFault, 0x5008);
  expect_fault(soc.store(0x5008, 0), kStorePageFault, 0x5008);
  expect_fault(soc.fetch(0x5008), kFetchPageFault, 0x5008);
  expect_fault(soc.store(0x1000, 0), kStorePageFault, 0x1000);
  expect_fault(soc.fetch(0x1000), kFetchPageFault, 0x1000);
  expect_fault(soc.load(0x1000, true), kLoadPageFault, 0x1000);
  expect_fault(soc.load(0x4000), kLoadAccessFault, 0x4000);
  expect_fault(soc.store(0x4000, 0), kStoreAccessFault, 0x4000);
  expect_fault(soc.fetch(0x4000), kFetchAccessFault, 0x4000);
  expect_fault(soc.load(0x80'0000'0000), kLoadPageFault, 0x80'0000'0000);
  // A user page: only with SUM for loads, never for fetches of the supervisor.
  expect_fault(soc.load(0x2000), kLoadPageFault, 0x2000);
  soc.sum = true;
  BOOST_TEST(!soc.load(0x2000).exception);
  expect_fault(soc.fetch(0x2000), kFetchPageFault, 0x2000);
  BOOST_TEST(!soc.fetch(0x2000, true).exception);
  // An execute-only page: loads with MXR.
  expect_fault(soc.load(0x3000), kLoadPageFault, 0x3000);
  soc.mxr = true;
  BOOST_TEST(!soc.load(0x3000).exception);
}

BOOST_AUTO_TEST_CASE(without_adue_clear_accessed_and_dirty_bits_are_page_faults) {
  Mapped soc;
  soc.map(1, entry(kFirstPage + 5, V | R | W));
  soc.map(2, entry(kFirstPage + 5, V | R | W | A));
  soc.translate();
  expect_fault(soc.load(0x1000), kLoadPageFault, 0x1000);
  BOOST_TEST(!soc.load(0x2000).exception);
  expect_fault(soc.store(0x2000, 0), kStorePageFault, 0x2000);
  soc.bare();
  BOOST_TEST(soc.mapping(1) == entry(kFirstPage + 5, V | R | W));
}

BOOST_AUTO_TEST_CASE(with_adue_the_walker_sets_them_in_memory) {
  Mapped soc;
  soc.menvcfg(true);
  soc.map(1, entry(kFirstPage + 5, V | R | W));
  soc.map(2, entry(kFirstPage + 6, V | R | W));
  soc.map(3, entry(kFirstPage + 7, V | R));
  soc.translate();
  BOOST_TEST(!soc.load(0x1000).exception);
  BOOST_TEST(!soc.store(0x2000, 1).exception);
  expect_fault(soc.store(0x3000, 0), kStorePageFault, 0x3000);
  soc.bare();
  BOOST_TEST(soc.mapping(1) == entry(kFirstPage + 5, V | R | W | A));
  BOOST_TEST(soc.mapping(2) == entry(kFirstPage + 6, V | R | W | A | D));
  BOOST_TEST(soc.mapping(3) == entry(kFirstPage + 7, V | R));  // a refused access leaves no trace
}

BOOST_AUTO_TEST_CASE(a_store_to_an_entry_is_not_lost_while_the_walker_sets_its_accessed_bit) {
  Mapped soc;
  soc.menvcfg(true);
  soc.store((kFirstPage + 5) << 12, 0x55);
  soc.store((kFirstPage + 6) << 12, 0x66);
  soc.map(2, entry(kLeaves, V | R | W | A | D));  // the leaf table itself
  constexpr std::uint64_t before = entry(kFirstPage + 5, V | X), after = entry(kFirstPage + 6, V | X);
  bool failed_compare = false;
  for (unsigned delay = 0; delay < 12; ++delay) {
    soc.map(1, before);
    soc.translate();
    soc.sfence({}, {});
    soc.load(0x2000);
    const auto [fetch, stored] =
        soc.both({kFetch, false, 0x1000, 0, false}, {kData, true, 0x2008, after, false}, delay);
    BOOST_TEST(!fetch.exception);
    BOOST_TEST(!stored.exception);
    soc.bare();
    const std::uint64_t found = soc.mapping(1);
    BOOST_TEST((found & ~std::uint64_t{A}) == after);
    // The accessed bit is in the entry that was used.
    BOOST_TEST(((found & A) != 0) == (fetch.rdata == 0x66));
    failed_compare |= fetch.rdata == 0x66 && delay != 0;
  }
  BOOST_TEST(failed_compare);
}

BOOST_AUTO_TEST_CASE(a_changed_entry_counts_after_the_fence_that_covers_it) {
  Mapped soc(5);
  soc.store((kFirstPage + 5) << 12, 0x55);
  soc.store((kFirstPage + 6) << 12, 0x66);
  const std::uint64_t rights = V | R | W | A | D;
  soc.map(1, entry(kFirstPage + 5, rights));
  soc.map(2, entry(kLeaves, rights));  // the leaf table itself
  soc.translate();
  expect_data(soc.load(0x1000), 0x55);
  soc.store(0x2000 + 8, entry(kFirstPage + 6, rights));
  expect_data(soc.load(0x1000), 0x55);
  soc.sfence(0x1000, 6);
  expect_data(soc.load(0x1000), 0x55);
  soc.sfence(0x3000, 5);
  expect_data(soc.load(0x1000), 0x55);
  soc.sfence(0x1000, 5);
  expect_data(soc.load(0x1000), 0x66);
  soc.store(0x2000 + 8, entry(kFirstPage + 5, rights | G));
  soc.sfence({}, {});
  expect_data(soc.load(0x1000), 0x55);
  // A global page outlives a fence of its address space.
  soc.store(0x2000 + 8, entry(kFirstPage + 6, rights));
  soc.sfence({}, 5);
  expect_data(soc.load(0x1000), 0x55);
  soc.sfence(0x1000, {});
  expect_data(soc.load(0x1000), 0x66);
}

BOOST_AUTO_TEST_CASE(the_counters_count_misses_walks_and_updates_and_nothing_that_is_not_enabled) {
  constexpr unsigned kFetchHit = 15, kFetchMiss = 17, kDataMiss = 36, kWalk = 39, kUpdate = 41;
  Mapped soc;
  soc.menvcfg(true);
  soc.map(1, entry(kFirstPage + 5, V | R | W | X));
  soc.translate();
  BOOST_TEST(soc.counter(kWalk) == 0U);
  soc.fetch(0x1000);
  soc.fetch(0x1000);
  soc.load(0x1000);      // found in the L2 TLB
  soc.store(0x1000, 0);  // has to be walked: D is clear
  BOOST_TEST(soc.counter(kFetchMiss) == 1U);
  BOOST_TEST(soc.counter(kDataMiss) == 2U);
  BOOST_TEST(soc.counter(kWalk) == 2U);
  BOOST_TEST(soc.counter(kUpdate) == 2U);
  BOOST_TEST(soc.counter(kFetchHit) == 0U);
}

BOOST_AUTO_TEST_CASE(a_satp_with_a_mode_that_is_not_there_changes_nothing) {
  Mapped soc;
  soc.store((kFirstPage + 5) << 12, 0x55);
  soc.map(1, entry(kFirstPage + 5, V | R | W | A | D));
  soc.translate();
  soc.satp(9, 0, kFirstPage + 9);
  expect_data(soc.load(0x1000), 0x55);
}

BOOST_AUTO_TEST_CASE(both_ports_at_once_lose_nothing_while_accessed_and_dirty_bits_are_set) {
  const char* given = std::getenv("VM_SEED");
  const auto seed = static_cast<std::uint32_t>(given != nullptr ? std::stoul(given) : std::random_device{}());
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  std::mt19937 random(seed);
  constexpr std::uint64_t kPages = 12;
  constexpr unsigned kRounds = 2000;
  Mapped soc;
  soc.menvcfg(true);
  std::array<std::uint64_t, kPages> flags{}, content{};
  for (std::uint64_t page = 0; page < kPages; ++page) soc.map(page, entry(kFirstPage + 4 + page, V | R | W | X));
  soc.translate();
  for (unsigned round = 0; round < kRounds; ++round) {
    const std::uint64_t executed = random() % kPages, accessed = random() % kPages;
    const bool write = random() % 4 == 0 && executed != accessed;
    if (random() % 64 == 0) soc.sfence({}, {});
    const std::uint64_t data = random();
    const auto [fetch, access] =
        soc.both({kFetch, false, executed << 12, 0, false}, {kData, write, accessed << 12, data, false});
    expect_data(fetch, content[executed]);
    if (write)
      content[accessed] = data;
    else
      expect_data(access, content[accessed]);
    flags[executed] |= A;
    flags[accessed] |= write ? A | D : A;
  }
  soc.bare();
  for (std::uint64_t page = 0; page < kPages; ++page) {
    BOOST_TEST(soc.mapping(page) == entry(kFirstPage + 4 + page, V | R | W | X | flags[page]));
  }
}
