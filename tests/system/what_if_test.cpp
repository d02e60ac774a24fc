// SPDX-License-Identifier: Apache-2.0
//
// What if the operating system forgets a fence, or forks the wrong way? Each trace is clean as it is, and shows a stale
// access or a wrong value when the kernel does less than it owes: on the hardware and on the reference platform.
#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>

#include "fuzz/elf_writer.h"
#include "program.h"

namespace vm {
namespace {

struct WhatIf {
  std::string option;  // with which the trace goes wrong
  std::string trace;
  std::string finding;  // the check that sees it on the hardware
};

std::ostream& operator<<(std::ostream& out, const WhatIf& w) { return out << w.option; }

const std::string kOne =
    "machine sv39\nprocess A\narea A 0x600000..0x610000 rwx\n"
    "[A] S 0x600000,8 = 17\n";

// Sixteen address-space numbers, seventeen processes: the last takes the first one's.
std::string seventeen_processes() {
  std::string text = "machine lewis16\n";
  for (unsigned i = 0; i < 17; ++i) text += "process P" + std::to_string(i) + "\n";
  text += "map P0 5 -> 0x700\nmap P16 5 -> 0x701\n[P0] L 0x50,1\n";
  for (unsigned i = 1; i < 16; ++i) text += "switch P" + std::to_string(i) + "\n";
  return text + "[P16] L 0x50,1\n";
}

// What the old image stored is where the text of the new one begins.
std::string another_program() {
  const fuzz::ElfDraft draft{.target = elf_target(*find_machine("sv39")),
                             .segments = {{.va = 0x600000, .rights = {}, .bytes = {0x13, 0, 0, 0}}}};
  std::string text = "machine sv39\nfile \"prog\":";
  for (const std::uint8_t byte : fuzz::write_elf(draft)) text += fmt::format(" {:02X}", byte);
  return text + "\n" + kOne.substr(kOne.find('\n') + 1) +
         "[A] execve(\"prog\", [\"prog\"]) = 0\n[A] L 0x600000,4 = {7F 45 4C 46}\n";
}

const WhatIf kWhatIfs[] = {
    {"--forget map",
     "machine sv39\nprocess A\nmap A 0x600 -> 0x80100 rw\n"
     "[A] L 0x600000,8\nmap A 0x600 -> 0x80101 rw\n[A] L 0x600000,8\n",
     "translation.os-map"},
    {"--forget unmap", kOne + "[A] munmap(0x600000, 4096) = 0\n[A] L 0x600000,8 = segv\n", "translation.os-map"},
    {"--forget exec", another_program(), "translation.os-map"},
    {"--forget protect", kOne + "[A] mprotect(0x600000, 4096, PROT_READ) = 0\n[A] S 0x600000,8 = 2 = segv\n",
     "translation.os-map"},
    {"--forget fork", kOne + "[A] fork() = B\n[A] S 0x600000,8 = 18\n[B] L 0x600000,8 = 17\n", "translation.os-map"},
    {"--forget copy",
     kOne + "[A] fork() = B\n[B] I 0x600000,4 = 17\n[B] S 0x600000,8 = 19 faults=1\n[B] I 0x600000,4\n",
     "translation.os-map"},
    {"--forget pageout",
     "machine sv39\nswap 4\nprocess A\narea A 0x600000..0x610000 rw\n"
     "[A] S 0x600000,8 = 17\nswapout A 0x600\n[A] L 0x600000,8 = 17\n",
     "translation.os-map"},
    {"--forget switch", "machine lewis8\nprocess A\nprocess B\nmap A 0 -> 5\nmap B 0 -> 6\n[A] L 0,4\n[B] L 0,4\n",
     "translation.os-map"},
    {"--forget asid", seventeen_processes(), "translation.os-map"},
    // Two numbers, three processes: they roll over.
    {"--forget asid",
     "machine sv39\nkernel split upper traps\nasids 2\nprocess A\nprocess B\nprocess C\n"
     "map A 5 -> 0x80105 rw\nmap B 5 -> 0x80205 rw\nmap C 5 -> 0x80305 rw\n"
     "[A] L 0x5000,8\n[B] L 0x5000,8\n[C] L 0x5000,8\n[A] L 0x5000,8\n",
     "translation.os-map"},
    // A page of kernel space goes: another process finds it still.
    {"--forget map",
     "machine sv39\nkernel split upper\nprocess A\nprocess B\nmap A 0x7F7FFFF -> 0x80100 rwk global\n"
     "[A:kernel] L 0xFFFFFFFF7FFFF000,8\nunmap A 0x7F7FFFF\n"
     "[B:kernel] L 0xFFFFFFFF7FFFF000,8 = fault invalid\n",
     "translation.os-map"},
    {"--forget switch",
     "machine sv39\nasids 0\nprocess A\nprocess B\nmap A 5 -> 0x80105 rw\nmap B 5 -> 0x80205 rw\n"
     "[A] L 0x5000,8\n[B] L 0x5000,8\n",
     "translation.os-map"},
    // The last of sixteen pages makes them one, in another block of frames.
    {"--forget promote",
     "machine sv39\nprocess A\narea A 0x600000..0x610000 rw\n[A] S 0x60F000,8 = 15\n"
     "[A] touch 0x600000..0x60F000\npromote A 0x600 64K\n[A] L 0x60F000,8 = 15\n",
     "translation.os-map"},
    // One frame: code of a page that left memory is fetched where the page that comes back should be.
    {"--forget fetch-sync",
     "machine sv39\nfree 0x80100 0x80200..0x80202\nswap 2\nprocess A\narea A 0x600000..0x602000 rwx\n"
     "[A] S 0x601000,8 = 0x93\n[A] I 0x600000,4 = 0\n[A] I 0x601000,4 = 0x93\n",
     "translation.image"},
};

BOOST_DATA_TEST_CASE(a_forgotten_fence_shows_as_a_stale_access, boost::unit_test::data::make(kWhatIfs), w) {
  const Program pagewalk;
  const std::string file = pagewalk.file("trace.pwt", w.trace);
  for (const std::string platform : {"", "--model "}) {
    const ProgramResult clean = pagewalk(fmt::format("run {}{}", platform, file));
    BOOST_TEST(clean.status == 0, clean.err);
    const ProgramResult forgotten = pagewalk(fmt::format("run {}{} {}", platform, w.option, file));
    BOOST_TEST(forgotten.status == 1);
    BOOST_TEST(contains(forgotten.out, " 0 passed"), forgotten.out);
    BOOST_TEST(contains(forgotten.out, "1 mismatches"), forgotten.out);
    if (platform.empty()) BOOST_TEST(contains(forgotten.err, w.finding), forgotten.err);
    if (platform.empty()) BOOST_TEST(contains(forgotten.err, w.option), forgotten.err);  // in the replay command
  }
}

// The hardware stores on without noting it, so the file misses what was stored: nothing that an access could show.
BOOST_AUTO_TEST_CASE(a_forgotten_fence_of_a_write_back_loses_a_store) {
  const Program pagewalk;
  for (const std::string machine : {"sv39", "corei7"}) {
    const std::string file =
        pagewalk.file("trace.pwt", "machine " + machine +
                                       "\nfile \"f\": 00 00\nprocess A\n[A] open(\"f\", O_RDWR) = 3\n"
                                       "[A] mmap(0x600000, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0)\n"
                                       "[A] S 0x600000,1 = 1\n[A] msync(0x600000, 4096, MS_SYNC) = 0\n"
                                       "[A] S 0x600001,1 = 2\n[A] msync(0x600000, 4096, MS_SYNC) = 0\n"
                                       "expect file \"f\": 01 02\n");
    for (const std::string platform : {"", "--model "}) {
      BOOST_TEST(pagewalk(fmt::format("run {}{}", platform, file)).status == 0);
      const ProgramResult forgotten = pagewalk(fmt::format("run {}--forget write-back {}", platform, file));
      BOOST_TEST(forgotten.status == 1);
      BOOST_TEST(
          (contains(forgotten.err, "expected 01 02, found 01 00") || contains(forgotten.err, "translation.walk")),
          forgotten.err);
    }
  }
}

// Three frames for four pages. All are in use when the fourth comes, so the hand takes all their accessed bits and the
// oldest page. The hardware remembers the second page and, without the fence, does not set its bit again: it is the
// next to go, though it is in use. Nothing else is wrong: no check says anything, every value is right.
BOOST_AUTO_TEST_CASE(a_forgotten_fence_of_an_accessed_bit_makes_the_choice_of_pages_worse_and_nothing_else) {
  const Program pagewalk;
  for (const std::string start : {"machine sv39\nfree 0x80100..0x80105\n", "machine corei7\nfree 0x100..0x106\n"}) {
    const auto trace = [&](bool fenced) {
      return pagewalk.file("trace.pwt",
                           fmt::format("{}swap 4\nreplacement second-chance\nprocess A\narea A 0x600000..0x608000 rw\n"
                                       "[A] S 0x600000,8 = 1\n[A] S 0x601000,8 = 2\n[A] S 0x602000,8 = 3\n"
                                       "[A] L 0x601000,8 = 2\n[A] S 0x603000,8 = 4\n[A] L 0x601000,8 = 2 faults=0\n"
                                       "[A] L 0x600000,8 = 1 faults=1\nexpect fences reference = {}\n"
                                       "[A] L 0x601000,8 = 2 faults={}\nexpect count missing = {}\n",
                                       start, fenced ? 4 : 0, fenced ? 0 : 1, fenced ? 5 : 6));
    };
    for (const std::string platform : {"", "--model "}) {
      const ProgramResult clean = pagewalk(fmt::format("run {}{}", platform, trace(true)));
      BOOST_TEST(clean.status == 0, clean.err);
      const ProgramResult worse = pagewalk(fmt::format("run {}--forget reference {}", platform, trace(false)));
      BOOST_TEST(worse.status == 0, worse.err);
      BOOST_TEST(contains(worse.out, "0 mismatches"), worse.out);
    }
  }
}

// The same as a line of the trace, and counted.
BOOST_AUTO_TEST_CASE(a_trace_may_say_what_is_forgotten) {
  const Program pagewalk;
  const std::string file =
      pagewalk.file("trace.pwt",
                    "machine sv39\nforget fork protect\nprocess A\narea A 0x600000..0x610000 rw\n"
                    "[A] S 0x600000,8 = 17\n[A] fork() = B\nexpect fences fork = 0\nexpect count withheld = 1\n");
  BOOST_TEST(pagewalk("run " + file).status == 0);  // nobody came across the stale entry
}

void check_wrong_fork(const std::string& steps, bool wrong) {
  const Program pagewalk;
  for (const std::string start : {"machine sv39\n", "machine corei7\n"}) {
    const std::string file = pagewalk.file(
        "trace.pwt",
        fmt::format("{}process A\narea A 0x600000..0x610000 rwx\n[A] S 0x600000,8 = 17\n{}", start, steps));
    const ProgramResult hardware = pagewalk("run " + file);
    BOOST_TEST(hardware.status == (wrong ? 1 : 0), hardware.err);
    BOOST_TEST(contains(hardware.err, "translation.image") == wrong, hardware.err);
    BOOST_TEST(pagewalk("run --model " + file).status == (wrong ? 1 : 0));
  }
}

BOOST_AUTO_TEST_CASE(a_child_with_a_copy_of_the_table_sees_what_the_parent_stores_later) {
  check_wrong_fork("[A] fork(table) = B\n[B] L 0x600000,8 = 17\n", false);
  check_wrong_fork("[A] fork(table) = B\n[A] S 0x600000,8 = 18\n[B] L 0x600000,8\n", true);
}

BOOST_AUTO_TEST_CASE(entries_alone_can_keep_track_of_one_fork_but_not_of_two) {
  check_wrong_fork(
      "[A] fork(entries) = B\n[B] S 0x600000,8 = 19\n[A] S 0x600000,8 = 18 faults=0\n"
      "[B] L 0x600000,8 = 19\n",
      false);
  check_wrong_fork(
      "[A] fork(entries) = B\n[A] fork(entries) = C\n[B] S 0x600000,8 = 19\n"
      "[A] S 0x600000,8 = 18\n[C] L 0x600000,8\n",
      true);
}

}  // namespace
}  // namespace vm
