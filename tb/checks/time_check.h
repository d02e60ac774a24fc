// SPDX-License-Identifier: Apache-2.0
//
// Check 3, time: every event and handshake comes in exactly the cycle the contract (docs/timing.md, rules T1 to T19)
// computes from the events before it. What an access turns out to be (hit, miss, fault, dirty victim) is taken from the
// events; when it may happen is not. Every cycle a request waits is booked on exactly one busy resource.
//
// With misses outstanding, when a cache takes an access while it has others under way is nobody's contract. There the
// check is of what follows from the events (T1 to T9, T14 to T19 without the waits for the cache), and of the cache's
// own times when nothing else is under way in it (T20).
//
// A wrong cycle shifts everything after it, so the first mismatch is reported and the check rests from then on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "checks/check.h"
#include "checks/owned_sets.h"
#include "checks/walk_follower.h"
#include "machine/array_layout.h"
#include "machine/machine.h"

namespace vm {

// What a waiting request waits for. docs/timing.md names them.
enum class Owner : std::uint8_t { Nobody, Sequencer, Split, Front, S1, Pending, Cache, Slot, Walker, Memory };
inline constexpr std::size_t kOwners = 10;
std::string_view to_string(Owner owner);

class TimeCheck final : public Check {
 public:
  TimeCheck(const Machine& machine, Tracker& tracker, Reporter& reporter);
  // With misses outstanding only of hits of one cycle, and walks through the cache.
  static bool knows(const Machine& machine) {
    return machine.misses == 0 || (machine.hit_latency == 1 && machine.walk_port == WalkPort::Cache);
  }
  void on_cycle(const Cycle& cycle) override;

  // Cycles a valid core request waited, by what it waited for.
  const std::array<std::uint64_t, kOwners>& waits() const { return waits_; }

 private:
  // The events of one cycle, by kind; nullptr where there was none.
  struct Seen {
    std::array<const Event*, 2> xlat{}, miss{}, lookup{}, victim{}, fill{}, done{}, lost{};
    const Event *walk_start = nullptr, *walk_read = nullptr, *walk_data = nullptr, *walk_end = nullptr;
    const Event *walk_look = nullptr, *update_start = nullptr, *update = nullptr, *restart = nullptr;
    const Event *l2_sweep = nullptr, *l2_fill = nullptr, *drained = nullptr;
    bool lower_flipped = false;
    const Event *atomic_start = nullptr, *atomic_end = nullptr;
  };

  enum class SplitState : std::uint8_t { Pass, Probe, ProbeWait, Access, AccessWait, Next, Refuse, Atomic, AtomicWait };
  struct Port {
    SplitState split = SplitState::Pass;
    unsigned pieces = 0, piece = 0;
    bool probing = false;
    bool atomic = false;  // an LR, SC or AMO
    // The access in F (HitLatency 2); its TLB is read again
    bool front = false, relook = false;
    // The access in S1 of the translation
    bool s1 = false, first = false, tried = false, needs_walk = false, asked = false, walked = false;
    bool from_l2 = false, l2_denies = false;  // the L2 had the page; it does not grant
    bool passed = false;                      // was seen to be neither fault nor probe
    bool by_va = false;                       // it has been looked up under its virtual address
    bool misplaced = false;                   // and that, as no Xlat came, in a set of another colour
    std::uint64_t va = 0;
    bool pending = false;  // an access the cache has taken over
    // With misses outstanding
    unsigned taken = 0;    // accesses the cache has taken over
    bool may_go = false;   // the cache may have taken it in the cycle before: the next piece, or `again`
    bool must_go = false;  //   and must have, as nothing was under way
    // Of this cycle
    bool held = false, again = false, unit_valid = false, unit_accept = false, idle = false;
    bool ready = false, enters = false;  // S1 could take an access; does
  };

  enum class CacheState : std::uint8_t {
    Sweep,
    Ready,
    Victim,
    WbRequest,
    WbData,
    WbAnswer,
    Drop,
    FillRequest,
    FillData,
    Replay,
    ReplayHit,
    UcRequest,
    UcData,
    UcWait,
    Done,
    MaintLook,
    MaintAct,
    ArrayRead,
    Array
  };
  struct CacheSide {
    unsigned sets = 1, ways = 0;
    CacheState state = CacheState::Sweep;
    unsigned sweep_left = 0;
    bool reset_sweep = true;
    bool s1 = false, store = false;  // an access in S1; a store one cycle behind it
    Client s1_client = Client::Core, client = Client::Core;
    bool write = false, failed = false, in_maintenance = false;
    bool drops = false;    // the line makes way for an uncached access that hit it
    bool changes = false;  // it is changed when memory has the written-through store that hit it
    unsigned lines_left = 0;
    // Of this cycle
    bool open = false, decide = false, hit = false, done = false, maint_done = false, array_done = false;
    bool loses = false;  // the access in Victim comes upon something that is lost
    bool s0 = false;
    Client s0_client = Client::Core;
    // With misses outstanding
    explicit CacheSide(unsigned set_count = 1) : owned(set_count) {}
    OwnedSets owned;
    bool idle = false;  // nothing is under way, in this cycle
    // A miss with nothing else under way: how far it is, and in which cycle.
    enum class Solo : std::uint8_t { None, Lookup, Victim, Offered, Answered };
    Solo solo = Solo::None;
    bool solo_write = false, solo_first_beat = false, solo_walk = false;
    std::uint64_t solo_cycle = 0, solo_lookup = 0;
    unsigned leaving = 0;  // lines that are written back, not yet in memory
  };

