// SPDX-License-Identifier: Apache-2.0
//
// A machine nobody designed: scripts/random-machine has just chosen its parameters and built it.
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "random_world.h"

BOOST_AUTO_TEST_CASE(random_traffic_on_a_machine_of_random_legal_parameters_agrees_with_all_checks) {
  using namespace vm;
  const Machine machine = load_machine(VM_MACHINE_DIR "/../gen/random/machine.toml");
  std::cout << machine.summary << '\n';
  for (const StallPolicy::Kind stall : {StallPolicy::Kind::None, StallPolicy::Kind::Half, StallPolicy::Kind::Bursty}) {
    TestbenchOptions options;
    options.seed = test::run_seed();
    options.stall = {stall, 0};
    options.latency = {Latency::Kind::Random, 1, 9, {}};
    test::RandomWorld world(machine, options, {});
    world.run(5000);
    BOOST_TEST(world.bench().reporter().count() == 0U, world.bench().report());
    BOOST_TEST(world.bench().translation().translations() > 100U);
  }
}
