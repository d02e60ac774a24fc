// SPDX-License-Identifier: Apache-2.0
//
// What a page frame can be:
//
//     valid              in a working set (or used by the kernel itself)
//     standby            in none any more; what it holds is on the disk, too, so it can be given away at once
//     modified           in none any more; it has to be written first
//     modified-no-write  the same, but must not be written yet: its file is held back (`hold "FILE"`)
//     transition         it is being written
//     free               nobody's, with what was left in it
//     zeroed             nobody's, and cleared: what demand-zero pages are made of
//     bad                it failed, and is never used again
//
//          valid --trim, dirty--> modified --writer--> transition
//           |  ^                     |                     |
//        trim, |<----soft fault------+--------------------+|
//        clean |                                           |
//           v  |                                           |
//          standby <----------------written----------------+
//             |
//             +--given away--> free --cleared--> zeroed --fault--> valid
#include <fmt/format.h>

#include <algorithm>

#include "os/windows/page_manager.h"

namespace vm {

void PageManager::enter(Ppn frame, Content content) {
  if (content == Content::File) return classify(frame);
  valid_.add(frame);
}

void PageManager::leave(Ppn frame) {
  valid_.remove(frame);
  standby_.remove(frame);
  modified_.remove(frame);
}

std::vector<Replacement::List> PageManager::lists() const {
  return {{.name = "valid", .frames = valid_.all()},
          {.name = "standby", .frames = standby_.all()},
          {.name = "modified", .frames = modified_.all()}};
}

void PageManager::classify(Ppn frame) {
  const auto found = state_.file_frames.find(frame.value);
  if (found == state_.file_frames.end() || state_.busy.contains(frame.value)) return;
  const auto& pages = found->second.object->pages;
  const auto page = pages.find(found->second.index);  // none yet: it comes from the file now
  const bool is_dirty = page != pages.end() && page->second.dirty;
  const bool is_mapped = state_.frame_map.count(frame.value) != 0;
  FrameList& list = is_mapped ? valid_ : is_dirty ? modified_ : standby_;
  if (list.contains(frame)) return;
  leave(frame);
  list.add(frame);
}

// ---------------------------------------------------------------- pages that no table names

std::optional<Ppn> PageManager::frame_of(std::uint64_t slot) const {
  const auto found = frames_.find(slot);
  return found == frames_.end() ? std::nullopt : std::optional(Ppn(found->second));
}

std::optional<std::uint64_t> PageManager::slot_kept_in(Ppn frame) const {
  const auto found = slots_.find(frame.value);
  return found == slots_.end() ? std::nullopt : std::optional(found->second);
}

void PageManager::keep(Ppn frame, std::uint64_t slot) {
  slots_[frame.value] = slot;
  frames_[slot] = frame.value;
}

void PageManager::forget(std::uint64_t slot) {
  const std::optional<Ppn> frame = frame_of(slot);
  if (!frame) return;
  leave(*frame);
  slots_.erase(frame->value);
  frames_.erase(slot);
}

void PageManager::rename(std::uint64_t slot, std::uint64_t to) {
  const auto found = frames_.find(slot);
  if (found == frames_.end()) return;
  const Ppn frame(found->second);
  frames_.erase(found);
  keep(frame, to);
}

// What is on the disk is not what the frame holds any more.
void PageManager::note_physical_write(PhysAddr pa, std::uint8_t byte) {
  const Ppn frame(pa.value >> state_.machine.format.page_bits);
  const std::optional<std::uint64_t> slot = slot_kept_in(frame);
  if (!slot) return;
  if (state_.busy.contains(frame.value)) state_.busy.erase(frame.value);
  leave(frame);
  modified_.add(frame);
  for (const Mapper& mapper : state_.slot_map.mappers(*slot)) {
    Process& process = state_.processes.at(mapper.process);
    (*state_.slot_for_store(process, mapper.vpn).bytes)[state_.machine.offset_of(VirtAddr(pa.value))] = byte;
  }
}

void PageManager::written(Ppn frame) {
  if (slot_kept_in(frame)) {
    standby_.add(frame);
  } else {
    classify(frame);
  }
}

std::optional<Kernel::State::Service> PageManager::return_page(Process& process, std::uint64_t slot) {
  const std::optional<Ppn> frame = frame_of(slot);
  if (!frame) return std::nullopt;
  const Kernel::State::Service room = state_.make_room(process, 0, 1, frame);
  if (room != Kernel::State::Service::Served) return room;
  take_back(slot, *frame);
  return Kernel::State::Service::Served;
}

void PageManager::take_back(std::uint64_t slot, Ppn frame) {
  if (state_.busy.contains(frame.value)) {
    state_.take_from_write(frame);
    standby_.add(frame);
  }
  const bool is_written = standby_.contains(frame);
  forget(slot);
  for (std::size_t i = 1; i < state_.slot_map.count(slot); ++i) state_.frames.retain(frame);
  state_.return_to_memory(slot, frame);
  if (is_written) {
    state_.clean_copies[frame.value] = slot;
  } else {
    state_.swap->release(slot);
  }
  ++state_.counts.soft_faults;
}

// ---------------------------------------------------------------- standby, free, zeroed

std::optional<Ppn> PageManager::victim(FrameUse& use) {
  const auto found = std::find_if(standby_.begin(), standby_.end(), [&](Ppn frame) { return use.can_leave(frame); });
  return found == standby_.end() ? std::nullopt : std::optional(*found);
}

// The page has only its place on the disk from now on, and every entry has to say so.
void PageManager::give_away(Ppn frame) {
  const std::optional<std::uint64_t> slot = slot_kept_in(frame);
  if (!slot) {
    ++state_.counts.file_pageouts;
    return state_.forget_file_page(frame);
  }
  forget(*slot);
  for (const Mapper& mapper : state_.slot_map.mappers(*slot)) state_.write_swapped_entry(mapper, *slot);
  state_.frames.release(frame);
  ++state_.counts.pageouts;
}

bool PageManager::give_standby(std::optional<Ppn> keep) {
  const auto found = std::find_if(standby_.begin(), standby_.end(), [&](Ppn frame) { return frame != keep; });
  if (found == standby_.end()) return false;
  give_away(*found);
  return true;
}

void PageManager::zero_frames() {
  while (state_.frames.zeroed().size() < options_.zeroed) {
    const std::optional<Ppn> frame = state_.frames.free_to_zero();
    if (!frame || !state_.zero_frame(*frame)) return;
    state_.frames.note_zeroed(*frame);
    ++state_.counts.zeroed_frames;
  }
}

// ---------------------------------------------------------------- modified-no-write, bad

bool PageManager::is_held(Ppn frame) const {
  const auto found = state_.file_frames.find(frame.value);
  return found != state_.file_frames.end() && held_.contains(found->second.object->file);
}

void PageManager::hold(FileId file, bool held) {
  if (held) {
    held_.insert(file);
  } else {
    held_.erase(file);
  }
}

// What it holds can still be read: it leaves every working set, and is written if it has to be.
bool PageManager::retire(Ppn frame) {
  if (state_.frames.is_bad(frame)) return true;
  if (valid_.contains(frame) && !trim(frame)) return false;
  if (modified_.contains(frame) && (is_held(frame) || !write(frame))) return false;
  while (state_.busy.contains(frame.value)) state_.wait_for_a_write();
  if (standby_.contains(frame)) give_away(frame);
  if (!state_.frames.is_unused(frame)) return false;
  state_.frames.retire(frame);
  ++state_.counts.bad_frames;
  return true;
}

// ---------------------------------------------------------------- report

std::string PageManager::report() const {
  std::string text;
  const auto line = [&](std::string_view name, const auto& numbers) {
    if (numbers.empty()) return;
    text += fmt::format("{} {}:", name, numbers.size());
    for (const auto number : numbers) text += fmt::format(" 0x{:x}", number);
    text += '\n';
  };
  const auto numbers_of = [](const FrameList& list, const auto& wanted) {
    std::vector<std::uint64_t> numbers;
    for (const Ppn frame : list) {
      if (wanted(frame)) numbers.push_back(frame.value);
    }
    return numbers;
  };
  const auto any = [](Ppn) { return true; };
  text += fmt::format("free {}\n", state_.frames.free_count() - state_.frames.zeroed().size());
  line("zeroed", state_.frames.zeroed());
  line("standby", numbers_of(standby_, any));
  line("modified", numbers_of(modified_, [&](Ppn frame) { return !is_held(frame); }));
  line("modified-no-write", numbers_of(modified_, [&](Ppn frame) { return is_held(frame); }));
  std::vector<std::uint64_t> busy;
  for (const auto& [frame, write] : state_.busy) busy.push_back(frame);
  line("transition", busy);
  line("bad", state_.frames.bad());
  line("valid", numbers_of(valid_, any));
  for (const auto& [pid, process] : state_.processes) {
    std::vector<std::uint64_t> pages;
    for (const auto& [number, page] : process.pages) {
      if (is_counted(page)) pages.push_back(number);
    }
    // The one that the hand comes to first.
    const auto hand = std::upper_bound(pages.begin(), pages.end(), process.clock_hand);
    std::rotate(pages.begin(), hand, pages.end());
    line("working set " + process.name, pages);
  }
  return text;
}

}  // namespace vm
