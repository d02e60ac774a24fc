// SPDX-License-Identifier: Apache-2.0
#include "machine/array_layout.h"

namespace vm {
namespace {

constexpr unsigned kValid = 63, kDirty = 62;
constexpr unsigned kTypeLsb = 58, kTypeBits = 3;
constexpr unsigned kGlobal = 57, kEntryDirty = 56, kUser = 55, kRead = 54, kWrite = 53, kExec = 52;
constexpr unsigned kVpnBits = 52, kPpnBits = 44, kAsidLsb = 44, kLineBits = 56;

std::uint64_t bit(unsigned position, bool value) { return value ? 1ULL << position : 0; }
bool bit_of(std::uint64_t word, unsigned position) { return (word >> position & 1U) != 0; }

}  // namespace

ArrayWords pack_tlb_entry(const TlbEntry& entry) {
  return {.data0 = bit(kValid, entry.valid) | static_cast<std::uint64_t>(entry.page.type) << kTypeLsb |
                   bit(kGlobal, entry.page.global) | bit(kEntryDirty, entry.page.dirty) | bit(kUser, entry.page.user) |
                   bit(kRead, entry.page.read) | bit(kWrite, entry.page.write) | bit(kExec, entry.page.exec) |
                   (entry.vpn.value & low_mask(kVpnBits)),
          .data1 = static_cast<std::uint64_t>(entry.asid) << kAsidLsb | (entry.page.ppn.value & low_mask(kPpnBits))};
}

TlbEntry unpack_tlb_entry(const ArrayWords& words) {
  TlbEntry entry;
  entry.valid = bit_of(words.data0, kValid);
  entry.vpn = Vpn(words.data0 & low_mask(kVpnBits));
  entry.asid = static_cast<std::uint16_t>(words.data1 >> kAsidLsb);
  entry.page.valid = entry.valid;
  entry.page.type = static_cast<MemType>(words.data0 >> kTypeLsb & low_mask(kTypeBits));
  entry.page.global = bit_of(words.data0, kGlobal);
  entry.page.dirty = bit_of(words.data0, kEntryDirty);
  entry.page.user = bit_of(words.data0, kUser);
  entry.page.read = bit_of(words.data0, kRead);
  entry.page.write = bit_of(words.data0, kWrite);
  entry.page.exec = bit_of(words.data0, kExec);
  entry.page.ppn = Ppn(words.data1 & low_mask(kPpnBits));
  return entry;
}

std::uint64_t pack_cache_tag(const CacheTag& tag) {
  return bit(kValid, tag.valid) | bit(kDirty, tag.dirty) | (tag.line.value & low_mask(kLineBits));
}

CacheTag unpack_cache_tag(std::uint64_t data0) {
  return {
      .valid = bit_of(data0, kValid), .dirty = bit_of(data0, kDirty), .line = PhysAddr(data0 & low_mask(kLineBits))};
}

}  // namespace vm
