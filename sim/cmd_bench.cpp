// SPDX-License-Identifier: Apache-2.0
//
// pagewalk bench: how many cycles a load takes by where its translation is found; how many an access takes in patterns
// that a memory system meets, beside an ideal one; how fast the simulation is with all checks, and what the checks
// cost: the same binary, trace and memory agent once more with the event sink off. pagewalk bench os: the operating
// system model alone.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "access_cycles.h"
#include "bench_memory.h"
#include "bench_os.h"
#include "commands.h"
#include "testbeds.h"
#include "trace/runner.h"

namespace vm::sim {

namespace {

struct BenchOptions {
  std::vector<std::string> machines = {"flat32", "sv39", "sv39-nb", "corei7"};
  std::uint64_t seed = 1;
  std::size_t accesses = 40'000;
  unsigned repeats = 3;
  bool json = false;
  // Of each pattern of memory accesses.
  std::size_t pattern_accesses() const { return std::max<std::size_t>(accesses / 20, 20); }
};

const std::vector<unsigned> kLatencies{10, 50, 100};  // of memory, in the patterns

struct Speed {
  std::uint64_t accesses = 0, cycles = 0;
  double seconds = 0;
  double accesses_per_second() const { return static_cast<double>(accesses) / seconds; }
  double cycles_per_second() const { return static_cast<double>(cycles) / seconds; }
};

struct BenchResult {
  std::string machine;
  Speed checked, unchecked;
  double ratio() const { return checked.accesses_per_second() / unchecked.accesses_per_second(); }
};

// Loads, stores and fetches of 1 to 8 bytes that walk through eight pages with a jump now and then.
std::string bench_trace(const Machine& m, const BenchOptions& options) {
  constexpr unsigned kPages = 8;
  std::mt19937_64 random(options.seed);
  const std::uint64_t page = m.format.page_size();
  const std::uint64_t pages = std::min<std::uint64_t>(kPages, 1ULL << m.vpn_bits());
  std::string text = fmt::format("machine {}\nseed {}\nprocess A\n", m.name, options.seed);
  const std::uint64_t first = m.regions.front().base.value / page;
  for (std::uint64_t vpn = 0; vpn < pages; ++vpn) {
    text += fmt::format("map A {} -> {}\n", vpn, first + ((1 + vpn * 3) & low_mask(m.format.ppn_bits)));
  }
  std::uint64_t va = 0;
  for (std::size_t i = 0; i < options.accesses; ++i) {
    const std::uint64_t r = random();
    const unsigned size = 1U << (r % 4);
    va = r % 16 == 0 ? (r >> 8) % (pages * page) : va + size;
    if (va + size > pages * page) va = 0;
    constexpr std::string_view kLetters = "LLLLSSII";
    text += fmt::format("[A] {} 0x{:x},{}\n", kLetters[(r >> 40) % kLetters.size()], va, size);
  }
  return text;
}

Speed measure(const trace::Trace& trace, const BenchOptions& options, bool checks) {
  using Clock = std::chrono::steady_clock;
  TestbedOptions testbed_options;
  testbed_options.seed = options.seed;
  testbed_options.checks = checks;
  const trace::Scenario& scenario = trace.scenarios.front();
  const std::unique_ptr<trace::Testbed> testbed = make_testbed(scenario.machine, testbed_options);
  trace::Runner runner(trace.files, scenario, *testbed, {options.seed, {}, false});
  const std::uint64_t cycles = testbed->platform().cycles();
  const Clock::time_point start = Clock::now();
  const trace::RunReport& report = runner.run();
  const std::chrono::duration<double> seconds = Clock::now() - start;
  const Speed speed{report.accesses, testbed->platform().cycles() - cycles, seconds.count()};
  testbed->finish();
  if (!report.failures.empty()) throw std::runtime_error("the bench trace failed: " + report.failures.front().text);
  if (testbed->mismatches() != 0) throw std::runtime_error(testbed->figures().reports.front());
  return speed;
}

// The best of several runs, with and without checks in turn, so that what else the computer does weighs little.
BenchResult bench_machine(const std::string& name, const BenchOptions& options) {
  const Machine* machine = find_machine(name);
  if (machine == nullptr) throw InputError(fmt::format("found machine '{}', expected a known machine", name));
  const trace::Trace trace = trace::parse_text(bench_trace(*machine, options), "bench", {});
  BenchResult result{name, {}, {}};
  for (unsigned i = 0; i < options.repeats; ++i) {
    for (const bool checks : {true, false}) {
      const Speed speed = measure(trace, options, checks);
      Speed& best = checks ? result.checked : result.unchecked;
      if (best.seconds == 0 || speed.seconds < best.seconds) best = speed;
    }
  }
  return result;
}

nlohmann::json speed_json(const Speed& s) {
  return {{"accesses", s.accesses},
          {"cycles", s.cycles},
          {"seconds", s.seconds},
          {"accesses_per_second", s.accesses_per_second()},
          {"cycles_per_second", s.cycles_per_second()}};
}

nlohmann::json cycles_json(const std::vector<AccessCycles>& cycles) {
  nlohmann::json all = nlohmann::json::object();
  for (const AccessCycles& c : cycles) {
    all[c.found] = {{"answer", c.answer}, {"later", c.later}, {"entries", c.entries}, {"walk", c.walk}};
  }
  if (const std::optional<double> level = cycles_per_level(cycles)) all["per_level"] = *level;
  return all;
}

void print_cycles(const std::string& machine, const std::vector<AccessCycles>& cycles) {
  std::string text;
  for (const AccessCycles& c : cycles) {
    text += fmt::format("{} {} {}", text.empty() ? "" : ",", c.found, c.answer);
    if (c.walk != 0) text += fmt::format(" ({} entries, walk {})", c.entries, c.walk);
  }
  fmt::print("{:<8} cycles of a load:{}\n", machine, text);
}

nlohmann::json memory_json(const std::vector<MemoryCycles>& rows) {
  nlohmann::json all = nlohmann::json::array();
  for (const MemoryCycles& row : rows) {
    all.push_back({{"pattern", row.pattern.name},
                   {"bytes", row.pattern.bytes},
                   {"latency", row.latency},
                   {"cycles", row.cycles},
                   {"ideal", row.ideal},
                   {"ratio", row.ratio()}});
  }
  return all;
}

// A line for each pattern.
void print_memory(const std::string& machine, const std::vector<MemoryCycles>& rows) {
  std::string_view pattern;
  std::string text;
  const auto flush = [&] {
    if (!text.empty()) fmt::print("{}\n", text);
  };
  for (const MemoryCycles& row : rows) {
    if (row.pattern.name != pattern) {
      flush();
      pattern = row.pattern.name;
      text = fmt::format("{:<8} {:<10} {:>6} KiB, cycles an access (ideal, ratio):", machine, pattern,
                         row.pattern.bytes >> 10);
    }
    text += fmt::format("  memory of {}: {:.1f} ({:.1f}, {:.2f})", row.latency, row.cycles, row.ideal, row.ratio());
  }
  flush();
}

void bench(const BenchOptions& options) {
  if (!options.json)
    fmt::print("seed {}, {} accesses, best of {} runs\n", options.seed, options.accesses, options.repeats);
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& name : options.machines) {
    const BenchResult r = bench_machine(name, options);
    const std::vector<AccessCycles> cycles = access_cycles(*find_machine(name));
    const std::vector<MemoryCycles> memory =
        memory_cycles(*find_machine(name), kLatencies, options.pattern_accesses(), options.seed);
    if (options.json) {
      all.push_back({{"machine", r.machine},
                     {"cycles", cycles_json(cycles)},
                     {"memory", memory_json(memory)},
                     {"checked", speed_json(r.checked)},
                     {"unchecked", speed_json(r.unchecked)},
                     {"ratio", r.ratio()}});
    } else {
      print_cycles(name, cycles);
      print_memory(name, memory);
      fmt::print(
          "{:<8} checked {:>9.0f} accesses/s {:>9.0f} cycles/s; unchecked {:>9.0f} accesses/s {:>9.0f} cycles/s; "
          "ratio {:.2f}\n",
          r.machine, r.checked.accesses_per_second(), r.checked.cycles_per_second(), r.unchecked.accesses_per_second(),
          r.unchecked.cycles_per_second(), r.ratio());
      std::fflush(stdout);
    }
  }
  if (options.json) fmt::print("{}\n", nlohmann::json({{"seed", options.seed}, {"machines", all}}).dump(2));
}

void bench_os_alone(const OsBenchOptions& options, bool json) {
  const OsBenchResult r = bench_os(options);
  if (json) {
    nlohmann::json faults = nlohmann::json::array();
    for (const OsBenchResult::FaultCost& f : r.faults) {
      faults.push_back(
          {{"processes", f.processes}, {"demand_seconds", f.demand_seconds}, {"copy_seconds", f.copy_seconds}});
    }
    const nlohmann::json all = {{"seed", options.seed},
                                {"machine", options.machine},
                                {"accesses_per_second", r.accesses_per_second},
                                {"processes", options.processes},
                                {"areas", options.areas},
                                {"bytes_per_area", r.bytes_per_area},
                                {"resident_bytes", r.resident_bytes},
                                {"faults", faults}};
    fmt::print("{}\n", all.dump(2));
    return;
  }
  fmt::print("seed {}, best of {} runs\n", options.seed, options.repeats);
  fmt::print("{:<8} {:.0f} accesses/s, every one compared with image and map\n", options.machine,
             r.accesses_per_second);
  fmt::print("{:<8} {} processes of {} areas: {:.0f} MiB resident, {:.0f} bytes an area\n", options.machine,
             options.processes, options.areas, static_cast<double>(r.resident_bytes) / (1U << 20), r.bytes_per_area);
  for (const OsBenchResult::FaultCost& f : r.faults) {
    fmt::print("{:<8} {:>4} processes: {:.1f} us a demand-zero fault, {:.1f} us one of copy-on-write\n",
               options.machine, f.processes, 1e6 * f.demand_seconds, 1e6 * f.copy_seconds);
  }
}

}  // namespace

