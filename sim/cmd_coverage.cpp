// SPDX-License-Identifier: Apache-2.0
//
// pagewalk coverage: adds up coverage files and writes the report.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "coverage_html.h"
#include "machine/error.h"

namespace vm::sim {
namespace {

struct CoverageOptions {
  std::vector<std::filesystem::path> files;
  std::filesystem::path output = "build/coverage/index.html";
};

void add(std::vector<CoverageRecord>& records, CoverageRecord record) {
  for (CoverageRecord& known : records) {
    if (known.machine == record.machine) return known.merge(record);
  }
  records.push_back(std::move(record));
}

// One machine's record, or "machines": a list of them.
void read_records(std::vector<CoverageRecord>& records, const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("{}: cannot be read", file.string()));
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    throw InputError(fmt::format("{}: expected the JSON of a coverage file", file.string()));
  }
  if (!json.contains("machines")) return add(records, CoverageRecord::from_json(json, file.string()));
  for (const nlohmann::json& machine : json.at("machines")) {
    add(records, CoverageRecord::from_json(machine, file.string()));
  }
}

// Complete or not at all.
void write_whole(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::path part = file;
  part += ".part";
  if (!file.parent_path().empty()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(part);
  out << text;
  out.close();
  if (!out) throw InputError(fmt::format("{}: cannot be written", file.string()));
  std::filesystem::rename(part, file);
}

bool report(const CoverageRecord& record) {
  const std::size_t claimed = record.claimed(), missing = record.uncovered().size();
  fmt::print("{:<12} {:>9} accesses  {:>4} of {:>4} claimed bins hit, {:>3} unreachable{}\n", record.machine,
             record.accesses, claimed - missing, claimed, record.bins.size() - claimed,
             record.accesses < record.enough ? ", claims not enforced" : "");
  for (const Bin* bin : record.impossible()) {
    fmt::print("  hit, though said to be unreachable ({}): {}: {}\n", bin->reason, bin->group, bin->name);
  }
  if (record.accesses >= record.enough) {
    for (const Bin* bin : record.uncovered()) fmt::print("  not hit: {}: {}\n", bin->group, bin->name);
  }
  return record.failed();
}

int coverage(const CoverageOptions& options) {
  std::vector<CoverageRecord> records;
  LineCoverage lines;
  for (const std::filesystem::path& file : options.files) {
    if (file.extension() == ".dat") {
      lines.read(file);
    } else {
      read_records(records, file);
    }
  }
  const std::filesystem::path output =
      options.output.extension() == ".html" ? options.output : options.output / "index.html";
  write_whole(output, coverage_html(records, lines));
  bool failed = false;
  for (const CoverageRecord& record : records) failed = report(record) || failed;
  fmt::print("report: {}\n", output.string());
  return failed ? kFailed : kClean;
}

}  // namespace

void add_coverage(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("coverage", "Add up coverage files and write the report");
  auto options = std::make_shared<CoverageOptions>();
  command
      ->add_option(
          "FILE", options->files,
          "Functional coverage (JSON, of fuzz --coverage), and lines and toggles (.dat, of machines built for it)")
      ->required();
  command->add_option("-o,--output", options->output, "The report, or the folder it goes into")->capture_default_str();
  command->callback([options, &exit_status] { exit_status = coverage(*options); });
}

}  // namespace vm::sim
