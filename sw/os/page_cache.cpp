// SPDX-License-Identifier: Apache-2.0
//
// The page cache: the pages of files in memory, one frame each, for all who map, read or write the file. A page goes
// back to the file at msync, fsync and sync, when its frame is needed, and when nobody has the file open or mapped any
// more; then its frame is free.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

std::shared_ptr<MemoryObject> Kernel::State::cached(FileId file) {
  std::shared_ptr<MemoryObject>& object = page_cache[file];
  if (!object) object = std::make_shared<MemoryObject>(frames, file);
  return object;
}

// Moves what the mappings of these pages know of stores to the object. With the dirty bits gone the next store is noted
// again: the hardware has to forget that it may store without looking.
void Kernel::State::gather_stores(const MemoryObject& object, std::uint64_t first, std::uint64_t end) {
  for (auto& [pid, process] : processes) {
    TableUpdate update(*this, process, FenceReason::WriteBack);
    for (const auto& [from, area] : process.areas.all()) {
      if (area.object.get() != &object) continue;
      for (auto it = process.pages.lower_bound(machine.vpn_of(VirtAddr(area.from)).value);
           it != process.pages.end() && it->first <= machine.vpn_of(VirtAddr(area.to - 1)).value; ++it) {
        const Vpn vpn(it->first);
        const std::uint64_t index = object_index(area, address_of(process, vpn));
        if (index < first || index >= end || !was_stored_to(process, vpn, it->second)) continue;
        note_stores(process, vpn, it->second);
        if (!is_flat()) update.clear_dirty(vpn, it->second);
      }
    }
    update.commit();
  }
}

int Kernel::State::write_back(MemoryObject& object, std::uint64_t first, std::uint64_t end) {
  if (object.kind != MemoryObject::Kind::File) return 0;
  gather_stores(object, first, end);
  PageBytes bytes(machine.format.page_size());
  int result = 0;
  for (auto it = object.pages.lower_bound(first); it != object.pages.end() && it->first < end; ++it) {
    MemoryObject::ObjectPage& page = it->second;
    const std::uint64_t offset = it->first << machine.format.page_bits;
    const std::uint64_t size = disk.size(object.file);
    if (!page.dirty || !page.frame || offset >= size) continue;
    // What a page holds behind the end of the file is not the file's.
    const std::span<std::uint8_t> content =
        std::span(bytes).first(std::min<std::uint64_t>(bytes.size(), size - offset));
    const int error = read_memory(address_of(*page.frame), content) ? disk.write(object.file, offset, content) : -EIO;
    if (error != 0) {
      result = error;  // the page stays dirty
      continue;
    }
    page.dirty = false;
    if (page_manager != nullptr) page_manager->classify(*page.frame);
    ++counts.pages_written;
  }
  return result;
}

int Kernel::State::sync() {
  int result = 0;
  for (const auto& [file, object] : page_cache) {
    if (const int error = write_back(*object, 0, ~0ULL); error != 0) result = error;
  }
  return result;
}

void Kernel::State::drop_unused_files() {
  for (auto it = page_cache.begin(); it != page_cache.end();) {
    const bool unused = it->second.use_count() == 1;
    // Bytes that cannot be written stay in memory: a later sync tries again.
    if (unused && write_back(*it->second, 0, ~0ULL) == 0) {
      for (const auto& [index, page] : it->second->pages) {
        if (!page.frame) continue;
        busy.erase(page.frame->value);  // it is on the disk
        file_frames.erase(page.frame->value);
        replacement->leave(*page.frame);
      }
      it = page_cache.erase(it);
    } else {
      ++it;
    }
  }
  drop_unused_memory();
}

void Kernel::State::forget_file_page(Ppn frame) {
  const FilePage page = file_frames.at(frame.value);
  // Nobody could tell afterwards: whoever touches the page again has what the disk gives.
  const std::uint64_t offset = page.index << machine.format.page_bits, size = disk.size(page.object->file);
  const PageBytes& written = *page.object->pages.at(page.index).bytes;
  PageBytes on_disk(written.size());
  if (offset < size && disk.read(page.object->file, offset, on_disk) == 0 &&
      !std::equal(written.begin(),
                  written.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(written.size(), size - offset)),
                  on_disk.begin())) {
    lost_page = fmt::format("page {} of file '{}' left memory, and the file does not hold what was stored there",
                            page.index, disk.name(page.object->file));
  }
  file_frames.erase(frame.value);
  replacement->leave(frame);
  page.object->pages.erase(page.index);
  frames.release(frame);
}

// The page leaves memory, in the four steps of page_out (pageout.cpp). Whoever had it mapped faults, and its area says
// where the page is.
bool Kernel::State::drop_file_page(Ppn frame) {
  const FilePage page = file_frames.at(frame.value);
  unmap_from_all(frame);
  const bool is_dirty = page.object->pages.at(page.index).dirty;
  if (is_dirty && write_back(*page.object, page.index, page.index + 1) != 0) return false;
  ++counts.file_pageouts;
  if (is_dirty) {
    start_write(frame, std::nullopt);
  } else {
    forget_file_page(frame);
  }
  return true;
}

int Kernel::State::change_file(MemoryObject& object, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  MemoryObject::ObjectPage* page = object_page(object, offset >> machine.format.page_bits);
  if (page == nullptr) return -ENOMEM;
  const std::uint64_t at = offset & low_mask(machine.format.page_bits);
  const PhysAddr pa = address_of(*page->frame) + at;
  for (std::size_t i = 0; i < bytes.size(); ++i) fetch_history.replaced(pa + i, shadow.read_byte(pa + i));
  if (!write_memory(pa, bytes)) return -EIO;
  std::copy(bytes.begin(), bytes.end(), page->bytes->begin() + static_cast<std::ptrdiff_t>(at));
  if (object.kind != MemoryObject::Kind::File) return 0;
  page->dirty = true;
  if (page_manager != nullptr) page_manager->classify(*page->frame);
  // Some process may have it mapped, and fetch from it.
  if (fetch_is_incoherent()) fetch_sync_owed = true;
  return 0;
}

std::int64_t Kernel::State::msync(Process& process, std::uint64_t addr, std::uint64_t len, int flags) {
  constexpr int kAsync = 1, kInvalidate = 2, kSync = 4;  // Linux: MS_…
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  if ((flags & ~(kAsync | kInvalidate | kSync)) != 0 || (flags & (kAsync | kSync)) == (kAsync | kSync)) return -EINVAL;
  if ((addr & mask) != 0) return -EINVAL;
  const std::uint64_t end = space_end(process);
  if (addr > end || len > end - addr) return -ENOMEM;
  const std::uint64_t to = addr + ((len + mask) & ~mask);
  std::uint64_t covered = addr;
  int result = 0;
  for (const Area& area : process.areas.in(addr, to)) {
    if (area.from > covered) result = -ENOMEM;  // and the rest is written all the same
    covered = area.to;
    if (!area.shared || !area.object) continue;
    const VirtAddr first(std::max(area.from, addr)), last(std::min(area.to, to) - 1);
    const int error = write_back(*area.object, object_index(area, first), object_index(area, last) + 1);
    if (error != 0) return error;
  }
  return covered < to ? -ENOMEM : result;
}

}  // namespace vm
