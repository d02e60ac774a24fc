// SPDX-License-Identifier: Apache-2.0
#include "checks/traffic_check.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "machine/fence.h"
#include "machine/pte.h"
#include "pieces.h"

namespace vm {
namespace {

constexpr std::array<std::string_view, 3> kSource{"fetch", "data", "walk"};

std::string_view reason_name(std::uint8_t reason) {
  constexpr std::array<std::string_view, 5> kNames{"uncached access", "refill", "write-back", "maintenance write-back",
                                                   "entry read"};
  return kNames[reason];
}

}  // namespace

TrafficCheck::TrafficCheck(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker, Reporter& reporter)
    : machine_(machine), tracker_(tracker), reporter_(reporter), memory_(machine, behind, tracker) {}

void TrafficCheck::on_cycle(const Cycle& cycle) {
  if (cycle.mem_answered() && cycle.in->mem_rsp.src == MemSource::Walk) walk_beat_ = cycle.in->mem_rsp;
  for (const Event& event : cycle.events) {
    // A line that is dropped: its last bytes are needed until the event has been looked at.
    on_event(event);
    memory_.on_event(event, cycle.number);
  }
  memory_.on_ports(cycle);
  if (cycle.mem_w_accepted()) on_write_beat(cycle.out->mem_w);
  if (cycle.mem_accepted()) on_request(cycle.out->mem_req);
  if (cycle.out->fence.valid) {
    if (maint_written_) wrong(fmt::format("line {:#x} was written back, but not for the fence", maint_line_));
    maintenance_ = maint_written_ = false;
  }
  if (cycle.fence_accepted()) {
    maintenance_ = !cycle.in->fence.user && static_cast<FenceOp>(cycle.in->fence.op) != FenceOp::Tlb;
  }
}

void TrafficCheck::finish() {
  for (unsigned s = 0; s < 3; ++s) {
    while (!expected_[s].empty()) {
      wrong(fmt::format("the {} of {:#x} by source {} never came",
                        reason_name(static_cast<std::uint8_t>(expected_[s].front().reason)), expected_[s].front().addr,
                        kSource[s]));
      expected_[s].pop();
    }
  }
}

TrafficCheck::Expected TrafficCheck::line_request(unsigned cache, Reason reason, std::uint64_t line) const {
  const unsigned bytes = (cache == 0 ? machine_.icache : machine_.dcache).line_bytes;
  Expected e;
  e.reason = reason;
  e.write = reason != Reason::Refill;
  e.addr = line;
  e.len = static_cast<std::uint8_t>(bytes < 8 ? 0 : bytes / 8 - 1);
  e.strb = static_cast<std::uint8_t>(bytes < 8 ? 0x0FU << (line & 4U) : 0xFFU);
  return e;
}

void TrafficCheck::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::WalkStart:
      walk_va_ = event.b;
      return;
    case EventKind::WalkRead:
      return on_walk_read(event);
    case EventKind::WalkData:
      return on_walk_data(event);
    case EventKind::CacheLookup:
      return on_lookup(event);
    case EventKind::CacheVictim: {
      auto& queue = expected_[event.cache()];
      if (queue.size() > 1) return;  // reported when it was not taken
      if (event.victim_dirty()) queue.push(line_request(event.cache(), Reason::WriteBack, event.b));
      const unsigned bytes = (event.cache() == 0 ? machine_.icache : machine_.dcache).line_bytes;
      const std::uint64_t missed = missed_[event.cache()];
      queue.push(line_request(event.cache(), Reason::Refill, missed - missed % bytes));
      return;
    }
    case EventKind::CacheDone: {
      auto& queue = expected_[event.cache()];
      if (queue.empty()) return;
      wrong(fmt::format("the {} cache answered for {:#x} without the {} of {:#x} it needed",
                        event.cache() == 0 ? "instruction" : "data", event.b,
                        reason_name(static_cast<std::uint8_t>(queue.front().reason)), queue.front().addr));
      queue.clear();
      return;
    }
    case EventKind::CacheMaint:
      return on_maint(event);
    default:
      return;
  }
}

void TrafficCheck::on_lookup(const Event& event) {
  const unsigned c = event.cache();
  missed_[c] = event.b;
  if (event.hit() || !event.uncached()) return;
  // From the request where there is one, so that a wrong lane is the cache's fault and not its excuse.
  const CoherentMemory::Asked asked = CoherentMemory::in_memory_lanes(memory_.asked(event));
  Expected e;
  e.reason = Reason::Uncached;
  e.write = event.write();
  e.addr = asked.known ? asked.pa : event.b;
  e.strb = asked.known ? asked.lanes : static_cast<std::uint8_t>(event.strb());
  e.wdata = asked.known ? asked.wdata : event.c;
  expected_[c].push(e);
}

