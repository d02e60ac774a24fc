// SPDX-License-Identifier: Apache-2.0
//
// What lies in memory for random traffic on the ports, and where: page tables, the pages that accesses go to, the
// frames behind them. Known before there is a testbench, so that a caller can choose where memory shall answer with
// errors.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "drivers/memory_agent.h"
#include "machine/machine.h"
#include "machine/random.h"
#include "traffic/random_tables.h"

namespace vm {

class TrafficMemory {
 public:
  TrafficMemory(const Machine& machine, std::uint64_t seed);  // the machine must outlive it
  TrafficMemory(const TrafficMemory&) = delete;
  TrafficMemory& operator=(const TrafficMemory&) = delete;

  struct Entry {
    PhysAddr at;
    std::uint64_t value = 0;
  };
  struct Range {
    PhysAddr at;
    std::uint64_t bytes = 0;
  };
  // At the start: the entries of all tables, then bytes that anything may be (later ones replace earlier ones).
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<Range>& data() const { return data_; }

  // Of several levels; else flat ones at two bases.
  bool tree() const { return tables_.has_value(); }
  const std::vector<RandomTables::Root>& roots() const { return tables_->roots(); }
  const std::vector<std::uint64_t>& bases() const { return bases_; }
  // A base from which most entries, or all, lie where nothing is: in a hole of the map, or beyond its end.
  std::uint64_t outside() const { return outside_; }
  bool in_tables(std::uint64_t pa) const;

  std::uint64_t some_page(Random& random) const { return pages_[random.below(pages_.size())]; }     // first byte
  std::uint64_t some_frame(Random& random) const { return frames_[random.below(frames_.size())]; }  // first byte

  // A new value for an entry on the path of this address (an address that no table serves: of another one), in some
  // address space. `tame`: it keeps what it points to, and only accessed and dirty bits change.
  Entry change_on_path(std::uint64_t va, bool tame);
  // The same for any entry; rarely one that is no leaf, or what is below it would hardly be used.
  Entry change_somewhere(std::uint64_t va);
  // An entry on the path of this address below a root, its accessed and dirty bits cleared; nullopt: there is none.
  std::optional<Entry> forget_use(std::uint64_t va, PhysAddr root);
  // What has to be written so that a page can be used in this address space, root first, the leaf last. Empty on
  // machines with flat tables, or if there is no such page.
  struct Path {
    std::array<Entry, Format::kMaxLevels> entries;
    std::array<std::size_t, Format::kMaxLevels> slots{};
    unsigned count = 0;   // of the entries; the leaf is at level `levels` - `count`
    unsigned levels = 0;  // of the address space
  };
  Path repair(std::uint64_t va, PhysAddr root, const RandomTables::Leaf& leaf);
  // A new value for an entry of such a path: one that has anything or nothing wrong with it, a leaf that permits all,
  // the one it had.
  Entry permit(const Path& path, unsigned i);
  Entry disturb(const Path& path, unsigned i);
  Entry spoil(const Path& path, unsigned i, const Context& context);
  Entry restore(const Path& path, unsigned i);

  // Where memory might answer with errors: whole lines, of frames and of entries that accesses need.
  std::vector<ErrorRange> error_ranges() const;

 private:
  void choose_bases();
  void choose_outside();
  void choose_pages();
  void choose_frames();
  std::uint64_t flat_entry();

  const Machine& machine_;
  Random random_;
  std::optional<RandomTables> tables_;
  std::vector<std::uint64_t> bases_, pages_, frames_;
  std::uint64_t outside_ = 0;
  std::vector<Entry> entries_;
  std::vector<Range> data_;
};

}  // namespace vm
