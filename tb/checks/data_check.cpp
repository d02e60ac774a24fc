// SPDX-License-Identifier: Apache-2.0
#include "checks/data_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "pieces.h"
#include "platform/platform.h"

namespace vm {
namespace {

std::string_view cache_name(unsigned cache) { return cache == 0 ? "instruction cache" : "data cache"; }

std::string_view client_name(Client client) {
  switch (client) {
    case Client::Core:
      return "core";
    case Client::Walk:
      return "walker";
    case Client::Host:
      return "host";
    case Client::Atomic:
      return "atomic";
  }
  return "?";
}

}  // namespace

DataCheck::DataCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter)
    : machine_(machine),
      tracker_(tracker),
      reporter_(reporter),
      unit_(machine.unit_bytes()),
      memory_(machine, behind, tracker),
      reservation_(machine),
      answers_(machine, reporter) {}

void DataCheck::on_cycle(const Cycle& cycle) {
  answers_.on_cycle(cycle.memory);
  for (const Event& event : cycle.events) {
    // Stores take effect in memory_ before the event is looked at; a read event changes nothing.
    const bool lookup = event.kind == EventKind::CacheLookup;
    const CoherentMemory::Asked asked = lookup ? memory_.asked(event) : CoherentMemory::Asked{};
    memory_.on_event(event, cycle.number);
    on_event(event, asked);
    reservation_event(event);
  }
  memory_.on_ports(cycle);
  for (TrackedAccess* access : tracker_.retired()) on_retired(*access);
  on_host(cycle);
}

void DataCheck::on_event(const Event& event, const CoherentMemory::Asked& asked) {
  switch (event.kind) {
    case EventKind::CacheLookup:
      on_lookup(event, asked);
      break;
    case EventKind::CacheDone:
      on_done(event);
      break;
    default:
      answers_.on_event(event);
      break;
  }
}

std::uint64_t DataCheck::expected_word(unsigned cache, std::uint64_t pa, unsigned set, unsigned way) const {
  return cache == 1 ? memory_.beat(pa) : answers_.fetched_word(pa, set, way);
}

void DataCheck::compare(const Event& event, std::uint64_t expected, unsigned lanes, std::string_view why) {
  const std::uint64_t mask = lane_mask(lanes);
  if (halves_exchanged(lanes, event.b)) expected = exchange_halves(expected);
  if (((event.c ^ expected) & mask) == 0) return;
  reporter_.mismatch("data", fmt::format("the {} returned {:#018x} to the {} for physical address {:#x}, expected "
                                         "{:#018x} in byte lanes {:#04x}: {}",
                                         cache_name(event.cache()), event.c & mask, client_name(event.client()),
                                         event.b, expected & mask, lanes, why));
}

// What ends a reservation, in the order in which it happens.
void DataCheck::reservation_event(const Event& event) {
  switch (event.kind) {
    case EventKind::CacheLookup:
      if (event.client() == Client::Host && event.write() && event.answers_at_once()) {
        reservation_.other_store(PhysAddr(event.b), Lost::HostStore);
      }
      return;
    case EventKind::CacheDone:
      if (event.client() == Client::Host && event.write()) {
        reservation_.other_store(PhysAddr(event.b), Lost::HostStore);
      }
      return;
    case EventKind::WalkUpdate:
      if (event.update_success()) reservation_.other_store(PhysAddr(event.b), Lost::WalkerUpdate);
      return;
    case EventKind::Drained:
      return reservation_.sequencer();
    case EventKind::AtomicEnd:
      on_atomic_end(event);
      if (event.atomic_op() == AtomicOp::Lr) reservation_.load(PhysAddr(event.b), !event.atomic_err());
      if (event.atomic_op() == AtomicOp::Sc) reservation_.conditional();
      return;
    default:
      return;
  }
}