void TrafficCheck::on_maint(const Event& event) {
  if (event.maint_all()) return;
  if (event.wrote_back() != maint_written_ || (maint_written_ && maint_line_ != event.b)) {
    wrong(fmt::format("maintenance of line {:#x} says it was{} written back, but memory saw {}", event.b,
                      event.wrote_back() ? "" : " not",
                      maint_written_ ? fmt::format("{:#x}", maint_line_) : "nothing"));
  }
  maint_written_ = false;
}

void TrafficCheck::on_walk_read(const Event& event) {
  const Context& context = tracker_.context_in_flight();
  const std::uint64_t vpn = machine_.vpn_of(VirtAddr(walk_va_)).value;
  const std::uint64_t expected = context.base.value + (vpn << machine_.format.pte_bytes_log2);
  if (machine_.format.levels == 1 && event.b != expected) {
    wrong(fmt::format("the walk for {:#x} reads {:#x}, expected the entry at {:#x} (R5)", walk_va_, event.b, expected));
  }
  if (vpn >= context.limit) wrong(fmt::format("an entry of page {:#x} is read beyond the table's limit", vpn));
  walk_entry_ = event.b;
  if (machine_.walk_port != WalkPort::Memory) return;
  Expected e;
  e.reason = Reason::Entry;
  e.addr = event.b;
  e.strb = static_cast<std::uint8_t>(low_mask(machine_.format.pte_bytes()) << (event.b % 8));
  if (!expected_[2].full()) expected_[2].push(e);
}

// Over the memory port: the entry is what memory answered.
void TrafficCheck::on_walk_data(const Event& event) {
  if (machine_.walk_port != WalkPort::Memory || event.walk_err()) return;
  std::array<std::uint8_t, 8> raw{};
  for (unsigned i = 0; i < machine_.format.pte_bytes(); ++i) {
    raw[i] = static_cast<std::uint8_t>(walk_beat_.rdata >> (8 * ((walk_entry_ + i) % 8)));
  }
  const std::uint64_t expected = pte_from_bytes(machine_.format, std::span(raw).first(machine_.format.pte_bytes()));
  if (event.b != expected || walk_beat_.err) {
    wrong(fmt::format("the walker took the entry at {:#x} for {:#x}, expected {:#x}{} as memory answered", walk_entry_,
                      event.b, expected, walk_beat_.err ? " and an error" : ""));
  }
}

void TrafficCheck::on_request(const MemRequest& request) {
  const auto s = static_cast<unsigned>(request.src);
  const auto text = [&request] {
    return fmt::format("{} {} of {:#x}, {} beat{}, lanes {:#04x}", kSource[static_cast<unsigned>(request.src) % 3],
                       request.write ? "write" : "read", request.addr, request.len + 1, request.len == 0 ? "" : "s",
                       request.strb);
  };
  if (s >= 3) return;
  Expected expected;
  if (!expected_[s].empty()) {
    expected = expected_[s].front();
    expected_[s].pop();
    if (request.write != expected.write || request.addr != expected.addr || request.len != expected.len ||
        request.strb != expected.strb) {
      wrong(fmt::format("{}; expected the {}: {} of {:#x}, {} beats, lanes {:#04x}", text(),
                        reason_name(static_cast<std::uint8_t>(expected.reason)), expected.write ? "write" : "read",
                        expected.addr, expected.len + 1, expected.strb));
      expected.write = request.write;
      expected.addr = request.addr;
      expected.len = request.len;
    }
  } else if (s == 1 && maintenance_ && request.write && !maint_written_) {
    const unsigned bytes = machine_.dcache.line_bytes;
    expected = line_request(1, Reason::Maintenance, request.addr - request.addr % bytes);
    if (request.addr != expected.addr || request.len != expected.len || request.strb != expected.strb) {
      wrong(fmt::format("{}; expected the whole line", text()));
    }
    maint_written_ = true;
    maint_line_ = expected.addr;
  } else {
    wrong(fmt::format("{} that nothing explains", text()));
    expected.write = request.write;
    expected.reason = Reason::Entry;  // data not compared
  }
  if (!request.write) return;
  writing_ = expected;
  is_writing_ = true;
  beat_ = 0;
}

void TrafficCheck::on_write_beat(const MemWrite& beat) {
  if (!is_writing_) return;  // H6
  const std::uint64_t mask = lane_mask(writing_.strb);
  const std::uint64_t address = writing_.addr + 8ULL * beat_;
  const std::uint64_t data = writing_.reason == Reason::Uncached ? writing_.wdata : memory_.beat(address);
  if (writing_.reason != Reason::Entry && ((beat.data ^ data) & mask) != 0) {
    wrong(fmt::format("the {} writes {:#018x} to {:#x}, expected {:#018x}: the bytes stored there last",
                      reason_name(static_cast<std::uint8_t>(writing_.reason)), beat.data & mask, address, data & mask));
  }
  ++beat_;
  if (beat.last) is_writing_ = false;
}

}  // namespace vm
