// SPDX-License-Identifier: Apache-2.0
//
// The translations a machine with TLBs and walk caches may answer with. Normally exactly one: a walk of memory as it
// is. Between a change and the fence that covers it, also every walk over the values that were visible since the last
// covering fence.
//
// The set is kept as what the hardware may remember, as if its arrays had no end: every translation that a walk for an
// access could have found without any fault (TLBs; R17, R21) and every pointer on the way to it, good or bad (walk
// caches; R22, X23), each until a fence covers it. What is remembered only grants; a fault is judged on memory. Two
// things follow by themselves: a root left without a fence, and mixtures of an old path with a new leaf.
//
// An access in flight while an entry changes may see the old or the new value at each level: a replaced value counts
// for accesses accepted before the store that replaced it was done. A store that is never read as an entry costs
// nothing.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "machine/array_layout.h"
#include "machine/fence.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"

namespace vm {

class LegalSet {
 public:
  explicit LegalSet(const Machine& machine) : machine_(machine) {}

  // Bytes of memory are about to change (any port, the walker's compare-and-set included): called when the store is
  // accepted, before the reader shows the new bytes. `current` reads an entry as it was until now.
  void on_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle, EntryReader current);
  // The store to these bytes is done: what began later than `cycle` reads the new value.
  void on_store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle);
  // No access accepted before this cycle will be asked about any more.
  void on_oldest_access(std::uint64_t accepted);

  // Fences that were not refused, of every operation, in order; so do control writes that make the hardware forget.
  void on_fence_accepted(const Fence& fence, std::uint64_t cycle);
  void on_fence_acknowledged();  // the oldest; all accesses accepted before it have been asked about

  // Every answer that is legal for this access, the present one first, without duplicates (two translations to the same
  // address, by pages of the same size and memory type, count as one). `out` is cleared first. `accepted`: the cycle in
  // which the access was accepted. To be asked when the access is translated, and once for each: what may be remembered
  // of it, is.
  void legal(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
             std::vector<WalkResult>& out);

  // Every answer a walk may find now, older answers of TLBs not among them: what a prefetch for `request`, on behalf of
  // an access accepted then, may read. What it has found is remembered.
  void walks(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
             std::vector<WalkResult>& out);

  std::uint64_t queries() const { return queries_; }
  double mean_size() const {
    return queries_ == 0 ? 1.0 : static_cast<double>(answers_) / static_cast<double>(queries_);
  }

 private:
  static constexpr unsigned kFetchSide = 1, kDataSide = 2;

  // A value an entry had, and the store that replaced it.
  struct Replaced {
    PhysAddr entry;
    std::uint64_t value = 0;
    std::uint64_t accepted = 0;
    std::uint64_t done = ~0ULL;
  };
  struct Translation {
    TlbEntry entry;
    unsigned sides = 0;       // whose TLBs may hold it
    std::uint64_t stamp = 0;  // acceptance of the last access that found it in memory
  };
  // A pointer known to be good: its table, and what it and the path above it allow.
  struct Pointer {
    std::uint16_t asid = 0;
    Pte pte;
    std::uint64_t stamp = 0;
    std::uint64_t seen = 0;  // the last query whose walk of memory passed it
  };
  struct PendingFence {
    Fence fence;
    std::uint64_t accepted = 0;
  };
  // Where a walk begins.
  struct Start {
    unsigned level = 0;
    Pte above;
    bool at_root = true;
  };

  bool same_asid(std::uint16_t a, std::uint16_t b) const;
  std::uint64_t key(unsigned level, bool napot, Vpn vpn) const;
  bool covers(const Fence& fence, const Pointer& pointer) const;
  template <class Remembered>
  bool is_gone(const Remembered& what, std::uint64_t accepted) const;

  void all_walks(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
                 bool by_pointers, std::vector<WalkResult>& out);
  void walks_from(const Start& start, const Context& context, const Request& request, std::uint64_t accepted,
                  EntryReader current, std::vector<WalkResult>& out);
  void remember_path(const Start& start, const Context& context, const Request& request, std::uint64_t accepted,
                     const WalkResult& walk);
  void remember(const Context& context, const Request& request, std::uint64_t accepted, const WalkResult& walk);
  void add_remembered(const Context& context, const Request& request, std::uint64_t accepted,
                      std::vector<WalkResult>& out) const;

  Machine machine_;
  std::vector<Replaced> replaced_;
  std::unordered_map<std::uint64_t, std::vector<Translation>> translations_;  // by size and page
  std::unordered_map<std::uint64_t, std::vector<Pointer>> pointers_;          // by level and page
  std::vector<PendingFence> fences_;
  std::vector<Start> starts_;  // of one query
  std::uint64_t queries_ = 0, answers_ = 0;
};

}  // namespace vm
