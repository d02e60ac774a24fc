// SPDX-License-Identifier: Apache-2.0
//
// Where an oracle is known to depart from the manual. Each departure says what the oracle does instead, so precisely
// that its answer can be foretold: a difference is explained only if the foretold answer is the one that came.
#pragma once

#include <span>
#include <string_view>

#include "case.h"

namespace vm::oracle {

struct Reason {
  std::string_view what;     // the oracle does
  std::string_view section;  // of the manual that decides
  // Changes a case into one to which the manual's answer is this oracle's answer to the original.
  void (*alter)(Case& c);
  // Changes the answer to the altered case into the oracle's to the original.
  void (*relabel)(const Machine& machine, const Case& c, SubjectAnswer& answer);
};

std::span<const Reason> reasons(PteKind kind, std::string_view oracle);

// The smallest set of reasons (bit i = reasons[i]) with which `seen` is the answer to be expected; 0: unexplained. Where
// the foretold answer is an address, the oracle is asked again whether it is the one.
unsigned explain(const Machine& machine, std::span<const Reason> reasons, const Case& c, const Answer& seen,
                 Oracle& oracle);

}  // namespace vm::oracle
