// SPDX-License-Identifier: Apache-2.0
//
// fork: the child gets a logical copy of every private page. The naive way copies them all at once; copy-on-write puts
// each copy off until one side stores, where entries have a write bit. Both end the same, for the processes.
//
// The parent's pages are what is copied, not those of files: a page the parent changed before the fork is the child's
// as it is, and copy-on-write for both from then on.
#include <cerrno>

#include "machine/error.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::copies_eagerly(const Page& page, ForkKind kind) const {
  return !page.shared && !page.rights.kernel && !page.global && (kind == ForkKind::Copy || !can_withhold_write());
}

bool Kernel::State::share_page(Process& child, Vpn vpn, Page copy, TableUpdate& fresh) {
  copy.entry = entry_for(copy);
  if (!fresh.set(vpn, copy, {})) return false;
  frames.retain(copy.frame, copy.count());
  add_page(child, vpn, copy);
  owe_fetch_sync(copy);
  return true;
}

// Into base pages, whatever the size of the parent's.
bool Kernel::State::copy_at_once(Process& parent, Process& child, Vpn vpn, TableUpdate& fresh) {
  const Page page = *parent.page(vpn);
  for (const Vpn slot : parent.image.slots_in(vpn, page.count())) parent.image.copy(slot, child.image);
  for (std::uint64_t i = 0; i < page.count(); ++i) {
    const std::optional<Ppn> frame = frames.allocate();
    if (!frame) return false;
    Page copy{.frame = *frame,
              .rights = page.rights,
              .blocked = page.blocked,
              .placed = page.placed,
              .type = page.type,
              .entry = {}};
    const bool ok = copy_frame(page.frame + i, *frame) && share_page(child, vpn + i, copy, fresh);
    frames.release(*frame);  // the child has it, or nobody
    if (!ok) return false;
  }
  return true;
}

bool Kernel::State::copy_page(Process& parent, Process& child, Vpn vpn, ForkKind kind, TableUpdate& narrowed,
                              TableUpdate& fresh) {
  Page& page = *parent.page(vpn);
  if (page.global || page.kernel_stack) return true;                // the child has it already, or its own
  if (page.shared && child.pages.contains(vpn.value)) return true;  // with a table of the parent's
  if (copies_eagerly(page, kind)) return copy_at_once(parent, child, vpn, fresh);
  // Both see the same bytes from now on, though nobody stored any yet.
  if (page.order == 0 && (page.shared || page.rights.kernel)) slot_for_store(parent, vpn);
  const std::vector<Vpn> slots = parent.image.slots_in(vpn, page.count());
  if (page.shared || page.rights.kernel) {
    for (const Vpn slot : slots) parent.image.share(slot, child.image);
    return share_page(child, vpn, page, fresh);
  }
  for (const Vpn slot : slots) parent.image.copy_on_store(slot, child.image);
  if (kind == ForkKind::CopyTable) return share_page(child, vpn, page, fresh);
  note_stores(parent, vpn, page);  // flat entries have only the right to store, which goes
  const OsMapping before = page.entry;
  page.cow = true;
  page.untracked = kind == ForkKind::EntriesOnly;
  page.entry = entry_for(page);
  narrowed.set(vpn, page, before);
  return share_page(child, vpn, page, fresh);
}

// A page in the swap file is shared there; a copy at once is read from there.
bool Kernel::State::copy_swapped(Process& parent, Process& child, Vpn vpn, ForkKind kind, TableUpdate& fresh) {
  SwappedPage& swapped = parent.swapped.at(vpn.value);
  if (swapped.page.kernel_stack) return true;  // the child has its own
  if (!copies_eagerly(swapped.page, kind)) {
    if (swapped.page.rights.kernel) {
      slot_for_store(parent, vpn);
      parent.image.share(vpn, child.image);
    } else {
      parent.image.copy_on_store(vpn, child.image);
      swapped.page.cow = true;
    }
    if (!fresh.set_slot(vpn, swapped.slot)) return false;
    add_swapped(child, vpn, swapped);
    return true;
  }
  parent.image.copy(vpn, child.image);
  const std::optional<Ppn> frame = frames.allocate();
  if (!frame) return false;
  PageBytes bytes(machine.format.page_size());
  Page copy{.frame = *frame, .rights = swapped.page.rights, .blocked = swapped.page.blocked, .entry = {}};
  const std::optional<Ppn> kept = page_manager != nullptr ? page_manager->frame_of(swapped.slot) : std::nullopt;
  const bool is_read = kept ? read_memory(address_of(*kept), bytes) : swap->read(swapped.slot, bytes);
  const bool ok = is_read && write_memory(address_of(*frame), bytes) && share_page(child, vpn, copy, fresh);
  if (ok) ++counts.page_copies;
  frames.release(*frame);
  return ok;
}

std::int64_t Kernel::State::fork(Process& parent, std::string child_name, ForkKind kind) {
  if (is_name_taken(child_name)) throw InputError("process " + child_name + " exists already");
  if (parent.raw) return -ENOSYS;
  if (!may_promise(promised_pages(parent)) || (page_manager != nullptr && !page_manager->may_start(&parent)))
    return -ENOMEM;
  std::size_t copies = 0;
  for (const auto& [number, page] : parent.pages) copies += copies_eagerly(page, kind) ? page.count() : 0;
  for (const auto& [number, swapped] : parent.swapped) copies += copies_eagerly(swapped.page, kind) ? 1 : 0;
  // Nothing is paged out once copying has begun.
  const std::size_t tables_wanted = is_flat() ? 0 : parent.tables.size() + 1;
  if (!free_frames(copies + tables_wanted) && copies > 0 && !frames.can_allocate(copies)) return -ENOMEM;
  const std::optional<PhysAddr> table = new_root();
  if (!table) return -ENOMEM;

  const std::optional<unsigned> levels = is_flat() ? std::nullopt : std::optional(parent.levels);
  Process& child =
      create(std::move(child_name), {.asid = {}, .table = {}, .limit = parent.limit, .levels = levels}, table);
  child.areas = parent.areas;
  child.files = parent.files;
  child.close_on_exec = parent.close_on_exec;
  child.program = parent.program;
  child.pc = parent.pc;
  child.sp = parent.sp;
  child.heap = parent.heap;
  child.heap_end = parent.heap_end;
  child.resident_limit = parent.resident_limit;
  child.memory_limit = parent.memory_limit;
  TableUpdate narrowed(*this, parent, FenceReason::Fork);
  TableUpdate fresh(*this, child, FenceReason::Fork);
  bool ok = map_global_pages(child) && (!kernel_space || kernel_space->give_stack(child));
  ok = ok && (!policy.share_tables || share_tables_with_child(parent, child));
  for (auto it = parent.pages.begin(); ok && it != parent.pages.end(); ++it) {
    ok = copy_page(parent, child, Vpn(it->first), kind, narrowed, fresh);
  }
  for (auto it = parent.swapped.begin(); ok && it != parent.swapped.end(); ++it) {
    ok = copy_swapped(parent, child, Vpn(it->first), kind, fresh);
  }
  narrowed.commit();
  fresh.commit();
  if (!ok) {
    exit(child);
    return -ENOMEM;
  }
  child.parent = parent.id;  // from now on: a child that failed is nobody's to wait for
  return child.id;
}

}  // namespace vm
