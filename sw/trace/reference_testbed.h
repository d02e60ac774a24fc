// SPDX-License-Identifier: Apache-2.0
//
// A testbed without hardware: the reference platform, which compares what it does with the operating system model
// itself.
#pragma once

#include <span>

#include "machine/error.h"
#include "platform/reference_platform.h"
#include "trace/ast.h"
#include "trace/testbed.h"

namespace vm::trace {

class ReferenceTestbed : public Testbed {
 public:
  ReferenceTestbed(const Machine& machine, std::span<const AddressRange> bus_errors) : platform_(machine) {
    for (const AddressRange& range : bus_errors) platform_.add_error_range(range.first, range.last + 1);
  }

  Platform& platform() override { return platform_; }
  void attach(OsView* view) override { platform_.set_os_view(view); }
  bool has_clock() const override { return false; }
  void annotate(std::string_view /*process*/, std::string_view /*line*/) override {}
  std::uint64_t mismatches() const override { return platform_.mismatches().size(); }
  void play_ports(const Scenario& /*scenario*/, const StepProgress& /*progress*/, bool /*annotate*/) override {
    throw InputError(
        "found a scenario for the ports, expected one for the operating system: this platform has no ports");
  }
  void finish() override {}

  Figures figures() override {
    Figures figures;
    figures.mismatches = platform_.mismatches().size();
    figures.backdoor_accesses = platform_.backdoor_accesses();
    figures.reports = platform_.mismatches();
    // "os map: …", "image: …"
    if (!figures.reports.empty()) {
      const std::string& text = figures.reports.front();
      figures.first = {0, text.substr(0, text.find(':')), text};
    }
    return figures;
  }

 private:
  ReferencePlatform platform_;
};

}  // namespace vm::trace
