// SPDX-License-Identifier: Apache-2.0
//
// Shared anonymous memory. Its pages belong to an object, as those of a file do, and the object is what knows where a
// page is: in a frame, or in a slot of the swap file. When a page leaves, the entries of all who have it become empty
// (they name no slot); whoever touches it next asks the object.
#include <algorithm>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {

const Kernel::State::FilePage* Kernel::State::object_page_of(Ppn frame) const {
  if (const auto file = file_frames.find(frame.value); file != file_frames.end()) return &file->second;
  const auto shared = shared_frames.find(frame.value);
  return shared == shared_frames.end() ? nullptr : &shared->second;
}

std::shared_ptr<MemoryObject> Kernel::State::new_shared_memory() {
  return shared_memory.emplace_back(std::make_shared<MemoryObject>(frames));
}

// Nobody maps it any more.
void Kernel::State::drop_unused_memory() {
  std::erase_if(shared_memory, [&](const std::shared_ptr<MemoryObject>& object) {
    if (object.use_count() > 1) return false;
    for (const auto& [index, page] : object->pages) {
      if (page.slot) free_slot(*page.slot);
      if (!page.frame) continue;
      shared_frames.erase(page.frame->value);
      replacement->leave(*page.frame);
    }
    return true;
  });
}

// An entry of a table that several share is emptied once, and fenced in the address space of each.
void Kernel::State::unmap_from_all(Ppn frame) {
  std::vector<PhysAddr> emptied;
  for (const Mapper& mapper : frame_map.mappers(frame.value)) {
    Process& process = processes.at(mapper.process);
    TableUpdate update(*this, process, FenceReason::Pageout);
    const PhysAddr at = *entry_address(process, mapper.vpn, 0);
    if (std::find(emptied.begin(), emptied.end(), at) == emptied.end()) {
      drop_page(process, mapper.vpn, update);
      emptied.push_back(at);
    } else {
      const Page page = remove_page(process, process.pages.find(mapper.vpn.value));
      process.image.drop(mapper.vpn, 1);
      update.leave_shared(mapper.vpn, page);
    }
    update.commit();
    frames.release(frame);
  }
}

// In the four steps of page_out (pageout.cpp).
bool Kernel::State::page_out_shared(Ppn frame) {
  const std::optional<std::uint64_t> found = allocate_slot();
  if (!found) return false;
  std::uint64_t slot = *found;
  const FilePage of = shared_frames.at(frame.value);
  unmap_from_all(frame);
  PageBytes bytes(machine.format.page_size());
  const bool is_read = read_memory(address_of(frame), bytes);
  if (!is_read || !write_to_swap(bytes, {}, slot)) {
    if (!is_read) swap->release(slot);
    return false;  // the object has its frame still
  }
  MemoryObject::ObjectPage& page = of.object->pages.at(of.index);
  page.frame.reset();
  page.slot = slot;
  shared_frames.erase(frame.value);
  ++counts.pageouts;
  start_write(frame, slot);
  return true;
}

// False: no frame left, or the disk does not give it back.
bool Kernel::State::page_in_shared(MemoryObject::ObjectPage& page) {
  std::optional<Ppn> frame = busy_frame(*page.slot);
  if (frame) {
    take_from_write(*frame);
  } else {
    PageBytes bytes(machine.format.page_size());
    if (!free_frames(1) || !swap->read(*page.slot, bytes)) return false;
    frame = frames.allocate();
    if (!frame) return false;
    if (!write_memory(address_of(*frame), bytes)) {
      frames.release(*frame);
      return false;
    }
  }
  swap->release(*page.slot);
  page.slot.reset();
  page.frame = frame;
  page.used = true;
  ++counts.pageins;
  return true;
}

}  // namespace vm
