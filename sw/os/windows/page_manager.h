// SPDX-License-Identifier: Apache-2.0
//
// Page management as Windows does it (`replacement windows`). Every process has a working set, the pages that its table
// names, and replaces its own pages. What leaves a working set leaves no memory yet: its frame is on a list, its entry
// says where, and a fault brings it back without the disk.
//
//     frame_states.cpp     what a frame can be, and how it becomes something else
//     working_sets.cpp     the guaranteed minimum, competition for more, the balance-set manager with its clock
//     modified_writer.cpp  the modified-page writer
//     swapper.cpp          processes that were idle for 15 seconds: kernel stacks first, then the working set
//
// A page that left names a slot of the swap file from then on, as under other policies (pageout.cpp), and has its
// content in a frame beside: that is what these files add.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "os/replacement.h"
#include "os/replacement/frame_list.h"
#include "os/state.h"

namespace vm {

class PageManager : public Replacement {
 public:
  PageManager(Kernel::State& state, const ReplacementOptions& options) : state_(state), options_(options) {}

  // --- frame_states.cpp
  void enter(Ppn frame, Content content) override;
  void leave(Ppn frame) override;
  std::optional<Ppn> victim(FrameUse& use) override;  // the frame that has been on standby for longest
  std::vector<List> lists() const override;           // valid, standby, modified: every frame in one of them
  std::string report() const;                         // all states, and the working sets
  // A page of a file is mapped, or is not any more, or differs from its file, or does not any more.
  void classify(Ppn frame);
  // The frame that holds the page of this slot, though no table names it.
  std::optional<Ppn> frame_of(std::uint64_t slot) const;
  bool holds_page(Ppn frame) const { return slots_.contains(frame.value); }
  void keep(Ppn frame, std::uint64_t slot);  // from now on it does
  void forget(std::uint64_t slot);           // no more
  void rename(std::uint64_t slot, std::uint64_t to);
  void note_physical_write(PhysAddr pa, std::uint8_t byte);  // by somebody who has no entry
  // What the frame held was written to the disk.
  void written(Ppn frame);
  // A soft fault: the page of this slot is in memory still. nullopt: it is not.
  std::optional<Kernel::State::Service> return_page(Process& process, std::uint64_t slot);
  // The frame failed. False: it cannot be emptied, and stays in use.
  bool retire(Ppn frame);
  // Pages of this file must not be written by the modified-page writer as long as it is held back.
  void hold(FileId file, bool held);

  // --- working_sets.cpp
  bool may_start(const Process* parent) const;  // the minimum of one process more can be guaranteed
  // Before `more` pages come into the working set, and `count` frames are taken for that.
  void compete(Process& process, std::size_t count, std::size_t more, std::optional<Ppn> keep);
  bool provide(std::size_t count, std::optional<Ppn> keep);  // false: so many frames cannot be had
  bool replace_own(Process& process, std::optional<Ppn> keep);
  bool trim(Ppn frame);  // out of all working sets; false: it cannot leave, or there is no slot left
  // After accesses of the process: everything that Windows has a thread for.
  void run(Process& process);

  // --- swapper.cpp
  void wake(Process& process);  // it is to run: its kernel stack comes back
  bool lacks_stack(const Process& process) const;

  // --- invariants_windows.cpp
  void count_owners(std::map<std::uint64_t, unsigned>& owners) const;
  std::string broken() const;

 private:
  // --- frame_states.cpp
  bool is_held(Ppn frame) const;
  void give_away(Ppn frame);  // of the standby list
  bool give_standby(std::optional<Ppn> keep);
  void zero_frames();
  std::optional<std::uint64_t> slot_kept_in(Ppn frame) const;
  void take_back(std::uint64_t slot, Ppn frame);  // what holds the page is that of those who had it again

  // --- working_sets.cpp
  enum class Reason : std::uint8_t { Own, Balance, Idle };
  bool is_counted(const Page& page) const;
  std::uint64_t size_of(const Process& process) const;  // pages in its working set
  bool has_more_than_minimum(const Process& process) const { return size_of(process) > options_.minimum; }
  std::optional<Vpn> next_victim(Process& process, std::optional<Ppn> keep);
  bool may_go(const Process& process, Vpn vpn, const Page& page, std::optional<Ppn> keep) const;
  bool take_used(Process& process, Vpn vpn, const Page& page);
  bool trim_page(Process& process, Vpn vpn, Reason reason);
  bool trim_one(Process& process, std::optional<Ppn> keep, Reason reason);
  bool trim_anonymous(Ppn frame);
  bool trim_shared(Ppn frame);
  bool trim_unmapped(std::optional<Ppn> keep);
  void note_guarantee(const Process& payer, Ppn frame, Reason reason);
  bool trim_pool();  // a page of the kernel's
  bool trim_somebody(std::optional<Ppn> keep);
  Process* largest_excess(const std::set<ProcessId>& but);
  void balance();
  std::uint64_t locked_frames() const;
  std::uint64_t tables_of(const Process& process) const;

  // --- modified_writer.cpp
  std::size_t writable() const;  // modified pages that may be written
  void write_modified();
  bool write_one();
  bool write(Ppn frame);

  // --- swapper.cpp
  void swap_idle();
  bool swap_out_stack(Process& process);
  bool bring_back(std::uint64_t slot);

  Kernel::State& state_;
  ReplacementOptions options_;
  FrameList valid_, standby_, modified_;
  std::map<std::uint64_t, std::uint64_t> slots_;   // by frame: of anonymous pages that no table names
  std::map<std::uint64_t, std::uint64_t> frames_;  // the other way round
  std::set<FileId> held_;
  std::uint64_t next_second_ = 0;
  std::string broken_guarantee_;  // a sentence
};

}  // namespace vm
