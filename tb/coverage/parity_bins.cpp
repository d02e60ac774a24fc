// SPDX-License-Identifier: Apache-2.0
#include "coverage/parity_bins.h"

namespace vm {
namespace {

constexpr const char* kGroup = "parity";
enum class Unit : std::uint8_t { Fetch, Data, L2, WalkCaches };
enum class Loss : std::uint8_t { LineByAccess, WordByAccess, LineByMaintenance, WordWritten };

Unit unit_of(const Event& upset) {
  if (upset.tlb_unit() == TlbUnit::L2) return Unit::L2;
  if (upset.tlb_unit() == TlbUnit::WalkCaches) return Unit::WalkCaches;
  return upset.port() == Port::Fetch ? Unit::Fetch : Unit::Data;
}

Loss loss_of(const Event& lost) {
  if (lost.lost_written()) return Loss::WordWritten;
  if (lost.lost_in_maintenance()) return Loss::LineByMaintenance;
  return lost.lost_line() ? Loss::LineByAccess : Loss::WordByAccess;
}

}  // namespace

ParityBins::ParityBins(BinTable& table) {
  const Machine& m = table.machine();
  if (!m.parity || !m.array_port) return;
  removed_.emplace(table, kGroup, std::vector<Values>{{"removed"}, {"fetch TLB", "data TLB", "L2 TLB", "walk cache"}});
  refetched_.emplace(table, kGroup,
                     std::vector<Values>{{"fetched again"}, {"instruction line", "line of the data cache"}});
  lost_.emplace(table, kGroup,
                std::vector<Values>{{"lost"},
                                    {"line, found by an access", "word, found by an access",
                                     "line, found by maintenance", "word, written back"}});
  if (m.l2cache.ways == 0) return;
  lower_.emplace(table, kGroup,
                 std::vector<Values>{m.l3cache.ways != 0 ? Values{"L2 cache", "L3 cache"} : Values{"L2 cache"},
                                     {"line read again", "lost"}});
}

void ParityBins::on_event(const Event& event) const {
  if (!removed_) return;
  if (event.kind == EventKind::Upset) removed_->hit(0, unit_of(event));
  if (event.kind == EventKind::CacheVictim && event.refetch()) refetched_->hit(0, event.cache());
  if (event.kind == EventKind::LowerUpset && lower_) {
    if (event.lower_refetch()) lower_->hit(event.lower(), 0);
    if (event.lower_lost()) lower_->hit(event.lower(), 1);
  }
  if (event.kind == EventKind::CacheLost) lost_->hit(0, loss_of(event));
}

}  // namespace vm
