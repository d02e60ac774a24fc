// SPDX-License-Identifier: Apache-2.0
//
// Each handshake rule (docs/verification.md) trips when it is broken: on the driver's side by driving the ports
// wrongly, on the hardware's side by a harness that shows the rules something that did not happen (mutant
// broken_rules). H4 is half of M1: no answer without a request. H9 is why no walk is under way while a fence acts
// (R23).
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

#include "traffic_bench.h"

namespace vm {
namespace {

class Ports {
 public:
  explicit Ports(const std::string& file = {}) : model_(test::load_model(*find_machine("toy5"), 1, file)) {}

  Inputs& in() { return model_->inputs(); }
  void release_reset() {
    for (int i = 0; i < 4; ++i) step();
    failures_.clear();
    in().rst_n = true;
    step();
  }
  void step() {
    model_->settle();
    model_->tick();
    for (const std::string& rule : model_->failed_assertions()) failures_.push_back(rule);
  }
  bool broken(const std::string& rule) const {
    return std::any_of(failures_.begin(), failures_.end(), [&](const std::string& f) { return f.starts_with(rule); });
  }
  bool nothing_broken() const { return failures_.empty(); }

  // A host request that is kept waiting: the one before it has not been answered (memory is not ready).
  void keep_a_host_request_waiting() {
    in().host = {.valid = true, .strb = 1, .addr = 0x10};
    step();
    in().host.addr = 0x18;
    in().host.strb = 1;
    step();
    step();
  }

 private:
  std::unique_ptr<Model> model_;
  std::vector<std::string> failures_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_that_waits_breaks_no_rule) {
  Ports p;
  p.release_reset();
  p.keep_a_host_request_waiting();
  BOOST_TEST(p.nothing_broken());
}

BOOST_AUTO_TEST_CASE(taking_a_request_back_breaks_h1) {
  Ports p;
  p.release_reset();
  p.keep_a_host_request_waiting();
  p.in().host.valid = false;
  p.step();
  BOOST_TEST(p.broken("H1 host_req"));
}

BOOST_AUTO_TEST_CASE(changing_a_request_that_waits_breaks_h2) {
  Ports p;
  p.release_reset();
  p.keep_a_host_request_waiting();
  p.in().host.addr = 0x20;
  p.step();
  BOOST_TEST(p.broken("H2 host_req"));
}

BOOST_AUTO_TEST_CASE(a_request_in_reset_breaks_h3) {
  Ports p;
  p.in().data.valid = true;
  p.step();
  p.step();
  BOOST_TEST(p.broken("H3 data_req"));
}

BOOST_DATA_TEST_CASE(a_rule_of_the_hardwares_side_trips_when_the_harness_breaks_it,
                     boost::unit_test::data::make({4, 5, 6, 7, 8, 9}), number) {
  Ports p("mutant-broken_rules");
  p.release_reset();
  p.step();
  BOOST_TEST(p.nothing_broken());
  p.in().text_process[0] = static_cast<char>('0' + number);
  // Something for the sequencer to do, for rule 9.
  p.in().ctl = {.valid = true, .index = 3, .data = 1};
  p.step();
  p.in().ctl.valid = false;
  for (int i = 0; i < 6; ++i) p.step();
  BOOST_TEST(p.broken("H" + std::to_string(number)));
}

BOOST_AUTO_TEST_CASE(a_broken_rule_is_a_mismatch_named_protocol) {
  TestbenchOptions options;
  test::TrafficBench world(*find_machine("toy5"), options, {}, "mutant-broken_rules");
  world.bench().set_text("5", "");
  world.bench().step();
  world.bench().step();
  world.bench().step();
  BOOST_TEST(world.bench().reporter().count() > 0U);
  BOOST_TEST(world.bench().reporter().kept()[0].check == "protocol");
}

}  // namespace vm
