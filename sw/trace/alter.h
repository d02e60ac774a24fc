// SPDX-License-Identifier: Apache-2.0
//
// Alters one expectation of a trace, so that a test can show that every expectation is really compared
// (scripts/expectation-check): the altered trace must fail.
#pragma once

#include <cstddef>
#include <string>

#include "trace/ast.h"

namespace vm::trace {

std::size_t count_expectations(Trace& trace);

struct Alteration {
  std::size_t scenario = 0;  // index of the scenario that holds it
  std::string what;          // "FILE:LINE:COLUMN: value byte 0"
};

// n counts from 0; throws InputError if there are not so many.
Alteration alter_expectation(Trace& trace, std::size_t n);

}  // namespace vm::trace
