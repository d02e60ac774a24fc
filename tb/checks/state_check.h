// SPDX-License-Identifier: Apache-2.0
//
// Check 4, state: hits, hit ways, victims, fills and invalidations of TLBs, walk caches and caches equal those of the
// mirrors in sw/oracle, which know the rules and nothing else.
//
// The way a TLB miss will replace is chosen when the TLB is looked up. If that was in the cycle in which the answer
// before it was taken, that answer's use of the TLB is not yet seen by the choice (WalkStart says so).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "checks/check.h"
#include "checks/owned_sets.h"
#include "checks/walk_follower.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "oracle/cache_mirror.h"
#include "oracle/tlb_mirror.h"

namespace vm {

class StateCheck final : public Check {
 public:
  StateCheck(const Machine& machine, Tracker& tracker, Reporter& reporter);
  void on_cycle(const Cycle& cycle) override;

 private:
  struct TlbSide {
    TlbSide(const Machine& machine, const TlbGeometry& geometry) : mirror(machine, geometry) {}
    TlbMirror mirror;
    std::optional<TlbMirror::Lookup> used;  // the last hit, not yet in the pseudo-LRU state
    std::array<unsigned, 2> fill_way{};     // chosen for the walk that is running, by part
    bool denied = false;
    std::optional<TlbEntry> from_l2;  // handed to the port
    std::optional<TlbEntry> found;    // by the walk that ended last
    std::optional<TlbEntry> due;      // the translation of this cycle fills it in
    std::optional<unsigned> looked;   // set of the base part that the translation of this cycle has looked at
  };
  // The shared TLB. Reset and fences sweep it, one set a cycle; meanwhile it neither hits nor fills.
  struct L2 {
    explicit L2(const Machine& machine)
        : mirror(machine, machine.l2tlb, TlbArray::Order::ClearedWhenEmpty, TlbArray::Forgets::BySweep),
          sweep_end(machine.l2tlb.sets + 1) {}
    TlbArray mirror;
    std::uint64_t sweep_end;  // last cycle of the sweep
    bool looked = false;      // for the walk that is running, and was there
    unsigned fill_way = 0;
    std::optional<TlbEntry> due;  // one cycle after the walk has ended
    std::uint64_t due_in = 0;
    std::optional<unsigned> looked_set;  // what has wrong parity there goes in the cycle after the look
    std::uint64_t looked_in = 0;
  };
  struct CacheSide {
    explicit CacheSide(const CacheGeometry& geometry)
        : mirror(geometry),
          used(static_cast<std::size_t>(geometry.sets) * geometry.ways),
          sets(geometry.sets),
          fetches(geometry.sets) {}
    CacheMirror mirror;
    std::vector<bool> used;  // lines used since maintenance began
    PhysAddr missed;
    bool write = false;
    bool evicts = false;     // an uncached access that hit
    bool passes = false;     // a written-through store
    bool heals = false;      //   of a whole word of a line
    bool refetches = false;  // a wrong word of a line that hit: the line at `place` is fetched again
    enum class Loss : std::uint8_t { None, Line, Word } loss = Loss::None;  // the access has to be told
    bool told = false;           // that wrong words were written back by maintenance
    bool wrong_written = false;  // a line with wrong words is written back, which has to be told
    CacheMirror::Place place;
    // With misses outstanding. While a set is busy nothing hits there; a line may be on its way into it.
    struct Fetch {
      bool active = false;
      unsigned way = 0;
      std::uint64_t line = 0;
    };
    OwnedSets sets;
    std::vector<Fetch> fetches;
  };

  void on_event(const Event& event);
  // TLBs and walk caches (state_tlbs.cpp)
  void tlb_event(const Event& event);
  void on_xlat(const Event& event);
  void on_translated(const Event& event, const TrackedAccess& access);
  void on_walk_start(const Event& event);
  void on_walk_look(const Event& event);
  void on_prefetch_look(const Event& event);
  void on_walk_end(const Event& event);
  void on_pointer_fill(const Event& event);
  void on_tlb_fill(const Event& event);
  void on_l2_fill(const Event& event);
  void on_tlb_invalidate(const Event& event);
  void on_l1_invalidate(const Event& event, const Fence& fence);
  void fills_missing();
  // Words with wrong parity (state_upsets.cpp)
  void on_flip(const ArrayRequest& flip);
  void on_upset(const Event& event);
  void l2_looked(unsigned set);
  void upsets_missing();
  void flip_in_cache(const ArrayRequest& flip);
  void lookup_upsets(const Event& event, CacheSide& side, bool uncached);
  void on_lost(const Event& event);
  void losses_missing(const Event& event, CacheSide& side);
  void on_tlb_fence_done(const Fence& fence);
  bool l2_sweeps() const { return now_ <= l2_.sweep_end; }
  const Fence* tlb_fence() const;  // that is being carried out; nullptr: none
  void on_tlb_array(const ArrayRequest& request, const ArrayResponse& response, TlbArray& array);

  // Caches
  void on_lookup(const Event& event);
  void on_victim(const Event& event);
  void on_fill(const Event& event);
  void on_done(const Event& event);
  void on_maint(const Event& event);
  // With misses outstanding (state_outstanding.cpp)
  void on_outstanding(const Event& event);
  void on_outstanding_lookup(const Event& event, CacheSide& side, unsigned set);
  void on_outstanding_victim(const Event& event, CacheSide& side, CacheSide::Fetch& fetch);
  void on_outstanding_fill(const Event& event, CacheSide& side, CacheSide::Fetch& fetch);
  void on_outstanding_done(const Event& event, CacheSide& side, const CacheSide::Fetch& fetch);
  bool wrong_type(const Event& lookup);
  void on_cache_fence_done();
  enum class Treated : std::uint8_t { Cached, Through, Uncached };
  Treated treatment(const Event& lookup) const;
  bool needs_wrong_word(const Event& lookup) const;
  void on_array(const ArrayRequest& request, const ArrayResponse& response);
  void wrong(std::string what) { reporter_.mismatch("state", std::move(what)); }

  const Machine& machine_;
  Tracker& tracker_;
  Reporter& reporter_;
  WalkFollower walk_;
  std::array<TlbSide, 2> tlb_;
  L2 l2_;
  std::uint64_t now_ = 0;
  std::uint64_t pointers_upset_ = 0;  // levels whose pointers with wrong parity a walk has come upon in this cycle
  bool pointer_due_ = false;          // a good pointer was read, and the entry below it asked for
  bool pointer_read_ = false;
  unsigned pointer_level_ = 0;
  Pte pointer_;
  MemType read_type_ = MemType::WriteBack;  // of the entry read last
  std::array<CacheSide, 2> cache_;
  std::optional<Fence> fence_;
  ArrayRequest array_;
};

}  // namespace vm
