// SPDX-License-Identifier: Apache-2.0
//
// Files, devices and reports in the trace language: bad input is refused where it stands, and what is expected is
// compared.
#include <boost/test/unit_test.hpp>
#include <string>

#include "trace/alter.h"
#include "trace/parser.h"
#include "trace/reference_testbed.h"
#include "trace/runner.h"

namespace vm::trace {
namespace {

const std::string kFlat32 = "machine flat32\nprocess A\n";

void check_refused(const std::string& line, const std::string& where, const std::string& what) {
  try {
    parse_text(kFlat32 + line + "\n", "t.pwt", {});
    BOOST_ERROR("accepted: " + line);
  } catch (const InputError& error) {
    const std::string text = error.what();
    BOOST_TEST(text.starts_with("t.pwt:3:" + where + ": found "), text);
    BOOST_TEST(text.find(what) != std::string::npos, text);
  }
}

RunReport run(Trace& trace) {
  const Scenario& scenario = trace.scenarios.front();
  ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
  Runner runner(trace.files, scenario, testbed, {});
  RunReport report = runner.run();
  BOOST_TEST(testbed.mismatches() == 0U);
  return report;
}

}  // namespace

BOOST_AUTO_TEST_CASE(bad_lines_about_files_and_devices_are_refused) {
  check_refused("files short", "7", "a directory");
  check_refused("file name: 00", "6", "a file");
  check_refused("file \"\": 00", "6", "a name");
  check_refused("file \"f\" 00", "10", "':'");
  check_refused("file \"f\": 100", "11", "a byte");
  check_refused("device \"d\" printer", "12", "'framebuffer WxH', 'sound RATE SAMPLES' or 'console WxH'");
  check_refused("device \"d\" framebuffer 8", "24", "a width and a height");
  check_refused("device \"d\" framebuffer 0x8", "24", "a width and a height");
  check_refused("device \"d\" console 99999x1", "20", "a width and a height");
  check_refused("device \"d\" sound 0 5", "18", "at least 1");
  check_refused("device \"d\" sound 8000", "22", "a number of samples");
  check_refused("process B heap=0x1001", "16", "the address of a page");
  check_refused("expect device \"d\" 0:", "21", "at least one byte");
  check_refused("expect output Z: 00", "15", "a process");
  check_refused("expect maps A 7", "15", "a line of the report");
  check_refused("maps", "5", "a process");
}

BOOST_AUTO_TEST_CASE(bad_system_calls_are_refused) {
  check_refused("[A] open(3, O_RDONLY)", "10", "the name of a file");
  check_refused("[A] open(\"f\", O_TRUNC)", "15", "O_RDONLY, O_WRONLY, O_RDWR, O_CREAT");
  check_refused("[A] read(0, 0x1000)", "19", "','");
  check_refused("[A] mremap(0, 1, 2, MREMAP_MAYBE)", "21", "MREMAP_MAYMOVE");
  check_refused("[A] madvise(0, 1, 0x10000)", "19", "MADV_DONTNEED");
  check_refused("[A] write(1, r16, 1)", "14", "an address");
  check_refused("[A] close(3) = -1 EWHAT", "19", "an error");
  check_refused("[A] wait() = 5", "14", "a child");
  check_refused("[A] exit(256)", "10", "an exit status");
  check_refused("[A] execve(f, [])", "12", "the name of a file in quotes");
  check_refused("[A] execve(\"f\")", "15", "','");
  check_refused("[A] execve(\"f\", \"x\")", "17", "the arguments: [\"…\", …] or NULL");
  check_refused("[A] execve(\"f\", [x])", "18", "a text in quotes");
  check_refused("[A] execve(\"f\", [\"x\" \"y\"])", "22", "','");
  check_refused("[A] execve(\"f\", NULL, 0)", "23", "the environment");
  check_refused("[A] execve(\"f\", [], [], 0)", "23", "')'");
  check_refused("[A] execve(\"f\", []) = -1 EWHAT", "26", "ENOEXEC");
  check_refused("expect start A", "15", "'pc = ADDR' or 'sp = ADDR'");
  check_refused("expect start A pc 5", "19", "'='");
  check_refused("expect start Z pc = 5", "14", "a process");
  check_refused("[A] r1 = fork()", "10", "a register");
}

BOOST_AUTO_TEST_CASE(every_expectation_about_files_and_reports_can_fail) {
  const std::string text =
      "machine corei7\nfile \"f\": \"file\"\ndevice \"/dev/c\" console 4x1\nprocess A\n"
      "area A 0x1000..0x2000 rw\n"
      "[A] r3 = open(\"f\", O_RDONLY) = 3\n"
      "[A] S 0x1000,2 = \"ok\"\n"
      "[A] write(1, 0x1000, 2) = 2\n"
      "[A] L 0x5000,1 = segv maperr at 0x5000\n"
      "[A] mmap(0x10000, 8192, PROT_READ, MAP_SHARED|MAP_FIXED, r3, 0) = 0x10000\n"
      "[A] L 0x11000,1 = sigbus\n"
      "expect output A: \"ok\"\n"
      "expect file \"f\": \"file\"\n"
      "expect device \"/dev/c\" 0: 00\n"
      "expect maps A \"00001000-00002000 rw-p 00000000 0\"\n"
      "expect ps \"1 0 A running 1 2 12288 4096 16384\"\n"
      "expect frames \"0xf00000 refs 1 /dev/c:0\"\n"
      "[A] fork() = B\n[B] exit(5)\n"
      "[A] wait() = B status=5\n"
      "[A] wait() = -1 ECHILD\n"
      "expect count pages-read = 0\n";
  Trace trace = parse_text(text, "t.pwt", {});
  const RunReport clean = run(trace);
  BOOST_TEST(clean.failures.empty(), (clean.failures.empty() ? "" : clean.failures.front().text));
  const std::size_t count = count_expectations(trace);
  BOOST_TEST(count >= 19U);
  for (std::size_t n = 0; n < count; ++n) {
    Trace altered = parse_text(text, "t.pwt", {});
    const Alteration what = alter_expectation(altered, n);
    BOOST_TEST(!run(altered).failures.empty(), what.what);
  }
}

BOOST_AUTO_TEST_CASE(a_device_that_finds_no_uncached_memory_is_bad_input) {
  Trace trace = parse_text(
      "machine flat32\ndevice \"d\" framebuffer 4096x4096\ndevice \"e\" console 1x1\nprocess A\n[A] exit(0)\n", "t.pwt",
      {});
  BOOST_CHECK_EXCEPTION(run(trace), InputError, [](const InputError& error) {
    return std::string(error.what()).starts_with("t.pwt:3:") &&
           std::string(error.what()).find("not cached") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(steps_that_print_are_in_the_report) {
  Trace trace =
      parse_text(kFlat32 + "map A 0x400 -> 0x100 rx\n[A] L 0x400000,1\nps\nmaps A\nframes\ntables A\n", "t.pwt", {});
  const RunReport report = run(trace);
  BOOST_TEST_REQUIRE(report.texts.size() == 4U);
  BOOST_TEST(report.texts[1].find("00400000-00401000 r-xp 00000000 0 [mapped]") != std::string::npos, report.texts[1]);
  BOOST_TEST(report.texts[2].find("0x100 refs 1 A:0x400") != std::string::npos, report.texts[2]);
  BOOST_TEST(report.texts[3].find("page 0x400 frame 0x100 r-xu") != std::string::npos, report.texts[3]);
}

}  // namespace vm::trace
