// SPDX-License-Identifier: Apache-2.0
#include "walk_state.h"

namespace vm {

WalkState::WalkState(const Machine& machine)
    : looks_(machine.l2tlb.ways != 0 || machine.walk_cache_sets != 0), top_(machine.format.levels - 1) {}

void WalkState::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Xlat:
      if (event.source() == Source::Walk && moment_.phase == WalkPhase::Held && port_ == event.port()) {
        moment_.phase = WalkPhase::None;
      }
      return;
    case EventKind::WalkStart:
      port_ = event.port();
      moment_ = {looks_ ? WalkPhase::Look : WalkPhase::Read, top_};
      return;
    case EventKind::WalkLook:
      moment_.phase = event.l2_hit() && !event.l2_off() ? WalkPhase::None : WalkPhase::Read;
      if (moment_.phase == WalkPhase::Read && event.walk_cache_level() != 0) {
        moment_.level = event.walk_cache_level() - 1;
      }
      return;
    case EventKind::WalkRead:
      moment_ = {WalkPhase::Read, event.walk_level()};
      return;
    case EventKind::WalkUpdateStart:
      moment_ = {WalkPhase::Update, event.walk_level()};
      return;
    case EventKind::WalkUpdate:
    case EventKind::WalkRestart:
      moment_.phase = WalkPhase::Read;
      return;
    case EventKind::WalkEnd:
      moment_.phase = WalkPhase::Held;
      return;
    default:
      return;
  }
}

}  // namespace vm
