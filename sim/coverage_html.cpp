// SPDX-License-Identifier: Apache-2.0
#include "coverage_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "coverage_html_lines.h"

namespace vm::sim {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Pagewalk: coverage</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; color: #1c2430; margin: 2rem auto; max-width: 1300px; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid #d5dae2; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
table { border-collapse: collapse; margin: .4rem 0 1rem; } th, td { padding: .15rem .5rem; text-align: left; }
th { font-weight: 600; color: #4a5568; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.summary td, .summary th { border: 1px solid #e3e7ee; text-align: center; } .summary th.m { text-align: left; }
.heat td.c { min-width: 4.2rem; text-align: center; border: 1px solid #fff; font-variant-numeric: tabular-nums; }
.heat th { font-weight: 500; } .heat th.r { font-weight: 400; color: #1c2430; }
.miss { background: #d64545; color: #fff; } .wrong { background: #7b1fa2; color: #fff; }
.never { background: repeating-linear-gradient(45deg, #eef0f4, #eef0f4 4px, #e0e4ea 4px, #e0e4ea 8px); color: #8a94a3; }
.h1 { background: #e3f1e5; } .h2 { background: #bfe3c5; } .h3 { background: #8fcf9b; } .h4 { background: #5bb56e; }
details { margin: .3rem 0; } summary { cursor: pointer; font-weight: 600; }
pre { margin: 0; font: 12px/1.4 ui-monospace, monospace; } .src td { padding: 0 .6rem; vertical-align: top; }
.src tr.u { background: #fbe3e3; } .note { color: #5b6675; }
</style>
</head>
<body>
)";

using Out = std::back_insert_iterator<std::string>;

struct Group {
  std::string name;
  std::vector<const Bin*> bins;
  std::size_t claimed = 0, covered = 0;
};

std::vector<Group> groups_of(const CoverageRecord& record) {
  std::vector<Group> groups;
  for (const Bin& bin : record.bins) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.name == bin.group; });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{bin.group, {}, 0, 0});
    group->bins.push_back(&bin);
    if (!bin.reason.empty()) continue;
    ++group->claimed;
    if (bin.hits != 0) ++group->covered;
  }
  return groups;
}

// "98.2", and 100 only if nothing is missing.
std::string percent(std::size_t part, std::size_t all) {
  if (part == all) return "100";
  return fmt::format("{:.1f}", std::min(99.9, 100.0 * static_cast<double>(part) / static_cast<double>(all)));
}

std::string_view heat(const Bin& bin) {
  constexpr std::uint64_t kFew = 10, kSome = 100, kMany = 10'000;
  if (!bin.reason.empty()) return bin.hits == 0 ? "never" : "wrong";
  if (bin.hits == 0) return "miss";
  return bin.hits < kFew ? "h1" : bin.hits < kSome ? "h2" : bin.hits < kMany ? "h3" : "h4";
}

// A bin's name without its last value, and that value.
std::pair<std::string, std::string> row_and_column(const std::string& name) {
  const std::size_t comma = name.rfind(", ");
  if (comma == std::string::npos) return {name, ""};
  return {name.substr(0, comma), name.substr(comma + 2)};
}

void write_summary(Out out, std::span<const CoverageRecord> records) {
  std::vector<std::string> names;
  for (const CoverageRecord& record : records) {
    for (const Group& group : groups_of(record)) {
      if (std::find(names.begin(), names.end(), group.name) == names.end()) names.push_back(group.name);
    }
  }
  fmt::format_to(out, "<table class=\"summary\"><tr><th class=\"m\">machine</th><th>accesses</th><th>all</th>");
  for (const std::string& name : names) fmt::format_to(out, "<th>{}</th>", escaped(name));
  fmt::format_to(out, "</tr>\n");
  const auto cell = [&out](std::size_t covered, std::size_t claimed) {
    fmt::format_to(out, "<td class=\"{}\" title=\"{} of {} claimed bins\">{} %</td>",
                   covered == claimed ? "h3" : "miss", covered, claimed, percent(covered, claimed));
  };
  for (const CoverageRecord& record : records) {
    const std::size_t claimed = record.claimed();
    fmt::format_to(out, "<tr><th class=\"m\"><a href=\"#{0}\">{0}</a></th><td>{1}{2}</td>", escaped(record.machine),
                   record.accesses, record.accesses < record.enough ? " (claims not enforced)" : "");
    cell(claimed - record.uncovered().size(), claimed);
    const std::vector<Group> groups = groups_of(record);
    for (const std::string& name : names) {
      const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.name == name; });
      if (group == groups.end()) {
        fmt::format_to(out, "<td class=\"never\">-</td>");
      } else {
        cell(group->covered, group->claimed);
      }
    }
    fmt::format_to(out, "</tr>\n");
  }
  fmt::format_to(out, "</table>\n");
}

// Rows that have the same columns in a table of their own.
void write_group(Out out, const Group& group) {
  struct Row {
    std::string name;
    std::vector<std::string> columns;
    std::vector<const Bin*> bins;
  };
  std::vector<Row> rows;
  for (const Bin* bin : group.bins) {
    auto [row, column] = row_and_column(bin->name);
    if (rows.empty() || rows.back().name != row) rows.push_back({row, {}, {}});
    rows.back().columns.push_back(column);
    rows.back().bins.push_back(bin);
  }
  fmt::format_to(out, "<details><summary>{}: {} of {} claimed bins, {} %</summary>\n", escaped(group.name),
                 group.covered, group.claimed, percent(group.covered, group.claimed));
  const std::vector<std::string>* columns = nullptr;
  for (const Row& row : rows) {
    if (columns == nullptr || *columns != row.columns) {
      if (columns != nullptr) fmt::format_to(out, "</table>\n");
      fmt::format_to(out, "<table class=\"heat\"><tr><th></th>");
      for (const std::string& column : row.columns) fmt::format_to(out, "<th>{}</th>", escaped(column));
      fmt::format_to(out, "</tr>\n");
    }
    columns = &row.columns;
    fmt::format_to(out, "<tr><th class=\"r\">{}</th>", escaped(row.name));
    for (const Bin* bin : row.bins) {
      fmt::format_to(out, "<td class=\"c {}\"{}>{}</td>", heat(*bin),
                     bin->reason.empty() ? "" : fmt::format(" title=\"{}\"", escaped(bin->reason)),
                     bin->reason.empty() || bin->hits != 0 ? fmt::to_string(bin->hits) : "never");
    }
    fmt::format_to(out, "</tr>\n");
  }
  fmt::format_to(out, "</table></details>\n");
}

void write_list(Out out, const char* title, const std::vector<const Bin*>& bins) {
  if (bins.empty()) return;
  fmt::format_to(out, "<h3>{}: {}</h3>\n<table>", title, bins.size());
  for (const Bin* bin : bins) {
    fmt::format_to(out, "<tr><td>{}</td><td>{}</td><td class=\"note\">{}</td></tr>\n", escaped(bin->group),
                   escaped(bin->name), escaped(bin->reason));
  }
  fmt::format_to(out, "</table>\n");
}

void write_unreachable(Out out, const CoverageRecord& record) {
  std::map<std::string, std::vector<const Bin*>> by_reason;
  for (const Bin& bin : record.bins) {
    if (!bin.reason.empty()) by_reason[bin.reason].push_back(&bin);
  }
  if (by_reason.empty()) return;
  fmt::format_to(out, "<details><summary>Unreachable, by reason</summary><table>\n");
  for (const auto& [reason, bins] : by_reason) {
    std::string names;
    for (const Bin* bin : bins) names += fmt::format("{}: {}<br>", escaped(bin->group), escaped(bin->name));
    fmt::format_to(out,
                   "<tr><td class=\"n\">{}</td><td>{}</td><td><details><summary>bins</summary>{}</details></td></tr>\n",
                   bins.size(), escaped(reason), names);
  }
  fmt::format_to(out, "</table></details>\n");
}

void write_machine(Out out, const CoverageRecord& record) {
  const std::vector<const Bin*> uncovered = record.uncovered();
  const std::size_t claimed = record.claimed();
  fmt::format_to(out,
                 "<h2 id=\"{0}\">{0}</h2>\n<p>{1} accesses; {2} of {3} claimed bins hit ({4} %); {5} bins are "
                 "unreachable on this machine. Claims are enforced from {6} accesses on.</p>\n",
                 escaped(record.machine), record.accesses, claimed - uncovered.size(), claimed,
                 percent(claimed - uncovered.size(), claimed), record.bins.size() - claimed, record.enough);
  write_list(out, "Hit although the reason says it is impossible", record.impossible());
  write_list(out, "Claimed and not hit", uncovered);
  for (const Group& group : groups_of(record)) write_group(out, group);
  write_unreachable(out, record);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string coverage_html(std::span<const CoverageRecord> records, const LineCoverage& lines) {
  std::string html(kHead);
  const Out out = std::back_inserter(html);
  fmt::format_to(out,
                 "<h1>Coverage</h1>\n<p>Functional bins from ports and events (docs/verification.md). A cell says how "
                 "often a bin was hit; <span class=\"miss\">&nbsp;red&nbsp;</span>: claimed and not hit; "
                 "<span class=\"never\">&nbsp;hatched&nbsp;</span>: unreachable, the reason is its tooltip.</p>\n");
  if (!records.empty()) write_summary(out, records);
  if (!lines.files().empty()) html += line_coverage_summary(lines);
  for (const CoverageRecord& record : records) write_machine(out, record);
  if (!lines.files().empty()) html += line_coverage_sources(lines);
  html += "</body>\n</html>\n";
  return html;
}

}  // namespace vm::sim
