// SPDX-License-Identifier: Apache-2.0
//
// pagewalk: runs traces on the verilated hardware, explains addresses, lists machines, measures speed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.h"
#include "machine/error.h"

namespace vm::sim {

std::filesystem::path scenario_directory() { return std::filesystem::path(VM_SOURCE_DIR) / "sim" / "scenarios"; }

trace::ParseOptions parse_options() {
  trace::ParseOptions options;
  options.setup_directory = scenario_directory() / "setup";
  return options;
}

}  // namespace vm::sim

int main(int argc, char** argv) {
  using namespace vm::sim;
  CLI::App app("Virtual-memory hardware under an operating system model that checks it on every cycle.", "pagewalk");
  app.require_subcommand(1);
  int status = kClean;
  add_run(app, status);
  add_replay(app, status);
  add_explain(app, status);
  add_machines(app, status);
  add_fuzz(app, status);
  add_reports(app, status);
  add_bench(app, status);
  add_compare(app, status);
  add_coverage(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kClean : kBadInput;
  } catch (const vm::InputError& error) {
    fmt::print(stderr, "pagewalk: {}\n", error.what());
    return kBadInput;
  } catch (const std::exception& error) {
    fmt::print(stderr, "pagewalk: {}\n", error.what());
    return kFailed;
  }
  return status;
}
