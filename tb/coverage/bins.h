// SPDX-License-Identifier: Apache-2.0
//
// Bins of functional coverage: counters with names, in groups. All of them are made before the first cycle; counting
// one is an increment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace vm {

struct Bin {
  std::string group;
  std::string name;    // the values of the properties it stands for: "reserved, level 1, load"
  std::string reason;  // why this machine can never hit it; empty: claimed, a campaign has to hit it
  std::uint64_t hits = 0;
  bool operator==(const Bin&) const = default;
};

class BinTable {
 public:
  explicit BinTable(const Machine& machine) : machine_(machine) {}

  // Its number. The reason is looked up in coverage/unreachable.h.
  std::size_t add(std::string group, std::string name);
  void hit(std::size_t number, std::uint64_t times = 1) { bins_[number].hits += times; }

  const std::vector<Bin>& bins() const { return bins_; }
  std::vector<Bin>& bins() { return bins_; }
  const Machine& machine() const { return machine_; }

 private:
  const Machine& machine_;
  std::vector<Bin> bins_;
};

using Values = std::vector<std::string>;

// A bin for every combination of the values of one to four properties.
class Cross {
 public:
  Cross(BinTable& table, const std::string& group, const std::vector<Values>& properties);

  // The value of each property by its place in the list; one that is in no list counts nowhere (what the hardware must
  // not say is the checks' business).
  template <class... Places>
  void hit(Places... places) const {
    static_assert(sizeof...(Places) <= kMostProperties);
    const std::array<std::size_t, sizeof...(Places)> at = {static_cast<std::size_t>(places)...};
    std::size_t number = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] >= sizes_[i]) return;
      number = number * sizes_[i] + at[i];
    }
    table_->hit(first_ + number);
  }

 private:
  static constexpr std::size_t kMostProperties = 4;

  BinTable* table_;
  std::size_t first_;
  std::array<std::size_t, kMostProperties> sizes_{};
};

// Lists that several groups use. Places are the numbers of the enumerations.
Values access_values();     // AccessKind
Values privilege_values();  // 0 supervisor, 1 user
Values level_values(const Machine& machine);

// "level 3"
std::string level_name(unsigned level);

}  // namespace vm
