// SPDX-License-Identifier: Apache-2.0
//
// Which frame leaves memory: a policy, one file each in replacement/. A policy keeps the frames that pages of processes
// and files have in lists of its own, and names a victim when pageout.cpp asks for one. It changes neither tables nor
// frames: what it wants to know of a frame it asks the kernel, which reads the accessed bits that hardware has set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/address.h"

namespace vm {

enum class ReplacementKind : std::uint8_t {
  Fifo,          // in memory for longest
  SecondChance,  // the same, but what was used since it was looked at last goes round once more
  Lru,           // not used for longest, exactly: the kernel tells of every access, as no hardware could
  Random,        // any
  Optimal,       // not needed for longest from now on (Belady): the kernel knows the future from a run before
  Linux,         // active and inactive lists (docs/os_memory.md)
  Windows        // working sets (windows/page_manager.h)
};

inline constexpr std::array<std::string_view, 7> kReplacementNames = {"fifo",    "second-chance", "lru",    "random",
                                                                      "optimal", "linux",         "windows"};

constexpr std::string_view to_string(ReplacementKind kind) {
  return kReplacementNames.at(static_cast<std::size_t>(kind));
}

struct ReplacementOptions {
  ReplacementKind kind = ReplacementKind::Fifo;
  std::uint64_t seed = 1;  // Random
  // The accessed bit is cleared without a fence: hardware that remembers the page does not set it again, so a page in
  // use may seem unused. Legal, and what Linux does on x86.
  bool unfenced = false;
  // A write to the disk takes so many accesses of processes; meanwhile its frame is busy.
  std::uint64_t disk_time = 0;
  // With fewer than `low` frames free the pageout daemon runs until there are `high`, or they will be when what is
  // being written is written. Zero: it runs only when a frame is needed and none is free.
  std::uint64_t low = 0, high = 0;
  // Linux: frames where a new zone begins, rising; and how readily anonymous pages go rather than those of files, from
  // 0 (never, while there is a page of a file) to 200.
  std::vector<Ppn> zones = {};
  std::uint64_t swappiness = 60;
  // Windows: pages that every process is sure to have in memory, and those beyond which it pays with its own; so many
  // accesses are a second; pages that wait to be written before the writer begins; free frames to be kept cleared.
  std::uint64_t minimum = 1;
  std::optional<std::uint64_t> maximum = {};
  std::uint64_t second = 1000;
  std::uint64_t modified = 0;
  std::uint64_t zeroed = 0;
};

// What a policy may ask the kernel about a frame.
class FrameUse {
 public:
  virtual ~FrameUse() = default;
  virtual bool can_leave(Ppn frame) = 0;  // now; whatever cannot is passed over and stays where it is
  // Whether it was accessed since this was asked last: accessed bits are read and cleared.
  virtual bool take_used(Ppn frame) = 0;
  // When it is needed next, as a number of pages touched from the start; all ones: never. For Optimal.
  virtual std::uint64_t next_use(Ppn frame) = 0;
};

class Replacement {
 public:
  enum class Content : std::uint8_t { Anonymous, File };
  struct List {
    std::string name;
    std::vector<Ppn> frames;  // the next to be looked at first
  };

  virtual ~Replacement() = default;
  // A frame that is known already stays where it is; one that is not known does not leave.
  virtual void enter(Ppn frame, Content content) = 0;
  virtual void leave(Ppn frame) = 0;
  // nullopt: nothing can leave. The victim stays in its list until leave().
  virtual std::optional<Ppn> victim(FrameUse& use) = 0;
  virtual std::vector<List> lists() const = 0;

  virtual bool wants_touches() const { return false; }
  virtual void touch(Ppn /*frame*/) {}  // an access to it was made
};

std::unique_ptr<Replacement> make_fifo();
std::unique_ptr<Replacement> make_second_chance();
std::unique_ptr<Replacement> make_lru();
std::unique_ptr<Replacement> make_random(std::uint64_t seed);
std::unique_ptr<Replacement> make_optimal();
std::unique_ptr<Replacement> make_linux(const ReplacementOptions& options);
std::unique_ptr<Replacement> make_replacement(const ReplacementOptions& options);

}  // namespace vm
