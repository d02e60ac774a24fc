// SPDX-License-Identifier: Apache-2.0
//
// The Linux way: a clock with two hands, cut open into an active and an inactive list, for anonymous pages and for
// those of files, in every zone of memory.
//
// The front hand goes over the active list, from the oldest on, while that is longer than the inactive one: what was
// used loses its accessed bit and becomes the newest, what was not goes to the inactive list. The back hand goes over
// the inactive list: what was used in the time between the hands becomes active again, the first that was not is the
// victim. A page of a file must be found used twice, so that a file that is read once pushes nothing out; it starts as
// inactive, an anonymous page as active.
//
// The zones are asked in sequence, each for one frame in its turn, whoever has the frames: the policy is global.
#include <algorithm>
#include <unordered_set>

#include "os/replacement.h"
#include "os/replacement/frame_list.h"

namespace vm {
namespace {

constexpr std::size_t kContents = 2;
constexpr std::uint64_t kMostSwappiness = 200;
constexpr std::uint64_t kForgetAfter = 64;  // frames looked at, of one kind

class Linux : public Replacement {
 public:
  explicit Linux(const ReplacementOptions& options)
      : borders_(options.zones), zones_(options.zones.size() + 1), swappiness_(options.swappiness) {}

  void enter(Ppn frame, Content content) override {
    Zone& zone = zones_[zone_of(frame)];
    for (const Lists& lists : zone.lists) {
      if (lists.active.contains(frame) || lists.inactive.contains(frame)) return;
    }
    Lists& lists = zone.lists.at(index_of(content));
    (content == Content::File ? lists.inactive : lists.active).add(frame);
  }

  void leave(Ppn frame) override {
    for (Lists& lists : zones_[zone_of(frame)].lists) {
      lists.active.remove(frame);
      lists.inactive.remove(frame);
    }
    used_once_.erase(frame);
  }

  std::optional<Ppn> victim(FrameUse& use) override {
    // The first turn may find everything used and the second all pages of files used twice; then every bit is clear.
    constexpr unsigned kTurns = 4;
    for (unsigned turn = 0; turn < kTurns; ++turn) {
      for (std::size_t i = 0; i < zones_.size(); ++i) {
        const std::size_t zone = (next_zone_ + i) % zones_.size();
        const std::optional<Ppn> found = victim_in(zones_[zone], use);
        if (!found) continue;
        next_zone_ = (zone + 1) % zones_.size();
        return found;
      }
    }
    return std::nullopt;
  }

  std::vector<List> lists() const override {
    std::vector<List> all;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      const std::string zone = zones_.size() == 1 ? "" : "zone " + std::to_string(i) + " ";
      const auto& [anonymous, file] = zones_[i].lists;
      all.push_back({.name = zone + "active", .frames = anonymous.active.all()});
      all.push_back({.name = zone + "inactive", .frames = anonymous.inactive.all()});
      all.push_back({.name = zone + "active file", .frames = file.active.all()});
      all.push_back({.name = zone + "inactive file", .frames = file.inactive.all()});
    }
    return all;
  }

 private:
  struct Lists {
    FrameList active, inactive;
    // What the back hand looked at, and how much of it was in use: a kind whose pages come back costs more to look at.
    std::uint64_t scanned = 0, rotated = 0;
  };
  struct Zone {
    std::array<Lists, kContents> lists;
  };

  static std::size_t index_of(Content content) { return content == Content::File ? 1 : 0; }

  std::size_t zone_of(Ppn frame) const {
    return static_cast<std::size_t>(std::upper_bound(borders_.begin(), borders_.end(), frame) - borders_.begin());
  }

  std::optional<Ppn> victim_in(Zone& zone, FrameUse& use) {
    const std::size_t first = prefers_files(zone) ? 1 : 0;
    for (const std::size_t kind : {first, 1 - first}) {
      advance_front_hand(zone.lists.at(kind), use);
      if (const auto found = advance_back_hand(zone.lists.at(kind), kind == index_of(Content::File), use)) return found;
    }
    return std::nullopt;
  }

  bool prefers_files(const Zone& zone) const {
    const auto& [anonymous, file] = zone.lists;
    return (kMostSwappiness - swappiness_) * (file.scanned + 1) * (anonymous.rotated + 1) >=
           swappiness_ * (anonymous.scanned + 1) * (file.rotated + 1);
  }

  static void advance_front_hand(Lists& lists, FrameUse& use) {
    std::size_t left = lists.active.size();
    for (auto at = lists.active.begin(); left > 0 && lists.active.size() > lists.inactive.size(); --left) {
      const Ppn frame = *at++;
      if (!use.can_leave(frame)) continue;
      if (use.take_used(frame)) {
        lists.active.renew(frame);
      } else {
        lists.active.remove(frame);
        lists.inactive.add(frame);
      }
    }
  }

  std::optional<Ppn> advance_back_hand(Lists& lists, bool file, FrameUse& use) {
    std::size_t left = lists.inactive.size();
    for (auto at = lists.inactive.begin(); left > 0; --left) {
      const Ppn frame = *at++;
      if (!use.can_leave(frame)) continue;
      if (++lists.scanned > kForgetAfter) {
        lists.scanned /= 2;
        lists.rotated /= 2;
      }
      if (!use.take_used(frame)) return frame;
      ++lists.rotated;
      if (file && used_once_.insert(frame).second) {
        lists.inactive.renew(frame);
        continue;
      }
      used_once_.erase(frame);
      lists.inactive.remove(frame);
      lists.active.add(frame);
    }
    return std::nullopt;
  }

  std::vector<Ppn> borders_;
  std::vector<Zone> zones_;
  std::uint64_t swappiness_;
  std::size_t next_zone_ = 0;
  std::unordered_set<Ppn> used_once_;  // inactive pages of files that were found used
};

}  // namespace

std::unique_ptr<Replacement> make_linux(const ReplacementOptions& options) { return std::make_unique<Linux>(options); }

}  // namespace vm
