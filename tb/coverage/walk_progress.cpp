// SPDX-License-Identifier: Apache-2.0
#include "coverage/walk_progress.h"

namespace vm {

void WalkProgress::on_event(const Event& event) {
  state_.on_event(event);
  const auto p = static_cast<unsigned>(event.port());
  switch (event.kind) {
    case EventKind::Xlat:
      waiting_[p].reset();
      asked_[p] = false;
      return;
    case EventKind::WalkStart:
      return start(event);
    case EventKind::WalkLook:
      return look(event);
    case EventKind::WalkData:
      if (event.walk_level() != 0 && event.walk_level() < Format::kMaxLevels && !event.walk_err()) {
        current().pointer_levels |= 1U << event.walk_level();
        current().pointers[event.walk_level()] = event.b;
      }
      return;
    case EventKind::WalkUpdate:
      if (event.update_success()) current().updated = true;
      return;
    case EventKind::WalkRestart:
      current().origin = Origin::Restarted;
      current().known_level = 0;
      current().pointer_levels = 0;
      return;
    case EventKind::WalkEnd:
      current().end_level = event.end_level();
      current().entry = event.c;
      current().pointer_levels &= ~(1U << event.end_level());
      return;
    case EventKind::Miss:
      // The walker may have taken it in this very cycle.
      if (!asked_[p]) waiting_[p] = VirtAddr(event.b);
      return;
    default:
      return;
  }
}

void WalkProgress::start(const Event& event) {
  const auto p = static_cast<unsigned>(event.port());
  waiting_[p].reset();
  asked_[p] = true;
  Story& story = stories_[p];
  std::optional<ShadowEntry> l2 = event.skip_l2() ? story.l2 : std::nullopt;
  story = {};
  story.va = VirtAddr(event.b);
  story.l2 = l2;
  story.origin = event.skip_l2() ? Origin::DeniedL2 : event.denied_hit() ? Origin::DeniedL1 : Origin::Miss;
}

void WalkProgress::look(const Event& event) {
  if (event.l2_hit() && !event.l2_off()) {
    const ShadowEntry* entry = shadow_.l2_hit(event);
    current().l2 = entry != nullptr ? std::optional(*entry) : std::nullopt;
    return;
  }
  current().known_level = event.walk_cache_level();
}

}  // namespace vm
