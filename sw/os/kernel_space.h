// SPDX-License-Identifier: Apache-2.0
//
// Kernel space: the upper part of every address space, which only the supervisor may use.
//
//     split                      the direct map: physical memory from the first byte of its first region on, in the
//                                largest pages that fit; at most seven eighths of kernel space
//     code, and the page behind  the kernel's code (from the trap vector on) and its data
//     window .. the end          what differs from process to process: the kernel stack, two pages below the last one
//
// All but the window is the same in every process. Tables of several levels share it: the entries of every root name
// the same tables, so what is mapped there later is there for all. The window begins at the last entry of the root,
// code at the entry before. A flat table has no part that could be shared: its rows are copied into each, the code
// stands sixteen pages below the end and the window eight.
//
// The alternate (machines with trap_swap): the kernel has a table of its own, and is in no other. When an exception
// starts hardware puts that table into force, and the table before when it ends. Its last pages are the stack of the
// process that runs, data, and code; from page 0 on it maps physical memory.
//
// Entries that all share are global where the format knows that, and have accessed and dirty bits set from the start,
// so hardware never changes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machine/context.h"
#include "os/kernel.h"
#include "os/process.h"

namespace vm {

class KernelSpace {
 public:
  // So many pages from `first` on are the frames from `frame` on.
  struct Range {
    Vpn first;
    std::uint64_t pages = 0;
    Ppn frame;
    Rights rights;
    MemType type = MemType::WriteBack;
    bool named = false;  // the user mapped it, and its frames are counted
    bool paged = false;  // of the pool: it may leave memory
  };

  static constexpr std::uint64_t kStackPages = 2;

  // Lays it out for tables of so many levels, takes frames for code, data and tables. InputError: the machine cannot
  // keep users out, has too few pages, or too few frames.
  KernelSpace(Kernel::State& state, const KernelSpaceOptions& options, unsigned levels);

  const KernelSpaceOptions& options() const { return options_; }
  unsigned levels() const { return levels_; }
  Vpn split() const { return split_; }
  // Of an address space of a process.
  bool contains(Vpn vpn) const { return !own_table_ && vpn >= split_; }
  bool is_own_table(const Context& context) const { return context.translate && own_table_ == context.base; }
  void start();                                                 // the hardware runs
  const std::vector<Range>& ranges() const { return ranges_; }  // direct map, code, data; then what the user mapped
  const Range* find(Vpn vpn) const;                             // of what all share; nullptr: nothing there
  OsMapping mapping(Vpn vpn) const;                             // of what all share
  VirtAddr address_of(Vpn vpn) const;                           // as the hardware wants it
  // The kernel alone stores to the frames of its code and data.
  bool is_own(const Range& range) const { return !range.named && &range != &ranges_.front(); }
  // Where the direct map has this physical address.
  std::optional<VirtAddr> direct_address(PhysAddr pa) const;

  // Gives a root or flat table, whose kernel part is empty, what all share.
  void share_with(const Process& process);
  // A flat table goes back: no rows may be left that a later owner would not get anyway.
  void take_back(const Process& process);
  bool give_stack(Process& process);  // false: no frame left
  void take_stack(const Process& process);

  // For all processes, from now on. InputError: something else is there, or it is no page for kernel space.
  void map(Vpn vpn, Ppn frame, Rights rights, const Kernel::MapOptions& options);
  bool unmap(Vpn vpn);  // false: no page that the user mapped here

  // --- kernel_pool.cpp: kernel memory that is paged, `options().pool_pages` behind the kernel's data
  enum class PoolFault : std::uint8_t { Served, Refused, NoMemory, DiskError };
  bool is_pool(Vpn vpn) const { return !own_table_ && vpn.value - (data_.value + 1) < options_.pool_pages; }
  PoolFault serve_pool(Vpn vpn, const Fault& fault);
  bool page_out_of_pool();  // false: nothing of it can leave
  std::size_t pool_slots() const { return pool_slots_.size(); }

  // --- trap.cpp: the kernel's own accesses, if options().traps
  // From user mode (or a nested fault) into the kernel: code is fetched at the trap vector, a word of kernel data
  // counts the traps, and a frame of four words is pushed on the kernel stack. A fault has the kernel read the page
  // tables down to the entry, through the direct map.
  void enter(Process& process, const Fault* fault);
  void leave(Process& process);  // pops the frame
  // Around the change of the address space: the context of the process that stops is pushed on its kernel stack; of the
  // one that goes on, popped from its own.
  void suspend(Process& process);
  void resume(Process& process);

  // --- invariants_kernel.cpp
  std::string broken(const Process& process) const;  // what it shares, and its window
  std::string broken_tables() const;
  std::string broken_rows(PhysAddr table, std::string_view name) const;
  void count_owners(std::map<std::uint64_t, unsigned>& owners,
                    std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned>& ranges) const;
  // For each entry of a root that all share: its index and its value.
  const std::map<std::uint64_t, std::uint64_t>& root_entries() const { return root_; }
  const std::map<std::pair<unsigned, std::uint64_t>, PhysAddr>& tables() const { return tables_; }

 private:
  struct Leaf {
    Vpn vpn;
    unsigned level = 0;
    std::uint64_t value = 0;
  };
  void lay_out();
  void lay_out_own_table();
  Range direct_map(std::uint64_t pages) const;  // so many at most
  bool give_stack_page(Process& process, Vpn vpn, Ppn frame);
  void show_stack(const Process& process);  // in the kernel's own table
  void fill_code();
  Ppn own_frame();
  void add(const Range& range);
  std::vector<Leaf> leaves(const Range& range) const;
  std::vector<std::uint8_t> rows(const Range& range) const;  // of a flat table
  std::vector<PhysAddr> flat_tables() const;                 // those that have the rows of kernel space
  void write_rows(PhysAddr table, Vpn first, std::span<const std::uint8_t> rows);
  bool set_entry(Vpn vpn, unsigned level, std::uint64_t value);
  std::optional<PhysAddr> table_for(Vpn vpn, unsigned level);
  void clear_entries(const Range& range);
  Fence fence_of(const Range& range) const;

  // trap.cpp
  bool is_in_force(const Process& process) const;  // tables with kernel space in them
  bool may_enter(const Process& process) const;
  bool perform(Process& process, std::span<const Access> accesses, std::span<AccessResult> results);
  Access access(AccessKind kind, std::uint64_t va, std::uint64_t data = 0) const;
  bool push(Process& process, std::span<const std::uint64_t> words);
  void pop(Process& process, std::size_t words);
  void read_tables(Process& process, VirtAddr va);

  Kernel::State& state_;
  KernelSpaceOptions options_;
  unsigned levels_;
  Process kernel_;  // whom errors name; it never runs
  Vpn split_, code_, data_, window_, stack_end_;
  static constexpr Rights kPoolRights{.read = true, .write = true, .exec = false, .kernel = true};
  std::uint64_t stack_pages_ = kStackPages;
  std::optional<PhysAddr> own_table_;
  std::map<ProcessId, Ppn> stacks_;  // with a table of its own
  std::vector<Range> ranges_;        // direct map, code, data; then what the user mapped, and the pool in memory
  std::map<std::uint64_t, std::uint64_t> pool_slots_;  // of the pool in the swap file: by VPN
  std::map<std::uint64_t, std::uint64_t> root_;
  std::map<std::pair<unsigned, std::uint64_t>, PhysAddr> tables_;  // below the root: by level and the VPN bits above it
};

}  // namespace vm
