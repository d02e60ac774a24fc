// SPDX-License-Identifier: Apache-2.0
//
// Bad input: one sentence that says where and what was expected, and exit status 2.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>

#include "program.h"

namespace vm {
namespace {

// `place` is LINE:COLUMN.
void check_trace(const std::string& text, const std::string& place, const std::string& expected) {
  const Program pagewalk;
  const std::string file = pagewalk.file("bad.pwt", text);
  const ProgramResult result = pagewalk("run " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(result.err.starts_with("pagewalk: " + file + ":" + place + ": found "), result.err);
  BOOST_TEST(contains(result.err, expected), result.err);
  BOOST_TEST(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

void check_command(const std::string& arguments, const std::string& expected) {
  const Program pagewalk;
  const ProgramResult result = pagewalk(arguments);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, expected), result.err);
}

BOOST_AUTO_TEST_CASE(an_unknown_machine) {
  check_trace("machine vax\n", "1:9", "expected a machine, or its file in quotes: toy10, toy5");
}

BOOST_AUTO_TEST_CASE(pages_that_cannot_become_large_and_ranges_that_cannot_be_touched) {
  const std::string start = "machine sv39\nprocess A\n";
  check_trace(start + "promote A 0x600 4K\n", "3:17", "expected a size of several base pages");
  check_trace(start + "promote A 0x600 3M\n", "3:17", "expected a page size of sv39: 4K, 2M, 1G, 64K");
  check_trace(start + "[A] touch 0x1000..0x1000\n", "3:19", "expected an address above the first");
  check_trace(start + "[A] thread() = A\n", "3:16", "expected a name that no process has yet");
}

BOOST_AUTO_TEST_CASE(an_unknown_process) {
  check_trace("machine toy5\nprocess A\n[B] L 0,1\n", "3:2", "expected a process: A");
}

BOOST_AUTO_TEST_CASE(an_unknown_process_with_the_machines_own_setup) {
  check_trace("machine csapp14\n[B] L 0,1\n", "2:2", "expected a process: A");
}

BOOST_AUTO_TEST_CASE(an_address_that_is_too_wide) {
  check_trace("machine toy5\n[A] L 0x20,1\n", "2:7", "at most 5 bits");
}

BOOST_AUTO_TEST_CASE(a_syntax_error) { check_trace("machine toy5\n[A] L 0x10 1\n", "2:12", "expected ','"); }

BOOST_AUTO_TEST_CASE(an_absurd_size) {
  check_trace("machine flat32\n[A] L 0,1000000000000\n", "2:9", "from 1 to 65536");
}

BOOST_AUTO_TEST_CASE(binary_garbage) {
  check_trace(std::string("\x7f"
                          "ELF\x01\0\0\0\xff",
                          9),
              "1:1", "expected a word");
}

BOOST_AUTO_TEST_CASE(a_page_size_the_machine_does_not_have) {
  check_trace("machine sv39\nprocess A\nmap A 0 -> 0x80000 4M\n", "3:20", "a page size of sv39: 4K, 2M, 1G, 64K");
}

BOOST_AUTO_TEST_CASE(a_superpage_that_does_not_start_at_one) {
  const Program pagewalk;
  const std::string file = pagewalk.file("bad.pwt", "machine sv39\nprocess A\nmap A 1 -> 0x80200 2M\n");
  const ProgramResult result = pagewalk("run " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, ":3:5: page 0x1 -> frame 0x80200: both must be multiples of 512"), result.err);
}

BOOST_AUTO_TEST_CASE(a_mode_bit_of_another_architecture) {
  check_trace("machine sv39\nenv smep=1\n", "2:5", "a mode bit of sv39 (adue, pbmte)");
  check_trace("machine flat32\nenv pge=1\n", "2:5", "it has none");
}

BOOST_AUTO_TEST_CASE(kernel_space_that_the_machine_cannot_have) {
  check_trace("machine toy5\nkernel split 2/2\n", "2:8", "a machine whose entries can keep users out (toy5's cannot)");
  check_trace("machine sv39\nkernel split 3/1\n", "2:14", "'upper': kernel space of sv39 is the upper half");
  check_trace("machine flat32\nkernel split upper\n", "2:14", "2/2 or 3/1");
  check_trace("machine flat32\nkernel split 3/2\n", "2:16", "expected '1'");
  check_trace("machine flat32\nkernel split 3/1 direct=5B\n", "2:25", "a multiple of 4096 bytes");
  check_trace("machine flat32\nkernel trapswap\n", "2:8", "a machine that changes tables when an exception starts");
  check_trace("machine flat32\nkernel space\n", "2:8", "'split' or 'trapswap'");
  check_trace("machine flat32\nkernel split 3/1 trap\n", "2:18",
              "'direct=SIZE', 'pool=N', 'traps' or the end of the line");
  check_trace("machine sv39\nkernel split upper pool=9\n", "2:25", "a number of pages up to 6");
  check_trace("machine flat32\nprocess A\nkernel split 3/1\n", "3:8", "`kernel` before the first process");
}

BOOST_AUTO_TEST_CASE(asids_that_the_machine_does_not_have) {
  check_trace("machine toy5\nasids 2\n", "2:7", "a machine with ASIDs (toy5 has none)");
  check_trace("machine lewis16\nasids 17\n", "2:7", "a number of ASIDs, at most 0x10");
  check_trace("machine lewis16\nprocess A\nasids 2\n", "3:7", "`asids` before the first process");
}

// What only the operating system can judge.
BOOST_AUTO_TEST_CASE(what_does_not_fit_kernel_space) {
  const auto check = [](const std::string& lines, const std::string& sentence,
                        const std::string& machine = "machine sv39\nkernel split upper\n") {
    const Program pagewalk;
    const std::string file = pagewalk.file("bad.pwt", machine + lines);
    const ProgramResult result = pagewalk("run --model " + file);
    BOOST_TEST(result.status == 2);
    BOOST_TEST(contains(result.err, sentence), result.err);
  };
  check("kernel split upper\n", ":3:8: there is kernel space already");
  check("env adue=0\n", ":3:5: mode bits are chosen before kernel space");
  check("process A table=0x80000000\n",
        ":3:9: table= of process A: its table is the kernel's, up to the end of kernel space");
  check("process A\nmap A 0x4000000 -> 0x80100 rw\n",
        ":4:5: page 0x4000000 lies in kernel space: expected rights with k");
  check("process A\nmap A 0x4000000 -> 0x80100 rwk global\n",
        "a page beside the direct map, the kernel's code and data");
  check("process A\nmap A 0x7FFFFF0 -> 0x80100 rwk global\n", "a page below what each process has for itself");
  check("process A\narea A 0xBFFFF000..0xC0001000 rw\n", ":4:6: area 0xbffff000..0xc0001000 reaches into kernel space",
        "machine flat32\nkernel split 3/1\n");
  check("asids 2\nprocess A asid=2\n", ":4:9: asid=2 of process A: there are 2");
}

BOOST_AUTO_TEST_CASE(mode_bits_after_the_first_process) {
  check_trace("machine sv39\nprocess A\nenv adue=0\n", "3:5", "before the first process");
}

BOOST_AUTO_TEST_CASE(a_mode_with_too_many_levels) {
  check_trace("machine sv48\nmode sv57\n", "2:6", "a mode of sv48: sv39, sv48");
}

BOOST_AUTO_TEST_CASE(a_limit_where_tables_have_none) {
  const Program pagewalk;
  const std::string file = pagewalk.file("bad.pwt", "machine sv39\nprocess A limit=4\n");
  const ProgramResult result = pagewalk("run " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "tables of machine sv39 have no limit"), result.err);
}

BOOST_AUTO_TEST_CASE(an_entry_across_two) {
  check_trace("machine sv39\nentry 0x80000004 = 1\n", "2:7", "a multiple of 8 where sv39 has memory");
}

BOOST_AUTO_TEST_CASE(an_empty_file) { check_trace("", "1:1", "expected a `machine` line"); }

BOOST_AUTO_TEST_CASE(a_table_in_a_hole_of_memory) {
  const Program pagewalk;
  const ProgramResult result = pagewalk(
      "run " + pagewalk.file("a.pwt", "machine flat32\nprocess A table=0x38000000\nmap A 0 -> 1\n[A] L 0,1\n"));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "a.pwt:3:5: "), result.err);
  BOOST_TEST(contains(result.err, "no working memory at 0x38000000"), result.err);
}

