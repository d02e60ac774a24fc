// SPDX-License-Identifier: Apache-2.0
#include "testbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "checks/counter_check.h"
#include "checks/data_check.h"
#include "checks/state_check.h"
#include "checks/time_check.h"
#include "checks/traffic_check.h"
#include "coverage/coverage.h"
#include "memory_ids.h"
#include "platform/platform.h"

namespace vm {

Testbench::Testbench(const Machine& machine, std::unique_ptr<Model> model, TestbenchOptions options)
    : machine_(machine),
      options_(std::move(options)),
      model_(std::move(model)),
      agent_(memory_, {options_.latency, options_.stall, options_.errors, options_.seed, memory_id_count(machine_)}),
      l3_(machine_.l3cache.ways == 0 ? nullptr : std::make_unique<UnifiedCacheCheck>(machine_, 3, memory_, reporter_)),
      l2_(machine_.l2cache.ways == 0
              ? nullptr
              : std::make_unique<UnifiedCacheCheck>(machine_, 2, l3_ ? l3_->view() : memory_, reporter_)),
      tracker_(machine_, reporter_),
      fetch_(options_.stall, options_.seed, "fetch"),
      data_(options_.stall, options_.seed, "data"),
      host_(options_.stall, options_.seed, "host"),
      ctl_(options_.stall, options_.seed, "ctl"),
      fence_(options_.stall, options_.seed, "fence"),
      array_(options_.stall, options_.seed, "array") {
  auto translation = std::make_unique<TranslationCheck>(machine_, memory_behind(), agent_, tracker_, reporter_);
  translation_ = translation.get();
  // Data before translation: the image is not asked about what the data check has found wrong.
  checks_.push_back({"data", std::make_unique<DataCheck>(machine_, memory_behind(), tracker_, reporter_)});
  checks_.push_back({"translation", std::move(translation)});
  if (TimeCheck::knows(machine_)) {
    checks_.push_back({"time", std::make_unique<TimeCheck>(machine_, tracker_, reporter_)});
  }
  checks_.push_back({"state", std::make_unique<StateCheck>(machine_, tracker_, reporter_)});
  checks_.push_back({"traffic", std::make_unique<TrafficCheck>(machine_, memory_behind(), tracker_, reporter_)});
  auto counters = std::make_unique<CounterCheck>(machine_, reporter_);
  counters_ = counters.get();
  checks_.push_back({"counters", std::move(counters)});
  use_checks(options_.checks);
}

Testbench::~Testbench() = default;

void Testbench::attach_os(OsView* os) { translation_->attach_os(os); }

void Testbench::enable_check(std::string_view name, bool on) {
  for (NamedCheck& c : checks_) {
    if (c.name == name) c.on = on;
  }
}

void Testbench::use_checks(bool on) {
  checks_on_ = on;
  model_->set_event_sink(on);
}

void Testbench::preload(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (started_) ++backdoor_accesses_;
  memory_.write(pa, bytes);
  if (l3_) l3_->preload(pa, bytes);
  if (l2_) l2_->preload(pa, bytes);
  for (NamedCheck& c : checks_) c.check->preload(pa, bytes);
}

// ---------------------------------------------------------------- requests

bool Testbench::can_submit(Port port) const {
  return unanswered_[static_cast<unsigned>(port)] < 15 && !(port == Port::Fetch ? fetch_ : data_).full();
}

std::uint8_t Testbench::submit(Port port, CoreRequest request) {
  const auto p = static_cast<unsigned>(port);
  // With misses outstanding answers come in any order: the next id that is free.
  if (machine_.misses != 0) {
    if (ids_in_use_[p] == kAllIds) throw std::logic_error("16 accesses of a port are in flight (can_submit)");
    while (((ids_in_use_[p] >> next_id_[p]) & 1U) != 0) next_id_[p] = static_cast<std::uint8_t>((next_id_[p] + 1) % 16);
  }
  request.id = next_id_[p];
  ids_in_use_[p] |= 1U << request.id;
  next_id_[p] = static_cast<std::uint8_t>((next_id_[p] + 1) % 16);
  ++unanswered_[p];
  (port == Port::Fetch ? fetch_ : data_).submit(request);
  return request.id;
}

void Testbench::submit_host(HostRequest request) {
  const unsigned unit = machine_.unit_bytes();
  const std::uint64_t lanes = low_mask(unit) << (request.addr % 8 / unit * unit);
  if ((request.strb & ~lanes) != 0) throw std::logic_error("a host access lies inside one unit (host_req_t)");
  ++host_unanswered_;
  host_.submit(request);
}

void Testbench::submit_ctl(CtlRequest request) {
  ++ctl_unanswered_;
  ctl_.submit(request);
}

void Testbench::submit_fence(FenceRequest request) {
  ++fence_unanswered_;
  fence_.submit(request);
}

void Testbench::submit_array(ArrayRequest request) {
  ++array_unanswered_;
  array_.submit(request);
}

bool Testbench::idle() const {
  return unanswered_[0] + unanswered_[1] + host_unanswered_ + ctl_unanswered_ + fence_unanswered_ + array_unanswered_ ==
         0;
}

// ---------------------------------------------------------------- the clock

void Testbench::reset() {
  constexpr int kResetCycles = 4;
  Inputs& in = model_->inputs();
  in.rst_n = false;
  for (int i = 0; i < kResetCycles; ++i) {
    model_->settle();
    model_->tick();
    for (const std::string& rule : model_->failed_assertions()) report_rule(rule);
  }
  in.rst_n = true;
  started_ = true;
  cycle_.in = &in;
  cycle_.out = &model_->outputs();
}

// A rule of a handshake, or G1: what the netlist answers (fpga/gatesim/vm_dut.sv).
void Testbench::report_rule(std::string_view rule) {
  reporter_.mismatch(rule.starts_with('G') ? "netlist" : "protocol", std::string(rule));
}

void Testbench::drive() {
  Inputs& in = model_->inputs();
  const std::uint64_t n = cycle_.number;
  fetch_.drive(in.fetch, n);
  data_.drive(in.data, n);
  host_.drive(in.host, n);
  ctl_.drive(in.ctl, n);
  fence_.drive(in.fence, n);
  array_.drive(in.array, n);
  agent_.drive(in, n);
}

void Testbench::step() {
  if (started_) {
    ++cycle_.number;
  } else {
    reset();
  }
  reporter_.set_cycle(cycle_.number);
  if (!waves_.empty() || cycle_.number > wave_window_.last) open_and_close_waves();
  drive();
  model_->settle();
  model_->tick();
  const std::span<Event> events = model_->events();
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.kind != b.kind ? a.kind < b.kind : (a.a & 1U) != (b.a & 1U) ? (a.a & 1U) < (b.a & 1U) : a.seq() < b.seq();
  });
  name_clients(events);
  cycle_.events = events;
  const std::uint64_t before = reporter_.count();
  observe();
  if (observer_) observer_(cycle_);
  run_checks();
  if (before == 0 && reporter_.count() != 0) first_log_ = log_;
  watch_progress();
}

