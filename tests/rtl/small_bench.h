// SPDX-License-Identifier: Apache-2.0
//
// A testbench with one small page table in memory, for tests that say exactly what happens.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "machine/pte.h"
#include "platform/platform.h"
#include "rtl_platform.h"
#include "traffic_bench.h"

namespace vm::test {

class SmallBench {
 public:
  explicit SmallBench(std::string_view machine_name, const TestbenchOptions& options = {})
      : machine_(*find_machine(machine_name)),
        bench_(machine_, load_model(machine_, options.seed), options),
        platform_(bench_) {
    const Region& home =
        machine_.regions.front().cacheable == (machine_.walk_port == WalkPort::Cache) || machine_.regions.size() == 1
            ? machine_.regions.front()
            : machine_.regions.back();
    base_ = home.base.value + home.size / 4 * 3;
  }

  const Machine& machine() const { return machine_; }
  Testbench& bench() { return bench_; }
  RtlPlatform& platform() { return platform_; }
  std::uint64_t base() const { return base_; }
  std::uint64_t entry_address(std::uint64_t vpn) const { return base_ + (vpn << machine_.format.pte_bytes_log2); }

  // Before translate().
  void map(std::uint64_t vpn, std::uint64_t ppn) {
    const auto bytes = entry_bytes(ppn);
    bench_.preload(PhysAddr(entry_address(vpn)), std::span(bytes).first(machine_.format.pte_bytes()));
  }
  // While it runs, through the host port.
  void remap(std::uint64_t vpn, std::uint64_t ppn) {
    const auto bytes = entry_bytes(ppn);
    platform_.host_write(PhysAddr(entry_address(vpn)), std::span(bytes).first(machine_.format.pte_bytes()));
  }
  void translate() {
    platform_.ctl_write(CtlReg::Base, base_, false);
    platform_.ctl_write(CtlReg::Mode, 1, false);
  }

  std::uint64_t va(std::uint64_t vpn, std::uint64_t offset = 0) const {
    return (vpn << machine_.format.page_bits) | offset;
  }
  AccessResult access(AccessKind kind, std::uint64_t address, unsigned size_log2, std::uint64_t data = 0,
                      bool user = true) {
    const Access a{.kind = kind,
                   .user = user,
                   .size_log2 = static_cast<std::uint8_t>(size_log2),
                   .va = VirtAddr(address),
                   .data = data};
    AccessResult result;
    platform_.perform(std::span(&a, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }
  AccessResult load(std::uint64_t address, unsigned size_log2) { return access(AccessKind::Load, address, size_log2); }
  AccessResult store(std::uint64_t address, unsigned size_log2, std::uint64_t data) {
    return access(AccessKind::Store, address, size_log2, data);
  }

  // The checks' verdict on all of it.
  bool clean() {
    bench_.finish();
    return bench_.reporter().count() == 0;
  }

 private:
  std::array<std::uint8_t, 8> entry_bytes(std::uint64_t ppn) const {
    Pte pte;
    pte.valid = true;
    pte.ppn = Ppn(ppn);
    return pte_to_bytes(machine_.format, encode_pte(machine_.format, pte));
  }

  const Machine& machine_;
  Testbench bench_;
  RtlPlatform platform_;
  std::uint64_t base_ = 0;
};

}  // namespace vm::test
