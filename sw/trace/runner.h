// SPDX-License-Identifier: Apache-2.0
//
// Runs one scenario: places its setup, performs its steps through the operating system model, compares what happened
// with what the trace expects. Consecutive accesses of one process go to the hardware together, so that it pipelines;
// expectations are compared when the answers are there.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/kernel.h"
#include "trace/ast.h"
#include "trace/testbed.h"

namespace vm::trace {

struct Failure {
  Place place;
  std::string text;  // "FILE:LINE:COLUMN: [A] L 0x3d4,1: expected value 36, found 37"
};

struct RunReport {
  std::uint64_t accesses = 0;                       // as in the trace: one per line, a modify is two
  std::uint64_t refused = 0;                        // of the accesses, those that ended in a fault
  std::uint64_t expectations = 0;                   // compared
  std::map<std::string_view, std::uint64_t> calls;  // system calls that were done, by name
  std::uint64_t skipped = 0;  // about what the platform does not have: a clock, an L2 TLB, walk caches
  std::vector<Failure> failures;
  std::vector<std::string> texts;  // what the steps ps, maps, frames and tables print
};

struct RunnerOptions {
  std::uint64_t seed = 0;
  StepProgress progress;
  bool annotate = false;  // tell the testbed what is going on, for waves
  // After every system call: does the operating system contradict itself? Then std::logic_error says where. For
  // platforms whose host port disturbs nothing.
  bool check_books = false;
  FenceReasons withheld = {};            // fences the OS owes and does not make, beside those the trace names
  std::filesystem::path swap_file = {};  // for what the trace swaps; empty: a temporary file
  // The directory with the files of processes, which they really change; empty: what the trace says, and nothing
  // changes.
  std::filesystem::path files = {};
  // Changes of files are seen until the run ends, and the host's files stay as they are.
  bool keep_files = false;
  std::optional<ReplacementOptions> replacement = {};  // instead of what the trace says
  std::optional<std::size_t> frames = {};              // only so many of those that the trace frees
};

class Runner {
 public:
  // All arguments must outlive the runner. Throws InputError if the setup cannot be placed.
  Runner(const Files& files, const Scenario& scenario, Testbed& testbed, RunnerOptions options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Ends early at a failure after which the rest would mean nothing (an unexpected fault, a mismatch).
  const RunReport& run();
  const RunReport& report() const { return report_; }

  Kernel& kernel() { return *kernel_; }
  ProcessId process_id(ProcessIndex process) const { return ids_[process]; }

 private:
  // One access of the trace, cut into pieces, waiting in accesses_[first .. first+count).
  struct Queued {
    const AccessStep* step = nullptr;
    Place place;
    std::size_t first = 0, count = 0;
    std::size_t loads = 0;  // of a modify: how many pieces are its load
    std::size_t done = 0;   // pieces that were performed (the refused one included)
  };
  // What is known about an access when it is over.
  struct Observed;
  struct HardwareCounts {
    std::uint64_t entries = 0, reads = 0, writes = 0;
    std::uint64_t tlb_hits = 0, tlb_misses = 0, cache_hits = 0, cache_misses = 0;
  };

  void place_setup();
  bool has_process(const SetupItem& item) const;
  void map(const MapPage& item);
  void place(const TlbSet& set);
  void place(const CacheLine& line);

  // --- run_access.cpp
  void queue(const Step& step, const AccessStep& access);
  void add_pieces(const AccessStep& access, AccessKind kind, const std::vector<std::uint8_t>* bytes);
  void modify(const Step& step, const AccessStep& access);
  std::vector<std::uint8_t> value_to_store(const AccessStep& access);
  void flush();                           // performs and judges what is queued
  std::size_t perform(std::size_t from);  // performs accesses_[from..); stops behind an unexpected fault
  void judge(const Queued& access);
  Observed observe(const Queued& access) const;
  void judge_expected(const Queued& access, const AccessExpectations& expect, const Observed& seen);
  void judge_walk(const Queued& access, const AccessExpectations& expect, const Observed& seen);
  void judge_tlb(const Queued& access, TlbAnswer expected, const Observed& seen);
  // The platform reads what this machine's hardware does: the reference platform has neither L2 TLB nor walk caches.
  bool counts_walks() const;
  bool judge_fault(const Queued& access, const Observed& seen);
  void annotate_batch();
  std::string describe(const AccessStep& access) const;

  // --- run_step.cpp
  void step(const Step& step);
  bool has_process(const Step& step) const;
  void act(const Step& step, const RegisterStep& action);
  void act(const Step& step, const SystemCall& action);
  void act(const Step& step, const CtlStep& action);
  void act(const Step& step, const FenceStep& action);
  void act(const Step& step, const BareStep& action);
  void act(const Step& step, const SwitchStep& action);
  void act(const Step& step, const HostStep& action);
  void act(const Step& step, const MarkStep& action);
  // --- run_memory.cpp
  void act(const Step& step, const MeasureStep& action);
  void act(const Step& step, const PageoutStep& action);
  void act(const Step& step, const PromoteStep& action);
  void act(const Step& step, const BadFrameStep& action);
  void act(const Step& step, const HoldStep& action);
  void act(const Step& step, const NewLimits& action);
  void act(const Step& step, const ExpectTables& action);
  void act(const Step& step, const ExpectFreeFrames& action);
  void act(const Step& step, const ExpectSavedFrames& action);
  void act(const Step& step, const ExpectFreeSlots& action);
  void act(const Step& step, const ExpectReferences& action);
  void act(const Step& step, const ExpectSharers& action);
  void act(const Step& step, const ExpectFences& action);
  void act(const Step& step, const ExpectCycles& action);
  void act(const Step& step, const ExpectProcess& action);
  void act(const Step& step, const ExpectStart& action);
  void place_policy();
  void place_process(Place place, const NewProcess& item);
  // --- run_step.cpp
  void act(const Step& step, const MapPage& action);
  void act(const Step& step, const UnmapPage& action);
  void act(const Step& step, const TlbSet& action);
  void act(const Step& step, const ExpectMemory& action);
  void act(const Step& step, const ExpectMap& action);
  void act(const Step& step, const ExpectEntry& action);
  void act(const Step& step, const ExpectTlb& action);
  void act(const Step& step, const ExpectRegister& action);
  void act(const Step& step, const ExpectCount& action);
  static std::string_view name_of(const SystemCall& step);
  void check_books(Place place);
  void compare_result(Place place, std::int64_t expected, std::int64_t found);
  void act(const Step& step, const ExpectOutput& action);
  void act(const Step& step, const ExpectFile& action);
  void act(const Step& step, const ExpectDevice& action);
  void act(const Step& step, const ReportStep& action);
  void act(const Step& step, const ExpectReport& action);
  void perform_system_call(const Step& step, const SystemCall& action);
  // --- run_call.cpp
  std::int64_t perform_call(ProcessIndex process, const PlainCall& call);
  std::int64_t perform_wait(const Step& step, ProcessIndex parent, const WaitCall& wait);
  std::optional<std::vector<std::uint8_t>> file_content(const Step& step, const std::string& name);
  std::string report_text(const ReportStep& report);
  void judge_refusal(Place place, std::string_view what, bool done, std::optional<bool> refused);

  void make_current(ProcessIndex process);
  void fail(Place place, std::string_view what, std::string_view expected, std::string_view found);
  void fail_and_stop(Place place, std::string_view what, std::string_view expected, std::string_view found);
  // Compares and counts; the texts are made only when they are needed.
  void compare(Place place, std::string_view what, std::uint64_t expected, std::uint64_t found);
  void compare_bytes(Place place, std::string_view what, const std::vector<std::uint8_t>& expected,
                     const std::vector<std::uint8_t>& found);
  Platform& platform() { return testbed_.platform(); }

  const Files& files_;
  const Scenario& scenario_;
  Testbed& testbed_;
  RunnerOptions options_;
  std::unique_ptr<Kernel> kernel_;
  std::vector<ProcessId> ids_;                                    // by process index; 0: not born
  std::vector<std::array<std::uint64_t, kRegisters>> registers_;  // by process index
  RunReport report_;
  bool stopped_ = false;
  // After a privileged control write in the trace the hardware is not where the OS thinks it is: accesses go one by
  // one.
  bool single_ = false;

  std::vector<Access> accesses_;
  std::vector<Outcome> outcomes_;
  std::vector<Queued> queued_;
  ProcessIndex batch_process_ = 0;
  std::uint16_t awaited_registers_ = 0;  // of batch_process_, taken by queued loads
  std::uint64_t sequence_ = 0;           // of stores without value

  HardwareCounts counts_, marked_counts_;
  KernelCounts marked_kernel_;
  std::map<std::string, std::uint64_t> measured_;  // cycles by name
  std::string measuring_;                          // the name that is being measured
  std::uint64_t measured_since_ = 0;
};

}  // namespace vm::trace
