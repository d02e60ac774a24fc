// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic exercises about a flat page table: how many pages, how many bits, which page and offset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "machine/machine.h"

namespace vm::sim {

struct Widths {
  unsigned va_bits = 0, pa_bits = 0;
  unsigned page_bits = 0;
  unsigned flag_bits = 0;  // valid, kernel, … : what an entry holds beside the page number
};

Widths widths_of(const Machine& machine);

// Throws InputError if the widths make no sense.
std::string arithmetic(const Widths& widths, std::optional<std::uint64_t> address);

}  // namespace vm::sim
