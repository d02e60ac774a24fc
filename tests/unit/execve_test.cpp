// SPDX-License-Identifier: Apache-2.0
//
// execve: what the new image is, where its pages come from, what becomes of the old one, and that a call which is
// refused loses nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "machine/error.h"
#include "program_fixture.h"

namespace vm::test {
namespace {

constexpr int kReadOnly = 0, kReadWrite = 2, kCloseOnExec = 02000000;
constexpr int kProtRw = 3, kShared = 1;

constexpr std::string_view kMachines[] = {"sv39", "sv32", "sv57", "corei7", "flat32", "riscv8k"};

}  // namespace

BOOST_AUTO_TEST_CASE(the_areas_are_the_segments_a_heap_and_a_stack) {
  for (const std::string_view machine : kMachines) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      BOOST_TEST(s.exec(s.a, "prog") == 0);
      const auto area = [&](std::uint64_t from, std::uint64_t to, const std::string& rest) {
        const std::string line =
            fmt::format("{:08x}-{:08x} {}", Programs::kText + from * s.page, Programs::kText + to * s.page, rest);
        BOOST_TEST(s.has_area(s.a, line), line << " in\n" << s.kernel.maps(s.a));
      };
      area(0, 2, "r-xp 00000000 1 prog");
      area(3, 4, fmt::format("rw-p {:08x} 1 prog", 2 * s.page));
      area(4, 5, "rw-p 00000000 0 ");
      const std::uint64_t heap = Programs::kText + 5 * s.page;
      BOOST_TEST(s.kernel.brk(s.a, 0) == heap);
      BOOST_TEST(s.kernel.brk(s.a, heap + 10) == heap + 10);
      BOOST_TEST(!s.store(s.a, heap, 4, 1).refused);
      const StartState start = s.kernel.start_of(s.a);
      BOOST_TEST(start.pc == fuzz::first_byte(s.program));
      BOOST_TEST(start.sp % 16 == 0U);
      BOOST_TEST(s.value(s.a, start.sp, 4) == 1U);
      // Nothing is left of the old image.
      BOOST_TEST(s.load(s.a, Programs::kOld, 4).segv);
      s.exit_leaves_nothing({s.a});
    }
  }
}

BOOST_AUTO_TEST_CASE(pages_come_in_by_faults) {
  for (const std::string_view machine : kMachines) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      BOOST_TEST(s.exec(s.a, "prog") == 0);
      BOOST_TEST(s.kernel.counts().pages_read == 0U);
      const std::uint64_t pc = s.kernel.start_of(s.a).pc;
      const Outcome fetched = s.fetch(s.a, pc, 4);
      BOOST_TEST(fetched.faults_served == 1U);
      const FileBytes& text = s.program.segments[0].bytes;
      BOOST_TEST((fetched.last.data & 0xFF) == text[0]);
      BOOST_TEST(s.kernel.counts().pages_read == 1U);
      BOOST_TEST((s.store(s.a, pc, 4, 0).segv_code == SegvCode::AccErr));
      BOOST_TEST(s.value(s.a, pc + s.page, 1) == text[s.page]);
      BOOST_TEST(s.kernel.counts().pages_read == 2U);
      s.exit_leaves_nothing({s.a});
    }
  }
}

