// SPDX-License-Identifier: Apache-2.0
//
// A cache with its data, for the reference platform: the mirror says where lines are, this holds their bytes and moves
// them to and from memory, so that an incoherent instruction cache or a dropped dirty line shows in the values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "machine/physical_memory.h"
#include "oracle/cache_mirror.h"

namespace vm {

// The memory behind the caches, with ranges that answer with bus errors, and a count of the requests made to it.
struct ReferenceBus {
  struct Range {
    PhysAddr from, to;  // [from, to)
  };
  PhysicalMemory memory;
  std::vector<Range> errors;
  unsigned reads = 0, writes = 0;

  bool fails(PhysAddr pa, std::uint64_t bytes) const;
  // One request; false: bus error, nothing moved.
  bool read(PhysAddr pa, std::span<std::uint8_t> bytes);
  bool write(PhysAddr pa, std::span<const std::uint8_t> bytes);
};

class ReferenceCache {
 public:
  ReferenceCache(const CacheGeometry& geometry, ReferenceBus& bus);

  bool present() const { return mirror_.present(); }

  struct Answer {
    bool ok = true;  // false: bus error
    bool hit = false;
  };
  // Cacheable accesses that lie inside one line.
  Answer read(PhysAddr pa, std::span<std::uint8_t> bytes);
  Answer write(PhysAddr pa, std::span<const std::uint8_t> bytes);
  // A store to memory that is written through: brings no line in, and makes none dirty. false: bus error.
  bool write_through(PhysAddr pa, std::span<const std::uint8_t> bytes);

  void maintain(const Fence& fence, bool clean, bool invalidate);

  ArrayWords read_tag(unsigned set, unsigned way) const;
  void write_tag(unsigned set, unsigned way, std::uint64_t data0);
  std::uint64_t read_word(unsigned set, unsigned way, unsigned word) const;
  void write_word(unsigned set, unsigned way, unsigned word, std::uint64_t data);

 private:
  std::span<std::uint8_t> line_at(CacheMirror::Place place);
  std::span<const std::uint8_t> word_at(unsigned set, unsigned way, unsigned word) const;
  void maintain_line(CacheMirror::Place place, bool clean, bool invalidate);
  // Brings the line in if it is not there; nullopt: bus error.
  std::optional<CacheMirror::Place> bring(PhysAddr pa, bool& hit);

  CacheMirror mirror_;
  ReferenceBus& bus_;
  std::vector<std::uint8_t> data_;
};

}  // namespace vm
