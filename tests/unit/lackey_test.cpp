// SPDX-License-Identifier: Apache-2.0
//
// What lackey prints becomes a scenario that runs.
#include "trace/lackey.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "machine/error.h"
#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::test {
namespace {

class File {
 public:
  explicit File(const std::string& content)
      : path_(std::filesystem::temp_directory_path() / ("pagewalk-lackey-" + std::to_string(getpid()))) {
    std::ofstream(path_) << content;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

BOOST_AUTO_TEST_CASE(accesses_of_a_program_run_as_a_scenario) {
  const File file(
      "==7== Lackey, an example Valgrind tool\n"
      "\n"
      "I  04016930,3\n"
      " S 1ffefff0f8,8\n"
      " L 0401ffff,2\n"  // the end of one page and the beginning of another
      " M 04020010,4\n"
      "==7== \n");
  BOOST_TEST(trace::is_lackey_file(file.path()));
  const trace::Trace trace = trace::parse_text(trace::lackey_trace(file.path(), "sv39"), "lackey", {});
  const trace::Scenario& scenario = trace.scenarios.front();
  trace::ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
  trace::Runner runner(trace.files, scenario, testbed, {.seed = 1, .progress = {}});
  const trace::RunReport& report = runner.run();
  BOOST_TEST(report.failures.empty());
  BOOST_TEST(report.accesses == 5U);
  BOOST_TEST(runner.kernel().counts().missing == 4U);
}

BOOST_AUTO_TEST_CASE(what_is_no_access_is_refused) {
  BOOST_TEST(!trace::is_lackey_file(File("machine sv39\n[A] L 0,1\n").path()));
  BOOST_TEST(!trace::is_lackey_file("nowhere"));
  for (const std::string line : {" L 10,", " L 10,0", " X 10,4", " L zz,4", "L  10,4", " L 8000000000000000,4"}) {
    const File file("I  1000,4\n" + line + "\n");
    BOOST_TEST_CONTEXT(line) { BOOST_CHECK_THROW(trace::lackey_trace(file.path(), "sv39"), InputError); }
  }
  BOOST_CHECK_THROW(trace::lackey_trace(File("I  1000,4\n").path(), "no machine"), InputError);
}

}  // namespace
}  // namespace vm::test
