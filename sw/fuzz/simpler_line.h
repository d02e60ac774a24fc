// SPDX-License-Identifier: Apache-2.0
//
// What a line of a trace could be instead: the same with less in it. Each is strictly simpler (shorter, or with a
// smaller number), so that replacing over and over ends; some may not be in the language.
#pragma once

#include <string>
#include <vector>

namespace vm::fuzz {

std::vector<std::string> simpler_lines(const std::string& line);  // the boldest first

}  // namespace vm::fuzz
