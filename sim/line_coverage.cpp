// SPDX-License-Identifier: Apache-2.0
#include "line_coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "machine/error.h"

namespace vm::sim {
namespace {

// A point is a list of keys and values: 0x01 key 0x02 value.
std::string value_of(const std::string& text, std::string_view key) {
  const std::string begin = fmt::format("\x01{}\x02", key);
  const std::size_t at = text.find(begin);
  if (at == std::string::npos) return {};
  const std::size_t first = at + begin.size();
  return text.substr(first, text.find('\x01', first) - first);
}

// "12,15-18"
template <class Each>
void each_line(const std::string& list, Each each) {
  for (std::size_t at = 0; at < list.size();) {
    std::size_t used = 0;
    const unsigned first = static_cast<unsigned>(std::stoul(list.substr(at), &used));
    unsigned last = first;
    at += used;
    if (at < list.size() && list[at] == '-') {
      last = static_cast<unsigned>(std::stoul(list.substr(at + 1), &used));
      at += used + 1;
    }
    for (unsigned line = first; line <= last; ++line) each(line);
    at += 1;
  }
}

std::size_t count_hit(const auto& counts) {
  return static_cast<std::size_t>(
      std::count_if(counts.begin(), counts.end(), [](const auto& entry) { return entry.second != 0; }));
}

}  // namespace

std::size_t FileCoverage::lines_hit() const { return count_hit(lines); }

std::size_t FileCoverage::bits() const {
  std::size_t sum = 0;
  for (const auto& [line, names] : toggles) sum += names.size();
  return sum;
}

std::size_t FileCoverage::bits_hit() const {
  std::size_t sum = 0;
  for (const auto& [line, names] : toggles) sum += count_hit(names);
  return sum;
}

void LineCoverage::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line) || !line.starts_with("# SystemC::Coverage")) {
    throw InputError(fmt::format("{}: expected the coverage file of a machine built for line coverage", file.string()));
  }
  for (unsigned number = 2; std::getline(in, line); ++number) {
    const std::size_t quote = line.rfind("' ");
    if (!line.starts_with("C '") || quote == std::string::npos) {
      throw InputError(fmt::format("{}:{}: expected a coverage point", file.string(), number));
    }
    try {
      point(line.substr(3, quote - 3), std::stoull(line.substr(quote + 2)));
    } catch (const std::logic_error&) {
      throw InputError(fmt::format("{}:{}: expected numbers in a coverage point", file.string(), number));
    }
  }
  machines_.push_back(file.stem().string());
}

void LineCoverage::point(const std::string& text, std::uint64_t hits) {
  const std::string path = value_of(text, "f"), page = value_of(text, "page"), object = value_of(text, "o");
  const auto line = static_cast<unsigned>(std::stoul(value_of(text, "l")));
  FileCoverage& file = files_[path];
  if (page.starts_with("v_toggle")) {
    file.toggles[line][object] += hits;
    return;
  }
  if (!page.starts_with("v_line") && !page.starts_with("v_branch")) return;
  const std::string covered = value_of(text, "S");
  if (covered.empty()) {
    file.lines[line] += hits;
  } else {
    each_line(covered, [&](unsigned n) { file.lines[n] += hits; });
  }
}

}  // namespace vm::sim
