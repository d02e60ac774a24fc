// SPDX-License-Identifier: Apache-2.0
#include "os/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "machine/error.h"

namespace vm {

Frames::Frames(const Machine& machine) : machine_(machine) {
  const std::uint64_t end = (low_mask(machine.pa_bits) >> machine.format.page_bits) + 1;
  for (const bool cacheable : {true, false}) {
    const auto first = static_cast<std::ptrdiff_t>(fresh_.size());
    for (const Region& r : machine.regions) {
      const std::uint64_t from = r.base.value >> machine.format.page_bits;
      const std::uint64_t to = std::min(end, from + (r.size >> machine.format.page_bits));
      if (r.cacheable == cacheable && from < to) fresh_.push_back({.from = from, .to = to});
    }
    for (const Span& span : std::span(fresh_).subspan(static_cast<std::size_t>(first)))
      capacity_ += span.to - span.from;
    std::sort(fresh_.begin() + first, fresh_.end(), [](const Span& a, const Span& b) { return a.from < b.from; });
  }
}

bool Frames::is_memory(Ppn frame) const {
  const unsigned page_bits = machine_.format.page_bits;
  return frame.value <= low_mask(machine_.pa_bits) >> page_bits &&
         machine_.region_of(PhysAddr(frame.value << page_bits)) != nullptr;
}

bool Frames::is_fresh(Ppn frame) const {
  if (!is_memory(frame) || named_.contains(frame.value) || references_.contains(frame.value) || is_bad(frame))
    return false;
  const auto after = reserved_.upper_bound(frame.value);
  return after == reserved_.begin() || std::prev(after)->second < frame.value;
}

void Frames::prefer_for_tables(Ppn end) {
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    Span& span = fresh_[i];
    if (end.value <= span.from || end.value >= span.to) continue;
    const Span above{.from = end.value, .to = span.to};
    span.to = end.value;
    fresh_.insert(fresh_.begin() + static_cast<std::ptrdiff_t>(i) + 1, above);
    return;
  }
}

std::optional<Ppn> Frames::take_first(std::vector<Span>& spans) const {
  for (Span& span : spans) {
    while (span.from < span.to) {
      if (const Ppn frame(span.from++); is_fresh(frame)) return frame;
    }
  }
  return std::nullopt;
}

