// SPDX-License-Identifier: Apache-2.0
#include "fuzz/shrink.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "fuzz/simpler_line.h"

namespace vm::fuzz {
namespace {

using Lines = std::vector<std::string>;

// `+N …` of a trace for the ports: N cycles after the line before.
bool is_timed(const std::string& line) { return line.size() > 1 && line[0] == '+' && line[1] >= '0' && line[1] <= '9'; }

std::uint64_t delay_of(const std::string& line) {
  std::uint64_t delay = 0;
  std::from_chars(line.data() + 1, line.data() + line.size(), delay);
  return delay;
}

class Shrinker {
 public:
  Shrinker(const std::string& text, FunctionRef<bool(const std::string&)> still_fails, std::chrono::seconds budget)
      : still_fails_(still_fails), end_(Clock::now() + budget) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t length = std::min(rest.find('\n'), rest.size());
      // Comments and blank lines say nothing.
      std::string_view line = rest.substr(0, rest.find_first_of(";#\n"));
      while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
      if (!line.empty()) lines_.emplace_back(line);
      rest.remove_prefix(std::min(rest.size(), length + 1));
    }
  }

  Shrunk run() {
    // A `#` or `;` inside a text would have been cut off.
    if (!try_lines(lines_)) return {{}, tries_, false};
    cut_tail();
    for (bool better = true; better && !over();) {
      better = drop_lines();
      better = simplify() || better;
    }
    return {join(lines_), tries_, !over()};
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool over() const { return Clock::now() >= end_; }

  static std::string join(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }

  // Takes the candidate if it fails as the whole does.
  bool try_lines(Lines candidate) {
    if (over()) return false;
    std::string text = join(candidate);
    if (!tried_.insert(std::hash<std::string>()(text)).second && candidate != lines_) return false;
    ++tries_;
    if (!still_fails_(text)) return false;
    lines_ = std::move(candidate);
    return true;
  }

  static bool is_kept(const std::string& line) { return line.starts_with("machine "); }

  // Without lines [from, to); with `keep_time` what follows stays in its cycles.
  Lines without(std::size_t from, std::size_t to, bool keep_time) const {
    Lines left;
    std::uint64_t delay = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const bool gone = i >= from && i < to && !is_kept(lines_[i]);
      const bool timed = keep_time && is_timed(lines_[i]);
      if (gone) {
        if (timed) delay += delay_of(lines_[i]);
        continue;
      }
      left.push_back(lines_[i]);
      if (timed && delay != 0) {
        left.back() = with_delay(lines_[i], delay_of(lines_[i]) + delay);
        delay = 0;
      }
    }
    return left;
  }

  static std::string with_delay(const std::string& line, std::uint64_t delay) {
    return "+" + std::to_string(delay) + line.substr(std::min(line.find(' '), line.size()));
  }

  // What comes after the failure does nothing for it: the shortest beginning that fails, by bisection.
  void cut_tail() {
    std::size_t passes = 0;
    while (passes + 1 < lines_.size() && !over()) {
      const std::size_t middle = (passes + lines_.size()) / 2;
      if (!try_lines(Lines(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(middle)))) passes = middle;
    }
  }

  // Chunks of halving size, from the end, where the steps are, to the beginning.
  bool drop_lines() {
    bool any = false;
    for (std::size_t chunk = lines_.size() / 2; chunk > 0 && !over(); chunk /= 2) {
      for (std::size_t to = lines_.size(); to > 0 && !over();) {
        const std::size_t from = to > chunk ? to - chunk : 0;
        const std::size_t before = lines_.size();
        if (drop(from, to)) any = true;
        to = lines_.size() < before ? std::min(from, lines_.size()) : from;
      }
    }
    return any;
  }

  bool drop(std::size_t from, std::size_t to) {
    if (without(from, to, false).size() == lines_.size()) return false;
    const bool timed = std::any_of(lines_.begin() + static_cast<std::ptrdiff_t>(from),
                                   lines_.begin() + static_cast<std::ptrdiff_t>(to), is_timed);
    return try_lines(without(from, to, true)) || (timed && try_lines(without(from, to, false)));
  }

  bool simplify() {
    bool any = false;
    for (std::size_t i = 0; i < lines_.size() && !over(); ++i) {
      for (bool better = true; better && !over();) {
        better = false;
        for (std::string& simpler : simpler_lines(lines_[i])) {
          Lines candidate = lines_;
          candidate[i] = std::move(simpler);
          if (!try_lines(std::move(candidate))) continue;
          better = any = true;
          break;
        }
      }
    }
    return any;
  }

  FunctionRef<bool(const std::string&)> still_fails_;
  Clock::time_point end_;
  Lines lines_;
  std::unordered_set<std::size_t> tried_;  // hashes of texts that did not help
  std::size_t tries_ = 0;
};

}  // namespace

Shrunk shrink(const std::string& text, FunctionRef<bool(const std::string&)> still_fails, std::chrono::seconds budget) {
  Shrunk result = Shrinker(text, still_fails, budget).run();
  if (result.text.empty()) result.text = text;
  return result;
}

}  // namespace vm::fuzz
