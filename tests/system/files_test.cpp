// SPDX-License-Identifier: Apache-2.0
//
// What runs leave on the host: files of the user's directory, pictures, sounds and texts of devices, and reports.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "program.h"

namespace vm {
namespace {

const std::string kTrace =
    "machine sv39\n"
    "files \".\"\n"
    "process A\n"
    "[A] open(\"notes.txt\", O_RDWR) = 3\n"
    "[A] mmap(0x10000, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0) = 0x10000\n"
    "[A] L 0x10000,5 = \"plain\"\n"
    "[A] S 0x10000,1 = \"P\"\n"
    "expect file \"notes.txt\": \"plain text\"\n";

BOOST_AUTO_TEST_CASE(without_an_option_the_hosts_files_stay_as_they_are) {
  const Program pagewalk;
  const std::string notes = pagewalk.file("notes.txt", "plain text");
  const ProgramResult result = pagewalk("run " + pagewalk.file("t.pwt", kTrace));
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(Program::read(notes) == "plain text");
}

BOOST_AUTO_TEST_CASE(files_of_the_option_really_change) {
  const Program pagewalk;
  const std::string trace = pagewalk.file("t.pwt", kTrace);
  std::filesystem::create_directory(pagewalk.path("mine"));
  const std::string notes = pagewalk.file("mine/notes.txt", "plain text");
  const ProgramResult result = pagewalk("run --files " + pagewalk.path("mine") + " " + trace);
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(Program::read(notes) == "Plain text");
}

BOOST_AUTO_TEST_CASE(devices_leave_a_picture_a_sound_and_a_text) {
  const Program pagewalk;
  const std::string trace = pagewalk.file(
      "t.pwt",
      "machine corei7\ndevice \"/dev/fb\" framebuffer 2x1\ndevice \"/dev/dsp\" sound 8000 2\n"
      "device \"/dev/tty\" console 4x2\nprocess A\narea A 0x1000..0x2000 rw\n"
      "[A] open(\"/dev/fb\", O_RDWR) = 3\n[A] open(\"/dev/dsp\", O_RDWR) = 4\n[A] open(\"/dev/tty\", O_RDWR) = 5\n"
      "[A] mmap(0x10000, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, 3, 0) = 0x10000\n"
      "[A] S 0x10000,8 = 0x0000FF0000AABBCC\n"  // red AA, green BB, blue CC; then green
      "[A] S 0x1000,4 = 0x00010002\n[A] write(4, 0x1000, 4) = 4\n"
      "[A] S 0x1000,8 = \"ab  cd  \"\n[A] write(5, 0x1000, 8) = 8\n");
  const ProgramResult result = pagewalk("run --devices " + pagewalk.path("") + " " + trace);
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(Program::read(pagewalk.path("t-fb.ppm")) == std::string("P6\n2 1\n255\n\xAA\xBB\xCC\0\xFF\0", 17));
  const std::string wav = Program::read(pagewalk.path("t-dsp.wav"));
  BOOST_TEST(wav ==
             std::string(
                 "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1F\0\0\x80\x3E\0\0\2\0\x10\0data\4\0\0\0\2\0\1\0", 48));
  BOOST_TEST(Program::read(pagewalk.path("t-tty.txt")) == "ab\ncd\n");
  BOOST_TEST(pagewalk("run --model --devices " + pagewalk.path("missing") + " " + trace).status == 2);
}

BOOST_AUTO_TEST_CASE(reports_are_commands_and_steps) {
  const Program pagewalk;
  const std::string trace = pagewalk.file(
      "t.pwt",
      "machine sv39\nprocess A\narea A 0x1000..0x3000 rw\n[A] S 0x1000,1 = 1\nmaps A\n[A] munmap(0x1000, 8192)\n");
  const std::string line = "00001000-00003000 rw-p 00000000 0 \n    Size: 8192 Rss: 4096 Shared: 0 Private: 4096\n";
  BOOST_TEST(contains(pagewalk("run " + trace).out, "t.pwt:5:1:\n" + line));
  BOOST_TEST(pagewalk("maps --before 6 " + trace).out == line);
  BOOST_TEST(pagewalk("maps " + trace).out == "");
  BOOST_TEST(
      contains(pagewalk("ps " + trace).out, " A            running     1     0            0          0       4096\n"));
  BOOST_TEST(contains(pagewalk("frames --before 6 " + trace).out, " refs 1 A:0x1\n"));
  BOOST_TEST(contains(pagewalk("tables --before 6 " + trace).out, "page 0x1 frame 0x80000 rw-u accessed dirty\n"));
}

}  // namespace
}  // namespace vm
