// SPDX-License-Identifier: Apache-2.0
//
// pagewalk ps, maps, frames, lists, tables: what the operating system model has after a trace, or before one of its
// lines. The trace runs on the reference platform.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::sim {

namespace {

struct ReportOptions {
  std::string file, process, scenario;
  std::optional<std::uint32_t> before;
};

trace::Scenario& chosen(trace::Trace& trace, const ReportOptions& options) {
  for (trace::Scenario& scenario : trace.scenarios) {
    if (options.scenario.empty() || scenario.name == options.scenario) return scenario;
  }
  throw InputError(fmt::format("found no scenario '{}', expected a name that `run` prints", options.scenario));
}

int report(const ReportOptions& options, const std::string& what) {
  trace::Trace trace = trace::parse_file(options.file, parse_options());
  trace::Scenario& scenario = chosen(trace, options);
  if (options.before) {
    std::erase_if(scenario.steps, [&](const trace::Step& step) { return step.place.line >= *options.before; });
  }
  trace::ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
  trace::RunnerOptions runner_options;
  runner_options.seed = scenario.seed.value_or(1);
  trace::Runner runner(trace.files, scenario, testbed, runner_options);
  const trace::RunReport& ran = runner.run();
  for (const trace::Failure& failure : ran.failures) fmt::print(stderr, "{}\n", failure.text);
  Kernel& kernel = runner.kernel();
  if (what == "ps") {
    fmt::print("{}", kernel.ps());
  } else if (what == "frames") {
    fmt::print("{}", kernel.frames());
  } else if (what == "lists") {
    fmt::print("{}", kernel.lists());
  } else {
    const std::optional<ProcessId> pid = kernel.find_process(options.process);
    if (!pid) {
      throw InputError(
          fmt::format("found no process '{}', expected one that there is then: see `pagewalk ps`", options.process));
    }
    fmt::print("{}", what == "maps" ? kernel.maps(*pid) : kernel.tables(*pid));
  }
  return ran.failures.empty() ? kClean : kFailed;
}

}  // namespace

void add_reports(CLI::App& app, int& exit_status) {
  const auto add = [&](const std::string& name, const std::string& help, bool of_process) {
    CLI::App* command = app.add_subcommand(name, help);
    auto options = std::make_shared<ReportOptions>();
    command->add_option("file", options->file, "A trace")->required();
    if (of_process) command->add_option("process", options->process, "A process of it")->default_str("A");
    if (of_process) options->process = "A";
    command->add_option("--scenario", options->scenario, "The scenario of this name (default: the first)");
    command->add_option("--before", options->before, "Stop before this line (default: at the end)");
    command->callback([options, name, &exit_status] { exit_status = report(*options, name); });
  };
  add("ps", "Processes after a trace", false);
  add("maps", "Areas of a process after a trace, as /proc would print them", true);
  add("frames", "Page frames in use after a trace, and by whom", false);
  add("lists", "Page frames after a trace, in the lists of the replacement policy", false);
  add("tables", "Page tables of a process after a trace", true);
}

}  // namespace vm::sim
