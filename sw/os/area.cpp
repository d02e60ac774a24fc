// SPDX-License-Identifier: Apache-2.0
#include "os/area.h"

namespace vm {

SharedObject::~SharedObject() {
  for (const auto& [number, page] : pages) {
    if (page.frame) frames_.release(*page.frame);
  }
}

const Area* AreaMap::find(VirtAddr va) const {
  auto after = areas_.upper_bound(va.value);
  if (after == areas_.begin()) return nullptr;
  const Area& area = std::prev(after)->second;
  return area.contains(va.value) ? &area : nullptr;
}

const Area* AreaMap::stack_above(VirtAddr va, std::uint64_t reach) const {
  const auto above = areas_.upper_bound(va.value);
  if (above == areas_.end()) return nullptr;
  const Area& area = above->second;
  return area.grows_down && area.from - va.value <= reach ? &area : nullptr;
}

bool AreaMap::overlaps(std::uint64_t from, std::uint64_t to) const { return !in(from, to).empty(); }

void AreaMap::insert(Area area) {
  const std::uint64_t from = area.from;
  areas_.insert_or_assign(from, std::move(area));
}

void AreaMap::grow_down(std::uint64_t old_from, std::uint64_t new_from) {
  auto node = areas_.extract(old_from);
  node.key() = new_from;
  node.mapped().from = new_from;
  areas_.insert(std::move(node));
}

void AreaMap::split(std::uint64_t at) {
  auto after = areas_.upper_bound(at);
  if (after == areas_.begin()) return;
  Area& low = std::prev(after)->second;
  if (low.from == at || !low.contains(at)) return;
  Area high = low;
  high.from = at;
  high.grows_down = false;  // what lies below is no longer free
  low.to = at;
  areas_.emplace(at, std::move(high));
}

void AreaMap::remove(std::uint64_t from, std::uint64_t to) {
  split(from);
  split(to);
  areas_.erase(areas_.lower_bound(from), areas_.lower_bound(to));
}

void AreaMap::protect(std::uint64_t from, std::uint64_t to, Rights rights) {
  split(from);
  split(to);
  for (auto it = areas_.lower_bound(from); it != areas_.end() && it->first < to; ++it) it->second.rights = rights;
}

std::vector<Area> AreaMap::in(std::uint64_t from, std::uint64_t to) const {
  std::vector<Area> found;
  auto it = areas_.upper_bound(from);
  if (it != areas_.begin() && std::prev(it)->second.contains(from)) --it;
  for (; it != areas_.end() && it->first < to; ++it) found.push_back(it->second);
  return found;
}

}  // namespace vm
