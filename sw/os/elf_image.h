// SPDX-License-Identifier: Apache-2.0
//
// What an ELF file asks of memory, as far as the kernel and the dynamic-linking model (execve.cpp) need to know it:
// its segments, where it starts, and which other files belong to it. libelf knows the layout of the file; whether what
// it finds there makes sense is decided here. Only headers, the dynamic section and names are read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "machine/function_ref.h"
#include "machine/machine.h"
#include "os/rights.h"

namespace vm {

// The files a machine runs, little-endian: of 32 bits where virtual addresses have at most 32, else of 64; EM_RISCV
// where entries are RISC-V's, EM_386 or EM_X86_64 where they are x86's, and EM_NONE on textbook machines, which have no
// instructions of their own.
struct ElfTarget {
  bool is_64_bit = false;
  std::uint16_t machine = 0;    // e_machine
  std::uint64_t page_size = 0;  // bytes
  unsigned word_bytes() const { return is_64_bit ? 8 : 4; }
};
ElfTarget elf_target(const Machine& machine);

// A PT_LOAD segment. Addresses are the file's: where it lies in the end, a bias may have been added.
struct ElfSegment {
  std::uint64_t va = 0;          // of its first byte
  std::uint64_t bytes = 0;       // in memory; not 0
  std::uint64_t offset = 0;      // in the file; the same as va modulo the page size
  std::uint64_t file_bytes = 0;  // all of them are in the file; the rest of `bytes` is zero
  Rights rights;
};

struct ElfImage {
  bool position_independent = false;  // ET_DYN: addresses count from wherever it is put
  std::uint64_t entry = 0;
  std::vector<ElfSegment> segments;        // at least one; by address, and no two have a page in common
  std::uint64_t header_va = 0;             // of the program headers; 0: in no segment
  unsigned header_bytes = 0, headers = 0;  // size of one, and how many
  bool executable_stack = false;
  std::string interpreter;          // PT_INTERP; empty: none
  std::vector<std::string> needed;  // DT_NEEDED

  std::uint64_t from(std::uint64_t page_size) const;  // whole pages around all segments
  std::uint64_t to(std::uint64_t page_size) const;
};

// Reads these bytes of the file, which has them; 0, or -errno.
using ReadBytes = FunctionRef<int(std::uint64_t offset, std::span<std::uint8_t> bytes)>;

// 0 and the image; -ENOEXEC: it is no ELF file that this machine runs, or it contradicts itself; or the error of
// `read`. Stricter than Linux: segments that reach beyond the end of the file are refused here, not at the touch.
int read_elf(const ElfTarget& target, std::uint64_t file_bytes, ReadBytes read, ElfImage& image);

}  // namespace vm
