// SPDX-License-Identifier: Apache-2.0
//
// What memory types mean to caches.
#pragma once

#include "machine/context.h"

namespace vm {

// Whether caches of a cacheable region hold what an access to such a page needs (X18, R29). A store to a
// write-protected page goes to memory alone. A written-through one goes to memory, and changes its line if there is
// one; atomics want their stores in the cache, or nothing there.
constexpr bool is_cached(MemType type, bool store, bool atomic) {
  if (type == MemType::WriteBack) return true;
  if (atomic) return false;
  return type == MemType::WriteThrough || (type == MemType::WriteProtect && !store);
}

}  // namespace vm
