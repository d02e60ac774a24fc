// SPDX-License-Identifier: Apache-2.0
#include "tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "pieces.h"

namespace vm {
namespace {

std::string_view port_name(Port port) { return port == Port::Fetch ? "fetch" : "data"; }

}  // namespace

Fence fence_of(const Machine& machine, const FenceRequest& request) {
  return {.op = static_cast<FenceOp>(request.op),
          .user = request.user,
          .by_addr = request.by_addr,
          .by_asid = request.by_asid && machine.asid_bits != 0,
          .globals = request.globals,
          .addr = request.addr,
          .asid = request.asid};
}

bool names_no_page(const Machine& machine, const Context& context, const Fence& fence) {
  const unsigned levels = context.translate ? context.levels : machine.format.levels;
  return fence.op == FenceOp::Tlb && fence.by_addr && !machine.va_is_legal(VirtAddr(fence.addr), levels);
}

Tracker::Tracker(const Machine& machine, Reporter& reporter)
    : reporter_(reporter),
      unit_(machine.unit_bytes()),
      in_order_(machine.misses == 0),
      line_bytes_{machine.icache.line_bytes, machine.dcache.line_bytes},
      ids_{memory_ids(machine, 0), memory_ids(machine, 1)},
      control_(machine),
      context_in_flight_(control_.context()),
      walk_(machine) {}

void Tracker::on_cycle(const Cycle& cycle) {
  retired_count_ = accepted_count_ = 0;
  lookup_owner_valid_ = {};
  if (forgetting_ends_) forgetting_.reset();
  forgetting_ends_ = false;
  for (const Event& event : cycle.events) on_event(event, cycle.number);
  if (cycle.memory.accepted()) on_mem_request(cycle.memory.req);
  for (const Port port : {Port::Fetch, Port::Data}) {
    if (cycle.response(port).valid) on_response(port, cycle.response(port), cycle.number);
  }
  for (const Port port : {Port::Fetch, Port::Data}) {
    if (cycle.accepted(port)) on_accept(port, cycle.request(port), cycle.number);
  }
  if (cycle.out->ctl.valid) {
    if (!ctl_pending_ || cycle.out->ctl.id != ctl_id_) {
      reporter_.mismatch("protocol", fmt::format("a control answer with id {} where none was due", cycle.out->ctl.id));
    } else if (cycle.out->ctl.refused != ctl_refused_) {
      reporter_.mismatch("state",
                         fmt::format("the control write was {}, expected it {} (R26)",
                                     cycle.out->ctl.refused ? "refused" : "done", ctl_refused_ ? "refused" : "done"));
    }
    ctl_pending_ = false;
    forgetting_ends_ = true;
    context_in_flight_ = control_.context();
  }
  // Last: a change holds for acceptances after it.
  if (cycle.ctl_accepted()) on_ctl(cycle.in->ctl);
  oldest_accepted_ = cycle.number;
  for (unsigned p = 0; p < 2; ++p) {
    if (in_flight_[p].empty()) continue;
    oldest_accepted_ = std::min(oldest_accepted_, slots_[p][in_flight_[p].front() & 15U].accepted);
  }
  flipped_.reset();
  if (cycle.out->array.valid && array_.flip) flipped_ = array_;
  if (cycle.array_accepted()) array_ = cycle.in->array;
}

void Tracker::on_event(const Event& event, std::uint64_t cycle) {
  walk_.on_event(event);
  switch (event.kind) {
    case EventKind::Xlat:
      on_xlat(event, cycle);
      break;
    case EventKind::WalkStart:
      walking_ = static_cast<unsigned>(event.port());
      walking_ahead_ = false;
      break;
    case EventKind::WalkLook:
      walking_ahead_ = event.prefetch();
      break;
    case EventKind::WalkRead:
      if (walking_ahead_) break;
      // A read that the cache turned away is asked again: that is still one read.
      if (!entry_awaited_) ++walk_cost_[walking_].entry_reads;
      entry_awaited_ = true;
      walk_cost_[walking_].entry_addr = PhysAddr(event.b);
      break;
    case EventKind::WalkData:
      entry_awaited_ = false;
      break;
    case EventKind::CacheLookup:
      on_lookup(event, cycle);
      break;
    case EventKind::CacheDone:
      on_done(event);
      break;
    case EventKind::CacheVictim:
      if (!in_order_) on_victim(event);
      break;
    case EventKind::AtomicEnd:
      if (const Ring<std::uint8_t>& ids = in_flight_[1]; !ids.empty()) {
        access(Port::Data, ids.front()).ended = true;
        access(Port::Data, ids.front()).end = event;
      }
      break;
    default:
      break;
  }
}

const TrackedAccess* Tracker::translating(Port port) const {
  const auto p = static_cast<unsigned>(port);
  for (std::size_t i = 0; i < in_flight_[p].size(); ++i) {
    const TrackedAccess& access = slots_[p][in_flight_[p][i] & 15U];
    // A cut access is alone on its port.
    if (access.piece_count == 0 || unit_parts(unit_, access.request) > 1) return &access;
  }
  return nullptr;
}

void Tracker::on_xlat(const Event& event, std::uint64_t cycle) {
  const auto p = static_cast<unsigned>(event.port());
  TrackedAccess& access = slots_[p][event.id()];
  if (access.piece_count == TrackedAccess::kMaxPieces) {
    reporter_.mismatch("translation.walk", fmt::format("access {} of the {} port has more translations than the "
                                                       "splitter can need",
                                                       event.id(), port_name(event.port())));
    return;
  }
  Piece& piece = access.pieces[access.piece_count];
  piece.xlat = event;
  piece.xlat_cycle = cycle;
  piece.looked_up = piece.done = false;
  if (event.source() == Source::Walk) {
    WalkCost& cost = walk_cost_[p];
    access.entry_reads += cost.entry_reads;
    if (cost.entry_reads != 0) access.entry_addr = cost.entry_addr;
    access.bus_reads += cost.bus_reads;
    access.bus_writes += cost.bus_writes;
    cost = {};
  }
  if (event.xlat_cause() == Cause::None && !event.probe()) {
    if (awaiting_lookup_[p].full()) {
      reporter_.mismatch("protocol", "translations succeed, but the cache is not asked");
      awaiting_lookup_[p].clear();
    }
    awaiting_lookup_[p].push(
        {event.port(), static_cast<std::uint8_t>(event.id()), static_cast<std::uint8_t>(access.piece_count)});
  }
  ++access.piece_count;
}

void Tracker::on_lookup(const Event& event, std::uint64_t cycle) {
  const unsigned c = event.cache();
  if (event.client() == Client::Core) {
    auto& queue = awaiting_lookup_[c];
    if (queue.empty()) {
      reporter_.mismatch("traffic", fmt::format("the {} cache looked up {:#x} for the core, but no translation "
                                                "asked for it",
                                                c == 0 ? "instruction" : "data", event.b));
      return;
    }
    lookup_owner_[c] = queue.front();
    lookup_owner_valid_[c] = true;
    queue.pop();
    const PieceRef& ref = lookup_owner_[c];
    Piece& piece = access(ref.port, ref.id).pieces[ref.piece];
    piece.looked_up = true;
    piece.lookup = event;
    piece.lookup_cycle = cycle;
  }
  if (event.client() == Client::Atomic) on_atomic_lookup(event, cycle);
  if (event.client() == Client::Walk) {
    walker_line_ = event.answers_at_once() ? ~0ULL : event.b / line_bytes_[c] * line_bytes_[c];
  }
  if (event.answers_at_once()) return;
  if (!in_order_ && event.single() && lookup_owner_valid_[c]) {
    TrackedAccess& owner = access(lookup_owner_[c].port, lookup_owner_[c].id);
    ++(event.write() ? owner.bus_writes : owner.bus_reads);
  }
  miss_client_[c] = event.client();
  miss_owner_valid_[c] = lookup_owner_valid_[c];
  if (miss_owner_valid_[c]) miss_owner_[c] = lookup_owner_[c];
}

// It is alone on its port.
void Tracker::on_atomic_lookup(const Event& event, std::uint64_t cycle) {
  const Ring<std::uint8_t>& ids = in_flight_[1];
  if (ids.empty() || !access(Port::Data, ids.front()).is_atomic()) {
    reporter_.mismatch("traffic",
                       fmt::format("the data cache looked up {:#x} for an atomic, but none is under way", event.b));
    return;
  }
  TrackedAccess& atomic = access(Port::Data, ids.front());
  lookup_owner_[1] = {Port::Data, ids.front(), 0};
  lookup_owner_valid_[1] = true;
  if (event.write()) {
    atomic.wrote = true;
    atomic.write = event;
    return;
  }
  Piece& piece = atomic.pieces[0];
  piece.looked_up = true;
  piece.lookup = event;
  piece.lookup_cycle = cycle;
}

void Tracker::on_done(const Event& event) {
  const unsigned c = event.cache();
  if (event.client() != Client::Core && event.client() != Client::Atomic) return;
  // Of an atomic, the answer to the read; or the write's, if that is an error.
  if (event.client() == Client::Atomic && event.write() && !event.done_err()) return;
  Piece* piece = nullptr;
  if (in_order_ || event.client() == Client::Atomic) {
    if (miss_owner_valid_[c]) piece = &access(miss_owner_[c].port, miss_owner_[c].id).pieces[miss_owner_[c].piece];
  } else {
    piece = waiting_piece(access(static_cast<Port>(c), event.cache_id()));
    if (piece == nullptr) {
      reporter_.mismatch("protocol", fmt::format("the {} cache answers access {}, which does not wait for it",
                                                 c == 0 ? "instruction" : "data", event.cache_id()));
    }
  }
  if (piece == nullptr) return;
  piece->done = true;
  piece->answer = event;
}

// Its piece that the cache has taken over; nullptr: none.
Piece* Tracker::waiting_piece(TrackedAccess& access) {
  for (unsigned i = 0; i < access.piece_count; ++i) {
    Piece& piece = access.pieces[i];
    if (piece.looked_up && !piece.done && !piece.lookup.answers_at_once()) return &piece;
  }
  return nullptr;
}

// The oldest access that waits for a line to be fetched; nullptr: none of the core's.
TrackedAccess* Tracker::waits_for_line(unsigned cache, std::uint64_t line) {
  const Ring<std::uint8_t>& ids = in_flight_[cache];
  for (std::size_t i = 0; i < ids.size(); ++i) {
    TrackedAccess& candidate = access(static_cast<Port>(cache), ids[i]);
    const Piece* piece = waiting_piece(candidate);
    if (piece != nullptr && !piece->lookup.single() &&
        piece->lookup.b / line_bytes_[cache] * line_bytes_[cache] == line) {
      return &candidate;
    }
  }
  return nullptr;
}

// What is read and written for whom, where several misses are outstanding: on behalf of the oldest access of the core
// that waits for the line; else of the walker, if it does.
void Tracker::on_victim(const Event& event) {
  const unsigned c = event.cache();
  if (!ids_[c].fetches(event.cache_id())) return;
  if (TrackedAccess* owner = waits_for_line(c, event.fetched_line())) {
    ++owner->bus_reads;
    if (event.victim_dirty()) ++owner->bus_writes;
  } else if (c == 1 && walker_line_ == event.fetched_line() && !walking_ahead_) {
    ++walk_cost_[walking_].bus_reads;
    if (event.victim_dirty()) ++walk_cost_[walking_].bus_writes;
  }
}

void Tracker::on_mem_request(const MemRequest& request) {
  const auto count = [&request](unsigned& reads, unsigned& writes) { ++(request.write ? writes : reads); };
  if (request.src == MemSource::Walk) {
    if (walking_ahead_) return;
    count(walk_cost_[walking_].bus_reads, walk_cost_[walking_].bus_writes);
    return;
  }
  if (!in_order_) return;  // on_victim
  const unsigned c = request.src == MemSource::Fetch ? 0 : 1;
  if (miss_client_[c] == Client::Walk) {
    if (walking_ahead_) return;
    count(walk_cost_[walking_].bus_reads, walk_cost_[walking_].bus_writes);
  } else if (miss_owner_valid_[c]) {
    TrackedAccess& owner = access(miss_owner_[c].port, miss_owner_[c].id);
    count(owner.bus_reads, owner.bus_writes);
  }
}

void Tracker::on_response(Port port, const CoreResponse& response, std::uint64_t cycle) {
  auto& queue = in_flight_[static_cast<unsigned>(port)];
  if (queue.empty()) {
    reporter_.mismatch("protocol", fmt::format("an answer with id {} on the {} port, where nothing is outstanding",
                                               response.id, port_name(port)));
    return;
  }
  std::size_t place = 0;
  if (!in_order_) {
    while (place < queue.size() && queue[place] != response.id) ++place;
    if (place == queue.size()) {
      reporter_.mismatch("protocol", fmt::format("an answer with id {} on the {} port, expected one of those that are "
                                                 "outstanding",
                                                 response.id, port_name(port)));
      return;
    }
  } else if (queue.front() != response.id) {
    reporter_.mismatch("protocol", fmt::format("an answer with id {} on the {} port, expected id {}: answers come in "
                                               "order of acceptance",
                                               response.id, port_name(port), queue.front()));
  }
  TrackedAccess& done = access(port, queue[place]);
  queue.remove(place);
  done.answered = cycle;
  done.response = response;
  retired_[retired_count_++] = &done;
}

void Tracker::on_accept(Port port, const CoreRequest& request, std::uint64_t cycle) {
  const Ring<std::uint8_t>& queue = in_flight_[static_cast<unsigned>(port)];
  for (std::size_t i = 0; i < queue.size() && !in_order_; ++i) {
    if (queue[i] == request.id) throw std::logic_error("ids of accesses in flight differ (docs/trace_interface.md)");
  }
  TrackedAccess& fresh = access(port, request.id);
  fresh.port = port;
  fresh.request = request;
  fresh.context = control_.context();
  fresh.accepted = cycle;
  fresh.piece_count = 0;
  fresh.entry_reads = fresh.bus_reads = fresh.bus_writes = 0;
  fresh.entry_addr = PhysAddr();
  fresh.wrote = fresh.ended = false;
  fresh.answers_agree = true;
  in_flight_[static_cast<unsigned>(port)].push(request.id);
  accepted_[accepted_count_++] = &fresh;
}

void Tracker::on_ctl(const CtlRequest& request) {
  const Control::Effect effect = control_.write(static_cast<CtlReg>(request.index), request.data, request.user);
  ctl_refused_ = effect.refused;
  ctl_pending_ = true;
  ctl_id_ = request.id;
  forgetting_ = effect.forgotten;
  forgetting_ends_ = false;
}

}  // namespace vm
