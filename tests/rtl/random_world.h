// SPDX-License-Identifier: Apache-2.0
//
// Random but sensible traffic for any machine, without an operating system: page tables with random entries over a
// small pool of pages and frames, accesses on both core ports at once, host stores to data and to entries (also to the
// very entries that are being walked), control writes, fences that come now or later. Everything is judged by the
// testbench's checks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "machine/random.h"
#include "random_tables.h"
#include "testbench.h"

namespace vm::test {

// The seed of this run: the environment's VM_SEED, or a fresh one. Printed once.
std::uint64_t run_seed();

// build/machines/<name>.so, or another file of that folder.
std::unique_ptr<Model> load_model(const Machine& machine, std::uint64_t seed, const std::string& file = {});

class RandomWorld {
 public:
  struct Mix {
    unsigned fetch = 40, data = 60;  // percent of cycles in which an access is offered, if there is room
    unsigned host = 8, table = 3;    // host accesses to data; changes of entries
    unsigned race = 2;               // host stores to accessed and dirty bits of the page that accesses come back to
    unsigned fence = 15, ctl = 8;    // per mille, while none is under way
    unsigned second = 20;            // percent of those that come with another at once
    unsigned illegal = 5;            // percent of accesses with an address no table serves
    bool cache_operations = true;
    bool array = true;  // array reads, on machines that have the port
    bool bare = true;   // leave translation now and then
  };

  RandomWorld(const Machine& machine, const TestbenchOptions& options, Mix mix, const std::string& model_file = {});

  Testbench& bench() { return *bench_; }
  void run(std::uint64_t cycles);  // then until idle, and the checks' last word
  // A frame that no table lies in.
  std::uint64_t some_frame() { return frames_[random_.below(frames_.size())]; }
  // An entry that accesses need.
  std::uint64_t some_entry() const { return tables_ ? tables_->slots().front().at.value : bases_[0]; }

 private:
  void start_translation();
  void choose_tables();
  void choose_pages();
  void place_memory();
  std::uint64_t random_entry();
  void offer_access(Port port);
  void offer_host();
  void change_entry();
  void store_entry(std::uint64_t entry, std::uint64_t value);
  void race();
  bool in_tables(std::uint64_t pa) const;
  void offer_fence();
  void offer_ctl();
  void offer_tree_ctl();
  std::uint64_t random_root();
  std::uint64_t random_env();
  void offer_array();
  void offer_side();
  // A walk straight to memory may overtake a host store that is not answered yet, whatever fence comes between. So what
  // changes an entry is answered before the fence that it owes is offered, as an operating system has to do it.
  bool walk_may_overtake_store() const { return machine_.walk_port == WalkPort::Memory; }
  bool change_under_way() const { return bench_->host_unanswered() > host_after_change_; }
  bool chance(unsigned percent) { return random_.below(100) < percent; }

  const Machine& machine_;
  Mix mix_;
  Random random_;
  std::unique_ptr<Testbench> bench_;
  std::optional<RandomTables> tables_;                 // of several levels; else flat ones at these bases
  std::vector<std::uint64_t> bases_, pages_, frames_;  // pages: numbers as in an address
  std::uint64_t hot_ = 0;                              // address that accesses come back to
  unsigned host_after_change_ = 0;                     // host requests since the last store to an entry
  bool trap_base_given_ = false, trap_entered_ = false;
};

}  // namespace vm::test
