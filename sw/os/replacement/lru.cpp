// SPDX-License-Identifier: Apache-2.0
//
// Least recently used, exactly: a yardstick. It is told of every access, so no kernel could run it: between two faults
// hardware leaves one bit.
#include <algorithm>

#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

class Lru : public Replacement {
 public:
  void enter(Ppn frame, Content /*content*/) override { stack_.add(frame); }
  void leave(Ppn frame) override { stack_.remove(frame); }
  std::optional<Ppn> victim(FrameUse& use) override {
    const auto found = std::find_if(stack_.begin(), stack_.end(), [&](Ppn frame) { return use.can_leave(frame); });
    return found == stack_.end() ? std::nullopt : std::optional(*found);
  }
  std::vector<List> lists() const override { return {{.name = "stack", .frames = stack_.all()}}; }
  bool wants_touches() const override { return true; }
  void touch(Ppn frame) override { stack_.renew(frame); }

 private:
  FrameList stack_;
};

}  // namespace

std::unique_ptr<Replacement> make_lru() { return std::make_unique<Lru>(); }

}  // namespace vm
