// SPDX-License-Identifier: Apache-2.0
#include "os/frames.h"

#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"

namespace vm {

bool Frames::is_memory(Ppn frame) const {
  const unsigned page_bits = machine_.format.page_bits;
  return frame.value <= low_mask(machine_.pa_bits) >> page_bits &&
         machine_.region_of(PhysAddr(frame.value << page_bits)) != nullptr;
}

bool Frames::is_fresh(Ppn frame) const {
  if (!is_memory(frame) || named_.contains(frame.value) || references_.contains(frame.value)) return false;
  const auto after = reserved_.upper_bound(frame.value);
  return after == reserved_.begin() || std::prev(after)->second < frame.value;
}

std::optional<Ppn> Frames::next_fresh(Ppn from) const {
  const std::uint64_t last = low_mask(machine_.pa_bits) >> machine_.format.page_bits;
  for (std::uint64_t frame = from.value; frame <= last; ++frame) {
    if (is_fresh(Ppn(frame))) return Ppn(frame);
    if (const Region* region = machine_.region_of(PhysAddr(frame << machine_.format.page_bits)); region == nullptr) {
      // A hole: go on where the next region starts.
      std::uint64_t next = last + 1;
      for (const Region& r : machine_.regions) {
        const std::uint64_t first = r.base.value >> machine_.format.page_bits;
        if (first > frame) next = std::min(next, first);
      }
      frame = next - 1;
    }
  }
  return std::nullopt;
}

void Frames::set_free(const std::vector<Ppn>& frames) {
  list_.emplace();
  free_.clear();
  for (const Ppn frame : frames) {
    if (!is_memory(frame)) {
      throw InputError(
          fmt::format("frame 0x{:x} cannot be handed out: machine {} has no memory there that a translation "
                      "reaches",
                      frame.value, machine_.name));
    }
    if (references(frame) != 0) {
      throw InputError(fmt::format("frame 0x{:x} cannot be handed out: it is mapped", frame.value));
    }
    if (list_->insert(frame.value).second && !named_.contains(frame.value)) free_.push_back(frame);
  }
}

void Frames::reserve(PhysAddr from, std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t first = from.value >> machine_.format.page_bits;
  const std::uint64_t last = (from.value + bytes - 1) >> machine_.format.page_bits;
  std::uint64_t& end = reserved_[first];
  end = std::max(end, last);
  // Ranges that touch become one, so that a search looks at one range only.
  auto range = reserved_.find(first);
  if (range != reserved_.begin() && std::prev(range)->second + 1 >= first) {
    const auto before = std::prev(range);
    before->second = std::max(before->second, end);
    reserved_.erase(range);
    range = before;
  }
  for (auto next = std::next(range); next != reserved_.end() && next->first <= range->second + 1;) {
    range->second = std::max(range->second, next->second);
    next = reserved_.erase(next);
  }
}

void Frames::name(Ppn frame) {
  if (!named_.insert(frame.value).second) return;
  const auto listed = std::find(free_.begin(), free_.end(), frame);
  if (listed != free_.end()) free_.erase(listed);
}

std::optional<Ppn> Frames::allocate() {
  std::optional<Ppn> frame;
  if (!free_.empty()) {
    frame = free_.front();
    free_.pop_front();
  } else if (!list_) {
    frame = next_fresh(fresh_);
    if (frame) fresh_ = *frame + 1;
  }
  if (frame) retain(*frame);
  return frame;
}

bool Frames::can_allocate(std::size_t count) const {
  if (count <= free_.size()) return true;
  if (list_) return false;
  count -= free_.size();
  std::optional<Ppn> frame = next_fresh(fresh_);
  for (; frame && count > 1; --count) frame = next_fresh(*frame + 1);
  return frame.has_value();
}

void Frames::release(Ppn frame) {
  const auto found = references_.find(frame.value);
  if (found == references_.end() || --found->second != 0) return;
  references_.erase(found);
  if (!named_.contains(frame.value)) free_.push_back(frame);
}

unsigned Frames::references(Ppn frame) const {
  const auto found = references_.find(frame.value);
  return found == references_.end() ? 0 : found->second;
}

std::size_t Frames::free_count() const {
  std::size_t count = free_.size();
  if (list_) return count;
  for (std::optional<Ppn> frame = next_fresh(fresh_); frame; frame = next_fresh(*frame + 1)) ++count;
  return count;
}

bool Frames::is_free(Ppn frame) const { return std::find(free_.begin(), free_.end(), frame) != free_.end(); }

bool Frames::in_use(PhysAddr from, std::uint64_t bytes) const {
  const std::uint64_t first = from.value >> machine_.format.page_bits;
  const std::uint64_t last = (from.value + bytes - 1) >> machine_.format.page_bits;
  const auto referenced = references_.lower_bound(first);
  if (referenced != references_.end() && referenced->first <= last) return true;
  const auto named = named_.lower_bound(first);
  if (named != named_.end() && *named <= last) return true;
  if (list_) {
    const auto listed = list_->lower_bound(first);
    return listed != list_->end() && *listed <= last;
  }
  return std::any_of(free_.begin(), free_.end(), [&](Ppn f) { return f.value >= first && f.value <= last; });
}

}  // namespace vm
