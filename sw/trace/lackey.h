// SPDX-License-Identifier: Apache-2.0
//
// What `valgrind --tool=lackey --trace-mem=yes` prints, as a scenario of the trace language: one process with an area
// around every page that is touched, frames for all of them, and a swap file.
#pragma once

#include <filesystem>
#include <string>

namespace vm::trace {

// Its first line that is not valgrind's own (`==PID== …`) is an access in lackey's form.
bool is_lackey_file(const std::filesystem::path& file);
// Throws InputError if a line is no access, or an address does not fit the machine.
std::string lackey_trace(const std::filesystem::path& file, const std::string& machine);

}  // namespace vm::trace
