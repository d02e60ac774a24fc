// SPDX-License-Identifier: Apache-2.0
#include "os/reverse_map.h"

namespace vm {

void ReverseMap::add(std::uint64_t number, Mapper mapper) {
  mapper_count_ += entries_[number].insert(mapper).second ? 1 : 0;
}

void ReverseMap::remove(std::uint64_t number, Mapper mapper) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  mapper_count_ -= found->second.erase(mapper);
  if (found->second.empty()) entries_.erase(found);
}

std::size_t ReverseMap::count(std::uint64_t number) const {
  const auto found = entries_.find(number);
  return found == entries_.end() ? 0 : found->second.size();
}

std::vector<Mapper> ReverseMap::mappers(std::uint64_t number) const {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace vm
