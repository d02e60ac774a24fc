// SPDX-License-Identifier: Apache-2.0
#include "trace/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vm::trace {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

// The longest sign first.
constexpr std::array<std::string_view, 8> kDoubleSigns = {"->", "..", "+=", "-=", "*=", "&=", "|=", "^="};
constexpr std::string_view kSingleSigns = "[](){}:,=|-.+>/";

std::optional<std::uint64_t> parse_digits(std::string_view digits, int base) {
  std::array<char, 65> buffer{};
  std::size_t length = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    if (length == buffer.size()) return std::nullopt;
    buffer[length++] = c;
  }
  std::uint64_t value = 0;
  const char* end = buffer.data() + length;
  const auto [stop, error] = std::from_chars(buffer.data(), end, value, base);
  if (length == 0 || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool has_prefix(std::string_view word, char letter) {
  return word.size() > 2 && word[0] == '0' && (word[1] | 0x20) == letter;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view word) {
  if (word.empty() || !is_digit(word[0])) return std::nullopt;
  if (has_prefix(word, 'x')) return parse_digits(word.substr(2), 16);
  if (has_prefix(word, 'b')) return parse_digits(word.substr(2), 2);
  return parse_digits(word, 10);
}

std::optional<std::uint64_t> parse_hex(std::string_view word) {
  return parse_digits(has_prefix(word, 'x') ? word.substr(2) : word, 16);
}

bool is_name(std::string_view word) {
  return !word.empty() && is_letter(word[0]) && std::all_of(word.begin(), word.end(), is_word);
}

void Cursor::start(const Files& files, std::uint32_t file, std::uint32_t line_number, std::string_view line) {
  files_ = &files;
  file_ = file;
  line_number_ = line_number;
  tokens_.clear();
  position_ = 0;
  std::size_t i = 0;
  const auto add = [&](TokenKind kind, std::size_t from, std::size_t length, std::size_t at) {
    tokens_.push_back({kind, line.substr(from, length), static_cast<std::uint32_t>(at + 1)});
  };
  while (i < line.size()) {
    const char c = line[i];
    if (c == ' ' || c == '\t' || c == '\r') {
      ++i;
    } else if (c == ';' || c == '#') {
      break;
    } else if (is_word(c)) {
      std::size_t j = i + 1;
      const auto joins = [&] {
        return line[j] == '-' && is_letter(line[i]) && is_word(line[j - 1]) && j + 1 < line.size() &&
               is_letter(line[j + 1]);
      };
      while (j < line.size() && (is_word(line[j]) || joins())) ++j;
      add(TokenKind::Word, i, j - i, i);
      i = j;
      if (tokens_.size() == 1 && tokens_[0].text == "title") {
        // What follows is for people: one text, whatever it is made of.
        const std::size_t from = std::min(line.find_first_not_of(" \t", i), line.size());
        const std::size_t comment = std::min(line.find_first_of(";#", from), line.size());
        const std::size_t last = line.substr(0, comment).find_last_not_of(" \t\r");
        if (last != std::string_view::npos && last >= from) add(TokenKind::Text, from, last + 1 - from, from);
        i = comment;
      }
    } else if (c == '"') {
      const std::size_t close = line.find('"', i + 1);
      if (close == std::string_view::npos) {
        trace::fail(files, {file, line_number, static_cast<std::uint32_t>(i + 1)}, "a text without end",
                    "a closing '\"' on the same line");
      }
      add(TokenKind::Text, i + 1, close - i - 1, i);
      i = close + 1;
    } else {
      const auto sign = std::find(kDoubleSigns.begin(), kDoubleSigns.end(), line.substr(i, 2));
      const std::size_t length = sign != kDoubleSigns.end() ? 2 : 1;
      if (length == 1 && kSingleSigns.find(c) == std::string_view::npos) {
        const bool printable = c > ' ' && c < '\x7f';
        trace::fail(files, {file, line_number, static_cast<std::uint32_t>(i + 1)},
                    printable ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c)),
                    "a word, a number, a text or a sign of the trace language");
      }
      add(TokenKind::Sign, i, length, i);
      i += length;
    }
  }
  add(TokenKind::End, i, 0, i);
}

const Token& Cursor::peek(std::size_t ahead) const { return tokens_[std::min(position_ + ahead, tokens_.size() - 1)]; }

bool Cursor::is(std::string_view text) const {
  const Token& token = peek();
  return (token.kind == TokenKind::Word || token.kind == TokenKind::Sign) && token.text == text;
}

bool Cursor::accept(std::string_view text) {
  if (!is(text)) return false;
  ++position_;
  return true;
}

void Cursor::expect(std::string_view text) {
  if (!accept(text)) fail(fmt::format("'{}'", text));
}

Token Cursor::take() {
  const Token token = peek();
  if (token.kind != TokenKind::End) ++position_;
  return token;
}

std::uint64_t Cursor::number(std::string_view what) { return number_up_to(~0ULL, what); }

std::uint64_t Cursor::bounded(std::optional<std::uint64_t> value, std::uint64_t max, std::string_view what) {
  if (peek().kind != TokenKind::Word || !value) fail(what);
  if (*value > max) fail(fmt::format("{}, at most 0x{:x}", what, max));
  ++position_;
  return *value;
}

std::uint64_t Cursor::number_up_to(std::uint64_t max, std::string_view what) {
  return bounded(parse_number(peek().text), max, what);
}

std::uint64_t Cursor::hex_up_to(std::uint64_t max, std::string_view what) {
  return bounded(parse_hex(peek().text), max, what);
}

std::string Cursor::name(std::string_view what) {
  if (peek().kind != TokenKind::Word || !is_name(peek().text)) fail(what);
  return std::string(take().text);
}

std::string_view Cursor::text(std::string_view what) {
  if (peek().kind != TokenKind::Text) fail(what);
  return take().text;
}

void Cursor::end() const {
  if (!at_end()) fail("the end of the line");
}

void Cursor::fail_at(const Token& token, std::string_view expected) const {
  // Long words come from files that are no traces: show enough to recognise the place.
  constexpr std::size_t kShown = 40;
  std::string found = "the end of the line";
  if (token.kind == TokenKind::Text) found = fmt::format("the text \"{}\"", token.text.substr(0, kShown));
  if (token.kind == TokenKind::Word || token.kind == TokenKind::Sign) {
    found = fmt::format("'{}{}'", token.text.substr(0, kShown), token.text.size() > kShown ? "…" : "");
  }
  trace::fail(*files_, place_of(token), found, expected);
}

}  // namespace vm::trace