// In the last page of initialized data: the file's bytes, then zeros, whatever the file has there.
BOOST_AUTO_TEST_CASE(bss_is_zero_in_a_private_copy) {
  Programs s;
  fuzz::ElfDraft draft = s.program;
  const std::uint64_t data = draft.segments[1].va;
  FileBytes file = fuzz::write_elf(draft);
  file.resize(file.size() + 500, 0xEE);
  s.kernel.disk().add("tail", file);
  const std::int64_t fd = s.kernel.open(s.a, "tail", kReadOnly);
  BOOST_TEST(s.kernel.read(s.a, static_cast<int>(fd), Programs::kOld, file.size()) ==
             static_cast<std::int64_t>(file.size()));
  BOOST_TEST(s.exec(s.a, "tail") == 0);
  const std::uint64_t copies = s.kernel.counts().cow_copies;
  BOOST_TEST(s.value(s.a, data + 199, 1) == draft.segments[1].bytes[199]);
  BOOST_TEST(s.kernel.counts().cow_copies == copies + 1);
  for (const std::uint64_t at : {data + 200, data + 300, data / s.page * s.page + s.page - 1}) {
    BOOST_TEST(s.value(s.a, at, 1) == 0U);
  }
  BOOST_TEST(s.value(s.a, data / s.page * s.page + s.page, 4) == 0U);
  BOOST_TEST(s.load(s.a, data / s.page * s.page + 2 * s.page, 4).segv);
  // The file is as it was, and so is its page for others.
  const ProcessId b = s.process("B");
  s.kernel.add_area(b, VirtAddr(0x1000), VirtAddr(0x1000 + 3 * s.page), rw(), false);
  const std::int64_t again = s.kernel.open(b, "tail", kReadOnly);
  BOOST_TEST(s.kernel.read(b, static_cast<int>(again), 0x1000, file.size()) == static_cast<std::int64_t>(file.size()));
  BOOST_TEST(s.value(b, 0x1000 + file.size() - 1, 1) == 0xEEU);
  s.exit_leaves_nothing({s.a, b});
}

BOOST_AUTO_TEST_CASE(the_stack_holds_arguments_environment_and_auxiliary_vector) {
  for (const std::string_view machine : {"sv39", "sv32", "corei7"}) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      BOOST_TEST(s.exec(s.a, "prog", {"prog", "-v", ""}, {"HOME=/", "TERM=vt100"}) == 0);
      const std::uint64_t word = s.program.target.word_bytes();
      std::uint64_t at = s.kernel.start_of(s.a).sp;
      const auto next = [&] { return s.word(s.a, (at += word) - word); };
      BOOST_TEST(next() == 3U);
      for (const std::string wanted : {"prog", "-v", ""}) BOOST_TEST(s.text(s.a, next()) == wanted);
      BOOST_TEST(next() == 0U);
      for (const std::string wanted : {"HOME=/", "TERM=vt100"}) BOOST_TEST(s.text(s.a, next()) == wanted);
      BOOST_TEST(next() == 0U);
      std::map<std::uint64_t, std::uint64_t> auxiliary;
      while (const std::uint64_t type = next()) auxiliary[type] = next();
      BOOST_TEST(auxiliary[AT_PAGESZ] == s.page);
      BOOST_TEST(auxiliary[AT_ENTRY] == s.kernel.start_of(s.a).pc);
      BOOST_TEST(auxiliary[AT_PHNUM] == 3U);
      BOOST_TEST(auxiliary[AT_BASE] == 0U);
      BOOST_TEST(s.value(s.a, auxiliary[AT_PHDR], 4) == PT_LOAD);
      BOOST_TEST(s.text(s.a, auxiliary[AT_EXECFN]) == "prog");
      s.check();
    }
  }
}

BOOST_AUTO_TEST_CASE(without_arguments_there_is_an_empty_one) {
  Programs s;
  BOOST_TEST(s.exec(s.a, "prog", {}) == 0);
  const std::uint64_t sp = s.kernel.start_of(s.a).sp;
  BOOST_TEST(s.word(s.a, sp) == 1U);
  BOOST_TEST(s.text(s.a, s.word(s.a, sp + 8)).empty());
}

BOOST_AUTO_TEST_CASE(who_runs_the_same_program_shares_its_text_and_no_data) {
  for (const std::string_view machine : {"sv39", "sv32", "corei7", "riscv8k"}) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      const ProcessId b = s.fork(s.a, "B");
      BOOST_TEST(s.exec(s.a, "prog") == 0);
      BOOST_TEST(s.exec(b, "prog") == 0);
      const std::uint64_t pc = s.kernel.start_of(s.a).pc, data = s.program.segments[1].va;
      for (const ProcessId pid : {s.a, b}) {
        BOOST_TEST(!s.fetch(pid, pc, 4).refused);
        BOOST_TEST(!s.store(pid, data, 4, pid).refused);
      }
      BOOST_TEST(s.kernel.sharers(s.a, Vpn(pc / s.page)).size() == 2U);
      BOOST_TEST(s.frame_of(s.a, pc) == s.frame_of(b, pc));
      BOOST_TEST(s.frame_of(s.a, data) != s.frame_of(b, data));
      BOOST_TEST(s.value(s.a, data, 4) == s.a);
      BOOST_TEST(s.value(b, data, 4) == b);
      s.exit_leaves_nothing({s.a, b});
    }
  }
}

