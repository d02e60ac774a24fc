// SPDX-License-Identifier: Apache-2.0
//
// One event of docs/trace_interface.md, as the monitors send it, with accessors for its packed fields. Everything a
// checker knows is in these events and in the ports of the same cycle.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "machine/context.h"
#include "machine/pte.h"
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
  WalkLook = 15,
  WalkUpdate = 16,
  WalkCacheFill = 17,
  WalkRestart = 18,
  L2Fill = 19,
  WalkUpdateStart = 20,
  AtomicStart = 21,
  AtomicEnd = 22,
  Upset = 23,
  CacheLost = 24,
  LowerUpset = 25,
  CacheFree = 26,
};

enum class Source : std::uint8_t { Bare = 0, Tlb = 1, Walk = 2, None = 3, L2 = 4 };
// What a TlbInvalidate or Upset event is about.
enum class TlbUnit : std::uint8_t { Base = 0, Super = 1, L2 = 2, WalkCaches = 3 };
// Atomic: what the cache knows as the walker's port, while an LR, SC or AMO has it (Testbench::name_clients).
enum class Client : std::uint8_t { Core = 0, Walk = 1, Host = 2, Atomic = 3 };

struct Event {
  EventKind kind{};
  std::uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;

  unsigned seq() const { return field(a, 63, 48); }

  // Xlat, WalkStart, WalkEnd, WalkLook, WalkRestart, TlbFill, TlbInvalidate, Miss, Upset
  Port port() const { return static_cast<Port>(a & 1U); }
  // CacheLookup, CacheVictim, CacheFill, CacheDone, CacheMaint, CacheLost, CacheFree: 0 instruction, 1 data
  unsigned cache() const { return static_cast<unsigned>(a & 1U); }

  // Xlat
  unsigned id() const { return field(a, 7, 4); }
  AccessKind access() const { return static_cast<AccessKind>(field(a, 9, 8)); }
  bool user() const { return bit(10); }
  bool probe() const { return bit(11); }
  bool phys() const { return bit(12); }
  Source source() const { return static_cast<Source>(field(a, 47, 45)); }
  Cause xlat_cause() const { return static_cast<Cause>(field(a, 19, 16)); }
  bool xlat_cacheable() const { return bit(20); }
  bool xlat_through() const { return bit(27); }
  MemType xlat_type() const { return static_cast<MemType>(field(a, 23, 21)); }
  unsigned xlat_level() const { return field(a, 26, 24); }
  bool sum() const { return bit(40); }
  bool mxr() const { return bit(41); }
  bool xlat_atomic() const { return bit(42); }
  bool xlat_amo() const { return bit(43); }
  bool xlat_super() const { return bit(44); }  // a hit in the super part: the way is the entry, the set 0
  unsigned xlat_set() const { return field(d, 15, 0); }
  unsigned xlat_way() const { return field(d, 23, 16); }

  // Walk*
  bool denied_hit() const { return bit(1); }
  bool skip_l2() const { return bit(3); }                 // WalkStart: the L2 had the page, and denied
  unsigned walk_level() const { return field(a, 2, 0); }  // WalkRead, WalkData, WalkUpdate(Start), WalkCacheFill
  bool walk_err() const { return bit(3); }
  bool update_success() const { return bit(4); }
  Cause walk_cause() const { return static_cast<Cause>(field(a, 7, 4)); }
  unsigned end_level() const { return field(a, 10, 8); }

  // WalkLook
  bool l2_hit() const { return bit(1); }
  bool l2_off() const { return bit(2); }
  bool prefetch() const { return bit(3); }                      // for the page after the one walked
  unsigned walk_cache_level() const { return field(a, 6, 4); }  // 0: none

  // TlbFill, L2Fill, WalkCacheFill: what was put there
  bool fills_super() const { return bit(1); }
  bool fill_from_l2() const { return bit(2); }
  std::uint16_t fill_asid() const { return static_cast<std::uint16_t>(field(d, 15, 0)); }
  // A page; of WalkCacheFill a pointer, whose `leaf` is for the caller to clear.
  Pte fill_page() const {
    const auto flag = [this](unsigned n) { return ((d >> n) & 1U) != 0; };
    return {.valid = true,
            .user = flag(19),
            .read = flag(18),
            .write = flag(17),
            .exec = flag(16),
            .dirty = flag(20),
            .global = flag(21),
            .type = static_cast<MemType>(field(d, 24, 22)),
            .ppn = Ppn(c)};
  }

