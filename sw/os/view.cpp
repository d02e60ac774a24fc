// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tells the checkers: its map, from its own structures, and the image.
#include <algorithm>
#include <array>

#include "os/state.h"

namespace vm {

const Process* Kernel::State::find(const Context& context) const {
  const auto is = [&](const Process& p) { return p.table == context.base && (!has_asids() || p.asid == context.asid); };
  if (current) {
    const Process& p = processes.at(*current);
    if (is(p)) return &p;
  }
  for (const auto& [pid, p] : processes) {
    if (is(p)) return &p;
  }
  return nullptr;
}

std::shared_ptr<PageBytes> Kernel::State::bytes_of_frame(Ppn frame) const {
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (frame.value - page.frame.value >= page.count()) continue;
      const Vpn vpn(number + (frame.value - page.frame.value));
      if (const ProcessImage::Slot* slot = process.image.find(vpn)) return slot->bytes;
      // Demand-zero memory that nobody stored to.
      if (!page.placed && !frames.is_named(frame)) return std::make_shared<PageBytes>(machine.format.page_size());
    }
  }
  auto bytes = std::make_shared<PageBytes>(machine.format.page_size());
  shadow.read(address_of(frame), *bytes);
  return bytes;
}

const KernelSpace::Range* Kernel::State::kernel_range(const Process& process, Vpn vpn) const {
  return is_kernel_space(vpn) && !process.raw ? kernel_space->find(vpn) : nullptr;
}

bool Kernel::State::may_be_table(Ppn frame) const {
  if (is_flat()) return false;
  const auto is_raw = [](const auto& entry) { return entry.second.raw; };
  return table_frames.contains(frame.value) || std::any_of(processes.begin(), processes.end(), is_raw);
}

const ProcessImage::Slot& Kernel::State::slot_for_store(Process& process, Vpn vpn) {
  if (const ProcessImage::Slot* slot = process.image.find(vpn)) return *slot;
  // Pages of objects have theirs from the start.
  ProcessImage::Slot slot;
  const auto mapped = process.page_from(vpn);
  const bool is_mapped = mapped != process.pages.end() && mapped->first <= vpn.value;
  if (is_mapped && mapped->second.placed) {
    slot.bytes = bytes_of_frame(mapped->second.frame + (vpn.value - mapped->first));
    slot.is_private = mapped->second.cow;
  } else {
    slot.bytes = std::make_shared<PageBytes>(machine.format.page_size());
  }
  process.image.put(vpn, std::move(slot));
  return *process.image.find(vpn);
}

void Kernel::State::os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const {
  out.clear();
  if (!context.translate) return;
  if (kernel_space && kernel_space->is_own_table(context)) return out.push_back(kernel_space->mapping(vpn));
  const Process* process = find(context);
  if (process == nullptr || process->raw) return;
  for (const StaleMapping& stale : process->stale) {
    if (vpn.value - stale.vpn.value >= 1ULL << stale.order) continue;
    out.push_back(stale.entry);
    out.back().ppn += vpn.value - stale.vpn.value;
  }
  out.push_back(mapping_at(*process, vpn));
}

void Kernel::State::image_store(const Context& context, VirtAddr va, std::uint8_t byte) {
  if (!context.translate) {
    note_physical_write(PhysAddr(va.value), std::span(&byte, 1));
    return;
  }
  if (kernel_space && kernel_space->is_own_table(context)) {
    const OsMapping mapping = kernel_space->mapping(machine.vpn_of(va));
    if (mapping.mapped) note_physical_write(address_of(mapping.ppn) + machine.offset_of(va), std::span(&byte, 1));
    return;
  }
  const Process* found = find(context);
  if (found == nullptr) return;
  Process& process = processes.at(found->id);
  const Vpn vpn = machine.vpn_of(va);
  const OsMapping mapping = mapping_at(process, vpn);
  if (process.raw || !mapping.mapped) return;
  if (const KernelSpace::Range* range = kernel_range(process, vpn)) {
    const PhysAddr at = address_of(mapping.ppn) + machine.offset_of(va);
    return kernel_space->is_own(*range) ? replace_byte(at, byte) : note_physical_write(at, std::span(&byte, 1));
  }
  // A supervisor's store while CR0.WP is clear: copy-on-write or not, it goes to the frame, whoever else has it (X7).
  if (!mapping.write) {
    return note_physical_write(address_of(mapping.ppn) + machine.offset_of(va), std::span(&byte, 1));
  }
  slot_for_store(process, vpn);
  process.image.store(vpn, machine.offset_of(va), std::span(&byte, 1));
  replace_byte(address_of(mapping.ppn) + machine.offset_of(va), byte);
}

