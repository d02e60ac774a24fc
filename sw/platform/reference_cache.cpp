// SPDX-License-Identifier: Apache-2.0
#include "platform/reference_cache.h"

#include <algorithm>

namespace vm {

bool ReferenceBus::fails(PhysAddr pa, std::uint64_t bytes) const {
  return std::any_of(errors.begin(), errors.end(), [&](const Range& r) { return pa < r.to && r.from < pa + bytes; });
}

bool ReferenceBus::read(PhysAddr pa, std::span<std::uint8_t> bytes) {
  ++reads;
  if (fails(pa, bytes.size())) return false;
  memory.read(pa, bytes);
  return true;
}

bool ReferenceBus::write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  ++writes;
  if (fails(pa, bytes.size())) return false;
  memory.write(pa, bytes);
  return true;
}

ReferenceCache::ReferenceCache(const CacheGeometry& geometry, ReferenceBus& bus)
    : mirror_(geometry),
      bus_(bus),
      data_(static_cast<std::size_t>(geometry.sets) * geometry.ways * geometry.line_bytes) {}

std::span<std::uint8_t> ReferenceCache::line_at(CacheMirror::Place place) {
  const std::size_t line = static_cast<std::size_t>(place.set) * mirror_.ways() + place.way;
  return std::span(data_).subspan(line * mirror_.line_bytes(), mirror_.line_bytes());
}

std::optional<CacheMirror::Place> ReferenceCache::bring(PhysAddr pa, bool& hit) {
  const std::optional<CacheMirror::Place> found = mirror_.find(pa);
  hit = found.has_value();
  if (found) return found;
  const CacheMirror::Place place = mirror_.victim(pa);
  const std::span<std::uint8_t> line = line_at(place);
  const CacheTag gone = mirror_.begin_fill(place);
  // A write-back that memory refuses is lost: the hardware reports it beside the access that caused it.
  if (gone.valid && gone.dirty) bus_.write(gone.line, line);
  if (!bus_.read(mirror_.line_of(pa), line)) return std::nullopt;
  mirror_.end_fill(place, pa);
  return place;
}

ReferenceCache::Answer ReferenceCache::read(PhysAddr pa, std::span<std::uint8_t> bytes) {
  Answer answer;
  const std::optional<CacheMirror::Place> place = bring(pa, answer.hit);
  answer.ok = place.has_value();
  if (!place) return answer;
  const std::span<std::uint8_t> from = line_at(*place).subspan(pa - mirror_.line_of(pa), bytes.size());
  std::copy(from.begin(), from.end(), bytes.begin());
  mirror_.hit(*place, false);
  return answer;
}

ReferenceCache::Answer ReferenceCache::write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  Answer answer;
  const std::optional<CacheMirror::Place> place = bring(pa, answer.hit);
  answer.ok = place.has_value();
  if (!place) return answer;
  std::copy(bytes.begin(), bytes.end(), line_at(*place).subspan(pa - mirror_.line_of(pa)).begin());
  mirror_.hit(*place, true);
  return answer;
}

bool ReferenceCache::write_through(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (!bus_.write(pa, bytes)) return false;
  if (const std::optional<CacheMirror::Place> place = mirror_.find(pa)) {
    std::copy(bytes.begin(), bytes.end(), line_at(*place).subspan(pa - mirror_.line_of(pa)).begin());
    mirror_.hit(*place, false);
  }
  return true;
}

void ReferenceCache::maintain_line(CacheMirror::Place place, bool clean, bool invalidate) {
  const CacheTag& tag = mirror_.tag(place);
  if (!tag.valid) return;
  if (clean && tag.dirty) bus_.write(tag.line, line_at(place));
  if (clean) mirror_.clean(place);
  if (invalidate) mirror_.invalidate(place);
}

void ReferenceCache::maintain(const Fence& fence, bool clean, bool invalidate) {
  if (!present()) return;
  if (fence.by_addr) {
    if (const auto place = mirror_.find(PhysAddr(fence.addr))) maintain_line(*place, clean, invalidate);
    return;
  }
  for (unsigned set = 0; set < mirror_.sets(); ++set) {
    for (unsigned way = 0; way < mirror_.ways(); ++way) maintain_line({.set = set, .way = way}, clean, invalidate);
  }
}

ArrayWords ReferenceCache::read_tag(unsigned set, unsigned way) const {
  return {.data0 = pack_cache_tag(mirror_.tag({.set = set, .way = way})), .data1 = 0};
}

void ReferenceCache::write_tag(unsigned set, unsigned way, std::uint64_t data0) {
  mirror_.write({.set = set, .way = way}, unpack_cache_tag(data0));
}

std::span<const std::uint8_t> ReferenceCache::word_at(unsigned set, unsigned way, unsigned word) const {
  const std::size_t line = static_cast<std::size_t>(set) * mirror_.ways() + way;
  const std::size_t bytes = std::min<std::size_t>(8, mirror_.line_bytes());
  return std::span(data_).subspan(line * mirror_.line_bytes() + bytes * word, bytes);
}

std::uint64_t ReferenceCache::read_word(unsigned set, unsigned way, unsigned word) const {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::uint8_t byte : word_at(set, way, word)) {
    value |= static_cast<std::uint64_t>(byte) << shift;
    shift += 8;
  }
  return value;
}

void ReferenceCache::write_word(unsigned set, unsigned way, unsigned word, std::uint64_t data) {
  const std::size_t line = static_cast<std::size_t>(set) * mirror_.ways() + way;
  const std::size_t bytes = std::min<std::size_t>(8, mirror_.line_bytes());
  for (std::uint8_t& byte : std::span(data_).subspan(line * mirror_.line_bytes() + bytes * word, bytes)) {
    byte = static_cast<std::uint8_t>(data);
    data >>= 8;
  }
}

}  // namespace vm
