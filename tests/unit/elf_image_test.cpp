// SPDX-License-Identifier: Apache-2.0
//
// ELF files, good and bad: what is read of them, that a contradiction is found, and that no byte of a file can do more
// than have it refused. VM_SEED repeats a run.
#include "os/elf_image.h"

#include <elf.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

#include "fuzz/elf_writer.h"

namespace vm::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kBase = 0x10000, kPage = 4096;
constexpr Rights kText{.read = true, .write = false, .exec = true, .kernel = false};
constexpr Rights kData{.read = true, .write = true, .exec = false, .kernel = false};

fuzz::ElfDraft draft_for(std::string_view machine) {
  const ElfTarget target = elf_target(*find_machine(machine));
  return {
      .target = target,
      .segments = {{.va = kBase, .rights = kText, .bytes = Bytes(100, 0x13)},
                   {.va = kBase + 2 * target.page_size + 0x40, .rights = kData, .bytes = Bytes(50, 7), .zeros = 60}},
      .interpreter = "/lib/ld.so",
      .needed = {"libc.so", "libm.so"}};
}

struct Reading {
  int error = 0;
  ElfImage image;
  std::uint64_t bytes_read = 0;
};

Reading read(const ElfTarget& target, const Bytes& file) {
  Reading reading;
  const auto bytes = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    BOOST_REQUIRE(offset <= file.size());
    BOOST_REQUIRE(into.size() <= file.size() - offset);
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    reading.bytes_read += into.size();
    return 0;
  };
  reading.error = read_elf(target, file.size(), bytes, reading.image);
  return reading;
}

// What holds of any image that was accepted.
void check_sense(const ElfTarget& target, const Bytes& file, const ElfImage& image) {
  BOOST_REQUIRE(!image.segments.empty());
  std::uint64_t end = 0;
  for (const ElfSegment& segment : image.segments) {
    BOOST_TEST(segment.va / target.page_size * target.page_size >= end);
    BOOST_TEST(segment.bytes > 0U);
    BOOST_TEST(segment.bytes >= segment.file_bytes);
    BOOST_TEST(segment.offset + segment.file_bytes <= file.size());
    BOOST_TEST(segment.offset % target.page_size == segment.va % target.page_size);
    end = (segment.va + segment.bytes + target.page_size - 1) / target.page_size * target.page_size;
    BOOST_TEST(end > segment.va);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_image_is_what_the_file_says) {
  for (const std::string_view machine : {"sv39", "sv32", "corei7", "flat32", "riscv8k"}) {
    BOOST_TEST_CONTEXT(machine) {
      const fuzz::ElfDraft draft = draft_for(machine);
      const Reading reading = read(draft.target, fuzz::write_elf(draft));
      BOOST_TEST(reading.error == 0);
      const ElfImage& image = reading.image;
      check_sense(draft.target, fuzz::write_elf(draft), image);
      BOOST_TEST(!image.position_independent);
      BOOST_TEST(image.entry == fuzz::first_byte(draft));
      BOOST_TEST(image.segments.size() == 2U);
      BOOST_TEST(image.segments[0].va == kBase);
      BOOST_TEST((image.segments[0].rights == kText));
      BOOST_TEST(image.segments[1].va == kBase + 2 * draft.target.page_size + 0x40);
      BOOST_TEST(image.segments[1].file_bytes == 50U);
      BOOST_TEST(image.segments[1].bytes == 110U);
      BOOST_TEST((image.segments[1].rights == kData));
      BOOST_TEST(image.interpreter == "/lib/ld.so");
      BOOST_TEST((image.needed == draft.needed));
      BOOST_TEST(!image.executable_stack);
      BOOST_TEST(image.headers == 5U);
      BOOST_TEST(image.header_va == kBase + (draft.target.is_64_bit ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)));
      BOOST_TEST(image.from(draft.target.page_size) == kBase);
      BOOST_TEST(image.to(draft.target.page_size) == kBase + 3 * draft.target.page_size);
    }
  }
}

