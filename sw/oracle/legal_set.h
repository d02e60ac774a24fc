// SPDX-License-Identifier: Apache-2.0
//
// The translations a machine with TLBs may answer with. Normally exactly one: a walk of memory as it is. Between a
// change of an entry (or of the root under the same ASID) and the fence that covers it, also every walk over the values
// that were visible since the last covering fence. A stale value counts from the acceptance of the store that replaced
// it until its covering fence is acknowledged; an access accepted after the fence was accepted never sees it.
//
// The hardware remembers only what it granted: a stale value that faults, and any stale value where there is no TLB, is
// legal only for accesses accepted before the store that replaced it was done.
//
// Tables of one level: a fence by address names exactly one entry of each table.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "machine/fence.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"

namespace vm {

class LegalSet {
 public:
  explicit LegalSet(const Machine& machine) : machine_(machine) {}

  // The context in force changed (a control write took effect, all accesses before it have been asked about). Call for
  // the first one too.
  void on_context(const Context& context);

  // Bytes of memory are about to change (any port, any purpose): called when the store is accepted, before the reader
  // shows the new bytes. `current` reads an entry as it was until now. Stores outside the tables that translations may
  // have come from cost one comparison per table.
  void on_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle, EntryReader current);
  // The store to these bytes is done: what began later than `cycle` reads the new value.
  void on_store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle);

  // Fences that were not refused, of every operation, in order.
  void on_fence_accepted(const Fence& fence, std::uint64_t cycle);
  void on_fence_acknowledged();  // the oldest; all accesses accepted before it have answered

  // Every answer that is legal for this access, the present one first, without duplicates (two translations to the same
  // address count as one). `out` is cleared first. `accepted`: the cycle in which the access was accepted.
  void legal(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
             std::vector<WalkResult>& out);

  std::uint64_t queries() const { return queries_; }
  double mean_size() const {
    return queries_ == 0 ? 1.0 : static_cast<double>(answers_) / static_cast<double>(queries_);
  }

 private:
  // A root that remembered translations of its ASID may have come from. One that no access used until it was left is
  // forgotten: base and ASID are two registers, and between their writes the pair means nothing.
  struct Root {
    Context context;
    bool in_force = false;
    bool used = false;
    std::uint64_t left = 0;  // how many roots had left when it did
  };
  // A value an entry had.
  struct Stale {
    PhysAddr entry;
    std::uint64_t value = 0;
    std::uint16_t asid = 0;
    Vpn vpn;
    std::uint64_t replaced = 0;         // cycle in which the replacing store was accepted
    std::optional<std::uint64_t> done;  // cycle in which it was done
  };
  struct PendingFence {
    Fence fence;
    std::uint64_t accepted = 0;
    std::uint64_t roots_left = 0;
  };

  bool same_asid(std::uint16_t a, std::uint16_t b) const;
  bool covers(const PendingFence& fence, const Stale& stale) const;
  bool covers(const PendingFence& fence, const Root& root) const;
  bool is_gone(const Stale& stale, std::uint64_t accepted) const;
  bool is_gone(const Root& root, std::uint64_t accepted) const;
  void walk_table(const Context& root, const Request& request, std::uint64_t accepted, EntryReader current,
                  bool present_root, std::vector<WalkResult>& out) const;

  Machine machine_;
  std::vector<Root> roots_;
  std::unordered_map<std::uint64_t, std::vector<Stale>> stale_;  // by address of the entry
  std::vector<PendingFence> fences_;
  std::uint64_t roots_left_ = 0;
  std::uint64_t queries_ = 0, answers_ = 0;
};

}  // namespace vm
