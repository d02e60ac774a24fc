// SPDX-License-Identifier: Apache-2.0
//
// A verilated machine behind an interface that knows neither Verilator nor the machine: each machine is a shared object
// which open_model loads.
//
// One clock cycle: write inputs(), settle() (clock low: outputs() are now what they are just before the edge), tick()
// (rising edge: events() are what the monitors sent at it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "event.h"
#include "machine/machine.h"
#include "signals.h"

namespace vm {

class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  virtual Inputs& inputs() = 0;
  virtual const Outputs& outputs() const = 0;
  virtual void settle() = 0;
  virtual void tick() = 0;

  // Events of the last tick, in the order of the DPI calls (undefined: sort before use). While the sink is off the
  // monitors' calls return at once and nothing is recorded.
  virtual std::span<Event> events() = 0;
  virtual void set_event_sink(bool on) = 0;

  // Texts of the assertions that failed in the last settle or tick.
  virtual std::span<const std::string> failed_assertions() const = 0;

  // Waves (FST). Times are in units of half a clock cycle.
  virtual void open_waves(const std::filesystem::path& file) = 0;
  virtual void close_waves() = 0;

  // The machine as elaborated, from the cfg_ ports; name and summary empty.
  virtual Machine elaborated() const = 0;
};

// Loads build/machines/<name>.so. `seed` fills the registers that reset does not reach. Throws InputError if the file
// cannot be loaded or was elaborated for a machine other than `machine`, saying which field differs.
std::unique_ptr<Model> open_model(const Machine& machine, const std::filesystem::path& shared_object,
                                  std::uint64_t seed);

}  // namespace vm