void add_bench(CLI::App& app, int& exit_status) {
  CLI::App* command =
      app.add_subcommand("bench", "Measure the cycles of accesses, and simulation speed with checks and without");
  auto options = std::make_shared<BenchOptions>();
  command->add_option("--machine", options->machines, "Machines to measure")->capture_default_str();
  command->add_option("--accesses", options->accesses, "Accesses in the trace; a pattern has a twentieth of them")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "Runs of each kind; the best counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the trace and of the memory")->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  CLI::App* os = command->add_subcommand("os", "Measure the operating system model alone, on the reference platform");
  auto of_os = std::make_shared<OsBenchOptions>();
  os->add_option("--machine", of_os->machine, "Machine")->capture_default_str();
  os->add_option("--accesses", of_os->accesses, "Accesses in a run")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  os->add_option("--repeats", of_os->repeats, "Runs of each kind; the best counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  os->add_option("--processes", of_os->processes, "Processes whose space is measured")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  os->add_option("--areas", of_os->areas, "Areas of each")->check(CLI::Range(1, 100'000))->capture_default_str();
  os->add_option("--seed", of_os->seed, "Seed of the accesses")->capture_default_str();
  os->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, of_os, os, &exit_status] {
    if (os->parsed()) {
      bench_os_alone(*of_os, options->json);
    } else {
      bench(*options);
    }
    exit_status = kClean;
  });
}

}  // namespace vm::sim
