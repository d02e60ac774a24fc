// SPDX-License-Identifier: Apache-2.0
//
// The part of the coverage report about lines and toggles of the RTL.
#pragma once

#include <string>

#include "line_coverage.h"

namespace vm::sim {

// A table of files with percentages.
std::string line_coverage_summary(const LineCoverage& lines);
// The lines of each file that did not run, or have bits that did not change, with a little source around the first.
std::string line_coverage_sources(const LineCoverage& lines);

}  // namespace vm::sim
