// SPDX-License-Identifier: Apache-2.0
//
// Places in trace files, and the one form that every complaint about a trace has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "machine/error.h"

namespace vm::trace {

// A place in one of the files of a trace; line and column count from 1.
struct Place {
  std::uint32_t file = 0;  // index into Files
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// The names of the files a trace is made of (includes too), as the user wrote them.
using Files = std::vector<std::string>;

std::string to_string(const Files& files, Place place);  // "FILE:LINE:COLUMN"

// Throws InputError "FILE:LINE:COLUMN: found FOUND, expected EXPECTED".
[[noreturn]] void fail(const Files& files, Place place, std::string_view found, std::string_view expected);

}  // namespace vm::trace
