// SPDX-License-Identifier: Apache-2.0
#include "fuzz/shrink.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fuzz/simpler_line.h"

namespace vm::fuzz {
namespace {

struct Line {
  std::string text;
  std::size_t number;  // in the whole
  bool operator==(const Line&) const = default;
};
using Lines = std::vector<Line>;

// `+N …` of a trace for the ports: N cycles after the line before.
bool is_timed(const Line& line) { return line.text.size() > 1 && line.text[0] == '+'; }

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
      if (!line.empty()) lines_.push_back({std::string(line), lines_.size()});
      rest.remove_prefix(std::min(rest.size(), length + 1));
    }
    find_ends();
  }

  Shrunk run() {
    // A `#` or `;` inside a text would have been cut off.
    if (!try_lines(lines_)) return {{}, tries_, false};
    cut_tail();
    for (bool better = true; better && !over();) {
      better = drop_lines();
      better = merge_processes() || better;
      better = simplify() || better;
    }
    return {join(lines_), tries_, !over()};
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool over() const { return Clock::now() >= end_; }

  static std::string join(const Lines& lines) {
    std::string text;
    for (const Line& line : lines) text += line.text + "\n";
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

  // Without the machine there is no trace; without `free` the operating system would take the trace's frames.
  static bool is_kept(const Line& line) { return line.text.starts_with("machine ") || line.text.starts_with("free "); }

  // What is meant for Bare mode, or for the table of a trap, must not happen elsewhere: the end of such a part stays as
  // long as its beginning.
  void find_ends() {
    constexpr std::pair<std::string_view, std::string_view> kParts[] = {{"bare on", "bare off"},
                                                                        {"ctl trapenter", "ctl trapreturn"}};
    begin_of_.resize(lines_.size(), kNone);
    for (const auto& [begin, end] : kParts) {
      std::size_t open = kNone;
      for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].text.find(begin) != std::string::npos) open = i;
        if (lines_[i].text.find(end) != std::string::npos) begin_of_[i] = std::exchange(open, kNone);
      }
    }
  }

  bool ends_part(std::size_t index, std::size_t from, std::size_t to) const {
    const std::size_t begin = begin_of_[lines_[index].number];
    if (begin == kNone) return false;
    for (std::size_t i = 0; i < index; ++i) {
      if (lines_[i].number == begin) return i < from || i >= to;
    }
    return false;
  }

  // Without lines [from, to); with `keep_time` what follows stays in its cycles.
  Lines without(std::size_t from, std::size_t to, bool keep_time) const {
    Lines left;
    std::uint64_t delay = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const bool gone = i >= from && i < to && !is_kept(lines_[i]) && !ends_part(i, from, to);
      const bool timed = keep_time && is_timed(lines_[i]);
      const std::string& text = lines_[i].text;
      if (gone) {
        if (timed) delay += delay_of(text);
        continue;
      }
      left.push_back(lines_[i]);
      if (timed && delay != 0) {
        left.back().text = with_delay(text, delay_of(text) + delay);
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

  // Parent and child may as well be one: without the fork, what the child does the parent does.
  bool merge_processes() {
    constexpr std::string_view kFork = "] fork() = ";
    bool any = false;
    for (std::size_t i = lines_.size(); i-- > 0 && !over();) {
      if (i >= lines_.size()) continue;
      const std::string& text = lines_[i].text;
      const std::size_t at = text.find(kFork);
      if (at == std::string::npos) continue;
      const std::string parent = text.substr(1, at - 1);
      const std::size_t name = at + kFork.size();
      const std::string child = text.substr(name, text.find(' ', name) - name);
      Lines candidate = lines_;
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(i));
      for (Line& line : candidate) rename(line.text, child, parent);
      any = try_lines(std::move(candidate)) || any;
    }
    return any;
  }

  static void rename(std::string& line, const std::string& from, const std::string& to) {
    const auto is_name = [&](std::size_t at) {
      return at < line.size() && (std::isalnum(static_cast<unsigned char>(line[at])) != 0 || line[at] == '_');
    };
    for (std::size_t at = line.find(from); at != std::string::npos; at = line.find(from, at + 1)) {
      if ((at > 0 && is_name(at - 1)) || is_name(at + from.size())) continue;
      line.replace(at, from.size(), to);
    }
  }

  bool simplify() {
    bool any = false;
    for (std::size_t i = 0; i < lines_.size() && !over(); ++i) {
      for (bool better = true; better && !over();) {
        better = false;
        for (std::string& simpler : simpler_lines(lines_[i].text)) {
          Lines candidate = lines_;
          candidate[i].text = std::move(simpler);
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
  static constexpr std::size_t kNone = ~std::size_t{0};
  Lines lines_;
  std::vector<std::size_t> begin_of_;      // by number of a line that ends a part: the line that begins it
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
