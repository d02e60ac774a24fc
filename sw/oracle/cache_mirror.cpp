// SPDX-License-Identifier: Apache-2.0
#include "oracle/cache_mirror.h"

#include <algorithm>
#include <bit>

namespace vm {

CacheMirror::CacheMirror(const CacheGeometry& geometry)
    : geometry_(geometry),
      line_bits_(static_cast<unsigned>(std::countr_zero(geometry.line_bytes))),
      tags_(static_cast<std::size_t>(geometry.sets) * geometry.ways),
      upsets_(tags_.size()),
      plru_(geometry.sets, geometry.ways) {}

std::optional<CacheMirror::Place> CacheMirror::find(PhysAddr pa) const {
  Place place{.set = set_of(pa), .way = 0};
  for (; place.way < geometry_.ways; ++place.way) {
    if (valid(place) && tag(place).line == line_of(pa)) return place;
  }
  return std::nullopt;
}

void CacheMirror::hit(Place place, bool write) {
  tags_[index(place)].dirty |= write;
  if (write) upsets_[index(place)].dirty = false;
  plru_.touch(place.set, place.way);
}

CacheMirror::Place CacheMirror::victim(PhysAddr pa) const {
  Place place{.set = set_of(pa), .way = 0};
  for (; place.way < geometry_.ways; ++place.way) {
    if (upsets_[index(place)].tag) return place;
  }
  for (place.way = 0; place.way < geometry_.ways; ++place.way) {
    if (!tag(place).valid) return place;
  }
  place.way = plru_.victim(place.set);
  return place;
}

void CacheMirror::clean(Place place) {
  tags_[index(place)].dirty = false;
  upsets_[index(place)].dirty = false;
}

void CacheMirror::invalidate(Place place) {
  CacheTag& line = tags_[index(place)];
  line.valid = line.dirty = false;
  upsets_[index(place)].tag = upsets_[index(place)].dirty = false;
}

std::optional<CacheMirror::Place> CacheMirror::lost(unsigned set) const {
  for (Place place{.set = set, .way = 0}; place.way < geometry_.ways; ++place.way) {
    if (upsets_[index(place)].tag && dirty(place)) return place;
  }
  return std::nullopt;
}

CacheTag CacheMirror::begin_fill(Place place) {
  CacheTag& line = tags_[index(place)];
  const CacheTag before = line;
  invalidate(place);
  return before;
}

void CacheMirror::install(Place place, PhysAddr pa) {
  tags_[index(place)] = {.valid = true, .dirty = false, .line = line_of(pa)};
  upsets_[index(place)] = {};
}

void CacheMirror::end_fill(Place place, PhysAddr pa) {
  install(place, pa);
  plru_.touch(place.set, place.way);
}

void CacheMirror::write(Place place, const CacheTag& tag) {
  // The set is where the line lies, whatever those bits of the address in the word say.
  const std::uint64_t reach = static_cast<std::uint64_t>(geometry_.line_bytes) * geometry_.sets;
  CacheTag& line = tags_[index(place)];
  line = tag;
  line.dirty &= tag.valid;
  upsets_[index(place)].tag = upsets_[index(place)].dirty = false;
  line.line = PhysAddr(tag.line.value / reach * reach + static_cast<std::uint64_t>(place.set) * geometry_.line_bytes);
}

void CacheMirror::reset() {
  std::fill(tags_.begin(), tags_.end(), CacheTag{});
  std::fill(upsets_.begin(), upsets_.end(), Upsets{});
  plru_.reset();
}

}  // namespace vm
