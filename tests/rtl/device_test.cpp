// SPDX-License-Identifier: Apache-2.0
//
// A device sees exactly the accesses made to it: each once, in program order, with its own size, none that was not
// made. What is compared are the requests on the port below the first level. All checks watch too.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "machine/random.h"
#include "tree_bench.h"

namespace vm {

// What a device sees of an access. Bytes that were not written read as zero.
struct Seen {
  bool write = false;
  std::uint8_t strb = 0;
  std::uint64_t addr = 0;  // of the 64-bit word
  std::uint64_t data = 0;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << (s.write ? "write " : "read ") << std::hex << s.addr << " lanes " << unsigned{s.strb} << " data "
             << s.data << std::dec;
}

namespace {

using test::TreeBench;

const auto kMachines = boost::unit_test::data::make({"sv39", "sv39-ulx3s", "sv39-prefetch", "sv57", "corei7"});

std::uint64_t lanes(std::uint8_t strb) {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((strb >> i & 1) != 0) mask |= 0xFFULL << 8 * i;
  }
  return mask;
}

class DeviceBench : public TreeBench {
 public:
  explicit DeviceBench(std::string_view machine_name, const TestbenchOptions& options = {})
      : TreeBench(machine_name, options), device_(machine().regions.at(1)) {
    BOOST_REQUIRE(!device_.cacheable);
    bench().observe_cycles([this](const Cycle& cycle) { observe(cycle); });
  }

  Ppn device_frame(std::uint64_t n) const { return Ppn(device_.base.value >> machine().format.page_bits) + n; }
  PhysAddr device_address(std::uint64_t offset) const { return device_.base + offset; }
  const std::vector<Seen>& seen() const { return seen_; }

  // The requests that bytes [offset, offset + size) of the device owe, one for each 64-bit word.
  void owe(bool write, std::uint64_t offset, unsigned size, std::uint64_t value) {
    for (unsigned i = 0; i < size; ++i) {
      const std::uint64_t at = device_.base.value + offset + i;
      if (i == 0 || at % 8 == 0) owed_.push_back({write, 0, at & ~7ULL, 0});
      owed_.back().strb = static_cast<std::uint8_t>(owed_.back().strb | 1U << at % 8);
      if (write) owed_.back().data |= (value >> 8 * i & 0xFF) << 8 * (at % 8);
    }
  }
  const std::vector<Seen>& owed() const { return owed_; }

 private:
  void observe(const Cycle& cycle) {
    const MemPort& port = cycle.memory;
    if (port.accepted()) {
      writes_here_ = device_.contains(PhysAddr(port.req.addr));
      if (writes_here_) {
        BOOST_TEST(port.req.len == 0U);
        seen_.push_back({port.req.write, port.req.strb, port.req.addr & ~7ULL, 0});
      }
    }
    // Write data follow their request before the next one is accepted.
    if (port.w_accepted() && writes_here_) seen_.back().data = port.w.data & lanes(seen_.back().strb);
  }

  const Region& device_;
  bool writes_here_ = false;
  std::vector<Seen> seen_, owed_;
};

}  // namespace

