// SPDX-License-Identifier: Apache-2.0
#include "coverage/translation_shadow.h"

#include "platform/platform.h"

namespace vm {

TranslationShadow::TranslationShadow(const Machine& machine) : machine_(machine) {
  l1_[0][0].resize(static_cast<std::size_t>(machine.itlb.sets) * machine.itlb.ways);
  l1_[1][0].resize(static_cast<std::size_t>(machine.dtlb.sets) * machine.dtlb.ways);
  for (auto& port : l1_) port[1].resize(machine.super_entries);
  l2_.resize(static_cast<std::size_t>(machine.l2tlb.sets) * machine.l2tlb.ways);
}

ShadowEntry TranslationShadow::of_fill(const Event& fill) {
  const auto bit = [&fill](unsigned n) { return (fill.d >> n & 1U) != 0; };
  return {.known = true,
          .vpn = Vpn(fill.b),
          .asid = fill.fill_asid(),
          .exec = bit(16),
          .write = bit(17),
          .read = bit(18),
          .user = bit(19),
          .dirty = bit(20),
          .global = bit(21),
          .napot = bit(28),
          .level = static_cast<unsigned>(fill.d >> 25 & 7U)};
}

void TranslationShadow::on_event(const Event& event) {
  const auto put = [&event](std::vector<ShadowEntry>& entries, std::size_t place) {
    if (place < entries.size()) entries[place] = of_fill(event);
  };
  if (event.kind == EventKind::TlbFill) {
    const auto p = static_cast<unsigned>(event.port());
    const bool super = event.fills_super();
    put(l1_[p][super ? 1 : 0],
        super ? event.tlb_way() : static_cast<std::size_t>(event.set()) * ways(p) + event.tlb_way());
  } else if (event.kind == EventKind::L2Fill) {
    put(l2_, static_cast<std::size_t>(event.set()) * machine_.l2tlb.ways + event.tlb_way());
  } else if (event.kind == EventKind::TlbInvalidate) {
    invalidate(event);
  }
}

// The L2 TLB drops in the background, so what it still has is not asked: a hit tells.
void TranslationShadow::invalidate(const Event& event) {
  if (event.tlb_unit() != TlbUnit::Base && event.tlb_unit() != TlbUnit::Super) return;
  const auto p = static_cast<unsigned>(event.port());
  const bool super = event.tlb_unit() == TlbUnit::Super;
  std::vector<ShadowEntry>& entries = l1_[p][super ? 1 : 0];
  const std::size_t first = super ? 0 : static_cast<std::size_t>(event.set()) * ways(p);
  if (event.tlb_all()) {
    for (ShadowEntry& entry : entries) entry.known = false;
    return;
  }
  for (unsigned way = 0; way < 64 && first + way < entries.size(); ++way) {
    if ((event.b >> way & 1U) != 0) entries[first + way].known = false;
  }
}

void TranslationShadow::on_array_write(const ArrayRequest& request) {
  const auto array = static_cast<Array>(request.array);
  if (array != Array::Itlb && array != Array::Dtlb) return;
  const unsigned p = array == Array::Itlb ? 0 : 1;
  const std::size_t place = static_cast<std::size_t>(request.set) * ways(p) + request.way;
  if (place < l1_[p][0].size()) l1_[p][0][place].known = false;
}

const ShadowEntry* TranslationShadow::hit(const Event& xlat) const {
  if (xlat.source() != Source::Tlb) return nullptr;
  const auto p = static_cast<unsigned>(xlat.port());
  const std::vector<ShadowEntry>& entries = l1_[p][xlat.xlat_super() ? 1 : 0];
  const std::size_t place = static_cast<std::size_t>(xlat.xlat_set()) * ways(p) + xlat.xlat_way();
  return place < entries.size() && entries[place].known ? &entries[place] : nullptr;
}

const ShadowEntry* TranslationShadow::l2_hit(const Event& look) const {
  const std::size_t place = static_cast<std::size_t>(look.set()) * machine_.l2tlb.ways + look.tlb_way();
  return place < l2_.size() && l2_[place].known ? &l2_[place] : nullptr;
}

bool TranslationShadow::covers(const ShadowEntry& entry, Vpn vpn) const {
  constexpr unsigned kNapotBits = 4;
  const unsigned span = entry.napot ? kNapotBits : machine_.format.index_lsb(entry.level);
  return entry.known && entry.vpn.value >> span == vpn.value >> span;
}

}  // namespace vm
