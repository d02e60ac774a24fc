// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of pagewalk. Each adds itself to the command line and, when it was chosen, sets `exit_status`
// (0 clean, 1 mismatch or failed expectation, 2 bad input).
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "trace/parser.h"

namespace vm::sim {

constexpr int kClean = 0;
constexpr int kFailed = 1;
constexpr int kBadInput = 2;

void add_run(CLI::App& app, int& exit_status);
void add_replay(CLI::App& app, int& exit_status);
void add_explain(CLI::App& app, int& exit_status);
void add_machines(CLI::App& app, int& exit_status);
void add_fuzz(CLI::App& app, int& exit_status);
void add_reports(CLI::App& app, int& exit_status);
void add_bench(CLI::App& app, int& exit_status);
void add_compare(CLI::App& app, int& exit_status);
void add_coverage(CLI::App& app, int& exit_status);

// Where the scenarios and the machines' own setups are, in the source tree this program was built from.
std::filesystem::path scenario_directory();
trace::ParseOptions parse_options();

}  // namespace vm::sim
