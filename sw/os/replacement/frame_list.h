// SPDX-License-Identifier: Apache-2.0
//
// Frames in an order, each once. Adding, removing and moving one takes constant time.
#pragma once

#include <list>
#include <unordered_map>
#include <vector>

#include "machine/address.h"

namespace vm {

class FrameList {
 public:
  using Iterator = std::list<Ppn>::const_iterator;

  bool contains(Ppn frame) const { return places_.contains(frame); }
  void add(Ppn frame) {  // as the newest; where it is not yet
    if (!contains(frame)) places_[frame] = frames_.insert(frames_.end(), frame);
  }
  bool remove(Ppn frame) {  // false: it was not there
    const auto found = places_.find(frame);
    if (found == places_.end()) return false;
    frames_.erase(found->second);
    places_.erase(found);
    return true;
  }
  void renew(Ppn frame) {  // becomes the newest, if it is there
    if (const auto found = places_.find(frame); found != places_.end())
      frames_.splice(frames_.end(), frames_, found->second);
  }
  // From the oldest on. One that was passed may be removed or renewed.
  Iterator begin() const { return frames_.begin(); }
  Iterator end() const { return frames_.end(); }
  std::size_t size() const { return places_.size(); }
  std::vector<Ppn> all() const { return {frames_.begin(), frames_.end()}; }

 private:
  std::list<Ppn> frames_;
  std::unordered_map<Ppn, std::list<Ppn>::iterator> places_;
};

}  // namespace vm
