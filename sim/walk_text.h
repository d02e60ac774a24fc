// SPDX-License-Identifier: Apache-2.0
//
// Draws the path of a translation through tables of several levels, in both numberings: level 0 is the leaf here; the
// slides count from the root, L1, and call the root's index VPN1.
#pragma once

#include <string>
#include <vector>

#include "bit_boxes.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"

namespace vm::sim {

// VPN1, VPN2, … and VPO; of one level only VPN and VPO.
std::vector<BitField> index_fields(const Format& format, unsigned levels);

// One line per entry of the path, as memory stands.
std::string path_text(const Machine& machine, const Context& context, const WalkResult& walk, VirtAddr va);

}  // namespace vm::sim
