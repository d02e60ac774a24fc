// SPDX-License-Identifier: Apache-2.0
#include "testbeds.h"

#include "platform/reference_platform.h"

namespace vm::sim {

namespace {

class ModelTestbed : public trace::Testbed {
 public:
  ModelTestbed(const Machine& machine, const TestbedOptions& options) : platform_(machine) {
    for (const trace::AddressRange& range : options.bus_errors) platform_.add_error_range(range.first, range.last + 1);
  }

  Platform& platform() override { return platform_; }
  void attach(OsView& view) override { platform_.set_os_view(&view); }
  bool has_clock() const override { return false; }
  void annotate(std::string_view /*process*/, std::string_view /*line*/) override {}
  std::uint64_t mismatches() const override { return platform_.mismatches().size(); }
  void finish() override {}

  trace::Figures figures() const override {
    trace::Figures figures;
    figures.mismatches = platform_.mismatches().size();
    figures.backdoor_accesses = platform_.backdoor_accesses();
    figures.reports = platform_.mismatches();
    return figures;
  }

 private:
  ReferencePlatform platform_;
};

}  // namespace

std::unique_ptr<trace::Testbed> make_testbed(const Machine& machine, const TestbedOptions& options) {
  return std::make_unique<ModelTestbed>(machine, options);
}

}  // namespace vm::sim