BOOST_DATA_TEST_CASE(every_access_reaches_the_device_once_in_order_with_its_size, kMachines, machine) {
  TestbenchOptions options;
  options.seed = test::run_seed();
  options.latency = {Latency::Kind::Random, 1, 20, {}};
  options.stall = {StallPolicy::Kind::Bursty};
  DeviceBench b(machine, options);
  const std::uint64_t page = b.machine().format.page_size();
  for (std::uint64_t i = 0; i < 2; ++i) b.map(i, TreeBench::leaf(b.device_frame(i)));
  for (std::uint64_t i = 2; i < 40; ++i) b.map(i, TreeBench::leaf(b.frame(i)));
  b.translate();
  Random random(options.seed, "device_test");
  std::vector<Access> accesses;
  for (int i = 0; i < 400; ++i) {
    Access a;
    a.kind = random.one_in(2) ? AccessKind::Store : AccessKind::Load;
    a.size_log2 = static_cast<std::uint8_t>(random.below(4));
    a.data = random.next();
    a.data &= low_mask(8U * a.size());
    if (random.one_in(3)) {
      a.va = VirtAddr(b.va(2 + random.below(37), random.below(page)));  // memory, and walks for it
    } else {
      const std::uint64_t offset = random.one_in(10) ? page - random.below(8) : random.below(2 * page - 8);
      a.va = VirtAddr(offset);
      b.owe(a.kind == AccessKind::Store, offset, a.size(), a.data);
    }
    accesses.push_back(a);
  }
  std::vector<AccessResult> results(accesses.size());
  // One after the other, and as fast as the port takes them.
  BOOST_TEST(b.platform().perform(accesses, results, [](std::size_t i) { return i % 50 != 0; }) == accesses.size());
  BOOST_TEST(b.seen() == b.owed(), boost::test_tools::per_element());
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(M19_an_access_that_faults_in_any_of_its_pages_never_reaches_the_device, kMachines, machine) {
  DeviceBench b(machine);
  const std::uint64_t page = b.machine().format.page_size();
  b.map(1, TreeBench::leaf(b.device_frame(0)));
  Pte closed = TreeBench::leaf(b.device_frame(1));
  closed.write = false;
  b.map(2, closed);
  b.translate();
  BOOST_TEST((b.store(b.va(2), 3, 1).fault.cause == Cause::Write));
  BOOST_TEST((b.store(b.va(2) - 4, 3, 1).fault.cause == Cause::Write));  // second page closed
  BOOST_TEST((b.load(b.va(3) - 4, 3).fault.cause == Cause::Invalid));    // second page missing
  BOOST_TEST((b.load(b.va(1) - 4, 3).fault.cause == Cause::Invalid));    // first page missing
  BOOST_TEST(b.seen().empty());
  b.load(b.va(3) - 8, 3);
  b.owe(false, 2 * page - 8, 8, 0);
  BOOST_TEST(b.seen() == b.owed(), boost::test_tools::per_element());
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(a_device_page_beside_a_page_in_use_is_not_read_ahead, kMachines, machine) {
  DeviceBench b(machine);
  b.map(1, TreeBench::leaf(b.frame(1)));
  b.map(2, TreeBench::leaf(b.device_frame(0)));
  b.translate();
  for (std::uint64_t offset = 0; offset < b.machine().format.page_size(); offset += 64) b.load(b.va(1, offset), 3);
  b.access(AccessKind::Fetch, b.va(2) - 4, 2);
  BOOST_TEST(b.seen().empty());
  BOOST_TEST(b.clean(), b.bench().report());
}

BOOST_DATA_TEST_CASE(accesses_of_core_and_host_to_a_device_are_each_made_once, kMachines, machine) {
  TestbenchOptions options;
  options.latency = {Latency::Kind::Fixed, 15, 15, {}};
  DeviceBench b(machine, options);
  b.map(1, TreeBench::leaf(b.device_frame(0)));
  b.translate();
  b.load(b.va(1), 0);
  const std::size_t before = b.seen().size();
  for (unsigned i = 0; i < 8; ++i) {
    b.bench().submit(Port::Data, {.user = true, .write = true, .size = 3, .va = b.va(1, 8 * i), .wdata = i});
    b.bench().submit_host({.write = true, .strb = 0xFF, .addr = b.device_address(0x800 + 8 * i).value, .wdata = i});
  }
  b.bench().run_until_idle();
  std::vector<Seen> core, host;
  for (std::size_t i = before; i < b.seen().size(); ++i) {
    const Seen& s = b.seen().at(i);
    (s.addr < b.device_address(0x800).value ? core : host).push_back(s);
  }
  BOOST_TEST(core.size() == 8U);
  BOOST_TEST(host.size() == 8U);
  for (unsigned i = 0; i < 8; ++i) {
    BOOST_TEST(core.at(i) == (Seen{true, 0xFF, b.device_address(8 * i).value, i}));
    BOOST_TEST(host.at(i) == (Seen{true, 0xFF, b.device_address(0x800 + 8 * i).value, i}));
  }
  BOOST_TEST(b.clean(), b.bench().report());
}

}  // namespace vm
