// SPDX-License-Identifier: Apache-2.0
//
// A process as the kernel keeps it: its address space, what it believes the hardware believes, and its image.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "machine/context.h"
#include "machine/machine.h"
#include "oracle/os_view.h"
#include "os/area.h"
#include "os/image.h"
#include "os/rights.h"

namespace vm {

// A resident page: one base page, a superpage, or a NAPOT range of base pages. Whether it is private or shared is kept
// here, not in the page table.
struct Page {
  Ppn frame;                  // the first of them
  Rights rights;              // of the process
  bool cow = false;           // private, but the frame may have other owners: the first store copies
  bool keep_frame = false;    // cow over a frame the user named: it is never written in place, as a file's page is not
  bool shared = false;        // stays shared across fork
  bool blocked = false;       // PROT_NONE: resident, but the entry is not valid
  bool untracked = false;     // what-if: nobody counts who else has the frame (fork_what_if.cpp)
  bool global = false;        // the same in every address space
  bool kernel_stack = false;  // the process's own part of kernel space
  bool placed = false;        // what lay in its frames before is the page's content
  MemType type = MemType::WriteBack;
  unsigned level = 0;  // of the leaf entry
  bool napot = false;  // 16 equal entries of level 0 (Svnapot)
  unsigned order = 0;  // 2^order base pages
  OsMapping entry;     // what the page-table entry says

  std::uint64_t count() const { return 1ULL << order; }
};

// A base page that is in the swap file: what it was in memory, apart from its frame.
struct SwappedPage {
  Page page;
  std::uint64_t slot = 0;
};

// An entry that was replaced and not yet fenced.
struct StaleMapping {
  Vpn vpn;
  unsigned order = 0;
  OsMapping entry;
};

struct ExitedChild {
  std::uint32_t id = 0;
  std::string name;
  int status = 0;
};

// A page table below the root.
struct Table {
  PhysAddr at;
  bool owned = false;         // the kernel chose the place, and frees it when it is empty
  std::uint64_t entries = 0;  // valid ones
};

// What a descriptor names (Linux: struct file): shared by processes that got it by fork.
struct OpenFile {
  std::shared_ptr<MemoryObject> object;  // none: a standard stream
  bool readable = true, writable = true, append = false;
  std::uint64_t position = 0;  // in bytes
};

struct Process {
  std::uint32_t id = 0;
  std::string name;
  PhysAddr table;           // the root
  bool owns_table = false;  // the kernel chose the place
  bool raw = false;         // its tables are the user's business: the kernel neither knows nor changes them
  unsigned levels = 1;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint16_t> asid;  // none: taken away, or never given
  bool asid_is_fixed = false;         // the user chose it
  std::uint64_t last_switch = 0;      // 0: never ran, so the hardware remembers nothing of it

  AreaMap areas;
  // In base pages; none: no limit (limits.cpp).
  std::optional<std::uint64_t> resident_limit, memory_limit;

  std::map<std::uint64_t, Page> pages;                         // by first VPN; changed by resident.cpp alone
  std::uint64_t resident = 0;                                  // base pages in them, without the zero page
  std::uint64_t clock_hand = ~0ULL;                            // Windows: the page that was looked at last
  std::uint64_t last_active = 0;                               // Windows: the time of its last access
  std::map<std::uint64_t, SwappedPage> swapped;                // by VPN
  std::map<std::pair<unsigned, std::uint64_t>, Table> tables;  // by level and the VPN bits above it
  std::vector<StaleMapping> stale;
  // On its kernel stack: bytes, trap frames, and whether it is in the middle of a switch to another process (trap.cpp).
  std::uint64_t kernel_stack_bytes = 0, kernel_depth = 0;
  bool is_suspended_in_kernel = false;
  std::uint64_t heap = 0, heap_end = 0;  // what brk moves the end of; 0: the process has no heap
  // What execve started, and where; nothing else moves them.
  std::shared_ptr<MemoryObject> program;  // none: the user made this process
  std::uint64_t pc = 0, sp = 0;
  std::map<int, std::shared_ptr<OpenFile>> files;
  std::set<int> close_on_exec;  // descriptors
  std::string output;           // what was written to standard output and error
  std::optional<std::uint32_t> parent;
  std::vector<ExitedChild> exited_children;  // that nobody waited for
  ProcessImage image;

  // The page that covers vpn, else the next one.
  std::map<std::uint64_t, Page>::iterator page_from(Vpn vpn) {
    auto found = pages.upper_bound(vpn.value);
    if (found != pages.begin() && vpn.value - std::prev(found)->first < std::prev(found)->second.count()) --found;
    return found;
  }
  std::map<std::uint64_t, Page>::const_iterator page_from(Vpn vpn) const {
    return const_cast<Process*>(this)->page_from(vpn);
  }
  Page* page(Vpn vpn) {
    const auto found = page_from(vpn);
    return found == pages.end() || found->first > vpn.value ? nullptr : &found->second;
  }
  const Page* page(Vpn vpn) const { return const_cast<Process*>(this)->page(vpn); }
};

}  // namespace vm