BOOST_AUTO_TEST_CASE(the_old_image_and_its_tables_are_freed_under_one_fence) {
  Programs s;
  // Pages under many tables.
  for (std::uint64_t i = 1; i < 5; ++i) {
    BOOST_TEST(s.kernel.mmap(s.a, i << 30, s.page, kProtRw, 0x32, -1, 0) == static_cast<std::int64_t>(i << 30));
    BOOST_TEST(!s.store(s.a, i << 30, 4, i).refused);
  }
  const std::size_t before = s.kernel.free_frames();
  const std::uint64_t fences = s.kernel.counts().fences;
  BOOST_TEST(s.exec(s.a, "prog") == 0);
  // Gone: five pages, and their tables (two each, the lowest two GiB share none). New: a stack and its two tables.
  BOOST_TEST(s.kernel.free_frames() == before + 5 + 10 - 3);
  BOOST_TEST(s.kernel.counts().fences_for.at(index_of(FenceReason::Exec)) == 1U);
  BOOST_TEST(s.kernel.counts().fences == fences + 1);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(open_files_stay_open_but_those_to_be_closed) {
  Programs s;
  BOOST_TEST(s.kernel.open(s.a, "lib.so", kReadOnly) == 3);
  BOOST_TEST(s.kernel.open(s.a, "lib.so", kReadOnly | kCloseOnExec) == 4);
  BOOST_TEST(s.kernel.open(s.a, "ld.so", kReadOnly | kCloseOnExec) == 5);
  BOOST_TEST(s.kernel.close(s.a, 5) == 0);
  BOOST_TEST(s.kernel.open(s.a, "ld.so", kReadOnly) == 5);
  const ProcessId b = s.fork(s.a, "B");
  for (const ProcessId pid : {s.a, b}) {
    BOOST_TEST(s.exec(pid, "prog") == 0);
    BOOST_TEST(s.kernel.close(pid, 3) == 0);
    BOOST_TEST(s.kernel.close(pid, 4) == -EBADF);
    BOOST_TEST(s.kernel.close(pid, 5) == 0);
  }
  s.exit_leaves_nothing({s.a, b});
}

BOOST_AUTO_TEST_CASE(a_process_keeps_its_number_its_family_and_its_limits) {
  Programs s;
  const ProcessId b = s.fork(s.a, "B");
  s.kernel.set_limits(b, {.resident = 3, .memory = 100});
  BOOST_TEST(s.exec(b, "prog") == 0);
  BOOST_TEST(s.kernel.find_process("B").value() == b);
  // Three pages, one is the stack.
  const std::uint64_t pc = s.kernel.start_of(b).pc;
  BOOST_TEST(!s.fetch(b, pc, 4).refused);
  BOOST_TEST(!s.fetch(b, pc + s.page, 4).refused);
  BOOST_TEST(!s.load(b, s.program.segments[1].va, 4).refused);
  BOOST_TEST(s.kernel.counts().file_pageouts == 1U);  // a page of text went for it
  BOOST_TEST(s.kernel.wait(s.a) == 0);
  s.kernel.exit(b, 7);
  int status = 0;
  BOOST_TEST(s.kernel.wait(s.a, &status) == b);
  BOOST_TEST(status == 7);
  s.exit_leaves_nothing({s.a});
}

// As part of execve the address space is handed back to the parent.
BOOST_AUTO_TEST_CASE(a_child_of_vfork_gets_a_space_of_its_own) {
  for (const std::string_view machine : kMachines) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      const auto b = static_cast<ProcessId>(s.kernel.vfork(s.a, "B"));
      BOOST_TEST(!s.store(b, Programs::kOld + 8, 4, 18).refused);
      BOOST_TEST(s.exec(b, "missing") == -ENOENT);
      BOOST_TEST(s.kernel.is_suspended(s.a));
      BOOST_TEST(s.exec(b, "prog") == 0);
      BOOST_TEST(!s.kernel.is_suspended(s.a));
      BOOST_TEST(s.kernel.find_process("B").value() == b);
      BOOST_TEST(s.value(s.a, Programs::kOld, 4) == 17U);
      BOOST_TEST(s.value(s.a, Programs::kOld + 8, 4) == 18U);
      BOOST_TEST(s.load(b, Programs::kOld, 4).segv);
      BOOST_TEST(!s.fetch(b, s.kernel.start_of(b).pc, 4).refused);
      BOOST_TEST(!s.store(b, s.program.segments[1].va, 4, 5).refused);
      BOOST_TEST(s.load(s.a, s.program.segments[1].va, 4).segv);
      BOOST_TEST(s.kernel.start_of(s.a).pc == 0U);
      s.check();
      s.kernel.exit(b, 3);
      BOOST_TEST(s.kernel.wait(s.a) == b);
      s.exit_leaves_nothing({s.a});
    }
  }
}

