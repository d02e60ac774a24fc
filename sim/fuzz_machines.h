// SPDX-License-Identifier: Apache-2.0
//
// Which machine a round of a campaign runs on. Machines of random legal parameters are chosen from the campaign's seed,
// verilated by scripts/random-machine, and described in a file that traces can name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "machine/machine.h"

namespace vm::sim {

class FuzzMachines {
 public:
  // Names of built-in machines, `all` or `random`; throws InputError at another. `out` takes descriptions of random
  // machines.
  FuzzMachines(const std::vector<std::string>& names, std::uint64_t seed, std::filesystem::path out);

  std::size_t count() const { return names_.size(); }
  // True if the machine of this round has to be built first: nothing may run meanwhile.
  bool must_build(std::uint64_t round) const;
  void build(std::uint64_t round);  // throws std::runtime_error

  const Machine& machine(std::uint64_t round) const;
  std::string trace_name(std::uint64_t round) const;       // as a `machine` line has it
  std::string preparation(const std::string& name) const;  // the shell command before a replay; mostly empty

 private:
  // Building one takes as long as so many rounds.
  static constexpr std::uint64_t kRoundsPerMachine = 96;

  const std::string& name(std::uint64_t round) const { return names_[round % names_.size()]; }
  bool is_random(std::uint64_t round) const { return name(round) == kRandom; }
  std::uint64_t random_seed(std::uint64_t round) const;
  std::string file_name(std::uint64_t seed) const;

  static constexpr const char* kRandom = "random";
  std::vector<std::string> names_;
  std::uint64_t seed_;
  std::filesystem::path out_;
  Machine built_;  // the random machine there is now; no name: none
  std::uint64_t built_seed_ = 0;
};

}  // namespace vm::sim
