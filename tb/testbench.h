// SPDX-License-Identifier: Apache-2.0
//
// A machine under test: the model, drivers on every channel, the memory behind it, and the checks that look at every
// cycle. step() is one clock cycle; what happened in it can be asked afterwards.
//
// Cycle n is the time before the n-th rising edge after reset was released (docs/trace_interface.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/check.h"
#include "checks/reporter.h"
#include "checks/translation_check.h"
#include "checks/unified_check.h"
#include "drivers/memory_agent.h"
#include "drivers/request_driver.h"
#include "event_log.h"
#include "machine/machine.h"
#include "machine/physical_memory.h"
#include "model.h"
#include "oracle/os_view.h"
#include "tracker.h"

namespace vm {

class CounterCheck;
class Coverage;

struct TestbenchOptions {
  std::uint64_t seed = 1;
  Latency latency;
  StallPolicy stall;
  std::vector<ErrorRange> errors;
  std::uint64_t hang_limit = 20000;  // cycles without any transfer while something is outstanding
  bool checks = true;                // false: no events, no checks (for measuring what they cost)
  std::string replay;                // the command that replays this run, for reports
};

// Cycles, both included.
struct CycleWindow {
  std::uint64_t first = 0, last = ~0ULL;
};

// Nothing moves any more. The mismatch "time" has been reported; the run cannot go on.
struct Hang : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Testbench {
 public:
  Testbench(const Machine& machine, std::unique_ptr<Model> model, TestbenchOptions options);
  Testbench(const Testbench&) = delete;
  Testbench& operator=(const Testbench&) = delete;
  ~Testbench();

  const Machine& machine() const { return machine_; }
  const TestbenchOptions& options() const { return options_; }
  void attach_os(OsView* os);  // must outlive the testbench or be detached with nullptr
  // Before the first step, and must outlive the testbench. Counts while the checks are on.
  void attach_coverage(Coverage* coverage) { coverage_ = coverage; }

  // Bytes in memory, under the hardware's feet. After the first step it is a backdoor and counted.
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes);
  std::uint64_t backdoor_accesses() const { return backdoor_accesses_; }
  // What the checks know of the L2 cache (3: of the L3), on a machine that has it.
  const UnifiedCacheCheck& lower_cache(unsigned level) const { return level == 2 ? *l2_ : *l3_; }
  // Memory as the port below the first level shows it.
  const PhysicalMemory& memory_behind() const { return l2_ ? l2_->view() : memory_; }

  // One cycle; the first call resets the hardware. Throws Hang.
  void step();
  // Those in which counters were read at the end do not count.
  std::uint64_t cycles() const { return cycle_.number + (started_ ? 1 : 0) - counter_cycles_; }
  bool idle() const;  // nothing submitted is unanswered
  void run_until_idle();
  void finish();  // run_until_idle, then what the checks have to say at the end

  // Called at the end of each cycle, before the checks look at it; what is given must outlive the testbench.
  void observe_cycles(std::function<void(const Cycle&)> observer) { observer_ = std::move(observer); }

  // What happened in the last step; pointers and spans are valid until the next.
  const Cycle& cycle() const { return cycle_; }
  Tracker& tracker() { return tracker_; }

  // Requests. Not more than RequestDriver::kCapacity at a time on a channel. The id of a core request is chosen here
  // and returned; at most 15 core requests of a port may be unanswered.
  std::uint8_t submit(Port port, CoreRequest request);
  bool can_submit(Port port) const;
  void submit_host(HostRequest request);
  void submit_ctl(CtlRequest request);
  void submit_fence(FenceRequest request);
  void submit_array(ArrayRequest request);
  bool can_submit_host() const { return !host_.full(); }
  bool can_submit_ctl() const { return !ctl_.full(); }
  bool can_submit_fence() const { return !fence_.full(); }
  bool can_submit_array() const { return !array_.full(); }
  unsigned host_unanswered() const { return host_unanswered_; }  // answers come in order
  bool fence_waits() const { return !fence_.idle(); }            // submitted and not yet accepted
  bool side_idle() const { return ctl_unanswered_ + fence_unanswered_ + array_unanswered_ == 0; }

  // Findings.
  Reporter& reporter() { return reporter_; }
  const Reporter& reporter() const { return reporter_; }
  std::string report() const;  // the first mismatches with cycle, seed, machine, last events, replay command
  TranslationCheck& translation() { return *translation_; }
  // Switches one of "translation", "data", "time", "state", "traffic", "counters" off or on; for tests that show what
  // each finds.
  void enable_check(std::string_view name, bool on);
  void use_checks(bool on);  // all, and the event sink with them

  // Waves of these cycles (FST), and the texts in them. Reset comes before cycle 0, and with it.
  void record_waves(const std::filesystem::path& file, CycleWindow window);
  void set_text(std::string_view process, std::string_view line);

 private:
  struct NamedCheck {
    std::string_view name;
    std::unique_ptr<Check> check;
    bool on = true;
  };

  void reset();
  void report_rule(std::string_view rule);
  void drive();
  void observe();
  void observe_memory();
  void observe_lower_caches(const MemPort& port);
  void name_clients(std::span<Event> events);
  void run_checks();
  void watch_progress();
  void open_and_close_waves();

  Machine machine_;
  TestbenchOptions options_;
  std::unique_ptr<Model> model_;
  PhysicalMemory memory_;
  MemoryAgent agent_;
  Reporter reporter_;
  std::unique_ptr<UnifiedCacheCheck> l3_, l2_;
  ArrayRequest array_request_;  // last accepted
  Tracker tracker_;
  EventLog log_;
  EventLog first_log_;  // as it was at the first mismatch
  std::vector<NamedCheck> checks_;
  TranslationCheck* translation_ = nullptr;
  CounterCheck* counters_ = nullptr;
  Coverage* coverage_ = nullptr;
  RequestDriver<CoreRequest> fetch_, data_;
  RequestDriver<HostRequest> host_;
  RequestDriver<CtlRequest> ctl_;
  RequestDriver<FenceRequest> fence_;
  RequestDriver<ArrayRequest> array_;
  std::array<std::uint8_t, 2> next_id_{};
  static constexpr std::uint32_t kAllIds = 0xFFFF;
  std::array<std::uint32_t, 2> ids_in_use_{};  // with misses outstanding
  std::array<unsigned, 2> unanswered_{};
  unsigned host_unanswered_ = 0, ctl_unanswered_ = 0, fence_unanswered_ = 0, array_unanswered_ = 0;
  std::function<void(const Cycle&)> observer_;
  Cycle cycle_;
  bool started_ = false;
  bool checks_on_ = true;
  bool atomic_owns_ = false;           // the walker's port of the data cache
  Client walk_client_ = Client::Walk;  // whose access the walker's port of the data cache had last
  std::filesystem::path waves_;        // to be opened; empty: opened, or none
  CycleWindow wave_window_;
  std::uint64_t last_progress_ = 0;
  std::uint64_t backdoor_accesses_ = 0;
  std::uint64_t counter_cycles_ = 0;
};

}  // namespace vm