BOOST_AUTO_TEST_CASE(the_kernels_pages_stay) {
  Programs s;
  s.kernel.map(s.a, Vpn(0x3FF00), Ppn(0x80100), {.read = true, .write = true, .exec = true, .kernel = true}, false,
               true);
  s.kernel.map(s.a, Vpn(0x3FF01), Ppn(0x80101), rw(), {.global = true});
  s.kernel.map(s.a, Vpn(0x700), Ppn(0x80102), rw(), false);
  const auto b = static_cast<ProcessId>(s.kernel.vfork(s.a, "B"));
  BOOST_TEST(s.exec(b, "prog") == 0);
  BOOST_TEST(s.exec(s.a, "prog") == 0);
  for (const ProcessId pid : {s.a, b}) {
    BOOST_TEST(s.frame_of(pid, 0x3FF00 * s.page) == 0x80100U);
    BOOST_TEST(s.frame_of(pid, 0x3FF01 * s.page) == 0x80101U);
    BOOST_TEST(s.load(pid, 0x700 * s.page, 4).segv);
    BOOST_TEST(s.load(pid, 0x3FF00 * s.page, 4).segv);
    BOOST_TEST(!s.access(pid, AccessKind::Load, 0x3FF00 * s.page, 4, 0, false).refused);
  }
  s.check();
  // And a program that wants their place is refused.
  fuzz::ElfDraft there = s.program;
  there.segments[1].va += 0x3FF00 * s.page - Programs::kText - 3 * s.page;
  BOOST_TEST(s.exec(s.a, s.put("there", there)) == -ENOMEM);
}

BOOST_AUTO_TEST_CASE(libraries_are_mapped_and_their_text_is_shared) {
  for (const std::string_view machine : {"sv39", "sv32", "corei7"}) {
    BOOST_TEST_CONTEXT(machine) {
      Programs s(machine);
      const ProcessId b = s.fork(s.a, "B");
      for (const ProcessId pid : {s.a, b}) BOOST_TEST(s.exec(pid, "linked") == 0);
      const std::uint64_t text = s.area_of(s.a, "lib.so"), data = s.area_of(s.a, "lib.so", 1);
      BOOST_TEST(data == text + s.page);
      const std::uint64_t code = text + fuzz::first_byte(s.library);
      for (const ProcessId pid : {s.a, b}) {
        BOOST_TEST((s.fetch(pid, code, 4).last.data & 0xFF) == s.library.segments[0].bytes[0]);
        BOOST_TEST(!s.store(pid, data + 0x80, 1, pid).refused);
        BOOST_TEST(s.value(pid, data + 0x80 + 40, 1) == 0U);
      }
      BOOST_TEST(s.frame_of(s.a, text) == s.frame_of(b, text));
      BOOST_TEST(s.frame_of(s.a, data) != s.frame_of(b, data));
      // The interpreter too, and the program is told where it is.
      const std::uint64_t base = s.area_of(s.a, "ld.so");
      const std::uint64_t word = s.program.target.word_bytes();
      std::uint64_t at = s.kernel.start_of(s.a).sp + 4 * word;
      while (s.word(s.a, at) != AT_BASE) at += 2 * word;
      BOOST_TEST(s.word(s.a, at + word) == base);
      BOOST_TEST(s.kernel.start_of(s.a).pc == fuzz::first_byte(s.linked));
      s.exit_leaves_nothing({s.a, b});
    }
  }
}

