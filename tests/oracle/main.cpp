// SPDX-License-Identifier: Apache-2.0
//
// oracle: random tables and accesses through our model or our hardware, and through MMUs that nobody here wrote. Exit
// status 0: every difference is one that is documented, and everything claimed was seen; 1: not so; 2: bad input.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "../../sim/progress.h"
#include "campaign.h"
#include "emulator.h"
#include "machine/error.h"
#include "qemu.h"
#include "rtl_subject.h"

namespace vm::oracle {
namespace {

struct Options {
  std::string machine = "sv39";
  std::string target = "model";
  std::uint64_t cases = 0;
  std::uint64_t seed = std::random_device{}();
  bool json = false;
};

constexpr unsigned kUnicornX86Bits = 40;  // its MAXPHYADDR is fixed

Machine machine_of(const Options& options) {
  const Machine* const found = find_machine(options.machine);
  if (found == nullptr || found->format.kind == PteKind::Flat || found->format.page_bits != 12) {
    throw InputError(
        fmt::format("machine '{}', expected one with x86 or RISC-V tables and 4 KiB pages", options.machine));
  }
  Machine machine = *found;
  if (machine.format.kind == PteKind::X86 && options.target == "model") {
    machine.pa_bits = machine.bus_bits = kUnicornX86Bits;
    machine.format.ppn_bits = kUnicornX86Bits - machine.format.page_bits;
  }
  return machine;
}

std::vector<std::unique_ptr<Oracle>> oracles_of(const Machine& machine) {
  std::vector<std::unique_ptr<Oracle>> oracles;
  if (machine.format.kind == PteKind::X86) {
    oracles.push_back(make_unicorn_x86());
    return oracles;
  }
  oracles.push_back(make_unicorn_riscv(machine));
  if (machine.format.pte_bytes_log2 == 3) {
    oracles.push_back(make_qemu(machine, false));
    oracles.push_back(make_qemu(machine, true));
  }
  return oracles;
}

void print(const Machine& machine, const Options& options, const CampaignCounts& counts) {
  fmt::print("{} ({}): {} cases: {} translated, {} page faults, {} wrong upper address bits, {} access faults\n",
             machine.name, options.target, counts.cases, counts.translated, counts.page_faults, counts.address_faults,
             counts.access_faults);
  for (const EventCount& event : counts.events) {
    fmt::print("{:>10}  {}{}\n", event.count, event.name, event.count == 0 ? "  NEVER SEEN" : "");
  }
  for (const OracleCount& oracle : counts.oracles) {
    fmt::print("{}: {} differences explained, {} unexplained\n", oracle.name, oracle.explained, oracle.unexplained);
    const auto known = reasons(machine.format.kind, oracle.name);
    for (std::size_t i = 0; i < known.size(); ++i) {
      fmt::print("{:>10}  {}\n{:>12}{}\n", oracle.by_reason[i], known[i].what, "", known[i].section);
    }
    for (const std::string& example : oracle.examples) fmt::print("  unexplained: {}\n", example);
  }
  fmt::print("{}\n", counts.passed() ? "passed" : "FAILED");
}

nlohmann::json to_json(const Machine& machine, const Options& options, const CampaignCounts& counts) {
  nlohmann::json events, oracles;
  for (const EventCount& event : counts.events) events[event.name] = event.count;
  for (const OracleCount& oracle : counts.oracles) {
    nlohmann::json explained = nlohmann::json::array();
    const auto known = reasons(machine.format.kind, oracle.name);
    for (std::size_t i = 0; i < known.size(); ++i) {
      explained.push_back(
          {{"reason", known[i].what}, {"decided_by", known[i].section}, {"differences", oracle.by_reason[i]}});
    }
    oracles.push_back({{"oracle", oracle.name},
                       {"explained", oracle.explained},
                       {"reasons", explained},
                       {"unexplained", oracle.unexplained},
                       {"examples", oracle.examples}});
  }
  return {{"machine", machine.name},
          {"target", options.target},
          {"seed", options.seed},
          {"cases", counts.cases},
          {"translated", counts.translated},
          {"page_faults", counts.page_faults},
          {"address_faults", counts.address_faults},
          {"access_faults", counts.access_faults},
          {"events", events},
          {"oracles", oracles},
          {"passed", counts.passed()}};
}

int run(const Options& options) {
  const Machine machine = machine_of(options);
  const bool rtl = options.target == "rtl";
  const std::uint64_t cases = options.cases != 0 ? options.cases : rtl ? 50'000 : 1'000'000;
  fmt::print(stderr, "seed {} (make oracle MACHINE={} TARGET={} N={} SEED={} repeats this campaign)\n", options.seed,
             machine.name, options.target, cases, options.seed);
  const std::unique_ptr<Subject> subject = rtl ? make_rtl_subject(machine, options.seed) : nullptr;
  sim::Progress progress;
  Campaign campaign{.machine = machine,
                    .seed = options.seed,
                    .cases = cases,
                    .subject = subject.get(),
                    .oracles = oracles_of(machine),
                    .progress = [&](std::uint64_t done) { progress.show(machine.name, done, cases); }};
  const CampaignCounts counts = campaign.run();
  progress.clear();
  if (options.json) {
    fmt::print("{}\n", to_json(machine, options, counts).dump(2));
  } else {
    print(machine, options, counts);
  }
  return counts.passed() ? 0 : 1;
}

}  // namespace
}  // namespace vm::oracle

int main(int argc, char** argv) {
  vm::oracle::Options options;
  CLI::App app("Random translations compared with MMUs that nobody here wrote.", "oracle");
  app.add_option("--machine", options.machine, "sv32, sv39, sv48, sv57, corei7, ...")->capture_default_str();
  app.add_option("--target", options.target, "What of ours answers")
      ->check(CLI::IsMember({"model", "rtl"}))
      ->capture_default_str();
  app.add_option("--cases", options.cases, "How many (1000000 on the model, 50000 on the hardware)");
  app.add_option("--seed", options.seed, "Of the generator and the hardware");
  app.add_flag("--json", options.json, "One JSON object instead of text");
  try {
    app.parse(argc, argv);
    return vm::oracle::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const vm::InputError& error) {
    fmt::print(stderr, "oracle: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "oracle: {}\n", error.what());
    return 1;
  }
}
