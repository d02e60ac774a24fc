// SPDX-License-Identifier: Apache-2.0
//
// Cuts one line of a trace into tokens, and walks over them. A word is a run of letters, digits and `_` (and a `-`
// inside a name, as in `entry-access` and `sv39-ulx3s`); whether it is a number and in which base is the parser's
// question, because books print tags and bytes in hexadecimal without a prefix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/source.h"

namespace vm::trace {

enum class TokenKind : std::uint8_t { Word, Text, Sign, End };

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;  // of a Text: what is between the quotes
  std::uint32_t column = 0;
};

// Decimal, 0x… or 0b…, `_` allowed inside; nullopt if it is none of these or does not fit in 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view word);
// Hexadecimal, with or without 0x.
std::optional<std::uint64_t> parse_hex(std::string_view word);
bool is_name(std::string_view word);  // letters, digits and `_`, starting with a letter

class Cursor {
 public:
  // The line must outlive the cursor. Throws InputError on a character that no token can start with.
  void start(const Files& files, std::uint32_t file, std::uint32_t line_number, std::string_view line);

  const Token& peek(std::size_t ahead = 0) const;
  bool at_end() const { return peek().kind == TokenKind::End; }
  Place place() const { return place_of(peek()); }
  Place place_of(const Token& token) const { return {file_, line_number_, token.column}; }

  bool is(std::string_view text) const;  // the next token is this sign or word
  bool accept(std::string_view text);
  void expect(std::string_view text);
  Token take();
  std::uint64_t number(std::string_view what);
  std::uint64_t number_up_to(std::uint64_t max, std::string_view what);
  std::uint64_t hex_up_to(std::uint64_t max, std::string_view what);
  std::string name(std::string_view what);
  std::string_view text(std::string_view what);
  void end() const;  // nothing may follow

  [[noreturn]] void fail(std::string_view expected) const { fail_at(peek(), expected); }
  [[noreturn]] void fail_at(const Token& token, std::string_view expected) const;

 private:
  std::uint64_t bounded(std::optional<std::uint64_t> value, std::uint64_t max, std::string_view what);

  const Files* files_ = nullptr;
  std::uint32_t file_ = 0, line_number_ = 0;
  std::vector<Token> tokens_;
  std::size_t position_ = 0;
};

}  // namespace vm::trace
