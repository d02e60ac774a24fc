// SPDX-License-Identifier: Apache-2.0
//
// The bins that cannot be hit, each with the reason: the design, or the architecture, makes it impossible. That
// something is rare is no reason.
#pragma once

#include <span>
#include <string_view>

#include "machine/machine.h"

namespace vm {

struct Unreachable {
  const char* bins;            // extended fnmatch pattern over "group: name"
  bool (*on)(const Machine&);  // the machines of which this is so
  const char* reason;
};

std::span<const Unreachable> unreachable_bins();

// Empty: this machine can hit the bin.
std::string_view why_unreachable(const Machine& machine, std::string_view group, std::string_view name);

}  // namespace vm
