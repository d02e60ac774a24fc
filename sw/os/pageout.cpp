// SPDX-License-Identifier: Apache-2.0
//
// Pages that leave memory for the swap file, and come back. A frame is free only when every page that names it is dealt
// with: the reverse map finds them, each entry is made to name the slot (an entry that is not valid is the kernel's but
// for that one bit), what the hardware remembers is fenced, and only then is the content taken: nobody can store any
// more. When a page comes back, it does so for all who shared it, so sharing survives the disk.
//
// This is about private anonymous pages; shared ones are in shared_memory.cpp, those of files in page_cache.cpp. Which
// page leaves is decided in reclaim.cpp.
#include <algorithm>

#include "machine/pte.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

// ---------------------------------------------------------------- entries

bool TableUpdate::set_slot(Vpn vpn, std::uint64_t slot) {
  if (!state_.make_tables(process_, vpn, 0)) return false;
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), state_.swapped_entry(slot));
  state_.count_entry(process_, vpn, 0, 1);
  return true;
}

void TableUpdate::leave(Vpn vpn, const Page& page, std::uint64_t slot) {
  owe(vpn, page, page.entry);
  state_.write_raw(process_, vpn, *state_.entry_address(process_, vpn, 0), state_.swapped_entry(slot));
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
    if (slot_map.count(slot) == 0) free_slot(slot);
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

void Kernel::State::forget_copy(Ppn frame) {
  const auto copy = clean_copies.find(frame.value);
  if (copy == clean_copies.end()) return;
  swap->release(copy->second);
  clean_copies.erase(copy);
}

std::optional<std::uint64_t> Kernel::State::allocate_slot() {
  if (swap->free_slots() == 0 && !clean_copies.empty()) forget_copy(Ppn(clean_copies.begin()->first));
  return swap->allocate();
}

// A slot that refuses the page is given up for another, which the entries then name. False: none is left.
bool Kernel::State::write_to_swap(std::span<const std::uint8_t> bytes, const std::vector<Mapper>& mappers,
                                  std::uint64_t& slot) {
  while (!swap->write(slot, bytes)) {
    swap->retire();
    const std::optional<std::uint64_t> next = allocate_slot();
    if (!next) return false;
    if (page_manager != nullptr) page_manager->rename(slot, *next);
    for (const Mapper& mapper : mappers) {
      Process& process = processes.at(mapper.process);
      SwappedPage swapped = remove_swapped(process, mapper.vpn);
      swapped.slot = *next;
      add_swapped(process, mapper.vpn, swapped);
      write_swapped_entry(mapper, *next);
    }
    slot = *next;
  }
  ++counts.swap_writes;
  return true;
}

// Nobody has the page any more. If it is still being written, nobody needs that either.
void Kernel::State::free_slot(std::uint64_t slot) {
  std::optional<Ppn> frame = busy_frame(slot);
  if (frame) busy.erase(frame->value);
  if (page_manager != nullptr) {
    if (!frame) frame = page_manager->frame_of(slot);
    page_manager->forget(slot);
  }
  if (frame) frames.release(*frame);
  swap->release(slot);
}

std::uint64_t Kernel::State::swapped_entry(std::uint64_t slot) const {
  const std::optional<Ppn> frame = page_manager != nullptr ? page_manager->frame_of(slot) : std::nullopt;
  return frame ? encode_transition(machine.format, *frame) : encode_slot(machine.format, slot);
}

void Kernel::State::write_swapped_entry(const Mapper& mapper, std::uint64_t slot) {
  const Process& process = processes.at(mapper.process);
  write_raw(process, mapper.vpn, *entry_address(process, mapper.vpn, 0), swapped_entry(slot));
}

std::optional<Kernel::State::Departure> Kernel::State::leave_tables(Ppn frame) {
  // 1) Which address spaces have the page?
  const std::vector<Mapper> mappers = frame_map.mappers(frame.value);
  const auto copy = clean_copies.find(frame.value);
  bool is_written = copy != clean_copies.end();  // it is on the disk as it is here
  const std::optional<std::uint64_t> found = is_written ? copy->second : allocate_slot();
  if (!found) return std::nullopt;
  const std::uint64_t slot = *found;
  if (is_written) clean_copies.erase(copy);
  if (page_manager != nullptr) page_manager->keep(frame, slot);
  // 2) It is unmapped from all their tables, and what the hardware remembers is fenced.
  for (const Mapper& mapper : mappers) {
    Process& process = processes.at(mapper.process);
    const auto at = process.pages.find(mapper.vpn.value);
    is_written = !was_stored_to(process, mapper.vpn, at->second) && is_written;
    const Page page = remove_page(process, at);
    TableUpdate update(*this, process, FenceReason::Pageout);
    update.leave(mapper.vpn, page, slot);
    update.commit();
    add_swapped(process, mapper.vpn, {.page = page, .slot = slot});
  }
  return Departure{.slot = slot, .is_written = is_written, .mappers = mappers};
}

bool Kernel::State::page_out(Ppn frame) {
  std::optional<Departure> departure = leave_tables(frame);
  if (!departure) return false;
  auto& [slot, is_written, mappers] = *departure;
  // 3) What differs from the disk is written back; meanwhile the frame is busy.
  PageBytes bytes(machine.format.page_size());
  const bool is_read = is_written || read_memory(address_of(frame), bytes);
  if (!is_written && (!is_read || !write_to_swap(bytes, mappers, slot))) {
    return_to_memory(slot, frame);  // nothing is lost: the frame still holds the page
    if (!is_read) swap->release(slot);
    return false;
  }
  for (std::size_t i = 1; i < mappers.size(); ++i) frames.release(frame);
  ++counts.pageouts;
  // 4) The frame is free, unless somebody waits for the page (page_in).
  if (is_written) {
    frames.release(frame);
  } else {
    start_write(frame, slot);
  }
  return true;
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
  if (page_manager != nullptr) {
    if (const std::optional<Service> returned = page_manager->return_page(process, slot)) return *returned;
  }
  std::optional<Ppn> frame = busy_frame(slot);
  const bool is_there = frame.has_value();
  if (is_there) take_from_write(*frame);
  const Service room = make_room(process, is_there ? 0 : 1, 1);
  if (room != Service::Served) {
    if (is_there) frames.release(*frame);
    return room;
  }
  if (!is_there) {
    frame = frames.allocate();
    PageBytes bytes(machine.format.page_size());
    const bool read = swap->read(slot, bytes);
    if (!read || !write_memory(address_of(*frame), bytes)) {
      frames.release(*frame);
      return read ? Service::Failed : Service::SwapError;
    }
  }
  for (std::size_t i = 1; i < slot_map.count(slot); ++i) frames.retain(*frame);
  return_to_memory(slot, *frame);
  clean_copies[frame->value] = slot;
  ++counts.pageins;
  return Service::Served;
}

}  // namespace vm
