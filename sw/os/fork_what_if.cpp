// SPDX-License-Identifier: Apache-2.0
//
// What if fork were done wrong? Two ways that look right at first, runnable so that the checks show what comes of them.
//
// CopyTable: the child's table is a copy of the parent's, write rights included. A page that the parent has to itself
// (copied on write before the fork) is then written by both: each sees what the other stores. fork.cpp does just that,
// and leaves out taking the right to write.
//
// EntriesOnly: copy-on-write, but who shares a page is kept in the entries alone, as one bit: "shared with my
// relative". Whoever stores copies, and gives the relative its right to write back. With two that is right; after a
// second fork a third one still has the frame, and sees what the relative stores.
#include "os/state.h"
#include "os/table_update.h"

namespace vm {

void Kernel::State::give_write_back(Process& process, Vpn vpn, Ppn frame) {
  const auto shares = [&](Process& other) {
    const Page* page = other.page(vpn);
    return page != nullptr && page->untracked && page->frame == frame;
  };
  Process* relative = nullptr;
  if (process.parent) {
    if (const auto found = processes.find(*process.parent); found != processes.end()) relative = &found->second;
  }
  if (relative == nullptr || !shares(*relative)) {
    for (auto& [pid, other] : processes) {
      if (other.parent == process.id && shares(other)) relative = &other;
    }
  }
  if (relative == nullptr || !shares(*relative)) return;
  Page& page = *relative->page(vpn);
  const OsMapping before = page.entry;
  page.cow = false;
  page.untracked = false;
  page.entry = entry_for(page);
  TableUpdate update(*this, *relative, FenceReason::Copy);
  update.set(vpn, page, before);
  update.commit();
}

}  // namespace vm
