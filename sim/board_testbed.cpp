// SPDX-License-Identifier: Apache-2.0
#include "board_testbed.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <utility>

#include "link/board_platform.h"
#include "machine/error.h"
#include "trace/parser.h"
#include "trace/source.h"

namespace vm::sim {
namespace {

class BoardTestbed final : public trace::Testbed {
 public:
  BoardTestbed(const Machine& machine, std::unique_ptr<link::ByteLine> line, const link::BoardOptions& options,
               std::string replay)
      : platform_(machine, std::move(line), options), replay_(std::move(replay)) {}

  Platform& platform() override { return platform_; }
  void attach(OsView* view) override { platform_.set_os_view(view); }
  // The board's memory has its own latency: what traces say about cycles is not about it.
  bool has_clock() const override { return false; }
  void annotate(std::string_view /*process*/, std::string_view /*line*/) override {}
  std::uint64_t mismatches() const override { return platform_.mismatch_count(); }
  void play_ports(const trace::Scenario& /*scenario*/, const trace::StepProgress& /*progress*/,
                  bool /*annotate*/) override {
    throw InputError(
        "found a scenario for the ports, expected one for the operating system: a board has no port traces");
  }
  void finish() override { platform_.finish(); }

  trace::Figures figures() override {
    trace::Figures figures;
    figures.translations = platform_.checked();
    figures.cycles = platform_.cycles();
    figures.mismatches = platform_.mismatch_count();
    figures.backdoor_accesses = platform_.backdoor_accesses();
    for (const std::string& text : platform_.mismatches()) {
      figures.reports.push_back(fmt::format("MISMATCH {}{}", text, replay_.empty() ? "" : "\n  replay: " + replay_));
    }
    if (figures.mismatches != 0) {
      const std::string first = platform_.mismatches().front();
      figures.first = {figures.cycles, first.substr(0, first.find(':')), first};
    }
    return figures;
  }

 private:
  link::BoardPlatform platform_;
  std::string replay_;
};

std::unique_ptr<link::ByteLine> open_line(const BoardTarget& target) {
  return std::make_unique<link::SerialPort>(target.path, target.baud);
}

}  // namespace

BoardTarget parse_target(const std::string& text) {
  constexpr std::string_view kSerial = "serial:";
  const auto bad = [&] {
    return InputError(
        fmt::format("found target '{}', expected serial:PATH or serial:PATH@BAUD, gates:ecp5 or gates:ice40", text));
  };
  if (!text.starts_with(kSerial)) throw bad();
  BoardTarget target;
  target.path = text.substr(kSerial.size());
  if (const std::size_t at = target.path.rfind('@'); at != std::string::npos) {
    const std::string baud = target.path.substr(at + 1);
    const auto [end, error] = std::from_chars(baud.data(), baud.data() + baud.size(), target.baud);
    if (error != std::errc() || end != baud.data() + baud.size()) throw bad();
    target.path.resize(at);
  }
  if (target.path.empty()) throw bad();
  return target;
}

std::unique_ptr<trace::Testbed> make_board_testbed(const Machine& machine, const TestbedOptions& options) {
  const BoardTarget target = parse_target(options.target);
  link::BoardOptions board;
  board.own_answers = !options.posted;
  return std::make_unique<BoardTestbed>(machine, open_line(target), board, options.replay);
}

Region board_memory(const Machine& machine, const std::string& text) {
  const BoardTarget target = parse_target(text);
  const link::BoardPlatform platform(machine, open_line(target));
  Region memory = machine.regions.front();
  memory.base = platform.identity().memory_base;
  memory.size = platform.identity().memory_bytes;
  return memory;
}

void refuse_for_board(const trace::Trace& trace) {
  trace::refuse_ports(trace, "with --target");
  for (const trace::Scenario& scenario : trace.scenarios) {
    const std::string_view what = scenario.latency               ? "`latency`"
                                  : scenario.stall               ? "`stall`"
                                  : !scenario.bus_errors.empty() ? "`buserror`"
                                                                 : "";
    if (!what.empty()) {
      trace::fail(trace.files, scenario.place, what, "a scenario without weather: a board's memory is what it is");
    }
  }
}

}  // namespace vm::sim
