// SPDX-License-Identifier: Apache-2.0
//
// Functional coverage of one machine: what ports and events have shown so far, as bins that a campaign has to hit. A
// bin is claimed unless coverage/unreachable.h says why this machine cannot hit it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coverage/bins.h"
#include "event.h"
#include "machine/machine.h"
#include "tracker.h"

namespace vm {

// What was counted; all that goes into a file, and all a report needs.
struct CoverageRecord {
  std::string machine;
  std::uint64_t accesses = 0;  // answered accesses of both core ports
  std::uint64_t enough = 0;    // from how many on the claims are enforced
  std::vector<Bin> bins;

  std::vector<const Bin*> uncovered() const;  // claimed, and not hit
  // Hit although there is a reason why it could not be: then the reason is wrong.
  std::vector<const Bin*> impossible() const;
  std::size_t claimed() const;
  // A claimed bin is not hit although there were enough accesses, or one was hit that has a reason not to be.
  bool failed() const;

  // Adds up two runs of one machine. Throws InputError where the bins are not the same.
  void merge(const CoverageRecord& other);
  nlohmann::json to_json() const;
  // Throws InputError with the name of the source in it.
  static CoverageRecord from_json(const nlohmann::json& json, const std::string& source);
};

// From how many accesses on the claims of a machine are enforced.
std::uint64_t enough_accesses(const Machine& machine);

// One run, from reset on.
class Coverage {
 public:
  explicit Coverage(const Machine& machine);
  ~Coverage();
  Coverage(Coverage&&) noexcept;
  Coverage& operator=(Coverage&&) noexcept;

  // The tracker has seen the cycle. Allocates nothing.
  void on_cycle(const Cycle& cycle, const Tracker& tracker);

  // Adds what another run of this machine has hit.
  void merge(const Coverage& other);
  CoverageRecord record() const;
  nlohmann::json to_json() const { return record().to_json(); }
  std::uint64_t accesses() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vm
