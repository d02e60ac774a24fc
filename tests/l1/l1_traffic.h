// SPDX-License-Identifier: Apache-2.0
//
// Random traffic of core, walker, host and maintenance, and the reference that judges the answers. Every byte of
// memory has one owner among the clients, whose accesses to it take effect in the order in which they were accepted,
// so what a load has to bring is known when it is accepted. All else (lines, sets, words) they share. What one
// client could destroy of another's without owning it, it does: the walker's compare-and-set writes whole words of
// which half belongs to the core.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "l1_bench.h"

namespace vm::l1 {

enum class Client : std::uint8_t { Core, Walk, Host };

struct Mix {
  unsigned core_percent = 80;  // a cycle with an access
  unsigned store_percent = 40;
  unsigned uncached_percent = 2;
  unsigned device_percent = 1;
  unsigned through_percent = 2;
  unsigned drop_percent = 5;
  unsigned walk_percent = 5;
  unsigned host_percent = 10;
  unsigned maintenance_permille = 1;
  unsigned hot_lines = 8;  // the lines of a page that are used most
  unsigned pages = 6;
};

Mix random_mix(Random& random);
Weather random_weather(Random& random);

class Traffic {
 public:
  Traffic(Bench& bench, const Mix& mix);

  void run(unsigned cycles);
  void drain();         // until everything is answered
  void check_memory();  // cleans, and compares memory with the reference
  std::uint64_t answers() const { return answers_; }

 private:
  struct Expected {
    bool write = false;
    std::uint64_t addr = 0, mask = 0, value = 0;
    bool must_err = false, may_err = false;
    std::uint64_t accepted = 0;
  };
  struct DeviceAccess {
    bool write = false;
    std::uint8_t strb = 0;
    std::uint64_t addr = 0, wdata = 0, value = 0;
  };
  enum class WalkState : std::uint8_t { Idle, Read, ReadWait, Think, Write, WriteWait };

  std::uint64_t random(std::uint64_t n) { return bench_.random() % n; }
  bool percent(unsigned p) { return random(100) < p; }
  std::uint64_t pick_addr();
  std::uint64_t owned(std::uint64_t addr, Client client) const;
  std::uint64_t& image(std::uint64_t addr);
  bool line_bad(std::uint64_t addr) const;
  void make_core();
  void make_walk();
  void make_host();
  void make_maintenance();
  void step();
  Expected expect(Client client, bool write, bool uncached, bool through, std::uint8_t strb, std::uint64_t addr,
                  std::uint64_t wdata);
  void judge(const char* who, const Expected& expected, const CoreAnswer& answer);
  void after_walk(const Outcome& outcome);
  std::uint64_t on_device(const MemoryRequest& request, std::uint64_t data);

  Bench& bench_;
  Mix mix_;
  Offers offers_;
  bool quiet_ = false;  // nothing new is made
  std::unordered_map<std::uint64_t, std::uint64_t> image_;
  std::map<unsigned, Expected> core_, host_;
  std::optional<Expected> walk_;
  std::map<std::uint64_t, std::deque<DeviceAccess>> devices_;  // by page: what has still to come
  std::uint64_t device_reads_ = 0;
  std::uint64_t wb_errors_due_ = 0;
  std::uint64_t answers_ = 0, last_answer_ = 0;
  WalkState walk_state_ = WalkState::Idle;
  bool walk_cas_ = false;
  unsigned walk_think_ = 0;
  PhysAccess walk_access_;
};

}  // namespace vm::l1
