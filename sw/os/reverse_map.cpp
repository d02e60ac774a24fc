// SPDX-License-Identifier: Apache-2.0
#include "os/reverse_map.h"

namespace vm {

void ReverseMap::add(std::uint64_t number, Mapper mapper) {
  Entry& entry = entries_[number];
  if (entry.mappers.empty()) {
    entry.since = clock_++;
    by_age_[entry.since] = number;
  }
  mapper_count_ += entry.mappers.insert(mapper).second ? 1 : 0;
}

void ReverseMap::remove(std::uint64_t number, Mapper mapper) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  mapper_count_ -= found->second.mappers.erase(mapper);
  if (!found->second.mappers.empty()) return;
  by_age_.erase(found->second.since);
  entries_.erase(found);
}

std::size_t ReverseMap::count(std::uint64_t number) const {
  const auto found = entries_.find(number);
  return found == entries_.end() ? 0 : found->second.mappers.size();
}

std::vector<Mapper> ReverseMap::mappers(std::uint64_t number) const {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return {};
  return {found->second.mappers.begin(), found->second.mappers.end()};
}

std::optional<std::uint64_t> ReverseMap::oldest(const std::function<bool(std::uint64_t)>& wanted) const {
  for (const auto& [since, number] : by_age_) {
    if (wanted(number)) return number;
  }
  return std::nullopt;
}

}  // namespace vm
