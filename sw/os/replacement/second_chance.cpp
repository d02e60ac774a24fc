// SPDX-License-Identifier: Apache-2.0
//
// Second chance, the clock with one hand: the frames stand in a circle, and the hand goes from one to the next. What
// was used since the hand passed loses its accessed bit and stays; the first that was not used goes. Cut open at the
// hand, the circle is a queue, and a frame that stays goes to its end.
#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

class SecondChance : public Replacement {
 public:
  void enter(Ppn frame, Content /*content*/) override { circle_.add(frame); }
  void leave(Ppn frame) override { circle_.remove(frame); }
  std::optional<Ppn> victim(FrameUse& use) override {
    // In the second turn every accessed bit is clear.
    for (unsigned turn = 0; turn < 2; ++turn) {
      std::size_t left = circle_.size();
      for (auto at = circle_.begin(); left > 0; --left) {
        const Ppn frame = *at++;
        if (!use.can_leave(frame)) continue;
        if (!use.take_used(frame)) return frame;
        circle_.renew(frame);
      }
    }
    return std::nullopt;
  }
  std::vector<List> lists() const override { return {{.name = "circle", .frames = circle_.all()}}; }

 private:
  FrameList circle_;
};

}  // namespace

std::unique_ptr<Replacement> make_second_chance() { return std::make_unique<SecondChance>(); }

}  // namespace vm
