// SPDX-License-Identifier: Apache-2.0
#include "coverage_html_lines.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "coverage_html.h"

namespace vm::sim {
namespace {

constexpr unsigned kAround = 2;  // lines of source shown around one that did not run

std::vector<std::string> source_of(const std::string& path) {
  std::vector<std::string> source;
  std::ifstream in(std::filesystem::path(VM_SOURCE_DIR) / path);
  for (std::string line; std::getline(in, line);) source.push_back(line);
  return source;
}

std::string cell(std::size_t part, std::size_t all) {
  if (all == 0) return "<td class=\"never\">-</td>";
  const double share = static_cast<double>(part) / static_cast<double>(all);
  const std::string_view colour = part == all ? "h4" : share >= 0.9 ? "h3" : share >= 0.7 ? "h2" : "miss";
  return fmt::format("<td class=\"c {}\" title=\"{} of {}\">{:.1f} %</td>", colour, part, all, 100 * share);
}

std::vector<std::string> unchanged_bits(const FileCoverage& file, unsigned line) {
  std::vector<std::string> names;
  const auto found = file.toggles.find(line);
  if (found == file.toggles.end()) return names;
  for (const auto& [name, hits] : found->second) {
    if (hits == 0) names.push_back(name);
  }
  return names;
}

void write_source(std::string& html, const std::string& path, const FileCoverage& file) {
  const auto out = std::back_inserter(html);
  std::set<unsigned> shown;
  for (const auto& [line, hits] : file.lines) {
    if (hits != 0) continue;
    for (unsigned n = line > kAround ? line - kAround : 1; n <= line + kAround; ++n) shown.insert(n);
  }
  for (const auto& [line, bits] : file.toggles) {
    if (!unchanged_bits(file, line).empty()) shown.insert(line);
  }
  if (shown.empty()) return;
  const std::vector<std::string> source = source_of(path);
  fmt::format_to(out,
                 "<details><summary>{}: {} of {} lines ran, {} of {} bits changed</summary>\n<table class=\"src\">\n",
                 escaped(path), file.lines_hit(), file.lines.size(), file.bits_hit(), file.bits());
  for (const unsigned n : shown) {
    if (n > source.size()) break;
    const auto line = file.lines.find(n);
    const bool missed = line != file.lines.end() && line->second == 0;
    const std::vector<std::string> bits = unchanged_bits(file, n);
    fmt::format_to(out,
                   "<tr{}><td class=\"n note\">{}</td><td class=\"n\">{}</td><td><pre>{}</pre></td><td class=\"note\">",
                   missed ? " class=\"u\"" : "", n, line == file.lines.end() ? "" : fmt::to_string(line->second),
                   escaped(source[n - 1]));
    if (!bits.empty()) fmt::format_to(out, "unchanged: {}", escaped(fmt::format("{}", fmt::join(bits, " "))));
    fmt::format_to(out, "</td></tr>\n");
  }
  fmt::format_to(out, "</table></details>\n");
}

}  // namespace

std::string line_coverage_summary(const LineCoverage& lines) {
  std::string html = "<h2>Lines and toggles of the RTL</h2>\n";
  const auto out = std::back_inserter(html);
  fmt::format_to(
      out,
      "<p>Of machines {} together: a line counts if it ran in any instance, a bit if it changed in any.</p>\n"
      "<table class=\"heat\"><tr><th>file</th><th>lines</th><th>ran</th><th>bits</th><th>changed</th></tr>\n",
      escaped(fmt::format("{}", fmt::join(lines.machines(), ", "))));
  std::size_t all_lines = 0, hit_lines = 0, all_bits = 0, hit_bits = 0;
  const auto row = [&out](const std::string& name, std::size_t l, std::size_t lh, std::size_t b, std::size_t bh) {
    fmt::format_to(out, "<tr><th class=\"r\">{}</th><td class=\"n\">{}</td>{}<td class=\"n\">{}</td>{}</tr>\n",
                   escaped(name), l, cell(lh, l), b, cell(bh, b));
  };
  for (const auto& [path, file] : lines.files()) {
    row(path, file.lines.size(), file.lines_hit(), file.bits(), file.bits_hit());
    all_lines += file.lines.size();
    hit_lines += file.lines_hit();
    all_bits += file.bits();
    hit_bits += file.bits_hit();
  }
  row("all", all_lines, hit_lines, all_bits, hit_bits);
  html += "</table>\n";
  return html;
}

std::string line_coverage_sources(const LineCoverage& lines) {
  std::string html =
      "<h2>What did not run or change</h2>\n<p class=\"note\">Line, how often it ran, source, bits that never "
      "changed.</p>\n";
  for (const auto& [path, file] : lines.files()) write_source(html, path, file);
  return html;
}

}  // namespace vm::sim
