// SPDX-License-Identifier: Apache-2.0
//
// sweep: flag combinations of entries, answered by the reference walker (all of them), by the reference platform or by
// the hardware under its checks (a random sample), compared with the rules written as predicates. Exit status 0: no
// difference, and every cause seen that can be; 1: not so; 2: bad input.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "../../sim/progress.h"
#include "machine/error.h"
#include "platform/reference_platform.h"
#include "rtl_platform.h"
#include "sweep.h"
#include "testbench.h"

namespace vm::sweep {
namespace {

struct Options {
  std::vector<std::string> machines;
  std::string target = "model";
  std::uint64_t accesses = 200'000;
  std::uint64_t seed = std::random_device{}();
  bool json = false;
};

std::vector<Machine> machines_of(const Options& options) {
  std::vector<Machine> chosen;
  for (const std::string& name : options.machines) {
    const Machine* const machine = find_machine(name);
    if (machine == nullptr || machine->format.kind == PteKind::Flat) {
      throw InputError(fmt::format("format '{}', expected a machine with x86 or RISC-V tables", name));
    }
    chosen.push_back(*machine);
  }
  if (chosen.empty()) {
    std::ranges::copy_if(machines(), std::back_inserter(chosen),
                         [](const Machine& m) { return m.format.kind != PteKind::Flat; });
  }
  if (options.target != "model") return chosen;
  // The model also as an x86 core with fewer address bits: the others are reserved then.
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i].format.kind != PteKind::X86) continue;
    Machine narrow = chosen[i];
    narrow.name += " with 40 address bits";
    narrow.pa_bits = narrow.bus_bits = 40;
    narrow.format.ppn_bits = narrow.pa_bits - narrow.format.page_bits;
    chosen.push_back(narrow);
    break;
  }
  return chosen;
}

void sweep_rtl(const Machine& machine, const Options& options, const Progress& progress, Findings& findings) {
  TestbenchOptions bench_options;
  bench_options.seed = options.seed;
  bench_options.replay = fmt::format("make sweep FORMAT={} SEED={}", machine.name, options.seed);
  Testbench bench(machine, open_model(machine, std::string(VM_MACHINE_DIR) + "/" + machine.name + ".so", options.seed),
                  bench_options);
  RtlPlatform platform(bench);
  sweep_platform(platform, options.seed, options.accesses, progress, findings);
  bench.finish();
  if (bench.reporter().count() != 0) findings.differ(bench.report());
}

Findings sweep(const Machine& machine, const Options& options) {
  Findings findings;
  sim::Progress bar;
  if (options.target == "model") {
    const std::uint64_t all = Space(machine).size();
    sweep_model(
        machine, [&](std::uint64_t done) { bar.show(machine.name, done, all); }, findings);
  } else {
    const Progress progress = [&](std::uint64_t done) { bar.show(machine.name, done, options.accesses); };
    if (options.target == "rtl") {
      sweep_rtl(machine, options, progress, findings);
    } else {
      ReferencePlatform platform(machine);
      sweep_platform(platform, options.seed, options.accesses, progress, findings);
    }
  }
  bar.clear();
  return findings;
}

// What the sweep claims to look at, and did not see.
std::vector<std::string> never_seen(const Machine& machine, const Options& options, const Findings& findings) {
  std::vector<std::string> missing;
  for (const Cause cause : expected_causes(machine)) {
    if (findings.by_cause.at(static_cast<std::size_t>(cause)) == 0) {
      missing.push_back(cause == Cause::None ? "a translation" : fmt::format("a fault '{}'", to_string(cause)));
    }
  }
  if (options.target == "rtl") {
    if (findings.from_walk_cache == 0) missing.emplace_back("a walk that began at a walk-cache entry");
    if (findings.from_l2 == 0) missing.emplace_back("an L2 hit");
    if (findings.from_l1 == 0) missing.emplace_back("an L1 hit");
  }
  return missing;
}

void print(const Machine& machine, const Findings& findings, const std::vector<std::string>& missing) {
  fmt::print("{:<28} {:>10} cases, {} unexplained", machine.name, findings.questions, findings.differences);
  if (findings.cold > 0) {
    fmt::print("; the same access {} times cold, {} from the walk cache, {} from the L2 TLB, {} from an L1 TLB",
               findings.cold, findings.from_walk_cache, findings.from_l2, findings.from_l1);
  }
  fmt::print("\n");
  for (const std::string& what : missing) fmt::print("  never seen: {}\n", what);
  for (const std::string& example : findings.examples) fmt::print("  {}\n", example);
}

nlohmann::json to_json(const Machine& machine, const Findings& findings, const std::vector<std::string>& missing) {
  nlohmann::json causes;
  for (const Cause cause : expected_causes(machine)) {
    causes[std::string(to_string(cause))] = findings.by_cause.at(static_cast<std::size_t>(cause));
  }
  return {{"machine", machine.name},
          {"cases", findings.questions},
          {"unexplained", findings.differences},
          {"causes", causes},
          {"cold", findings.cold},
          {"from_walk_cache", findings.from_walk_cache},
          {"from_l2_tlb", findings.from_l2},
          {"from_l1_tlb", findings.from_l1},
          {"never_seen", missing},
          {"examples", findings.examples}};
}

int run(const Options& options) {
  if (options.target != "model") {
    fmt::print(stderr, "seed {} (--seed {} repeats this sample)\n", options.seed, options.seed);
  }
  bool passed = true;
  nlohmann::json all = nlohmann::json::array();
  for (const Machine& machine : machines_of(options)) {
    const Findings findings = sweep(machine, options);
    const std::vector<std::string> missing = never_seen(machine, options, findings);
    passed = passed && findings.differences == 0 && missing.empty();
    if (options.json) {
      all.push_back(to_json(machine, findings, missing));
    } else {
      print(machine, findings, missing);
    }
  }
  if (options.json) {
    fmt::print("{}\n", nlohmann::json(
                           {{"target", options.target}, {"seed", options.seed}, {"passed", passed}, {"machines", all}})
                           .dump(2));
  }
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace vm::sweep

int main(int argc, char** argv) {
  vm::sweep::Options options;
  CLI::App app("Flag combinations of page-table entries, compared with the rules.", "sweep");
  app.add_option("--machine", options.machines, "Machines (all with multi-level tables)");
  app.add_option("--target", options.target, "What answers")
      ->check(CLI::IsMember({"model", "reference", "rtl"}))
      ->capture_default_str();
  app.add_option("--accesses", options.accesses, "How many (the model answers all there are)")->capture_default_str();
  app.add_option("--seed", options.seed, "Of the sample and the hardware");
  app.add_flag("--json", options.json, "One JSON object instead of text");
  try {
    app.parse(argc, argv);
    return vm::sweep::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const vm::InputError& error) {
    fmt::print(stderr, "sweep: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sweep: {}\n", error.what());
    return 1;
  }
}
