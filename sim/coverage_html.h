// SPDX-License-Identifier: Apache-2.0
//
// The coverage report: one HTML file that needs no other.
#pragma once

#include <span>
#include <string>

#include "coverage/coverage.h"
#include "line_coverage.h"

namespace vm::sim {

std::string coverage_html(std::span<const CoverageRecord> records, const LineCoverage& lines);

// Text as HTML shows it.
std::string escaped(std::string_view text);

}  // namespace vm::sim
