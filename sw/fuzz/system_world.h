// SPDX-License-Identifier: Apache-2.0
//
// Where a random trace plays: which pages and frames it uses, and what it may say on this machine. Chosen once per
// trace, so that all its steps meet in few places.
//
// Physical memory is cut so that nothing disturbs the operating system's books: named frames (`map`), frames that the
// OS hands out (`free`), and memory that only a `raw` process reaches, tables included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "machine/context.h"
#include "machine/machine.h"
#include "machine/random.h"

namespace vm::fuzz {

// A size of pages: 0 and up by level, or a NAPOT range.
struct PageSize {
  unsigned level = 0;
  bool napot = false;
  std::string name;         // as in the trace; empty: the smallest
  std::uint64_t count = 1;  // base pages
};

// Where devices lie on this machine; null: nowhere beside what the traces use.
const Region* device_region(const Machine& machine);

class SystemWorld {
 public:
  SystemWorld(const Machine& machine, Random& random, unsigned pressure);

  const Machine& machine() const { return machine_; }
  bool is_flat() const { return machine_.format.kind == PteKind::Flat; }
  bool is_x86() const { return machine_.format.kind == PteKind::X86; }
  bool has_asids() const { return machine_.asid_bits != 0 && (!is_x86() || env.pcide); }

  Environment env;  // as the trace asks for it

  // Whether this trace has files and perhaps a page of zeros. If so the kernel may not write to read-only pages (CR0.WP
  // clear): what such a store leaves in a page that a file or everybody has is nobody's.
  bool has_files() const { return has_files_; }
  // Memory that is not cached and nobody else's, for devices.
  bool has_device() const { return has_files_ && device_region(machine_) != nullptr; }
  bool is_tight() const { return is_tight_; }  // so few frames that they run out
  bool is_pressed() const { return pressure_ != 0; }

  // --- virtual pages
  const std::vector<std::uint64_t>& pages() const { return pages_; }
  // First page of a large page of this size, where base pages of pages() lie too.
  std::uint64_t large_page(const PageSize& size, Random& random) const;
  const std::vector<PageSize>& sizes() const { return sizes_; }
  // The address of a page in a mode of so many levels.
  std::uint64_t address_of(std::uint64_t vpn, unsigned levels) const;
  std::uint64_t window_first() const { return window_first_; }  // pages for areas and system calls
  std::uint64_t window_pages() const { return window_pages_; }
  // Numbers of levels that processes can have.
  unsigned min_levels() const { return min_levels_; }
  unsigned max_levels() const { return max_levels_; }

  // --- frames
  const std::vector<std::uint64_t>& frames() const { return frames_; }  // for `map`
  std::uint64_t some_frame(const PageSize& size, Random& random) const;
  std::uint64_t free_first() const { return free_first_; }
  std::uint64_t free_count() const { return free_count_; }
  const std::vector<std::uint64_t>& raw_frames() const { return raw_frames_; }
  std::optional<std::uint64_t> hole() const { return hole_; }  // a frame that is none
  // Addresses of tables for a raw process, the root first, one for each level; empty: no such process here.
  const std::vector<std::uint64_t>& raw_tables() const { return raw_tables_; }
  // Where the table of the n-th process can be placed by hand, beside those of the OS; machines with trap_swap.
  std::optional<std::uint64_t> table_place(unsigned number) const;
  std::uint64_t raw_block() const { return raw_block_; }  // frame of a page of level 1 for the raw process; 0: none
  bool is_memory(std::uint64_t frame) const;

 private:
  void choose_environment(Random& random);
  void choose_sizes();
  void choose_pages(Random& random);
  void choose_frames(Random& random);
  void choose_flat_frames(Random& random);
  void choose_pressed_frames();
  void choose_raw_tables();
  void add_other_regions(std::uint64_t first);  // two frames of each region that does not begin there
  std::uint64_t first_block(const PageSize& size) const;

  const Machine& machine_;
  unsigned pressure_ = 0;  // percent of the pages that processes work on
  bool has_files_ = false, is_tight_ = false;
  unsigned min_levels_ = 1, max_levels_ = 1;
  std::vector<PageSize> sizes_;
  std::vector<std::uint64_t> pages_, frames_, raw_frames_, raw_tables_;
  std::uint64_t window_first_ = 0, window_pages_ = 0;
  std::uint64_t first_frame_ = 0, free_first_ = 0, free_count_ = 0, raw_block_ = 0;
  std::optional<std::uint64_t> hole_;
};

}  // namespace vm::fuzz
