// SPDX-License-Identifier: Apache-2.0
//
// How the kernel changes page tables: every change goes through one of these, which pays what it owes the hardware.
#pragma once

#include <cstdint>
#include <vector>

#include "os/state.h"

namespace vm {

// Changes entries of one process, and at the end pays the fences they owe: one by address for a single page, one for
// the whole address space for more. Replacing or narrowing a valid entry owes a fence; a new or a wider one owes none,
// as the hardware remembers only what it granted. A table taken out of the tree owes one too: on RISC-V not by address,
// because such a fence leaves pointers in the walk caches (R22).
class TableUpdate {
 public:
  TableUpdate(Kernel::State& state, Process& process, FenceReason reason)
      : state_(state), process_(process), reason_(reason) {}
  // The entry (NAPOT: entries) of this page is to say what page.entry says; it said `before`. False: no frame left for
  // a table, and nothing changed.
  bool set(Vpn vpn, const Page& page, const OsMapping& before);
  // A superpage's leaf is to give way to a table, which says the same in smaller pages.
  void replace_leaf(Vpn vpn, const Page& page, PhysAddr table);
  // The entries of a NAPOT range are to become those of base pages.
  void replace_range(Vpn vpn, const Page& page);
  // The entry of a page that is to become part of a larger one is empty, or its table hangs in no tree any more.
  void leave_run(Vpn vpn, const Page& page);
  // The entry of a base page that was there is to name a slot of the swap file; that of one in the swap file, the page
  // again; or nothing any more (pageout.cpp).
  bool set_slot(Vpn vpn, std::uint64_t slot);  // of a page that had no entry; false: no frame left for a table
  void leave(Vpn vpn, const Page& page, std::uint64_t slot);
  void come_back(Vpn vpn, const Page& page);
  void forget_slot(Vpn vpn);
  // The entry is to say that nothing was stored to the page.
  void clear_dirty(Vpn vpn, const Page& page);
  // That it was not accessed. Without a fence hardware that remembers the page need not set the bit again.
  void clear_accessed(Vpn vpn, const Page& page, bool fenced);
  // A table that others go on using is replaced in this tree by another, or taken out of it with all its pages.
  void replace_table(Vpn first, PhysAddr old, PhysAddr table);
  void leave_table(Vpn first, PhysAddr old);
  // The entry of this page is gone already, as somebody else emptied it in a table that both have.
  void leave_shared(Vpn vpn, const Page& page);
  void commit();

 private:
  bool is_written(Vpn vpn, const Page& page);
  void owe(Vpn vpn, const Page& page, const OsMapping& before);
  void owe_for_sharers(Vpn vpn, const Page& page);            // everybody who has the table
  void empty(Vpn vpn, unsigned level, std::int64_t entries);  // so many entries there are empty now
  bool is_remembered() const;
  Fence fence() const;

  Kernel::State& state_;
  Process& process_;
  FenceReason reason_;
  std::vector<Vpn> owed_;
  bool global_ = false;  // some of them are global
  bool whole_ = false;   // an address is not enough
  std::vector<PhysAddr> unlinked_;
  std::vector<TableUpdate> sharers_;  // what the same change owes to others
};

}  // namespace vm
