// SPDX-License-Identifier: Apache-2.0
//
// The part of the state check that knows parity (M13): a word in which a bit has turned over is no entry any more,
// which the mirrors say by themselves, and the lookup that comes upon it removes it.
#include <fmt/format.h>

#include "checks/state_check.h"
#include "platform/platform.h"

namespace vm {
namespace {

std::string_view tlb_name(Port port) { return port == Port::Fetch ? "fetch TLB" : "data TLB"; }

}  // namespace

void StateCheck::on_flip(const ArrayRequest& flip) {
  walk_.on_array_port();
  const auto array = static_cast<Array>(flip.array);
  const auto flip_in = [&](TlbArray& tlb) {
    if (tlb.present() && flip.set < tlb.sets() && flip.way < tlb.ways()) tlb.flip(flip.set, flip.way);
  };
  if (array == Array::Itlb || array == Array::Dtlb) flip_in(tlb_[array == Array::Itlb ? 0 : 1].mirror.part(false));
  if (array == Array::L2Tlb) flip_in(l2_.mirror);
}

void StateCheck::on_upset(const Event& event) {
  const auto judge_ways = [&](TlbArray& tlb, std::string_view name) {
    const bool there = tlb.present() && event.set() < tlb.sets();
    const std::uint64_t expected = there ? tlb.upset_ways(event.set()) : 0;
    if (event.b != expected) {
      wrong(fmt::format("ways {:#x} of set {} of the {} were removed for their parity, expected {:#x} (M13)", event.b,
                        event.set(), name, expected));
    }
    if (there) tlb.remove(event.set(), event.b & expected);
  };
  switch (event.tlb_unit()) {
    case TlbUnit::L2:
      judge_ways(l2_.mirror, "L2 TLB");
      return;
    case TlbUnit::WalkCaches:
      if (event.b != pointers_upset_) {
        wrong(
            fmt::format("pointers of levels {:#x} were removed from the walk caches for their parity, expected {:#x} "
                        "(M13)",
                        event.b, pointers_upset_));
      }
      pointers_upset_ = 0;
      return;
    case TlbUnit::Base:
    case TlbUnit::Super:
      judge_ways(tlb_[static_cast<unsigned>(event.port())].mirror.part(false), tlb_name(event.port()));
      return;
  }
}

void StateCheck::l2_looked(unsigned set) {
  l2_.looked_set = set;
  l2_.looked_in = now_;
}

// What should have been removed by now and was not.
void StateCheck::upsets_missing() {
  const auto left_in = [this](const TlbArray& tlb, unsigned set, std::string_view name) {
    if (!tlb.present() || tlb.upset_ways(set) == 0) return;
    wrong(fmt::format("set {} of the {} was looked at, but ways {:#x} with wrong parity are still there (M13)", set,
                      name, tlb.upset_ways(set)));
  };
  for (const Port port : {Port::Fetch, Port::Data}) {
    TlbSide& side = tlb_[static_cast<unsigned>(port)];
    if (side.looked) left_in(side.mirror.part(false), *side.looked, tlb_name(port));
    side.looked.reset();
  }
  if (l2_.looked_set && l2_.looked_in != now_) {
    left_in(l2_.mirror, *l2_.looked_set, "L2 TLB");
    l2_.looked_set.reset();
  }
  if (pointers_upset_ != 0) {
    wrong(
        fmt::format("a walk has looked at the walk caches, but pointers of levels {:#x} with wrong parity are still "
                    "there (M13)",
                    pointers_upset_));
    pointers_upset_ = 0;
  }
}

}  // namespace vm
