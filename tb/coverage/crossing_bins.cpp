// SPDX-License-Identifier: Apache-2.0
#include "coverage/crossing_bins.h"

#include "pieces.h"

namespace vm {
namespace {

enum class Outcome : std::uint8_t { Fine, FirstFaults, LaterFaults, FirstBus, LaterBus };
// Which piece made the walker set accessed or dirty bits.
enum class Updated : std::uint8_t { First, Later, Both };

bool known(const Event& xlat) { return xlat.source() == Source::Tlb; }

}  // namespace

CrossingBins::CrossingBins(BinTable& table)
    : machine_(table.machine()),
      crossings_(table, "crossings",
                 {{"inside a page", "two pages"},
                  {"no fault", "first piece faults", "a later piece faults", "bus error on the first piece",
                   "bus error on a later piece"},
                  access_values()}) {
  const Machine& m = machine_;
  if (m.itlb.ways + m.dtlb.ways != 0) {
    sources_.emplace(
        table, "crossings",
        std::vector<Values>{{"two pages"},
                            {"both in the TLB", "first in the TLB", "second in the TLB", "none in the TLB"},
                            access_values()});
  }
  if (m.format.hw_ad) {
    updates_.emplace(table, "crossings",
                     std::vector<Values>{{"two pages"},
                                         {"accessed or dirty set on the first", "accessed or dirty set on the second",
                                          "accessed or dirty set on both"},
                                         access_values()});
  }
}

void CrossingBins::on_event(const Event& event, const Tracker& tracker) {
  if (event.kind == EventKind::WalkStart) walking_ = event.port();
  if (event.kind != EventKind::WalkUpdate || !event.update_success() || event.walk_err()) return;
  const TrackedAccess* access = tracker.translating(walking_);
  if (access == nullptr) return;
  updated_pieces_[static_cast<unsigned>(walking_)] |= 1U << access->piece_count;
}

void CrossingBins::on_retired(const TrackedAccess& access) {
  const unsigned updated = std::exchange(updated_pieces_[static_cast<unsigned>(access.port)], 0U);
  const unsigned parts = unit_parts(machine_.unit_bytes(), access.request);
  if (parts == 1 || access.piece_count == 0) return;
  const AccessKind kind = access.kind();
  const std::uint64_t last = access.request.va + access.size() - 1;
  const bool two_pages = (access.request.va ^ last) >> machine_.format.page_bits != 0;
  Outcome outcome = Outcome::Fine;
  if (access.response.fault.cause == Cause::Bus) {
    outcome = access.piece_count == parts + 1 ? Outcome::FirstBus : Outcome::LaterBus;
  } else if (access.response.fault) {
    outcome = access.piece_count == 1 ? Outcome::FirstFaults : Outcome::LaterFaults;
  }
  crossings_.hit(two_pages, outcome, kind);
  if (!two_pages || parts != 2 || access.piece_count < 2 || access.pieces[0].xlat.source() == Source::Bare) return;
  const bool first = known(access.pieces[0].xlat), second = known(access.pieces[1].xlat);
  if (sources_) sources_->hit(0, first ? (second ? 0 : 1) : (second ? 2 : 3), kind);
  if (!updates_ || (updated & 3U) == 0) return;
  updates_->hit(0, (updated & 3U) == 3 ? Updated::Both : (updated & 1U) != 0 ? Updated::First : Updated::Later, kind);
}

}  // namespace vm
