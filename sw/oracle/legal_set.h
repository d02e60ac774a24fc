// SPDX-License-Identifier: Apache-2.0
//
// The translations a machine with TLBs may answer with. Normally exactly one: a walk of memory as it is. Between a change
// of an entry (or of the root under the same ASID) and the fence that covers it, also every walk over the values that
// were visible since the last covering fence, mixtures of levels included. A stale value counts from the acceptance of
// the store that replaced it until its covering fence is acknowledged; an access accepted after the fence was accepted
// never sees it.
//
// Faults are never remembered by the hardware: a stale value that faults is legal only for accesses accepted before the
// store that replaced it was done.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "machine/fence.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"

namespace vm {

class LegalSet {
 public:
  explicit LegalSet(const Machine& machine);

  // The context in force changed (a control write took effect). Call for the first one too.
  void on_context(const Context& context);

  // Bytes of memory are about to change (any port, any purpose); called at acceptance, before the reader given to
  // legal() shows the new bytes. `current` reads an entry as it was until now. Changes outside the tables that
  // translations may have used cost one comparison per table and are not kept.
  void on_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle, EntryReader current);
  // Stores to these bytes are done: from `cycle` on no read returns what was there before.
  void on_store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle);

  void on_fence_accepted(const Fence& fence, std::uint64_t cycle);
  void on_fence_acknowledged();  // the oldest accepted fence; all accesses accepted before it have answered

  // Every answer that is legal for this access, the present one first, without duplicates. `out` is cleared first.
  // `accepted`: the cycle in which the access was accepted.
  void legal(const Context& context, const Request& request, std::uint64_t accepted, EntryReader current,
             std::vector<WalkResult>& out);

  bool nothing_stale() const { return stale_.empty() && roots_.size() <= 1; }
  std::uint64_t queries() const { return queries_; }
  double mean_size() const { return queries_ == 0 ? 1.0 : static_cast<double>(answers_) / static_cast<double>(queries_); }

 private:
  // A root that translations of its ASID may have come from. The one in force is always present.
  struct Root {
    Context context;
    bool in_force = false;
    std::uint64_t left = 0;  // order of leaving, compared with fences
  };
  // A value an entry had.
  struct Stale {
    PhysAddr entry;
    std::uint64_t value = 0;
    std::uint16_t asid = 0;
    std::optional<Vpn> vpn;       // leaf entries: the page it translates; otherwise many
    std::uint64_t replaced = 0;   // cycle in which the replacing store was accepted
    std::optional<std::uint64_t> done;
  };
  struct PendingFence {
    Fence fence;
    std::uint64_t accepted = 0;
    std::uint64_t roots_left = 0;  // roots that had left before it
  };

  bool covers(const Fence& fence, const Stale& stale) const;
  bool covers(const Fence& fence, std::uint16_t asid) const;
  bool may_use(const Stale& stale, const Context& context, Vpn vpn, std::uint64_t accepted) const;
  bool may_use(const Root& root, const Context& context, std::uint64_t accepted) const;
  void walk_mixtures(const Context& root, const Request& request, std::uint64_t accepted, EntryReader current,
                     std::vector<WalkResult>& out);
  void keep_values_of_table(const Context& root, PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle,
                            EntryReader current);

  Machine machine_;
  std::vector<Root> roots_;
  std::vector<Stale> stale_;
  std::vector<PendingFence> fences_;
  std::uint64_t roots_left_ = 0;
  std::uint64_t queries_ = 0, answers_ = 0;
};

}  // namespace vm
