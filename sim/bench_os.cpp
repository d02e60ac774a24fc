// SPDX-License-Identifier: Apache-2.0
#include "bench_os.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>

#include "machine/error.h"
#include "os/kernel.h"
#include "platform/reference_platform.h"

namespace vm::sim {
namespace {

constexpr int kReadWrite = 3, kPrivateFixed = 0x32;  // Linux: PROT_…, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED
constexpr std::size_t kBatch = 256;
constexpr std::uint64_t kFirstPage = 16;

// Of processor time, so that what else the computer does weighs little.
class Timer {
 public:
  double seconds() const { return static_cast<double>(now() - start_) / 1e9; }

 private:
  static std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
  }
  std::int64_t start_ = now();
};

// A kernel on the reference platform, and what goes wrong with it.
struct System {
  explicit System(const Machine& machine) : platform(machine), kernel(platform), page(machine.format.page_size()) {
    platform.set_os_view(&kernel);
    kernel.start();
  }

  void map(ProcessId pid, std::uint64_t first, std::uint64_t pages) {
    const std::int64_t result = kernel.mmap(pid, first * page, pages * page, kReadWrite, kPrivateFixed, -1, 0);
    if (result < 0) throw InputError(fmt::format("mmap gives errno {}: this machine is too small to bench", -result));
  }

  void store(ProcessId pid, std::uint64_t va) {
    const Access access{.kind = AccessKind::Store, .size_log2 = 3, .va = VirtAddr(va), .data = va};
    std::array<Outcome, 1> outcome;
    kernel.perform(pid, std::span(&access, 1), outcome);
    if (outcome[0].refused) throw std::runtime_error(fmt::format("the store to 0x{:x} was refused", va));
  }

  void check() const {
    if (!platform.mismatches().empty()) throw std::runtime_error(platform.mismatches().front());
  }

  ReferencePlatform platform;
  Kernel kernel;
  std::uint64_t page;
};

// Loads, stores and fetches that walk through 64 pages with a jump now and then.
std::vector<Access> some_accesses(const OsBenchOptions& options, std::uint64_t page) {
  constexpr std::uint64_t kPages = 64;
  constexpr std::array<AccessKind, 8> kKinds = {AccessKind::Load,  AccessKind::Load,  AccessKind::Load,
                                                AccessKind::Load,  AccessKind::Store, AccessKind::Store,
                                                AccessKind::Fetch, AccessKind::Fetch};
  std::mt19937_64 random(options.seed);
  std::vector<Access> accesses(kBatch * 64);
  std::uint64_t at = 0;
  for (Access& access : accesses) {
    const std::uint64_t r = random();
    const unsigned log2 = static_cast<unsigned>(r % 4);
    at = r % 32 == 0 ? (r >> 8) % (kPages * page) : at + 8;
    if (at + 8 > kPages * page) at = 0;
    access = {.kind = kKinds.at((r >> 40) % kKinds.size()),
              .size_log2 = static_cast<std::uint8_t>(log2),
              .va = VirtAddr(kFirstPage * page + (at & ~7ULL)),
              .data = r};
  }
  return accesses;
}

double accesses_per_second(const Machine& machine, const OsBenchOptions& options) {
  double best = 0;
  for (unsigned run = 0; run < options.repeats; ++run) {
    System system(machine);
    const ProcessId pid = system.kernel.create_process("A", {});
    constexpr std::uint64_t kPages = 64;
    constexpr int kAll = 7;
    system.kernel.mmap(pid, kFirstPage * system.page, kPages * system.page, kAll, kPrivateFixed, -1, 0);
    for (std::uint64_t i = 0; i < kPages; ++i) system.store(pid, (kFirstPage + i) * system.page);
    const std::vector<Access> accesses = some_accesses(options, system.page);
    std::array<Outcome, kBatch> outcomes;
    const Timer timer;
    std::size_t done = 0;
    while (done < options.accesses) {
      const std::span<const Access> batch = std::span(accesses).subspan(done % accesses.size(), kBatch);
      const std::size_t count = system.kernel.perform(pid, batch, outcomes);
      if (count != kBatch || outcomes.back().refused) throw std::runtime_error("an access was refused");
      done += count;
    }
    best = std::max(best, static_cast<double>(done) / timer.seconds());
    system.check();
  }
  return best;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void measure_space(const Machine& machine, const OsBenchOptions& options, OsBenchResult& result) {
  const std::uint64_t before = resident_bytes();
  System system(machine);
  for (unsigned p = 0; p < options.processes; ++p) {
    const ProcessId pid = system.kernel.create_process(fmt::format("P{}", p), {});
    // A gap between two areas, or they would be one.
    for (unsigned a = 0; a < options.areas; ++a) system.map(pid, kFirstPage + 2ULL * a, 1);
  }
  result.resident_bytes = resident_bytes();
  result.bytes_per_area =
      static_cast<double>(result.resident_bytes - before) / (double{1} * options.processes * options.areas);
}

OsBenchResult::FaultCost fault_cost(const Machine& machine, unsigned processes, unsigned repeats) {
  constexpr std::uint64_t kOfEach = 4, kFaults = 64;
  OsBenchResult::FaultCost cost{processes, std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  for (unsigned run = 0; run < repeats; ++run) {
    System system(machine);
    ProcessId last = 0;
    for (unsigned p = 0; p < processes; ++p) {
      last = system.kernel.create_process(fmt::format("P{}", p), {});
      system.map(last, kFirstPage, kOfEach + kFaults);
      for (std::uint64_t i = 0; i < kOfEach; ++i) system.store(last, (kFirstPage + i) * system.page);
    }
    const auto touch = [&] {
      const Timer timer;
      for (std::uint64_t i = 0; i < kFaults; ++i) system.store(last, (kFirstPage + kOfEach + i) * system.page);
      return timer.seconds() / kFaults;
    };
    cost.demand_seconds = std::min(cost.demand_seconds, touch());
    if (system.kernel.fork(last, "child") < 0) throw std::runtime_error("fork failed");
    cost.copy_seconds = std::min(cost.copy_seconds, touch());
    system.check();
  }
  return cost;
}

}  // namespace

OsBenchResult bench_os(const OsBenchOptions& options) {
  const Machine* machine = find_machine(options.machine);
  if (machine == nullptr)
    throw InputError(fmt::format("found machine '{}', expected a known machine", options.machine));
  OsBenchResult result;
  measure_space(*machine, options, result);
  result.accesses_per_second = accesses_per_second(*machine, options);
  for (const unsigned processes : {10U, 100U, 1000U}) {
    result.faults.push_back(fault_cost(*machine, processes, options.repeats));
  }
  return result;
}

}  // namespace vm::sim
