// SPDX-License-Identifier: Apache-2.0
//
// The reverse map: which pages of which processes name a frame, or a slot of the swap file. A frame can leave memory
// only when every one of them is dealt with. Finding them costs as much as there are of them, whatever the number of
// processes; adding and removing one costs the logarithm of that.
#pragma once

#include <cstdint>
#include <set>
#include <unordered_map>
#include <vector>

#include "machine/address.h"

namespace vm {

struct Mapper {
  std::uint32_t process = 0;
  Vpn vpn;
  auto operator<=>(const Mapper&) const = default;  // NOLINT(modernize-use-nullptr): sees 0 in <=>
};

class ReverseMap {
 public:
  void add(std::uint64_t number, Mapper mapper);
  void remove(std::uint64_t number, Mapper mapper);
  std::size_t count(std::uint64_t number) const;
  std::vector<Mapper> mappers(std::uint64_t number) const;    // by process and page
  std::size_t size() const { return entries_.size(); }        // numbers with a mapper
  std::size_t mapper_count() const { return mapper_count_; }  // of all numbers together

 private:
  std::unordered_map<std::uint64_t, std::set<Mapper>> entries_;
  std::size_t mapper_count_ = 0;
};

}  // namespace vm
