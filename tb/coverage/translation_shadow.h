// SPDX-License-Identifier: Apache-2.0
//
// What the translation caches hold, as far as fills and invalidations tell: rights, size and ASID of what a hit found.
// No judgement, and no victims: events name the place.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "event.h"
#include "machine/machine.h"

namespace vm {

struct ShadowEntry {
  bool known = false;  // false: empty, or written by the array port
  Vpn vpn;
  std::uint16_t asid = 0;
  bool exec = false, write = false, read = false, user = false, dirty = false, global = false, napot = false;
  unsigned level = 0;
};

class TranslationShadow {
 public:
  explicit TranslationShadow(const Machine& machine);

  // TlbFill, L2Fill and TlbInvalidate change it.
  void on_event(const Event& event);
  void on_array_write(const ArrayRequest& request);

  // What this translation found in the L1 TLB (source Tlb); nullptr if that is not known.
  const ShadowEntry* hit(const Event& xlat) const;
  // What WalkLook found in the L2 TLB.
  const ShadowEntry* l2_hit(const Event& look) const;
  static ShadowEntry of_fill(const Event& fill);

  // All entries of a port's part.
  const std::vector<ShadowEntry>& part(Port port, bool super) const {
    return l1_[static_cast<unsigned>(port)][super ? 1 : 0];
  }
  bool covers(const ShadowEntry& entry, Vpn vpn) const;

 private:
  void invalidate(const Event& event);
  unsigned ways(unsigned port) const { return port == 0 ? machine_.itlb.ways : machine_.dtlb.ways; }

  const Machine& machine_;
  std::array<std::array<std::vector<ShadowEntry>, 2>, 2> l1_;  // [port][base, super]
  std::vector<ShadowEntry> l2_;
};

}  // namespace vm
