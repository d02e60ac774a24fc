// SPDX-License-Identifier: Apache-2.0
//
// Puts ports and events together: which translations, cache lookups, walks and bus requests belong to which access, and
// under which context it was accepted. No judgement here; that is the checks' work.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "checks/reporter.h"
#include "event.h"
#include "machine/control.h"
#include "machine/machine.h"
#include "machine/pte.h"
#include "memory_ids.h"
#include "ring.h"
#include "walk_state.h"

namespace vm {

// One translation of an access, and the cache access that followed it. An access inside one unit has one piece; the
// splitter makes more: a probe of every piece first, then their physical accesses. An atomic has one, a probe, and its
// cache access is the read; one that is refused as misaligned has none.
struct Piece {
  Event xlat;
  std::uint64_t xlat_cycle = 0;
  bool looked_up = false;
  Event lookup;  // CacheLookup
  std::uint64_t lookup_cycle = 0;
  bool done = false;
  Event answer;  // CacheDone, when it was not a hit
};

struct TrackedAccess {
  static constexpr unsigned kMaxPieces = 8;
  Port port = Port::Data;
  CoreRequest request;
  Context context;
  std::uint64_t accepted = 0;
  std::uint64_t answered = 0;
  CoreResponse response;
  std::array<Piece, kMaxPieces> pieces;
  unsigned piece_count = 0;
  unsigned entry_reads = 0;
  PhysAddr entry_addr;
  unsigned bus_reads = 0;
  unsigned bus_writes = 0;
  bool wrote = false;  // an atomic has been to memory twice: the second time it stored write.c
  Event write;
  bool ended = false;  // an atomic: AtomicEnd
  Event end;
  bool answers_agree = true;  // cleared by a check that has found this access wrong: others need not repeat it

  AccessKind kind() const {
    if (port == Port::Fetch) return AccessKind::Fetch;
    return request.write ? AccessKind::Store : AccessKind::Load;
  }
  unsigned size() const { return 1U << request.size; }
  bool is_atomic() const { return request.atomic != AtomicOp::None; }
  bool answers_data() const { return kind() != AccessKind::Store || is_atomic(); }
  // What is to be translated for it, or for its part at `va`.
  Request request_at(VirtAddr va) const {
    return {.kind = kind(),
            .atomic = request.atomic,
            .user = request.user,
            .sum = request.sum,
            .mxr = request.mxr,
            .va = va};
  }
};

// A piece of an access, named by its slot.
struct PieceRef {
  Port port = Port::Data;
  std::uint8_t id = 0;
  std::uint8_t piece = 0;
};

// The fence a request asks for. Without ASIDs, one by ASID is one of every address space.
Fence fence_of(const Machine& machine, const FenceRequest& request);

// A fence of translations by an address that the mode in force does not have (Bare: the widest): it names no page and
// changes nothing (R21, X22).
bool names_no_page(const Machine& machine, const Context& context, const Fence& fence);

class Tracker {
 public:
  Tracker(const Machine& machine, Reporter& reporter);

  void on_cycle(const Cycle& cycle);

