// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tells the checkers: its map, from its own structures, and the image.
#include "os/state.h"

namespace vm {

const Process* Kernel::State::find(const Context& context) const {
  const auto is = [&](const Process& p) {
    return p.table == context.base && (machine.asid_bits == 0 || p.asid == context.asid);
  };
  if (current) {
    const Process& p = processes.at(*current);
    if (is(p)) return &p;
  }
  for (const auto& [pid, p] : processes) {
    if (is(p)) return &p;
  }
  return nullptr;
}

const ProcessImage::Slot& Kernel::State::slot_for_store(Process& process, Vpn vpn) {
  if (const ProcessImage::Slot* slot = process.image.find(vpn)) return *slot;
  ProcessImage::Slot slot;
  const std::uint64_t va = vpn.value << machine.format.page_bits;
  const Area* area = process.areas.find(VirtAddr(va));
  if (area != nullptr && area->object) {
    slot.bytes = area->object->pages[(va - area->object_at) >> machine.format.page_bits].bytes;
  }
  if (!slot.bytes) slot.bytes = std::make_shared<PageBytes>(machine.format.page_size());
  if (area != nullptr && area->object) {
    area->object->pages[(va - area->object_at) >> machine.format.page_bits].bytes = slot.bytes;
  }
  process.image.put(vpn, std::move(slot));
  return *process.image.find(vpn);
}

void Kernel::State::os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const {
  out.clear();
  if (!context.translate) return;
  const Process* process = find(context);
  if (process == nullptr) return;
  for (const StaleMapping& stale : process->stale) {
    if (stale.vpn == vpn) out.push_back(stale.entry);
  }
  const Page* page = process->page(vpn);
  out.push_back(page == nullptr ? OsMapping{} : page->entry);
}

void Kernel::State::image_store(const Context& context, VirtAddr va, std::uint8_t byte) {
  if (!context.translate) {
    note_physical_write(PhysAddr(va.value), std::span(&byte, 1));
    return;
  }
  const Process* found = find(context);
  if (found == nullptr) return;
  Process& process = processes.at(found->id);
  const Vpn vpn = machine.vpn_of(va);
  const Page* page = process.page(vpn);
  if (page == nullptr) return;
  slot_for_store(process, vpn);
  process.image.store(vpn, machine.offset_of(va), byte);
  replace_byte(address_of(page->frame) + machine.offset_of(va), byte);
}

std::optional<std::uint8_t> Kernel::State::image_byte(const Context& context, VirtAddr va) const {
  if (!context.translate) return shadow.read_byte(PhysAddr(va.value));
  const Process* process = find(context);
  if (process == nullptr) return std::nullopt;
  const Vpn vpn = machine.vpn_of(va);
  if (process->image.find(vpn) != nullptr) return process->image.byte(vpn, machine.offset_of(va));
  const Area* area = process->areas.find(va);
  if (area != nullptr && area->object) {
    const auto shared = area->object->pages.find((va.value - area->object_at) >> machine.format.page_bits);
    if (shared == area->object->pages.end() || !shared->second.bytes) return std::uint8_t{0};
    return (*shared->second.bytes)[machine.offset_of(va)];
  }
  if (area == nullptr && process->page(vpn) == nullptr) return std::nullopt;
  return std::uint8_t{0};  // demand-zero, not stored to yet
}

bool Kernel::State::image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const {
  if (image_byte(context, va) == byte) return true;
  if (!context.translate) return fetch_history.had(PhysAddr(va.value), byte);
  const Process* process = find(context);
  const Page* page = process == nullptr ? nullptr : process->page(machine.vpn_of(va));
  return page != nullptr && fetch_history.had(address_of(page->frame) + machine.offset_of(va), byte);
}

}  // namespace vm
