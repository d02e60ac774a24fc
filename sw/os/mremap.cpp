// SPDX-License-Identifier: Apache-2.0
//
// mremap and brk: ranges that grow, shrink and move. A page that moves keeps its frame, and its accessed and dirty
// bits.
#include <algorithm>
#include <cerrno>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {
namespace {

constexpr int kMayMove = 1, kFixed = 2;  // Linux: MREMAP_…

}  // namespace

bool Kernel::State::grow_area(Process& process, const Area& area, std::uint64_t to) {
  const std::uint64_t from = area.to;
  if (to > space_end(process) || !is_unused(process, from, to)) return false;
  const std::uint64_t pages = (to - from) >> machine.format.page_bits;
  if (!may_grow(process, pages) || (is_promised(area) && !may_promise(pages))) return false;
  Area more = area;
  more.from = from;
  more.to = to;
  more.grows_down = false;
  process.areas.insert(std::move(more));
  return true;
}

// `area` is what the new range is to be. False: no frame left for a table, and nothing has changed for the pages that
// did not move.
bool Kernel::State::move_pages(Process& process, const Area& area, std::uint64_t from, std::uint64_t to,
                               std::uint64_t bytes) {
  const unsigned page_bits = machine.format.page_bits;
  process.areas.insert(area);
  TableUpdate update(*this, process, FenceReason::Unmap);
  FreedFrames freed;
  unshare_tables(process, Vpn(from >> page_bits), Vpn((from + bytes) >> page_bits), false, update, freed);
  // What moves are base pages.
  bool ok = true;
  for (auto it = process.page_from(Vpn(from >> page_bits));
       ok && it != process.pages.end() && it->first < (from + bytes) >> page_bits; ++it) {
    const Vpn vpn(it->first);
    while (ok && process.page(vpn)->order > 0) ok = split(process, vpn, update);
    it = process.pages.find(vpn.value);
  }
  for (auto it = process.pages.lower_bound(from >> page_bits);
       ok && it != process.pages.end() && it->first < (from + bytes) >> page_bits;) {
    const Vpn old_vpn(it->first);
    const Vpn new_vpn(old_vpn.value + (to >> page_bits) - (from >> page_bits));
    const Page page = it->second;
    const std::optional<PhysAddr> old_at = page.entry.mapped ? entry_address(process, old_vpn, 0) : std::nullopt;
    const std::uint64_t bits = old_at ? kept_bits(*old_at) : 0;
    ok = update.set(new_vpn, page, {});
    if (!ok) break;
    if (bits != 0) {
      const PhysAddr new_at = *entry_address(process, new_vpn, 0);
      write_raw(process, new_vpn, new_at, encode(page) | bits);
    }
    const ProcessImage::Slot* slot = process.image.find(old_vpn);
    if (slot != nullptr) process.image.put(new_vpn, ProcessImage::Slot(*slot));
    ++it;
    drop_page(process, old_vpn, update);
    add_page(process, new_vpn, page);
  }
  for (auto it = process.swapped.lower_bound(from >> page_bits);
       ok && it != process.swapped.end() && it->first < (from + bytes) >> page_bits;) {
    const Vpn old_vpn(it->first);
    const Vpn new_vpn(old_vpn.value + (to >> page_bits) - (from >> page_bits));
    ok = update.set_slot(new_vpn, it->second.slot);
    if (!ok) break;
    if (const ProcessImage::Slot* slot = process.image.find(old_vpn))
      process.image.put(new_vpn, ProcessImage::Slot(*slot));
    process.image.drop(old_vpn, 1);
    ++it;
    const SwappedPage swapped = remove_swapped(process, old_vpn);
    update.forget_slot(old_vpn);
    add_swapped(process, new_vpn, swapped);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
  return ok;
}

std::int64_t Kernel::State::mremap(Process& process, std::uint64_t addr, std::uint64_t old_len, std::uint64_t new_len,
                                   int flags, std::uint64_t new_addr) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if (process.raw) return -ENOSYS;
  const bool may_move = (flags & kMayMove) != 0, fixed = (flags & kFixed) != 0;
  if ((flags & ~(kMayMove | kFixed)) != 0 || (fixed && !may_move)) return -EINVAL;
  if ((addr & mask) != 0 || new_len == 0 || (fixed && (new_addr & mask) != 0)) return -EINVAL;
  const std::uint64_t end = space_end(process);
  if (new_len > end || old_len > end) return -ENOMEM;
  const std::uint64_t old_bytes = (old_len + mask) & ~mask, new_bytes = (new_len + mask) & ~mask;
  if (fixed) {
    if (new_bytes > end || new_addr > end - new_bytes) return -EINVAL;
    if (addr < new_addr + new_bytes && new_addr < addr + std::max(old_bytes, mask + 1)) return -EINVAL;
    if (is_kernels(process, new_addr, new_addr + new_bytes)) return -EINVAL;
  }
  const Area* found = process.areas.find(VirtAddr(addr));
  if (found == nullptr || is_kernels(process, addr, addr + old_bytes)) return -EFAULT;
  // Linux's old way to map a shared object a second time.
  if (old_bytes == 0 && !found->shared) return -EINVAL;
  if (old_bytes > found->to - addr) return -EFAULT;
  const auto first = process.page_from(Vpn(addr >> machine.format.page_bits));
  for (auto it = first; it != process.pages.end() && it->first < (addr + old_bytes) >> machine.format.page_bits; ++it) {
    if (it->second.order != 0 && it->second.placed) return -EFAULT;  // the user named it
  }

  Area area = *found;
  if (!fixed && new_bytes <= old_bytes) {
    if (new_bytes < old_bytes && !unmap_range(process, addr + new_bytes, addr + old_bytes)) return -ENOMEM;
    drop_unused_files();
    return static_cast<std::int64_t>(addr);
  }
  if (!fixed && old_bytes != 0 && found->to == addr + old_bytes && grow_area(process, area, addr + new_bytes)) {
    return static_cast<std::int64_t>(addr);
  }
  if (!may_move) return -ENOMEM;
  const std::optional<std::uint64_t> place = fixed ? std::optional(new_addr) : pick_place(process, new_bytes);
  if (!place) return -ENOMEM;
  if (fixed && !unmap_range(process, *place, *place + new_bytes)) return -ENOMEM;
  const std::uint64_t moved = std::min(old_bytes, new_bytes);
  const std::uint64_t more = (new_bytes - moved) >> machine.format.page_bits;
  if (!may_grow(process, more) || (is_promised(area) && !may_promise(more))) return -ENOMEM;
  area.from = *place;
  area.to = *place + new_bytes;
  area.object_at += *place - addr;
  area.grows_down = false;
  if (!move_pages(process, area, addr, *place, moved)) {
    // Back to where they came from: there the tables are, or their frames.
    Area old = area;
    old.from = addr;
    old.to = addr + moved;
    old.object_at -= *place - addr;
    process.areas.remove(old.from, old.to);
    move_pages(process, old, *place, addr, moved);
    unmap_range(process, *place, *place + new_bytes);
    return -ENOMEM;
  }
  if (old_bytes != 0) unmap_range(process, addr, addr + old_bytes);
  drop_unused_files();
  return static_cast<std::int64_t>(*place);
}

std::uint64_t Kernel::State::brk(Process& process, std::uint64_t addr) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if (process.raw || process.heap == 0 || addr < process.heap || addr > space_end(process)) return process.heap_end;
  const std::uint64_t old_end = (process.heap_end + mask) & ~mask, new_end = (addr + mask) & ~mask;
  if (new_end > old_end) {
    if (new_end > space_end(process) || !is_unused(process, old_end, new_end)) return process.heap_end;
    const std::uint64_t pages = (new_end - old_end) >> machine.format.page_bits;
    if (!may_grow(process, pages) || !may_promise(pages)) return process.heap_end;
    process.areas.insert(
        {.from = old_end, .to = new_end, .rights = {.read = true, .write = true, .exec = false, .kernel = false}});
  } else if (new_end < old_end) {
    if (is_kernels(process, new_end, old_end) || !unmap_range(process, new_end, old_end)) return process.heap_end;
  }
  process.heap_end = addr;
  return addr;
}

}  // namespace vm