// An atomic goes through the walker's port of the data cache, and owns it from its AtomicStart to its AtomicEnd. What
// the walker had asked before may still be answered then.
void Testbench::name_clients(std::span<Event> events) {
  for (Event& event : events) {
    switch (event.kind) {
      case EventKind::CacheLookup:
        if (event.cache() == 0) break;
        if (event.client() == Client::Walk && atomic_owns_) event.set_client(Client::Atomic);
        if (event.client() != Client::Core && event.client() != Client::Host) walk_client_ = event.client();
        break;
      case EventKind::CacheDone:
        if (event.cache() == 1 && event.client() == Client::Walk) event.set_client(walk_client_);
        break;
      case EventKind::AtomicStart:
        atomic_owns_ = true;
        break;
      case EventKind::AtomicEnd:
        atomic_owns_ = false;
        break;
      default:
        break;
    }
  }
}

void Testbench::observe() {
  if (cycle_.accepted(Port::Fetch)) fetch_.transferred();
  if (cycle_.accepted(Port::Data)) data_.transferred();
  if (cycle_.host_accepted()) host_.transferred();
  if (cycle_.ctl_accepted()) ctl_.transferred();
  if (cycle_.fence_accepted()) fence_.transferred();
  if (cycle_.array_accepted()) array_.transferred();
  const auto answered = [](bool valid, unsigned& count) {
    if (valid && count != 0) --count;
  };
  for (const Port port : {Port::Fetch, Port::Data}) {
    if (const CoreResponse& r = cycle_.response(port); r.valid)
      ids_in_use_[static_cast<unsigned>(port)] &= ~(1U << r.id);
  }
  answered(cycle_.out->fetch.valid, unanswered_[0]);
  answered(cycle_.out->data.valid, unanswered_[1]);
  answered(cycle_.out->host.valid, host_unanswered_);
  answered(cycle_.out->ctl.valid, ctl_unanswered_);
  answered(cycle_.out->fence.valid, fence_unanswered_);
  answered(cycle_.out->array.valid, array_unanswered_);
  observe_memory();
  for (const std::string& rule : model_->failed_assertions()) report_rule(rule);
}

