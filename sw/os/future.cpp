// SPDX-License-Identifier: Apache-2.0
#include "os/future.h"

#include <algorithm>

namespace vm {

Future::Future(std::span<const PageTouch> touches) {
  for (std::uint64_t number = 0; number < touches.size(); ++number) touches_[touches[number]].push_back(number);
}

void Future::pass(const PageTouch& touch) {
  if (const std::uint64_t number = next(touch); number != kNever) now_ = number + 1;
}

std::uint64_t Future::next(const PageTouch& page) const {
  const auto found = touches_.find(page);
  if (found == touches_.end()) return kNever;
  const auto number = std::lower_bound(found->second.begin(), found->second.end(), now_);
  return number == found->second.end() ? kNever : *number;
}

}  // namespace vm
