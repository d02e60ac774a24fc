// SPDX-License-Identifier: Apache-2.0
//
// Frames become free when none is, or too few are: the policy (replacement.h) names a frame, and its page goes to the
// swap file (pageout.cpp) or back to its file (page_cache.cpp).
//
// What can leave: anonymous pages of areas and pages of the page cache. Not frames that the user named, tables, the
// zero page, pages of devices, nor pages without a valid entry. Large pages are split when nothing else can leave.
#include <algorithm>
#include <set>

#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::is_pinned(const Mapper& mapper) const {
  return pinned && pinned->process == mapper.process && mapper.vpn >= pinned->first && mapper.vpn <= pinned->last;
}

bool Kernel::State::can_leave(Ppn frame) const {
  if (frames.is_named(frame) || busy.contains(frame.value)) return false;
  const FilePage* of_object = object_page_of(frame);
  const bool is_objects = of_object != nullptr;
  if (!file_frames.contains(frame.value) && free_slots() == 0) return false;
  const std::vector<Mapper> mappers = frame_map.mappers(frame.value);
  // Somebody has it who is no page of a process, nor the object.
  if ((!is_objects && mappers.empty()) || frames.references(frame) != mappers.size() + (is_objects ? 1 : 0)) {
    return false;
  }
  return std::all_of(mappers.begin(), mappers.end(), [&](const Mapper& mapper) {
    const Process& process = processes.at(mapper.process);
    const Page& page = *process.page(mapper.vpn);
    const Area* area = process.areas.find(address_of(process, mapper.vpn));
    if (is_objects && (area == nullptr || area->object.get() != of_object->object)) return false;
    // The kernel's page in an area of the user's outlives the area (execve).
    return page.entry.mapped && !page.placed && area != nullptr && area->rights.kernel == page.rights.kernel &&
           !is_pinned(mapper);
  });
}

// Every entry counts, and all are cleared: a frame is in use while anybody uses it. Entries without such a bit say
// nothing.
bool Kernel::State::take_used(Ppn frame) {
  bool used = false;
  if (const FilePage* of_object = object_page_of(frame)) {
    bool& called = of_object->object->pages.at(of_object->index).used;
    used = called;
    called = false;
  }
  for (const Mapper& mapper : frame_map.mappers(frame.value)) used = take_used(mapper) || used;
  return used;
}

bool Kernel::State::take_used(const Mapper& mapper) {
  if (is_flat()) return false;
  Process& process = processes.at(mapper.process);
  const Page& page = *process.page(mapper.vpn);
  const std::optional<PhysAddr> at = entry_address(process, mapper.vpn, page.level);
  const std::uint64_t raw = at ? read_raw(*at).value_or(0) : 0;
  if (!page.entry.mapped || (raw & accessed_bits(false)) == 0) return false;
  ++counts.references_cleared;
  TableUpdate update(*this, process, FenceReason::Reference);
  update.clear_accessed(mapper.vpn, page, !policy.replacement.unfenced);
  update.commit();
  return true;
}

// What a policy may choose from.
class Kernel::State::Candidates : public FrameUse {
 public:
  Candidates(State& state, std::optional<Ppn> keep, const Process* of) : state_(state), keep_(keep), of_(of) {}
  void refuse(Ppn frame) { refused_.insert(frame); }

  bool can_leave(Ppn frame) override {
    if (frame == keep_ || refused_.contains(frame) || !state_.can_leave(frame)) return false;
    if (of_ == nullptr) return true;
    const std::vector<Mapper> mappers = state_.frame_map.mappers(frame.value);
    return std::any_of(mappers.begin(), mappers.end(), [&](const Mapper& m) { return m.process == of_->id; });
  }
  bool take_used(Ppn frame) override { return state_.take_used(frame); }
  std::uint64_t next_use(Ppn frame) override {
    std::uint64_t next = Future::kNever;
    for (const Mapper& mapper : state_.frame_map.mappers(frame.value))
      next = std::min(next, state_.future.next({.process = mapper.process, .vpn = mapper.vpn}));
    return next;
  }

 private:
  State& state_;
  std::optional<Ppn> keep_;
  const Process* of_;
  std::set<Ppn> refused_;  // the disk does not take them
};

bool Kernel::State::evict(Ppn frame) {
  if (page_manager != nullptr) return page_manager->trim(frame);
  if (file_frames.contains(frame.value)) return drop_file_page(frame);
  return shared_frames.contains(frame.value) ? page_out_shared(frame) : page_out(frame);
}

bool Kernel::State::evict_one(std::optional<Ppn> keep, const Process* of) {
  Candidates candidates(*this, keep, of);
  do {
    while (const std::optional<Ppn> frame = replacement->victim(candidates)) {
      if (evict(*frame)) return true;
      candidates.refuse(*frame);
    }
  } while (split_one_to_leave(keep, of));
  return false;
}

bool Kernel::State::free_frames(std::size_t count, std::optional<Ppn> keep) {
  if (page_manager != nullptr) return page_manager->provide(count, keep);
  finish_writes();
  while (!frames.can_allocate(count)) {
    if (!busy.empty()) {
      wait_for_a_write();
    } else if (!evict_one(keep)) {
      return false;
    }
  }
  return true;
}

void Kernel::State::run_pageout_daemon() {
  pageout_owed = false;
  const ReplacementOptions& wanted = policy.replacement;
  finish_writes();
  if (frames.can_allocate(wanted.low)) return;
  while (!frames.can_allocate(wanted.high - std::min<std::uint64_t>(wanted.high, busy.size()))) {
    if (!evict_one({})) return;
  }
}

Kernel::State::Service Kernel::State::make_room(Process& process, std::size_t count, std::size_t more,
                                                std::optional<Ppn> keep) {
  if (page_manager != nullptr) page_manager->compete(process, count, more, keep);
  while (process.resident_limit && process.resident + more > *process.resident_limit) {
    if (!(page_manager != nullptr ? page_manager->replace_own(process, keep) : evict_one(keep, &process)))
      return Service::NoMemory;
  }
  while (!free_frames(count, keep)) {
    if (!policy.kill || in_system_call) return Service::NoMemory;
    Process* victim = choose_victim();
    if (victim == nullptr) return Service::NoMemory;
    if (victim == &process) return Service::Killed;
    kill(*victim);
  }
  pageout_owed = true;
  return Service::Served;
}

// A page that is touched again and again is touched once.
void Kernel::State::note_touches(const Process& process, std::span<const Access> accesses) {
  if (!translating()) return;
  for (const Access& access : accesses) {
    const Vpn first = machine.vpn_of(access.va), last = machine.vpn_of(access.va + (access.size() - 1));
    for (const Vpn vpn : {first, last}) {
      const PageTouch touch{.process = process.id, .vpn = vpn};
      if (touch == last_touch) continue;
      last_touch = touch;
      future.pass(touch);
      if (touches) touches->push_back(touch);
      if (const Page* page = process.page(vpn); page != nullptr && page->order == 0) replacement->touch(page->frame);
    }
  }
}

void Kernel::record_touches() { state_->touches.emplace(); }

std::span<const PageTouch> Kernel::touches() const {
  return state_->touches ? std::span<const PageTouch>(*state_->touches) : std::span<const PageTouch>();
}

void Kernel::set_future(Future future) { state_->future = std::move(future); }

}  // namespace vm
