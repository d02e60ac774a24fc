// SPDX-License-Identifier: Apache-2.0
#include "trace/source.h"

#include <fmt/format.h>

namespace vm::trace {

std::string to_string(const Files& files, Place place) {
  return fmt::format("{}:{}:{}", files.at(place.file), place.line, place.column);
}

void fail(const Files& files, Place place, std::string_view found, std::string_view expected) {
  throw InputError(fmt::format("{}: found {}, expected {}", to_string(files, place), found, expected));
}

}  // namespace vm::trace
