// SPDX-License-Identifier: Apache-2.0
#include "fuzz/simpler_line.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "trace/lexer.h"

namespace vm::fuzz {
namespace {

bool is_number(std::string_view word) { return trace::parse_number(word).has_value(); }

// Where each word ends; words are parted by spaces, brackets and commas.
std::size_t word_end(const std::string& line, std::size_t at) {
  return std::min(line.find_first_of(" ,]:)(|.", at), line.size());
}

void without_word(const std::string& line, std::string_view word, std::vector<std::string>& out) {
  const std::size_t at = line.find(word);
  if (at == std::string::npos) return;
  std::string left = line;
  out.push_back(left.erase(at, word.size()));
}

// The number at this place made smaller: zero, one, a half.
void smaller_number(const std::string& line, std::size_t at, std::vector<std::string>& out) {
  const std::size_t end = word_end(line, at);
  const std::string word = line.substr(at, end - at);
  const auto value = trace::parse_number(word);
  if (!value || *value == 0) return;
  std::uint64_t last = *value;
  for (const std::uint64_t smaller : {std::uint64_t{0}, std::uint64_t{1}, *value / 2}) {
    if (smaller >= *value || smaller == last) continue;
    last = smaller;
    out.push_back(line.substr(0, at) + std::to_string(smaller) + line.substr(end));
  }
}

}  // namespace

std::vector<std::string> simpler_lines(const std::string& line) {
  std::vector<std::string> out;
  if (line.starts_with("machine ")) return out;
  if (line.starts_with("latency ") && line != "latency 1") out.emplace_back("latency 1");
  for (const std::string_view word :
       {" sum", " mxr", " ac", ":kernel", ":user", " kernel", " shared", " cow", " global", " nonglobal", " stack",
        "|MAP_GROWSDOWN", "|MAP_FIXED", "PROT_EXEC|", "|PROT_EXEC", "|PROT_WRITE"}) {
    without_word(line, word, out);
  }
  // A mode bit the line names, an option of a process.
  for (std::size_t at = line.find(' '); at != std::string::npos; at = line.find(' ', at + 1)) {
    const std::size_t end = word_end(line, at + 1);
    const std::string_view word = std::string_view(line).substr(at + 1, end - at - 1);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0 || !is_number(word.substr(equals + 1))) continue;
    out.push_back(line.substr(0, at) + line.substr(end));
  }
  if (line[0] == '+') smaller_number(line, 1, out);
  // Values of stores and operands of atomics; sizes; latencies.
  if (const std::size_t equals = line.find(" = 0x"); equals != std::string::npos) smaller_number(line, equals + 3, out);
  if (const std::size_t operand = line.find(", 0x");
      operand != std::string::npos && line.find('(') == std::string::npos) {
    smaller_number(line, operand + 2, out);
  }
  if (const std::size_t comma = line.find(','); comma != std::string::npos && line[0] != 'm') {
    if (comma + 1 < line.size() && line[comma + 1] != ' ') smaller_number(line, comma + 1, out);
  }
  if (line.starts_with("seed ")) smaller_number(line, 5, out);
  return out;
}

}  // namespace vm::fuzz