  // Accesses answered in this cycle; valid until the next on_cycle.
  std::span<TrackedAccess* const> retired() const { return {retired_.data(), retired_count_}; }
  // Accesses accepted in this cycle.
  std::span<TrackedAccess* const> accepted() const { return {accepted_.data(), accepted_count_}; }
  TrackedAccess& access(Port port, unsigned id) { return slots_[static_cast<unsigned>(port)][id & 15U]; }
  const TrackedAccess& access(Port port, unsigned id) const { return slots_[static_cast<unsigned>(port)][id & 15U]; }
  // The access of a port whose translation comes next; nullptr if all have theirs.
  const TrackedAccess* translating(Port port) const;
  // What the next acceptance sees, and what accesses in flight (and their walks) still use until a control write is
  // answered.
  const Context& context() const { return control_.context(); }
  const Context& context_in_flight() const { return context_in_flight_; }
  // What the walker is doing at the end of the cycle.
  const WalkMoment& walk() const { return walk_.moment(); }
  // The control write that is under way, if it makes the hardware forget translations: until the cycle of its answer,
  // this included.
  const std::optional<Fence>& forgetting() const { return forgetting_; }
  // The flip of a stored bit that the array port has answered in this cycle.
  const std::optional<ArrayRequest>& flipped() const { return flipped_; }
  // The cycle in which the oldest unanswered access was accepted; the present one if there is none.
  std::uint64_t oldest_accepted() const { return oldest_accepted_; }
  unsigned outstanding(Port port) const {
    return static_cast<unsigned>(in_flight_[static_cast<unsigned>(port)].size());
  }
  // Ids of the unanswered accesses of a port, oldest first.
  const Ring<std::uint8_t>& in_flight(Port port) const { return in_flight_[static_cast<unsigned>(port)]; }
  // The access a CacheLookup event of this cycle belongs to (clients core and atomic); nullptr if none was expected.
  const PieceRef* owner_of_lookup(unsigned cache) const {
    return lookup_owner_valid_[cache] ? &lookup_owner_[cache] : nullptr;
  }

 private:
  struct WalkCost {
    unsigned entry_reads = 0, bus_reads = 0, bus_writes = 0;
    PhysAddr entry_addr;
  };

  void on_event(const Event& event, std::uint64_t cycle);
  void on_xlat(const Event& event, std::uint64_t cycle);
  void on_lookup(const Event& event, std::uint64_t cycle);
  void on_atomic_lookup(const Event& event, std::uint64_t cycle);
  void on_done(const Event& event);
  void on_victim(const Event& event);
  Piece* waiting_piece(TrackedAccess& access);
  TrackedAccess* waits_for_line(unsigned cache, std::uint64_t line);
  void on_mem_request(const MemRequest& request);
  void on_response(Port port, const CoreResponse& response, std::uint64_t cycle);
  void on_accept(Port port, const CoreRequest& request, std::uint64_t cycle);
  void on_ctl(const CtlRequest& request);

  Reporter& reporter_;
  unsigned unit_;
  bool in_order_;  // of answers; else misses are outstanding
  std::array<std::uint64_t, 2> line_bytes_;
  std::array<MemoryIds, 2> ids_;
  Control control_;
  Context context_in_flight_;
  std::optional<Fence> forgetting_;
  bool forgetting_ends_ = false;
  std::uint64_t oldest_accepted_ = 0;
  std::array<std::array<TrackedAccess, 16>, 2> slots_;
  std::array<Ring<std::uint8_t>, 2> in_flight_{Ring<std::uint8_t>(16), Ring<std::uint8_t>(16)};
  std::array<Ring<PieceRef>, 2> awaiting_lookup_{Ring<PieceRef>(64), Ring<PieceRef>(64)};
  std::array<PieceRef, 2> lookup_owner_{}, miss_owner_{};
  std::array<bool, 2> lookup_owner_valid_{}, miss_owner_valid_{};
  std::array<Client, 2> miss_client_{};
  std::array<WalkCost, 2> walk_cost_{};
  WalkState walk_;
  unsigned walking_ = 1;        // port whose walk is running or ran last
  bool walking_ahead_ = false;  // a prefetch, which is no access's
  bool entry_awaited_ = false;
  std::uint64_t walker_line_ = ~0ULL;  // that it waits for (misses outstanding)
  bool ctl_refused_ = false;
  std::uint8_t ctl_id_ = 0;
  ArrayRequest array_;  // not answered yet
  std::optional<ArrayRequest> flipped_;
  bool ctl_pending_ = false;
  std::array<TrackedAccess*, 2> retired_{}, accepted_{};
  std::size_t retired_count_ = 0, accepted_count_ = 0;
};

}  // namespace vm
