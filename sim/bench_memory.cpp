// SPDX-License-Identifier: Apache-2.0
#include "bench_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <list>
#include <stdexcept>
#include <unordered_map>

#include "machine/random.h"
#include "os/kernel.h"
#include "rtl_platform.h"
#include "testbench.h"

namespace vm::sim {

namespace {

constexpr std::uint64_t kWord = 8;

std::uint64_t size_of(const CacheGeometry& cache) { return std::uint64_t{cache.sets} * cache.ways * cache.line_bytes; }

// A fully associative cache with exact LRU: lines, the last used one first.
class IdealCache {
 public:
  explicit IdealCache(std::uint64_t lines) : lines_(lines) {}

  struct Line {
    std::uint64_t number = 0;
    bool dirty = false;
    std::uint64_t arrival = 0;  // cycle in which the word that was wanted comes
  };
  // nullptr: a miss.
  Line* find(std::uint64_t number) {
    const auto found = where_.find(number);
    if (found == where_.end()) return nullptr;
    used_.splice(used_.begin(), used_, found->second);
    return &used_.front();
  }
  // The line that has to go is dirty.
  bool insert(const Line& line) {
    bool dirty = false;
    if (used_.size() == lines_) {
      dirty = used_.back().dirty;
      where_.erase(used_.back().number);
      used_.pop_back();
    }
    used_.push_front(line);
    where_[line.number] = used_.begin();
    return dirty;
  }

 private:
  std::uint64_t lines_;
  std::list<Line> used_;
  std::unordered_map<std::uint64_t, std::list<Line>::iterator> where_;
};

std::vector<MemoryAccess> accesses_of(const MemoryPattern& pattern, std::size_t count, std::uint64_t seed) {
  Random random(seed, pattern.name);
  std::vector<MemoryAccess> result;
  const std::uint64_t words = pattern.bytes / kWord;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = pattern.in_order ? i % words : random.below(words);
    result.push_back({word * kWord, random.below(4) < pattern.stores_in_four});
  }
  return result;
}

// A process that has all pages of a pattern.
class PatternRun {
 public:
  PatternRun(const Machine& machine, std::uint64_t bytes, unsigned latency, std::uint64_t seed)
      : bench_(machine, open_model(machine, std::filesystem::path(VM_MACHINE_DIR) / (machine.name + ".so"), seed),
               options(latency, seed)),
        platform_(bench_),
        kernel_(platform_) {
    const ProcessId process = kernel_.create_process("A", {});
    const std::uint64_t first_frame = machine.regions.front().base.value >> machine.format.page_bits;
    const std::uint64_t pages = bytes / machine.format.page_size();
    for (std::uint64_t page = 0; page < pages; ++page) {
      kernel_.map(process, Vpn(page), Ppn(first_frame + 1 + page), {}, {});
    }
    kernel_.start();
    bench_.attach_os(&kernel_);
    kernel_.switch_to(process);
    bench_.run_until_idle();
  }

  // From the first request to the last answer.
  std::uint64_t run(const MemoryAccess* first, const MemoryAccess* last, bool dependent) {
    const std::uint64_t start = bench_.cycles();
    for (; first != last; ++first) {
      while (!bench_.can_submit(Port::Data) || (dependent && !bench_.idle())) bench_.step();
      bench_.submit(Port::Data, {.user = true, .write = first->store, .size = 3, .va = first->va, .wdata = first->va});
    }
    bench_.run_until_idle();
    return bench_.cycles() - start;
  }

  void finish() {
    bench_.finish();
    if (bench_.reporter().count() != 0) throw std::runtime_error(bench_.report());
  }

 private:
  static TestbenchOptions options(unsigned latency, std::uint64_t seed) {
    TestbenchOptions result;
    result.seed = seed;
    result.latency = {Latency::Kind::Fixed, latency, latency, {}};
    return result;
  }

  Testbench bench_;
  RtlPlatform platform_;
  Kernel kernel_;
};

}  // namespace

std::vector<MemoryPattern> memory_patterns(const Machine& machine) {
  const std::uint64_t cache = size_of(machine.dcache);
  const std::uint64_t reach = std::uint64_t{machine.dtlb.sets} * machine.dtlb.ways * machine.format.page_size();
  const std::uint64_t largest = 64 * reach;
  // Pages, tables and what the operating system needs beside them.
  if (cache == 0 || reach == 0 || machine.unit_bytes() < kWord || largest < 4 * cache ||
      2 * largest > std::min(machine.regions.front().size, std::uint64_t{1} << std::min(machine.va_bits, 62U))) {
    return {};
  }
  return {
      {.name = "chase", .bytes = 4 * cache, .dependent = true},
      {.name = "stream", .bytes = 4 * reach, .in_order = true},
      {.name = "random-1x", .bytes = reach},
      {.name = "random-4x", .bytes = 4 * reach},
      {.name = "random-64x", .bytes = largest},
      {.name = "stores", .bytes = 4 * cache, .stores_in_four = 3},
  };
}

std::uint64_t ideal_cycles(const Machine& machine, const std::vector<MemoryAccess>& accesses, std::size_t warm,
                           bool dependent, unsigned latency) {
  const std::uint64_t line_bytes = machine.dcache.line_bytes;
  const std::uint64_t beats = line_bytes / kWord;
  const std::uint64_t size = std::max({size_of(machine.dcache), size_of(machine.l2cache), size_of(machine.l3cache)});
  IdealCache cache(size / line_bytes);
  std::uint64_t issue = 0, port_free = 0, begin = 0, end = 0;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    if (i == warm) begin = issue = port_free = std::max(end, port_free);
    const MemoryAccess& access = accesses[i];
    std::uint64_t done = issue + machine.hit_latency;
    if (IdealCache::Line* line = cache.find(access.va / line_bytes)) {
      done = std::max(done, line->arrival);
      line->dirty = line->dirty || access.store;
    } else {
      const std::uint64_t request = std::max(done, port_free);
      done = request + latency;
      port_free = request + beats;
      if (cache.insert({access.va / line_bytes, access.store, done})) port_free += beats;
    }
    end = std::max(end, done);
    issue = dependent ? done : issue + 1;
  }
  return end - begin;
}

std::vector<MemoryCycles> memory_cycles(const Machine& machine, const std::vector<unsigned>& latencies,
                                        std::size_t accesses, std::uint64_t seed) {
  std::vector<MemoryCycles> result;
  const std::size_t warm = accesses / 4;
  for (const MemoryPattern& pattern : memory_patterns(machine)) {
    const std::vector<MemoryAccess> trace = accesses_of(pattern, warm + accesses, seed);
    for (const unsigned latency : latencies) {
      PatternRun run(machine, pattern.bytes, latency, seed);
      run.run(trace.data(), trace.data() + warm, pattern.dependent);
      const std::uint64_t cycles = run.run(trace.data() + warm, trace.data() + trace.size(), pattern.dependent);
      run.finish();
      const auto per_access = [&](std::uint64_t total) {
        return static_cast<double>(total) / static_cast<double>(accesses);
      };
      result.push_back({pattern, latency, per_access(cycles),
                        per_access(ideal_cycles(machine, trace, warm, pattern.dependent, latency))});
    }
  }
  return result;
}

}  // namespace vm::sim
