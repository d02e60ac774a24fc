// SPDX-License-Identifier: Apache-2.0
//
// One event of docs/trace_interface.md, as the monitors send it, with accessors for its packed fields. Everything a
// checker knows is in these events and in the ports of the same cycle.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "signals.h"

namespace vm {

enum class EventKind : std::uint8_t {
  Xlat = 1,
  WalkStart = 2,
  WalkRead = 3,
  WalkData = 4,
  WalkEnd = 5,
  TlbFill = 6,
  TlbInvalidate = 7,
  CacheLookup = 8,
  CacheVictim = 9,
  CacheFill = 10,
  CacheDone = 11,
  CacheMaint = 12,
  Drained = 13,
  Miss = 14,
};

enum class Source : std::uint8_t { Bare = 0, Tlb = 1, Walk = 2, None = 3 };
enum class Client : std::uint8_t { Core = 0, Walk = 1, Host = 2 };

struct Event {
  EventKind kind{};
  std::uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;

  unsigned seq() const { return field(a, 63, 48); }

  // Xlat, WalkStart, WalkEnd, TlbFill, TlbInvalidate, Miss
  Port port() const { return static_cast<Port>(a & 1U); }
  // CacheLookup, CacheVictim, CacheFill, CacheDone, CacheMaint: 0 instruction, 1 data
  unsigned cache() const { return static_cast<unsigned>(a & 1U); }

  // Xlat
  unsigned id() const { return field(a, 7, 4); }
  AccessKind access() const { return static_cast<AccessKind>(field(a, 9, 8)); }
  bool user() const { return bit(10); }
  bool probe() const { return bit(11); }
  bool phys() const { return bit(12); }
  Source source() const { return static_cast<Source>(field(a, 15, 14)); }
  Cause xlat_cause() const { return static_cast<Cause>(field(a, 19, 16)); }
  bool xlat_cacheable() const { return bit(20); }
  unsigned xlat_level() const { return field(a, 26, 24); }
  unsigned xlat_set() const { return field(d, 15, 0); }
  unsigned xlat_way() const { return field(d, 23, 16); }

  // Walk*
  bool denied_hit() const { return bit(1); }
  bool lookup_overlapped() const { return bit(2); }  // WalkStart: TLB read in the cycle of the Xlat before
  unsigned walk_level() const { return field(a, 2, 0); }
  bool walk_err() const { return bit(3); }
  Cause walk_cause() const { return static_cast<Cause>(field(a, 7, 4)); }
  unsigned end_level() const { return field(a, 10, 8); }

  // Tlb*, CacheVictim, CacheFill, CacheMaint
  unsigned set() const { return field(a, 31, 16); }
  unsigned tlb_way() const { return field(a, 39, 32); }
  bool tlb_all() const { return bit(1); }
  unsigned way() const { return field(a, 15, 8); }
  bool victim_valid() const { return bit(4); }
  bool victim_dirty() const { return bit(5); }
  bool fill_err() const { return bit(4); }
  bool wrote_back() const { return bit(4); }
  bool invalidated() const { return bit(5); }
  bool maint_all() const { return bit(6); }  // CacheMaint: every line, without writing back

  // CacheLookup, CacheDone
  Client client() const { return static_cast<Client>(field(a, 3, 2)); }
  bool write() const { return bit(4); }
  bool uncached() const { return bit(5); }
  bool hit() const { return bit(6); }  // CacheLookup
  bool done_err() const { return bit(6); }
  unsigned strb() const { return field(a, 39, 32); }

  // Drained: 0 ctl, 1 fence, 2 array
  unsigned drained_kind() const { return static_cast<unsigned>(a & 3U); }

 private:
  static constexpr unsigned field(std::uint64_t word, unsigned msb, unsigned lsb) {
    return static_cast<unsigned>((word >> lsb) & low_mask(msb - lsb + 1));
  }
  bool bit(unsigned n) const { return ((a >> n) & 1U) != 0; }
};

// Everything that happened in one cycle: the ports just before its rising edge, and the events sent at that edge,
// sorted by kind and sequence number.
struct Cycle {
  std::uint64_t number = 0;
  const Inputs* in = nullptr;
  const Outputs* out = nullptr;
  std::span<const Event> events;

  const CoreRequest& request(Port p) const { return p == Port::Fetch ? in->fetch : in->data; }
  const CoreResponse& response(Port p) const { return p == Port::Fetch ? out->fetch : out->data; }
  bool accepted(Port p) const { return request(p).valid && (p == Port::Fetch ? out->fetch_ready : out->data_ready); }
  bool host_accepted() const { return in->host.valid && out->host_ready; }
  bool ctl_accepted() const { return in->ctl.valid && out->ctl_ready; }
  bool fence_accepted() const { return in->fence.valid && out->fence_ready; }
  bool array_accepted() const { return in->array.valid && out->array_ready; }
  bool mem_accepted() const { return out->mem_req.valid && in->mem_req_ready; }
  bool mem_w_accepted() const { return out->mem_w.valid && in->mem_w_ready; }
  bool mem_answered() const { return in->mem_rsp.valid && out->mem_rsp_ready; }
};

std::string describe(const Event& event);  // one line for a report

}  // namespace vm
