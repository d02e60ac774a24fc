// SPDX-License-Identifier: Apache-2.0
#include "coverage/cache_bins.h"

#include <algorithm>

#include "machine/array_layout.h"
#include "machine/fence.h"
#include "memory_ids.h"
#include "platform/platform.h"

namespace vm {
namespace {

constexpr const char* kGroup = "caches";
enum class State : std::uint8_t { Absent, Clean, Dirty };

Values prefixed(const std::string& prefix, const Values& values) {
  Values result;
  for (const std::string& value : values) result.push_back(prefix + value);
  return result;
}

}  // namespace

CacheBins::CacheBins(BinTable& table) : machine_(table.machine()) {
  add_instruction_cache(table);
  add_data_cache(table);
  const Values values = {"own colour", "another colour"};
  if (machine_.colour_mask(machine_.icache) != 0) {
    caches_[0].colours.emplace(table, kGroup,
                               std::vector<Values>{{"instruction cache: core read"}, values, {"miss", "hit"}});
  }
  if (machine_.colour_mask(machine_.dcache) != 0) {
    caches_[1].colours.emplace(
        table, kGroup,
        std::vector<Values>{{"data cache: core read", "data cache: core write"}, values, {"miss", "hit"}});
  }
}

void CacheBins::add_instruction_cache(BinTable& table) {
  Cache& cache = caches_[0];
  const bool present = machine_.icache.ways != 0;
  const Values client = {"instruction cache: core read"};
  cache.uncached.emplace(
      table, kGroup,
      std::vector<Values>{client, {"uncached"}, present ? Values{"not present", "clean"} : Values{"not present"}});
  if (!present) return;
  cache.ways = machine_.icache.ways;
  cache.dirty.resize(static_cast<std::size_t>(machine_.icache.sets) * cache.ways);
  cache.lookups.emplace(table, kGroup, std::vector<Values>{client, {"not present", "clean"}});
  if (machine_.format.kind == PteKind::X86) {
    cache.through.emplace(table, kGroup, std::vector<Values>{client, {"write-through"}, {"not present", "clean"}});
  }
  cache.victims.emplace(table, kGroup, std::vector<Values>{client, {"replaces"}, {"nothing", "a clean line"}});
  cache.fill_errors.emplace(table, kGroup, std::vector<Values>{client, {"fill fails"}});
  const Values sync = {"instruction cache: fetch sync"};
  cache.lines.emplace(table, kGroup, std::vector<Values>{sync, {"line"}, {"clean"}});
  cache.all_at_once.emplace(table, kGroup, std::vector<Values>{sync, {"all lines at once"}});
  cache.not_present.emplace(table, kGroup, std::vector<Values>{sync, {"line"}, {"not present"}});
}

void CacheBins::add_data_cache(BinTable& table) {
  Cache& cache = caches_[1];
  const std::string name = "data cache: ";
  Values clients;
  const auto add = [&](Client client, bool write, const char* text) {
    client_place_.at(2 * static_cast<std::size_t>(client) + (write ? 1 : 0)) = clients.size();
    clients.push_back(name + text);
  };
  client_place_.fill(~std::size_t{0});
  add(Client::Core, false, "core read");
  add(Client::Core, true, "core write");
  if (machine_.walk_port == WalkPort::Cache) add(Client::Walk, false, "walk read");
  if (machine_.format.hw_ad) add(Client::Walk, true, "walk write");
  const Values by_translation = clients;
  add(Client::Host, false, "host read");
  add(Client::Host, true, "host write");
  if (machine_.atomics) add(Client::Atomic, false, "atomic read");
  if (machine_.atomics) add(Client::Atomic, true, "atomic write");
  const bool present = machine_.dcache.ways != 0;
  const Values states = present ? Values{"not present", "clean", "dirty"} : Values{"not present"};
  cache.uncached.emplace(table, kGroup, std::vector<Values>{clients, {"uncached"}, states});
  if (!present) return;
  cache.ways = machine_.dcache.ways;
  cache.dirty.resize(static_cast<std::size_t>(machine_.dcache.sets) * cache.ways);
  cache.lookups.emplace(table, kGroup, std::vector<Values>{clients, states});
  if (machine_.format.kind == PteKind::X86) {
    cache.through.emplace(table, kGroup, std::vector<Values>{by_translation, {"write-through"}, states});
  }
  cache.victims.emplace(table, kGroup,
                        std::vector<Values>{clients, {"replaces"}, {"nothing", "a clean line", "a dirty line"}});
  cache.fill_errors.emplace(table, kGroup, std::vector<Values>{clients, {"fill fails"}});
  // By FenceOp, from CacheClean on.
  const Values operations = prefixed(name, {"clean", "invalidate", "clean and invalidate", "fetch sync"});
  cache.lines.emplace(table, kGroup, std::vector<Values>{operations, {"whole", "line"}, {"clean", "dirty"}});
  cache.all_at_once.emplace(table, kGroup, std::vector<Values>{{operations[1]}, {"all lines at once"}});
  cache.not_present.emplace(table, kGroup, std::vector<Values>{operations, {"line"}, {"not present"}});
  write_back_refused_.emplace(table, kGroup, std::vector<Values>{{name + "write-back refused by memory"}});
}

void CacheBins::on_cycle(const Cycle& cycle) {
  for (const Event& event : cycle.events) {
    if (event.kind == EventKind::Xlat) on_translation(event, cycle);
    on_event(event);
  }
  const bool lost = std::any_of(cycle.events.begin(), cycle.events.end(), [](const Event& event) {
    return event.kind == EventKind::CacheLost || (event.kind == EventKind::LowerUpset && event.lower_lost());
  });
  if (cycle.out->wb_error && !lost && write_back_refused_) write_back_refused_->hit(0);
  if (cycle.out->fence.valid && operation_) on_fence_done();
  if (cycle.fence_accepted() && static_cast<FenceOp>(cycle.in->fence.op) != FenceOp::Tlb) {
    operation_ = cycle.in->fence;
    for (Cache& cache : caches_) cache.line_met = false;
  }
  if (!cycle.array_accepted() || !cycle.in->array.write) return;
  const ArrayRequest& request = cycle.in->array;
  Cache& cache = caches_[1];
  const std::size_t at = cache.index(request.set, request.way);
  if (static_cast<Array>(request.array) == Array::DcacheTag && request.way < cache.ways && at < cache.dirty.size()) {
    cache.dirty[at] = unpack_cache_tag(request.data0).dirty;
  }
}

// What the core looks up in its cache, by the colours of its addresses.
void CacheBins::on_translation(const Event& xlat, const Cycle& cycle) {
  const bool data = xlat.port() == Port::Data;
  Cache& cache = caches_[data ? 1 : 0];
  if (!cache.colours || xlat.phys()) return;
  for (const Event& event : cycle.events) {
    if (event.kind != EventKind::CacheLookup || event.cache() != (data ? 1U : 0U) || event.client() != Client::Core)
      continue;
    const std::uint64_t mask = machine_.colour_mask(data ? machine_.dcache : machine_.icache);
    cache.colours->hit(event.write() ? 1 : 0, ((xlat.b ^ xlat.c) & mask) != 0 ? 1 : 0, event.hit() ? 1 : 0);
  }
}

void CacheBins::on_event(const Event& event) {
  Cache& cache = caches_[event.cache()];
  if (machine_.misses != 0 && on_outstanding(event, cache)) return;
  switch (event.kind) {
    case EventKind::CacheLookup:
      return on_lookup(event);
    case EventKind::CacheVictim:
      if (cache.victims && !cache.evicts) {
        cache.victims->hit(cache.client, 0, event.victim_valid() ? (event.victim_dirty() ? 2 : 1) : 0);
      }
      return;
    case EventKind::CacheFill: {
      if (!cache.lookups) return;
      if (event.fill_err()) return cache.fill_errors->hit(cache.client, 0);
      cache.filled = cache.index(event.set(), event.way());
      if (cache.filled < cache.dirty.size()) cache.dirty[cache.filled] = false;
      return;
    }
    case EventKind::CacheDone:
      if (event.write() && !event.single() && !event.done_err() && cache.filled < cache.dirty.size()) {
        cache.dirty[cache.filled] = true;
      }
      return;
    case EventKind::CacheMaint:
      return on_maintenance(event);
    default:
      return;
  }
}

// Of those who wait for the line the one that came first.
std::size_t CacheBins::first_client(const Cache& cache, std::uint64_t line) {
  const Cache::Waiting* first = nullptr;
  for (const Cache::Waiting& w : cache.waiting) {
    if (w.active && w.line == line && (first == nullptr || w.order < first->order)) first = &w;
  }
  return first != nullptr ? first->client : ~std::size_t{0};
}

// What events say of a cache with misses outstanding that they do not say of another. What an uncached access meets
// shows after its lookup.
bool CacheBins::on_outstanding(const Event& event, Cache& cache) {
  const auto slot = [&]() -> Cache::Waiting& {
    return cache.waiting[16 * static_cast<unsigned>(event.client()) + event.cache_id()];
  };
  const std::uint64_t bytes = (event.cache() == 0 ? machine_.icache : machine_.dcache).line_bytes;
  switch (event.kind) {
    case EventKind::CacheLookup: {
      if (event.hit()) return false;
      const std::size_t client =
          event.cache() == 0 ? 0
                             : client_place_[2 * static_cast<std::size_t>(event.client()) + (event.write() ? 1 : 0)];
      if (!event.single()) cache.lookups->hit(client, State::Absent);
      if (event.through() && !event.write() && cache.through) cache.through->hit(client, 0, State::Absent);
      slot() = {true, ++cache.lookups_seen, event.b / bytes * bytes, client};
      return true;
    }
    case EventKind::CacheVictim:
      if (memory_ids(machine_, event.cache()).fetches(event.cache_id())) {
        cache.victims->hit(first_client(cache, event.fetched_line()), 0,
                           event.victim_valid() ? (event.victim_dirty() ? 2 : 1) : 0);
      } else {
        cache.evicted = static_cast<std::size_t>(event.victim_dirty() ? State::Dirty : State::Clean);
      }
      return true;
    case EventKind::CacheFill:
      if (!event.fill_err()) return false;
      cache.fill_errors->hit(first_client(cache, event.b), 0);
      return true;
    case EventKind::CacheDone: {
      const std::size_t at = cache.index(event.set(), event.way());
      if (event.uncached()) cache.uncached->hit(slot().client, 0, cache.evicted);
      if (event.uncached()) cache.evicted = static_cast<std::size_t>(State::Absent);
      if (event.written_through() && cache.through) {
        const bool dirty = at < cache.dirty.size() && cache.dirty[at];
        cache.through->hit(slot().client, 0,
                           !event.through_hit() ? State::Absent
                           : dirty              ? State::Dirty
                                                : State::Clean);
      }
      if (event.write() && !event.single() && !event.done_err() && at < cache.dirty.size()) cache.dirty[at] = true;
      slot().active = false;
      return true;
    }
    default:
      return false;
  }
}

void CacheBins::on_lookup(const Event& event) {
  Cache& cache = caches_[event.cache()];
  const std::size_t client =
      event.cache() == 0 ? 0 : client_place_[2 * static_cast<std::size_t>(event.client()) + (event.write() ? 1 : 0)];
  const std::size_t at = cache.index(event.set(), event.way());
  State state = State::Absent;
  if (event.hit()) state = at < cache.dirty.size() && cache.dirty[at] ? State::Dirty : State::Clean;
  if (event.uncached()) {
    cache.uncached->hit(client, 0, state);
  } else if (cache.lookups) {
    if (event.through() && cache.through) cache.through->hit(client, 0, state);
    if (!event.written_through()) cache.lookups->hit(client, state);
  }
  if (event.answers_at_once()) {
    if (event.write() && at < cache.dirty.size()) cache.dirty[at] = true;
    return;
  }
  cache.client = client;
  cache.evicts = event.uncached();
}

void CacheBins::on_maintenance(const Event& event) {
  Cache& cache = caches_[event.cache()];
  if (!operation_ || !cache.lookups) return;
  cache.line_met = true;
  const std::size_t operation = event.cache() == 0 ? 0 : operation_->op - 1U;
  if (event.maint_all()) return cache.all_at_once->hit(0, 0);
  const std::size_t at = cache.index(event.set(), event.way());
  const bool dirty = at < cache.dirty.size() && cache.dirty[at];
  if (event.cache() == 0) {
    cache.lines->hit(0, 0, dirty);
  } else {
    cache.lines->hit(operation, operation_->by_addr, dirty);
  }
  if (event.wrote_back() && at < cache.dirty.size()) cache.dirty[at] = false;
}

void CacheBins::on_fence_done() {
  const FenceRequest& done = *operation_;
  const bool beyond = (done.addr >> machine_.bus_bits) != 0;
  if (!done.user && done.by_addr && !beyond) {
    if (caches_[1].not_present && !caches_[1].line_met) caches_[1].not_present->hit(done.op - 1U, 0, 0);
    if (static_cast<FenceOp>(done.op) == FenceOp::FetchSync && caches_[0].not_present && !caches_[0].line_met) {
      caches_[0].not_present->hit(0, 0, 0);
    }
  }
  operation_.reset();
}

}  // namespace vm
