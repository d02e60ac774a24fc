// SPDX-License-Identifier: Apache-2.0
//
// The random choice of requests for the ports: sensible ones over the tables and pages of a TrafficMemory, with some
// nonsense among them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "machine/machine.h"
#include "machine/mix.h"
#include "machine/random.h"
#include "signals.h"
#include "trace/port_step.h"
#include "traffic/traffic_memory.h"

namespace vm {

// How much of what random traffic has.
struct TrafficMix {
  unsigned fetch = 40, data = 60;  // percent of cycles in which an access is offered, if there is room
  unsigned host = 3, table = 1;    // host accesses to data; changes of entries
  unsigned race = 1;               // host stores to accessed and dirty bits of the page that accesses come back to
  unsigned fence = 15, ctl = 8;    // per mille, while none is under way; fewer where walks have several levels
  unsigned second = 20;            // percent of those that come with another at once
  unsigned storm = 8;              // per mille of cycles in which a PortStorm begins, while there is none
  unsigned illegal = 5;            // percent of accesses with an address no table serves
  unsigned atomic = 15;            // percent of data accesses, on machines that have atomics
  bool cache_operations = true;
  bool array = true;  // reads of arrays and flips of their bits, on machines that have the port
  bool bare = true;   // leave translation now and then

  // Another one for each seed: long calm with full TLBs, one fence after the other, entries that change all the time.
  static TrafficMix of_seed(std::uint64_t seed);
};

// A store to an entry: two, if the entry is wider than a unit.
struct EntryStore {
  std::array<trace::PortHost, 2> parts;
  unsigned count = 0;
};

class PortRequests {
 public:
  // `machine` and `memory` must outlive it.
  PortRequests(const Machine& machine, TrafficMemory& memory, const TrafficMix& mix, std::uint64_t seed)
      : machine_(machine), memory_(memory), mix_(mix), flip_seed_(vm::mix(seed)), random_(seed, machine.name) {}

  Random& random() { return random_; }
  const Machine& machine() const { return machine_; }
  std::uint64_t hot() const { return hot_; }   // the address that accesses come back to
  std::uint64_t page_address();                // of a page that tables serve, at its edge now and then
  std::uint64_t last_bytes(std::uint64_t va);  // an address in the last bytes of the page that holds this one

  Access access(Port port);
  Access access_at(Port port, std::uint64_t va);
  trace::PortHost host();
  Access conditional();                       // an SC anywhere
  trace::PortHost host_store(PhysAddr word);  // to some bytes of it, or of its neighbours in the line
  EntryStore store(TrafficMemory::Entry entry) const;
  Fence fence();
  Fence translation_fence(std::uint64_t va);
  Fence cache_operation();
  std::optional<trace::PortCtl> ctl();
  trace::PortCtl root_of(const RandomTables::Root& root, std::uint16_t asid) const;  // nothing is forgotten
  trace::PortCtl root();  // of tables with several levels: another address space
  std::optional<trace::PortArray> array();
  std::optional<trace::PortArray> flip(std::uint64_t va);  // machines with parity; in a set that `va` falls into
  // The writes with which translation begins.
  std::array<trace::PortCtl, 2> start();
  // A load or a store instead of an atomic, if it is one.
  static void make_plain(Access& access, AccessKind kind) {
    access.kind = kind;
    access.atomic = AtomicOp::None;
  }
  trace::PortCtl set_env(const Environment& env) const;  // a write of these mode bits

 private:
  std::uint64_t offset(std::uint64_t below);  // inside a page and below this
  std::uint64_t random_root();
  std::uint64_t random_env();
  std::uint64_t random_pat();
  unsigned index_lsb(const ArrayElement& element) const;
  trace::PortCtl tree_ctl();
  std::optional<trace::PortCtl> flat_ctl();
  bool chance(unsigned percent) { return random_.below(100) < percent; }

  const Machine& machine_;
  TrafficMemory& memory_;
  TrafficMix mix_;
  std::uint64_t flip_seed_;
  Random random_;
  void make_atomic(Access& access);
  // Words at one place of two pages, which caches have in one set: stores to both, a load of the first, and again, back
  // to back.
  void begin_twins();
  Access twin();
  std::array<std::uint64_t, 2> twins_{};
  unsigned twins_left_ = 0;  // accesses
  bool twins_user_ = false;
  std::uint64_t hot_ = 0, host_at_ = 0;
  unsigned run_ = 0;  // accesses of a run over lines that are still to come
  std::uint64_t run_at_ = 0;
  std::uint64_t reserved_ = 0;  // where an LR was last
  unsigned conditionals_ = 0;   // SCs that follow it
  bool trap_base_given_ = false, trap_entered_ = false;
};

}  // namespace vm
