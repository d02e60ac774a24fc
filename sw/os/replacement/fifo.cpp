// SPDX-License-Identifier: Apache-2.0
//
// First in, first out: the frame that has been in use for longest, used or not. With more memory it may fault more
// often (Belady's anomaly).
#include <algorithm>

#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

class Fifo : public Replacement {
 public:
  void enter(Ppn frame, Content /*content*/) override { frames_.add(frame); }
  void leave(Ppn frame) override { frames_.remove(frame); }
  std::optional<Ppn> victim(FrameUse& use) override {
    const auto found = std::find_if(frames_.begin(), frames_.end(), [&](Ppn frame) { return use.can_leave(frame); });
    return found == frames_.end() ? std::nullopt : std::optional(*found);
  }
  std::vector<List> lists() const override { return {{.name = "queue", .frames = frames_.all()}}; }

 private:
  FrameList frames_;
};

}  // namespace

std::unique_ptr<Replacement> make_fifo() { return std::make_unique<Fifo>(); }

}  // namespace vm
