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
  if (page.global) return true;  // the child has it already
  Page copy = page;
  if (page.shared || page.rights.kernel) {
    // Both see the same bytes from now on, though nobody stored any yet.
    if (page.order == 0) slot_for_store(parent, vpn);
    for (const Vpn slot : parent.image.slots_in(vpn, page.count())) parent.image.share(slot, child.image);
    frames.retain(copy.frame, copy.count());
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
    narrowed.set(vpn, page, before);
    copy.cow = true;
    for (const Vpn slot : parent.image.slots_in(vpn, page.count())) parent.image.copy_on_store(slot, child.image);
    frames.retain(copy.frame, copy.count());
  }
  copy.entry = entry_for(copy);
  if (!fresh.set(vpn, copy, {})) {
    frames.release(copy.frame, copy.count());
    return false;
  }
  child.pages[vpn.value] = copy;
  owe_fetch_sync(copy);
  return true;
}

std::int64_t Kernel::State::fork(Process& parent, std::string child_name) {
  if (is_name_taken(child_name)) throw InputError("process " + child_name + " exists already");
  std::size_t frames_needed = 0;
  for (const auto& [number, page] : parent.pages) frames_needed += copies_eagerly(page) ? 1 : 0;
  if (frames_needed > 0 && !frames.can_allocate(frames_needed)) return -ENOMEM;
  if (parent.raw) return -ENOSYS;
  const std::optional<PhysAddr> table = new_root();
  if (!table) return -ENOMEM;

  const std::optional<unsigned> levels = is_flat() ? std::nullopt : std::optional(parent.levels);
  Process& child =
      create(std::move(child_name), {.asid = {}, .table = {}, .limit = parent.limit, .levels = levels}, table);
  child.areas = parent.areas;
  child.files = parent.files;
  child.heap = parent.heap;
  child.heap_end = parent.heap_end;
  child.parent = parent.id;
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
