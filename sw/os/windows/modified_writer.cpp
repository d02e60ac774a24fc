// SPDX-License-Identifier: Apache-2.0
//
// The modified-page writer: pages that left a working set and differ from the disk are written while nobody waits for
// them, the oldest first, when more than `modified` of them have gathered; earlier only when frames run out. A page
// that is being written is in transition for as long as the disk takes, and then on standby. Until then, and after, a
// fault brings it back.
//
// Pages of a file that is held back are not written: a file system that keeps a log says so of pages whose log record
// is not on the disk yet. They stay in memory, whatever is needed.
#include <algorithm>

#include "os/windows/page_manager.h"

namespace vm {

std::size_t PageManager::writable() const {
  return static_cast<std::size_t>(
      std::count_if(modified_.begin(), modified_.end(), [&](Ppn frame) { return !is_held(frame); }));
}

void PageManager::write_modified() {
  while (writable() > options_.modified && write_one()) {
  }
}

bool PageManager::write_one() {
  for (const Ppn frame : modified_.all()) {
    if (!is_held(frame) && write(frame)) return true;
  }
  return false;
}

// False: the disk does not take it. A page that has no place there any more goes back to where it came from.
bool PageManager::write(Ppn frame) {
  std::optional<std::uint64_t> slot = slot_kept_in(frame);
  if (!slot) {
    const Kernel::State::FilePage page = state_.file_frames.at(frame.value);
    if (state_.write_back(*page.object, page.index, page.index + 1) != 0) return false;
    page.object->pages.at(page.index).dirty = false;  // what lies behind the end of the file is nobody's
    state_.start_write(frame, std::nullopt);
    return true;
  }
  PageBytes bytes(state_.machine.format.page_size());
  if (!state_.read_memory(state_.address_of(frame), bytes)) return false;
  const std::vector<Mapper> mappers = state_.slot_map.mappers(*slot);
  if (!state_.write_to_swap(bytes, mappers, *slot)) {
    forget(*slot);
    for (std::size_t i = 1; i < mappers.size(); ++i) state_.frames.retain(frame);
    state_.return_to_memory(*slot, frame);
    return false;
  }
  state_.start_write(frame, *slot);
  return true;
}

}  // namespace vm
