// SPDX-License-Identifier: Apache-2.0
//
// What a process may do with a page.
#pragma once

#include "machine/access.h"
#include "machine/pte.h"

namespace vm {

struct Rights {
  bool read = true, write = true, exec = true, kernel = false;  // kernel: kernel-only page
  bool operator==(const Rights&) const = default;

  bool none() const { return !read && !write && !exec; }
  bool allow(AccessKind kind, bool user) const {
    if (user && kernel) return false;
    return kind == AccessKind::Fetch ? exec : kind == AccessKind::Load ? read : write;
  }
};

// The rights a page has when these are asked for: what the format cannot withhold is given.
inline Rights possible_rights(const Machine& machine, Rights wanted) {
  Pte pte{.valid = true,
          .user = !wanted.kernel,
          .read = wanted.read,
          .write = wanted.write,
          .exec = wanted.exec,
          .ppn = {}};
  // Entries that let write but not read are reserved (R7).
  if (machine.format.kind == PteKind::Riscv && wanted.write) pte.read = true;
  const Pte page = expressible(machine.format, pte);
  return {.read = page.read, .write = page.write, .exec = page.exec, .kernel = !page.user};
}

}  // namespace vm
