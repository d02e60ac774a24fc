// SPDX-License-Identifier: Apache-2.0
//
// Trouble around one walk: a page is made cold, accesses to it are offered, and at a random moment of the walk a fence,
// a change of an entry on its path, a control write or several of these. Or, each on a path where nothing else is
// wrong:
//   race      accessed and dirty bits of the leaf are clear, and another agent writes it, or a fence or a control write
//             comes, while the walk sets them
//   flaw      one entry, of any level, has something wrong with it, or is a superpage; all kinds of access meet it
//   denial    what the TLBs hold permits no store; memory has changed since, when one comes
//   rights    pages of every size and right, used by all who may and may not
//   two hits  a page of one address space and a global one at the same address
//   global    a global page, known in one address space, used in another
//   reserved  an LR has reserved the line of an entry that the walker sets bits in, before an SC
//   upset     bits turn over where TLBs, walk caches and caches hold the page (machines with parity), before it is used
//   again
// Or operations alone: fences, control writes, array accesses, cache operations at once, and no access.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tracker.h"
#include "traffic/port_requests.h"

namespace vm {

class PortStorm {
 public:
  // `walk`: cycles that a walk takes, about.
  PortStorm(PortRequests& requests, TrafficMemory& memory, const Context& context, std::uint64_t walk)
      : requests_(requests), memory_(memory), context_(context), walk_(walk) {}

  bool active() const { return next_ < count_; }
  bool alone() const { return alone_; }  // no other traffic, which would blur its moments
  void begin();
  // The next request if its time has come; nullptr: not yet. It breaks in the first cycle in which everything before it
  // is `quiet`.
  const trace::PortRequest* due(std::uint64_t cycle, bool quiet, const WalkMoment& walk);
  void done() { ++next_; }  // the one that was due has been offered

 private:
  struct Planned {
    std::uint64_t at = 0;  // cycles after the storm broke
    trace::PortRequest request;
    WalkMoment wanted{};  // from then on the first such moment of a walk; not for ever
  };

  void plan(std::uint64_t at, const trace::PortRequest& request, const WalkMoment& wanted = {});
  void plan_accesses(std::uint64_t va);
  void plan_change(std::uint64_t at, std::uint64_t va);
  void plan_switches(std::uint64_t at, std::uint64_t va);
  void plan_store(std::uint64_t at, const TrafficMemory::Entry& entry, const WalkMoment& wanted = {});
  // Where nothing is wrong: the entries are written and what TLBs know of the page is forgotten.
  TrafficMemory::Path plan_path(std::uint64_t va, const RandomTables::Leaf& leaf);
  TrafficMemory::Path plan_path_below(PhysAddr root, std::uint64_t va, const RandomTables::Leaf& leaf);
  // False: not on this machine, or not for this page.
  bool plan_race(std::uint64_t va);
  bool plan_race_of_two(std::uint64_t va);
  void plan_updates_by_hardware();
  bool plan_flaw(std::uint64_t va);
  bool plan_denial(std::uint64_t va);
  bool plan_rights(std::uint64_t va);
  bool plan_two_hits(std::uint64_t va);
  bool plan_global(std::uint64_t va);
  bool plan_reserved_entry(std::uint64_t va);
  bool plan_upset(std::uint64_t va);
  WalkMoment some_moment();
  WalkMoment leaf_moment(WalkPhase phase, const TrafficMemory::Path& path) const;
  void plan_operations(std::uint64_t va);
  void plan_operation(std::uint64_t at, std::uint64_t va, const WalkMoment& wanted = {});
  std::uint64_t moment();
  unsigned some_level();
  unsigned any_level();
  void sort();  // what comes after the prelude
  Fence fence_at(std::uint64_t va);

  PortRequests& requests_;
  TrafficMemory& memory_;
  const Context& context_;
  std::uint64_t walk_;
  std::array<Planned, 40> planned_;
  std::size_t count_ = 0, next_ = 0;
  bool alone_ = false;
  std::size_t prelude_ = 0;  // steps with which it begins before all is quiet
  bool broken_ = false;      // counting from start_
  std::uint64_t start_ = 0;
};

}  // namespace vm
