// SPDX-License-Identifier: Apache-2.0
//
// A kernel with programs on its disk.
#pragma once

#include <elf.h>

#include <cerrno>

#include "fuzz/elf_writer.h"
#include "kernel_fixture.h"

namespace vm::test {

using FileBytes = std::vector<std::uint8_t>;

inline FileBytes counting(std::size_t bytes, unsigned from) {
  FileBytes content(bytes);
  for (std::size_t i = 0; i < bytes; ++i) content[i] = static_cast<std::uint8_t>(i * 7 + from);
  return content;
}

// `prog`: two pages of text, initialized data that ends in its page, and a page of bss more; `lib.so` and `ld.so` are
// libraries, `linked` is a program that needs both. Process A runs something else, with a page at kOld.
struct Programs : System {
  static constexpr std::uint64_t kText = 0x10000, kOld = 0x600000;

  explicit Programs(std::string_view machine = "sv39") : System(machine), page(platform.machine().format.page_size()) {
    program = {.target = elf_target(platform.machine()),
               .segments = {{.va = kText, .rights = rx(), .bytes = counting(page + 100, 1)},
                            {.va = kText + 3 * page + 0x40, .rights = rw(), .bytes = counting(200, 5), .zeros = page}}};
    kernel.disk().add("prog", fuzz::write_elf(program));
    library = {.target = program.target,
               .position_independent = true,
               .segments = {{.va = 0, .rights = rx(), .bytes = counting(300, 3)},
                            {.va = page + 0x80, .rights = rw(), .bytes = counting(40, 9), .zeros = 8}}};
    kernel.disk().add("lib.so", fuzz::write_elf(library));
    fuzz::ElfDraft linker = library;
    linker.segments.pop_back();
    kernel.disk().add("ld.so", fuzz::write_elf(linker));
    linked = program;
    linked.interpreter = "/lib/ld.so";
    linked.needed = {"lib.so"};
    kernel.disk().add("linked", fuzz::write_elf(linked));
    a = process("A", {.heap = 0x800000});
    kernel.add_area(a, VirtAddr(kOld), VirtAddr(kOld + 4 * page), rw(), false);
    kernel.start();
    BOOST_TEST(!store(a, kOld, 4, 17).refused);
  }

  std::int64_t exec(ProcessId pid, const std::string& file, std::vector<std::string> arguments = {"x"},
                    std::vector<std::string> environment = {}) {
    return kernel.execve(pid, {.file = file, .arguments = std::move(arguments), .environment = std::move(environment)});
  }
  // A draft under this name.
  std::string put(const std::string& name, const fuzz::ElfDraft& draft) {
    kernel.disk().add(name, fuzz::write_elf(draft));
    return name;
  }
  ProcessId fork(ProcessId pid, const std::string& name) {
    const std::int64_t child = kernel.fork(pid, name);
    BOOST_REQUIRE(child > 0);
    return static_cast<ProcessId>(child);
  }
  std::uint64_t word(ProcessId pid, std::uint64_t va) { return value(pid, va, program.target.word_bytes()); }
  std::string text(ProcessId pid, std::uint64_t va) {
    std::string found;
    while (const std::uint64_t c = value(pid, va++, 1)) found += static_cast<char>(c);
    return found;
  }
  bool has_area(ProcessId pid, const std::string& line) {
    return kernel.maps(pid).find(line + "\n") != std::string::npos;
  }
  std::uint64_t frame_of(ProcessId pid, std::uint64_t va) { return entry(pid, va / page).ppn.value; }
  // Where the n-th area of this file begins.
  std::uint64_t area_of(ProcessId pid, const std::string& file, unsigned n = 0) {
    const std::string maps = kernel.maps(pid);
    std::size_t at = 0;
    for (unsigned i = 0; i <= n; ++i) {
      at = maps.find(" " + file + "\n", at + 1);
      BOOST_REQUIRE(at != std::string::npos);
    }
    return std::stoull(maps.substr(maps.rfind('\n', at) + 1), nullptr, 16);
  }
  // The call is refused, and the old image runs on.
  void loses_nothing(ProcessId pid, const std::string& file, std::int64_t error,
                     const std::vector<std::string>& arguments = {"x"}) {
    const std::string maps = kernel.maps(pid);
    const std::size_t free = kernel.free_frames();
    BOOST_TEST_CONTEXT(file) {
      BOOST_TEST(exec(pid, file, arguments) == error);
      BOOST_TEST(kernel.maps(pid) == maps);
      BOOST_TEST(kernel.free_frames() == free);
      BOOST_TEST(value(pid, kOld, 4) == 17U);
      check();
    }
  }
  void exit_leaves_nothing(std::initializer_list<ProcessId> all) {
    check();
    for (const ProcessId pid : all) kernel.exit(pid);
    BOOST_TEST(kernel.broken_invariant() == "");
    const std::string frames = kernel.frames();
    BOOST_TEST(std::count(frames.begin(), frames.end(), '\n') == 1, frames);
  }

  std::uint64_t page;
  fuzz::ElfDraft program, library, linked;
  ProcessId a = 0;
};

}  // namespace vm::test
