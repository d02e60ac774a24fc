// SPDX-License-Identifier: Apache-2.0
#include "event_log.h"

#include <fmt/format.h>

#include <array>

namespace vm {
namespace {

std::string_view port_name(Port port) { return port == Port::Fetch ? "fetch" : "data"; }
std::string_view cache_name(unsigned cache) { return cache == 0 ? "icache" : "dcache"; }

std::string_view client_name(Client client) {
  constexpr std::array<std::string_view, 4> kNames{"core", "walk", "host", "atomic"};
  return kNames[static_cast<unsigned>(client)];
}

std::string describe_xlat(const Event& e) {
  constexpr std::array<std::string_view, 8> kSources{"bare", "tlb", "walk", "refused", "l2 tlb", "?", "?", "?"};
  std::string text = fmt::format("Xlat          {} id {} {} {}{}{}{}{} va {:#x} by {}", port_name(e.port()), e.id(),
                                 e.user() ? "user" : "kernel", to_string(e.access()), e.sum() ? " sum" : "",
                                 e.mxr() ? " mxr" : "", e.probe() ? " probe" : "", e.phys() ? " physical" : "", e.b,
                                 kSources[static_cast<unsigned>(e.source())]);
  if (e.xlat_cause() == Cause::None) {
    return text + fmt::format(" -> pa {:#x}{}", e.c, e.xlat_cacheable() ? "" : " uncached");
  }
  return text +
         fmt::format(" -> fault {} level {} entry {:#x} at {:#x}", to_string(e.xlat_cause()), e.xlat_level(), e.f, e.e);
}

// The id of a memory request, from bit 8 up; those of caches without misses outstanding are all 0.
std::string id_text(std::uint64_t a) { return a >> 8 == 0 ? std::string() : fmt::format(" id {} ", a >> 8); }

std::string describe_note(const Event& e) {
  switch (static_cast<PortNote>(e.kind)) {
    case PortNote::FetchRequest:
      return fmt::format("fetch request id {} va {:#x}", e.a, e.b);
    case PortNote::DataRequest:
      return fmt::format("data request  id {} va {:#x} data {:#x}{}{}", e.a & 15U, e.b, e.c, (e.a >> 4) != 0 ? " " : "",
                         (e.a >> 4) != 0 ? to_string(static_cast<AtomicOp>(e.a >> 4)) : std::string_view());
    case PortNote::FetchAnswer:
      return fmt::format("fetch answer  id {} data {:#x} fault {}", e.a, e.b, to_string(static_cast<Cause>(e.c)));
    case PortNote::DataAnswer:
      return fmt::format("data answer   id {} data {:#x} fault {}", e.a, e.b, to_string(static_cast<Cause>(e.c)));
    case PortNote::HostRequest:
      return fmt::format("host {}    addr {:#x} data {:#x}", e.a != 0 ? "store" : "load ", e.b, e.c);
    case PortNote::HostAnswer:
      return fmt::format("host answer   data {:#x}{}", e.b, e.a != 0 ? " error" : "");
    case PortNote::CtlRequest:
      return fmt::format("ctl request   register {} value {:#x}", e.a, e.b);
    case PortNote::CtlAnswer:
      return fmt::format("ctl answer    {}", e.a != 0 ? "refused" : "done");
    case PortNote::FenceRequest:
      return fmt::format("fence request op {} addr {:#x} asid {:#x}", e.a, e.b, e.c);
    case PortNote::FenceAnswer:
      return fmt::format("fence answer  {}", e.a != 0 ? "refused" : "done");
    case PortNote::ArrayRequest:
      return fmt::format("array request array {} data {:#x} {:#x}", e.a, e.b, e.c);
    case PortNote::ArrayAnswer:
      return fmt::format("array answer  {:#x} {:#x}", e.b, e.c);
    case PortNote::MemRequest:
      return fmt::format("mem request   source {} {}{} addr {:#x} beats {} lanes {:#04x}", e.a & 3U, id_text(e.a),
                         (e.a & 4U) != 0 ? "write" : "read", e.b, (e.c & 0xFF) + 1, e.c >> 8);
    case PortNote::MemWrite:
      return fmt::format("mem data      {:#018x}{}", e.b, e.a != 0 ? " last" : "");
    case PortNote::MemAnswer:
      return fmt::format("mem answer    source {}{} {:#018x}{}{}", e.a & 3U, id_text(e.a), e.b,
                         (e.c & 1U) != 0 ? " last" : "", (e.c & 2U) != 0 ? " error" : "");
  }
  return "?";
}

}  // namespace

std::string describe(const Event& e) {
  switch (e.kind) {
    case EventKind::Xlat:
      return describe_xlat(e);
    case EventKind::WalkStart:
      return fmt::format("WalkStart     {} va {:#x}{}{}", port_name(e.port()), e.b,
                         e.denied_hit() ? " (hit that denies)" : "", e.skip_l2() ? " (without the L2)" : "");
    case EventKind::WalkRead:
      return fmt::format("WalkRead      level {} entry at {:#x}", e.walk_level(), e.b);
    case EventKind::WalkData:
      return fmt::format("WalkData      level {} entry {:#x}{}", e.walk_level(), e.b, e.walk_err() ? " error" : "");
    case EventKind::WalkEnd:
      return fmt::format("WalkEnd       {} {} level {} entry {:#x} at {:#x}", port_name(e.port()),
                         to_string(e.walk_cause()), e.end_level(), e.c, e.b);
    case EventKind::WalkLook:
      return fmt::format("WalkLook      {}{} {}, walk cache {}", port_name(e.port()), e.prefetch() ? " prefetch" : "",
                         e.l2_hit()   ? fmt::format("l2 hit set {} way {}", e.set(), e.tlb_way())
                         : e.l2_off() ? std::string("l2 off")
                                      : std::string("l2 miss"),
                         e.walk_cache_level() != 0 ? fmt::format("level {}", e.walk_cache_level()) : "miss");
    case EventKind::WalkUpdateStart:
      return fmt::format("WalkUpdateStart level {} entry at {:#x}", e.walk_level(), e.b);
    case EventKind::WalkUpdate:
      return fmt::format("WalkUpdate    level {} entry at {:#x} found {:#x} wanted {:#x}{}", e.walk_level(), e.b, e.c,
                         e.d, e.walk_err() ? " error" : (e.update_success() ? " written" : " differs"));
    case EventKind::WalkCacheFill:
      return fmt::format("WalkCacheFill level {} set {} key {:#x} table {:#x}", e.walk_level(), e.set(), e.b, e.c);
    case EventKind::WalkRestart:
      return fmt::format("WalkRestart   {}", port_name(e.port()));
    case EventKind::L2Fill:
      return fmt::format("L2Fill        set {} way {} page {:#x} frame {:#x}", e.set(), e.tlb_way(), e.b, e.c);
    case EventKind::TlbFill:
      return fmt::format("TlbFill       {} {}set {} way {} page {:#x} frame {:#x}{}", port_name(e.port()),
                         e.fills_super() ? "super " : "", e.set(), e.tlb_way(), e.b, e.c,
                         e.fill_from_l2() ? " from l2" : "");
    case EventKind::TlbInvalidate: {
      constexpr std::array<std::string_view, 4> kUnits{"base", "super", "l2", "walk caches"};
      const std::string_view unit = kUnits[static_cast<unsigned>(e.tlb_unit())];
      return e.tlb_all() || e.tlb_unit() == TlbUnit::L2 || e.tlb_unit() == TlbUnit::WalkCaches
                 ? fmt::format("TlbInvalidate {} {}{}", port_name(e.port()), unit, e.tlb_all() ? " all" : "")
                 : fmt::format("TlbInvalidate {} {} set {} ways {:#x}", port_name(e.port()), unit, e.set(), e.b);
    }
    case EventKind::Upset:
      return e.tlb_unit() == TlbUnit::WalkCaches
                 ? fmt::format("Upset         walk caches, levels {:#x}", e.b)
                 : fmt::format("Upset         {} set {} ways {:#x}",
                               e.tlb_unit() == TlbUnit::L2 ? "l2" : port_name(e.port()), e.set(), e.b);
    case EventKind::CacheLookup:
      return fmt::format("CacheLookup   {} {} {} pa {:#x} lanes {:#04x} {}", cache_name(e.cache()),
                         client_name(e.client()), e.write() ? "write" : "read", e.b, e.strb(),
                         e.hit() ? fmt::format("{}hit way {}", e.uncached() ? "uncached, " : "", e.way())
                                 : (e.uncached() ? std::string("uncached") : std::string("miss")));
    case EventKind::CacheVictim:
      return fmt::format("CacheVictim   {} set {} way {} line {:#x} {}{}", cache_name(e.cache()), e.set(), e.way(), e.b,
                         e.victim_valid() ? (e.victim_dirty() ? "dirty" : "clean") : "invalid",
                         e.refetch() ? " refetched" : "");
    case EventKind::CacheFill:
      return fmt::format("CacheFill     {} set {} way {} line {:#x}{}", cache_name(e.cache()), e.set(), e.way(), e.b,
                         e.fill_err() ? " error" : "");
    case EventKind::CacheDone:
      return fmt::format("CacheDone     {} {} pa {:#x} data {:#x}{}", cache_name(e.cache()), client_name(e.client()),
                         e.b, e.c, e.done_err() ? " error" : "");
    case EventKind::CacheMaint:
      return fmt::format("CacheMaint    {} {}{}{}", cache_name(e.cache()),
                         e.maint_all() ? std::string("all") : fmt::format("line {:#x}", e.b),
                         e.wrote_back() ? " written back" : "", e.invalidated() ? " invalidated" : "");
    case EventKind::LowerUpset:
      return fmt::format("LowerUpset    L{} cache{}{}{}", e.lower() + 2, e.lower_flipped() ? " bit turned over" : "",
                         e.lower_refetch() ? " line read again" : "",
                         e.lower_lost() ? fmt::format(" line {:#x} lost", e.b) : "");
    case EventKind::CacheLost:
      return fmt::format("CacheLost     {} set {} way {} line {:#x}{}{}", cache_name(e.cache()), e.set(), e.way(), e.b,
                         e.lost_line()      ? " dropped"
                         : e.lost_written() ? " written back"
                                            : " kept",
                         e.lost_in_maintenance() ? " by maintenance" : "");
    case EventKind::CacheFree:
      return fmt::format("CacheFree     {} register {} line {:#x}", cache_name(e.cache()), e.cache_id(), e.b);
    case EventKind::AtomicStart:
      return fmt::format("AtomicStart   {} pa {:#x} lanes {:#04x} data {:#x}", to_string(e.atomic_op()), e.b, e.strb(),
                         e.c);
    case EventKind::AtomicEnd:
      return fmt::format("AtomicEnd     {} pa {:#x} data {:#x}{}", to_string(e.atomic_op()), e.b, e.c,
                         e.atomic_err() ? " error" : "");
    case EventKind::Miss:
      return fmt::format("Miss          {} va {:#x}", port_name(e.port()), e.b);
    case EventKind::Drained:
      return fmt::format("Drained       {}",
                         e.drained_kind() == 0 ? "ctl" : (e.drained_kind() == 1 ? "fence" : "array"));
  }
  return describe_note(e);
}

void EventLog::add_ports(const Cycle& c) {
  const auto& in = *c.in;
  const auto& out = *c.out;
  const std::uint64_t n = c.number;
  if (c.accepted(Port::Fetch)) add(n, PortNote::FetchRequest, in.fetch.id, in.fetch.va, 0);
  if (c.accepted(Port::Data)) {
    add(n, PortNote::DataRequest, in.data.id | static_cast<std::uint64_t>(in.data.atomic) << 4, in.data.va,
        in.data.wdata);
  }
  if (c.host_accepted()) add(n, PortNote::HostRequest, in.host.write ? 1 : 0, in.host.addr, in.host.wdata);
  if (c.ctl_accepted()) add(n, PortNote::CtlRequest, in.ctl.index, in.ctl.data, 0);
  if (c.fence_accepted()) add(n, PortNote::FenceRequest, in.fence.op, in.fence.addr, in.fence.asid);
  if (c.array_accepted()) add(n, PortNote::ArrayRequest, in.array.array, in.array.data0, in.array.data1);
  if (c.memory.accepted()) {
    add(n, PortNote::MemRequest,
        static_cast<std::uint64_t>(c.memory.req.src) | (c.memory.req.write ? 4U : 0U) |
            static_cast<std::uint64_t>(c.memory.req.id) << 8U,
        c.memory.req.addr, c.memory.req.len | (static_cast<std::uint64_t>(c.memory.req.strb) << 8));
  }
  if (c.memory.w_accepted()) add(n, PortNote::MemWrite, c.memory.w.last ? 1 : 0, c.memory.w.data, 0);
  if (c.memory.answered()) {
    add(n, PortNote::MemAnswer,
        static_cast<std::uint64_t>(c.memory.rsp.src) | static_cast<std::uint64_t>(c.memory.rsp.id) << 8U,
        c.memory.rsp.rdata, (c.memory.rsp.last ? 1U : 0U) | (c.memory.rsp.err ? 2U : 0U));
  }
  if (out.fetch.valid) {
    add(n, PortNote::FetchAnswer, out.fetch.id, out.fetch.rdata, static_cast<std::uint64_t>(out.fetch.fault.cause));
  }
  if (out.data.valid) {
    add(n, PortNote::DataAnswer, out.data.id, out.data.rdata, static_cast<std::uint64_t>(out.data.fault.cause));
  }
  if (out.host.valid) add(n, PortNote::HostAnswer, out.host.err ? 1 : 0, out.host.rdata, 0);
  if (out.ctl.valid) add(n, PortNote::CtlAnswer, out.ctl.refused ? 1 : 0, 0, 0);
  if (out.fence.valid) add(n, PortNote::FenceAnswer, out.fence.refused ? 1 : 0, 0, 0);
  if (out.array.valid) add(n, PortNote::ArrayAnswer, 0, out.array.data0, out.array.data1);
}

std::string EventLog::text() const {
  std::string result;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    result += fmt::format("    {:>8}  {}\n", entries_[i].cycle, describe(entries_[i].event));
  }
  return result;
}

}  // namespace vm
