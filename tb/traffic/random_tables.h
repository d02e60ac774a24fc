// SPDX-License-Identifier: Apache-2.0
//
// Multi-level page tables made of random entries, for PortTraffic: two address spaces for every number of levels the
// machine offers, over a small pool of pages; superpages, NAPOT ranges, memory types, reserved and invalid entries
// among them. Every entry that a walk for one of the pages could meet is known and can be changed later.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "machine/machine.h"
#include "machine/pte.h"
#include "machine/random.h"

namespace vm {

class RandomTables {
 public:
  struct Slot {
    PhysAddr at;
    unsigned level = 0;
    std::uint64_t table = 0;  // PPN of the table it points to by nature; 0: level 0
    std::uint64_t value = 0;  // as written last by software
  };

  // Tables take the pages of a region from three quarters on; where walks go through the cache, a few take those of a
  // region that is not cached.
  RandomTables(const Machine& machine, Random& random);

  const std::vector<Slot>& slots() const { return slots_; }
  // First bytes of the pages, canonical in the narrowest mode.
  const std::vector<std::uint64_t>& pages() const { return pages_; }
  // Page numbers in memory that is no table's.
  const std::vector<std::uint64_t>& frames() const { return frames_; }
  bool in_tables(std::uint64_t pa) const {
    return std::any_of(homes_.begin(), homes_.end(),
                       [pa](const Home& home) { return pa >= home.first && pa < home.next; });
  }

  struct Root {
    PhysAddr base;
    unsigned levels = 0;
  };
  const std::vector<Root>& roots() const { return roots_; }

  // A new value for a slot, kept in it. `tame`: it keeps what it points to, and only accessed and dirty bits change.
  std::uint64_t change(std::size_t slot, bool tame);
  // Clears accessed and dirty bits of a slot on the path of this address below a root, so that a walk sets them again;
  // nullopt: no such page or root.
  std::optional<std::size_t> forget_use(std::uint64_t va, PhysAddr root);
  // Makes everything right on the path of a page in an address space, down to a leaf of this level (a superpage, if
  // above 0) with these rights, and executable. The slots, root first; empty if no page or no address space
  // is such.
  struct Leaf {
    unsigned level = 0;
    bool read = true, write = true, user = true, accessed = false, dirty = false, global = false;
    std::optional<Ppn> frame{};  // else one of the first frames
  };
  struct Path {
    std::array<std::size_t, Format::kMaxLevels> slots{};
    unsigned count = 0, levels = 0;
  };
  Path repair(std::uint64_t va, PhysAddr root, const Leaf& leaf);
  // A new value for a slot, kept in it: a leaf that permits all, for user or supervisor.
  std::uint64_t permit(std::size_t slot);
  // The same, whatever its level is by nature: a leaf with any rights, a pointer or a leaf
  // into nothing, or an entry that is reserved for some reason.
  std::uint64_t disturb(std::size_t slot);
  // The same pointer or leaf with one thing wrong.
  std::uint64_t spoil(std::size_t slot, const Context& context);
  // The value it had.
  void restore(std::size_t slot, std::uint64_t value) { slots_[slot].value = value; }
  // A slot on the path of the page at this address, in some address space.
  std::size_t slot_of(std::uint64_t va);

 private:
  void choose_frames();
  void choose_pages();
  void choose_edges(unsigned bits);  // of an address space of so many bits
  void build(unsigned levels);
  std::uint64_t new_table();
  std::uint64_t random_entry(const Slot& slot);
  Context some_context();
  Pte random_pte(const Slot& slot, bool points);
  std::uint64_t encoded(const Pte& pte, unsigned level);
  std::uint64_t spoiled(std::uint64_t raw, unsigned level, const Context& context);
  std::uint64_t index_of(std::uint64_t va, unsigned level) const;

  const Machine& machine_;
  Random& random_;
  struct Home {
    std::uint64_t first = 0, next = 0;  // the next table's address
  };
  std::vector<Home> homes_;
  std::vector<Slot> slots_;
  std::vector<std::vector<std::size_t>> paths_;  // by page: slots of all address spaces
  std::vector<std::uint64_t> pages_, frames_;
  std::vector<Root> roots_;
};

}  // namespace vm
