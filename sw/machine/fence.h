// SPDX-License-Identifier: Apache-2.0
//
// Architectural fences: what software asks the hardware to forget or to write back.
#pragma once

#include <cstdint>

namespace vm {

enum class FenceOp : std::uint8_t {
  Tlb = 0,              // invalidate translations: all, by VA, by ASID, by both
  CacheClean = 1,       // data cache, whole or the line of one physical address: write back dirty
  CacheInvalidate = 2,  //   drop without writing back
  CacheCleanInvalidate = 3,
  FetchSync = 4,  // clean the data cache, then invalidate the instruction cache
};

struct Fence {
  FenceOp op = FenceOp::Tlb;
  bool user = false;
  bool by_addr = false;  // otherwise the whole structure
  bool by_asid = false;
  bool globals = true;     // global translations too (they are in every address space)
  std::uint64_t addr = 0;  // virtual for Tlb, physical for the cache operations
  std::uint16_t asid = 0;
};

}  // namespace vm
