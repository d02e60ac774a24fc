// SPDX-License-Identifier: Apache-2.0
#include "checks/counter_check.h"

#include <fmt/format.h>

#include <string_view>

namespace vm {
namespace {

// Indices are bits of events_t (docs/architecture.md).
constexpr unsigned kOutcomes = 15;
enum PortCounter : unsigned { kL1Base = kOutcomes, kL1Super, kL1Miss, kL2Hit, kPortCounters };
enum WalkerCounter : unsigned {
  kWalking = 2 * kPortCounters,
  kWalk,
  kWalkCacheHit,
  kUpdate,
  kUpdateFailed,
  kRestart,
  kFence
};
constexpr unsigned kFences = 5;
constexpr unsigned kCache = kFence + kFences;
enum CacheCounter : unsigned { kHit, kMiss, kUncached, kWriteBack, kCacheCounters };
static_assert(kCache + 2 * kCacheCounters == CounterCheck::kCounters);

unsigned of_port(Port port, unsigned counter) { return static_cast<unsigned>(port) * kPortCounters + counter; }
unsigned of_cache(unsigned cache, unsigned counter) { return kCache + cache * kCacheCounters + counter; }

constexpr std::array<std::string_view, kPortCounters - kOutcomes> kPortNames = {
    "hit of the L1 TLB's base part", "hit of the L1 TLB's super part", "L1 TLB miss", "L2 TLB hit"};
constexpr std::array<std::string_view, kFence - kWalking> kWalkerNames = {
    "cycle of a walk", "walk", "walk-cache hit", "compare-and-set done", "compare-and-set failed", "restart of a walk"};
constexpr std::array<std::string_view, kFences> kFenceNames = {"FenceTlb", "CacheClean", "CacheInvalidate",
                                                               "CacheCleanInvalidate", "FetchSync"};
constexpr std::array<std::string_view, kCacheCounters> kCacheNames = {"hit", "miss", "uncached access", "write-back"};

}  // namespace

CounterCheck::CounterCheck(const Machine& machine, Reporter& reporter)
    : reporter_(reporter),
      looks_(machine.l2tlb.ways != 0 || (machine.walk_cache_sets != 0 && machine.format.levels > 1)) {}

std::string CounterCheck::name(unsigned index) {
  if (index < kWalking) {
    const std::string_view port = index < kPortCounters ? "fetch" : "data";
    const unsigned counter = index % kPortCounters;
    if (counter < kOutcomes) return fmt::format("{} translation with cause {}", port, counter);
    return fmt::format("{} {}", port, kPortNames[counter - kOutcomes]);
  }
  if (index < kFence) return std::string(kWalkerNames[index - kWalking]);
  if (index < kCache) return std::string(kFenceNames[index - kFence]);
  const unsigned counter = index - kCache;
  return fmt::format("{} cache {}", counter < kCacheCounters ? "instruction" : "data",
                     kCacheNames[counter % kCacheCounters]);
}

void CounterCheck::on_cycle(const Cycle& cycle) {
  if (walking_) count(kWalking);
  for (const Event& event : cycle.events) on_event(event);
  for (const Port port : {Port::Fetch, Port::Data}) {
    const CoreResponse& response = cycle.response(port);
    if (response.valid && response.fault.cause == Cause::Bus) {
      count(of_port(port, static_cast<unsigned>(Cause::Bus)));
    }
  }
  if (cycle.fence_accepted()) fence_ = cycle.in->fence.op;
  if (cycle.out->fence.valid && fence_) {
    if (!cycle.out->fence.refused && *fence_ < kFences) count(kFence + *fence_);
    fence_.reset();
  }
}

void CounterCheck::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Xlat:
      count(of_port(event.port(), static_cast<unsigned>(event.xlat_cause())));
      if (event.source() == Source::Tlb) count(of_port(event.port(), event.xlat_super() ? kL1Super : kL1Base));
      break;
    case EventKind::WalkStart:
      if (!event.skip_l2()) count(of_port(event.port(), kL1Miss));
      if (!looks_) {
        count(kWalk);
        walking_ = true;
      }
      break;
    case EventKind::WalkLook:
      if (event.l2_hit()) {
        count(of_port(event.port(), kL2Hit));
      } else {
        count(kWalk);
        if (event.walk_cache_level() != 0) count(kWalkCacheHit);
        walking_ = true;
      }
      break;
    case EventKind::WalkEnd:
      walking_ = false;
      break;
    case EventKind::WalkUpdate:
      if (!event.walk_err()) count(event.update_success() ? kUpdate : kUpdateFailed);
      break;
    case EventKind::WalkRestart:
      count(kRestart);
      break;
    case EventKind::CacheLookup:
      count(of_cache(event.cache(), event.uncached() ? kUncached : event.hit() ? kHit : kMiss));
      break;
    case EventKind::CacheVictim:
      // The instruction cache never writes.
      if (event.cache() == 1 && event.victim_valid() && event.victim_dirty()) {
        count(of_cache(event.cache(), kWriteBack));
      }
      break;
    case EventKind::CacheMaint:
      if (event.wrote_back()) count(of_cache(event.cache(), kWriteBack));
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
