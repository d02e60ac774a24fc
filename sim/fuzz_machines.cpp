// SPDX-License-Identifier: Apache-2.0
#include "fuzz_machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "machine/error.h"
#include "machine/random.h"

namespace vm::sim {

FuzzMachines::FuzzMachines(const std::vector<std::string>& names, std::uint64_t seed, std::filesystem::path out)
    : seed_(seed), out_(std::move(out)) {
  for (const std::string& name : names) {
    if (name == "all") {
      for (const Machine& m : machines()) names_.push_back(m.name);
    } else if (name == kRandom || find_machine(name) != nullptr) {
      names_.push_back(name);
    } else {
      std::string known = "all, random";
      for (const Machine& m : machines()) known += ", " + m.name;
      throw InputError(fmt::format("found machine '{}', expected {}", name, known));
    }
  }
  // Which machine is first depends on the seed, so that short campaigns do not all see the same ones.
  const auto first = static_cast<std::ptrdiff_t>(Random(seed, "first machine").below(names_.size()));
  std::rotate(names_.begin(), names_.begin() + first, names_.end());
}

std::uint64_t FuzzMachines::random_seed(std::uint64_t round) const {
  constexpr std::uint64_t kSeeds = 1U << 30;  // short enough for people
  return Random(seed_ + round / kRoundsPerMachine, "random machine").below(kSeeds);
}

std::string FuzzMachines::file_name(std::uint64_t seed) const { return fmt::format("random-{}.toml", seed); }

bool FuzzMachines::must_build(std::uint64_t round) const {
  return is_random(round) && (built_.name.empty() || built_seed_ != random_seed(round));
}

void FuzzMachines::build(std::uint64_t round) {
  const std::filesystem::path build = std::filesystem::path(VM_MACHINE_DIR).parent_path();
  const std::filesystem::path log = out_ / "random-machine.log";
  built_seed_ = random_seed(round);
  const std::string command = fmt::format("VM_SEED={} '{}/scripts/random-machine' '{}' >'{}' 2>&1", built_seed_,
                                          VM_SOURCE_DIR, build.string(), log.string());
  if (std::system(command.c_str()) != 0) {
    throw std::runtime_error(
        fmt::format("the machine of seed {} could not be built: see {}", built_seed_, log.string()));
  }
  const std::filesystem::path description = out_ / file_name(built_seed_);
  std::filesystem::copy_file(build / "gen" / "random" / "machine.toml", description,
                             std::filesystem::copy_options::overwrite_existing);
  built_ = load_machine(description);
}

const Machine& FuzzMachines::machine(std::uint64_t round) const {
  return is_random(round) ? built_ : *find_machine(name(round));
}

std::string FuzzMachines::trace_name(std::uint64_t round) const {
  return is_random(round) ? fmt::format("\"{}\"", file_name(random_seed(round))) : name(round);
}

std::string FuzzMachines::preparation(const std::string& machine) const {
  return machine == kRandom ? fmt::format("VM_SEED={} scripts/random-machine && ", built_seed_) : "";
}

}  // namespace vm::sim