void Testbench::observe_lower_caches(const MemPort& port) {
  if (!l2_ || !checks_on_) return;
  const Event* told[2] = {};
  for (const Event& event : cycle_.events) {
    if (event.kind == EventKind::LowerUpset) told[event.lower()] = &event;
  }
  const Outputs& out = *cycle_.out;
  l2_->begin_cycle();
  if (l3_) {
    l3_->begin_cycle();
    l3_->on_cycle(out.below_l2, port, told[1]);
    for (const std::uint64_t line : l3_->changed()) l2_->on_changed_below(line);
  }
  l2_->on_cycle(out.below_l1, out.below_l2, told[0]);
  cycle_.changed_below = l2_->changed();
  // The sequencer hands a flip on in the cycle after it has found all empty.
  if (cycle_.array_accepted()) array_request_ = cycle_.in->array;
  for (const Event& event : cycle_.events) {
    if (event.kind != EventKind::Drained || event.drained_kind() != 2 || !machine_.array_port) continue;
    const auto array = static_cast<Array>(array_request_.array);
    if (array == Array::L2CacheTag || array == Array::L2CacheData) l2_->ask_flip(array_request_);
    if (l3_ && (array == Array::L3CacheTag || array == Array::L3CacheData)) l3_->ask_flip(array_request_);
  }
}

// From memory upwards: each level looks at what the one below holds.
void Testbench::observe_memory() {
  const Inputs& in = *cycle_.in;
  const Outputs& out = *cycle_.out;
  const MemPort port{.req = out.mem_req,
                     .req_ready = in.mem_req_ready,
                     .w = out.mem_w,
                     .w_ready = in.mem_w_ready,
                     .rsp = in.mem_rsp,
                     .rsp_ready = out.mem_rsp_ready};
  if (const std::string_view error = agent_.observe(port, cycle_.number); !error.empty()) {
    reporter_.mismatch("protocol", fmt::format("memory port: {}", error));
  }
  observe_lower_caches(port);
  cycle_.memory = l2_ ? out.below_l1 : port;
}

void Testbench::run_checks() {
  if (checks_on_) {
    for (const Event& event : cycle_.events) log_.add(cycle_.number, event);
    log_.add_ports(cycle_);
  }
  tracker_.on_cycle(cycle_);
  if (!checks_on_) return;
  for (NamedCheck& c : checks_) {
    if (c.on) c.check->on_cycle(cycle_);
  }
  if (coverage_ != nullptr) coverage_->on_cycle(cycle_, tracker_);
}

