// SPDX-License-Identifier: Apache-2.0
//
// pagewalk compare: one trace under several policies, over the size of memory.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "program.h"

namespace vm {
namespace {

// Belady's trace; three tables beside the frames for pages.
const std::string kTrace =
    "machine sv39\nfree 0x80100..0x8010F\nswap 8\nprocess A\narea A 0x600000..0x610000 rw\n"
    "[A] S 0x601000,8\n[A] S 0x602000,8\n[A] S 0x603000,8\n[A] S 0x604000,8\n[A] L 0x601000,8\n[A] L 0x602000,8\n"
    "[A] S 0x605000,8\n[A] L 0x601000,8\n[A] L 0x602000,8\n[A] L 0x603000,8\n[A] L 0x604000,8\n[A] L 0x605000,8\n";

std::string content(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

BOOST_AUTO_TEST_CASE(policies_are_compared_on_the_hardware_and_without) {
  const Program pagewalk;
  const std::string trace = pagewalk.file("trace.pwt", kTrace);
  const std::string csv = pagewalk.file("out.csv", ""), svg = pagewalk.file("out.svg", "");
  for (const std::string platform : {"", " --model"}) {
    const ProgramResult run = pagewalk(fmt::format(
        "compare {} --policy fifo --policy optimal --frames 6,7 --csv {} --svg {}{}", trace, csv, svg, platform));
    BOOST_TEST(run.status == 0, run.err);
    BOOST_TEST(contains(run.out, "seed 1"));
    const std::string figures = content(csv);
    BOOST_TEST(contains(figures, "fifo,6,12,9,"), figures);
    BOOST_TEST(contains(figures, "fifo,7,12,10,"), figures);
    BOOST_TEST(contains(figures, "optimal,6,12,7,"), figures);
    const std::string picture = content(svg);
    BOOST_TEST(contains(picture, "page faults"));
    BOOST_TEST(contains(picture, "cycles per access") == platform.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_compared_is_said_in_a_sentence) {
  const Program pagewalk;
  const std::string trace = pagewalk.file("trace.pwt", kTrace);
  const ProgramResult small = pagewalk("compare --model " + trace + " --policy lru --frames 3");
  BOOST_TEST(small.status == 0);
  BOOST_TEST(contains(small.out, "too little memory\n"), small.out);
  const std::string no_swap = pagewalk.file("no_swap.pwt",
                                            "machine sv39\nfree 0x80100..0x80110\nprocess A\n"
                                            "area A 0x600000..0x610000 rw\n"
                                            "[A] S 0x600000,8 = 1\n[A] S 0x601000,8 = 1\n");
  const ProgramResult full = pagewalk("compare --model " + no_swap + " --policy lru --frames 4");
  BOOST_TEST(contains(full.out, "too little memory, and no swap file for pages that were stored to"), full.out);
  BOOST_TEST(pagewalk("compare --model " + trace + " --policy clock").status == 2);
  BOOST_TEST(pagewalk("compare --model " + trace + " --frames 1000").status == 2);
  const std::string without = pagewalk.file("without.pwt", "machine sv39\n[A] L 0,1 = any\n");
  const ProgramResult refused = pagewalk("compare --model " + without);
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(contains(refused.err, "expected a line `free F..L`"), refused.err);
}

}  // namespace
}  // namespace vm
