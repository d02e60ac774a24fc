// SPDX-License-Identifier: Apache-2.0
//
// Check 4, state: hits, hit ways, victims, fills and invalidations of TLBs and caches equal those of the mirrors in
// sw/oracle, which know the rules and nothing else.
//
// The way a TLB miss will replace is chosen when the TLB is looked up. If that was in the cycle in which the answer
// before it was taken, that answer's use of the TLB is not yet seen by the choice (WalkStart says so).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "checks/check.h"
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
    explicit TlbSide(const Machine& machine, const TlbGeometry& geometry) : mirror(machine, geometry) {}
    TlbMirror mirror;
    bool touch_waits = false;  // of the last hit
    unsigned touch_set = 0, touch_way = 0;
    unsigned fill_way = 0;  // chosen for the walk that is running
    bool denied = false;
    std::uint64_t entry = 0;  // what the walk read
    bool fill_due = false;    // the translation of this cycle fills
    Vpn fill_vpn;
    std::uint16_t fill_asid = 0;
  };
  struct CacheSide {
    explicit CacheSide(const CacheGeometry& geometry)
        : mirror(geometry), used(static_cast<std::size_t>(geometry.sets) * geometry.ways) {}
    CacheMirror mirror;
    std::vector<bool> used;  // lines used since maintenance began
    PhysAddr missed;
    bool write = false;
    CacheMirror::Place place;
  };

  void on_event(const Event& event);
  void on_xlat(const Event& event);
  void on_walk_start(const Event& event);
  void on_tlb_fill(const Event& event);
  void on_tlb_invalidate(const Event& event);
  void on_lookup(const Event& event);
  void on_victim(const Event& event);
  void on_fill(const Event& event);
  void on_done(const Event& event);
  void on_maint(const Event& event);
  void on_fence_done();
  void on_array(const ArrayRequest& request, const ArrayResponse& response);
  void apply_touch(TlbSide& side);
  void wrong(std::string what) { reporter_.mismatch("state", std::move(what)); }

  const Machine& machine_;
  Tracker& tracker_;
  Reporter& reporter_;
  std::array<TlbSide, 2> tlb_;
  std::array<CacheSide, 2> cache_;
  std::optional<Fence> fence_;
  ArrayRequest array_;
};

}  // namespace vm