BOOST_AUTO_TEST_CASE(each_machine_runs_its_own_files_only) {
  const std::string_view machines[] = {"sv39", "sv32", "corei7", "flat32"};
  for (const std::string_view made_for : machines) {
    const Bytes file = fuzz::write_elf(draft_for(made_for));
    for (const std::string_view machine : machines) {
      BOOST_TEST_CONTEXT(made_for << " on " << machine) {
        const int expected = made_for == machine ? 0 : -ENOEXEC;
        BOOST_TEST(read(elf_target(*find_machine(machine)), file).error == expected);
      }
    }
  }
}

// Of a file with a mebibyte of text, a page at most.
BOOST_AUTO_TEST_CASE(only_headers_are_read) {
  fuzz::ElfDraft draft = draft_for("sv39");
  draft.segments[0].bytes.resize(1 << 20);
  draft.segments[1].va += 1 << 20;
  const Reading reading = read(draft.target, fuzz::write_elf(draft));
  BOOST_TEST(reading.error == 0);
  BOOST_TEST(reading.bytes_read < 3 * kPage);
}

BOOST_AUTO_TEST_CASE(a_contradiction_is_found) {
  using Edit = std::function<void(Bytes&, Elf64_Ehdr&, std::span<Elf64_Phdr>)>;
  // Program headers: interpreter, text, data, dynamic, stack.
  const std::pair<std::string_view, Edit> edits[] = {
      {"not ELF", [](auto&, auto& e, auto) { e.e_ident[0] = 0; }},
      {"another class", [](auto&, auto& e, auto) { e.e_ident[EI_CLASS] = ELFCLASS32; }},
      {"no class", [](auto&, auto& e, auto) { e.e_ident[EI_CLASS] = 9; }},
      {"another byte order", [](auto&, auto& e, auto) { e.e_ident[EI_DATA] = ELFDATA2MSB; }},
      {"another machine", [](auto&, auto& e, auto) { e.e_machine = EM_SPARC; }},
      {"an object file", [](auto&, auto& e, auto) { e.e_type = ET_REL; }},
      {"a core dump", [](auto&, auto& e, auto) { e.e_type = ET_CORE; }},
      {"headers of another size", [](auto&, auto& e, auto) { e.e_phentsize = 32; }},
      {"no headers", [](auto&, auto& e, auto) { e.e_phnum = 0; }},
      {"more headers than there are bytes", [](auto&, auto& e, auto) { e.e_phnum = 0xFFFF; }},
      {"headers behind the end", [](auto&, auto& e, auto) { e.e_phoff = 1U << 16; }},
      {"headers at the end of all", [](auto&, auto& e, auto) { e.e_phoff = ~0ULL; }},
      {"nothing to load",
       [](auto&, auto&, auto p) {
         for (Elf64_Phdr& h : p) h.p_type = h.p_type == PT_LOAD ? PT_NOTE : h.p_type;
       }},
      {"more in the file than in memory", [](auto&, auto&, auto p) { p[2].p_memsz = p[2].p_filesz - 1; }},
      {"a segment behind the end", [](auto&, auto&, auto p) { p[2].p_offset += kPage; }},
      {"a segment across the end", [](auto&, auto&, auto p) { p[2].p_filesz += 1, p[2].p_memsz += 1; }},
      {"an offset that overflows", [](auto&, auto&, auto p) { p[2].p_offset -= 2 * kPage; }},
      {"address and offset that differ in a page", [](auto&, auto&, auto p) { p[2].p_vaddr += 1; }},
      {"an address that overflows", [](auto&, auto&, auto p) { p[2].p_memsz = ~0ULL - p[2].p_vaddr; }},
      {"the last page there is", [](auto&, auto&, auto p) { p[2].p_vaddr = ~0ULL - kPage + 1 + 0x40; }},
      {"segments in one page", [](auto&, auto&, auto p) { p[2].p_vaddr = kBase + 0x40; }},
      {"segments out of order", [](auto&, auto&, auto p) { std::swap(p[1], p[2]); }},
      {"an interpreter without a zero", [](auto&, auto&, auto p) { p[0].p_filesz -= 1; }},
      {"an interpreter behind the end", [](auto&, auto&, auto p) { p[0].p_offset = 1U << 20; }},
      {"an interpreter without a name", [](auto& f, auto&, auto p) { f[p[0].p_offset] = 0; }},
      {"a name of an interpreter that is too long", [](auto&, auto&, auto p) { p[0].p_filesz = 5000; }},
      {"a dynamic section behind the end", [](auto&, auto&, auto p) { p[3].p_offset = 1U << 20; }},
      {"a dynamic section of any size", [](auto&, auto&, auto p) { p[3].p_filesz = ~0ULL; }},
      {"a table of names nowhere", [](auto& f, auto&, auto p) { f[p[3].p_offset + 2 * 16 + 8 + 6] = 1; }},
      {"a table of names that is too long", [](auto& f, auto&, auto p) { f[p[3].p_offset + 3 * 16 + 8 + 5] = 1; }},
      {"a name behind its table", [](auto& f, auto&, auto p) { f[p[3].p_offset + 8] = 200; }},
      {"a name that does not end", [](auto& f, auto&, auto p) { f[p[3].p_offset + 3 * 16 + 8] = 5; }},
  };
  const fuzz::ElfDraft draft = draft_for("sv39");
  for (const auto& [what, edit] : edits) {
    BOOST_TEST_CONTEXT(what) {
      Bytes file = fuzz::write_elf(draft);
      Elf64_Ehdr header;
      std::array<Elf64_Phdr, 5> programs;
      std::memcpy(&header, file.data(), sizeof header);
      std::memcpy(programs.data(), file.data() + sizeof header, sizeof programs);
      edit(file, header, programs);
      std::memcpy(file.data(), &header, sizeof header);
      std::memcpy(file.data() + sizeof header, programs.data(), sizeof programs);
      BOOST_TEST(read(draft.target, file).error == -ENOEXEC);
    }
  }
}

