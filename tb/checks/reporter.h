// SPDX-License-Identifier: Apache-2.0
//
// Where checks put what they find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vm {

struct Mismatch {
  std::uint64_t cycle = 0;
  std::string check;    // "translation.walk", "translation.os-map", "translation.image", "data", "time", "state",
                        // "traffic", "counters", "protocol"
  std::string message;  // expected, actual, why, rules
};

class Reporter {
 public:
  static constexpr std::size_t kKept = 32;

  void set_cycle(std::uint64_t cycle) { cycle_ = cycle; }
  std::uint64_t cycle() const { return cycle_; }

  // The first kKept are kept with their texts, all are counted.
  void mismatch(std::string_view check, std::string message) {
    ++count_;
    if (kept_.size() < kKept) kept_.push_back({cycle_, std::string(check), std::move(message)});
  }

  std::uint64_t count() const { return count_; }
  std::span<const Mismatch> kept() const { return kept_; }

 private:
  std::uint64_t cycle_ = 0;
  std::uint64_t count_ = 0;
  std::vector<Mismatch> kept_;
};

}  // namespace vm