// An LR stores nothing, an SC if it has the reservation, an AMO always; and what they answer.
void DataCheck::on_atomic_end(const Event& event) {
  // It is answered in this cycle.
  const std::span<TrackedAccess* const> retired = tracker_.retired();
  const auto found_access =
      std::find_if(retired.begin(), retired.end(), [](const TrackedAccess* a) { return a->is_atomic(); });
  if (found_access == retired.end()) return;
  const TrackedAccess& access = **found_access;
  const AtomicOp op = access.request.atomic;
  const Piece& read = access.pieces[0];
  const bool failed = read.done && read.answer.done_err();
  const std::uint64_t pa = read.xlat.c;
  const bool sc = op == AtomicOp::Sc;
  const std::optional<Lost> lost = sc ? reservation_.why_not(PhysAddr(pa)) : std::nullopt;
  const bool stores = op != AtomicOp::Lr && !lost && !failed;
  if (event.atomic_op() != op || event.atomic_err() != failed || (access.wrote != stores && !failed)) {
    reporter_.mismatch(
        "data", fmt::format("the {} at {:#x} was taken for {}, {} and ended {} error; expected it {}{}, {} (R35)",
                            to_string(op), pa, to_string(event.atomic_op()), access.wrote ? "stored" : "did not store",
                            event.atomic_err() ? "with an" : "without", stores ? "to store" : "not to store",
                            lost ? ", as its reservation is gone" : "", failed ? "with an error" : "without one"));
  }
  if (failed) return;
  const std::uint64_t answer = from_lanes(event.c, access.request.va, access.size());
  const std::uint64_t found = from_lanes(read.done ? read.answer.c : read.lookup.c, access.request.va, access.size());
  const std::uint64_t expected = sc ? (lost ? 1 : 0) : found;
  if (answer != expected) {
    reporter_.mismatch("data", fmt::format("the {} at {:#x} answers {:#x}, expected {:#x}: {} (R35)", to_string(op), pa,
                                           answer, expected,
                                           !sc    ? "that is what it read"
                                           : lost ? "its reservation is gone"
                                                  : "it has its reservation"));
  }
}

void DataCheck::on_lookup(const Event& event, const CoherentMemory::Asked& asked) {
  const unsigned c = event.cache();
  waiting_lanes(event) = event.strb();
  if (asked.known) {
    const std::uint64_t mask = lane_mask(asked.lanes);
    if (event.b != asked.pa || event.strb() != asked.lanes || event.write() != asked.write ||
        (asked.write && ((event.c ^ asked.wdata) & mask) != 0)) {
      reporter_.mismatch(
          "data", fmt::format("the {} took from the {} a {} of {:#x}, lanes {:#04x}, data {:#018x}; expected a {} of "
                              "{:#x}, lanes {:#04x}, data {:#018x}, as requested and translated",
                              cache_name(c), client_name(event.client()), event.write() ? "store" : "load", event.b,
                              event.strb(), event.c, asked.write ? "store" : "load", asked.pa, asked.lanes,
                              asked.write ? asked.wdata : event.c));
    }
  }
  if (event.client() == Client::Host) {
    host_seen_ = true;
    host_err_ = false;
    host_data_ = event.c;
  }
  if (event.answers_at_once() && !event.write()) {
    compare(event, expected_word(c, event.b, event.set(), event.way()), event.strb(),
            c == 0 ? "that is what the line was filled with" : "that is what was stored there last");
  }
}

void DataCheck::on_done(const Event& event) {
  const unsigned c = event.cache();
  if (event.client() == Client::Host) {
    host_err_ = event.done_err();
    host_data_ = event.c;
  }
  // Errors of write-backs are no answer's.
  const bool failed = answers_.failed(event);
  if (event.done_err() != failed) {
    reporter_.mismatch(
        "data",
        fmt::format("the {} answered the {} for physical address {:#x} {} error, expected {}: so memory answered",
                    cache_name(c), client_name(event.client()), event.b, event.done_err() ? "with" : "without",
                    failed ? "one" : "none"));
  }
  if (event.done_err() || event.write()) return;
  // From the request: the event repeats the address, but not the lanes.
  const unsigned lanes = waiting_lanes(event);
  if (c == 0 && event.uncached()) {
    compare(event, answers_.uncached_data(0), lanes, "that is what memory answered");
    return;
  }
  const bool in_order = machine_.misses == 0;
  const unsigned set = in_order ? answers_.filled_set() : event.set();
  const unsigned way = in_order ? answers_.filled_way() : event.way();
  compare(event, expected_word(c, event.b, set, way), lanes,
          c == 0 ? "that is what the line was filled with" : "that is what was stored there last");
}