BOOST_AUTO_TEST_CASE(a_missing_file) { check_command("run no/such/trace.pwt", "no/such/trace.pwt"); }

BOOST_AUTO_TEST_CASE(a_missing_included_file_names_the_line) {
  const Program pagewalk;
  const std::string file = pagewalk.file("a.pwt", "machine toy5\ninclude \"b.pwt\"\n");
  const ProgramResult result = pagewalk("run " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, file + ":2:9: found no file"), result.err);
}

BOOST_AUTO_TEST_CASE(a_file_that_includes_itself) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run " + pagewalk.file("a.pwt", "machine toy5\ninclude \"b.pwt\"\n") + " " +
                                        pagewalk.file("b.pwt", "include \"b.pwt\"\n"));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "b.pwt:1:9"), result.err);
}

BOOST_AUTO_TEST_CASE(a_directory_instead_of_a_file) {
  check_command("run /", "found the directory '/', expected a trace file");
}

BOOST_AUTO_TEST_CASE(a_swap_file_of_the_wrong_size) {
  check_trace("machine csapp14\nswap 64\n", "2:6", "entries of csapp14 can name 63 slots");
  check_trace("machine sv39\nswap 0\n", "2:6", "at least one page");
  check_trace("machine sv39\nswap 4 unwritable 0..2\n", "2:22", "slots from 1 upwards");
  check_trace("machine sv39\nswap 4 unreadable 3..2\n", "2:22", "slots from 1 upwards");
  check_trace("machine sv39\nswap 4 slow\n", "2:8", "'unwritable F..L', 'unreadable F..L' or the end of the line");
}

