// SPDX-License-Identifier: Apache-2.0
//
// Any frame, each as likely as the others: a yardstick that needs no bits and no lists.
#include "machine/random.h"

#include <algorithm>
#include <iterator>

#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

class RandomChoice : public Replacement {
 public:
  explicit RandomChoice(std::uint64_t seed) : random_(seed, "replacement") {}
  void enter(Ppn frame, Content /*content*/) override { frames_.add(frame); }
  void leave(Ppn frame) override { frames_.remove(frame); }
  std::optional<Ppn> victim(FrameUse& use) override {
    std::vector<Ppn> candidates;
    std::copy_if(frames_.begin(), frames_.end(), std::back_inserter(candidates),
                 [&](Ppn frame) { return use.can_leave(frame); });
    if (candidates.empty()) return std::nullopt;
    return candidates[random_.below(candidates.size())];
  }
  std::vector<List> lists() const override { return {{.name = "frames", .frames = frames_.all()}}; }

 private:
  FrameList frames_;
  Random random_;
};

}  // namespace

std::unique_ptr<Replacement> make_random(std::uint64_t seed) { return std::make_unique<RandomChoice>(seed); }

}  // namespace vm