BOOST_AUTO_TEST_CASE(no_beginning_of_a_file_is_a_file) {
  for (const std::string_view machine : {"sv39", "sv32"}) {
    const fuzz::ElfDraft draft = draft_for(machine);
    const Bytes file = fuzz::write_elf(draft);
    for (std::size_t size = 0; size < file.size(); ++size) {
      const Bytes prefix(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
      BOOST_TEST(read(draft.target, prefix).error == -ENOEXEC, size);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_read_that_fails_is_said) {
  const fuzz::ElfDraft draft = draft_for("sv39");
  const Bytes file = fuzz::write_elf(draft);
  for (int good = 0; good < 6; ++good) {
    int left = good;
    ElfImage image;
    const auto bytes = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
      if (left-- == 0) return -EIO;
      std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
      return 0;
    };
    BOOST_TEST(read_elf(draft.target, file.size(), bytes, image) == -EIO, good);
  }
}

BOOST_AUTO_TEST_CASE(any_bytes_are_refused_or_make_sense) {
  const char* wished = std::getenv("VM_SEED");
  const std::uint64_t seed = wished != nullptr ? std::strtoull(wished, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
  std::mt19937_64 random(seed);
  unsigned accepted = 0, refused = 0;
  for (const std::string_view machine : {"sv39", "sv32"}) {
    const fuzz::ElfDraft draft = draft_for(machine);
    const Bytes good = fuzz::write_elf(draft);
    for (int i = 0; i < 20'000; ++i) {
      Bytes file = good;
      // The front, where every byte counts; a few of them, or all.
      const std::size_t front = fuzz::first_byte(draft) - kBase;
      for (std::uint64_t n = 1 + random() % 4; n > 0; --n) {
        std::uint8_t& byte = file[random() % front];
        byte = static_cast<std::uint8_t>(random() % 3 == 0   ? 0xFF
                                         : random() % 2 == 0 ? random()
                                                             : byte ^ 1U << random() % 8);
      }
      if (random() % 50 == 0) file.resize(random() % file.size());
      const Reading reading = read(draft.target, file);
      if (reading.error == 0) {
        check_sense(draft.target, file, reading.image);
        ++accepted;
      } else {
        BOOST_TEST(reading.error == -ENOEXEC);
        ++refused;
      }
    }
  }
  BOOST_TEST(accepted > 1000U);
  BOOST_TEST(refused > 1000U);
}

}  // namespace vm::test
