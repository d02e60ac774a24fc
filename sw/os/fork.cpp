// SPDX-License-Identifier: Apache-2.0
//
// fork: the child gets a logical copy of every private page. Where entries have a write bit the copy is put off until
// one side stores (copy-on-write); elsewhere the pages are copied at once.
#include <cerrno>

#include "machine/error.h"
#include "os/state.h"

namespace vm {

bool Kernel::State::copies_eagerly(const Page& page) const {
  return !page.shared && !page.rights.kernel && !can_withhold_write();
}

bool Kernel::State::copy_page(Process& parent, Process& child, Vpn vpn, TableUpdate& narrowed, TableUpdate& fresh) {
  Page& page = *parent.page(vpn);
  Page copy = page;
  if (page.shared || page.rights.kernel) {
    parent.image.share(vpn, child.image);
    frames.retain(copy.frame);
  } else if (copies_eagerly(page)) {
    const std::optional<Ppn> frame = frames.allocate();
    if (!frame) return false;
    if (!copy_frame(page.frame, *frame)) {
      frames.release(*frame);
      return false;
    }
    copy.frame = *frame;
    parent.image.copy(vpn, child.image);
  } else {
    const OsMapping before = page.entry;
    page.cow = true;
    page.entry = entry_for(page);
    narrowed.set(vpn, before, page.entry);
    copy.cow = true;
    parent.image.copy_on_store(vpn, child.image);
    frames.retain(copy.frame);
  }
  copy.entry = entry_for(copy);
  child.pages[vpn.value] = copy;
  fresh.set(vpn, {}, copy.entry);
  owe_fetch_sync(copy);
  return true;
}

std::int64_t Kernel::State::fork(Process& parent, std::string child_name) {
  if (is_name_taken(child_name)) throw InputError("process " + child_name + " exists already");
  std::size_t frames_needed = 0;
  for (const auto& [number, page] : parent.pages) frames_needed += copies_eagerly(page) ? 1 : 0;
  if (frames_needed > 0 && !frames.can_allocate(frames_needed)) return -ENOMEM;
  const std::optional<PhysAddr> table = tables.allocate();
  if (!table) return -ENOMEM;

  Process& child = create(std::move(child_name), {.asid = {}, .table = {}, .limit = parent.limit}, table);
  child.areas = parent.areas;
  TableUpdate narrowed(*this, parent);
  TableUpdate fresh(*this, child);
  bool ok = true;
  for (auto it = parent.pages.begin(); ok && it != parent.pages.end(); ++it) {
    ok = copy_page(parent, child, Vpn(it->first), narrowed, fresh);
  }
  narrowed.commit();
  fresh.commit();
  if (!ok) {
    exit(child);
    return -ENOMEM;
  }
  return child.id;
}

}  // namespace vm
