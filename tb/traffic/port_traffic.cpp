// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace vm {
namespace {

// Cycles from a miss to its end, about: each level takes the latency of memory and a cycle, and may have to wait.
std::uint64_t walk_length(const Machine& machine, const Latency& latency) {
  const std::uint64_t read = latency.kind == Latency::Kind::Replay ? 4 : (latency.low + latency.high) / 2 + 2;
  return 4 + machine.format.levels * read;
}

std::string text(const Latency& latency) {
  switch (latency.kind) {
    case Latency::Kind::Fixed:
      break;
    case Latency::Kind::Random:
      return fmt::format("random {}..{}", latency.low, latency.high);
    case Latency::Kind::Replay:
      return fmt::format("replay {}", fmt::join(latency.replay, ","));
  }
  return fmt::format("{}", latency.low);
}

std::string text(const StallPolicy& stall) {
  switch (stall.kind) {
    case StallPolicy::Kind::None:
      break;
    case StallPolicy::Kind::Half:
      return "half";
    case StallPolicy::Kind::Bursty:
      return "bursty";
    case StallPolicy::Kind::Until:
      return fmt::format("until {}", stall.until);
  }
  return "none";
}

}  // namespace

PortTraffic::PortTraffic(Testbench& bench, const Mix& mix)
    : bench_(bench),
      mix_(mix),
      memory_(bench.machine(), bench.options().seed),
      requests_(bench.machine(), memory_, mix, bench.options().seed),
      storm_(requests_, memory_, bench.tracker().context(), walk_length(bench.machine(), bench.options().latency)),
      feeder_(bench) {
  const Format& format = bench.machine().format;
  for (const TrafficMemory::Entry& entry : memory_.entries()) {
    const auto bytes = pte_to_bytes(format, entry.value);
    bench_.preload(entry.at, std::span(bytes).first(format.pte_bytes()));
  }
  for (const TrafficMemory::Range& range : memory_.data()) {
    bench_.preload(range.at, trace::random_memory(bench.options().seed, range.at, range.bytes));
  }
  for (const trace::PortCtl& ctl : requests_.start()) offer(ctl);
  bench_.run_until_idle();
}

// ---------------------------------------------------------------- offering

bool PortTraffic::offer(const trace::PortRequest& request) {
  if (!feeder_.ready(request)) return false;
  note(request);
  feeder_.offer(request);
  return true;
}

void PortTraffic::note(const trace::PortRequest& request) {
  if (recording_) recorded_.push_back({bench_.cycles(), request});
}

// The parts of a wide entry one after the other, whatever else goes on.
void PortTraffic::store_entry(const EntryStore& store) {
  for (unsigned i = 0; i < store.count; ++i) {
    while (!offer(store.parts.at(i))) bench_.step();
  }
}

void PortTraffic::offer_side() {
  // Walks of several levels take longer: TLBs should fill between fences.
  const std::uint64_t dice = requests_.random().below(memory_.tree() ? 5000 : 1000);
  const bool fence = dice < mix_.fence;
  const bool ctl = !fence && dice < mix_.fence + mix_.ctl;
  const auto offer_ctl = [this] {
    if (const auto request = requests_.ctl()) offer(*request);
  };
  if (fence) offer(requests_.fence());
  if (ctl) offer_ctl();
  const bool array = mix_.array && bench_.machine().array_port && requests_.random().one_in(memory_.tree() ? 300 : 100);
  const auto offer_array = [this] {
    if (const auto read = requests_.array()) offer(*read);
  };
  // Flips come in numbers, as few of them meet what is used next.
  for (unsigned i = array ? (bench_.machine().parity ? 12 : 1) : 0; i > 0; --i) offer_array();
  if (!(fence || ctl || array) || !chance(mix_.second)) return;
  if (requests_.random().one_in(2)) offer(requests_.fence());
  if (requests_.random().one_in(2)) offer_ctl();
  if (bench_.machine().array_port && requests_.random().one_in(2)) offer_array();
}

void PortTraffic::follow_storm() {
  const bool quiet = storm_.alone() ? bench_.idle() : bench_.side_idle() && bench_.host_unanswered() == 0;
  while (const trace::PortRequest* request = storm_.due(bench_.cycles(), quiet, bench_.tracker().walk())) {
    if (!offer(*request)) return;
    storm_.done();
  }
}

