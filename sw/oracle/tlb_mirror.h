// SPDX-License-Identifier: Apache-2.0
//
// What a TLB must hold, kept from the events a correct one produces. The state check compares the hardware with it; the
// reference platform uses it as its TLB. Written from the rules, not from the RTL:
//   - set = low bits of the VPN; an entry matches on VPN and, if the machine has ASIDs, on ASID; the lowest way wins
//   - an entry only grants: a matching entry without the right ("denied hit") is walked as a miss
//   - a fill replaces the matching entry if there is one, else the lowest invalid way, else the pseudo-LRU victim
//   - pseudo-LRU is touched by a granted hit and by a fill; only reset clears it
#pragma once

#include <cstdint>
#include <vector>

#include "machine/access.h"
#include "machine/array_layout.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "oracle/plru.h"

namespace vm {

class TlbMirror {
 public:
  enum class Verdict : std::uint8_t { Miss, Denied, Granted };
  struct Lookup {
    Verdict verdict = Verdict::Miss;
    unsigned set = 0;
    unsigned way = 0;  // of the matching entry; of the entry to replace on a miss
    TlbEntry entry;    // the matching entry
  };

  TlbMirror(const Machine& machine, const TlbGeometry& geometry);

  bool present() const { return geometry_.ways != 0; }
  unsigned sets() const { return geometry_.sets; }
  unsigned ways() const { return geometry_.ways; }
  unsigned set_of(Vpn vpn) const { return static_cast<unsigned>(vpn.value % geometry_.sets); }

  // Pure: a granted hit that is used is followed by touch(). Only if present().
  Lookup lookup(Vpn vpn, std::uint16_t asid, AccessKind kind, bool user) const;
  void touch(unsigned set, unsigned way) { plru_.touch(set, way); }

  // A walk without any fault ended. Returns the way it went to.
  unsigned fill(Vpn vpn, std::uint16_t asid, const Pte& page);
  unsigned way_for(Vpn vpn, std::uint16_t asid) const;  // where fill() would put it

  // Ways of the set that are valid and that the fence removes (bit per way), and the removal.
  std::uint64_t matching_ways(unsigned set, const Fence& fence) const;
  void invalidate(const Fence& fence);  // all sets; other operations than Tlb do nothing

  const TlbEntry& entry(unsigned set, unsigned way) const { return entries_[index(set, way)]; }
  void write(unsigned set, unsigned way, const TlbEntry& entry);  // array port: touches no pseudo-LRU
  void reset();

 private:
  std::size_t index(unsigned set, unsigned way) const { return static_cast<std::size_t>(set) * geometry_.ways + way; }
  bool matches(const TlbEntry& entry, Vpn vpn, std::uint16_t asid) const;

  Machine machine_;
  TlbGeometry geometry_;
  std::vector<TlbEntry> entries_;
  TreePlru plru_;
};

}  // namespace vm
