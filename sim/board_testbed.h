// SPDX-License-Identifier: Apache-2.0
//
// A testbed at the end of a serial line (docs/board.md).
#pragma once

#include <memory>
#include <string>

#include "machine/machine.h"
#include "testbeds.h"
#include "trace/testbed.h"

namespace vm::sim {

// `serial:PATH` or `serial:PATH@BAUD`. Throws InputError.
struct BoardTarget {
  std::string path;
  unsigned baud = 1'000'000;
};
BoardTarget parse_target(const std::string& text);

// Each opens the line and throws InputError if there is no board or one with another machine.
std::unique_ptr<trace::Testbed> make_board_testbed(const Machine& machine, const TestbedOptions& options);
Region board_memory(const Machine& machine, const std::string& target);

// What a board cannot do is refused: steps for the ports, weather, bus errors, waves. Throws InputError.
void refuse_for_board(const trace::Trace& trace);

}  // namespace vm::sim
