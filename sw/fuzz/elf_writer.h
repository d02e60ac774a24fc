// SPDX-License-Identifier: Apache-2.0
//
// Small ELF files, made for random traces and for tests: headers, names and the dynamic section at the beginning of the
// first segment, the bytes of that segment behind them, then the other segments, each as close as pages allow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os/elf_image.h"

namespace vm::fuzz {

struct ElfDraft {
  struct Segment {
    std::uint64_t va = 0;  // of the first segment: where the headers come to lie, at the beginning of a page
    Rights rights;
    std::vector<std::uint8_t> bytes;  // in the file
    std::uint64_t zeros = 0;          // bytes of bss behind them
  };
  ElfTarget target;
  bool position_independent = false;
  std::vector<Segment> segments;  // at least one, by address
  std::uint64_t entry = 0;        // 0: the first byte behind the headers
  std::string interpreter = {};   // empty: none
  std::vector<std::string> needed = {};
  bool executable_stack = false;
};

std::vector<std::uint8_t> write_elf(const ElfDraft& draft);
// The address of the first segment's own bytes.
std::uint64_t first_byte(const ElfDraft& draft);

}  // namespace vm::fuzz
