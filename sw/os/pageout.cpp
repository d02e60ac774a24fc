// SPDX-License-Identifier: Apache-2.0
//
// Pages that leave memory for the swap file, and come back. A frame is free only when every page that names it is dealt
// with: the reverse map finds them, each entry is made to name the slot (an entry that is not valid is the kernel's but
// for that one bit), what the hardware remembers is fenced, and only then is the content taken: nobody can store any
// more. When a page comes back, it does so for all who shared it, so sharing survives the disk.
//
// Which page leaves: the one whose frame has been mapped for longest. Only anonymous pages of areas leave: not frames
// that the user named, superpages, tables, nor the zero page.
#include <algorithm>

#include "machine/pte.h"
#include "os/state.h"
#include "os/table_update.h"

namespace vm {

// ---------------------------------------------------------------- entries

bool TableUpdate::set_slot(Vpn vpn, std::uint64_t slot) {
  if (!state_.make_tables(process_, vpn, 0)) return false;
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), encode_slot(state_.machine.format, slot));
  state_.count_entry(process_, vpn, 0, 1);
  return true;
}

void TableUpdate::leave(Vpn vpn, const Page& page, std::uint64_t slot) {
  owe(vpn, page, page.entry);
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), encode_slot(state_.machine.format, slot));
}

void TableUpdate::come_back(Vpn vpn, const Page& page) {
  if (!page.entry.mapped) return forget_slot(vpn);  // meanwhile the process lost every right to it
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), state_.encode(page));
}

void TableUpdate::forget_slot(Vpn vpn) {
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), 0);
  empty(vpn, 0, 1);
}

// ---------------------------------------------------------------- books

void Kernel::State::add_swapped(Process& process, Vpn vpn, const SwappedPage& swapped) {
  process.swapped[vpn.value] = swapped;
  slot_map.add(swapped.slot, {.process = process.id, .vpn = vpn});
}

SwappedPage Kernel::State::remove_swapped(Process& process, Vpn vpn) {
  const auto found = process.swapped.find(vpn.value);
  const SwappedPage swapped = found->second;
  process.swapped.erase(found);
  slot_map.remove(swapped.slot, {.process = process.id, .vpn = vpn});
  return swapped;
}

void Kernel::State::drop_swapped(Process& process, Vpn from, Vpn to, TableUpdate& update) {
  for (auto it = process.swapped.lower_bound(from.value); it != process.swapped.end() && it->first < to.value;) {
    const Vpn vpn(it->first);
    ++it;
    const std::uint64_t slot = remove_swapped(process, vpn).slot;
    if (slot_map.count(slot) == 0) swap->release(slot);
    process.image.drop(vpn, 1);
    update.forget_slot(vpn);
  }
}

void Kernel::State::protect_swapped(Process& process, Vpn from, Vpn to, Rights rights) {
  for (auto it = process.swapped.lower_bound(from.value); it != process.swapped.end() && it->first < to.value; ++it) {
    it->second.page.rights = rights;
    it->second.page.blocked = rights.none();
  }
}

// ---------------------------------------------------------------- out

bool Kernel::State::can_leave(Ppn frame) const {
  if (!swap || frames.is_named(frame)) return false;
  const std::vector<Mapper> mappers = frame_map.mappers(frame.value);
  // Somebody has it who is no page of a process.
  if (mappers.empty() || frames.references(frame) != mappers.size()) return false;
  return std::all_of(mappers.begin(), mappers.end(), [&](const Mapper& mapper) {
    const Process& process = processes.at(mapper.process);
    const Page& page = *process.page(mapper.vpn);
    const Area* area = process.areas.find(address_of(process, mapper.vpn));
    // The kernel's page in an area of the user's outlives the area (execve).
    return page.entry.mapped && !page.placed && area != nullptr && area->rights.kernel == page.rights.kernel;
  });
}

