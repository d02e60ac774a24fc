// SPDX-License-Identifier: Apache-2.0
//
// The three sources of the translation check share nothing: corrupting one alone makes exactly the mismatch of its
// name.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "os/kernel.h"
#include "rtl_platform.h"
#include "traffic_bench.h"

namespace vm {
namespace {

// The kernel's view, with one thing changed.
class ChangedView final : public OsView {
 public:
  explicit ChangedView(OsView& kernel) : kernel_(kernel) {}
  void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const override {
    kernel_.os_mappings(context, vpn, out);
    if (!change_map) return;
    for (OsMapping& m : out) m.ppn = Ppn(m.ppn.value ^ 1U);
  }
  void image_store(const Context& context, VirtAddr va, std::uint8_t byte) override {
    kernel_.image_store(context, va, byte);
  }
  std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const override {
    auto byte = kernel_.image_byte(context, va);
    if (byte && change_image) *byte ^= 0xFFU;
    return byte;
  }
  bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const override {
    return kernel_.image_fetch_may_be(context, va, byte);
  }
  bool change_map = false, change_image = false;

 private:
  OsView& kernel_;
};

// A process with two pages, one store and loads; `corrupt` is called before the last loads.
class Lockstep {
 public:
  Lockstep()
      : bench_(machine_, test::load_model(machine_, 1), {}), platform_(bench_), kernel_(platform_), view_(kernel_) {
    bench_.attach_os(&view_);
    process_ = kernel_.create_process("A", {});
    kernel_.map(process_, Vpn(1), Ppn(5), {}, false);
    kernel_.map(process_, Vpn(2), Ppn(6), {}, false);
    kernel_.start();
    kernel_.switch_to(process_);
    access(AccessKind::Store, 0x40, 0x5A);
    access(AccessKind::Load, 0x40, 0);
  }

  void access(AccessKind kind, std::uint64_t va, std::uint64_t data) {
    const Access a{.kind = kind, .va = VirtAddr(va), .data = data};
    Outcome outcome;
    kernel_.perform(process_, std::span(&a, 1), std::span(&outcome, 1));
  }
  ChangedView& view() { return view_; }
  Testbench& bench() { return bench_; }
  std::uint64_t entry_address(std::uint64_t vpn) {
    return kernel_.context_of(process_).base.value + (vpn << machine_.format.pte_bytes_log2);
  }
  // Names of the checks that fired.
  std::set<std::string> names() {
    bench_.finish();
    std::set<std::string> result;
    for (const Mismatch& m : bench_.reporter().kept()) result.insert(m.check);
    return result;
  }

 private:
  const Machine& machine_ = *find_machine("csapp14");
  Testbench bench_;
  RtlPlatform platform_;
  Kernel kernel_;
  ChangedView view_;
  ProcessId process_ = 0;
};

using Names = std::set<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_corrupted_nothing_fires) {
  Lockstep run;
  run.access(AccessKind::Load, 0x40, 0);
  BOOST_TEST(run.names().empty(), run.bench().report());
}

BOOST_AUTO_TEST_CASE(a_wrong_os_map_makes_exactly_translation_os_map_fire) {
  Lockstep run;
  run.view().change_map = true;
  run.access(AccessKind::Load, 0x40, 0);
  BOOST_TEST((run.names() == Names{"translation.os-map"}), run.bench().report());
}

BOOST_AUTO_TEST_CASE(a_wrong_image_makes_exactly_translation_image_fire) {
  Lockstep run;
  run.view().change_image = true;
  run.access(AccessKind::Load, 0x40, 0);
  BOOST_TEST((run.names() == Names{"translation.image"}), run.bench().report());
}

BOOST_AUTO_TEST_CASE(a_wrong_byte_in_the_walks_memory_makes_exactly_translation_walk_fire) {
  Lockstep run;
  PhysicalMemory& memory = run.bench().translation().memory().memory();
  const PhysAddr entry(run.entry_address(2));
  memory.write_byte(entry, memory.read_byte(entry) ^ 1U);
  run.access(AccessKind::Load, 0x80, 0);
  BOOST_TEST((run.names() == Names{"translation.walk"}), run.bench().report());
}

}  // namespace vm
