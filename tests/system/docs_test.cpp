// SPDX-License-Identifier: Apache-2.0
//
// Runs every example trace in the README and in docs/ (each block that begins with ```trace), and compares the lines of
// `make run` in the README with what the program prints; docs/integrate.md shows the sources that are tested.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "program.h"

namespace vm {
namespace {

std::vector<std::string> blocks(const std::string& text) {
  const std::string open = "\n```trace\n";
  std::vector<std::string> found;
  std::size_t at = 0;
  while ((at = text.find(open, at)) != std::string::npos) {
    at += open.size();
    const std::size_t end = text.find("\n```", at);
    found.push_back(text.substr(at, end + 1 - at));
    at = end;
  }
  return found;
}

BOOST_AUTO_TEST_CASE(every_example_in_the_documents_runs) {
  const Program pagewalk;
  const std::filesystem::path source = VM_SOURCE_DIR;
  std::vector<std::filesystem::path> documents = {source / "README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(source / "docs")) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  }
  std::size_t count = 0;
  for (const std::filesystem::path& document : documents) {
    for (const std::string& block : blocks(Program::read(document))) {
      const ProgramResult result = pagewalk("run " + pagewalk.file("example.pwt", block));
      BOOST_TEST(result.status == 0, document.string() + ":\n" + block + result.err.substr(0, 2000));
      ++count;
    }
  }
  BOOST_TEST(count >= 6U);
}

// The text of a block of docs/integrate.md that begins with `first`.
std::string shown_block(const std::string& document, const std::string& first) {
  const std::string open = "```systemverilog\n";
  const std::size_t at = document.find(open + first);
  BOOST_REQUIRE(at != std::string::npos);
  const std::size_t begin = at + open.size();
  return document.substr(begin, document.find("```", begin) - begin);
}

BOOST_AUTO_TEST_CASE(the_examples_of_integration_are_the_files_that_are_tested) {
  const std::filesystem::path source = VM_SOURCE_DIR;
  const std::string document = Program::read(source / "docs/integrate.md");
  BOOST_TEST(shown_block(document, "// SPDX") == Program::read(source / "tests/integrate/example_soc.sv"));
  // The instances of the example on a bus, the first block.
  BOOST_TEST(contains(Program::read(source / "tests/integrate/example_bus.sv"), shown_block(document, "  vm_top")));
}

// A line of the README stands for a line that begins so: the rest is left out there after "…".
BOOST_AUTO_TEST_CASE(the_lines_of_make_run_in_the_readme_are_what_the_program_prints) {
  const Program pagewalk;
  const std::filesystem::path source = VM_SOURCE_DIR;
  const std::string printed = "\n" + pagewalk("run " + (source / "sim/scenarios").string() + "/*.pwt").out;
  std::istringstream readme(Program::read(source / "README.md"));
  std::size_t count = 0;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("    ok   ")) continue;
    std::string shown = "\n";
    shown += line.substr(4, std::min(line.find("…"), line.size()) - 4);
    if (!line.ends_with("…")) shown += "\n";
    BOOST_TEST(contains(printed, shown), "README.md:" << shown << "\nexpected a line of" << printed);
    ++count;
  }
  BOOST_TEST(count == 3U);
}

}  // namespace
}  // namespace vm
