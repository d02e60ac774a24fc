// SPDX-License-Identifier: Apache-2.0
//
// The runner's steps about memory that is short or shared.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "trace/runner.h"
#include "trace/touched_pages.h"

namespace vm::trace {

void Runner::place_policy() {
  MemoryPolicy policy = scenario_.policy;
  policy.withheld |= options_.withheld;
  if (options_.replacement) policy.replacement = *options_.replacement;
  policy.replacement.seed = options_.seed;
  kernel_->set_policy(policy);
  if (policy.replacement.kind == ReplacementKind::Optimal) {
    RunnerOptions options = options_;
    options.progress = {};
    options.swap_file.clear();
    kernel_->set_future(Future(touched_pages(files_, scenario_, options)));
  }
  if (!scenario_.swap) return;
  SwapOptions swap = *scenario_.swap;
  swap.file = options_.swap_file;
  kernel_->use_swap(swap);
}

// A process that cannot start has no number, and so neither areas nor steps.
void Runner::place_process(Place place, const NewProcess& item) {
  const std::string& name = scenario_.processes[item.process];
  if (!item.options.raw && !kernel_->may_start() && (item.refused || item.any)) {
    report_.texts.push_back(
        fmt::format("{}: cannot start process {}: not enough memory\n", to_string(files_, place), name));
    if (item.refused) ++report_.expectations;
    return;
  }
  if (item.refused) fail_and_stop(place, fmt::format("process {}", name), "not enough memory", "that it starts");
  ids_[item.process] = kernel_->create_process(name, item.options);
}

void Runner::act(const Step& step, const BadFrameStep& action) {
  const bool done = kernel_->retire_frame(action.frame);
  if (!action.any) judge_refusal(step.place, "bad", done, action.refused);
}

void Runner::act(const Step& /*step*/, const HoldStep& action) { kernel_->hold_file(action.file, action.on); }

void Runner::act(const Step& /*step*/, const MeasureStep& action) {
  const std::uint64_t now = platform().cycles();
  if (!measuring_.empty()) measured_[measuring_] = now - measured_since_;
  measuring_ = action.name;
  measured_since_ = now;
}

void Runner::act(const Step& step, const PageoutStep& action) {
  const bool done = kernel_->page_out(ids_[action.process], action.vpn);
  if (!action.any) judge_refusal(step.place, "swapout", done, action.refused);
}

void Runner::act(const Step& step, const PromoteStep& action) {
  const bool done = kernel_->promote(ids_[action.process], action.vpn, action.size);
  if (!action.any) judge_refusal(step.place, "promote", done, action.refused);
}

void Runner::act(const Step& /*step*/, const NewLimits& action) {
  kernel_->set_limits(ids_[action.process], action.limits);
}

// ---------------------------------------------------------------- expectations

void Runner::act(const Step& step, const ExpectFreeFrames& action) {
  compare(step.place, "free frames", action.count, kernel_->free_frames());
}

void Runner::act(const Step& step, const ExpectSavedFrames& action) {
  compare(step.place, "saved frames", action.count, kernel_->saved_frames());
}

void Runner::act(const Step& step, const ExpectFreeSlots& action) {
  compare(step.place, "free slots", action.count, kernel_->free_slots());
}

void Runner::act(const Step& step, const ExpectTables& action) {
  compare(step.place, fmt::format("tables of {}", scenario_.processes[action.process]), action.count,
          kernel_->table_memory(ids_[action.process]).tables);
}

void Runner::act(const Step& step, const ExpectReferences& action) {
  compare(step.place, fmt::format("references to frame 0x{:x}", action.frame.value), action.count,
          kernel_->frame_references(action.frame));
}

void Runner::act(const Step& step, const ExpectSharers& action) {
  ++report_.expectations;
  std::vector<std::string> expected, found;
  for (const ProcessIndex process : action.sharers) expected.push_back(scenario_.processes[process]);
  for (const ProcessId pid : kernel_->sharers(ids_[action.process], action.vpn)) found.push_back(kernel_->name_of(pid));
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  if (expected == found) return;
  fail(step.place, fmt::format("sharers of page 0x{:x} of {}", action.vpn.value, scenario_.processes[action.process]),
       fmt::format("{}", fmt::join(expected, " ")),
       found.empty() ? "nobody" : fmt::format("{}", fmt::join(found, " ")));
}

void Runner::act(const Step& step, const ExpectFences& action) {
  const std::size_t index = index_of(action.reason);
  compare(step.place, fmt::format("fences {}", to_string(action.reason)), action.count,
          kernel_->counts().fences_for.at(index) - marked_kernel_.fences_for.at(index));
}

void Runner::act(const Step& step, const ExpectCycles& action) {
  if (!testbed_.has_clock()) {
    ++report_.skipped;
    return;
  }
  ++report_.expectations;
  std::string found;
  bool falling = true;
  for (std::size_t i = 0; i < action.names.size(); ++i) {
    const std::uint64_t cycles = measured_[action.names[i]];
    falling = falling && (i == 0 || measured_[action.names[i - 1]] > cycles);
    found += fmt::format("{}{} {}", i == 0 ? "" : ", ", action.names[i], cycles);
  }
  if (!falling) fail(step.place, "cycles", fmt::format("{}", fmt::join(action.names, " > ")), found);
}

void Runner::act(const Step& step, const ExpectStart& action) {
  const StartState found = kernel_->start_of(ids_[action.process]);
  const std::string& name = scenario_.processes[action.process];
  if (action.pc) compare(step.place, fmt::format("program counter of {}", name), *action.pc, found.pc);
  if (action.sp) compare(step.place, fmt::format("stack pointer of {}", name), *action.sp, found.sp);
}

void Runner::act(const Step& step, const ExpectProcess& action) {
  constexpr std::array<std::string_view, 3> kNames = {"running", "suspended", "killed"};
  const ProcessId pid = ids_[action.process];
  using State = ExpectProcess::State;
  const State found = kernel_->is_killed(pid)      ? State::Killed
                      : kernel_->is_suspended(pid) ? State::Suspended
                                                   : State::Running;
  ++report_.expectations;
  if (found == action.state) return;
  fail(step.place, fmt::format("process {}", scenario_.processes[action.process]),
       kNames.at(static_cast<std::size_t>(action.state)), kNames.at(static_cast<std::size_t>(found)));
}

}  // namespace vm::trace
