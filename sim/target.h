// SPDX-License-Identifier: Apache-2.0
//
// What --target names: a board (board_testbed.h), or the netlist of the machine, `gates:ecp5` or `gates:ice40`.
#pragma once

#include <filesystem>
#include <string>

#include "machine/machine.h"

namespace vm::sim {

inline bool is_gates(const std::string& target) { return target.starts_with("gates:"); }
inline bool is_board(const std::string& target) { return !target.empty() && !is_gates(target); }

// The shared object of a machine's netlist, with the machine in lockstep. Throws InputError if there is no such family,
// or nobody has built it.
std::filesystem::path gates_hardware(const Machine& machine, const std::string& target);

}  // namespace vm::sim
