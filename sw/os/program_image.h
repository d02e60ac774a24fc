// SPDX-License-Identifier: Apache-2.0
//
// What execve is about to make of an address space. It is decided as a whole before anything of the process changes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "os/memory_object.h"
#include "os/process.h"

namespace vm {

struct ProgramImage {
  // Areas, heap, and of the old space what is the kernel's. A draft: none of it is in any table or count.
  Process space;
  std::shared_ptr<MemoryObject> file;
  std::uint64_t entry = 0;
  std::uint64_t stack_pointer = 0;
  Rights stack_rights;
  std::uint64_t stack_from = 0;     // of the stack's area
  std::vector<std::uint8_t> stack;  // what the stack holds, from there to its end; whole pages
};

}  // namespace vm
