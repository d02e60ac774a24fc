// SPDX-License-Identifier: Apache-2.0
//
// A machine nobody designed: scripts/random-machine has just chosen its parameters and built it.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>

#include "traffic_bench.h"

BOOST_AUTO_TEST_CASE(random_traffic_on_a_machine_of_random_legal_parameters_agrees_with_all_checks) {
  using namespace vm;
  const Machine machine = load_machine(VM_MACHINE_DIR "/../gen/random/machine.toml");
  // One seed for machine and traffic, so that one command repeats both.
  std::uint64_t seed = 0;
  std::ifstream(VM_MACHINE_DIR "/../gen/random/seed") >> seed;
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " ctest --test-dir build -R random_machine repeats this run)"
            << std::endl;
  for (const StallPolicy::Kind stall : {StallPolicy::Kind::None, StallPolicy::Kind::Half, StallPolicy::Kind::Bursty}) {
    TestbenchOptions options;
    options.seed = seed;
    options.stall = {stall, 0};
    options.latency = {Latency::Kind::Random, 1, 9, {}};
    test::TrafficBench world(machine, options, {});
    world.run(5000);
    BOOST_TEST(world.bench().reporter().count() == 0U, world.bench().report());
    BOOST_TEST(world.bench().translation().translations() > 30U);  // some machines are slow
  }
}