std::optional<std::uint8_t> Kernel::State::image_byte(const Context& context, VirtAddr va) const {
  if (!context.translate) return shadow.read_byte(PhysAddr(va.value));
  if (kernel_space && kernel_space->is_own_table(context)) {
    const OsMapping mapping = kernel_space->mapping(machine.vpn_of(va));
    if (!mapping.mapped) return std::nullopt;
    return shadow.read_byte(address_of(mapping.ppn) + machine.offset_of(va));
  }
  const Process* process = find(context);
  if (process == nullptr || process->raw) return std::nullopt;
  const Vpn vpn = machine.vpn_of(va);
  if (kernel_range(*process, vpn) != nullptr) {
    const Ppn frame = mapping_at(*process, vpn).ppn;
    // Of tables nobody knows which accessed and dirty bits hardware has set.
    if (may_be_table(frame)) return std::nullopt;
    return shadow.read_byte(address_of(frame) + machine.offset_of(va));
  }
  if (process->image.find(vpn) != nullptr) return process->image.byte(vpn, machine.offset_of(va));
  if (const Page* page = process->page(vpn); page != nullptr && page->placed) {
    // Nobody stored to this piece of a large page through it; another mapping of its frame may have.
    const std::uint64_t at = mapping_at(*process, vpn).ppn.value;
    if (page->entry.mapped) return shadow.read_byte(address_of(Ppn(at)) + machine.offset_of(va));
    return std::nullopt;
  }
  const Area* area = process->areas.find(va);
  if (area != nullptr && area->object) {
    const auto shared = area->object->pages.find((va.value - area->object_at) >> machine.format.page_bits);
    if (shared == area->object->pages.end() || !shared->second.bytes) return std::uint8_t{0};
    return (*shared->second.bytes)[machine.offset_of(va)];
  }
  if (area == nullptr && process->page(vpn) == nullptr) return std::nullopt;
  return std::uint8_t{0};  // demand-zero, not stored to yet
}

bool Kernel::State::image_store_in_page(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) {
  const std::uint64_t offset = machine.offset_of(va);
  if (!context.translate || offset + bytes.size() > machine.format.page_size()) return false;
  const Process* found = find(context);
  if (found == nullptr || found->raw) return false;
  const Vpn vpn = machine.vpn_of(va);
  const OsMapping mapping = mapping_at(*found, vpn);
  if (!mapping.mapped || !mapping.write || found->image.find(vpn) == nullptr) return false;
  processes.find(found->id)->second.image.store(vpn, offset, bytes);
  const PhysAddr pa = address_of(mapping.ppn) + offset;
  std::array<std::uint8_t, 8> old{};
  for (std::size_t done = 0; done < bytes.size(); done += old.size()) {
    const std::size_t count = std::min(old.size(), bytes.size() - done);
    shadow.read(pa + done, std::span(old).first(count));
    for (std::size_t i = 0; i < count; ++i) fetch_history.replaced(pa + done + i, old.at(i));
  }
  shadow.write(pa, bytes);
  return true;
}

bool Kernel::State::image_holds_in_page(const Context& context, VirtAddr va,
                                        std::span<const std::uint8_t> bytes) const {
  const std::uint64_t offset = machine.offset_of(va);
  if (!context.translate || offset + bytes.size() > machine.format.page_size()) return false;
  const Process* process = find(context);
  if (process == nullptr || process->raw) return false;
  const ProcessImage::Slot* slot = process->image.find(machine.vpn_of(va));
  return slot != nullptr &&
         std::equal(bytes.begin(), bytes.end(), slot->bytes->begin() + static_cast<std::ptrdiff_t>(offset));
}

bool Kernel::State::image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const {
  if (image_byte(context, va) == byte) return true;
  if (!context.translate) return fetch_history.had(PhysAddr(va.value), byte);
  const Process* process = find(context);
  if (process == nullptr) return false;
  const OsMapping mapping = mapping_at(*process, machine.vpn_of(va));
  return mapping.mapped && fetch_history.had(address_of(mapping.ppn) + machine.offset_of(va), byte);
}

}  // namespace vm
