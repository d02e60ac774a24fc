// SPDX-License-Identifier: Apache-2.0
#include "coverage/coverage.h"

#include <stdexcept>
#include <utility>

#include "coverage/atomic_bins.h"
#include "coverage/cache_bins.h"
#include "coverage/control_bins.h"
#include "coverage/crossing_bins.h"
#include "coverage/fence_bins.h"
#include "coverage/outstanding_bins.h"
#include "coverage/parity_bins.h"
#include "coverage/rule_bins.h"
#include "coverage/translation_bins.h"
#include "coverage/translation_shadow.h"
#include "coverage/walk_bins.h"
#include "coverage/walk_progress.h"

namespace vm {

std::uint64_t enough_accesses(const Machine& machine) {
  return machine.format.kind == PteKind::Flat ? 500'000 : 600'000;
}

struct Coverage::Parts {
  explicit Parts(const Machine& m) : machine(m) {}

  void on_event(const Event& event, const Cycle& cycle, const Tracker& tracker);

  Machine machine;
  BinTable table{machine};
  std::uint64_t accesses = 0;
  TranslationShadow shadow{machine};
  WalkProgress walk{machine, shadow};
  TranslationBins translations{table};
  RuleBins rules{table};
  WalkBins walks{table};
  FenceBins fences{table};
  CacheBins caches{table};
  CrossingBins crossings{table};
  ControlBins control{table};
  AtomicBins atomics{table};
  ParityBins parity{table};
  OutstandingBins misses{table};
};

void Coverage::Parts::on_event(const Event& event, const Cycle& cycle, const Tracker& tracker) {
  if (event.kind == EventKind::Xlat) {
    const TrackedAccess& access = tracker.access(event.port(), event.id());
    translations.on_xlat(event, shadow, walk);
    rules.on_xlat(event, cycle, access, shadow, walk);
    control.on_xlat(event, access, walk);
  }
  walks.on_event(event, tracker, walk);
  crossings.on_event(event, tracker);
  atomics.on_event(event);
  parity.on_event(event);
  walk.on_event(event);
  shadow.on_event(event);
}

Coverage::Coverage(const Machine& machine) : parts_(std::make_unique<Parts>(machine)) {}
Coverage::~Coverage() = default;
Coverage::Coverage(Coverage&&) noexcept = default;
Coverage& Coverage::operator=(Coverage&&) noexcept = default;

void Coverage::on_cycle(const Cycle& cycle, const Tracker& tracker) {
  Parts& parts = *parts_;
  parts.fences.on_cycle(cycle, tracker, parts.shadow, parts.walk);
  for (const Event& event : cycle.events) parts.on_event(event, cycle, tracker);
  parts.caches.on_cycle(cycle);
  parts.control.on_cycle(cycle);
  parts.atomics.on_cycle(cycle);
  parts.misses.on_cycle(cycle, tracker);
  if (cycle.array_accepted() && cycle.in->array.write) parts.shadow.on_array_write(cycle.in->array);
  for (const TrackedAccess* access : tracker.retired()) {
    ++parts.accesses;
    parts.translations.on_retired(*access);
    parts.crossings.on_retired(*access);
    parts.atomics.on_retired(*access);
  }
}

void Coverage::merge(const Coverage& other) {
  Parts& mine = *parts_;
  const Parts& theirs = *other.parts_;
  if (mine.machine.name != theirs.machine.name || mine.table.bins().size() != theirs.table.bins().size()) {
    throw std::logic_error("coverage of two machines cannot be added up");
  }
  mine.accesses += theirs.accesses;
  for (std::size_t i = 0; i < mine.table.bins().size(); ++i) mine.table.hit(i, theirs.table.bins()[i].hits);
}

CoverageRecord Coverage::record() const {
  return {parts_->machine.name, parts_->accesses, enough_accesses(parts_->machine), parts_->table.bins()};
}

std::uint64_t Coverage::accesses() const { return parts_->accesses; }

}  // namespace vm
