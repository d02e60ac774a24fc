// SPDX-License-Identifier: Apache-2.0
//
// mmap, munmap, mprotect, madvise: Linux's rules for arguments and errors.
#include <algorithm>
#include <cerrno>

#include "os/state.h"
#include "os/table_update.h"

namespace vm {
namespace {

// Linux, x86 and generic values.
constexpr int kProtRead = 1, kProtWrite = 2, kProtExec = 4;
constexpr int kMapShared = 0x01, kMapPrivate = 0x02, kMapSharedValidate = 0x03, kMapTypeMask = 0x0F;
constexpr int kMapFixed = 0x10, kMapAnonymous = 0x20, kMapGrowsDown = 0x100, kMapFixedNoReplace = 0x100000;
constexpr int kMadvDontneed = 4;                 // below it: hints that nothing follows from
constexpr std::uint64_t kStackGap = 8ULL << 20;  // kept free below an area that grows down, while there is room

Rights rights_of(int prot) {
  return {.read = (prot & kProtRead) != 0,
          .write = (prot & kProtWrite) != 0,
          .exec = (prot & kProtExec) != 0,
          .kernel = false};
}

}  // namespace

std::uint64_t Kernel::State::space_end(const Process& process) const {
  const unsigned width = machine.format.page_bits + machine.format.vpn_bits(process.levels);
  const unsigned bits = width - (machine.format.upper_va == UpperVa::Sign ? 1U : 0U);
  const std::uint64_t pages = std::min<std::uint64_t>(
      {process.limit.value_or(~0ULL), 1ULL << (bits - machine.format.page_bits),
       kernel_space && !kernel_space->options().own_table ? kernel_space->split().value : ~0ULL});
  // Linux leaves the last page of a 64-bit space out as well.
  return pages > low_mask(64 - machine.format.page_bits) ? ~low_mask(machine.format.page_bits)
                                                         : pages << machine.format.page_bits;
}

bool Kernel::State::is_unused(const Process& process, std::uint64_t from, std::uint64_t to) const {
  if (process.areas.overlaps(from, to)) return false;
  const auto page = process.page_from(Vpn(from >> machine.format.page_bits));
  return page == process.pages.end() || page->first >= to >> machine.format.page_bits;
}

std::uint64_t Kernel::State::kernels_from(const Process& process, std::uint64_t from, std::uint64_t to) const {
  const unsigned page_bits = machine.format.page_bits;
  std::uint64_t first = to;
  for (auto it = process.page_from(Vpn(from >> page_bits)); it != process.pages.end() && it->first < to >> page_bits;
       ++it) {
    if (!it->second.rights.kernel && !it->second.global) continue;
    first = std::max(from, it->first << page_bits);
    break;
  }
  for (const Area& area : process.areas.in(from, first)) {
    if (area.rights.kernel) return std::max(from, area.from);
  }
  return first;
}

bool Kernel::State::is_kernels(const Process& process, std::uint64_t from, std::uint64_t to) const {
  return kernels_from(process, from, to) < to;
}

std::optional<std::uint64_t> Kernel::State::pick_range(Process& process, std::uint64_t bytes, std::uint64_t gap) {
  // Downwards from the end of the space, as Linux does; never page 0, which null pointers hit.
  const std::uint64_t page = machine.format.page_size();
  std::uint64_t limit = space_end(process);
  while (const std::optional<std::uint64_t> end = process.areas.free_end_below(limit, bytes, gap, page)) {
    const std::uint64_t from = *end - bytes;
    // Pages that the user named need not lie in an area.
    const auto first = process.page_from(Vpn(from >> machine.format.page_bits));
    if (first == process.pages.end() || first->first >= *end >> machine.format.page_bits) return from;
    limit = first->first << machine.format.page_bits;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Kernel::State::pick_place(Process& process, std::uint64_t bytes) {
  if (const auto place = pick_range(process, bytes, kStackGap)) return place;
  return pick_range(process, bytes, 0);
}

bool Kernel::State::drop_pages(Process& process, std::uint64_t from, std::uint64_t to) {
  const unsigned page_bits = machine.format.page_bits;
  TableUpdate update(*this, process, FenceReason::Unmap);
  if (!split_at(process, Vpn(from >> page_bits), update) || !split_at(process, Vpn(to >> page_bits), update)) {
    update.commit();
    return false;
  }
  FreedFrames freed;
  unshare_tables(process, Vpn(from >> page_bits), Vpn(to >> page_bits), true, update, freed);
  drop_swapped(process, Vpn(from >> page_bits), Vpn(to >> page_bits), update);
  for (auto it = process.pages.lower_bound(from >> page_bits);
       it != process.pages.end() && it->first < to >> page_bits;) {
    const Vpn vpn(it->first);
    freed.emplace_back(it->second.frame, it->second.count());
    ++it;
    drop_page(process, vpn, update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
  return true;
}

bool Kernel::State::unmap_range(Process& process, std::uint64_t from, std::uint64_t to) {
  if (!drop_pages(process, from, to)) return false;
  process.areas.remove(from, to);
  return true;
}

// What mmap needs to know of the file: errors, and what the area may become.
int Kernel::State::take_file(Process& process, int fd, int prot, bool shared, Area& area) {
  const OpenFile* file = open_file(process, fd);
  if (!file->readable) return -EACCES;
  if (!file->object) return -ENODEV;
  if (shared && !file->writable) {
    if ((prot & kProtWrite) != 0) return -EACCES;
    area.may_write = false;
  }
  area.object = file->object;
  return 0;
}

std::int64_t Kernel::State::mmap(Process& process, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                                 std::uint64_t offset) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if (process.raw) return -ENOSYS;
  if ((offset & mask) != 0) return -EINVAL;
  const bool anonymous = (flags & kMapAnonymous) != 0;
  if (!anonymous && open_file(process, fd) == nullptr) return -EBADF;
  const int type = flags & kMapTypeMask;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return -EINVAL;
  const bool shared = type != kMapPrivate;
  if ((flags & kMapGrowsDown) != 0 && (shared || !anonymous)) return -EINVAL;
  if (len == 0) return -EINVAL;
  const std::uint64_t end = space_end(process);
  if (len > end) return -ENOMEM;
  const std::uint64_t bytes = (len + mask) & ~mask;
  if (bytes > end) return -ENOMEM;
  if (!anonymous && offset + bytes < offset) return -EOVERFLOW;

  const std::uint64_t pages = bytes >> machine.format.page_bits;
  if (!may_grow(process, pages)) return -ENOMEM;
  const bool promised = shared ? (flags & kMapAnonymous) != 0 : (prot & kProtWrite) != 0;
  if (promised && !may_promise(pages)) return -ENOMEM;

  Area area{.rights = rights_of(prot), .shared = shared, .grows_down = (flags & kMapGrowsDown) != 0};
  const bool fixed = (flags & (kMapFixed | kMapFixedNoReplace)) != 0;
  if (fixed) {
    if (addr > end - bytes) return -ENOMEM;
    if ((addr & mask) != 0) return -EINVAL;
    if (is_kernels(process, addr, addr + bytes)) return -ENOMEM;
    if ((flags & kMapFixedNoReplace) != 0 && !is_unused(process, addr, addr + bytes)) return -EEXIST;
    area.from = addr;
  } else {
    const std::uint64_t wish = addr > end ? end : (addr + mask) & ~mask;
    std::optional<std::uint64_t> place;
    if (wish != 0 && wish <= end - bytes && is_unused(process, wish, wish + bytes)) place = wish;
    if (!place) place = pick_place(process, bytes);
    if (!place) return -ENOMEM;
    area.from = *place;
  }
  // Only now may anything change.
  if (const int error = anonymous ? 0 : take_file(process, fd, prot, shared, area); error != 0) return error;
  if (anonymous && shared) area.object = new_shared_memory();
  if (fixed && !unmap_range(process, area.from, area.from + bytes)) return -ENOMEM;
  area.to = area.from + bytes;
  area.object_at = area.from - (anonymous ? 0 : offset);
  const auto from = static_cast<std::int64_t>(area.from);
  process.areas.insert(std::move(area));
  drop_unused_files();
  return from;
}

std::int64_t Kernel::State::munmap(Process& process, std::uint64_t addr, std::uint64_t len) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  const std::uint64_t end = space_end(process);
  if ((addr & mask) != 0 || len == 0 || addr > end || len > end - addr) return -EINVAL;
  const std::uint64_t to = addr + ((len + mask) & ~mask);
  if (is_kernels(process, addr, to)) return -EINVAL;
  if (!unmap_range(process, addr, to)) return -ENOMEM;
  drop_unused_files();
  return 0;
}

std::uint64_t Kernel::State::changeable_from(const Process& process, std::uint64_t from, std::uint64_t to,
                                             bool to_write, int& error) const {
  const unsigned page_bits = machine.format.page_bits;
  while (from < to) {
    const Area* area = process.areas.find(VirtAddr(from));
    const Page* page = process.page(Vpn(from >> page_bits));
    if (area == nullptr && page == nullptr) break;
    if (area != nullptr && to_write && !area->may_write) {
      error = -EACCES;
      return from;
    }
    const std::uint64_t end = area != nullptr ? std::min(area->to, to) : from + machine.format.page_size();
    from = kernels_from(process, from, end);
    if (from < end) break;
  }
  if (from < to) error = -ENOMEM;
  return from;
}

std::int64_t Kernel::State::mprotect(Process& process, std::uint64_t addr, std::uint64_t len, int prot) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  const unsigned page_bits = machine.format.page_bits;
  if ((addr & mask) != 0) return -EINVAL;
  if (len == 0) return 0;
  const std::uint64_t end = space_end(process);
  if (addr > end || len > end - addr) return -ENOMEM;
  const std::uint64_t wanted = addr + ((len + mask) & ~mask);

  // As Linux: everything up to the first page that may not be changed is, even if the call then fails.
  int error = 0;
  const std::uint64_t to = changeable_from(process, addr, wanted, (prot & kProtWrite) != 0, error);
  if (to == addr) return error;
  const Rights rights = rights_of(prot);
  TableUpdate update(*this, process, FenceReason::Protect);
  if (!split_at(process, Vpn(addr >> page_bits), update) || !split_at(process, Vpn(to >> page_bits), update)) {
    update.commit();
    return -ENOMEM;
  }
  FreedFrames freed;
  unshare_tables(process, Vpn(addr >> page_bits), Vpn(to >> page_bits), false, update, freed);
  process.areas.protect(addr, to, rights);
  protect_swapped(process, Vpn(addr >> page_bits), Vpn(to >> page_bits), rights);
  for (auto it = process.pages.lower_bound(addr >> page_bits); it != process.pages.end() && it->first < to >> page_bits;
       ++it) {
    Page page = it->second;
    const OsMapping before = page.entry;
    note_stores(process, Vpn(it->first), page);
    page.rights = rights;
    page.blocked = rights.none();
    page.entry = entry_for(page);
    if (!update.set(Vpn(it->first), page, before)) {
      error = -ENOMEM;  // no frame for a table: the page stays as it was
      break;
    }
    it->second = page;
    if (!(before.mapped && before.exec)) owe_fetch_sync(page);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
  return error;
}

// The pages of the range give up what they hold: the next touch finds zeros, or what the object has.
std::int64_t Kernel::State::madvise(Process& process, std::uint64_t addr, std::uint64_t len, int advice) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if ((addr & mask) != 0 || advice < 0 || advice > kMadvDontneed) return -EINVAL;
  const std::uint64_t end = space_end(process);
  if (addr > end || len > end - addr) return len == 0 ? 0 : -EINVAL;
  const std::uint64_t to = addr + ((len + mask) & ~mask);
  bool hole = false;
  std::uint64_t covered = addr;
  for (const Area& area : process.areas.in(addr, to)) {
    const std::uint64_t first = std::max(area.from, addr), last = std::min(area.to, to);
    hole |= first > covered;
    covered = last;
    if (advice != kMadvDontneed) continue;
    if (is_kernels(process, first, last)) return -EINVAL;
    if (!drop_pages(process, first, last)) return -ENOMEM;
  }
  return hole || covered < to ? -ENOMEM : 0;
}

}  // namespace vm