bool Kernel::State::page_out(Ppn frame) {
  std::optional<std::uint64_t> slot = swap->allocate();
  if (!slot) return false;
  const std::vector<Mapper> mappers = frame_map.mappers(frame.value);
  for (const Mapper& mapper : mappers) {
    Process& process = processes.at(mapper.process);
    const Page page = remove_page(process, process.pages.find(mapper.vpn.value));
    TableUpdate update(*this, process, FenceReason::Pageout);
    update.leave(mapper.vpn, page, *slot);
    update.commit();
    add_swapped(process, mapper.vpn, {.page = page, .slot = *slot});
  }
  PageBytes bytes(machine.format.page_size());
  const bool is_read = read_memory(address_of(frame), bytes);
  bool is_written = false;
  while (is_read && !(is_written = swap->write(*slot, bytes))) {
    swap->retire();
    const std::optional<std::uint64_t> next = swap->allocate();
    if (!next) break;
    for (const Mapper& mapper : mappers) {
      Process& process = processes.at(mapper.process);
      SwappedPage swapped = remove_swapped(process, mapper.vpn);
      swapped.slot = *next;
      add_swapped(process, mapper.vpn, swapped);
      write_raw(process, mapper.vpn, *entry_address(process, mapper.vpn, 0), encode_slot(machine.format, *next));
    }
    slot = next;
  }
  if (!is_written) {
    // Nothing is lost: the frame still holds the page.
    return_to_memory(*slot, frame);
    if (!is_read) swap->release(*slot);
    return false;
  }
  for (std::size_t i = 0; i < mappers.size(); ++i) frames.release(frame);
  ++counts.pageouts;
  return true;
}

bool Kernel::State::page_out_oldest(std::optional<Ppn> keep, const Process* of) {
  if (!swap || swap->free_slots() == 0) return false;
  const std::optional<std::uint64_t> frame = frame_map.oldest([&](std::uint64_t number) {
    if (keep == Ppn(number) || !can_leave(Ppn(number))) return false;
    const std::vector<Mapper> mappers = frame_map.mappers(number);
    return of == nullptr ||
           std::any_of(mappers.begin(), mappers.end(), [&](const Mapper& m) { return m.process == of->id; });
  });
  return frame && page_out(Ppn(*frame));
}

bool Kernel::State::free_frames(std::size_t count, std::optional<Ppn> keep) {
  while (!frames.can_allocate(count)) {
    if (!page_out_oldest(keep)) return false;
  }
  return true;
}

Kernel::State::Service Kernel::State::make_room(Process& process, std::size_t count, std::size_t more,
                                                std::optional<Ppn> keep) {
  while (process.resident_limit && process.resident + more > *process.resident_limit) {
    if (!page_out_oldest(keep, &process)) return Service::NoMemory;
  }
  while (!free_frames(count, keep)) {
    if (!policy.kill || in_system_call) return Service::NoMemory;
    Process* victim = choose_victim();
    if (victim == nullptr) return Service::NoMemory;
    if (victim == &process) return Service::Killed;
    kill(*victim);
  }
  return Service::Served;
}

// ---------------------------------------------------------------- in

// `frame` holds the page, and one reference for each who had it.
void Kernel::State::return_to_memory(std::uint64_t slot, Ppn frame) {
  for (const Mapper& mapper : slot_map.mappers(slot)) {
    Process& process = processes.at(mapper.process);
    Page page = remove_swapped(process, mapper.vpn).page;
    page.frame = frame;
    page.entry = entry_for(page);
    add_page(process, mapper.vpn, page);
    TableUpdate update(*this, process, FenceReason::Pageout);
    update.come_back(mapper.vpn, page);
    update.commit();
    owe_fetch_sync(page);
  }
}

Kernel::State::Service Kernel::State::page_in(Process& process, Vpn vpn, const Fault& fault) {
  const SwappedPage& swapped = process.swapped.at(vpn.value);
  const Rights rights =
      swapped.page.blocked ? Rights{false, false, false, false} : expressible_rights(swapped.page.rights);
  if (!rights.allow(fault.access, fault.user)) return Service::Segv;
  const std::uint64_t slot = swapped.slot;
  const Service room = make_room(process, 1, 1);
  if (room != Service::Served) return room;
  const std::optional<Ppn> frame = frames.allocate();
  PageBytes bytes(machine.format.page_size());
  const bool read = swap->read(slot, bytes);
  if (!read || !write_memory(address_of(*frame), bytes)) {
    frames.release(*frame);
    return read ? Service::Failed : Service::SwapError;
  }
  for (std::size_t i = 1; i < slot_map.count(slot); ++i) frames.retain(*frame);
  return_to_memory(slot, *frame);
  swap->release(slot);
  ++counts.pageins;
  return Service::Served;
}

}  // namespace vm
