// SPDX-License-Identifier: Apache-2.0
//
// What a process may do with a page.
#pragma once

#include "machine/access.h"

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

}  // namespace vm
