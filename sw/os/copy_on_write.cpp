// SPDX-License-Identifier: Apache-2.0
//
// Copy-on-write: a store to a page that others may have gets a frame of its own. Who else has a frame is counted with
// the frame (frames.h), not in the entries, so forks may be repeated in any order: the last one left stores in place.
//
// The zero page is the same trick for memory nobody stored to yet: one frame of zeros under every page that was only
// read. It is never written; a store is given a frame that was cleared.
#include "os/state.h"
#include "os/table_update.h"

namespace vm {

Kernel::State::Service Kernel::State::copy_on_write(Process& process, Vpn vpn, Page& shared_page) {
  Page* page = &shared_page;
  const auto is_last_owner = [&] {
    return !page->untracked && !page->keep_frame && frames.has_one_owner(page->frame, page->count());
  };
  if (!is_last_owner()) {
    const std::size_t tables_of_split = page->napot ? 0 : page->level;
    const std::size_t more = zero_frame_for_all == page->frame ? 1 : 0;
    const Service room = make_room(process, 1 + tables_of_split, more, page->frame);
    if (room != Service::Served) return room;
  }
  TableUpdate update(*this, process, FenceReason::Copy);
  const bool last_owner = is_last_owner();
  // A copy is made of a base page, not of a large one.
  while (!last_owner && page->order > 0) {
    if (!split(process, vpn, update)) {
      update.commit();
      return Service::NoMemory;
    }
    page = process.page(vpn);
  }
  const OsMapping before = page->entry;
  const Ppn shared_frame = page->frame;
  const bool untracked = page->untracked;
  if (!last_owner) {
    note_stores(process, vpn, *page);  // of a supervisor whom read-only pages do not bind (X27)
    const bool is_zero = zero_frame_for_all == shared_frame;
    const std::optional<Ppn> own = is_zero ? zeroed_frame() : frames.allocate();
    if (!own || (!is_zero && !copy_frame(shared_frame, *own))) {
      if (own) frames.release(*own);
      update.commit();
      return own ? Service::Failed : Service::NoMemory;
    }
    if (!is_zero) ++counts.cow_copies;
    change_frame(process, vpn, *page, *own);
  }
  const Vpn first(process.page_from(vpn)->first);
  for (const Vpn slot : process.image.slots_in(first, page->count())) process.image.separate(slot);
  page->cow = false;
  page->keep_frame = false;
  page->untracked = false;
  page->entry = entry_for(*page);
  update.set(first, *page, before);
  update.commit();
  if (!last_owner) {
    if (untracked) give_write_back(process, vpn, shared_frame);
    frames.release(shared_frame);
    owe_fetch_sync(*page);
  }
  return Service::Served;
}

bool Kernel::State::take_zero_page(Process& process, Vpn vpn, const Area& area) {
  if (!zero_frame_for_all) zero_frame_for_all = zeroed_frame();
  if (!zero_frame_for_all) return false;
  Page page{.frame = *zero_frame_for_all, .rights = area.rights, .cow = true, .entry = {}};
  page.entry = entry_for(page);
  TableUpdate update(*this, process, FenceReason::Copy);
  if (!update.set(vpn, page, {})) return false;
  frames.retain(page.frame);
  add_page(process, vpn, page);
  update.commit();
  owe_fetch_sync(page);
  ++counts.zero_pages;
  return true;
}

}  // namespace vm
