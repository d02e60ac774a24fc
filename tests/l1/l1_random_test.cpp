// SPDX-License-Identifier: Apache-2.0
//
// Random traffic under random mixes and memories. VM_SEED repeats a run, VM_L1_CYCLES makes it longer.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "l1_traffic.h"

BOOST_AUTO_TEST_CASE(random_traffic_is_answered_as_the_reference_says) {
  const char* given = std::getenv("VM_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
  const char* length = std::getenv("VM_L1_CYCLES");
  const unsigned cycles = length ? static_cast<unsigned>(std::strtoul(length, nullptr, 0)) : 400'000;
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)\n";
  vm::l1::Random random(seed);
  constexpr unsigned kRound = 8000;
  std::uint64_t answers = 0;
  for (unsigned round = 0; round * kRound < cycles; ++round) {
    const std::uint64_t round_seed = random();
    vm::l1::Bench bench(round_seed);
    const vm::l1::Mix mix = vm::l1::random_mix(random);
    bench.memory.weather = vm::l1::random_weather(random);
    vm::l1::Traffic traffic(bench, mix);
    try {
      traffic.run(kRound / 2);
      traffic.check_memory();
      bench.memory.weather = vm::l1::random_weather(random);
      traffic.run(kRound / 2);
      traffic.check_memory();
    } catch (const vm::l1::Failure& failure) {
      BOOST_FAIL("round " << round << ", cycle " << bench.cycle << ": " << failure.what());
    }
    answers += traffic.answers();
  }
  std::cout << answers << " answers\n";
  BOOST_TEST(answers > cycles / 100);
}
