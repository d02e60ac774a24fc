// SPDX-License-Identifier: Apache-2.0
//
// One round of a campaign: traffic of one kind on one machine in one weather, and what came of it. Everything here runs
// in the process that calls it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/system_traffic.h"
#include "machine/machine.h"

namespace vm::sim {

enum class TrafficKind : std::uint8_t { Ports, System };
std::string_view to_string(TrafficKind kind);

// What rounds run on, the same for a whole campaign.
struct FuzzTarget {
  bool model = false;              // the reference platform; system traffic only
  bool coverage = false;           // collect it
  std::filesystem::path hardware;  // instead of the machine's own shared object; empty: that
  std::string board;               // TestbedOptions::target; system traffic only
  std::optional<Region> memory;    // the board's
};

struct RoundSpec {
  std::uint64_t number = 0;
  TrafficKind kind = TrafficKind::System;
  Machine machine;
  std::string machine_name;  // as a trace says it
  std::uint64_t seed = 0;
  std::uint64_t size = 0;  // steps of system traffic, cycles of port traffic
  unsigned pressure = 0;   // of system traffic (fuzz/system_traffic.h)
};

// The first thing that went wrong; `check` is empty if nothing did. Checks are those of the testbench
// ("translation.walk", "time", …), "os" (the operating system model contradicts itself), "trace" (it cannot be run) and
// "crash".
struct Finding {
  std::string check, message;
  std::uint64_t cycle = 0;
  std::uint64_t accesses = 0;  // until then
  // Every check that found something in the round, this one included; of system traffic only this one.
  std::vector<std::string> checks{};
  explicit operator bool() const { return !check.empty(); }
};

struct RoundResult {
  Finding finding;
  std::uint64_t accesses = 0, translations = 0, cycles = 0, mismatches = 0;
  fuzz::Kinds events;                  // kinds of steps, and what came of them
  std::string text;                    // the trace that repeats the round; only if something went wrong
  std::vector<std::uint64_t> hits;     // of the machine's coverage bins; empty: not counted
  std::uint64_t covered_accesses = 0;  // CoverageRecord::accesses
};

RoundResult run_round(const RoundSpec& spec, const FuzzTarget& target, const std::filesystem::path& directory);

// A trace of one scenario. A text that cannot be read is the finding "trace". `directory`: for the files it names.
RoundResult run_trace(const std::string& text, const std::filesystem::path& directory, const FuzzTarget& target);

nlohmann::json to_json(const RoundResult& result);
RoundResult round_from_json(const nlohmann::json& json);

}  // namespace vm::sim
