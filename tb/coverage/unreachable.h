// SPDX-License-Identifier: Apache-2.0
//
// The bins that cannot be hit, each with the reason: the design, or the architecture, makes it impossible. That
// something is rare is no reason.
#pragma once

#include <string_view>

#include "machine/machine.h"

namespace vm {

// Empty: this machine can hit the bin.
std::string_view why_unreachable(const Machine& machine, std::string_view group, std::string_view name);

}  // namespace vm
