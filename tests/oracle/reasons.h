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

// A case to which an oracle gave another answer than ours.
struct Difference {
  const Case* asked = nullptr;
  Answer seen;
  unsigned reasons =
      0;  // found by explain: the smallest set (bit i = reasons[i]) that foretells the answer; 0: none does
};

// Where the foretold answer is an address, the oracle is asked again whether it is the one.
void explain(const Machine& machine, std::span<const Reason> reasons, std::span<Difference> differences,
             Oracle& oracle);

}  // namespace vm::oracle