void PortTraffic::offer_accesses() {
  if (chance(mix_.fetch) && bench_.can_submit(Port::Fetch)) offer(requests_.access(Port::Fetch));
  if (chance(mix_.data) && bench_.can_submit(Port::Data)) offer(requests_.access(Port::Data));
}

void PortTraffic::offer_host() {
  // A long queue would only delay what is meant for now.
  constexpr unsigned kWaiting = 4;
  if (bench_.host_unanswered() >= kWaiting) return;
  if (chance(mix_.host)) offer(requests_.host());
  if (bench_.fence_waits()) return;
  if (chance(mix_.table)) store_entry(requests_.store(memory_.change_somewhere(requests_.hot())));
  // Another agent sets or clears accessed and dirty bits, just when a walk may want to set them.
  if (memory_.tree() && chance(mix_.race)) {
    store_entry(requests_.store(memory_.change_on_path(requests_.hot(), true)));
  }
}

// Another agent stores to what an atomic is just dealing with, or to what an LR has reserved; an SC comes after an LR
// that has failed.
void PortTraffic::follow_atomics() {
  for (const Event& event : bench_.cycle().events) {
    const bool begins = event.kind == EventKind::AtomicStart;
    if (!begins && (event.kind != EventKind::AtomicEnd || event.atomic_op() != AtomicOp::Lr)) continue;
    if (!begins && event.atomic_err()) {
      offer(requests_.conditional());
    } else if (mix_.host != 0 && requests_.random().one_in(begins ? 8 : 2) && !memory_.in_tables(event.b)) {
      offer(requests_.host_store(PhysAddr(event.b)));
    }
  }
}

void PortTraffic::run(std::uint64_t cycles) {
  // More than one request on each port in each cycle is rare.
  constexpr std::uint64_t kPerCycle = 3;
  if (recording_) recorded_.reserve(recorded_.size() + kPerCycle * cycles);
  const std::uint64_t end = bench_.cycles() + cycles;
  while (bench_.cycles() < end) {
    if (!storm_.active() && requests_.random().below(1000) < mix_.storm) storm_.begin();
    if (storm_.active()) {
      follow_storm();
      if (!storm_.alone()) offer_accesses();
    } else {
      offer_accesses();
      offer_host();
      if (bench_.side_idle()) offer_side();
    }
    bench_.step();
    if (!storm_.active() || !storm_.alone()) follow_atomics();
  }
  note(trace::PortWait{});
  bench_.finish();
}

std::uint64_t PortTraffic::accesses_before(std::uint64_t cycle) const {
  return static_cast<std::uint64_t>(std::count_if(recorded_.begin(), recorded_.end(), [&](const Recorded& r) {
    return r.cycle < cycle && std::holds_alternative<Access>(r.request);
  }));
}

// ---------------------------------------------------------------- the trace

std::string PortTraffic::trace() const {
  const TestbenchOptions& options = bench_.options();
  const Machine& machine = bench_.machine();
  std::string result;
  const auto out = std::back_inserter(result);
  fmt::format_to(out, "machine {}\nports\nseed {}\nlatency {}\nstall {}\n", machine.name, options.seed,
                 text(options.latency), text(options.stall));
  for (const ErrorRange& range : options.errors) {
    fmt::format_to(out, "buserror 0x{:x}..0x{:x}\n", range.first.value, range.last.value);
  }
  for (const TrafficMemory::Entry& entry : memory_.entries()) {
    fmt::format_to(out, "entry 0x{:x} = 0x{:x}\n", entry.at.value, entry.value);
  }
  for (const TrafficMemory::Range& range : memory_.data()) {
    fmt::format_to(out, "memory 0x{:x}..0x{:x}: random\n", range.at.value, range.at.value + range.bytes - 1);
  }
  std::uint64_t cycle = 0;
  for (const Recorded& r : recorded_) {
    fmt::format_to(out, "+{} {}\n", r.cycle - cycle, trace::to_text(machine, r.request));
    cycle = r.cycle;
  }
  return result;
}

}  // namespace vm
