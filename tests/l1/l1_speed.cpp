// SPDX-License-Identifier: Apache-2.0
//
// Cycles per access of one cache, a line of JSON per workload; scripts/bench-l1 runs it for each and prints the
// table.
//
// ideal: what a fully associative cache with true LRU of the same size would take, that loses no cycle but those of
// memory: for accesses that depend on each other the hit latency each and memory's latency for each miss; for
// independent ones the largest of one cycle each, the beats of all lines read, and those of all lines written.
#include <algorithm>
#include <cstdio>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "l1_bench.h"

namespace {

using namespace vm::l1;

constexpr std::uint64_t kBase = 0x8000'0000;

struct Step {
  std::uint64_t pa = 0;
  bool write = false;
};

struct Workload {
  std::string name;
  bool dependent = false;
  std::vector<Step> warm, measured;
};

class Ideal {
 public:
  std::uint64_t misses = 0, written = 0;
  void access(const Step& step) {
    const std::uint64_t line = step.pa / kLineBytes;
    auto at = where_.find(line);
    if (at == where_.end()) {
      ++misses;
      if (lines_.size() == kCacheBytes / kLineBytes) {
        if (lines_.back().second) ++written;
        where_.erase(lines_.back().first);
        lines_.pop_back();
      }
      lines_.emplace_front(line, false);
      at = where_.emplace(line, lines_.begin()).first;
    }
    lines_.splice(lines_.begin(), lines_, at->second);
    lines_.front().second |= step.write;
  }

 private:
  std::list<std::pair<std::uint64_t, bool>> lines_;  // dirty?
  std::unordered_map<std::uint64_t, std::list<std::pair<std::uint64_t, bool>>::iterator> where_;
};

double ideal_cycles(const Workload& w, unsigned latency) {
  Ideal cache;
  for (const Step& s : w.warm) cache.access(s);
  cache.misses = cache.written = 0;
  for (const Step& s : w.measured) cache.access(s);
  const double n = static_cast<double>(w.measured.size());
  const double misses = static_cast<double>(cache.misses), written = static_cast<double>(cache.written);
  if (w.dependent) return 1 + kHitLatency + misses * latency / n;
  return std::max({1.0, misses * kWords / n, written * kWords / n});
}

void play(Bench& bench, const std::vector<Step>& steps, bool dependent) {
  std::size_t next = 0, answered = 0;
  unsigned busy = 0;  // ids in flight, one bit each
  std::optional<CoreAccess> offer;
  while (answered < steps.size()) {
    if (!offer && next < steps.size() && (dependent ? next == answered : busy != 0xFFFF)) {
      unsigned id = 0;
      while ((busy >> id & 1U) != 0) ++id;
      offer = CoreAccess{.id = id, .write = steps[next].write, .pa = steps[next].pa, .wdata = next};
      busy |= 1U << id;
      ++next;
    }
    Offers offers;
    offers.core = offer;
    const Outcome outcome = bench.step(offers);
    if (outcome.core_accepted) offer.reset();
    if (outcome.core) {
      busy &= ~(1U << outcome.core->id);
      ++answered;
    }
  }
}

Workload workload(const std::string& name, std::uint64_t bytes) {
  constexpr std::size_t kAccesses = 12'000;
  Random random(1);
  Workload w{name, name == "chase", {}, {}};
  const std::uint64_t lines = bytes / kLineBytes;
  std::vector<std::uint64_t> ring(lines);
  for (std::uint64_t i = 0; i < lines; ++i) ring[i] = i;
  std::shuffle(ring.begin(), ring.end(), random);
  std::size_t n = 0;
  const auto make = [&](std::size_t count) {
    std::vector<Step> steps(count);
    for (Step& s : steps) {
      if (name == "chase")
        s.pa = kBase + ring[n % lines] * kLineBytes;
      else if (name == "stream")
        s.pa = kBase + n * 8 % bytes;
      else
        s.pa = kBase + random() % (bytes / 8) * 8;
      s.write = name == "stores" && random() % 10 < 7;
      ++n;
    }
    return steps;
  };
  w.warm = make(std::max<std::size_t>(2 * bytes / 8, 4000));
  w.measured = make(kAccesses);
  return w;
}

}  // namespace

int main() {
  for (const char* name : {"chase", "stream", "random", "stores"}) {
    for (const std::uint64_t kib : {8ULL, 32ULL, 128ULL}) {
      const Workload w = workload(name, kib * 1024);
      for (const unsigned latency : {10U, 50U, 100U}) {
        Bench bench(1);
        bench.memory.weather = {.least = latency, .most = latency};
        play(bench, w.warm, w.dependent);
        const std::uint64_t begin = bench.cycle;
        play(bench, w.measured, w.dependent);
        const double cycles = static_cast<double>(bench.cycle - begin) / static_cast<double>(w.measured.size());
        std::printf(R"({"workload": "%s", "kib": %u, "latency": %u, "cycles": %.2f, "ideal": %.2f})"
                    "\n",
                    name, static_cast<unsigned>(kib), latency, cycles, ideal_cycles(w, latency));
        std::fflush(stdout);
      }
    }
  }
}
