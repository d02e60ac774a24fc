// SPDX-License-Identifier: Apache-2.0
//
// Line and toggle coverage of an instrumented machine.
#pragma once

class VerilatedContext;

namespace vm {

// Adds the counts of this model to the coverage file of its machine (VM_COVERAGE_FILE), which any number of models and
// processes share. Throws std::runtime_error if it cannot be written.
void save_line_coverage(VerilatedContext& context);

}  // namespace vm
