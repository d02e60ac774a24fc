// SPDX-License-Identifier: Apache-2.0
//
// Questions and verdicts in a line, for reports.
#pragma once

#include <string>

#include "rules.h"

namespace vm::sweep {

std::string describe(const Question& q);
std::string describe(const Verdict& v, unsigned levels);

}  // namespace vm::sweep
