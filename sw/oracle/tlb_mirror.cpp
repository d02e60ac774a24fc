// SPDX-License-Identifier: Apache-2.0
#include "oracle/tlb_mirror.h"

#include <algorithm>

#include "machine/pte.h"

namespace vm {

unsigned size_bits(const Format& format, unsigned level, bool napot) {
  constexpr unsigned kNapotBits = 4;  // 64 KiB (R10)
  return napot ? kNapotBits : format.index_lsb(level);
}

PhysAddr translate_by(const Machine& machine, const TlbEntry& entry, VirtAddr va) {
  const std::uint64_t inside = low_mask(size_bits(machine.format, entry.level, entry.napot) + machine.format.page_bits);
  return PhysAddr(((entry.page.ppn.value << machine.format.page_bits) & ~inside) | (va.value & inside));
}

TlbVerdict judge(const Machine& machine, const Context& context, const TlbEntry& entry, const Request& request) {
  const PhysAddr pa = translate_by(machine, entry, request.va);
  const bool reachable = pa.value <= low_mask(machine.pa_bits) && machine.takes(pa, request.atomic);
  const bool granted = denied_by(machine.format, context.env, entry.page, request) == Cause::None &&
                       (entry.page.dirty || request.kind != AccessKind::Store) && reachable;
  return granted ? TlbVerdict::Granted : TlbVerdict::Denied;
}

TlbEntry entry_of(const Machine& machine, const Context& context, VirtAddr va, const WalkResult& walk) {
  TlbEntry entry{.valid = true,
                 .vpn = machine.vpn_of(va),
                 .asid = static_cast<std::uint16_t>(context.asid & low_mask(machine.asid_bits)),
                 .level = walk.level,
                 .napot = walk.leaf.napot,
                 .page = walk.leaf};
  entry.page.ppn = Ppn(walk.pa.value >> machine.format.page_bits);
  if (walk.entry_reads != 0) {
    const Step& leaf = walk.path.at(walk.entry_reads - 1);
    entry.page.dirty = decode_pte(machine, context, leaf.wanted, leaf.level).dirty;
  }
  return entry;
}

bool covers(const Machine& machine, const Fence& fence, const TlbEntry& entry) {
  if (fence.op != FenceOp::Tlb) return false;
  if (fence.by_addr) {
    // An address no access can have fences nothing (R21).
    const VirtAddr va(fence.addr);
    if (!machine.va_is_legal(va)) return false;
    if ((machine.vpn_of(va).value ^ entry.vpn.value) >> size_bits(machine.format, entry.level, entry.napot) != 0)
      return false;
  }
  if (entry.page.global) return fence.globals;
  return !fence.by_asid || ((entry.asid ^ fence.asid) & low_mask(machine.asid_bits)) == 0;
}

// ---------------------------------------------------------------- one array

TlbArray::TlbArray(const Machine& machine, const TlbGeometry& geometry, Order order, Forgets forgets)
    : machine_(machine),
      geometry_(geometry),
      order_(order),
      forgets_(forgets),
      entries_(static_cast<std::size_t>(geometry.sets) * geometry.ways),
      live_(geometry.sets, forgets == Forgets::BySweep),
      upset_(entries_.size()),
      disturbed_(entries_.size()),
      plru_(geometry.sets, geometry.ways) {}

bool TlbArray::matches(const TlbEntry& entry, Vpn vpn, std::uint16_t asid) const {
  return entry.valid && (entry.vpn.value ^ vpn.value) >> size_bits(machine_.format, entry.level, entry.napot) == 0 &&
         (entry.page.global || ((entry.asid ^ asid) & low_mask(machine_.asid_bits)) == 0);
}

TlbArray::Match TlbArray::find(Vpn vpn, std::uint16_t asid) const {
  const unsigned set = set_of(vpn);
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (matches(entry(set, way), vpn, asid)) return {.found = true, .way = way};
  }
  return {};
}

unsigned TlbArray::way_for(Vpn vpn, std::uint16_t asid) const {
  if (const Match match = find(vpn, asid); match.found) return match.way;
  const unsigned set = set_of(vpn);
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (!entry(set, way).valid) return way;
  }
  return plru_.victim(set);
}