  // Tlb*, L2Fill, WalkLook, Cache*; of CacheDone on machines with misses outstanding
  unsigned set() const { return field(a, 31, 16); }
  unsigned tlb_way() const { return field(a, 39, 32); }
  bool tlb_all() const { return bit(1); }  // not of Upset
  TlbUnit tlb_unit() const { return static_cast<TlbUnit>(field(a, 3, 2)); }
  unsigned way() const { return field(a, 15, 8); }
  bool victim_valid() const { return bit(4); }
  bool victim_dirty() const { return bit(5); }
  bool refetch() const { return bit(6); }  // CacheVictim: the line that is fetched again, as a word of it was wrong
  bool fill_err() const { return bit(4); }
  bool wrote_back() const { return bit(4); }
  bool invalidated() const { return bit(5); }
  bool maint_all() const { return bit(6); }  // CacheMaint: every line, without writing back

  // CacheLookup, CacheDone
  Client client() const { return static_cast<Client>(field(a, 3, 2)); }
  bool write() const { return bit(4); }
  bool uncached() const { return bit(5); }
  // Cached, where memory is written through; with misses outstanding, CacheDone says it of stores only.
  bool through() const { return bit(1); }
  bool written_through() const { return through() && write(); }
  bool single() const { return uncached() || written_through(); }  // goes to memory by itself
  // CacheLookup. An uncached access that hits has the line written back and dropped before it goes to memory; a
  // written-through store that hits changes it when memory has the store.
  bool hit() const { return bit(6); }
  bool answers_at_once() const { return hit() && !single(); }
  bool done_err() const { return bit(6); }
  bool through_hit() const { return bit(7); }  // CacheDone of a written-through store, with misses outstanding
  unsigned strb() const { return field(a, 39, 32); }

  // CacheLookup of a miss or an uncached access: a dirty line of its set has a wrong tag word.
  bool meets_lost() const { return bit(7); }

  // CacheLost: with the line, which is dropped; a word that was written back; come upon by maintenance, not by an
  // access.
  bool lost_line() const { return bit(4); }
  bool lost_written() const { return bit(5); }
  bool lost_in_maintenance() const { return bit(6); }
  // LowerUpset: which cache, 0 L2 or 1 L3, and what it tells of: something stored is lost (b: its line), which
  // wb_error says, too; a line is read from below again; the array port has turned over a bit.
  unsigned lower() const { return static_cast<unsigned>(a & 1U); }
  bool lower_lost() const { return bit(4); }
  bool lower_refetch() const { return bit(5); }
  bool lower_flipped() const { return bit(6); }
  bool lower_reported() const { return bit(7); }

  // The access that comes upon it is answered with an error.
  bool lost_by_access() const { return !lost_written() && !lost_in_maintenance(); }

  // Machines with misses outstanding. CacheLookup, CacheDone: the id of the access; CacheVictim, CacheFill, CacheFree:
  // of the miss register, which is that of its requests to memory, or one beyond the victim buffer's for an uncached
  // access that drives out the line it has hit. CacheVictim: the line that is fetched.
  unsigned cache_id() const { return field(a, 43, 40); }
  std::uint64_t fetched_line() const { return c; }

  void set_client(Client client) { a = (a & ~0xCULL) | static_cast<std::uint64_t>(client) << 2; }

  // AtomicStart, AtomicEnd. Of the end: an error; what was answered is in c
  AtomicOp atomic_op() const { return static_cast<AtomicOp>(field(a, 7, 4)); }
  bool atomic_err() const { return bit(8); }

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
  // The port below the first level: the memory port, or the upper port of the L2 cache.
  MemPort memory;
  // Lines that read otherwise below the first level than before, as an upset there made them.
  std::span<const std::uint64_t> changed_below;

  const CoreRequest& request(Port p) const { return p == Port::Fetch ? in->fetch : in->data; }
  const CoreResponse& response(Port p) const { return p == Port::Fetch ? out->fetch : out->data; }
  bool accepted(Port p) const { return request(p).valid && (p == Port::Fetch ? out->fetch_ready : out->data_ready); }
  bool host_accepted() const { return in->host.valid && out->host_ready; }
  bool ctl_accepted() const { return in->ctl.valid && out->ctl_ready; }
  bool fence_accepted() const { return in->fence.valid && out->fence_ready; }
  bool array_accepted() const { return in->array.valid && out->array_ready; }
};

std::string describe(const Event& event);  // one line for a report

}  // namespace vm
