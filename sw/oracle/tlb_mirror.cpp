// SPDX-License-Identifier: Apache-2.0
#include "oracle/tlb_mirror.h"

#include <algorithm>

namespace vm {

TlbMirror::TlbMirror(const Machine& machine, const TlbGeometry& geometry)
    : machine_(machine),
      geometry_(geometry),
      entries_(static_cast<std::size_t>(geometry.sets) * geometry.ways),
      plru_(geometry.sets, geometry.ways) {}

bool TlbMirror::matches(const TlbEntry& entry, Vpn vpn, std::uint16_t asid) const {
  const std::uint64_t mask = low_mask(machine_.asid_bits);
  return entry.valid && entry.vpn == vpn && (entry.asid & mask) == (asid & mask);
}

TlbMirror::Lookup TlbMirror::lookup(Vpn vpn, std::uint16_t asid, AccessKind kind, bool user) const {
  Lookup result;
  result.set = set_of(vpn);
  result.way = way_for(vpn, asid);
  const TlbEntry& candidate = entry(result.set, result.way);
  if (!matches(candidate, vpn, asid)) return result;
  result.entry = candidate;
  result.verdict = denied_by(candidate.page, kind, user) == Cause::None ? Verdict::Granted : Verdict::Denied;
  return result;
}

unsigned TlbMirror::way_for(Vpn vpn, std::uint16_t asid) const {
  const unsigned set = set_of(vpn);
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (matches(entry(set, way), vpn, asid)) return way;
  }
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (!entry(set, way).valid) return way;
  }
  return plru_.victim(set);
}

unsigned TlbMirror::fill(Vpn vpn, std::uint16_t asid, const Pte& page) {
  const unsigned set = set_of(vpn);
  const unsigned way = way_for(vpn, asid);
  entries_[index(set, way)] = {
      .valid = true, .vpn = vpn, .asid = static_cast<std::uint16_t>(asid & low_mask(machine_.asid_bits)), .page = page};
  touch(set, way);
  return way;
}

std::uint64_t TlbMirror::matching_ways(unsigned set, const Fence& fence) const {
  if (fence.op != FenceOp::Tlb) return 0;
  const VirtAddr va(fence.addr);
  // An address no access can have fences nothing (R21).
  if (fence.by_addr && !machine_.va_is_legal(va)) return 0;
  const std::uint64_t mask = low_mask(machine_.asid_bits);
  std::uint64_t ways = 0;
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    const TlbEntry& e = entry(set, way);
    const bool goes = e.valid && (!fence.by_addr || e.vpn == machine_.vpn_of(va)) &&
                      (!fence.by_asid || (e.asid & mask) == (fence.asid & mask));
    if (goes) ways |= 1ULL << way;
  }
  return ways;
}

void TlbMirror::invalidate(const Fence& fence) {
  if (!present()) return;
  for (unsigned set = 0; set < geometry_.sets; ++set) {
    const std::uint64_t gone = matching_ways(set, fence);
    for (unsigned way = 0; way < geometry_.ways; ++way) {
      if ((gone >> way & 1U) != 0) entries_[index(set, way)].valid = false;
    }
  }
}

void TlbMirror::write(unsigned set, unsigned way, const TlbEntry& entry) {
  TlbEntry& e = entries_[index(set, way)];
  e = entry;
  // The set is where the entry lies, whatever the low bits of the VPN in the word say.
  e.vpn = Vpn(entry.vpn.value / geometry_.sets * geometry_.sets + set);
}

void TlbMirror::reset() {
  std::fill(entries_.begin(), entries_.end(), TlbEntry{});
  plru_.reset();
}

}  // namespace vm
