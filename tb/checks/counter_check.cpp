// SPDX-License-Identifier: Apache-2.0
#include "checks/counter_check.h"

#include <fmt/format.h>

#include <string_view>

namespace vm {
namespace {

// Indices are bits of events_t (docs/architecture.md).
constexpr unsigned kOutcomes = 15;
enum PortCounter : unsigned { L1Base = kOutcomes, L1Super, L1Miss, L2Hit, PortCounters };
enum WalkerCounter : unsigned {
  Walking = 2 * PortCounters,
  Walk,
  WalkCacheHit,
  Update,
  UpdateFailed,
  Restart,
  Prefetch,
  FirstFence
};
constexpr unsigned kFences = 5;
// Words removed for their parity: L1 base parts, L2 TLB, walk caches.
constexpr unsigned kUpset = FirstFence + kFences, kUpsets = 4;
constexpr unsigned kCache = kUpset + kUpsets;
enum CacheCounter : unsigned { Hit, Miss, Uncached, WriteBack, Refetch, Lost, CacheCounters };
constexpr unsigned kAtomic = kCache + 2 * CacheCounters, kScFailed = kAtomic + 1;
constexpr unsigned kLower = kScFailed + 1;  // of the L2 cache, then of the L3: lines read again, losses
static_assert(kLower + 4 == CounterCheck::kCounters);

unsigned of_port(Port port, unsigned counter) { return static_cast<unsigned>(port) * PortCounters + counter; }
unsigned of_upset(const Event& upset) {
  if (upset.tlb_unit() == TlbUnit::L2) return kUpset + 2;
  if (upset.tlb_unit() == TlbUnit::WalkCaches) return kUpset + 3;
  return kUpset + static_cast<unsigned>(upset.port());
}
unsigned of_cache(unsigned cache, unsigned counter) { return kCache + cache * CacheCounters + counter; }

constexpr std::array<std::string_view, PortCounters - kOutcomes> kPortNames = {
    "hit of the L1 TLB's base part", "hit of the L1 TLB's super part", "L1 TLB miss", "L2 TLB hit"};
constexpr std::array<std::string_view, FirstFence - Walking> kWalkerNames = {
    "cycle of a walk",   "walk",           "walk-cache hit", "compare-and-set done", "compare-and-set failed",
    "restart of a walk", "page prefetched"};
constexpr std::array<std::string_view, kFences> kFenceNames = {"FenceTlb", "CacheClean", "CacheInvalidate",
                                                               "CacheCleanInvalidate", "FetchSync"};
constexpr std::array<std::string_view, kUpsets> kUpsetNames = {"fetch TLB", "data TLB", "L2 TLB", "walk caches"};
constexpr std::array<std::string_view, CacheCounters> kCacheNames = {
    "hit",        "miss",           "uncached access or written-through store",
    "write-back", "line refetched", "upset of something stored"};

}  // namespace

CounterCheck::CounterCheck(const Machine& machine, Reporter& reporter)
    : reporter_(reporter),
      looks_(machine.l2tlb.ways != 0 || (machine.walk_cache_sets != 0 && machine.format.levels > 1)) {}

std::string CounterCheck::name(unsigned index) {
  if (index < Walking) {
    const std::string_view port = index < PortCounters ? "fetch" : "data";
    const unsigned counter = index % PortCounters;
    if (counter < kOutcomes) return fmt::format("{} translation with cause {}", port, counter);
    return fmt::format("{} {}", port, kPortNames[counter - kOutcomes]);
  }
  if (index < FirstFence) return std::string(kWalkerNames[index - Walking]);
  if (index < kUpset) return std::string(kFenceNames[index - FirstFence]);
  if (index < kCache) return fmt::format("lookup that met wrong parity in the {}", kUpsetNames[index - kUpset]);
  if (index >= kLower) {
    return fmt::format("L{} cache {}", 2 + (index - kLower) / 2, kCacheNames[Refetch + (index - kLower) % 2]);
  }
  if (index >= kAtomic) return index == kAtomic ? "atomic performed" : "SC that failed";
  const unsigned counter = index - kCache;
  return fmt::format("{} cache {}", counter < CacheCounters ? "instruction" : "data",
                     kCacheNames[counter % CacheCounters]);
}

void CounterCheck::on_cycle(const Cycle& cycle) {
  if (walking_) count(Walking);
  for (const Event& event : cycle.events) on_event(event);
  for (const Port port : {Port::Fetch, Port::Data}) {
    const CoreResponse& response = cycle.response(port);
    if (response.valid && response.fault.cause == Cause::Bus) {
      count(of_port(port, static_cast<unsigned>(Cause::Bus)));
    }
  }
  if (cycle.fence_accepted()) fence_ = cycle.in->fence.op;
  if (cycle.out->fence.valid && fence_) {
    if (!cycle.out->fence.refused && *fence_ < kFences) count(FirstFence + *fence_);
    fence_.reset();
  }
}

void CounterCheck::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Xlat:
      count(of_port(event.port(), static_cast<unsigned>(event.xlat_cause())));
      if (event.source() == Source::Tlb) count(of_port(event.port(), event.xlat_super() ? L1Super : L1Base));
      break;
    case EventKind::WalkStart:
      if (!event.skip_l2()) count(of_port(event.port(), L1Miss));
      if (!looks_) {
        count(Walk);
        walking_ = true;
      }
      break;
    case EventKind::WalkLook:
      ahead_ = event.prefetch();
      if (ahead_) break;
      if (event.l2_hit()) {
        count(of_port(event.port(), L2Hit));
      } else {
        count(Walk);
        if (event.walk_cache_level() != 0) count(WalkCacheHit);
        walking_ = true;
      }
      break;
    case EventKind::WalkEnd:
      walking_ = false;
      break;
    case EventKind::WalkUpdate:
      if (!event.walk_err()) count(event.update_success() ? Update : UpdateFailed);
      break;
    case EventKind::WalkRestart:
      count(Restart);
      break;
    case EventKind::L2Fill:
      if (ahead_) count(Prefetch);
      break;
    case EventKind::CacheLookup:
      count(of_cache(event.cache(), event.single() ? Uncached : event.hit() ? Hit : Miss));
      break;
    case EventKind::CacheVictim:
      if (event.refetch()) count(of_cache(event.cache(), Refetch));
      // The instruction cache never writes.
      if (event.cache() == 1 && event.victim_valid() && event.victim_dirty()) {
        count(of_cache(event.cache(), WriteBack));
      }
      break;
    case EventKind::AtomicEnd:
      if (event.atomic_err()) break;
      count(kAtomic);
      // An SC answers 0 if it has stored.
      if (event.atomic_op() == AtomicOp::Sc && event.c != 0) count(kScFailed);
      break;
    case EventKind::CacheLost:
      count(of_cache(event.cache(), Lost));
      break;
    case EventKind::LowerUpset:
      if (event.lower_refetch()) count(kLower + 2 * event.lower());
      if (event.lower_lost()) count(kLower + 2 * event.lower() + 1);
      break;
    case EventKind::Upset:
      count(of_upset(event));
      break;
    case EventKind::CacheMaint:
      if (event.wrote_back()) count(of_cache(event.cache(), WriteBack));
      break;
    default:
      break;
  }
}

void CounterCheck::read(unsigned index, std::uint64_t value) { actual_[index] = value; }

void CounterCheck::finish() {
  for (unsigned i = 0; i < kCounters; ++i) {
    if (actual_[i] == expected_[i]) continue;
    reporter_.mismatch("counters", fmt::format("counter {} ({}): expected {}, as the events of the run add up to, "
                                               "found {} (M14)",
                                               i, name(i), expected_[i], actual_[i]));
  }
}

}  // namespace vm
