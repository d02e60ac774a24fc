// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_storm.h"

#include <algorithm>

namespace vm {

void PortStorm::plan(std::uint64_t at, const trace::PortRequest& request) {
  if (count_ == planned_.size()) return;
  planned_.at(count_++) = {at, request};
}

// Of this page or another, of this address space or another.
Fence PortStorm::fence_at(std::uint64_t va) {
  Random& random = requests_.random();
  Fence fence = requests_.translation_fence(random.one_in(3) ? memory_.some_page(random) : va);
  fence.user = random.one_in(24);
  if (random.one_in(2)) fence.asid = context_.asid;
  return fence;
}

// From both ports, into the next page too: the walks wait for each other.
void PortStorm::plan_accesses(std::uint64_t va) {
  Random& random = requests_.random();
  const Port port = random.one_in(4) ? Port::Fetch : Port::Data;
  plan(0, requests_.access_at(port, va));
  if (random.one_in(2)) plan(random.below(3), requests_.access_at(random.one_in(2) ? Port::Fetch : Port::Data, va));
  if (random.one_in(3)) {
    Access crossing = requests_.access_at(Port::Data, requests_.last_bytes(va));
    crossing.size_log2 = 3;
    plan(random.below(4), crossing);
  }
  plan(random.below(2 * walk_), requests_.access_at(random.one_in(3) ? Port::Fetch : Port::Data, va));
}

void PortStorm::plan_change(std::uint64_t at, std::uint64_t va) {
  Random& random = requests_.random();
  const EntryStore store = requests_.store(memory_.change_on_path(va, random.one_in(3)));
  for (unsigned i = 0; i < store.count; ++i) plan(at, store.parts.at(i));
}

// The page in one address space after the other, with little forgotten: what is known of it in several meets.
void PortStorm::plan_switches(std::uint64_t at, std::uint64_t va) {
  Random& random = requests_.random();
  const trace::PortCtl first = requests_.root();
  const Port port = random.one_in(4) ? Port::Fetch : Port::Data;
  for (const trace::PortCtl& root : {first, requests_.root(), first, requests_.root(), first}) {
    plan(at, root);
    plan(at, requests_.access_at(port, va));
    if (random.one_in(4)) plan(at, fence_at(va));
    at += walk_;
  }
}

bool PortStorm::plan_race(std::uint64_t va) {
  Random& random = requests_.random();
  const TrafficMemory::Path path = memory_.repair(va, context_.base);
  if (path.count == 0 || !requests_.machine().format.hw_ad) return false;
  const auto plan_store = [this](std::uint64_t at, TrafficMemory::Entry entry) {
    const EntryStore store = requests_.store(entry);
    for (unsigned i = 0; i < store.count; ++i) plan(at, store.parts.at(i));
  };
  for (unsigned i = 0; i < path.count; ++i) plan_store(0, path.entries.at(i));
  if (!context_.env.adue) {
    Environment env = context_.env;
    env.adue = true;
    plan(0, requests_.set_env(env));
  }
  plan(0, Fence{.by_addr = true, .addr = va});
  prelude_ = count_;
  Access access = requests_.access_at(Port::Data, va);
  access.user = true;
  plan(0, access);
  for (std::uint64_t i = random.between(1, 2); i > 0; --i) {
    TrafficMemory::Entry leaf = path.entries.at(path.count - 1);
    if (!random.one_in(3)) leaf.value = with_accessed(requests_.machine().format, leaf.value, random.one_in(2));
    plan_store(random.below(walk_), leaf);
  }
  plan(walk_ + random.below(walk_), access);
  return true;
}

void PortStorm::begin() {
  Random& random = requests_.random();
  count_ = next_ = prelude_ = 0;
  const std::uint64_t va = random.one_in(3) ? requests_.hot() : requests_.page_address();
  alone_ = random.one_in(2);
  broken_ = false;
  if (random.one_in(4) && plan_race(va)) return sort();
  if (!random.one_in(4)) {
    if (const auto entry = memory_.forget_use(va, context_.base)) {
      const EntryStore store = requests_.store(*entry);
      for (unsigned i = 0; i < store.count; ++i) plan(0, store.parts.at(i));
    }
    plan(0, Fence{.by_addr = random.one_in(2), .addr = va});
  }
  prelude_ = count_;
  plan_accesses(va);
  const std::uint64_t moment = random.below(walk_);
  const std::uint64_t dice = random.below(10);
  if (dice < 3) {
    plan(moment, fence_at(va));
  } else if (dice < 7) {
    plan_change(moment, va);
    if (random.one_in(3)) plan_change(moment + random.below(walk_), va);
    if (dice < 5) plan(moment + random.below(walk_ / 2 + 1), fence_at(va));
  }
  if (dice > 7 && memory_.tree()) {
    plan_switches(2 * walk_, va);
  } else if (dice > 5) {
    if (const auto ctl = requests_.ctl()) plan(moment + random.below(3), *ctl);
  }
  // Two that have nothing to wait for but each other.
  if (random.one_in(8)) {
    constexpr std::uint64_t kAllAnswered = 400;
    const std::uint64_t later = kAllAnswered + 4 * walk_;
    plan(later, fence_at(va));
    if (random.one_in(2)) plan(later, fence_at(va));
    if (const auto ctl = requests_.ctl(); ctl && random.one_in(2)) plan(later, *ctl);
  }
  sort();
}

void PortStorm::sort() {
  const auto at = [this](std::size_t n) { return planned_.begin() + static_cast<std::ptrdiff_t>(n); };
  std::stable_sort(at(prelude_), at(count_), [](const Planned& a, const Planned& b) { return a.at < b.at; });
}

const trace::PortRequest* PortStorm::due(std::uint64_t cycle, bool quiet) {
  if (!active()) return nullptr;
  const Planned& first = planned_.at(next_);
  if (next_ < prelude_) return &first.request;
  if (!broken_) {
    if (!quiet) return nullptr;
    broken_ = true;
    start_ = cycle;
  }
  return cycle - start_ >= first.at ? &first.request : nullptr;
}

}  // namespace vm
