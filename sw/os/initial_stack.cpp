// SPDX-License-Identifier: Apache-2.0
#include "os/initial_stack.h"

#include <elf.h>

namespace vm {

std::vector<std::uint8_t> initial_stack(const StackContent& content, std::uint64_t top) {
  std::uint64_t string_bytes = content.program.size() + 1 + content.word_bytes;
  for (const auto* strings : {&content.arguments, &content.environment}) {
    for (const std::string& text : *strings) string_bytes += text.size() + 1;
  }
  const std::uint64_t words =
      1 + content.arguments.size() + 1 + content.environment.size() + 1 + 2 * (content.auxiliary.size() + 2);
  const std::uint64_t mask = content.alignment - 1;
  const std::uint64_t bytes = (words * content.word_bytes + string_bytes + mask) & ~mask;

  std::vector<std::uint8_t> stack(bytes);
  std::size_t at = 0, text_at = bytes - string_bytes;
  const auto word = [&](std::uint64_t value) {
    for (unsigned i = 0; i < content.word_bytes; ++i) stack[at++] = static_cast<std::uint8_t>(value >> (8 * i));
  };
  const auto text = [&](const std::string& characters) {
    const std::uint64_t address = top - bytes + text_at;
    for (const char c : characters) stack[text_at++] = static_cast<std::uint8_t>(c);
    ++text_at;  // the zero
    return address;
  };
  word(content.arguments.size());
  for (const auto* strings : {&content.arguments, &content.environment}) {
    for (const std::string& one : *strings) word(text(one));
    word(0);
  }
  for (const auto& [type, value] : content.auxiliary) {
    word(type);
    word(value);
  }
  word(AT_EXECFN);
  word(text(content.program));
  word(AT_NULL);
  word(0);
  return stack;
}

}  // namespace vm
