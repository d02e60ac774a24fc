// SPDX-License-Identifier: Apache-2.0
#include "coverage/unreachable.h"

#include <fnmatch.h>

#include <array>
#include <string>

namespace vm {

std::string_view why_unreachable(const Machine& machine, std::string_view group, std::string_view name) {
  (void)machine;
  (void)group;
  (void)name;
  return {};
}

}  // namespace vm