BOOST_AUTO_TEST_CASE(policies_that_are_none) {
  check_trace("machine sv39\novercommit perhaps\n", "2:12", "'on' or 'off'");
  check_trace("machine sv39\noom panic\n", "2:5", "'kill' or 'refuse'");
  check_trace("machine sv39\nreplacement clock\n", "2:13", "a policy of replacement: fifo, second-chance");
  check_trace("machine sv39\nreplacement fifo zone=1\n", "2:18", "'high=N' or the end of the line");
  check_trace("machine sv39\nreplacement linux low=3 high=2\n", "2:19", "low=N not above high=N");
  check_trace("machine sv39\nreplacement linux zone=5 zone=5\n", "2:31", "zones in rising order");
  check_trace("machine sv39\nreplacement windows minimum=3 maximum=2\n", "2:21", "maximum=N not below minimum=N");
  check_trace("machine sv39\nreplacement windows second=0\n", "2:28", "at least one access");
  check_trace("machine sv39\nreplacement windows zone=1\n", "2:21", "'modified=N', 'zeroed=N' or the end of the line");
  check_trace("machine sv39\nreplacement linux minimum=1\n", "2:19", "'swappiness=N' or the end of the line");
  check_trace("machine sv39\nbad 0x80100\n", "2:5", "a scenario with `replacement windows`");
  check_trace("machine sv39\nreplacement windows\nhold \"f\"\n", "3:9", "'on' or 'off'");
  check_trace("machine sv39\nprocess A = maybe\n", "2:13", "'nomem' or 'any'");
  check_trace("machine sv39\nforget everything\n", "2:8", "what fences are owed for: map, unmap");
  check_trace("machine sv39\nprocess A\nrlimit A\n", "3:9", "'resident=N' or 'memory=N'");
  check_trace("machine sv39\n[A] L 0,1 = segv\nzeropage\n", "3:1", "setup lines stand before the first step");
  check_command("run --forget everything x.pwt", "--forget everything, expected what fences are owed for: map");
}

BOOST_AUTO_TEST_CASE(a_fork_that_is_none) {
  check_trace("machine sv39\n[A] fork(spoon) = B\n", "2:10", "a way to fork: copy, table, entries");
  check_trace("machine sv39\n[A] vfork(copy) = B\n", "2:11", "expected ')'");
}

BOOST_AUTO_TEST_CASE(expectations_about_memory_that_are_none) {
  check_trace("machine sv39\nexpect frames lost = 1\n", "2:15", "'free', 'saved' or a line of the report in quotes");
  check_trace("machine sv39\nexpect process A asleep\n", "2:18", "'running', 'suspended' or 'killed'");
  check_trace("machine sv39\nmeasure x\nmeasure x\n", "3:9", "a name that was not measured yet");
  check_trace("machine sv39\nmeasure x\nexpect cycles x\n", "3:16", "'>' and another name");
  check_trace("machine sv39\nexpect cycles x > y\n", "2:15", "a name that was measured before");
}

