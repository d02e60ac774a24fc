// SPDX-License-Identifier: Apache-2.0
//
// Reads trace files. Every error is an InputError that names file, line, column, what was found and what was expected.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "trace/ast.h"

namespace vm::trace {

struct ParseOptions {
  // The machine of a file that has no `machine` line (plain lackey output).
  std::string default_machine = "flat32";
  // Where the machines' own setups are (NAME.pwt); used by scenarios that have no setup lines. May be empty.
  std::filesystem::path setup_directory;
  // Where files named in a text lie (parse_text); empty: the working directory.
  std::filesystem::path directory;
};

Trace parse_file(const std::filesystem::path& file, const ParseOptions& options);
// The same for text that is not in a file; `name` stands in messages, includes are relative to options.directory.
Trace parse_text(std::string_view text, const std::string& name, const ParseOptions& options);

// The setup alone: an otherwise empty scenario on a machine, from its own setup file.
Trace parse_own_setup(const std::string& machine, const ParseOptions& options);

// Throws InputError at the first scenario for the ports; `where` says where only others go ("with --model").
void refuse_ports(const Trace& trace, std::string_view where);

// `N`, `random A..B`, `replay N,N,…` and `none`, `half`, `bursty`, `until N`; `where` stands in messages.
Latency parse_latency(std::string_view text, const std::string& where);
Stall parse_stall(std::string_view text, const std::string& where);

}  // namespace vm::trace
