// SPDX-License-Identifier: Apache-2.0
#include "testbeds.h"

#include "board_testbed.h"
#include "model.h"
#include "rtl_platform.h"
#include "target.h"
#include "testbench.h"
#include "trace/reference_testbed.h"
#include "traffic/port_player.h"

namespace vm::sim {

namespace {

TestbenchOptions bench_options(const TestbedOptions& options) {
  TestbenchOptions bench;
  bench.seed = options.seed;
  bench.latency = bench_latency(options.latency);
  bench.stall = bench_stall(options.stall);
  for (const trace::AddressRange& range : options.bus_errors) bench.errors.push_back({range.first, range.last});
  bench.replay = options.replay;
  bench.checks = options.checks;
  return bench;
}

class RtlTestbed : public trace::Testbed {
 public:
  RtlTestbed(const Machine& machine, const TestbedOptions& options)
      : bench_(make_testbench(machine, options)), platform_(bench_) {
    bench_.attach_coverage(options.coverage);
    if (!options.waves.empty()) bench_.record_waves(options.waves, options.wave_window.value_or(CycleWindow{}));
  }

  Platform& platform() override { return platform_; }
  void attach(OsView* view) override { bench_.attach_os(view); }
  bool has_clock() const override { return true; }
  void annotate(std::string_view process, std::string_view line) override { bench_.set_text(process, line); }
  std::uint64_t mismatches() const override { return bench_.reporter().count(); }

  void play_ports(const trace::Scenario& scenario, const trace::StepProgress& progress, bool annotate) override {
    vm::play_ports(bench_, scenario, {progress, annotate});
  }

  void finish() override { bench_.finish(); }

  trace::Figures figures() override {
    trace::Figures figures;
    figures.translations = bench_.translation().translations();
    figures.cycles = bench_.cycles();
    figures.mismatches = bench_.reporter().count();
    figures.backdoor_accesses = bench_.backdoor_accesses();
    figures.mean_legal_set = bench_.translation().legal_set().mean_size();
    if (figures.mismatches != 0) {
      const Mismatch& first = bench_.reporter().kept().front();
      figures.first = {first.cycle, first.check, first.message};
      figures.reports.push_back(bench_.report());
    }
    return figures;
  }

 private:
  Testbench bench_;
  RtlPlatform platform_;
};

}  // namespace

Testbench make_testbench(const Machine& machine, const TestbedOptions& options) {
  std::filesystem::path hardware = options.hardware;
  if (hardware.empty()) {
    hardware = is_gates(options.target) ? gates_hardware(machine, options.target)
                                        : std::filesystem::path(VM_MACHINE_DIR) / (machine.name + ".so");
  }
  return Testbench(machine, open_model(machine, hardware, options.seed), bench_options(options));
}

std::unique_ptr<trace::Testbed> make_testbed(const Machine& machine, const TestbedOptions& options) {
  if (is_board(options.target)) return make_board_testbed(machine, options);
  if (options.model) return std::make_unique<trace::ReferenceTestbed>(machine, options.bus_errors);
  return std::make_unique<RtlTestbed>(machine, options);
}

}  // namespace vm::sim
