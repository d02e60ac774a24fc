// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "compare.h"

namespace vm::sim {

namespace {

// In pixels.
constexpr double kPanelWidth = 400, kPanelHeight = 250, kLeft = 64, kTop = 70, kGapX = 90, kGapY = 80, kLegend = 40;

constexpr std::array<std::string_view, kReplacementNames.size()> kColours = {"#d55e00", "#0072b2", "#009e73", "#999999",
                                                                             "#000000", "#cc79a7", "#56b4e9"};

struct Panel {
  std::string title;
  std::function<double(const ComparePoint&)> value;
};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else {
      result += c;
    }
  }
  return result;
}

// The next of 1, 2, 5, 10, 20, … that is not below a fifth of the range.
double tick_step(double range) {
  for (double step = 0.001;; step *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor * step * 5 >= range) return factor * step;
    }
  }
}

std::string label(double value) { return fmt::format("{:g}", value); }

class Plot {
 public:
  Plot(double x, double y, const Panel& panel, const std::vector<ComparePoint>& points)
      : x_(x), y_(y), panel_(panel), points_(points) {
    first_ = points.front().frames;
    last_ = first_;
    for (const ComparePoint& p : points) {
      first_ = std::min(first_, p.frames);
      last_ = std::max(last_, p.frames);
      top_ = std::max(top_, p.complete ? panel.value(p) : 0);
    }
    top_ = std::max(top_, 1e-3) * 1.05;
  }

  std::string text() const {
    std::string svg =
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"title\">{}</text>\n", x_, y_ - 12, escaped(panel_.title));
    const double step = tick_step(top_);
    for (unsigned i = 0; i * step <= top_; ++i) {
      const double at = place_y(i * step);
      svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n", x_, at, kPanelWidth);
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"left\">{}</text>\n", x_ - 6, at + 4, label(i * step));
    }
    const auto sizes = static_cast<double>(last_ - first_);
    const double width = std::max(1.0, tick_step(std::max(sizes, 1.0)));
    for (double at = static_cast<double>(first_); at <= static_cast<double>(last_); at += width) {
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"below\">{}</text>\n", place_x(at),
                         y_ + kPanelHeight + 18, label(at));
    }
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"below\">frames of memory</text>\n",
                       x_ + kPanelWidth / 2, y_ + kPanelHeight + 36);
    svg +=
        fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}v{:.1f}h{:.1f}\"/>\n", x_, y_, kPanelHeight, kPanelWidth);
    std::set<ReplacementKind> policies;
    for (const ComparePoint& p : points_) policies.insert(p.policy);
    for (const ReplacementKind policy : policies) svg += line(policy);
    return svg;
  }

 private:
  double place_x(double frames) const {
    if (first_ == last_) return x_ + kPanelWidth / 2;
    return x_ + kPanelWidth * (frames - static_cast<double>(first_)) / static_cast<double>(last_ - first_);
  }
  double place_y(double value) const { return y_ + kPanelHeight * (1 - value / top_); }

  std::string line(ReplacementKind policy) const {
    const std::string_view colour = kColours.at(static_cast<std::size_t>(policy));
    std::string path, dots;
    for (const ComparePoint& p : points_) {
      if (p.policy != policy || !p.complete) continue;
      const double x = place_x(static_cast<double>(p.frames)), y = place_y(panel_.value(p));
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x, y, colour);
    }
    return fmt::format("<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n{}", colour, path, dots);
  }

  double x_, y_;
  const Panel& panel_;
  const std::vector<ComparePoint>& points_;
  std::size_t first_ = 0, last_ = 0;
  double top_ = 0;
};

}  // namespace

std::string compare_svg(const std::vector<ComparePoint>& points, const std::string& title) {
  std::vector<Panel> panels = {
      {"page faults", [](const ComparePoint& p) { return static_cast<double>(p.faults); }},
      {"pages written back", [](const ComparePoint& p) { return static_cast<double>(p.write_backs); }}};
  const bool has_clock = std::any_of(points.begin(), points.end(), [](const ComparePoint& p) { return p.cycles != 0; });
  if (has_clock) {
    panels.push_back({"cycles of walks", [](const ComparePoint& p) { return static_cast<double>(p.walk_cycles); }});
    panels.push_back({"cycles per access", [](const ComparePoint& p) { return p.cycles_per_access(); }});
  }
  const double width = kLeft + 2 * kPanelWidth + kGapX + 30;
  const std::size_t rows = panels.size() / 2;
  const double height = kTop + static_cast<double>(rows) * (kPanelHeight + kGapY) + kLegend;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\">\n"
      "<style>text{{font:12px sans-serif}}.head{{font-size:16px}}.title{{font-weight:bold}}.left{{text-anchor:end}}"
      ".below{{text-anchor:middle}}.grid{{stroke:#ddd}}.axis{{stroke:#333;fill:none}}"
      ".line{{fill:none;stroke-width:2}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{2:.0f}\" y=\"28\" class=\"head\">{3}</text>\n",
      width, height, kLeft, escaped(title));
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const double x = kLeft + static_cast<double>(i % 2) * (kPanelWidth + kGapX);
    const std::size_t row = i / 2;
    const double y = kTop + static_cast<double>(row) * (kPanelHeight + kGapY);
    svg += Plot(x, y, panels[i], points).text();
  }
  std::set<ReplacementKind> policies;
  for (const ComparePoint& p : points) policies.insert(p.policy);
  double x = kLeft;
  for (const ReplacementKind policy : policies) {
    constexpr double kEntry = 140;
    svg += fmt::format(
        "<rect x=\"{0:.0f}\" y=\"{1:.0f}\" width=\"14\" height=\"14\" fill=\"{2}\"/>"
        "<text x=\"{3:.0f}\" y=\"{4:.0f}\">{5}</text>\n",
        x, height - 34, kColours.at(static_cast<std::size_t>(policy)), x + 20, height - 22, to_string(policy));
    x += kEntry;
  }
  return svg + "</svg>\n";
}

}  // namespace vm::sim
