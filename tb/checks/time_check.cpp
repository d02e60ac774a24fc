// SPDX-License-Identifier: Apache-2.0
#include "checks/time_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "pieces.h"
#include "platform/platform.h"

namespace vm {
namespace {

// What the splitter takes when the port is empty.
bool is_cut(const Machine& machine, const CoreRequest& request) {
  return unit_parts(machine.unit_bytes(), request) > 1 || request.atomic != AtomicOp::None;
}

TlbEntry filled_entry(const Event& fill) {
  TlbEntry entry;
  entry.valid = true;
  entry.vpn = Vpn(fill.b);
  entry.page = fill.fill_page();
  return entry;
}

}  // namespace

std::string_view to_string(Owner owner) {
  constexpr std::array<std::string_view, kOwners> kNames{
      "nobody", "sequencer", "splitter", "front stage", "s1", "pending access", "cache", "slot", "walker", "memory"};
  return kNames[static_cast<std::size_t>(owner)];
}

TimeCheck::TimeCheck(const Machine& machine, Tracker& tracker, Reporter& reporter)
    : machine_(machine),
      has_front_(machine.hit_latency == 2),
      outstanding_(machine.misses != 0),
      line_bytes_{machine.icache.line_bytes, machine.dcache.line_bytes},
      colour_mask_{machine.colour_mask(machine.icache), machine.colour_mask(machine.dcache)},
      tracker_(tracker),
      reporter_(reporter),
      follower_(machine, tracker),
      l2_(static_cast<std::size_t>(machine.l2tlb.sets) * machine.l2tlb.ways),
      l2_sweep_end_(machine.l2tlb.sets + 1) {
  const std::array<const CacheGeometry*, 2> geometry{&machine.icache, &machine.dcache};
  for (unsigned k = 0; k < 2; ++k) {
    caches_[k] = CacheSide(geometry[k]->sets);
    caches_[k].sets = geometry[k]->sets;
    caches_[k].ways = geometry[k]->ways;
    caches_[k].sweep_left = geometry[k]->ways != 0 ? geometry[k]->sets : 1;
  }
}

void TimeCheck::expect(bool seen, bool due, std::string_view rule, std::string_view what) {
  if (seen == due || resting_) return;
  resting_ = true;
  reporter_.mismatch("time", fmt::format("{}: {} {} in this cycle, but {} (docs/timing.md)", rule, what,
                                         due ? "is due" : "is not due yet", due ? "did not come" : "came"));
}

void TimeCheck::on_cycle(const Cycle& cycle) {
  if (resting_) return;
  gather(cycle);
  if (outstanding_) outstanding_now(cycle);
  sequencer_now(cycle);
  if (outstanding_) pieces_now();
  translations_now(cycle);
  if (!outstanding_) caches_now(cycle);
  walker_now(cycle);
  atomic_now();
  accepts_now(cycle);
  if (!outstanding_) memory_now(cycle);
  walker_next();
  host_now(cycle);
  responses_now(cycle);
  next_ports(cycle);
  if (outstanding_) {
    next_outstanding(cycle);
  } else {
    for (unsigned k = 0; k < 2; ++k) next_cache(k, cycle);
  }
  next_sequencer(cycle);
  atomic_ = atomic_next_;
  remember(cycle);
}

// What later cycles depend on, as the events have it.
void TimeCheck::remember(const Cycle& cycle) {
  follower_.on_array_port();
  for (const Event& event : cycle.events) follower_.on_event(event);
  if (seen_.l2_sweep != nullptr) {
    const bool one_set = seq_kind_ == SeqKind::Fence && fence_.by_addr;
    l2_sweep_end_ = cycle.number + (one_set ? 1 : machine_.l2tlb.sets) + 2;
  }
  const Event* fill = seen_.l2_fill;
  if (fill == nullptr || fill->set() >= machine_.l2tlb.sets || fill->tlb_way() >= machine_.l2tlb.ways) return;
  l2_[static_cast<std::size_t>(fill->set()) * machine_.l2tlb.ways + fill->tlb_way()] = filled_entry(*fill);
}

void TimeCheck::gather(const Cycle& cycle) {
  seen_ = Seen{};
  for (const Event& event : cycle.events) {
    switch (event.kind) {
      case EventKind::Xlat:
        seen_.xlat[static_cast<unsigned>(event.port())] = &event;
        break;
      case EventKind::Miss:
        seen_.miss[static_cast<unsigned>(event.port())] = &event;
        break;
      case EventKind::WalkStart:
        seen_.walk_start = &event;
        break;
      case EventKind::WalkRead:
        seen_.walk_read = &event;
        break;
      case EventKind::WalkData:
        seen_.walk_data = &event;
        break;
      case EventKind::WalkEnd:
        seen_.walk_end = &event;
        break;
      case EventKind::CacheLookup:
        seen_.lookup[event.cache()] = &event;
        break;
      case EventKind::CacheVictim:
        seen_.victim[event.cache()] = &event;
        break;
      case EventKind::CacheLost:
        seen_.lost[event.cache()] = &event;
        break;
      case EventKind::LowerUpset:
        seen_.lower_flipped = seen_.lower_flipped || event.lower_flipped();
        break;
      case EventKind::CacheFill:
        seen_.fill[event.cache()] = &event;
        break;
      case EventKind::CacheDone:
        seen_.done[event.cache()] = &event;
        break;
      case EventKind::Drained:
        seen_.drained = &event;
        break;
      case EventKind::WalkLook:
        seen_.walk_look = &event;
        break;
      case EventKind::WalkUpdateStart:
        seen_.update_start = &event;
        break;
      case EventKind::WalkUpdate:
        seen_.update = &event;
        break;
      case EventKind::WalkRestart:
        seen_.restart = &event;
        break;
      case EventKind::TlbInvalidate:
        if (event.tlb_unit() == TlbUnit::L2) seen_.l2_sweep = &event;
        break;
      case EventKind::L2Fill:
        seen_.l2_fill = &event;
        break;
      case EventKind::AtomicStart:
        seen_.atomic_start = &event;
        break;
      case EventKind::AtomicEnd:
        seen_.atomic_end = &event;
        break;
      case EventKind::TlbFill:
      case EventKind::WalkCacheFill:
      case EventKind::CacheMaint:
      case EventKind::CacheFree:
      case EventKind::Upset:
        break;
    }
  }
}

// ---------------------------------------------------------------- translation and acceptance

void TimeCheck::translations_now(const Cycle& cycle) {
  for (unsigned p = 0; p < 2; ++p) {
    Port& port = ports_[p];
    const Event* xlat = seen_.xlat[p];
    if (port.first && seen_.miss[p] != nullptr) port.needs_walk = true;
    expect(seen_.miss[p] != nullptr, port.first && port.needs_walk, "T2", "Miss");
    const bool known = port.s1 && (!port.needs_walk || port.walked || (port.from_l2 && !port.l2_denies));
    const bool at_once = xlat != nullptr && (xlat->xlat_cause() != Cause::None || xlat->probe());
    // Whether the cache has taken it shows now.
    if (outstanding_ && (port.must_go || (port.may_go && xlat != nullptr && !at_once))) port.tried = true;
    port.held = port.s1 && !port.tried;
    port.again = false;
    const bool through = port.tried && (outstanding_ || caches_[p].state == CacheState::Ready);
    if (!known || port.pending) {
      expect(xlat != nullptr, false, port.pending ? "T3, T4 (access pending)" : "T2", "Xlat");
    } else if (through) {
      misplaced_now(p, xlat, at_once);
    } else if (at_once) {
      expect(true, !port.passed, "T3", "Xlat of a fault or probe, which was due before,");
    } else {
      expect(xlat != nullptr, false, "T4", "Xlat of an access that has to go through S0 again");
      port.again = port.held;
      // A fault waits for an older access of the port that is in S1 of the cache.
      port.passed = !outstanding_ || port.taken == 0;
    }
    if (xlat != nullptr && !at_once) port.again = false;

    const CoreRequest& request = cycle.request(static_cast<vm::Port>(p));
    const bool cut = is_cut(machine_, request);
    port.unit_valid = (port.split == SplitState::Pass && request.valid && !cut && seq_ == SeqState::Idle) ||
                      port.split == SplitState::Probe || port.split == SplitState::Access;
  }
}

// An access that the cache could take. Of one that was looked up under its virtual address, whether that was in a set
// of another colour shows in there being no Xlat, and must show in the Xlat that comes when it has gone through S0
// again.
void TimeCheck::misplaced_now(unsigned p, const Event* xlat, bool at_once) {
  Port& port = ports_[p];
  const bool by_va = port.by_va && colour_mask_[p] != 0;
  if (xlat == nullptr) {
    expect(false, !by_va, "T4", "Xlat");
    port.misplaced = port.passed = true;
    return;
  }
  const bool own_colour = ((xlat->b ^ xlat->c) & colour_mask_[p]) == 0;
  if (port.misplaced) {
    expect(true, !at_once && !own_colour, "T4", "Xlat of an access whose addresses have one colour, due before,");
  } else if (by_va && !at_once) {
    expect(true, own_colour, "T4", "Xlat of an access that was looked up in a set of another colour");
  }
}

void TimeCheck::caches_now(const Cycle& cycle) {
  for (unsigned k = 0; k < 2; ++k) {
    CacheSide& cache = caches_[k];
    const Event* xlat = seen_.xlat[k];
    cache.open = cache.state == CacheState::Ready && !maintenance_waits(k) && !array_waits(k);
    const bool core_goes = xlat != nullptr && xlat->xlat_cause() == Cause::None && !xlat->probe();
    cache.decide = cache.s1 && cache.state == CacheState::Ready && (cache.s1_client != Client::Core || core_goes);
    const Event* lookup = seen_.lookup[k];
    expect(lookup != nullptr, cache.decide, "T4, T8, T14", "CacheLookup");
    cache.hit = lookup != nullptr && lookup->answers_at_once();
    cache.done = cache.state == CacheState::ReplayHit || cache.state == CacheState::Done;
    expect(seen_.done[k] != nullptr, cache.done, "T10, T11", "CacheDone");
    cache.loses = seen_.lost[k] != nullptr && seen_.lost[k]->lost_by_access();
    expect(seen_.victim[k] != nullptr || cache.loses, cache.state == CacheState::Victim, "T10",
           "CacheVictim or CacheLost");
    const bool last_beat = cache.state == CacheState::FillData && cycle.memory.answered() &&
                           static_cast<unsigned>(cycle.memory.rsp.src) == k && cycle.memory.rsp.last;
    expect(seen_.fill[k] != nullptr, last_beat, "T10", "CacheFill");
  }
}

bool TimeCheck::slot_taken(unsigned p) const { return p == 1 && slot_client() != Client::Core; }

Owner TimeCheck::why_s1_takes_none(unsigned p) const {
  const Port& port = ports_[p];
  if (port.held) return Owner::S1;
  const Event* xlat = seen_.xlat[p];
  if (port.s1 && (xlat == nullptr || xlat->source() == Source::Walk || xlat->source() == Source::L2)) return Owner::S1;
  if (!caches_[p].open) return Owner::Cache;
  return slot_taken(p) ? Owner::Slot : Owner::Nobody;
}

Owner TimeCheck::why_not_accepted(unsigned p, const CoreRequest& request) const {
  const Port& port = ports_[p];
  if (seq_ != SeqState::Idle) return Owner::Sequencer;
  if (port.split != SplitState::Pass) return Owner::Split;
  if (is_cut(machine_, request)) {
    if (port.pending || port.taken != 0) return Owner::Pending;
    if (port.s1) return Owner::S1;
    return port.front ? Owner::Front : Owner::Nobody;
  }
  if (port.relook) return Owner::Front;
  return has_front_ && !port.front ? Owner::Nobody : why_s1_takes_none(p);
}

void TimeCheck::accepts_now(const Cycle& cycle) {
  for (unsigned p = 0; p < 2; ++p) {
    Port& port = ports_[p];
    CacheSide& cache = caches_[p];
    const Event* xlat = seen_.xlat[p];
    port.ready = !port.s1 || (xlat != nullptr && !port.walked && !port.from_l2);
    const bool taken = slot_taken(p);
    const bool offered = (has_front_ ? port.front && !port.relook : port.unit_valid) && port.ready;
    // That a piece of a cut access is taken shows in the next cycle (pieces_now).
    const bool piece = outstanding_ && port.split != SplitState::Pass;
    port.enters = offered && !port.held && cache.open && !taken && !piece;
    port.unit_accept = port.enters;
    port.may_go = outstanding_ && !taken && (piece ? offered && !port.held : port.again);
    port.must_go = port.may_go && cache.idle;
    if (has_front_) port.unit_accept = port.unit_valid && !port.relook && (!port.front || port.enters);

    const CoreRequest& request = cycle.request(static_cast<vm::Port>(p));
    if (request.valid) {
      const Owner owner = why_not_accepted(p, request);
      expect(cycle.accepted(static_cast<vm::Port>(p)), owner == Owner::Nobody, "T1",
             p == 0 ? "acceptance of the fetch" : "acceptance of the data access");
      ++waits_[static_cast<std::size_t>(owner)];
    }

    const bool wanted = port.held ? port.again : offered;
    cache.s0_client = p == 1 ? slot_client() : Client::Core;
    const bool other = cache.s0_client == Client::Host || (cache.s0_client == Client::Walk && walk_offers_cache()) ||
                       (cache.s0_client == Client::Atomic && atomic_offers());
    cache.s0 = cache.open && (taken ? other : wanted);
  }
}

void TimeCheck::next_ports(const Cycle& cycle) {
  for (unsigned p = 0; p < 2; ++p) {
    Port& port = ports_[p];
    const Event* xlat = seen_.xlat[p];
    const CacheSide& cache = caches_[p];
    const bool answered = unit_answer(p);
    const bool failed =
        (xlat != nullptr && xlat->xlat_cause() != Cause::None) ||
        (cache.done && cache.client == Client::Core && seen_.done[p] != nullptr && seen_.done[p]->done_err());
    const bool again_taken = !outstanding_ && port.again && cache.open && cache.s0 && cache.s0_client == Client::Core;

    switch (port.split) {
      case SplitState::Pass: {
        const CoreRequest& request = cycle.request(static_cast<vm::Port>(p));
        port.pieces = unit_parts(machine_.unit_bytes(), request);
        port.piece = 0;
        port.probing = true;
        port.atomic = request.atomic != AtomicOp::None;
        if (cycle.accepted(static_cast<vm::Port>(p)) && is_cut(machine_, request)) {
          port.split = is_refused(request) ? SplitState::Refuse : SplitState::Probe;
        }
        break;
      }
      case SplitState::Probe:
      case SplitState::Access:
        if (port.unit_accept) {
          port.split = port.split == SplitState::Probe ? SplitState::ProbeWait : SplitState::AccessWait;
        }
        break;
      case SplitState::ProbeWait:
      case SplitState::AccessWait: {
        if (!answered) break;
        const bool ends = failed || (!port.probing && port.piece + 1 == port.pieces);
        port.split = ends ? SplitState::Pass : port.atomic ? SplitState::Atomic : SplitState::Next;
        break;
      }
      case SplitState::Atomic:
        if (seen_.atomic_start != nullptr) port.split = SplitState::AtomicWait;
        break;
      case SplitState::AtomicWait:
        if (atomic_ends_) port.split = SplitState::Pass;
        break;
      case SplitState::Refuse:
        port.split = SplitState::Pass;
        break;
      case SplitState::Next:
        if (++port.piece == port.pieces) {
          port.piece = 0;
          port.probing = false;
        }
        port.split = port.probing ? SplitState::Probe : SplitState::Access;
        break;
    }

    const bool taken_over = cache.decide && cache.s1_client == Client::Core && !cache.hit;
    if (outstanding_) {
      if (taken_over) ++port.taken;
      if (cache.done && cache.client == Client::Core && port.taken != 0) --port.taken;
    } else {
      if (cache.done && cache.client == Client::Core) port.pending = false;
      if (taken_over) port.pending = true;
    }
    port.tried = port.enters || again_taken;
    port.first = port.by_va = port.enters;
    // A fill of this cycle is not in what the TLB has answered, or is answering.
    port.front = has_front_ && (port.unit_accept || (port.front && !port.enters));
    port.relook = port.front && xlat != nullptr && (port.walked || port.from_l2) && xlat->xlat_cause() == Cause::None;
    if (xlat != nullptr) port.s1 = false;
    if (seen_.walk_start != nullptr && static_cast<unsigned>(seen_.walk_start->port()) == p) {
      port.asked = true;
      port.from_l2 = false;
    }
    if (seen_.walk_end != nullptr && static_cast<unsigned>(seen_.walk_end->port()) == p) port.walked = true;
    if (port.enters) {
      port.s1 = true;
      port.needs_walk = port.asked = port.walked = port.passed = port.misplaced = port.from_l2 = port.l2_denies = false;
    }
  }
}

bool TimeCheck::unit_answer(unsigned p) const {
  const Event* xlat = seen_.xlat[p];
  const CacheSide& cache = caches_[p];
  const bool at_once = xlat != nullptr && (xlat->xlat_cause() != Cause::None || xlat->probe());
  const bool hit = cache.decide && cache.s1_client == Client::Core && cache.hit;
  return at_once || hit || (cache.done && cache.client == Client::Core);
}

void TimeCheck::responses_now(const Cycle& cycle) {
  for (unsigned p = 0; p < 2; ++p) {
    const Port& port = ports_[p];
    bool due = unit_answer(p);
    const Event* xlat = seen_.xlat[p];
    const bool fault = xlat != nullptr && xlat->xlat_cause() != Cause::None;
    const bool error = seen_.done[p] != nullptr && seen_.done[p]->done_err();
    if (port.split == SplitState::ProbeWait) due = due && fault;
    if (port.split == SplitState::AccessWait) due = due && (error || port.piece + 1 == port.pieces);
    if (port.split == SplitState::AtomicWait) due = atomic_ends_;
    if (port.split == SplitState::Refuse) due = true;
    const std::string_view rule = port.split == SplitState::Pass ? "T3, T5" : port.atomic ? "T19" : "T6";
    expect(cycle.response(static_cast<vm::Port>(p)).valid, due, rule,
           p == 0 ? "the answer to the fetch" : "the answer to the data access");
  }
}

}  // namespace vm
