// SPDX-License-Identifier: Apache-2.0
//
// Group "caches": what was done to a line in which state, for each cache of the machine.
//
//   lookups      client, read or write x state of the line (not present, clean, dirty), cached and uncached; those of
//                memory that is written through apart, too
//   misses       client, read or write x state of the victim; fills that fail
//   maintenance  operation x whole cache or one line x state of the line
//   write-backs that memory refuses
//   colours      of a cache whose sets reach beyond the page: read or write x whether virtual and physical address have
//   the
//                same x whether the line is there
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coverage/bins.h"
#include "event.h"
#include "machine/machine.h"

namespace vm {

class CacheBins {
 public:
  explicit CacheBins(BinTable& table);

  void on_cycle(const Cycle& cycle);

 private:
  struct Cache {
    std::optional<Cross> uncached, lookups, through, victims, fill_errors, lines, all_at_once, not_present, colours;
    unsigned ways = 0;
    std::vector<bool> dirty;  // [set][way]
    bool evicts = false;      // the victim is a line that an uncached access hit
    std::size_t client = 0;   // the access that is served from memory
    std::size_t filled = 0;   // where its line lies
    bool line_met = false;    // by the maintenance under way
    // With misses outstanding: who waits for which line, by client and id; the line an uncached access has driven out
    struct Waiting {
      bool active = false;
      std::uint64_t order = 0, line = 0;
      std::size_t client = 0;
    };
    std::array<Waiting, 64> waiting{};
    std::uint64_t lookups_seen = 0;
    std::size_t evicted = 0;

    std::size_t index(unsigned set, unsigned way) const { return static_cast<std::size_t>(set) * ways + way; }
  };

  void add_instruction_cache(BinTable& table);
  void add_data_cache(BinTable& table);
  void on_event(const Event& event);
  void on_lookup(const Event& event);
  bool on_outstanding(const Event& event, Cache& cache);
  static std::size_t first_client(const Cache& cache, std::uint64_t line);
  void on_translation(const Event& xlat, const Cycle& cycle);
  void on_maintenance(const Event& event);
  void on_fence_done();

  const Machine& machine_;
  std::array<Cache, 2> caches_;
  std::optional<Cross> write_back_refused_;
  std::array<std::size_t, 8> client_place_{};  // [2 * client + write]
  std::optional<FenceRequest> operation_;      // of a cache, not yet answered
};

}  // namespace vm
