// SPDX-License-Identifier: Apache-2.0
//
// Where the walker is, and where the walk that answers a translation came from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "coverage/translation_shadow.h"
#include "event.h"
#include "machine/machine.h"
#include "walk_state.h"

namespace vm {

class WalkProgress {
 public:
  // Why a walk was needed: nothing known, or what was known denied the access.
  enum class Origin : std::uint8_t { Miss, DeniedL1, DeniedL2, Restarted };

  // Of the walk of a port that runs or ran last.
  struct Story {
    VirtAddr va;
    Origin origin = Origin::Miss;
    unsigned known_level = 0;     // of the walk-cache entry it began at; 0: the root
    unsigned end_level = 0;       // of the entry that decided
    std::uint64_t entry = 0;      // its value
    unsigned pointer_levels = 0;  // one bit for each level at which a pointer was read
    std::array<std::uint64_t, Format::kMaxLevels> pointers{};
    bool updated = false;           // accessed or dirty bits were set
    std::optional<ShadowEntry> l2;  // what the L2 TLB answered
  };

  WalkProgress(const Machine& machine, const TranslationShadow& shadow) : state_(machine), shadow_(shadow) {}

  // All events of a cycle in their order; others than Xlat and the walker's change nothing.
  void on_event(const Event& event);

  WalkPhase phase() const { return state_.moment().phase; }
  Port port() const { return state_.port(); }
  unsigned level() const { return state_.moment().level; }
  const Story& story(Port port) const { return stories_[static_cast<unsigned>(port)]; }
  // The address of a port's miss that the walker has not taken yet.
  const std::optional<VirtAddr>& waiting(Port port) const { return waiting_[static_cast<unsigned>(port)]; }

 private:
  void start(const Event& event);
  void look(const Event& event);
  Story& current() { return stories_[static_cast<unsigned>(port())]; }

  WalkState state_;
  const TranslationShadow& shadow_;
  std::array<Story, 2> stories_;
  std::array<std::optional<VirtAddr>, 2> waiting_;
  std::array<bool, 2> asked_{};  // the walker has this port's miss
};

}  // namespace vm
