// SPDX-License-Identifier: Apache-2.0
//
// The model of block RAM (fpga/gatesim/dp16kd.v) against what Yosys infers it from: random accesses to RAMs of several
// widths, depths and styles, as they are written and as their netlist (gates_lockstep.sv). The same accesses go to
// broken models (mutants/*.patch), each of which must be found.
#include <verilated.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "Vgates_variants.h"
#include "mutants.h"

namespace {

// In the order of Rams in gates_rams.sv.
constexpr std::array<std::string_view, 18> kNames = {"64 bits in words",
                                                     "64 bits in bytes",
                                                     "65 bits",
                                                     "36 bits in bytes of 9",
                                                     "18 bits in bytes of 9",
                                                     "9 bits",
                                                     "4 bits",
                                                     "2 bits",
                                                     "1 bit",
                                                     "four blocks",
                                                     "reset with the clock",
                                                     "reset without the clock",
                                                     "contents from the start",
                                                     "one port, no change",
                                                     "one port, read first",
                                                     "two ports that write",
                                                     "register, chip select, falling edge",
                                                     "one port, write through"};

constexpr unsigned kDeepest = 1U << 14;
constexpr unsigned kCycles = 60000;
constexpr unsigned kFewest = 10000;                     // comparisons of each
constexpr std::size_t kVariants = kMutants.size() + 1;  // the first is the model as it is

std::uint64_t seed() {
  const char* given = std::getenv("VM_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device()();
}

class Rams {
 public:
  explicit Rams(std::uint64_t seed) : random_(seed) {
    context_->randReset(2);
    context_->randSeed(static_cast<int>(seed & 0x7FFFFFFF));
    top_ = std::make_unique<Vgates_variants>(context_.get(), "top");
    top_->late_i = 0;
  }
  ~Rams() { top_->final(); }
  Rams(const Rams&) = delete;
  Rams& operator=(const Rams&) = delete;

  // Every address is written, as nothing is known of what is there before. 0xF7 has the chip select of one of them, but
  // leaves out a byte of the others.
  void sweep() {
    for (const unsigned strobe : {0xFFU, 0xF7U}) {
      for (unsigned at = 0; at < kDeepest; ++at) {
        draw();
        top_->write_i = 1;
        top_->read_i = 0;
        top_->strobe_i = static_cast<std::uint8_t>(strobe);
        top_->waddr_i = static_cast<std::uint16_t>(at);
        clock();
      }
    }
  }

  void traffic() {
    top_->late_i = 1;
    for (unsigned i = 0; i < kCycles; ++i) {
      draw();
      clock();
    }
  }

  std::uint64_t compared(std::size_t variant, std::size_t ram) const { return compared_.at(variant).at(ram); }
  std::uint64_t wrong(std::size_t variant, std::size_t ram) const { return wrong_.at(variant).at(ram); }

 private:
  void draw() {
    const auto some = [this](unsigned of) { return std::uniform_int_distribution<unsigned>(0, of - 1)(random_); };
    top_->wdata_i = random_();
    top_->strobe_i = static_cast<std::uint8_t>(some(256));
    top_->write_i = some(2) != 0;
    top_->read_i = some(4) != 0;
    top_->waddr_i = static_cast<std::uint16_t>(some(1U << 16U));
    // Often the same few words, so that what was written is read.
    if (some(2) != 0) top_->waddr_i &= 0x37;
    top_->raddr_i = static_cast<std::uint16_t>(some(3) == 0 ? some(1U << 16U) : top_->waddr_i ^ (1U << some(4)));
    top_->rst_i = some(16) == 0;
  }

  // Before the edges, a reset may take effect; between them, only what takes the rising one may have changed.
  void clock() {
    for (const bool high : {false, true, false}) {
      top_->clk_i = high;
      top_->eval();
      compare();
    }
  }

  void compare() {
    for (std::size_t variant = 0; variant < kVariants; ++variant) {
      for (std::size_t ram = 0; ram < kNames.size(); ++ram) {
        compared_.at(variant).at(ram) += (top_->compared_o[variant] >> ram) & 1U;
        wrong_.at(variant).at(ram) += (top_->wrong_o[variant] >> ram) & 1U;
      }
    }
  }

  std::mt19937_64 random_;
  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Vgates_variants> top_;
  std::array<std::array<std::uint64_t, kNames.size()>, kVariants> compared_{}, wrong_{};
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): Verilator's name; there are no assertions here
void vl_stop(const char* /*filename*/, int /*line*/, const char* /*hierarchy*/) { std::abort(); }

BOOST_AUTO_TEST_CASE(block_ram_is_what_it_is_inferred_from) {
  const std::uint64_t chosen = seed();
  std::printf("seed %llu\n", static_cast<unsigned long long>(chosen));
  Rams rams(chosen);
  rams.sweep();
  rams.traffic();
  for (std::size_t ram = 0; ram < kNames.size(); ++ram) {
    BOOST_TEST(rams.wrong(0, ram) == 0U, kNames.at(ram) << ": " << rams.wrong(0, ram) << " of " << rams.compared(0, ram)
                                                        << " reads differ (VM_SEED=" << chosen << ")");
    BOOST_TEST(rams.compared(0, ram) >= kFewest, kNames.at(ram)
                                                     << ": only " << rams.compared(0, ram) << " reads compared");
  }
  for (std::size_t mutant = 0; mutant < kMutants.size(); ++mutant) {
    const Mutant& m = kMutants.at(mutant);
    const auto* const ram = std::find(kNames.begin(), kNames.end(), m.ram);
    BOOST_REQUIRE_MESSAGE(ram != kNames.end(), m.name << ": found ram '" << m.ram << "', expected one of this test");
    const auto index = static_cast<std::size_t>(ram - kNames.begin());
    BOOST_TEST(rams.wrong(mutant + 1, index) != 0U, m.name << " was not found: " << m.what);
  }
}
