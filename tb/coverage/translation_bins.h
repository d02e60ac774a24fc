// SPDX-License-Identifier: Apache-2.0
//
// What translations ended in, and where they came from.
//
//   hits    where the translation came from x access x privilege
//   types   memory type x where from x access
//   faults  cause x level of the entry that decided x access
//   origins what a walk ended in x why it was needed
#pragma once

#include "coverage/bins.h"
#include "coverage/translation_shadow.h"
#include "coverage/walk_progress.h"
#include "tracker.h"

namespace vm {

class TranslationBins {
 public:
  explicit TranslationBins(BinTable& table);

  void on_xlat(const Event& xlat, const TranslationShadow& shadow, const WalkProgress& walk) const;
  void on_retired(const TrackedAccess& access) const;  // bus errors on the data

 private:
  std::size_t source_of(const Event& xlat, const TranslationShadow& shadow, const WalkProgress& walk) const;

  // Places in the list of sources: bare, L1 base part, its super part by level, NAPOT, L2, walks by where they began.
  struct Sources {
    explicit Sources(const Machine& machine);
    Values names;
    std::size_t super = 0, napot = 0, l2 = 0, walk = 0, below = 0, restarted = 0;
  };

  const Machine& machine_;
  Sources sources_;
  Cross hits_, types_, faults_, without_entry_, origins_;
};

}  // namespace vm
