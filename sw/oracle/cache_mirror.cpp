// SPDX-License-Identifier: Apache-2.0
#include "oracle/cache_mirror.h"

#include <algorithm>
#include <bit>

namespace vm {

CacheMirror::CacheMirror(const CacheGeometry& geometry)
    : geometry_(geometry),
      line_bits_(static_cast<unsigned>(std::countr_zero(geometry.line_bytes))),
      tags_(static_cast<std::size_t>(geometry.sets) * geometry.ways),
      plru_(geometry.sets, geometry.ways) {}

std::optional<CacheMirror::Place> CacheMirror::find(PhysAddr pa) const {
  Place place{.set = set_of(pa), .way = 0};
  for (; place.way < geometry_.ways; ++place.way) {
    if (tag(place).valid && tag(place).line == line_of(pa)) return place;
  }
  return std::nullopt;
}

void CacheMirror::hit(Place place, bool write) {
  tags_[index(place)].dirty |= write;
  plru_.touch(place.set, place.way);
}

CacheMirror::Place CacheMirror::victim(PhysAddr pa) const {
  Place place{.set = set_of(pa), .way = 0};
  for (; place.way < geometry_.ways; ++place.way) {
    if (!tag(place).valid) return place;
  }
  place.way = plru_.victim(place.set);
  return place;
}

CacheTag CacheMirror::begin_fill(Place place) {
  CacheTag& line = tags_[index(place)];
  const CacheTag before = line;
  line.valid = false;
  return before;
}

void CacheMirror::end_fill(Place place, PhysAddr pa) {
  tags_[index(place)] = {.valid = true, .dirty = false, .line = line_of(pa)};
  plru_.touch(place.set, place.way);
}

void CacheMirror::write(Place place, const CacheTag& tag) {
  // The set is where the line lies, whatever those bits of the address in the word say.
  const std::uint64_t reach = static_cast<std::uint64_t>(geometry_.line_bytes) * geometry_.sets;
  CacheTag& line = tags_[index(place)];
  line = tag;
  line.line = PhysAddr(tag.line.value / reach * reach + static_cast<std::uint64_t>(place.set) * geometry_.line_bytes);
}

void CacheMirror::reset() {
  std::fill(tags_.begin(), tags_.end(), CacheTag{});
  plru_.reset();
}

}  // namespace vm
