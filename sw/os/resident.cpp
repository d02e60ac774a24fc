// SPDX-License-Identifier: Apache-2.0
//
// Pages in memory. Every page a process has goes in and out here, so that the reverse map knows who has a frame.
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

// The zero page is nobody's, a kernel stack the kernel's.
std::uint64_t Kernel::State::own_pages(const Page& page) const {
  return zero_frame_for_all == page.frame || page.kernel_stack ? 0 : page.count();
}

void Kernel::State::add_page(Process& process, Vpn vpn, const Page& page) {
  if (const auto old = process.pages.find(vpn.value); old != process.pages.end()) remove_page(process, old);
  process.pages[vpn.value] = page;
  process.resident += own_pages(page);
  if (page.order == 0) add_mapper(process, vpn, page);
}

void Kernel::State::add_mapper(const Process& process, Vpn vpn, const Page& page) {
  frame_map.add(page.frame.value, {.process = process.id, .vpn = vpn});
  const bool is_file = file_frames.contains(page.frame.value);
  if (is_file && page_manager != nullptr) page_manager->classify(page.frame);
  // What never leaves is in no list of the policy.
  if (page.shared || page.kernel_stack || zero_frame_for_all == page.frame || frames.is_named(page.frame)) return;
  if (object_page_of(page.frame) == nullptr) replacement->enter(page.frame, Replacement::Content::Anonymous);
}

void Kernel::State::remove_mapper(const Process& process, Vpn vpn, const Page& page) {
  frame_map.remove(page.frame.value, {.process = process.id, .vpn = vpn});
  if (frame_map.count(page.frame.value) != 0) return;
  forget_copy(page.frame);
  if (object_page_of(page.frame) == nullptr) replacement->leave(page.frame);
  if (page_manager != nullptr && file_frames.contains(page.frame.value)) page_manager->classify(page.frame);
}

Page Kernel::State::remove_page(Process& process, std::map<std::uint64_t, Page>::iterator at) {
  const Page page = at->second;
  if (page.order == 0) remove_mapper(process, Vpn(at->first), page);
  process.resident -= own_pages(page);
  process.pages.erase(at);
  return page;
}

void Kernel::State::change_frame(Process& process, Vpn vpn, Page& page, Ppn frame) {
  remove_mapper(process, vpn, page);
  process.resident -= own_pages(page);
  page.frame = frame;
  process.resident += own_pages(page);
  add_mapper(process, vpn, page);
}

std::uint64_t Kernel::State::saved_frames() const {
  std::uint64_t saved = frame_map.mapper_count() - frame_map.size();
  for (const auto& [range, owners] : frames.range_references()) saved += (owners - 1) * range.second;
  return saved;
}

}  // namespace vm
