// SPDX-License-Identifier: Apache-2.0
//
// pagewalk coverage: files in, report out, and the exit status.
#include "coverage/coverage.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"

namespace vm {
namespace {

CoverageRecord covered() {
  CoverageRecord record = Coverage(*find_machine("toy5")).record();
  for (Bin& bin : record.bins) bin.hits = bin.reason.empty() ? 3 : 0;
  record.accesses = record.enough;
  return record;
}

constexpr const char* kPoints =
    "# SystemC::Coverage-3\n"
    "C '\x01"
    "f\x02rtl/vm_plru.sv\x01l\x02"
    "20\x01n\x02"
    "3\x01page\x02v_line/vm_plru\x01o\x02"
    "block\x01S\x02"
    "20-22\x01h\x02TOP' 4\n"
    "C '\x01"
    "f\x02rtl/vm_plru.sv\x01l\x02"
    "24\x01n\x02"
    "3\x01page\x02v_line/vm_plru\x01o\x02"
    "else\x01S\x02"
    "24\x01h\x02TOP' 0\n"
    "C '\x01"
    "f\x02rtl/vm_plru.sv\x01l\x02"
    "11\x01n\x02"
    "3\x01page\x02v_toggle/vm_plru\x01o\x02state_i[0]\x01h\x02TOP' 0\n";

BOOST_AUTO_TEST_CASE(a_complete_record_makes_a_report_and_exits_0) {
  const Program pagewalk;
  const std::string file = pagewalk.file("toy5.json", covered().to_json().dump());
  const std::string lines = pagewalk.file("toy5.dat", kPoints);
  const ProgramResult result = pagewalk("coverage " + file + " " + lines + " -o " + pagewalk.path("report"));
  BOOST_TEST(result.status == 0, result.out + result.err);
  const std::string html = Program::read(pagewalk.path("report") + "/index.html");
  BOOST_TEST(contains(html, "<h2 id=\"toy5\">"));
  BOOST_TEST(contains(html, "3 of 4 lines ran"), "lines");
  BOOST_TEST(contains(html, "unchanged: state_i[0]"));
  BOOST_TEST(!contains(html, "http"), "the report needs no other file");
}

BOOST_AUTO_TEST_CASE(a_missed_claim_exits_1_and_is_named) {
  const Program pagewalk;
  CoverageRecord record = covered();
  Bin* missed = nullptr;
  for (Bin& bin : record.bins) {
    if (bin.reason.empty()) missed = &bin;
  }
  missed->hits = 0;
  const std::string file = pagewalk.file("toy5.json", record.to_json().dump());
  const ProgramResult result = pagewalk("coverage " + file + " -o " + pagewalk.path("report.html"));
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "not hit: " + missed->group + ": " + missed->name), result.out);
  BOOST_TEST(contains(Program::read(pagewalk.path("report.html")), "Claimed and not hit: 1"));
  // A second run that hits it makes up for it.
  const std::string other = pagewalk.file("other.json", covered().to_json().dump());
  BOOST_TEST(pagewalk("coverage " + file + " " + other + " -o " + pagewalk.path("report.html")).status == 0);
}

BOOST_AUTO_TEST_CASE(a_few_accesses_claim_nothing) {
  const Program pagewalk;
  CoverageRecord record = Coverage(*find_machine("toy5")).record();
  record.accesses = record.enough - 1;
  const std::string file = pagewalk.file("toy5.json", record.to_json().dump());
  BOOST_TEST(pagewalk("coverage " + file + " -o " + pagewalk.path("report.html")).status == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_coverage_file_exits_2_with_a_sentence_and_no_report) {
  const Program pagewalk;
  const auto refuse = [&](const std::string& name, const std::string& content, const std::string& sentence) {
    const std::string file = pagewalk.file(name, content);
    const ProgramResult result = pagewalk("coverage " + file + " -o " + pagewalk.path("report.html"));
    BOOST_TEST(result.status == 2);
    BOOST_TEST(contains(result.err, file), result.err);
    BOOST_TEST(contains(result.err, sentence), result.err);
    BOOST_TEST(!std::filesystem::exists(pagewalk.path("report.html")));
  };
  refuse("text.json", "not json", "expected the JSON of a coverage file");
  refuse("part.json", R"({"machine": "toy5"})", "is not a coverage file");
  refuse("text.dat", "nothing", "expected the coverage file of a machine");
  refuse("part.dat", "# SystemC::Coverage-3\nC nothing\n", ":2: expected a coverage point");
}

}  // namespace
}  // namespace vm
