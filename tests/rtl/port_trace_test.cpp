// SPDX-License-Identifier: Apache-2.0
//
// The trace that random traffic leaves behind repeats it: the same signals and events in the same cycles.
#include <algorithm>
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <vector>

#include "machine/mix.h"
#include "trace/parser.h"
#include "traffic/port_player.h"
#include "traffic_bench.h"
#include "weathers.h"

namespace vm {
namespace {

// A check that finds nothing and keeps a number for each cycle, made from all that is seen in it.
class Recorder {
 public:
  void add(const Cycle& cycle) {
    number_ = cycle.number;
    for (const Event& e : cycle.events) add({static_cast<std::uint64_t>(e.kind), e.a, e.b, e.c, e.d, e.e, e.f});
    for (const Port port : {Port::Fetch, Port::Data}) {
      const CoreRequest& q = cycle.request(port);
      if (q.valid) add({q.va, q.wdata, q.id, q.size, q.user, q.sum, q.mxr, q.write});
      const CoreResponse& r = cycle.response(port);
      if (r.valid) add({r.id, r.rdata, static_cast<std::uint64_t>(r.fault.cause), r.fault.va.value, r.fault.pte});
    }
    if (const HostRequest& q = cycle.in->host; q.valid) add({q.addr, q.wdata, q.strb, q.id, q.write});
    if (const CtlRequest& q = cycle.in->ctl; q.valid) add({q.index, q.data, q.id, q.user});
    if (const FenceRequest& q = cycle.in->fence; q.valid) {
      add({q.op, q.addr, q.asid, q.id, q.by_addr, q.by_asid, q.globals, q.user});
    }
    if (const ArrayRequest& q = cycle.in->array; q.valid) add({q.array, q.set, q.way, q.word, q.data0, q.data1});
    if (const MemResponse& r = cycle.in->mem_rsp; r.valid) {
      add({r.rdata, static_cast<std::uint64_t>(r.src), r.err, r.last});
    }
    if (const MemRequest& q = cycle.out->mem_req; q.valid) add({q.addr, q.strb, q.len, q.write});
    add({cycle.out->host.valid, cycle.out->host.rdata, cycle.out->ctl.valid, cycle.out->fence.valid});
    cycles_.push_back(number_);
  }
  const std::vector<std::uint64_t>& cycles() const { return cycles_; }

 private:
  void add(std::initializer_list<std::uint64_t> values) {
    for (const std::uint64_t value : values) number_ = mix(number_ ^ mix(value));
  }

  std::uint64_t number_ = 0;
  std::vector<std::uint64_t> cycles_;
};

constexpr std::uint64_t kCycles = 4000;

// Both runs under the eyes of a recorder.
std::vector<std::uint64_t> traffic_cycles(const Machine& machine, const TestbenchOptions& options, std::string& trace) {
  Recorder recorder;
  Testbench bench(machine, test::load_model(machine, options.seed), options);
  bench.observe_cycles([&](const Cycle& cycle) { recorder.add(cycle); });
  PortTraffic traffic(bench);
  traffic.run(kCycles);
  BOOST_TEST(bench.reporter().count() == 0U, bench.report());
  trace = traffic.trace();
  return recorder.cycles();
}

std::vector<std::uint64_t> replayed_cycles(const std::string& text) {
  const trace::Trace trace = trace::parse_text(text, "recorded.pwt", {});
  const trace::Scenario& scenario = trace.scenarios.at(0);
  TestbenchOptions options;
  options.seed = *scenario.seed;
  options.latency = bench_latency(*scenario.latency);
  options.stall = bench_stall(*scenario.stall);
  for (const trace::AddressRange& range : scenario.bus_errors) options.errors.push_back({range.first, range.last});
  Recorder recorder;
  Testbench bench(scenario.machine, test::load_model(scenario.machine, options.seed), options);
  bench.observe_cycles([&](const Cycle& cycle) { recorder.add(cycle); });
  play_ports(bench, scenario, {});
  bench.finish();
  BOOST_TEST(bench.reporter().count() == 0U, bench.report());
  return recorder.cycles();
}

void check_same(const Machine& machine, const TestbenchOptions& options) {
  std::string trace;
  const std::vector<std::uint64_t> first = traffic_cycles(machine, options, trace);
  const std::vector<std::uint64_t> second = replayed_cycles(trace);
  BOOST_TEST(first.size() == second.size());
  const auto at = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  BOOST_TEST((at.first == first.end()), "the replay differs from cycle " << at.first - first.begin());
}

const char* const kMachines[] = {"sv39", "corei7", "flat32", "csapp14", "sv39-ulx3s", "toy10"};

}  // namespace

BOOST_DATA_TEST_CASE(the_trace_of_random_traffic_repeats_every_cycle,
                     boost::unit_test::data::make(kMachines) * boost::unit_test::data::make(test::weathers()), machine,
                     weather) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.stall = weather.stall;
  options.latency = weather.latency;
  check_same(*find_machine(machine), options);
}

BOOST_DATA_TEST_CASE(bus_errors_are_in_the_trace, boost::unit_test::data::make(kMachines), machine) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 5, {}};
  options.errors = TrafficMemory(*find_machine(machine), options.seed).error_ranges();
  check_same(*find_machine(machine), options);
}

BOOST_AUTO_TEST_CASE(another_seed_is_another_run) {
  const Machine& machine = *find_machine("toy5");
  std::string trace;
  TestbenchOptions options;
  options.seed = test::run_seed();
  const std::vector<std::uint64_t> first = traffic_cycles(machine, options, trace);
  ++options.seed;
  BOOST_TEST((first != traffic_cycles(machine, options, trace)));
}

// Verilator's runtime keeps the model made last in the thread: the other must not be taken for it.
BOOST_AUTO_TEST_CASE(two_machines_of_one_kind_run_side_by_side_and_end_in_any_order) {
  const Machine& machine = *find_machine("toy5");
  TestbenchOptions options;
  auto first = std::make_unique<test::TrafficBench>(machine, options);
  auto second = std::make_unique<test::TrafficBench>(machine, options);
  first->run(500);
  second->run(500);
  BOOST_TEST(first->bench().cycles() == second->bench().cycles());
  second.reset();
  first->bench().step();
  first.reset();
}

// A step that is due while its queue is full comes when there is room, and the next one counts from there.
BOOST_AUTO_TEST_CASE(a_step_waits_for_room) {
  std::string text = "machine toy5\nports\n";
  for (int i = 0; i < 100; ++i) text += "+0 data L 0,1\n";
  text += "+7 fetch 0,1\n";
  const trace::Trace trace = trace::parse_text(text, "crowd.pwt", {});
  Testbench bench(trace.scenarios.at(0).machine, test::load_model(trace.scenarios.at(0).machine, 1), {});
  unsigned loads = 0;
  std::uint64_t last_load = 0, fetch = 0;
  bench.observe_cycles([&](const Cycle& cycle) {
    if (cycle.accepted(Port::Data)) last_load = cycle.number;
    if (cycle.accepted(Port::Data)) ++loads;
    if (cycle.accepted(Port::Fetch)) fetch = cycle.number;
  });
  play_ports(bench, trace.scenarios.at(0), {});
  bench.finish();
  BOOST_TEST(loads == 100U);
  // The last load was offered when the one 15 before it was answered.
  BOOST_TEST(fetch > 85U);
  BOOST_TEST(last_load > 100U);
  BOOST_TEST(bench.reporter().count() == 0U, bench.report());
}

}  // namespace vm
