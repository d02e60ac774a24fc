// SPDX-License-Identifier: Apache-2.0
//
// What a cache must hold, without the data: which lines, where, dirty or not. Write-back, write-allocate; set = address
// bits above the line; a miss replaces the lowest invalid way, else the pseudo-LRU victim; pseudo-LRU is touched by a
// hit and by a fill. Uncached accesses never come here.
//
// What bits that have turned over make of it (M13): a line whose tag word has wrong parity is none, and is the first to
// be replaced; if it is dirty, what was stored in it is lost. A word with wrong parity is fetched again with its line,
// if that is clean. A line is dirty if either of its two dirty bits says so.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "machine/array_layout.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "oracle/plru.h"

namespace vm {

class CacheMirror {
 public:
  struct Place {
    unsigned set = 0;
    unsigned way = 0;
  };

  explicit CacheMirror(const CacheGeometry& geometry);

  bool present() const { return geometry_.ways != 0; }
  unsigned sets() const { return geometry_.sets; }
  unsigned ways() const { return geometry_.ways; }
  unsigned line_bytes() const { return geometry_.line_bytes; }
  unsigned set_of(PhysAddr pa) const { return static_cast<unsigned>(pa.value >> line_bits_) & (geometry_.sets - 1); }
  PhysAddr line_of(PhysAddr pa) const { return PhysAddr(pa.value & ~low_mask(line_bits_)); }

  // Where the line of this address lies; nullopt: nowhere (a miss). Pure.
  std::optional<Place> find(PhysAddr pa) const;
  void hit(Place place, bool write);  // touches; a write makes dirty

  // A miss: victim() says which line goes, with its state before (dirty: it is written back first); begin_fill() takes
  // it out. end_fill() brings the new line in, clean and touched. A fill with a bus error never ends: the way stays
  // empty.
  Place victim(PhysAddr pa) const;
  CacheTag begin_fill(Place place);
  void end_fill(Place place, PhysAddr pa);
  void install(Place place, PhysAddr pa);  // as end_fill(), but not touched: that is for who waits for the line

  void clean(Place place);
  void invalidate(Place place);

  const CacheTag& tag(Place place) const { return tags_[index(place)]; }
  bool valid(Place place) const { return tag(place).valid && !upsets_[index(place)].tag; }
  bool dirty(Place place) const { return tag(place).dirty || upsets_[index(place)].dirty; }

  // A bit of the tag word, of the dirty bits or of a data word turns over.
  void flip_tag(Place place) { upsets_[index(place)].tag = !upsets_[index(place)].tag; }
  void flip_dirty(Place place) { upsets_[index(place)].dirty = !upsets_[index(place)].dirty; }
  void flip_word(Place place, unsigned word) { upsets_[index(place)].words.flip(word); }
  bool upset_word(Place place, PhysAddr pa) const { return upsets_[index(place)].words[word_of(pa)]; }
  bool any_upset_word(Place place) const { return upsets_[index(place)].words.any(); }
  void heal_word(Place place, unsigned word) { upsets_[index(place)].words.reset(word); }  // it is written as a whole
  unsigned word_of(PhysAddr pa) const { return static_cast<unsigned>(pa.value & low_mask(line_bits_)) / 8; }
  // The lowest way of the set whose line is lost: dirty, and its tag word has wrong parity.
  std::optional<Place> lost(unsigned set) const;

  void write(Place place, const CacheTag& tag);  // array port: touches no pseudo-LRU
  void reset();

 private:
  struct Upsets {
    bool tag = false, dirty = false;
    std::bitset<256> words;  // of the longest line
  };

  std::size_t index(Place p) const { return static_cast<std::size_t>(p.set) * geometry_.ways + p.way; }

  CacheGeometry geometry_;  // lines and sets are powers of two
  unsigned line_bits_;
  std::vector<CacheTag> tags_;
  std::vector<Upsets> upsets_;
  TreePlru plru_;
};

}  // namespace vm
