// SPDX-License-Identifier: Apache-2.0
//
// Scenarios for the ports: what a line becomes, that its text is the line again, and what is said about bad ones.
#include <boost/test/unit_test.hpp>
#include <string>

#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::trace {
namespace {

const std::string kSv39 = "machine sv39\nports\n";

Trace parse(const std::string& text) { return parse_text(text, "t.pwt", {}); }

void check_refused(const std::string& text, const std::string& place, const std::string& expected) {
  std::string message = "accepted";
  try {
    parse(text);
  } catch (const InputError& error) {
    message = error.what();
  }
  BOOST_TEST(message.starts_with("t.pwt:" + place + ": found "), message);
  BOOST_TEST(message.find(expected) != std::string::npos, message);
}

template <class T>
T request(const std::string& line, const std::string& machine = "sv39") {
  const Trace trace = parse("machine " + machine + "\nports\n+0 " + line + "\n");
  return std::get<T>(trace.scenarios.at(0).port_steps.at(0).request);
}

BOOST_AUTO_TEST_CASE(a_step_has_a_distance_and_a_request) {
  const Trace trace = parse(kSv39 + "+3 wait\n+0 wait\n");
  const Scenario& s = trace.scenarios.at(0);
  BOOST_TEST(s.ports->line == 2U);
  BOOST_TEST(s.port_steps.size() == 2U);
  BOOST_TEST(s.port_steps.at(0).after == 3U);
  BOOST_TEST(s.port_steps.at(0).place.line == 3U);
  BOOST_TEST(s.steps.empty());
}

BOOST_AUTO_TEST_CASE(a_core_request_has_its_modes) {
  const auto fetch = request<Access>("fetch 0x1004,4");
  BOOST_TEST((fetch.kind == AccessKind::Fetch));
  BOOST_TEST(fetch.user);
  BOOST_TEST(fetch.size() == 4U);
  const auto store = request<Access>("data S 0xFFFFFFFFFFFFFFFF,2 = {34 12} kernel sum mxr");
  BOOST_TEST((store.kind == AccessKind::Store));
  BOOST_TEST(store.va.value == ~0ULL);
  BOOST_TEST(store.data == 0x1234U);
  BOOST_TEST(!store.user);
  BOOST_TEST(store.sum);
  BOOST_TEST(store.mxr);
}

BOOST_AUTO_TEST_CASE(an_atomic_has_a_name_and_an_operand_unless_it_is_an_lr) {
  const auto lr = request<Access>("data lr 0x1000,8 sum");
  BOOST_TEST((lr.atomic == AtomicOp::Lr && lr.kind == AccessKind::Load));
  BOOST_TEST(lr.sum);
  const auto sc = request<Access>("data sc 0x1004,4, 7");
  BOOST_TEST((sc.atomic == AtomicOp::Sc && sc.kind == AccessKind::Store));
  BOOST_TEST(sc.data == 7U);
  for (const std::string line : {"data lr 0x1000,8", "data sc 0x1001,4, 0x7", "data amomaxu 0x1000,8, 0x1 kernel"}) {
    BOOST_TEST(to_text(*find_machine("sv39"), request<Access>(line)) == line);
  }
  check_refused(kSv39 + "+0 data sc 0x1000,8 = 1\n", "3:21", "','");
  check_refused(kSv39 + "+0 data amonand 0x1000,8, 1\n", "3:9", "'L'");
  check_refused("machine csapp14\nports\n+0 data lr 0x10,4\n", "3:9", "a machine with atomics (csapp14 has none)");
}

BOOST_AUTO_TEST_CASE(a_fence_says_for_itself_whether_it_takes_globals) {
  BOOST_TEST(request<Fence>("fence asid 3").globals);
  const auto fence = request<Fence>("fence va 0x1000 asid 2 nonglobal user");
  BOOST_TEST(fence.by_addr);
  BOOST_TEST(fence.by_asid);
  BOOST_TEST(fence.asid == 2U);
  BOOST_TEST(!fence.globals);
  BOOST_TEST(fence.user);
  BOOST_TEST(!request<Fence>("fence clean user").by_addr);
  BOOST_TEST(request<Fence>("fence sync 0x10").addr == 0x10U);
}

BOOST_AUTO_TEST_CASE(memory_may_be_random_bytes_that_depend_on_seed_and_address_alone) {
  const Trace trace = parse(kSv39 + "memory 0x80000000..0x80000FFF: random\n");
  const auto& item = std::get<RandomMemory>(trace.scenarios.at(0).setup.at(0).action);
  BOOST_TEST(item.bytes == 4096U);
  const auto whole = random_memory(7, PhysAddr(0x80000000), 64);
  const auto part = random_memory(7, PhysAddr(0x80000005), 3);
  BOOST_TEST(std::equal(part.begin(), part.end(), whole.begin() + 5));
  BOOST_TEST((whole != random_memory(8, PhysAddr(0x80000000), 64)));
}

BOOST_AUTO_TEST_CASE(the_text_of_a_request_is_read_back_as_the_same) {
  for (const char* line :
       {"wait", "fetch 0x1004,4", "fetch 0x1004,8 kernel mxr", "data L 0x0,1 sum", "data S 0x8,8 = 0x55 kernel",
        "host L 0x80000001,3", "host S 0x80000000,8 = 0x1", "ctl satp 0x8000000000080300", "ctl 12 0x1 user",
        "ctl trapenter user", "fence all global", "fence all nonglobal", "fence va 0x1000 global",
        "fence asid 2 nonglobal", "fence va 0x1000 asid 65535 nonglobal user", "fence clean", "fence invalidate 0x80",
        "fence cleaninvalidate user", "fence sync 0x80000000 user"}) {
    const Trace trace = parse(kSv39 + "+0 " + line + "\n");
    const Scenario& s = trace.scenarios.at(0);
    BOOST_TEST(to_text(s.machine, s.port_steps.at(0).request) == line);
  }
  for (const char* line :
       {"array read dtlb 3.1", "array write dcache-data 2.0 = 0x5 0x0", "array read dcache-tag 1.0"}) {
    const Trace trace = parse("machine csapp14\nports\n+0 " + std::string(line) + "\n");
    const Scenario& s = trace.scenarios.at(0);
    BOOST_TEST(to_text(s.machine, s.port_steps.at(0).request) == line);
  }
  for (const char* line : {"array flip itlb 0.3 bit 57", "array flip l2tlb 127.0 bit 0",
                           "array flip walkcache 3.2 bit 17", "array flip dcache-data 1.2.7 bit 64",
                           "array flip l2cache-tag 127.3 bit 30", "array flip l2cache-data 0.0 bit 0",
                           "array flip l3cache-tag 255.3 bit 29", "array flip l3cache-data 255.3.7 bit 64"}) {
    const Trace trace = parse("machine riscv8k\nports\n+0 " + std::string(line) + "\n");
    const Scenario& s = trace.scenarios.at(0);
    BOOST_TEST(to_text(s.machine, s.port_steps.at(0).request) == line);
  }
  const Trace x86 = parse("machine corei7\nports\n+0 ctl cr3 0x1000\n");
  BOOST_TEST(to_text(x86.scenarios.at(0).machine, x86.scenarios.at(0).port_steps.at(0).request) == "ctl cr3 0x1000");
}

BOOST_AUTO_TEST_CASE(bad_steps) {
  check_refused(kSv39 + "+ data L 0,8\n", "3:3", "a number of cycles");
  check_refused(kSv39 + "data L 0,8\n", "3:1", "'memory', 'entry' or 'include', a step '+N REQUEST'");
  check_refused(kSv39 + "+0 wait\nmemory 0x80000000: 01\n", "4:1", "a step '+N REQUEST'");
  check_refused(kSv39 + "+0 wait\nseed 3\n", "4:1", "setup lines stand before the first step");
  check_refused(kSv39 + "+0 load 0,8\n", "3:4", "'fetch', 'data', 'host', 'ctl', 'fence', 'array' or 'wait'");
  check_refused(kSv39 + "+0 data L 0,3\n", "3:13", "1, 2, 4 or 8 bytes");
  check_refused(kSv39 + "+0 data L 0,0\n", "3:13", "1, 2, 4 or 8 bytes");
  check_refused(kSv39 + "+0 data S 0,2\n", "3:14", "'='");
  check_refused(kSv39 + "+0 data S 0,2 = 0x12345\n", "3:17", "at most 0xffff");
  check_refused(kSv39 + "+0 fetch 0,2 user\n", "3:14", "'kernel', 'sum' ('ac'), 'mxr' or the end of the line");
  check_refused(kSv39 + "+0 host L 0x80000006,4\n", "3:22", "stays inside 8 aligned bytes");
  check_refused(kSv39 + "+0 host L 0x100000000000000,4\n", "3:11", "at most");
  check_refused(kSv39 + "+0 ctl 16 1\n", "3:8", "a control register (base, limit");
  check_refused(kSv39 + "+0 ctl satp\n", "3:12", "a value");
  check_refused(kSv39 + "+0 fence some\n", "3:10", "'all', 'va ADDR', 'asid N', or a cache operation");
  check_refused(kSv39 + "+0 fence all twice\n", "3:14", "the end of the line");
  check_refused(kSv39 + "+0 array read dtlb 0.0\n", "3:10", "a machine with an array port (sv39 has none)");
  check_refused("machine csapp14\nports\n+0 array read dtlb 4.0\n", "3:20", "the number of a set");
  check_refused("machine csapp14\nports\n+0 array read dtlb 0.4\n", "3:22", "the number of a way");
  check_refused("machine csapp14\nports\n+0 array read itlb 0.0\n", "3:15", "an array that csapp14 has");
  check_refused("machine csapp14\nports\n+0 array read plru 0.0\n", "3:15", "an array: itlb, dtlb");
  check_refused("machine csapp14\nports\n+0 array flip dtlb 0.0 bit 0\n", "3:10",
                "a machine with parity (csapp14 has none)");
  const std::string parity = "machine riscv8k\nports\n+0 array ";
  check_refused(parity + "read l2tlb 0.0\n", "3:15", "an array that can be read and written");
  check_refused(parity + "write l2cache-tag 0.0 = 0 0\n", "3:16", "an array that can be read and written");
  check_refused(parity + "flip dcache-data 0.0.8 bit 0\n", "3:31", "the number of a word");
  check_refused(parity + "flip walkcache 0.0 bit 0\n", "3:27", "the level of a pointer, 1 or more");
  check_refused(parity + "flip dtlb 0.0\n", "3:23", "'bit'");
  check_refused(parity + "flip dtlb 0.0 bit 99\n", "3:28", "the number of a bit of the stored word");
}

BOOST_AUTO_TEST_CASE(bad_setups_of_scenarios_for_the_ports) {
  check_refused("machine sv39\nprocess A\nports\n", "3:1", "`ports` before all other setup lines");
  check_refused(kSv39 + "ports\n", "3:1", "'memory', 'entry' or 'include'");
  check_refused(kSv39 + "process A\n", "3:1", "'memory', 'entry' or 'include'");
  check_refused(kSv39 + "memory 0x80000010..0x8000000F: random\n", "3:8", "a rising range");
  check_refused(kSv39 + "memory 0x80000000..0x9FFFFFFF: random\n", "3:8", "at most");
  check_refused(kSv39 + "memory 0x0..0xF: random\n", "3:8", "where sv39 has memory (0x0 is a hole)");
}

BOOST_AUTO_TEST_CASE(where_there_are_no_ports_they_are_refused) {
  const Trace trace = parse(kSv39 + "+0 wait\n");
  ReferenceTestbed testbed(trace.scenarios.at(0).machine, {});
  BOOST_CHECK_THROW(testbed.play_ports(trace.scenarios.at(0), {}, false), InputError);
  try {
    refuse_ports(trace, "with --model");
    BOOST_ERROR("accepted");
  } catch (const InputError& error) {
    BOOST_TEST(error.what() ==
               std::string("t.pwt:2:1: found `ports`, expected a trace for the operating system with --model"));
  }
}

}  // namespace
}  // namespace vm::trace