  // Read to Check: an entry is asked for, awaited, judged (and the next one asked for). Update to UpdateWrite: a
  // compare-and-set is asked for, its read awaited (turned away: asked for again), compared, its write awaited.
  enum class WalkState : std::uint8_t {
    Idle,
    Look,
    Handover,
    Read,
    Wait,
    Check,
    Update,
    UpdateRead,
    UpdateWait,
    Decide,
    UpdateWrite,
    Hold
  };
  // Read to Compute: the read was turned away, is awaited, is there. Decide, Write: the write is asked for, awaited.
  enum class AtomicState : std::uint8_t { Idle, Read, Wait, Compute, Decide, Write };
  enum class HostState : std::uint8_t { Idle, Check, Request, Wait };
  enum class SeqState : std::uint8_t { Idle, Drain, Act, Respond };
  enum class SeqKind : std::uint8_t { Ctl, Fence, Array };

  void gather(const Cycle& cycle);
  void remember(const Cycle& cycle);
  void sequencer_now(const Cycle& cycle);
  void translations_now(const Cycle& cycle);
  void caches_now(const Cycle& cycle);
  bool walk_takes_slot() const;
  bool walk_offers_read() const;
  bool walk_offers_cache() const;
  bool walker_turned_away() const;
  bool walker_answered() const;
  bool atomic_takes_slot() const;
  bool atomic_offers() const;
  Client slot_client() const;
  void atomic_now();
  void look_done();
  void walker_next();
  bool l2_busy(const Cycle& cycle) const { return cycle.number <= l2_sweep_end_ && machine_.l2tlb.ways != 0; }
  void accepts_now(const Cycle& cycle);
  void walker_now(const Cycle& cycle);
  void memory_now(const Cycle& cycle);
  void host_now(const Cycle& cycle);
  void responses_now(const Cycle& cycle);
  void next_ports(const Cycle& cycle);
  void next_cache(unsigned k, const Cycle& cycle);
  // With misses outstanding (time_outstanding.cpp)
  void outstanding_now(const Cycle& cycle);
  void pieces_now();
  void solo_now(unsigned k, const Cycle& cycle);
  void next_outstanding(const Cycle& cycle);
  std::uint64_t set_of(unsigned k, std::uint64_t pa) const { return pa / line_bytes_[k] & (caches_[k].sets - 1); }
  void ready_next(unsigned k, CacheSide& cache);
  void next_sequencer(const Cycle& cycle);

  void misplaced_now(unsigned p, const Event* xlat, bool at_once);
  bool unit_answer(unsigned p) const;  // the piece of port p is answered in this cycle
  bool maintenance_waits(unsigned k) const;
  bool array_waits(unsigned k) const;
  bool tlb_fence() const;
  bool root_write() const;
  bool shared_flip() const;
  bool lower_array() const;
  bool offers_memory(unsigned source) const;
  bool slot_taken(unsigned p) const;  // by another client than the core
  Owner why_s1_takes_none(unsigned p) const;
  Owner why_not_accepted(unsigned p, const CoreRequest& request) const;
  // Report unless `seen` is what the contract says; a rule and what it is about.
  void expect(bool seen, bool due, std::string_view rule, std::string_view what);

  const Machine& machine_;
  const bool has_front_;    // HitLatency 2
  const bool outstanding_;  // misses
  std::array<std::uint64_t, 2> line_bytes_;
  std::array<std::uint64_t, 2> colour_mask_;
  Tracker& tracker_;
  Reporter& reporter_;
  bool resting_ = false;
  Seen seen_;
  std::array<Port, 2> ports_;
  std::array<CacheSide, 2> caches_;

  WalkState walk_ = WalkState::Idle;
  unsigned walk_port_ = 0;       // whose walk this is, or had the last one
  WalkFollower follower_;        // as of the end of the cycle before
  bool walk_hole_seen_ = false;  // the entry's address was found to lie in a hole
  bool walk_asked_ = false;      // the walk port took the request of this cycle
  bool next_untaken_ = false;    // a prefetch may begin after the Xlat of the L2 hit
  bool next_wanted_ = false;     // a prefetch begins in this cycle if nothing stands against it
  bool ahead_ = false;           // what goes on is a prefetch
  bool prefetching_ = false;     // either of them, in this cycle: fences of translations wait
  std::vector<TlbEntry> l2_;     // by set and way, as events have filled it
  std::uint64_t l2_sweep_end_;   // last cycle of the sweep of the L2 TLB

  AtomicState atomic_ = AtomicState::Idle, atomic_next_ = AtomicState::Idle;
  AtomicOp atomic_op_ = AtomicOp::None;
  bool atomic_failed_ = false;                       // its read
  bool atomic_asked_ = false, atomic_ends_ = false;  // in this cycle

  bool walk_goes_ = false, host_goes_ = false;  // S0 of the data cache was theirs in the cycle before

  HostState host_ = HostState::Idle;
  HostRequest host_request_;

  SeqState seq_ = SeqState::Idle;
  SeqKind seq_kind_ = SeqKind::Ctl;
  FenceRequest fence_;
  CtlRequest ctl_;
  ArrayRequest array_;
  unsigned act_cycles_ = 0;
  bool act_waits_ = false;  // has not acted yet
  bool second_ = false;     // FetchSync: the instruction cache's turn

  unsigned mem_last_ = 0;
  std::optional<unsigned> mem_grant_;  // offered and not accepted: keeps its turn
  bool mem_writing_ = false;
  std::optional<unsigned> mem_accepted_;  // source whose request was accepted in this cycle

  std::array<std::uint64_t, kOwners> waits_{};
};

}  // namespace vm
