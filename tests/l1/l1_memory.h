// SPDX-License-Identifier: Apache-2.0
//
// Memory behind a cache's port: answers in any order, beats of different ids interleaved, writes take effect some
// time between their last data and their answer. It complains about what a cache must not ask for.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace vm::l1 {

using Random = std::mt19937_64;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string hex(std::uint64_t value);

// How memory behaves: latency of the first beat (drawn from [least, most]) and of each further one; how often it is
// ready.
struct Weather {
  unsigned least = 1, most = 1;
  unsigned ready_percent = 100;
  unsigned beat_percent = 100;
  bool in_order = true;  // answers come in the order of the requests
};

struct MemoryRequest {
  bool write = false;
  unsigned beats = 1;
  std::uint8_t strb = 0;
  std::uint64_t addr = 0;
  unsigned id = 0;
};

struct MemoryBeat {
  unsigned id = 0;
  std::uint64_t data = 0;
  bool err = false;
  bool last = false;
};

class Memory {
 public:
  Memory(Random& random, unsigned line_bytes) : random_(random), line_bytes_(line_bytes) {}

  Weather weather;
  // A word that answers with an error; for writes of lines, the whole line does.
  std::function<bool(std::uint64_t word_addr, bool line_write)> bad = [](std::uint64_t, bool) { return false; };
  // Device accesses: returns the data read.
  std::function<bool(std::uint64_t addr)> is_device = [](std::uint64_t) { return false; };
  std::function<std::uint64_t(const MemoryRequest&, std::uint64_t data)> device;
  std::function<void(const MemoryRequest&)> on_request = [](const MemoryRequest&) {};
  std::uint64_t reads = 0, line_writes = 0;

  std::uint64_t& word(std::uint64_t addr);

  // A cycle: what is offered to the cache ...
  bool ready();
  bool w_ready() { return writing_ && chance(weather.ready_percent); }
  const MemoryBeat* beat();  // null: none
  bool busy() const { return !jobs_.empty(); }
  // ... and what was accepted in it.
  void accept(const MemoryRequest& request);
  void accept_data(std::uint64_t data, bool last);
  void end_cycle();

 private:
  struct Job {
    MemoryRequest request;
    std::uint64_t due = 0;
    unsigned next = 0;  // beat
    std::vector<std::uint64_t> data;
    bool complete = false;  // a write has all its data
    bool done = false;      //   and has taken effect
  };

  bool chance(unsigned percent) { return percent >= 100 || random_() % 100 < percent; }
  std::uint64_t beat_addr(const Job& job, unsigned n) const;
  void write(Job& job);

  Random& random_;
  unsigned line_bytes_;
  std::unordered_map<std::uint64_t, std::uint64_t> words_;
  std::list<Job> jobs_;
  Job* writing_ = nullptr;
  std::list<Job>::iterator answering_ = jobs_.end();
  MemoryBeat beat_;
  std::uint64_t cycle_ = 0;
};

}  // namespace vm::l1
