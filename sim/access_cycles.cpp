// SPDX-License-Identifier: Apache-2.0
#include "access_cycles.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "os/kernel.h"
#include "rtl_platform.h"
#include "testbench.h"

namespace vm::sim {

namespace {

// A process whose first pages all fall into set 0 of the L1 data TLB, one page more than the set has ways.
class LoadMeter {
 public:
  explicit LoadMeter(const Machine& machine)
      : machine_(machine),
        bench_(machine, open_model(machine, std::filesystem::path(VM_MACHINE_DIR) / (machine.name + ".so"), 1), {}),
        platform_(bench_),
        kernel_(platform_) {
    const ProcessId process = kernel_.create_process("A", {});
    const std::uint64_t first_frame = machine.regions.front().base.value >> machine.format.page_bits;
    // Frames of the pages' own colour: every page's is 0.
    const std::uint64_t colours = (machine.colour_mask(machine.dcache) >> machine.format.page_bits) + 1;
    for (unsigned i = 0; i < pages(); ++i) {
      kernel_.map(process, Vpn(vpn(i)), Ppn(first_frame + (1 + i) * colours), {}, {});
    }
    kernel_.start();
    bench_.attach_os(&kernel_);
    kernel_.switch_to(process);
    // Twice: what the first round leaves in the data cache, the second finds there.
    for (unsigned round = 0; round < 2; ++round) {
      for (unsigned i = 0; i < pages(); ++i) load(i);
      forget();
    }
  }

  unsigned pages() const { return machine_.dtlb.ways + 1; }

  AccessCycles load(unsigned page) {
    CoreRequest request;
    request.user = true;
    request.va = vpn(page) << machine_.format.page_bits | offset(page);
    bench_.submit(Port::Data, request);
    AccessCycles result;
    std::uint64_t accepted = 0, translated = 0, walk_start = 0;
    while (!bench_.idle()) {
      bench_.step();
      const Cycle& cycle = bench_.cycle();
      if (cycle.accepted(Port::Data)) accepted = cycle.number;
      for (const Event& event : cycle.events) {
        if (event.kind == EventKind::WalkStart) walk_start = cycle.number;
        if (event.kind == EventKind::WalkData) ++result.entries;
        if (event.kind == EventKind::WalkEnd) result.walk = static_cast<unsigned>(cycle.number - walk_start);
        if (event.kind == EventKind::WalkLook && event.walk_cache_level() != 0) result.found = "walk-cache";
        if (event.kind == EventKind::Xlat) {
          translated = cycle.number;
          if (event.source() == Source::Tlb) result.found = "l1";
          if (event.source() == Source::L2) result.found = "l2";
        }
      }
      if (cycle.response(Port::Data).valid) result.answer = static_cast<unsigned>(cycle.number - accepted);
    }
    if (result.found.empty()) result.found = "walk";
    // What is not answered at once is translated in the cycle after its translation is known (T4).
    const std::uint64_t at_once = accepted + machine_.hit_latency;
    if (translated > at_once) result.later = static_cast<unsigned>(translated - 1 - at_once);
    return result;
  }

  // A fence of everything, until the L2 TLB has been swept.
  void forget() {
    platform_.fence({});
    for (unsigned cycle = 0; cycle < machine_.l2tlb.sets + 8; ++cycle) bench_.step();
  }

  void finish() {
    bench_.finish();
    if (bench_.reporter().count() != 0) throw std::runtime_error(bench_.report());
  }

 private:
  // Tables of different levels use different lines of the data cache, and so do the pages.
  std::uint64_t vpn(unsigned page) const {
    std::uint64_t result = std::uint64_t{page} * machine_.dtlb.sets;
    const Format& format = machine_.format;
    for (unsigned level = 1; level < format.levels; ++level) {
      const std::uint64_t line = machine_.dcache.line_bytes >> format.pte_bytes_log2;
      result |= (level * line) << format.index_lsb(level);
    }
    return result;
  }
  std::uint64_t offset(unsigned page) const {
    return (Format::kMaxLevels + page) * std::uint64_t{machine_.dcache.line_bytes} % machine_.format.page_size();
  }

  const Machine& machine_;
  Testbench bench_;
  RtlPlatform platform_;
  Kernel kernel_;
};

}  // namespace

std::vector<AccessCycles> access_cycles(const Machine& machine) {
  std::vector<AccessCycles> result;
  LoadMeter meter(machine);
  const auto measure = [&](unsigned page, const std::string& found) {
    const AccessCycles cycles = meter.load(page);
    if (cycles.found != found) {
      throw std::runtime_error(
          fmt::format("machine {}: a translation was found in {}, expected {}", machine.name, cycles.found, found));
    }
    result.push_back(cycles);
  };
  measure(0, "walk");
  if (machine.walk_cache_sets != 0) {
    meter.load(0);
    measure(1, "walk-cache");
  }
  if (machine.dtlb.ways != 0) {
    meter.load(0);
    measure(0, "l1");
  }
  if (machine.l2tlb.ways != 0) {
    // One page more than the set holds: the first is replaced.
    for (unsigned page = 0; page < meter.pages(); ++page) meter.load(page);
    measure(0, "l2");
  }
  meter.finish();
  std::reverse(result.begin(), result.end());
  return result;
}

std::optional<double> cycles_per_level(const std::vector<AccessCycles>& cycles) {
  const AccessCycles *walk = nullptr, *shorter = nullptr;
  for (const AccessCycles& c : cycles) {
    if (c.found == "walk") walk = &c;
    if (c.found == "walk-cache") shorter = &c;
  }
  if (walk == nullptr || shorter == nullptr || walk->entries <= shorter->entries) return std::nullopt;
  return static_cast<double>(walk->walk - shorter->walk) / (walk->entries - shorter->entries);
}

}  // namespace vm::sim
