// SPDX-License-Identifier: Apache-2.0
//
// Belady's optimum: the frame that is not needed for longest from now on. The kernel knows the future because the trace
// ran before (future.h). No policy has fewer faults.
#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

class Optimal : public Replacement {
 public:
  void enter(Ppn frame, Content /*content*/) override { frames_.add(frame); }
  void leave(Ppn frame) override { frames_.remove(frame); }
  std::optional<Ppn> victim(FrameUse& use) override {
    std::optional<Ppn> best;
    std::uint64_t latest = 0;
    for (const Ppn frame : frames_) {
      if (!use.can_leave(frame)) continue;
      const std::uint64_t next = use.next_use(frame);
      if (best && next <= latest) continue;
      best = frame;
      latest = next;
    }
    return best;
  }
  std::vector<List> lists() const override { return {{.name = "frames", .frames = frames_.all()}}; }
  bool wants_touches() const override { return true; }

 private:
  FrameList frames_;
};

}  // namespace

std::unique_ptr<Replacement> make_optimal() { return std::make_unique<Optimal>(); }

}  // namespace vm