void TlbArray::fill(unsigned way, const TlbEntry& entry) {
  const unsigned set = set_of(entry.vpn);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(index(set, 0));
  const bool empty = std::none_of(first, first + geometry_.ways, [](const TlbEntry& e) { return e.valid; });
  if (empty && order_ == Order::ClearedWhenEmpty) plru_.clear(set);
  entries_[index(set, way)] = entry;
  upset_[index(set, way)] = false;
  live_[set] = true;
  touch(set, way);
}

std::uint64_t TlbArray::matching_ways(unsigned set, const Fence& fence) const {
  std::uint64_t ways = 0;
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    const TlbEntry& e = entry(set, way);
    if (e.valid && covers(machine_, fence, e)) ways |= 1ULL << way;
  }
  return ways;
}

void TlbArray::remove(unsigned set, std::uint64_t ways) {
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if ((ways >> way & 1U) == 0) continue;
    entries_[index(set, way)].valid = false;
    upset_[index(set, way)] = false;
  }
}

void TlbArray::invalidate(const Fence& fence) {
  const bool everything = fence.op == FenceOp::Tlb && !fence.by_addr && !fence.by_asid && fence.globals;
  for (unsigned set = 0; set < geometry_.sets; ++set) {
    remove(set, matching_ways(set, fence));
    const bool swept =
        fence.op == FenceOp::Tlb && (!fence.by_addr || set_of(machine_.vpn_of(VirtAddr(fence.addr))) == set);
    if (forgets_ == Forgets::BySweep ? swept : everything) heal(set);
    if (forgets_ == Forgets::AtOnce && everything) live_[set] = false;
  }
}

void TlbArray::flip(unsigned set, unsigned way) {
  const std::size_t i = index(set, way);
  if (!live_[set]) return;
  upset_[i] = !upset_[i];
  if (upset_[i]) disturbed_[i] = entries_[i];
  entries_[i] = upset_[i] ? TlbEntry{} : disturbed_[i];
}

std::uint64_t TlbArray::upset_ways(unsigned set) const {
  std::uint64_t ways = 0;
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (upset_[index(set, way)]) ways |= 1ULL << way;
  }
  return ways;
}

void TlbArray::heal(unsigned set) {
  for (unsigned way = 0; way < geometry_.ways; ++way) upset_[index(set, way)] = false;
}

void TlbArray::write(unsigned set, unsigned way, const TlbEntry& entry) {
  TlbEntry& e = entries_[index(set, way)];
  e = entry;
  upset_[index(set, way)] = false;
  live_[set] = true;
  // The set is where the entry lies, whatever the low bits of the VPN in the word say.
  e.vpn = Vpn(entry.vpn.value / geometry_.sets * geometry_.sets + set);
}

void TlbArray::reset() {
  std::fill(entries_.begin(), entries_.end(), TlbEntry{});
  std::fill(upset_.begin(), upset_.end(), false);
  std::fill(live_.begin(), live_.end(), forgets_ == Forgets::BySweep);
  plru_.reset();
}

// ---------------------------------------------------------------- both parts

TlbMirror::Lookup TlbMirror::lookup(const Context& context, const Request& request) const {
  Lookup result;
  const Vpn vpn = machine_.vpn_of(request.va);
  for (const bool super : {false, true}) {
    const TlbArray& array = part(super);
    const TlbArray::Match match = array.find(vpn, context.asid);
    if (!match.found) continue;
    result.super = super;
    result.set = array.set_of(vpn);
    result.way = match.way;
    result.entry = array.entry(result.set, result.way);
    result.verdict = judge(machine_, context, result.entry, request);
    return result;
  }
  return result;
}

void TlbMirror::fill(const TlbEntry& entry) {
  TlbArray& array = part(is_super(entry));
  if (array.present()) array.fill(array.way_for(entry.vpn, entry.asid), entry);
}

void TlbMirror::invalidate(const Fence& fence) {
  base_.invalidate(fence);
  super_.invalidate(fence);
}

void TlbMirror::reset() {
  base_.reset();
  super_.reset();
}

}  // namespace vm