void DataCheck::on_retired(TrackedAccess& access) {
  if (access.response.fault || !access.answers_data() || access.piece_count == 0) return;
  if (access.is_atomic()) return on_atomic_retired(access);
  const unsigned parts = unit_parts(unit_, access.request);
  std::uint64_t expected = 0, mask = 0, whole = 0;
  for (unsigned i = 0; i < parts; ++i) whole |= lane_mask(unit_part(unit_, access.request, i).lanes);
  for (unsigned i = 0; i < access.piece_count; ++i) {
    const Piece& piece = access.pieces[i];
    if (piece.xlat.probe() || !piece.looked_up) continue;
    const std::uint64_t part_mask = lane_mask(unit_part(unit_, access.request, i % parts).lanes);
    mask |= part_mask;
    expected |= (piece.done ? piece.answer.c : piece.lookup.c) & part_mask;
  }
  if (mask != whole || ((access.response.rdata ^ expected) & whole) != 0) {
    access.answers_agree = false;
    reporter_.mismatch("data", fmt::format("access {} at {:#x} was answered {:#018x}, expected {:#018x}: the bytes its "
                                           "{} cache access{} returned",
                                           access.request.id, access.request.va, access.response.rdata & whole,
                                           expected, parts, parts == 1 ? "" : "es"));
  }
}

void DataCheck::on_atomic_retired(TrackedAccess& access) {
  const std::uint64_t mask = lane_mask(unit_part(unit_, access.request, 0).lanes);
  if (access.ended && ((access.response.rdata ^ access.end.c) & mask) == 0) return;
  access.answers_agree = false;
  reporter_.mismatch(
      "data", fmt::format("{} {} at {:#x} was answered {:#018x}, expected {:#018x}: as it ended{}",
                          to_string(access.request.atomic), access.request.id, access.request.va,
                          access.response.rdata & mask, access.end.c & mask, access.ended ? "" : ", which it has not"));
}

void DataCheck::on_host(const Cycle& cycle) {
  if (cycle.out->host.valid) {
    const HostResponse& response = cycle.out->host;
    const bool hole = machine_.region_of(PhysAddr(host_.addr)) == nullptr;
    const bool err = hole || host_err_;
    if (response.id != host_.id) {
      reporter_.mismatch("protocol", fmt::format("the host port answered id {}, expected {}", response.id, host_.id));
    }
    if (response.err != err) {
      reporter_.mismatch("data", fmt::format("the host access to {:#x} was answered {} error, expected {}: {}",
                                             host_.addr, response.err ? "with" : "without", err ? "one" : "none",
                                             hole ? "the address lies in a hole" : "so memory answered"));
    } else if (!hole && !host_seen_) {
      reporter_.mismatch(
          "data", fmt::format("the host access to {:#x} was answered, but never reached the data cache", host_.addr));
    } else if (!err && !host_.write && ((response.rdata ^ host_data_) & lane_mask(host_.strb)) != 0) {
      reporter_.mismatch(
          "data", fmt::format("the host read {:#018x} at {:#x}, expected {:#018x} as the cache returned",
                              response.rdata & lane_mask(host_.strb), host_.addr, host_data_ & lane_mask(host_.strb)));
    }
  }
  if (cycle.host_accepted()) {
    host_ = cycle.in->host;
    host_seen_ = host_err_ = false;
    host_data_ = 0;
  }
}

}  // namespace vm