std::optional<Ppn> Frames::take_last(std::vector<Span>& spans) const {
  for (Span& span : spans) {
    while (span.from < span.to) {
      if (const Ppn frame(--span.to); is_fresh(frame)) return frame;
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

void Frames::name(Ppn frame, std::uint64_t count) {
  if (count > 1) {
    reserve(PhysAddr(frame.value << machine_.format.page_bits), count << machine_.format.page_bits);
    named_ranges_.push_back({.from = frame.value, .to = frame.value + count});
    std::erase_if(free_, [&](Ppn f) { return f.value >= frame.value && f.value - frame.value < count; });
    zeroed_.erase(zeroed_.lower_bound(frame.value), zeroed_.lower_bound(frame.value + count));
    return;
  }
  if (!named_.insert(frame.value).second) return;
  zeroed_.erase(frame.value);
  const auto listed = std::find(free_.begin(), free_.end(), frame);
  if (listed != free_.end()) free_.erase(listed);
}

bool Frames::is_named(Ppn frame) const {
  return named_.contains(frame.value) || std::any_of(named_ranges_.begin(), named_ranges_.end(), [&](const Span& s) {
           return frame.value >= s.from && frame.value < s.to;
         });
}

std::optional<Ppn> Frames::retained(std::optional<Ppn> frame) {
  if (frame) retain(*frame);
  return frame;
}

std::optional<Ppn> Frames::take_free(std::deque<Ppn>::const_iterator at) {
  const Ppn frame = *at;
  free_.erase(at);
  zeroed_.erase(frame.value);
  return retained(frame);
}

std::optional<Ppn> Frames::allocate() {
  if (free_.empty()) return list_ ? std::nullopt : retained(take_first(fresh_));
  const auto found = std::find_if(free_.begin(), free_.end(), [&](Ppn f) { return !zeroed_.contains(f.value); });
  return take_free(found == free_.end() ? free_.begin() : found);
}

std::optional<Ppn> Frames::allocate_zeroed() {
  if (zeroed_.empty()) return std::nullopt;
  return take_free(std::find_if(free_.begin(), free_.end(), [&](Ppn f) { return zeroed_.contains(f.value); }));
}

std::optional<Ppn> Frames::free_to_zero() const {
  const auto found = std::find_if(free_.begin(), free_.end(), [&](Ppn f) { return !zeroed_.contains(f.value); });
  return found == free_.end() ? std::nullopt : std::optional(*found);
}

void Frames::note_zeroed(Ppn frame) {
  if (is_free(frame)) zeroed_.insert(frame.value);
}

void Frames::note_written(Ppn frame) { zeroed_.erase(frame.value); }

void Frames::retire(Ppn frame) {
  bad_.insert(frame.value);
  zeroed_.erase(frame.value);
  std::erase(free_, frame);
}

std::optional<Ppn> Frames::allocate_for_table() {
  if (free_.empty()) return list_ ? std::nullopt : retained(take_last(fresh_));
  return take_free(std::prev(free_.end()));
}

// Of those that came back, or that the user allowed.
std::optional<Ppn> Frames::take_free_block(std::uint64_t count) {
  std::vector<std::uint64_t> sorted;
  for (const Ppn frame : free_) sorted.push_back(frame.value);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i + count <= sorted.size(); ++i) {
    if (sorted[i] % count != 0 || sorted[i + count - 1] != sorted[i] + count - 1) continue;
    const std::uint64_t first = sorted[i];
    std::erase_if(free_, [&](Ppn frame) { return frame.value - first < count; });
    zeroed_.erase(zeroed_.lower_bound(first), zeroed_.lower_bound(first + count));
    return Ppn(first);
  }
  return std::nullopt;
}

// Of memory that nobody has had yet: the span is cut in two.
std::optional<Ppn> Frames::take_fresh_block(std::uint64_t count) {
  for (std::size_t i = 0; i < fresh_.size(); ++i) {
    const Span span = fresh_[i];
    for (std::uint64_t first = (span.from + count - 1) / count * count; first + count <= span.to; first += count) {
      std::uint64_t fresh = 0;
      while (fresh < count && is_fresh(Ppn(first + fresh))) ++fresh;
      if (fresh < count) continue;
      fresh_[i].to = first;
      const Span rest{.from = first + count, .to = span.to};
      fresh_.insert(fresh_.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest);
      return Ppn(first);
    }
  }
  return std::nullopt;
}

std::optional<Ppn> Frames::allocate_block(std::uint64_t count) {
  std::optional<Ppn> first = take_free_block(count);
  if (!first && !list_) first = take_fresh_block(count);
  if (first) retain(*first, count);
  return first;
}

bool Frames::can_allocate(std::size_t count) const {
  if (count <= free_.size()) return true;
  if (list_) return false;
  count -= free_.size();
  std::vector<Span> left = fresh_;
  while (count > 0 && take_first(left)) --count;
  return count == 0;
}

void Frames::retain(Ppn frame, std::uint64_t count) {
  ++(count == 1 ? references_[frame.value] : ranges_[{frame.value, count}]);
}

void Frames::release(Ppn frame, std::uint64_t count) {
  if (count > 1) {
    const auto range = ranges_.find({frame.value, count});
    if (range == ranges_.end() || --range->second != 0) return;
    ranges_.erase(range);
    for (std::uint64_t i = 0; i < count; ++i) free_if_unused(frame + i);
    return;
  }
  const auto found = references_.find(frame.value);
  if (found == references_.end() || --found->second != 0) return;
  references_.erase(found);
  free_if_unused(frame);
}

void Frames::free_if_unused(Ppn frame) {
  if (references(frame) == 0 && !is_named(frame) && !is_bad(frame)) free_.push_back(frame);
}

unsigned Frames::references(Ppn frame) const {
  const auto found = references_.find(frame.value);
  unsigned count = found == references_.end() ? 0 : found->second;
  for (const auto& [range, owners] : ranges_) {
    if (frame.value >= range.first && frame.value - range.first < range.second) count += owners;
  }
  return count;
}

bool Frames::has_one_owner(Ppn frame, std::uint64_t count) const {
  const std::uint64_t end = frame.value + count;
  unsigned ranges = 0;
  for (const auto& [range, owners] : ranges_) {
    if (range.first < end && frame.value < range.first + range.second) ranges += owners;
  }
  if (ranges > 1) return false;
  for (auto it = references_.lower_bound(frame.value); it != references_.end() && it->first < end; ++it) {
    if (it->second + ranges > 1) return false;
  }
  return true;
}

std::size_t Frames::free_count() const {
  std::size_t count = free_.size();
  if (list_) return count;
  std::vector<Span> left = fresh_;
  while (take_first(left)) ++count;
  return count;
}

std::uint64_t Frames::capacity() const { return list_ ? list_->size() : capacity_; }

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
