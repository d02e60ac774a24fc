// SPDX-License-Identifier: Apache-2.0
//
// Which sets of a cache with misses outstanding belong to a miss register, as its events tell: from the first access
// that is not answered at once, and needs its line, to the CacheFree after the last of them. Another access that waits
// keeps others from its set, too.
#pragma once

#include <vector>

#include "event.h"

namespace vm {

class OwnedSets {
 public:
  explicit OwnedSets(unsigned sets) : sets_(sets) {}

  void on_lookup(unsigned set, const Event& lookup) {
    if (lookup.answers_at_once()) return;
    ++waiting_;
    ++sets_[set].waiting;
    if (lookup.single()) return;
    ++sets_[set].cached;
    own(sets_[set], true);
  }
  void on_done(unsigned set, const Event& done) {
    if (sets_[set].waiting == 0) return;
    --waiting_;
    --sets_[set].waiting;
    if (!done.single() && sets_[set].cached != 0) --sets_[set].cached;
  }
  // Holds for the cycle of the event already.
  void on_free(unsigned set) { own(sets_[set], sets_[set].cached != 0); }

  bool exists(unsigned set) const { return set < sets_.size(); }
  bool owned(unsigned set) const { return sets_[set].owned; }
  bool busy(unsigned set) const { return sets_[set].owned || sets_[set].waiting != 0; }
  unsigned waiting() const { return waiting_; }  // accesses, in all sets
  unsigned registers() const { return owned_; }
  bool idle() const { return owned_ == 0 && waiting_ == 0; }

 private:
  struct Set {
    bool owned = false;
    unsigned waiting = 0, cached = 0;
  };
  void own(Set& set, bool owned) {
    owned_ = owned_ + (owned ? 1 : 0) - (set.owned ? 1 : 0);
    set.owned = owned;
  }

  std::vector<Set> sets_;
  unsigned waiting_ = 0, owned_ = 0;
};

}  // namespace vm
