// SPDX-License-Identifier: Apache-2.0
//
// Fences, and control writes that make the hardware forget translations.
//
//   fences      what is forgotten, and whether page and ASID are those of the walk x where the walk is at acceptance.
//               Without a walk the page is that of the last one
//   operations  cache operations, refusals and fences without effect x whether a walk runs
//   stages      kind of operation x port x where the port's access is; operations that wait for one another
//   dropped     what is forgotten x where something was dropped; what was spared, and why
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coverage/bins.h"
#include "coverage/translation_shadow.h"
#include "coverage/walk_progress.h"
#include "event.h"
#include "tracker.h"

namespace vm {

class FenceBins {
 public:
  explicit FenceBins(BinTable& table);

  // The tracker has seen the cycle; shadow and walk are as before it.
  void on_cycle(const Cycle& cycle, const Tracker& tracker, const TranslationShadow& shadow, const WalkProgress& walk);

 private:
  enum class Kind : std::uint8_t { Control, Fence, Array };

  // What is forgotten, with and without the relation to a walk: places in the lists of names.
  struct Scopes {
    explicit Scopes(const Machine& machine);
    std::size_t place(const Fence& fence, bool same_page, bool same_asid) const;
    static std::size_t scope(const Fence& fence);
    Values related, plain;
    std::array<std::array<std::size_t, 4>, 8> places{};  // [scope][2 * same page + same ASID]
    std::array<std::size_t, 3> control{};                // root, mode bits, PAT
    std::array<std::size_t, 3> control_plain{};
  };

  void on_event(const Event& event, const TranslationShadow& shadow);
  void accept_fence(const FenceRequest& request, const Tracker& tracker, const WalkProgress& walk);
  void accept_control(const CtlRequest& request, const Tracker& tracker, const WalkProgress& walk);
  void relate(std::size_t place, const WalkProgress& walk) const;
  void stages(Kind kind, const Tracker& tracker, const WalkProgress& walk) const;
  void waiting(const Cycle& cycle) const;
  void spared(const Fence& fence, const TranslationShadow& shadow) const;
  std::size_t phase_of(const WalkProgress& walk) const;

  const Machine& machine_;
  Scopes scopes_;
  Cross fences_, operations_, translations_, stages_, behind_, dropped_, spared_;
  std::optional<std::size_t> forgetting_;  // place in Scopes::plain of the operation under way
  Fence fence_;
  bool fence_under_way_ = false;
  std::array<bool, 2> cut_{};          // the port's newest access was cut into pieces
  std::array<unsigned, 2> missing_{};  // its cache serves an access of the core from memory
};

}  // namespace vm
