// SPDX-License-Identifier: Apache-2.0
#include "testbeds.h"

#include "model.h"
#include "rtl_platform.h"
#include "testbench.h"
#include "trace/reference_testbed.h"

namespace vm::sim {

namespace {

TestbenchOptions bench_options(const TestbedOptions& options) {
  // The trace language and the drivers name the same things in the same order.
  TestbenchOptions bench;
  bench.seed = options.seed;
  bench.latency.kind = static_cast<Latency::Kind>(options.latency.kind);
  bench.latency.low = options.latency.min;
  bench.latency.high = options.latency.max;
  bench.latency.replay.assign(options.latency.replay.begin(), options.latency.replay.end());
  bench.stall.kind = static_cast<StallPolicy::Kind>(options.stall.kind);
  bench.stall.until = options.stall.until;
  for (const trace::AddressRange& range : options.bus_errors) bench.errors.push_back({range.first, range.last});
  bench.replay = options.replay;
  bench.checks = options.checks;
  return bench;
}

class RtlTestbed : public trace::Testbed {
 public:
  RtlTestbed(const Machine& machine, const TestbedOptions& options)
      : bench_(machine, open_model(machine, shared_object(machine, options), options.seed), bench_options(options)),
        platform_(bench_) {
    if (!options.waves.empty()) bench_.model().open_waves(options.waves);
  }

  Platform& platform() override { return platform_; }
  void attach(OsView* view) override { bench_.attach_os(view); }
  bool has_clock() const override { return true; }
  void annotate(std::string_view process, std::string_view line) override { bench_.set_text(process, line); }
  std::uint64_t mismatches() const override { return bench_.reporter().count(); }

  void finish() override {
    bench_.finish();
    bench_.model().close_waves();
  }

  trace::Figures figures() override {
    trace::Figures figures;
    figures.translations = bench_.translation().translations();
    figures.cycles = bench_.cycles();
    figures.mismatches = bench_.reporter().count();
    figures.backdoor_accesses = bench_.backdoor_accesses();
    figures.mean_legal_set = bench_.translation().legal_set().mean_size();
    if (figures.mismatches != 0) figures.reports.push_back(bench_.report());
    return figures;
  }

 private:
  static std::filesystem::path shared_object(const Machine& machine, const TestbedOptions& options) {
    if (!options.hardware.empty()) return options.hardware;
    return std::filesystem::path(VM_MACHINE_DIR) / (machine.name + ".so");
  }

  Testbench bench_;
  RtlPlatform platform_;
};

}  // namespace

std::unique_ptr<trace::Testbed> make_testbed(const Machine& machine, const TestbedOptions& options) {
  if (options.model) return std::make_unique<trace::ReferenceTestbed>(machine, options.bus_errors);
  return std::make_unique<RtlTestbed>(machine, options);
}

}  // namespace vm::sim