BOOST_AUTO_TEST_CASE(a_process_that_cannot_start_and_a_file_that_is_not_there) {
  const Program pagewalk;
  const std::pair<std::string, std::string> cases[] = {
      {"machine sv39\nfree 0x80100..0x80103\nreplacement windows minimum=2\nprocess A\n",
       "bad.pwt:4:9: cannot start process A: not enough memory"},
      {"machine sv39\nreplacement windows\nprocess A\nhold \"f\" on\n",
       "bad.pwt:4:1: file 'f' cannot be held back: there is no such file"}};
  for (const auto& [text, expected] : cases) {
    const ProgramResult result = pagewalk("run --model " + pagewalk.file("bad.pwt", text));
    BOOST_TEST(result.status == 2);
    BOOST_TEST(contains(result.err, expected), result.err);
  }
}

BOOST_AUTO_TEST_CASE(a_process_that_may_not_run) {
  const Program pagewalk;
  const std::string file = pagewalk.file("bad.pwt", "machine sv39\n[A] vfork() = B\n[A] L 0,1\n");
  const ProgramResult result = pagewalk("run --model " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "process A is suspended: B has its address space until it exits or execs"),
             result.err);
}

BOOST_AUTO_TEST_CASE(a_swap_file_that_cannot_be_made) {
  const Program pagewalk;
  const std::string file = pagewalk.file("swap.pwt", "machine sv39\nswap 4\n[A] L 0,1 = segv\n");
  const ProgramResult result = pagewalk("run --model --swap-file /nowhere/swap " + file);
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "the swap file /nowhere/swap cannot be made"), result.err);
  BOOST_TEST(pagewalk("run --model --swap-file " + pagewalk.path("swap") + " " + file).status == 0);
}

BOOST_AUTO_TEST_CASE(an_unknown_option) { check_command("run --frobnicate x.pwt", "--frobnicate"); }

BOOST_AUTO_TEST_CASE(no_command) { check_command("", "subcommand"); }

BOOST_AUTO_TEST_CASE(a_latency_that_is_none) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run --latency fast " + pagewalk.file("a.pwt", "machine toy5\n[A] L 0,1\n"));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "--latency:1:1: found 'fast', expected a number of cycles"), result.err);
}

BOOST_AUTO_TEST_CASE(an_address_to_explain_that_is_none) {
  check_command("explain 0xZZ --machine toy5", "expected an address");
}

BOOST_AUTO_TEST_CASE(an_address_to_explain_that_is_too_wide) {
  check_command("explain 0x20 --machine toy5", "at most 5 bits");
}

BOOST_AUTO_TEST_CASE(explaining_on_an_unknown_machine) {
  check_command("explain 0 --machine vax", "'vax', expected one of toy10");
}

BOOST_AUTO_TEST_CASE(explaining_a_page_size_that_is_no_power_of_two) {
  check_command("explain --va-bits 32 --page-size 1000", "power of two");
}

BOOST_AUTO_TEST_CASE(a_directory_of_files_that_is_none) {
  const Program pagewalk;
  const std::string trace = pagewalk.file("f.pwt", "machine sv39\nfiles \"nowhere\"\nprocess A\n[A] exit(0)\n");
  const ProgramResult named = pagewalk("run --model " + trace);
  BOOST_TEST(named.status == 2);
  BOOST_TEST(contains(named.err, "f.pwt:2:7: found no directory"), named.err);
  const ProgramResult option = pagewalk("run --model --files " + pagewalk.path("missing") + " " + trace);
  BOOST_TEST(option.status == 2);
  BOOST_TEST(contains(option.err, "found no directory"), option.err);
}

BOOST_AUTO_TEST_CASE(a_report_of_a_process_that_there_is_not) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("maps " + pagewalk.file("f.pwt", "machine sv39\nprocess A\n[A] exit(0)\n"));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "found no process 'A'"), result.err);
}

BOOST_AUTO_TEST_CASE(nothing_is_run_when_one_of_the_files_is_bad) {
  const Program pagewalk;
  const ProgramResult result = pagewalk("run " + pagewalk.file("good.pwt", "machine toy5\n[A] L 0,1\n") + " " +
                                        pagewalk.file("bad.pwt", "machine toy6\n"));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(result.out == "");
}

}  // namespace
}  // namespace vm
