// SPDX-License-Identifier: Apache-2.0
//
// What TLBs must hold, kept from the events a correct one produces. The state check compares the hardware with it; the
// reference platform uses it as its TLB. Written from the rules, not from the RTL:
//   - an L1 TLB has a base part (pages of level 0 that are no NAPOT range; set = low bits of the VPN) and a fully
//     associative super part (all larger pages); the base part wins over the super part, the lowest way over the others
//   - an entry matches on the VPN bits its page size leaves and, unless it is global, on the ASID
//   - an entry only grants: a matching entry without the right, without the dirty bit a store needs, or that leads
//     nowhere ("denied hit") is walked as a miss
//   - a fill replaces the matching entry of its part if there is one, else the lowest invalid way, else the pseudo-LRU
//     victim
//   - pseudo-LRU is touched by a granted hit and by a fill. A fill into an empty set finds it as after reset; in the
//   super
//     part only reset clears it
//   - an entry of the base part or the L2 whose word has wrong parity is none, until it is removed or overwritten
//   (M13).
//     Words of an L1 set in which nothing was put since everything was forgotten mean nothing
#pragma once

#include <cstdint>
#include <vector>

#include "machine/access.h"
#include "machine/array_layout.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"
#include "oracle/plru.h"

namespace vm {

enum class TlbVerdict : std::uint8_t { Miss, Denied, Granted };

// VPN bits below those that name a page of this size.
unsigned size_bits(const Format& format, unsigned level, bool napot);
// The physical address of `va` through an entry that covers it.
PhysAddr translate_by(const Machine& machine, const TlbEntry& entry, VirtAddr va);
// What an entry says to a request it covers: the only place that knows when a hit denies.
TlbVerdict judge(const Machine& machine, const Context& context, const TlbEntry& entry, const Request& request);
// The entry that a walk without any fault leaves behind.
TlbEntry entry_of(const Machine& machine, const Context& context, VirtAddr va, const WalkResult& walk);
// Whether a fence of translations removes this entry (R21, X22).
bool covers(const Machine& machine, const Fence& fence, const TlbEntry& entry);

// One array of entries: a part of an L1 TLB, or the shared L2.
class TlbArray {
 public:
  struct Match {
    bool found = false;
    unsigned way = 0;
  };

  enum class Order : std::uint8_t { ClearedWhenEmpty, Kept };  // pseudo-LRU state of a set
  enum class Forgets : std::uint8_t { AtOnce, BySweep };       // what a fence of everything does to the words
  TlbArray(const Machine& machine, const TlbGeometry& geometry, Order order = Order::ClearedWhenEmpty,
           Forgets forgets = Forgets::AtOnce);

  bool present() const { return geometry_.ways != 0; }
  unsigned sets() const { return geometry_.sets; }
  unsigned ways() const { return geometry_.ways; }
  unsigned set_of(Vpn vpn) const { return static_cast<unsigned>(vpn.value % geometry_.sets); }

  // Only if present().
  Match find(Vpn vpn, std::uint16_t asid) const;
  unsigned way_for(Vpn vpn, std::uint16_t asid) const;  // where a fill would put it
  void touch(unsigned set, unsigned way) { plru_.touch(set, way); }
  void fill(unsigned way, const TlbEntry& entry);  // touches

  // Ways of the set that are valid and that the fence removes (bit per way), and the removal.
  std::uint64_t matching_ways(unsigned set, const Fence& fence) const;
  void remove(unsigned set, std::uint64_t ways);  // those with wrong parity, too
  void invalidate(const Fence& fence);            // all sets; other operations than Tlb do nothing

  // A bit of the word in this place turns over.
  void flip(unsigned set, unsigned way);
  // Ways of the set whose word has wrong parity (bit per way).
  std::uint64_t upset_ways(unsigned set) const;

  const TlbEntry& entry(unsigned set, unsigned way) const { return entries_[index(set, way)]; }
  void write(unsigned set, unsigned way, const TlbEntry& entry);  // array port: touches no pseudo-LRU
  void reset();

 private:
  std::size_t index(unsigned set, unsigned way) const { return static_cast<std::size_t>(set) * geometry_.ways + way; }
  bool matches(const TlbEntry& entry, Vpn vpn, std::uint16_t asid) const;
  void heal(unsigned set);  // no word of it has wrong parity any more

  Machine machine_;
  TlbGeometry geometry_;
  Order order_;
  Forgets forgets_;
  std::vector<TlbEntry> entries_;
  std::vector<bool> live_;           // set: its words mean something
  std::vector<bool> upset_;          // place: wrong parity; the entry is not valid then
  std::vector<TlbEntry> disturbed_;  // place: what was there before
  TreePlru plru_;
};

// The L1 TLB of a port.
class TlbMirror {
 public:
  using Verdict = TlbVerdict;
  struct Lookup {
    Verdict verdict = Verdict::Miss;
    bool super = false;  // the part that hit
    unsigned set = 0;
    unsigned way = 0;  // of the matching entry
    TlbEntry entry;    // the matching entry
  };

  TlbMirror(const Machine& machine, const TlbGeometry& geometry)
      : machine_(machine),
        base_(machine, geometry),
        super_(machine, {.sets = 1, .ways = machine.super_entries}, TlbArray::Order::Kept) {}

  bool present() const { return base_.present() || super_.present(); }
  // The part that keeps this entry; it may not be present, then nothing keeps it.
  bool is_super(const TlbEntry& entry) const { return entry.level != 0 || entry.napot; }
  TlbArray& part(bool super) { return super ? super_ : base_; }
  const TlbArray& part(bool super) const { return super ? super_ : base_; }

  // Pure: a granted hit that is used is followed by touch().
  Lookup lookup(const Context& context, const Request& request) const;
  void touch(const Lookup& hit) { part(hit.super).touch(hit.set, hit.way); }
  // A walk without any fault ended (or another level of TLBs had the page).
  void fill(const TlbEntry& entry);
  void invalidate(const Fence& fence);
  void reset();

 private:
  Machine machine_;
  TlbArray base_, super_;
};

}  // namespace vm
