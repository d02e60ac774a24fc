// SPDX-License-Identifier: Apache-2.0
//
// mmap, munmap, mprotect: Linux's rules for arguments and errors, for anonymous mappings. There are no files yet.
#include <algorithm>
#include <cerrno>

#include "os/state.h"

namespace vm {
namespace {

// Linux, x86 and generic values.
constexpr int kProtRead = 1, kProtWrite = 2, kProtExec = 4;
constexpr int kMapShared = 0x01, kMapPrivate = 0x02, kMapSharedValidate = 0x03, kMapTypeMask = 0x0F;
constexpr int kMapFixed = 0x10, kMapAnonymous = 0x20, kMapGrowsDown = 0x100, kMapFixedNoReplace = 0x100000;
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
  const std::uint64_t pages =
      std::min<std::uint64_t>(process.limit.value_or(~0ULL), 1ULL << (bits - machine.format.page_bits));
  // Linux leaves the last page of a 64-bit space out as well.
  return pages > low_mask(64 - machine.format.page_bits) ? ~low_mask(machine.format.page_bits)
                                                         : pages << machine.format.page_bits;
}

bool Kernel::State::is_unused(const Process& process, std::uint64_t from, std::uint64_t to) const {
  if (process.areas.overlaps(from, to)) return false;
  const auto page = process.page_from(Vpn(from >> machine.format.page_bits));
  return page == process.pages.end() || page->first >= to >> machine.format.page_bits;
}

bool Kernel::State::is_kernels(const Process& process, std::uint64_t from, std::uint64_t to) const {
  const unsigned page_bits = machine.format.page_bits;
  for (auto it = process.page_from(Vpn(from >> page_bits)); it != process.pages.end() && it->first < to >> page_bits;
       ++it) {
    if (it->second.rights.kernel || it->second.global) return true;
  }
  const std::vector<Area> areas = process.areas.in(from, to);
  return std::any_of(areas.begin(), areas.end(), [](const Area& area) { return area.rights.kernel; });
}

std::optional<std::uint64_t> Kernel::State::pick_range(const Process& process, std::uint64_t bytes,
                                                       std::uint64_t gap) const {
  // Downwards from the end of the space, as Linux does; never page 0, which null pointers hit.
  const std::uint64_t page = machine.format.page_size();
  std::uint64_t to = space_end(process);
  while (to >= bytes + page) {
    const std::uint64_t from = to - bytes;
    // The lowest thing in the way, if any, is where the next try ends.
    std::uint64_t obstacle = to;
    for (const Area& area : process.areas.in(from, to)) obstacle = std::min(obstacle, area.from);
    const auto first = process.page_from(Vpn(from >> machine.format.page_bits));
    if (first != process.pages.end() && first->first < to >> machine.format.page_bits) {
      obstacle = std::min(obstacle, first->first << machine.format.page_bits);
    }
    for (const auto& [start, area] : process.areas.all()) {
      const std::uint64_t clear = start - std::min(start, gap);
      if (area.grows_down && from < start && to > clear) obstacle = std::min(obstacle, clear);
    }
    if (obstacle == to) return from;
    if (obstacle < bytes + page) return std::nullopt;
    to = obstacle;
  }
  return std::nullopt;
}

bool Kernel::State::unmap_range(Process& process, std::uint64_t from, std::uint64_t to) {
  const unsigned page_bits = machine.format.page_bits;
  TableUpdate update(*this, process);
  if (!split_at(process, Vpn(from >> page_bits), update) || !split_at(process, Vpn(to >> page_bits), update)) {
    update.commit();
    return false;
  }
  std::vector<std::pair<Ppn, std::uint64_t>> freed;
  for (auto it = process.pages.lower_bound(from >> page_bits);
       it != process.pages.end() && it->first < to >> page_bits;) {
    const Vpn vpn(it->first);
    freed.emplace_back(it->second.frame, it->second.count());
    ++it;
    drop_page(process, vpn, update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
  process.areas.remove(from, to);
  return true;
}

std::int64_t Kernel::State::mmap(Process& process, std::uint64_t addr, std::uint64_t len, int prot, int flags,
                                 int /*fd*/, std::uint64_t offset) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if (process.raw) return -ENOSYS;
  if ((offset & mask) != 0) return -EINVAL;
  if ((flags & kMapAnonymous) == 0) return -EBADF;  // there are no files that fd could name
  const int type = flags & kMapTypeMask;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return -EINVAL;
  const bool shared = type != kMapPrivate;
  if (shared && (flags & kMapGrowsDown) != 0) return -EINVAL;
  if (len == 0) return -EINVAL;
  const std::uint64_t end = space_end(process);
  if (len > end) return -ENOMEM;
  const std::uint64_t bytes = (len + mask) & ~mask;
  if (bytes > end) return -ENOMEM;

  std::uint64_t from = 0;
  if ((flags & (kMapFixed | kMapFixedNoReplace)) != 0) {
    if (addr > end - bytes) return -ENOMEM;
    if ((addr & mask) != 0) return -EINVAL;
    from = addr;
    if (is_kernels(process, from, from + bytes)) return -ENOMEM;
    if ((flags & kMapFixedNoReplace) != 0 && !is_unused(process, from, from + bytes)) return -EEXIST;
    if (!unmap_range(process, from, from + bytes)) return -ENOMEM;
  } else {
    const std::uint64_t wish = addr > end ? end : (addr + mask) & ~mask;
    std::optional<std::uint64_t> place;
    if (wish != 0 && wish <= end - bytes && is_unused(process, wish, wish + bytes)) place = wish;
    if (!place) place = pick_range(process, bytes, kStackGap);
    if (!place) place = pick_range(process, bytes, 0);
    if (!place) return -ENOMEM;
    from = *place;
  }
  Area area{.from = from,
            .to = from + bytes,
            .rights = rights_of(prot),
            .grows_down = (flags & kMapGrowsDown) != 0,
            .object = nullptr,
            .object_at = from};
  if (shared) area.object = std::make_shared<SharedObject>(frames);
  process.areas.insert(std::move(area));
  return static_cast<std::int64_t>(from);
}

std::int64_t Kernel::State::munmap(Process& process, std::uint64_t addr, std::uint64_t len) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  const std::uint64_t end = space_end(process);
  if ((addr & mask) != 0 || len == 0 || addr > end || len > end - addr) return -EINVAL;
  const std::uint64_t to = addr + ((len + mask) & ~mask);
  if (is_kernels(process, addr, to)) return -EINVAL;
  return unmap_range(process, addr, to) ? 0 : -ENOMEM;
}

std::int64_t Kernel::State::mprotect(Process& process, std::uint64_t addr, std::uint64_t len, int prot) {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  const unsigned page_bits = machine.format.page_bits;
  if ((addr & mask) != 0) return -EINVAL;
  if (len == 0) return 0;
  const std::uint64_t end = space_end(process);
  if (addr > end || len > end - addr) return -ENOMEM;
  const std::uint64_t wanted = addr + ((len + mask) & ~mask);

  // As Linux: everything up to the first page that is not mapped is changed, even if the call then fails.
  std::uint64_t to = addr;
  const auto is_mapped = [&](std::uint64_t at) {
    return process.areas.find(VirtAddr(at)) != nullptr || process.page(Vpn(at >> page_bits)) != nullptr;
  };
  while (to < wanted && is_mapped(to) && !is_kernels(process, to, to + mask + 1)) to += mask + 1;
  if (to == addr) return -ENOMEM;
  const Rights rights = rights_of(prot);
  TableUpdate update(*this, process);
  if (!split_at(process, Vpn(addr >> page_bits), update) || !split_at(process, Vpn(to >> page_bits), update)) {
    update.commit();
    return -ENOMEM;
  }
  process.areas.protect(addr, to, rights);
  bool done = to == wanted;
  for (auto it = process.pages.lower_bound(addr >> page_bits); it != process.pages.end() && it->first < to >> page_bits;
       ++it) {
    Page page = it->second;
    const OsMapping before = page.entry;
    page.rights = rights;
    page.blocked = rights.none();
    page.entry = entry_for(page);
    if (!update.set(Vpn(it->first), page, before)) {
      done = false;  // no frame for a table: the page stays as it was
      break;
    }
    it->second = page;
    if (!(before.mapped && before.exec)) owe_fetch_sync(page);
  }
  update.commit();
  return done ? 0 : -ENOMEM;
}

}  // namespace vm
