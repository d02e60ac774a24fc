// SPDX-License-Identifier: Apache-2.0
//
// Pages that come from an object: the first touch of a shared or private mapping, and what is owed to the object when
// a mapping of its page ends.
#include "os/memory_object.h"

#include <algorithm>
#include <array>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {

MemoryObject::~MemoryObject() {
  for (const auto& [number, page] : pages) {
    if (page.frame) frames_.release(*page.frame);
  }
}

std::uint64_t Kernel::State::object_index(const Area& area, VirtAddr va) const {
  return (va.value - area.object_at) >> machine.format.page_bits;
}

bool Kernel::State::ends_before(const MemoryObject& object, std::uint64_t index) const {
  const std::uint64_t offset = index << machine.format.page_bits;
  if (offset >> machine.format.page_bits != index) return true;
  switch (object.kind) {
    case MemoryObject::Kind::Anonymous:
      return false;
    case MemoryObject::Kind::File:
      return offset >= disk.size(object.file);
    case MemoryObject::Kind::Device:
      return !object.pages.contains(index);
  }
  return true;
}

// nullptr: no frame left, or the disk does not work.
MemoryObject::ObjectPage* Kernel::State::object_page(MemoryObject& object, std::uint64_t index) {
  const auto found = object.pages.find(index);
  if (found != object.pages.end() && found->second.frame) {
    const Ppn frame = *found->second.frame;
    if (busy.contains(frame.value)) {
      take_from_write(frame);
      replacement->enter(frame, Replacement::Content::File);
    }
    found->second.used = true;
    return &found->second;
  }
  if (found != object.pages.end() && found->second.slot) {
    if (!page_in_shared(found->second)) return nullptr;
    shared_frames[found->second.frame->value] = {.object = &object, .index = index};
    replacement->enter(*found->second.frame, Replacement::Content::Anonymous);
    return &found->second;
  }
  if (!free_frames(1)) return nullptr;
  MemoryObject::ObjectPage page;
  if (object.kind == MemoryObject::Kind::File) {
    page.bytes = std::make_shared<PageBytes>(machine.format.page_size());
    if (disk.read(object.file, index << machine.format.page_bits, *page.bytes) != 0) return nullptr;
    page.frame = frames.allocate();
    if (!page.frame) return nullptr;
    if (!write_memory(address_of(*page.frame), *page.bytes)) {
      frames.release(*page.frame);
      return nullptr;
    }
    page.used = true;
    file_frames[page.frame->value] = {.object = &object, .index = index};
    replacement->enter(*page.frame, Replacement::Content::File);
    ++counts.pages_read;
  } else {
    page.frame = zeroed_frame();
    if (!page.frame) return nullptr;
    page.bytes = std::make_shared<PageBytes>(machine.format.page_size());
    page.used = true;
    shared_frames[page.frame->value] = {.object = &object, .index = index};
    replacement->enter(*page.frame, Replacement::Content::Anonymous);
  }
  return &(object.pages[index] = std::move(page));
}

// Of the page at this address: how many bytes are the object's; the rest is zero.
std::uint64_t Kernel::State::object_part(const Area& area, VirtAddr va) const {
  const std::uint64_t offset = object_index(area, va) << machine.format.page_bits;
  return std::min(machine.format.page_size(), area.object_bytes - std::min(area.object_bytes, offset));
}

// Also where an entry cannot withhold the right to write, and where the object's frame is not what the page holds: then
// a private page is its own from the start.
bool Kernel::State::takes_own_frame(const Area& area, const Fault& fault) const {
  return !area.shared && (fault.access == AccessKind::Store || !can_withhold_write() ||
                          object_part(area, fault.va) != machine.format.page_size());
}

bool Kernel::State::clear_from(Ppn frame, std::uint64_t offset) {
  const PageBytes zeros(machine.format.page_size() - offset);
  return zeros.empty() || write_memory(address_of(frame) + offset, zeros);
}

std::optional<Ppn> Kernel::State::object_frame(const MemoryObject& object, std::uint64_t index) const {
  const auto found = object.pages.find(index);
  return found == object.pages.end() ? std::nullopt : found->second.frame;
}

Kernel::State::Service Kernel::State::serve_object(Process& process, const Fault& fault, const Area& area) {
  const Vpn vpn = machine.vpn_of(fault.va);
  const std::uint64_t index = object_index(area, fault.va);
  if (ends_before(*area.object, index)) return Service::Bus;
  // What another sharer of the table has touched is there.
  if (policy.share_tables && share_table(process, vpn) && process.page(vpn) != nullptr) return Service::Served;
  const MemoryObject::ObjectPage* source = object_page(*area.object, index);
  if (source == nullptr) {
    const auto page = area.object->pages.find(index);
    const bool is_lost = page != area.object->pages.end() && page->second.slot && frames.can_allocate(1);
    return is_lost ? Service::SwapError : Service::Failed;
  }

  Page page{.frame = *source->frame, .rights = area.rights, .shared = area.shared, .entry = {}};
  ProcessImage::Slot slot{.bytes = source->bytes, .is_private = !area.shared};
  if (takes_own_frame(area, fault)) {
    const std::optional<Ppn> copy = frames.allocate();
    if (!copy) return Service::Failed;
    const std::uint64_t part = object_part(area, fault.va);
    if (!copy_frame(page.frame, *copy) || !clear_from(*copy, part)) {
      frames.release(*copy);
      return Service::Failed;
    }
    ++counts.cow_copies;
    page.frame = *copy;
    slot = {.bytes = std::make_shared<PageBytes>(*source->bytes), .is_private = false};
    std::fill(slot.bytes->begin() + static_cast<std::ptrdiff_t>(part), slot.bytes->end(), std::uint8_t{0});
  } else {
    page.cow = !area.shared;
    frames.retain(page.frame);
  }
  const bool is_device = area.object->kind == MemoryObject::Kind::Device;
  if (is_device) page.type = device_type();
  page.entry = entry_for(page);
  TableUpdate update(*this, process, FenceReason::Copy);  // owes none: what was not there is not remembered
  if (!update.set(vpn, page, {})) {
    frames.release(page.frame);
    return Service::Failed;
  }
  add_page(process, vpn, page);
  spread_page(process, vpn, page, slot);
  process.image.put(vpn, std::move(slot));
  update.commit();
  owe_fetch_sync(page);
  if (is_device) ++counts.device_pages;
  return Service::Served;
}

// Hardware, or the kernel where hardware does not, has noted stores in the entry. Without such a bit whoever may store
// is taken to have done so.
bool Kernel::State::was_stored_to(const Process& process, Vpn vpn, const Page& page) const {
  if (!page.entry.mapped) return false;
  if (is_flat()) return page.entry.write;
  const std::optional<PhysAddr> at = entry_address(process, vpn, page.level);
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(machine.format.pte_bytes());
  // What memory does not tell may be so.
  if (!at || (started && !platform.host_read(*at, entry))) return true;
  if (!started) shadow.read(*at, entry);
  return (pte_from_bytes(machine.format, entry) & dirty_bit()) != 0;
}

void Kernel::State::note_stores(const Process& process, Vpn vpn, const Page& page) {
  if (page.order != 0) return forget_copies(page);
  const auto file = file_frames.find(page.frame.value);
  if (file == file_frames.end() && !clean_copies.contains(page.frame.value)) return;
  if (!was_stored_to(process, vpn, page)) return;
  forget_copy(page.frame);
  if (file != file_frames.end()) file->second.object->pages.at(file->second.index).dirty = true;
}

}  // namespace vm
