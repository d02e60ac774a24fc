// SPDX-License-Identifier: Apache-2.0
#include "compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>

#include "machine/error.h"
#include "scenario_run.h"
#include "trace/runner.h"

namespace vm::sim {

namespace {

// Another platform, and what its accesses take.
class Meter : public Platform {
 public:
  explicit Meter(Platform& inner) : inner_(inner) {}
  std::uint64_t entries() const { return entries_; }
  std::uint64_t walk_cycles() const { return walk_cycles_; }

  const Machine& machine() const override { return inner_.machine(); }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { inner_.preload(pa, bytes); }
  std::uint64_t backdoor_accesses() const override { return inner_.backdoor_accesses(); }
  std::size_t perform(std::span<const Access> accesses, std::span<AccessResult> results,
                      FunctionRef<bool(std::size_t)> surely_ok) override {
    const std::size_t done = inner_.perform(accesses, results, surely_ok);
    for (const AccessResult& result : results.first(std::min(done + 1, results.size()))) {
      entries_ += result.entry_reads;
      const std::uint64_t taken = result.answered - result.accepted;
      if (result.entry_reads > 0 && taken > machine().hit_latency) walk_cycles_ += taken - machine().hit_latency;
    }
    return done;
  }
  bool host_read(PhysAddr pa, std::span<std::uint8_t> bytes) override { return inner_.host_read(pa, bytes); }
  bool host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) override { return inner_.host_write(pa, bytes); }
  bool ctl_write(CtlReg reg, std::uint64_t value, bool user) override { return inner_.ctl_write(reg, value, user); }
  bool fence(const Fence& fence) override { return inner_.fence(fence); }
  void array_write(const ArrayElement& element) override { inner_.array_write(element); }
  ArrayElement array_read(Array array, unsigned set, unsigned way, unsigned word) override {
    return inner_.array_read(array, set, way, word);
  }
  std::uint64_t cycles() const override { return inner_.cycles(); }

 private:
  Platform& inner_;
  std::uint64_t entries_ = 0, walk_cycles_ = 0;
};

class MeteredTestbed : public trace::Testbed {
 public:
  explicit MeteredTestbed(trace::Testbed& inner) : inner_(inner), meter_(inner.platform()) {}
  const Meter& meter() const { return meter_; }

  Platform& platform() override { return meter_; }
  void attach(OsView* view) override { inner_.attach(view); }
  bool has_clock() const override { return inner_.has_clock(); }
  void annotate(std::string_view process, std::string_view line) override { inner_.annotate(process, line); }
  std::uint64_t mismatches() const override { return inner_.mismatches(); }
  void play_ports(const trace::Scenario& scenario, const trace::StepProgress& progress, bool annotate) override {
    inner_.play_ports(scenario, progress, annotate);
  }
  void finish() override { inner_.finish(); }
  trace::Figures figures() override { return inner_.figures(); }

 private:
  trace::Testbed& inner_;
  Meter meter_;
};

std::size_t freed_frames(const trace::Scenario& scenario) {
  std::set<std::uint64_t> frames;
  for (const trace::SetupItem& item : scenario.setup) {
    const auto* free = std::get_if<trace::FreeFrames>(&item.action);
    if (free == nullptr) continue;
    frames.clear();  // the last line counts
    for (const Ppn frame : free->frames) frames.insert(frame.value);
  }
  return frames.size();
}

struct Measured {
  ComparePoint point;
  std::size_t free_at_end = 0;
  std::string failure;  // the first
};

Measured measure(const trace::Trace& trace, const trace::Scenario& scenario, const CompareOptions& options,
                 ReplacementKind policy, std::size_t frames) {
  ScenarioOptions scenario_options;
  scenario_options.seed = options.seed;
  scenario_options.model = options.model;
  const std::unique_ptr<trace::Testbed> testbed =
      make_testbed(scenario.machine, testbed_options(scenario, scenario_options));
  MeteredTestbed metered(*testbed);
  ReplacementOptions replacement = scenario.policy.replacement;
  replacement.kind = policy;
  Measured result{.point = {.policy = policy, .frames = frames}, .failure = {}};
  try {
    trace::Runner runner(trace.files, scenario, metered,
                         {.seed = options.seed, .progress = {}, .replacement = replacement, .frames = frames});
    const trace::RunReport& report = runner.run();
    testbed->finish();
    const KernelCounts& os = runner.kernel().counts();
    if (!report.failures.empty()) result.failure = report.failures.front().text;
    result.point.accesses = report.accesses - report.refused;
    result.point.faults = os.missing;
    result.point.write_backs = os.swap_writes + os.pages_written;
    result.free_at_end = runner.kernel().free_frames();
  } catch (const InputError& error) {
    result.failure = error.what();  // too little memory for what there is at the start
    return result;
  }
  result.point.entries = metered.meter().entries();
  result.point.walk_cycles = metered.meter().walk_cycles();
  result.point.cycles = testbed->figures().cycles;
  if (testbed->mismatches() != 0) throw std::runtime_error(testbed->figures().reports.front());
  return result;
}

}  // namespace

std::vector<ComparePoint> compare_policies(const trace::Trace& trace, const trace::Scenario& scenario,
                                           const CompareOptions& options) {
  const std::size_t all = freed_frames(scenario);
  if (all == 0) throw InputError(fmt::format("found no frames in {}, expected a line `free F..L`", scenario.name));
  const Measured whole = measure(trace, scenario, options, ReplacementKind::Fifo, all);
  if (!whole.failure.empty()) throw InputError(fmt::format("with all its memory the trace fails: {}", whole.failure));
  std::vector<std::size_t> sizes = options.frames;
  if (sizes.empty()) {
    constexpr std::size_t kSizes = 10;
    const std::size_t used = all - whole.free_at_end;
    for (std::size_t i = 2; i <= kSizes; ++i) sizes.push_back(std::max<std::size_t>(1, used * i / kSizes));
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  }
  std::vector<ComparePoint> points;
  for (const ReplacementKind policy : options.policies) {
    for (const std::size_t frames : sizes) {
      if (frames > all)
        throw InputError(fmt::format("found {} frames, expected at most the {} that the trace frees", frames, all));
      points.push_back(measure(trace, scenario, options, policy, frames).point);
      points.back().has_swap = scenario.swap.has_value();
      points.back().complete = points.back().accesses == whole.point.accesses;
    }
  }
  return points;
}

std::string compare_csv(const std::vector<ComparePoint>& points) {
  std::string text = "policy,frames,accesses,faults,write_backs,entries,walk_cycles,cycles_per_access\n";
  for (const ComparePoint& p : points) {
    if (!p.complete) continue;
    text += fmt::format("{},{},{},{},{},{},{},{:.3f}\n", to_string(p.policy), p.frames, p.accesses, p.faults,
                        p.write_backs, p.entries, p.walk_cycles, p.cycles_per_access());
  }
  return text;
}

}  // namespace vm::sim
