// SPDX-License-Identifier: Apache-2.0
//
// What the words of the array port mean: one place packs and unpacks TLB entries and cache tags (array_req_t in
// rtl/vm_pkg.sv).
#pragma once

#include <cstdint>

#include "machine/address.h"
#include "machine/pte.h"

namespace vm {

struct TlbEntry {
  bool valid = false;
  Vpn vpn;
  std::uint16_t asid = 0;
  unsigned level = 0;  // super part: size of the page
  bool napot = false;
  Pte page;  // ppn, rights, dirty, global and type; the rest is not used
  bool operator==(const TlbEntry&) const = default;
};

struct ArrayWords {
  std::uint64_t data0 = 0, data1 = 0;
  bool operator==(const ArrayWords&) const = default;
};

ArrayWords pack_tlb_entry(const TlbEntry& entry);
TlbEntry unpack_tlb_entry(const ArrayWords& words);

struct CacheTag {
  bool valid = false;
  bool dirty = false;
  PhysAddr line;  // address of the line's first byte
  bool operator==(const CacheTag&) const = default;
};

std::uint64_t pack_cache_tag(const CacheTag& tag);  // data0; data1 is not used
CacheTag unpack_cache_tag(std::uint64_t data0);

}  // namespace vm
