// SPDX-License-Identifier: Apache-2.0
//
// Pages in the order in which processes touch them. The kernel can note it down while it runs; given to a second run of
// the same trace it is that run's future, which Belady's optimum needs.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "machine/address.h"

namespace vm {

struct PageTouch {
  std::uint32_t process = 0;
  Vpn vpn;
  auto operator<=>(const PageTouch&) const = default;  // NOLINT(modernize-use-nullptr): sees 0 in <=>
};

class Future {
 public:
  static constexpr std::uint64_t kNever = ~0ULL;

  Future() = default;
  explicit Future(std::span<const PageTouch> touches);
  // This page is touched now. A run that differs from the one before, because accesses are refused, catches up with the
  // next touch of the page.
  void pass(const PageTouch& touch);
  std::uint64_t next(const PageTouch& page) const;  // the number of its next touch, or kNever

 private:
  std::map<PageTouch, std::vector<std::uint64_t>> touches_;  // numbers, rising
  std::uint64_t now_ = 0;                                    // the number of the next touch
};

}  // namespace vm
