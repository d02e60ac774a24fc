// SPDX-License-Identifier: Apache-2.0
#include "coverage/outstanding_bins.h"

#include <algorithm>

#include "machine/fence.h"
#include "memory_ids.h"
#include "platform/platform.h"

namespace vm {
namespace {

constexpr const char* kGroup = "misses";

// What an access of the core finds while others wait.
enum class Meets : std::uint8_t { Hit, Merge, SameSet, AllBusy, OneMore, Uncached, EarlyAnswer };
enum class Store : std::uint8_t { ToFetched, ToLeaving };
enum class Walker : std::uint8_t { Hit, Miss, SameSet };
enum class Fills : std::uint8_t { One, Several };

void drop(std::vector<std::uint64_t>& lines, std::uint64_t line) {
  if (const auto at = std::find(lines.begin(), lines.end(), line); at != lines.end()) lines.erase(at);
}
bool has(const std::vector<std::uint64_t>& lines, std::uint64_t line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

OutstandingBins::OutstandingBins(BinTable& table)
    : machine_(table.machine()),
      line_bytes_{machine_.icache.line_bytes, machine_.dcache.line_bytes},
      sides_{Side(machine_.icache.sets), Side(machine_.dcache.sets)} {
  if (machine_.misses == 0) return;
  for (Side& side : sides_) {
    side.fetching.reserve(64);
    side.leaving.reserve(64);
  }
  const Values ports = {"fetch port", "data port"};
  meets_.emplace(table, kGroup,
                 std::vector<Values>{{"hit under a miss", "merged into a miss", "another line of a set that is fetched",
                                      "all registers busy", "one more miss", "uncached behind a miss",
                                      "answered before its line is whole"},
                                     ports});
  stores_.emplace(table, kGroup,
                  std::vector<Values>{{"store to a line that is fetched", "store to a line that is written back"}});
  order_.emplace(table, kGroup, std::vector<Values>{{"answered before an older one"}, ports});
  faults_.emplace(table, kGroup, std::vector<Values>{{"fault while misses are out"}, ports});
  if (machine_.walk_port == WalkPort::Cache) {
    walker_.emplace(table, kGroup,
                    std::vector<Values>{{"walker hits while misses are out", "walker misses while misses are out",
                                         "walker wants a set that is fetched"}});
  }
  fences_.emplace(table, kGroup,
                  std::vector<Values>{{"maintenance", "fence of translations", "control write"},
                                      {"asked for while misses are out"}});
  fills_.emplace(table, kGroup, std::vector<Values>{{"line refused by memory"}, {"one waits", "several wait"}});
}

unsigned OutstandingBins::waiting_for(const Side& side, std::uint64_t line) const {
  return static_cast<unsigned>(std::count_if(side.waiting.begin(), side.waiting.end(),
                                             [&](const Waiting& w) { return w.active && w.line == line; }));
}

unsigned OutstandingBins::waiting(const Side& side, Client client) const {
  return static_cast<unsigned>(std::count_if(side.waiting.begin(), side.waiting.end(),
                                             [&](const Waiting& w) { return w.active && w.client == client; }));
}

void OutstandingBins::on_cycle(const Cycle& cycle, const Tracker& tracker) {
  if (!meets_) return;
  const bool out = waiting(sides_[0], Client::Core) + waiting(sides_[1], Client::Core) != 0;
  if (out && cycle.fence_accepted() && !cycle.in->fence.user) {
    fences_->hit(static_cast<FenceOp>(cycle.in->fence.op) == FenceOp::Tlb ? 1 : 0, 0);
  }
  if (out && cycle.ctl_accepted()) fences_->hit(2, 0);
  for (const Event& event : cycle.events) on_event(event);
  on_memory(cycle);
  for (const TrackedAccess* access : tracker.retired()) {
    const auto p = static_cast<unsigned>(access->port);
    const Ring<std::uint8_t>& ids = tracker.in_flight(access->port);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (tracker.access(access->port, ids[i]).accepted >= access->accepted) continue;
      order_->hit(0, p);
      break;
    }
    const bool translated =
        access->piece_count != 0 && access->pieces[access->piece_count - 1].xlat_cycle == cycle.number;
    if (access->response.fault && translated && waiting(sides_[p], Client::Core) != 0) faults_->hit(0, p);
  }
}

void OutstandingBins::on_memory(const Cycle& cycle) {
  for (unsigned k = 0; k < 2; ++k) {
    Side& side = sides_[k];
    const unsigned buffer = memory_ids(machine_, k).buffer;
    const auto ours = [&](MemSource source, unsigned id) { return static_cast<unsigned>(source) == k && id == buffer; };
    if (cycle.memory.accepted() && ours(cycle.memory.req.src, cycle.memory.req.id))
      side.written = cycle.memory.req.addr;
    if (cycle.memory.answered() && ours(cycle.memory.rsp.src, cycle.memory.rsp.id)) drop(side.leaving, side.written);
  }
}

void OutstandingBins::on_event(const Event& event) {
  if (event.kind < EventKind::CacheLookup ||
      (event.kind > EventKind::CacheDone && event.kind != EventKind::CacheFree)) {
    return;
  }
  const unsigned c = event.cache();
  Side& side = sides_[c];
  const auto set = static_cast<unsigned>(event.b / line_bytes_[c] % (c == 0 ? machine_.icache : machine_.dcache).sets);
  Waiting& slot = side.waiting[16 * static_cast<unsigned>(event.client()) + event.cache_id()];
  switch (event.kind) {
    case EventKind::CacheLookup:
      on_lookup(event, side);
      side.owned.on_lookup(set, event);
      if (!event.answers_at_once()) slot = {true, event.client(), event.b / line_bytes_[c] * line_bytes_[c]};
      return;
    case EventKind::CacheVictim:
      if (event.victim_dirty()) side.leaving.push_back(event.b);
      if (memory_ids(machine_, c).fetches(event.cache_id())) side.fetching.push_back(event.fetched_line());
      return;
    case EventKind::CacheFill:
      drop(side.fetching, event.b);
      if (event.fill_err()) fills_->hit(0, waiting_for(side, event.b) > 1 ? Fills::Several : Fills::One);
      return;
    case EventKind::CacheDone:
      if (has(side.fetching, slot.line) && !event.single()) meets_->hit(Meets::EarlyAnswer, c);
      side.owned.on_done(set, event);
      slot.active = false;
      return;
    default:
      side.owned.on_free(event.set());
      return;
  }
}

void OutstandingBins::on_lookup(const Event& event, Side& side) {
  const unsigned c = event.cache();
  const std::uint64_t line = event.b / line_bytes_[c] * line_bytes_[c];
  const bool busy =
      side.owned.busy(static_cast<unsigned>(line / line_bytes_[c] % (c == 0 ? machine_.icache : machine_.dcache).sets));
  if (event.client() == Client::Walk && walker_ && waiting(side, Client::Core) != 0) {
    walker_->hit(event.hit() ? Walker::Hit : busy ? Walker::SameSet : Walker::Miss);
  }
  if (event.client() != Client::Core) return;
  if (event.write() && !event.single() && has(side.fetching, line)) stores_->hit(Store::ToFetched);
  if (event.write() && !event.single() && has(side.leaving, line)) stores_->hit(Store::ToLeaving);
  if (waiting(side, Client::Core) == 0) return;
  if (event.single()) return meets_->hit(Meets::Uncached, c);
  if (event.hit()) return meets_->hit(Meets::Hit, c);
  if (waiting_for(side, line) != 0) return meets_->hit(Meets::Merge, c);
  if (busy) return meets_->hit(Meets::SameSet, c);
  meets_->hit(side.owned.registers() >= machine_.misses ? Meets::AllBusy : Meets::OneMore, c);
}

}  // namespace vm
