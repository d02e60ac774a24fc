// SPDX-License-Identifier: Apache-2.0
//
// Bad input from a user: trace, machine file, image, command line. what() is one sentence that says where (file, line,
// column, as far as known), what was found and what was expected. The program prints it and exits with status 2.
#pragma once

#include <stdexcept>
#include <string>

namespace vm {

struct InputError : std::runtime_error {
  explicit InputError(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace vm
