// SPDX-License-Identifier: Apache-2.0
//
// What must hold of the page cache between any two calls of the kernel: a page that nobody stored to since it was read
// or written back holds what the file does.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "os/state.h"

namespace vm {

std::string Kernel::State::broken_files() const {
  if (!started) return {};
  std::set<std::uint64_t> stored_to;  // frames
  for (const auto& [pid, process] : processes) {
    for (const auto& [number, page] : process.pages) {
      if (was_stored_to(process, Vpn(number), page)) stored_to.insert(page.frame.value);
    }
  }
  PageBytes in_memory(machine.format.page_size()), in_file(machine.format.page_size());
  for (const auto& [file, object] : page_cache) {
    for (const auto& [number, page] : object->pages) {
      if (!page.frame || page.dirty || stored_to.contains(page.frame->value)) continue;
      const std::uint64_t offset = number << machine.format.page_bits, size = disk.size(file);
      if (offset >= size || !platform.host_read(address_of(*page.frame), in_memory)) continue;
      if (disk.read(file, offset, in_file) != 0) continue;
      const auto content = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(in_file.size(), size - offset));
      if (!std::equal(in_file.begin(), in_file.begin() + content, in_memory.begin())) {
        return fmt::format("page {} of file '{}' is clean, and not what the file holds", number, disk.name(file));
      }
    }
  }
  return {};
}

}  // namespace vm