void Testbench::watch_progress() {
  const Cycle& c = cycle_;
  const bool moved = c.accepted(Port::Fetch) || c.accepted(Port::Data) || c.host_accepted() || c.ctl_accepted() ||
                     c.fence_accepted() || c.array_accepted() || c.memory.accepted() || c.memory.w_accepted() ||
                     c.memory.answered() || c.out->fetch.valid || c.out->data.valid || c.out->host.valid ||
                     c.out->ctl.valid || c.out->fence.valid || c.out->array.valid;
  const bool held_back = options_.stall.kind == StallPolicy::Kind::Until && cycle_.number < options_.stall.until;
  if (moved || idle() || held_back) last_progress_ = cycle_.number;
  if (cycle_.number - last_progress_ < options_.hang_limit) return;
  const std::string what = fmt::format(
      "no response: nothing moved for {} cycles while {} fetch, {} data, {} host, {} control, {} fence and {} array "
      "requests wait for an answer",
      options_.hang_limit, unanswered_[0], unanswered_[1], host_unanswered_, ctl_unanswered_, fence_unanswered_,
      array_unanswered_);
  reporter_.mismatch("time", what);
  if (reporter_.count() == 1) first_log_ = log_;
  throw Hang(what);
}

void Testbench::run_until_idle() {
  while (!idle()) step();
}

void Testbench::finish() {
  run_until_idle();
  // The last events may be those of the cycle after an answer.
  step();
  // What a cache with misses outstanding has to write back goes to memory when all accesses are answered.
  const unsigned quiet = machine_.misses == 0 ? 0 : 64 + machine_.dcache.line_bytes;
  for (unsigned cycles = 0; cycles < quiet; ++cycles) {
    step();
    if (!agent_.idle() || cycle_.memory.req.valid) cycles = 0;
  }
  if (!checks_on_) return;
  // The answer to what was asked in one cycle is seen in the next.
  for (unsigned index = 0; index <= CounterCheck::kCounters; ++index) {
    model_->inputs().counter_index = static_cast<std::uint8_t>(index);
    step();
    ++counter_cycles_;
    if (index != 0) counters_->read(index - 1, model_->outputs().counter_value);
  }
  for (NamedCheck& c : checks_) {
    if (c.on) c.check->finish();
  }
}

// ---------------------------------------------------------------- reports and waves

std::string Testbench::report() const {
  constexpr std::size_t kShown = 5;
  if (reporter_.count() == 0) return {};
  std::string text = fmt::format("{} mismatch{} on machine {}, seed {}\n", reporter_.count(),
                                 reporter_.count() == 1 ? "" : "es", machine_.name, options_.seed);
  for (const Mismatch& m : reporter_.kept().first(std::min(kShown, reporter_.kept().size()))) {
    text += fmt::format("  cycle {}: {}: {}\n", m.cycle, m.check, m.message);
  }
  if (reporter_.count() > kShown) text += fmt::format("  ... and {} more\n", reporter_.count() - kShown);
  text += "  last events before the first:\n" + first_log_.text();
  if (!options_.replay.empty()) text += fmt::format("  replay: {}\n", options_.replay);
  return text;
}

void Testbench::record_waves(const std::filesystem::path& file, CycleWindow window) {
  waves_ = file;
  wave_window_ = window;
  if (window.first == 0 && !started_) open_and_close_waves();
}

void Testbench::open_and_close_waves() {
  if (cycle_.number > wave_window_.last) {
    model_->close_waves();
    wave_window_ = {};
    waves_.clear();
  } else if (cycle_.number >= wave_window_.first) {
    model_->open_waves(waves_);
    waves_.clear();
  }
}

void Testbench::set_text(std::string_view process, std::string_view line) {
  Inputs& in = model_->inputs();
  const auto put = [](auto& to, std::string_view from) {
    to.fill(' ');
    std::copy_n(from.begin(), std::min(from.size(), to.size()), to.begin());
  };
  put(in.text_process, process);
  put(in.text_line, line);
}

}  // namespace vm