BOOST_AUTO_TEST_CASE(a_library_is_mapped_once_whoever_names_it) {
  Programs s;
  fuzz::ElfDraft first = s.library, program = s.program;
  first.needed = {"/usr/lib/lib.so", "first.so"};
  s.put("first.so", first);
  program.needed = {"first.so", "lib.so", "lib.so"};
  BOOST_TEST(s.exec(s.a, s.put("many", program)) == 0);
  s.area_of(s.a, "first.so", 1);
  s.area_of(s.a, "lib.so", 1);
  const std::string maps = s.kernel.maps(s.a);
  const std::size_t again = maps.find(" lib.so\n", maps.find(" lib.so\n", maps.find(" lib.so\n") + 1) + 1);
  BOOST_TEST(again == std::string::npos);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(a_position_independent_program_is_put_somewhere) {
  Programs s;
  fuzz::ElfDraft draft = s.program;
  draft.position_independent = true;
  for (auto& segment : draft.segments) segment.va -= Programs::kText;
  BOOST_TEST(s.exec(s.a, s.put("pie", draft)) == 0);
  const std::uint64_t text = s.area_of(s.a, "pie");
  BOOST_TEST(text > 1ULL << 36);
  BOOST_TEST(s.kernel.start_of(s.a).pc == text + fuzz::first_byte(draft));
  BOOST_TEST(!s.fetch(s.a, s.kernel.start_of(s.a).pc, 4).refused);
  BOOST_TEST(s.kernel.brk(s.a, 0) == text + 5 * s.page);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(a_program_that_runs_is_not_written_to) {
  Programs s;
  const std::int64_t fd = s.kernel.open(s.a, "prog", kReadWrite);
  BOOST_TEST(fd == 3);
  s.loses_nothing(s.a, "prog", -ETXTBSY);
  BOOST_TEST(s.kernel.mmap(s.a, 0x900000, s.page, kProtRw, kShared | 0x10, 3, 0) == 0x900000);
  BOOST_TEST(s.kernel.close(s.a, 3) == 0);
  s.loses_nothing(s.a, "prog", -ETXTBSY);
  BOOST_TEST(s.kernel.munmap(s.a, 0x900000, s.page) == 0);
  const ProcessId b = s.fork(s.a, "B");
  BOOST_TEST(s.exec(b, "prog") == 0);
  BOOST_TEST(s.kernel.open(s.a, "prog", kReadWrite) == -ETXTBSY);
  BOOST_TEST(s.kernel.open(s.a, "prog", kReadOnly) == 3);
  s.kernel.exit(b);
  BOOST_TEST(s.kernel.open(s.a, "prog", kReadWrite) == 4);
  s.exit_leaves_nothing({s.a});
}

// What was written and not yet on the disk is the program.
BOOST_AUTO_TEST_CASE(a_program_is_what_the_page_cache_holds) {
  Programs s;
  const FileBytes file = fuzz::write_elf(s.program);
  s.kernel.disk().add("new", FileBytes(file.size(), 0));
  BOOST_TEST(s.kernel.open(s.a, "new", kReadOnly) == 3);
  BOOST_TEST(s.kernel.open(s.a, "prog", kReadOnly) == 4);
  BOOST_TEST(s.kernel.open(s.a, "new", kReadWrite) == 5);
  const auto size = static_cast<std::int64_t>(file.size());
  BOOST_TEST(s.kernel.read(s.a, 4, Programs::kOld + 0x100, file.size()) == size);
  BOOST_TEST(s.kernel.write(s.a, 5, Programs::kOld + 0x100, file.size()) == size);
  BOOST_TEST(s.kernel.close(s.a, 5) == 0);
  BOOST_TEST(s.exec(s.a, "new") == 0);
  BOOST_TEST((s.fetch(s.a, s.kernel.start_of(s.a).pc, 4).last.data & 0xFF) == s.program.segments[0].bytes[0]);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(pages_in_the_swap_file_go_too) {
  Programs s;
  s.kernel.use_swap({.slots = 4});
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(Programs::kOld / s.page)));
  BOOST_TEST(s.kernel.free_slots() == 3U);
  BOOST_TEST(s.exec(s.a, "missing") == -ENOENT);
  BOOST_TEST(s.kernel.free_slots() == 3U);
  BOOST_TEST(s.exec(s.a, "prog") == 0);
  BOOST_TEST(s.kernel.free_slots() == 4U);
  // Data leaves and comes back, and what is behind it is still zero.
  const std::uint64_t data = s.program.segments[1].va;
  BOOST_TEST(!s.store(s.a, data, 4, 99).refused);
  BOOST_TEST(s.kernel.page_out(s.a, Vpn(data / s.page)));
  BOOST_TEST(s.value(s.a, data + 200, 4) == 0U);
  BOOST_TEST(s.value(s.a, data, 4) == 99U);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(what_is_no_program_is_refused_and_nothing_is_lost) {
  Programs s;
  s.kernel.disk().add("script", {'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h', '\n'});
  s.kernel.disk().add("empty", {});
  s.loses_nothing(s.a, "missing", -ENOENT);
  s.loses_nothing(s.a, "", -ENOENT);
  s.loses_nothing(s.a, "script", -ENOEXEC);
  s.loses_nothing(s.a, "empty", -ENOEXEC);
  fuzz::ElfDraft draft = s.program;
  draft.target.machine = EM_X86_64;
  s.loses_nothing(s.a, s.put("foreign", draft), -ENOEXEC);
  draft = s.program;
  draft.segments[1].va += 1ULL << 38;
  s.loses_nothing(s.a, s.put("too far", draft), -ENOMEM);
  draft = s.program;
  draft.segments[1].zeros = 1ULL << 38;
  s.loses_nothing(s.a, s.put("too large", draft), -ENOMEM);
  draft = s.program;
  draft.entry = 1ULL << 38;
  s.loses_nothing(s.a, s.put("entry", draft), -ENOEXEC);
  draft = s.linked;
  draft.interpreter = "/lib/none.so";
  s.loses_nothing(s.a, s.put("no interpreter", draft), -ENOENT);
  draft.interpreter = "script";
  s.loses_nothing(s.a, s.put("bad interpreter", draft), -ELIBBAD);
  draft = s.linked;
  draft.needed = {"lib.so", "none.so"};
  s.loses_nothing(s.a, s.put("no library", draft), -ELIBACC);
  draft.needed = {"empty"};
  s.loses_nothing(s.a, s.put("bad library", draft), -ELIBBAD);
  draft.needed = {"prog"};  // at a fixed place
  s.loses_nothing(s.a, s.put("no library at all", draft), -ELIBBAD);
  BOOST_TEST(s.exec(s.a, "prog") == 0);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(arguments_have_a_limit) {
  Programs s;
  s.loses_nothing(s.a, "prog", -E2BIG, {std::string(128 << 10, 'x')});
  s.loses_nothing(s.a, "prog", -E2BIG, std::vector<std::string>(20, std::string(110'000, 'x')));
  BOOST_TEST(s.exec(s.a, "prog", std::vector<std::string>(3, std::string(100'000, 'x'))) == 0);
  const std::uint64_t sp = s.kernel.start_of(s.a).sp;
  BOOST_TEST(s.text(s.a, s.word(s.a, sp + 24)).size() == 100'000U);
  s.exit_leaves_nothing({s.a});
}

BOOST_AUTO_TEST_CASE(without_memory_nothing_is_lost) {
  {
    Programs s;
    s.kernel.set_limits(s.a, {.resident = {}, .memory = 4});
    s.loses_nothing(s.a, "prog", -ENOMEM);  // four areas' pages and a stack
    s.kernel.set_limits(s.a, {.resident = {}, .memory = 5});
    BOOST_TEST(s.exec(s.a, "prog") == 0);
  }
  {
    Programs s;
    s.kernel.set_limits(s.a, {.resident = 1, .memory = {}});
    s.loses_nothing(s.a, "prog", -ENOMEM, {std::string(5000, 'x')});
    BOOST_TEST(s.exec(s.a, "prog") == 0);
  }
  // Every number of free frames up to what it takes: a page for the stack and two tables; with vfork the root more.
  for (std::size_t frames = 0; frames < 5; ++frames) {
    for (const bool borrowed : {false, true}) {
      BOOST_TEST_CONTEXT(frames << " frames" << (borrowed ? ", vfork" : "")) {
        Programs s("sv39");
        const ProcessId pid = borrowed ? static_cast<ProcessId>(s.kernel.vfork(s.a, "B")) : s.a;
        std::vector<Ppn> few;
        for (std::size_t i = 0; i < frames; ++i) few.emplace_back(0x80200 + i);
        s.kernel.set_free_frames(few);
        const bool enough = frames >= (borrowed ? 6 : 3);
        if (enough) {
          BOOST_TEST(s.exec(pid, "prog") == 0);
        } else {
          s.loses_nothing(pid, "prog", -ENOMEM);
          BOOST_TEST(s.kernel.is_suspended(s.a) == borrowed);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(without_overcommit_no_more_is_promised_than_there_is) {
  Programs s;
  MemoryPolicy policy;
  policy.overcommit = false;
  s.kernel.set_policy(policy);
  fuzz::ElfDraft draft = s.program;
  draft.segments[1].zeros = 1ULL << 36;
  s.loses_nothing(s.a, s.put("large", draft), -ENOMEM);
  BOOST_TEST(s.exec(s.a, "prog") == 0);
}

// Whatever a file says: it is refused, and the old image runs on; or it is run, and the books are in order. VM_SEED
// repeats a run.
BOOST_AUTO_TEST_CASE(hostile_programs_do_no_harm) {
  const char* wished = std::getenv("VM_SEED");
  const std::uint64_t seed = wished != nullptr ? std::strtoull(wished, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  std::mt19937_64 random(seed);
  unsigned run = 0, refused = 0;
  for (const std::string_view machine : {"sv39", "sv32", "corei7", "flat32"}) {
    for (unsigned round = 0; round < 10; ++round) {
      Programs s(machine);
      const FileBytes good = fuzz::write_elf(s.linked);
      const std::size_t front = fuzz::first_byte(s.linked) - Programs::kText;
      for (unsigned i = 0; i < 40; ++i) {
        FileBytes file = good;
        for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
          std::uint8_t& byte = file[random() % front];
          byte = static_cast<std::uint8_t>(random() % 2 == 0 ? random() : byte ^ 1U << random() % 8);
        }
        const std::string name = "hostile " + std::to_string(i);
        s.kernel.disk().add(name, file);
        const std::string maps = s.kernel.maps(s.a);
        const StartState before = s.kernel.start_of(s.a);
        if (s.exec(s.a, name) != 0) {
          BOOST_TEST(s.kernel.maps(s.a) == maps);
          BOOST_TEST(s.kernel.start_of(s.a).pc == before.pc);
          ++refused;
        } else {
          ++run;
          s.fetch(s.a, s.kernel.start_of(s.a).pc, 2);
          for (unsigned n = 0; n < 8; ++n) s.store(s.a, Programs::kText + random() % (6 * s.page), 1, 0x5A);
          BOOST_TEST(!s.store(s.a, s.kernel.start_of(s.a).sp, 4, 1).refused);
        }
        BOOST_TEST(s.kernel.broken_invariant() == "");
      }
      s.exit_leaves_nothing({s.a});
    }
  }
  BOOST_TEST(run > 100U);
  BOOST_TEST(refused > 100U);
}

}  // namespace vm::test
