// SPDX-License-Identifier: Apache-2.0
#include "os/area.h"

#include <algorithm>

namespace vm {

bool Area::continues(const Area& low) const {
  // A stack keeps its own lower end. Without an object there is nothing that two areas could be at odds about.
  return low.to == from && rights == low.rights && shared == low.shared && may_write == low.may_write && !grows_down &&
         !low.grows_down && object == low.object &&
         (!object || (object_at == low.object_at && object_bytes == low.object_bytes));
}

AreaMap::Iterator AreaMap::first_in(std::uint64_t from) const {
  auto it = areas_.upper_bound(from);
  if (it != areas_.begin() && std::prev(it)->second.contains(from)) --it;
  return it;
}

const Area* AreaMap::find(VirtAddr va) const {
  const auto it = first_in(va.value);
  return it != areas_.end() && it->second.contains(va.value) ? &it->second : nullptr;
}

const Area* AreaMap::stack_above(VirtAddr va, std::uint64_t reach) const {
  const auto above = areas_.upper_bound(va.value);
  if (above == areas_.end()) return nullptr;
  const Area& area = above->second;
  return area.grows_down && area.from - va.value <= reach ? &area : nullptr;
}

bool AreaMap::overlaps(std::uint64_t from, std::uint64_t to) const {
  const auto it = first_in(from);
  return it != areas_.end() && it->first < to;
}

std::optional<std::uint64_t> AreaMap::free_end_below(std::uint64_t limit, std::uint64_t bytes, std::uint64_t gap,
                                                     std::uint64_t floor) {
  std::uint64_t end = limit;
  const bool known = full_.to == limit && full_.bytes <= bytes && full_.gap == gap;
  if (known) end = full_.from;
  const auto fits = [&](std::uint64_t from) { return end > from && end - from >= bytes; };
  // A stack above the limit may want its gap below it.
  for (auto it = areas_.lower_bound(limit); it != areas_.end() && it->first - std::min(it->first, gap) < limit; ++it) {
    if (it->second.grows_down) end = std::min(end, it->first - std::min(it->first, gap));
  }
  for (auto it = areas_.lower_bound(known ? full_.from : limit); it != areas_.begin();) {
    const Area& area = std::prev(it)->second;
    // What lies above this area, down to its end (of an area that reaches beyond the limit: nothing).
    if (fits(std::max(area.to, floor))) break;
    --it;
    end = std::min(end, area.grows_down ? area.from - std::min(area.from, gap) : area.from);
  }
  full_ = {.from = end, .to = limit, .bytes = bytes, .gap = gap};
  const auto below = areas_.lower_bound(end);
  const std::uint64_t bottom = below == areas_.begin() ? floor : std::max(floor, std::prev(below)->second.to);
  return fits(bottom) ? std::optional(end) : std::nullopt;
}

void AreaMap::insert(Area area) {
  const std::uint64_t from = area.from, to = area.to;
  if (area.grows_down) full_ = {};  // its gap may reach below what was full
  areas_.insert_or_assign(from, std::move(area));
  merge(from);
  merge(to);
}

void AreaMap::grow_down(std::uint64_t old_from, std::uint64_t new_from) {
  full_ = {};  // the gap moves with it
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

void AreaMap::merge(std::uint64_t at) {
  const auto high = areas_.find(at);
  if (high == areas_.end() || high == areas_.begin()) return;
  const auto low = std::prev(high);
  if (!high->second.continues(low->second)) return;
  low->second.to = high->second.to;
  areas_.erase(high);
}

void AreaMap::remove(std::uint64_t from, std::uint64_t to) {
  full_ = {};
  split(from);
  split(to);
  areas_.erase(areas_.lower_bound(from), areas_.lower_bound(to));
}

void AreaMap::protect(std::uint64_t from, std::uint64_t to, Rights rights) {
  split(from);
  split(to);
  std::vector<std::uint64_t> borders = {to};
  for (auto it = areas_.lower_bound(from); it != areas_.end() && it->first < to; ++it) {
    it->second.rights = rights;
    borders.push_back(it->first);
  }
  for (const std::uint64_t border : borders) merge(border);
}

std::vector<Area> AreaMap::in(std::uint64_t from, std::uint64_t to) const {
  std::vector<Area> found;
  for (auto it = first_in(from); it != areas_.end() && it->first < to; ++it) found.push_back(it->second);
  return found;
}

std::uint64_t AreaMap::covered_from(std::uint64_t from, std::uint64_t to) const {
  for (auto it = first_in(from); it != areas_.end() && from < to && it->second.contains(from); ++it) {
    from = it->second.to;
  }
  return std::min(from, to);
}

}  // namespace vm
