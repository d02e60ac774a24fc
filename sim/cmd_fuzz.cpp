// SPDX-License-Identifier: Apache-2.0
//
// pagewalk fuzz: random traffic under all checks until something is wrong or the time is over (docs/verification.md).
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "board_testbed.h"
#include "commands.h"
#include "fuzz_campaign.h"
#include "fuzz_report.h"
#include "machine/error.h"
#include "target.h"

namespace vm::sim {

namespace {

constexpr std::uint64_t kDefaultSeconds = 60;

struct FuzzOptions {
  std::vector<std::string> machines = {"all"};
  std::optional<std::uint64_t> seconds, accesses, seed, round;
  unsigned pressure = 0;
  unsigned jobs = 0;
  unsigned keep_going = 1;
  std::uint64_t shrink_seconds = 60;
  std::string kind = "both";
  std::string hardware, out, coverage, target;
  bool model = false, json = false;
};

// What to type to start this campaign again, as far as its rounds depend on it.
std::string repeat_command(const FuzzOptions& options, std::uint64_t seed) {
  std::string command = fmt::format("pagewalk fuzz --seed {} --kind {}", seed, options.kind);
  for (const std::string& machine : options.machines) command += " --machine " + machine;
  if (options.pressure != 0) command += fmt::format(" --pressure {}", options.pressure);
  if (options.model) command += " --model";
  if (!options.hardware.empty()) command += " --hardware " + options.hardware;
  if (!options.target.empty()) command += " --target " + options.target;
  return command;
}

// The netlist of one machine.
void use_gates(const FuzzOptions& options, bool one_machine, CampaignOptions& campaign) {
  if (!one_machine) throw InputError("found --target gates without a machine, expected a built-in one (--machine)");
  campaign.target.hardware = gates_hardware(*find_machine(options.machines.front()), options.target);
  // It is so much slower than the RTL that a campaign of minutes would be one round, or none.
  constexpr unsigned kShorter = 8;
  campaign.shorter = kShorter;
}

// One board, and what it has of memory.
void use_board(const FuzzOptions& options, bool one_machine, CampaignOptions& campaign) {
  if (options.kind == "ports") {
    throw InputError("found --kind ports with --target, expected traffic for an operating system (--kind system)");
  }
  if (!one_machine) throw InputError("found --target without a machine, expected the one on the board (--machine)");
  campaign.jobs = 1;
  campaign.target.board = options.target;
  campaign.target.memory = board_memory(*find_machine(options.machines.front()), options.target);
}

CampaignOptions campaign_options(const FuzzOptions& options) {
  CampaignOptions campaign;
  campaign.machines = options.machines;
  campaign.ports = options.kind != "system" && !options.model && !is_board(options.target);
  campaign.system = options.kind != "ports";
  campaign.seed = options.seed ? *options.seed : std::random_device()();
  campaign.accesses = options.accesses;
  if (options.seconds) {
    campaign.time = std::chrono::seconds(*options.seconds);
  } else if (!options.accesses) {
    campaign.time = std::chrono::seconds(kDefaultSeconds);
  }
  campaign.round = options.round;
  campaign.pressure = options.pressure;
  campaign.jobs = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  campaign.keep_going = options.keep_going;
  campaign.shrink_time = std::chrono::seconds(options.shrink_seconds);
  campaign.target.model = options.model;
  campaign.target.hardware = options.hardware;
  // What a broken machine covers says nothing.
  campaign.target.coverage = !options.model && options.hardware.empty() && options.target.empty();
  campaign.out = options.out.empty() ? std::filesystem::path(VM_MACHINE_DIR).parent_path() / "fuzz"
                                     : std::filesystem::path(options.out);
  campaign.repeat = repeat_command(options, campaign.seed);
  if (options.model && options.kind == "ports") {
    throw InputError("found --kind ports with --model, expected traffic for an operating system (--kind system)");
  }
  if (options.pressure != 0 && !campaign.system) {
    throw InputError("found --pressure with --kind ports, expected traffic for an operating system (--kind system)");
  }
  if (!options.coverage.empty() && !campaign.target.coverage) {
    throw InputError("found --coverage with --model or --hardware, expected it for the machines as they are");
  }
  if (options.model && !options.hardware.empty()) {
    throw InputError("found --hardware with --model, expected one of the two");
  }
  const bool one = options.machines.size() == 1 && find_machine(options.machines.front()) != nullptr;
  if (!options.hardware.empty() && !one) {
    throw InputError(
        "found --hardware without a machine, expected the one built-in machine it was made for (--machine)");
  }
  if (!options.hardware.empty() && !std::filesystem::exists(options.hardware)) {
    throw InputError(fmt::format("found no file '{}', expected a machine's shared object", options.hardware));
  }
  if (!options.target.empty() && (options.model || !options.hardware.empty())) {
    throw InputError("found --model or --hardware with --target, expected one of the three");
  }
  if (is_board(options.target)) use_board(options, one, campaign);
  if (is_gates(options.target)) use_gates(options, one, campaign);
  return campaign;
}

int fuzz(const FuzzOptions& options) {
  CampaignOptions campaign = campaign_options(options);
  Campaign run(campaign);
  fmt::print(options.json ? stderr : stdout, "seed {}\n", campaign.seed);
  std::fflush(nullptr);
  const CampaignResult result = run.run();
  if (options.json) {
    fmt::print("{}\n", campaign_json(campaign, result).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_campaign(result);
  }
  if (!options.coverage.empty()) {
    std::ofstream file(options.coverage, std::ios::binary);
    file << coverage_file(campaign, result).dump(1) << '\n';
    file.close();
    if (!file) throw InputError(fmt::format("found '{}', expected a file that can be written", options.coverage));
  }
  return campaign_status(result);
}

}  // namespace

void add_fuzz(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("fuzz", "Random traffic on random machines under all checks");
  auto options = std::make_shared<FuzzOptions>();
  command->add_option("--machine", options->machines, "Machines by name, 'all', 'random' (of random legal parameters)")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "Begin no round later (default: 60, without --accesses)");
  command->add_option("--accesses", options->accesses, "End after so many accesses");
  command->add_option("--seed", options->seed, "Seed of the campaign (default: a fresh one)");
  command->add_option("--round", options->round, "Only this round of the campaign");
  command->add_option("--jobs", options->jobs, "Rounds at a time (default: all processors)")->check(CLI::Range(1, 256));
  command->add_option("--kind", options->kind, "Traffic at the ports, of the operating system, or both")
      ->check(CLI::IsMember({"ports", "system", "both"}))
      ->capture_default_str();
  command
      ->add_option("--pressure", options->pressure,
                   "Memory for so many percent of the pages that processes work on; the rest is in a swap file")
      ->check(CLI::Range(1, 100));
  command->add_flag("--model", options->model, "System traffic on the reference platform instead of the hardware");
  command->add_option("--hardware", options->hardware, "A shared object in place of the machine's own");
  command->add_option("--target", options->target,
                      "System traffic on a board, serial:PATH[@BAUD] (docs/board.md); traffic on the netlist, "
                      "gates:ecp5 or gates:ice40");
  command->add_option("--keep-going", options->keep_going, "Failures until the end")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--shrink-seconds", options->shrink_seconds, "Time to make the trace of a failure small")
      ->capture_default_str();
  command->add_option("--coverage", options->coverage, "Write what was covered to this JSON file");
  command->add_option("--out", options->out, "Folder for traces of failures (default: fuzz in the build folder)");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &exit_status] { exit_status = fuzz(*options); });
}

}  // namespace vm::sim
