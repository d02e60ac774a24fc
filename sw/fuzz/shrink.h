// SPDX-License-Identifier: Apache-2.0
//
// Makes a failing trace small (delta debugging on its lines), then simple: what is left fails by the same check, and
// no line can be left out. What keeps a trace within what the operating system model can follow stays in it. Works on
// any trace of one scenario; it knows the language only so far as a guess is worth it, and the predicate decides.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "machine/function_ref.h"

namespace vm::fuzz {

struct Shrunk {
  std::string text;
  std::size_t tries = 0;
  bool complete = false;  // false: the time was over before nothing more could be left out
};

// `still_fails` runs a text: true if it fails by the same check as the whole. A text that cannot be read does not. The
// whole must fail. Deterministic as long as the budget suffices.
Shrunk shrink(const std::string& text, FunctionRef<bool(const std::string&)> still_fails, std::chrono::seconds budget);

}  // namespace vm::fuzz
