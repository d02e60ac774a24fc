// SPDX-License-Identifier: Apache-2.0
//
// What a program finds on its stack when it starts, laid out as Linux does it (and the psABIs of the architectures
// ask). From the stack pointer upwards, in words of the program:
//
//   argc | argv[0] … argv[argc-1] 0 | envp[0] … 0 | type value … of the auxiliary vector, AT_NULL last | padding |
//   the strings: argv, envp, the name of the program | a zero word
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vm {

struct StackContent {
  unsigned word_bytes = 8;
  unsigned alignment = 16;  // of the stack pointer, in bytes
  std::vector<std::string> arguments, environment;
  std::string program;  // its name, AT_EXECFN
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
      auxiliary;  // types (Linux: AT_…) and values, without the last two
};

// The bytes that end at `top`, which is aligned as the stack pointer; the first is where that points. Their number does
// not depend on `top`.
std::vector<std::uint8_t> initial_stack(const StackContent& content, std::uint64_t top);

}  // namespace vm
