// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_storm.h"

#include <algorithm>

namespace vm {

void PortStorm::plan(std::uint64_t at, const trace::PortRequest& request, const WalkMoment& wanted) {
  if (count_ == planned_.size()) return;
  planned_.at(count_++) = {at, request, wanted};
}

WalkMoment PortStorm::some_moment() {
  constexpr std::array kPhases{WalkPhase::None, WalkPhase::Look, WalkPhase::Read, WalkPhase::Held};
  return {kPhases.at(requests_.random().below(kPhases.size())), any_level()};
}

WalkMoment PortStorm::leaf_moment(WalkPhase phase, const TrafficMemory::Path& path) const {
  return {phase, static_cast<unsigned>(path.levels - path.count)};
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
    PortRequests::make_plain(crossing, crossing.kind);
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

void PortStorm::plan_store(std::uint64_t at, const TrafficMemory::Entry& entry, const WalkMoment& wanted) {
  const EntryStore store = requests_.store(entry);
  for (unsigned i = 0; i < store.count; ++i) plan(at, store.parts.at(i), i == 0 ? wanted : WalkMoment{});
}

// Of a fence of translations, a control write, a cache operation or a read of an array.
void PortStorm::plan_operation(std::uint64_t at, std::uint64_t va, const WalkMoment& wanted) {
  const std::uint64_t dice = requests_.random().below(8);
  if (dice < 4) return plan(at, fence_at(va), wanted);
  if (dice < 6) {
    if (const auto ctl = requests_.ctl()) plan(at, *ctl, wanted);
  } else if (dice < 7) {
    plan(at, requests_.cache_operation(), wanted);
  } else if (requests_.machine().array_port) {
    if (const auto array = requests_.array()) plan(at, *array, wanted);
  }
}

void PortStorm::plan_operations(std::uint64_t va) {
  for (std::uint64_t i = requests_.random().between(1, 3); i > 0; --i) plan_operation(0, va);
}

// Of a walk, which is short if walk caches and data cache have everything.
std::uint64_t PortStorm::moment() {
  Random& random = requests_.random();
  return random.below(random.between(3, 2 * walk_));
}

// The last level of the tables more often than the others.
unsigned PortStorm::some_level() {
  Random& random = requests_.random();
  return random.one_in(2) ? 0 : any_level();
}

unsigned PortStorm::any_level() {
  return static_cast<unsigned>(requests_.random().below(requests_.machine().format.levels));
}

TrafficMemory::Path PortStorm::plan_path(std::uint64_t va, const RandomTables::Leaf& leaf) {
  return plan_path_below(context_.base, va, leaf);
}

TrafficMemory::Path PortStorm::plan_path_below(PhysAddr root, std::uint64_t va, const RandomTables::Leaf& leaf) {
  const TrafficMemory::Path path = memory_.repair(va, root, leaf);
  for (unsigned i = 0; i < path.count; ++i) plan_store(0, path.entries.at(i));
  if (path.count != 0) plan(0, Fence{.by_addr = true, .addr = va});
  return path;
}

void PortStorm::plan_updates_by_hardware() {
  if (context_.env.adue) return;
  Environment env = context_.env;
  env.adue = true;
  plan(0, requests_.set_env(env));
}

bool PortStorm::plan_race(std::uint64_t va) {
  if (!requests_.machine().format.hw_ad) return false;
  Random& random = requests_.random();
  if (random.one_in(6)) return plan_race_of_two(va);
  const TrafficMemory::Path path = plan_path(va, {.level = random.one_in(2) ? any_level() : 0});
  if (path.count == 0) return false;
  plan_updates_by_hardware();
  prelude_ = count_;
  Access access = requests_.access_at(Port::Data, va);
  access.user = true;
  plan(0, access);
  if (!random.one_in(3)) {
    // With the entry just being written, or about then.
    const WalkMoment update = random.one_in(3) ? some_moment() : leaf_moment(WalkPhase::Update, path);
    const std::uint64_t at = update.phase == WalkPhase::None ? moment() : 0;
    if (random.one_in(4)) {
      plan_operation(at, va, update);
    } else {
      plan(at, fence_at(va), update);
    }
  } else {
    for (std::uint64_t i = random.between(1, 2); i > 0; --i) {
      TrafficMemory::Entry leaf = path.entries.at(path.count - 1);
      if (!random.one_in(3)) leaf.value = with_accessed(requests_.machine().format, leaf.value, random.one_in(2));
      // Between the read and the write of the walker.
      const WalkMoment read = random.one_in(3) ? WalkMoment{} : leaf_moment(WalkPhase::Read, path);
      plan_store(read.phase == WalkPhase::None ? moment() : 0, leaf, read);
    }
  }
  plan(walk_ + random.below(walk_), access);
  return true;
}

// An access that crosses from one page, not used before, into another.
bool PortStorm::plan_race_of_two(std::uint64_t va) {
  Random& random = requests_.random();
  const std::uint64_t last = requests_.last_bytes(va);
  const TrafficMemory::Path first = plan_path(va, {}), second = plan_path(last + 8, {});
  if (first.count == 0 || second.count == 0) return false;
  plan_updates_by_hardware();
  prelude_ = count_;
  Access crossing = requests_.access_at(random.one_in(3) ? Port::Fetch : Port::Data, last);
  crossing.va = VirtAddr(last);
  crossing.size_log2 = 3;
  crossing.user = true;
  plan(0, crossing);
  plan(2 * walk_ + random.below(walk_), crossing);
  return true;
}

bool PortStorm::plan_flaw(std::uint64_t va) {
  Random& random = requests_.random();
  const RandomTables::Leaf leaf{.level = random.one_in(3) ? 0 : any_level(), .accessed = random.one_in(2)};
  const TrafficMemory::Path path = plan_path(va, leaf);
  if (path.count == 0) return false;
  const auto flawed = static_cast<unsigned>(random.one_in(3) ? path.count - 1 : random.below(path.count));
  Environment env = context_.env;
  if (random.one_in(4)) {
    env.pbmte = random.one_in(2);
    env.adue = random.one_in(2);
    plan(0, requests_.set_env(env));
  }
  Context then = context_;
  then.env = env;
  plan_store(0, random.one_in(3) ? memory_.disturb(path, flawed) : memory_.spoil(path, flawed, then));
  prelude_ = count_;
  for (unsigned i = 0; i < 4; ++i) {
    plan(i * walk_ / 2, requests_.access_at(random.one_in(3) ? Port::Fetch : Port::Data, va));
  }
  const bool switches = random.one_in(3);
  if (switches) plan_switches(2 * walk_, va);
  plan_store((switches ? 7 : 3) * walk_, memory_.restore(path, flawed));
  return true;
}

// Pages of all sizes and rights, used by all who may and may not, in several address spaces.
bool PortStorm::plan_rights(std::uint64_t va) {
  Random& random = requests_.random();
  const RandomTables::Leaf leaf{.level = any_level(),
                                .read = !random.one_in(4),
                                .write = !random.one_in(3),
                                .user = random.one_in(2),
                                .accessed = true,
                                .dirty = true,
                                .global = random.one_in(2)};
  if (plan_path(va, leaf).count == 0) return false;
  prelude_ = count_;
  const Port port = random.one_in(3) ? Port::Fetch : Port::Data;
  Access access = requests_.access_at(port, va);
  access.user = leaf.user;
  access.mxr = true;
  if (access.kind == AccessKind::Store) PortRequests::make_plain(access, AccessKind::Load);
  plan(0, access);
  if (leaf.global) plan(walk_, requests_.root());
  for (unsigned i = 0; i < 4; ++i) {
    plan((2 + i) * walk_ / 2, requests_.access_at(random.one_in(6) ? Port::Fetch : port, va));
  }
  return true;
}

// The page of one address space, and in another a global one at the same address: TLBs may hold both (R17).
bool PortStorm::plan_two_hits(std::uint64_t va) {
  if (!memory_.tree() || requests_.machine().asid_bits == 0) return false;
  Random& random = requests_.random();
  // Of each number of levels there are two.
  const std::size_t one = random.below(memory_.roots().size());
  const RandomTables::Root own = memory_.roots()[one], other = memory_.roots()[one ^ 1U];
  const RandomTables::Leaf leaf{.accessed = true, .dirty = true};
  const RandomTables::Leaf global{.accessed = true, .dirty = true, .global = true};
  if (plan_path_below(own.base, va, leaf).count == 0) return false;
  plan_path_below(other.base, va, global);
  prelude_ = count_;
  const auto asid = static_cast<std::uint16_t>(random.below(4));
  const auto another = static_cast<std::uint16_t>((asid + random.between(1, 3)) % 4);
  Access access = requests_.access_at(random.one_in(4) ? Port::Fetch : Port::Data, va);
  access.user = true;
  std::uint64_t at = 0;
  for (const trace::PortCtl& root :
       {requests_.root_of(own, asid), requests_.root_of(other, another), requests_.root_of(own, asid)}) {
    plan(at, root);
    plan(at, access);
    at += walk_;
  }
  if (access.kind == AccessKind::Store) PortRequests::make_plain(access, AccessKind::Load);
  plan(at, access);
  return true;
}

// A global page, as large as there are as often as any other, known in one address space and used in another.
bool PortStorm::plan_global(std::uint64_t va) {
  if (!memory_.tree() || requests_.machine().asid_bits == 0) return false;
  Random& random = requests_.random();
  const unsigned largest = requests_.machine().format.max_leaf_level;
  const unsigned level = random.one_in(2) ? largest : static_cast<unsigned>(random.below(largest + 1));
  // The tables of the widest mode come last; they have every size.
  const RandomTables::Root root = memory_.roots()[memory_.roots().size() - random.between(1, 2)];
  // The largest pages lead to memory only at its own address.
  const auto leads_to_memory = [&](std::uint64_t page) {
    const std::uint64_t below =
        low_mask(requests_.machine().format.index_lsb(level) + requests_.machine().format.page_bits);
    return requests_.machine().region_of(PhysAddr(page & below)) != nullptr;
  };
  for (unsigned tries = 0; level == largest && tries < 16 && !leads_to_memory(va); ++tries) {
    va = memory_.some_page(random);
  }
  const RandomTables::Leaf leaf{.level = level, .accessed = true, .dirty = true, .global = true};
  if (plan_path_below(root.base, va, leaf).count == 0) return false;
  prelude_ = count_;
  const auto asid = static_cast<std::uint16_t>(random.below(4));
  const Port port = random.one_in(3) ? Port::Fetch : Port::Data;
  Access access = requests_.access_at(port, va);
  access.user = true;
  plan(0, requests_.root_of(root, asid));
  plan(0, access);
  plan(walk_, requests_.root_of(root, static_cast<std::uint16_t>((asid + random.between(1, 3)) % 4)));
  for (unsigned i = 0; i < 3; ++i) {
    if (port == Port::Data) PortRequests::make_plain(access, random.one_in(2) ? AccessKind::Store : AccessKind::Load);
    plan(walk_, access);
  }
  return true;
}

// The page is a table only as long as that takes, and nothing else is stored to it.
bool PortStorm::plan_reserved_entry(std::uint64_t va) {
  const Machine& machine = requests_.machine();
  Random& random = requests_.random();
  const std::uint64_t other = memory_.some_page(random);
  if (!machine.atomics || !machine.format.hw_ad || machine.vpn_of(VirtAddr(va)) == machine.vpn_of(VirtAddr(other))) {
    return false;
  }
  const TrafficMemory::Path used = plan_path(other, {});
  if (used.count == 0) return false;
  const PhysAddr entry = used.entries.at(used.count - 1).at;
  const Ppn table(entry.value >> machine.format.page_bits);
  if (plan_path(va, {.accessed = true, .dirty = true, .frame = table}).count == 0) return false;
  plan_updates_by_hardware();
  prelude_ = count_;
  alone_ = true;
  Access atomic = requests_.access_at(
      Port::Data, (va - machine.offset_of(VirtAddr(va))) | (machine.offset_of(VirtAddr(entry.value)) & ~7ULL));
  atomic.va = VirtAddr(atomic.va.value & ~7ULL);
  atomic.size_log2 = 3;
  atomic.user = true;
  Access access = requests_.access_at(Port::Data, other & ~7ULL);
  PortRequests::make_plain(access, AccessKind::Load);
  access.user = true;
  atomic.atomic = AtomicOp::Lr;
  atomic.kind = AccessKind::Load;
  plan(0, atomic);
  if (!random.one_in(4)) plan(0, access);
  atomic.atomic = AtomicOp::Sc;
  atomic.kind = AccessKind::Store;
  plan(0, atomic);
  const std::uint64_t end = 8 * walk_;
  const TrafficMemory::Path path = memory_.repair(va, context_.base, {});
  for (unsigned i = 0; i < path.count; ++i) plan_store(end, path.entries.at(i));
  plan(end, Fence{.by_addr = true, .addr = va});
  return true;
}

bool PortStorm::plan_upset(std::uint64_t va) {
  const Machine& machine = requests_.machine();
  if (!machine.parity || !machine.array_port) return false;
  Random& random = requests_.random();
  if (plan_path(va, {.accessed = true, .dirty = true}).count == 0) return false;
  prelude_ = count_;
  Access access = requests_.access_at(random.one_in(3) ? Port::Fetch : Port::Data, va);
  access.user = true;
  if (access.kind != AccessKind::Fetch && !random.one_in(3)) PortRequests::make_plain(access, AccessKind::Store);
  plan(0, access);
  for (unsigned i = 0; i < 12; ++i) {
    if (const auto flip = requests_.flip(random.one_in(2) ? access.va.value : va)) plan(walk_, *flip);
  }
  // When all of these have been done: the fence channel would overtake them.
  const std::uint64_t flipped = walk_ + 80;
  if (random.one_in(3)) {
    plan(flipped, Fence{.op = random.one_in(2) ? FenceOp::CacheClean : FenceOp::CacheCleanInvalidate});
  }
  for (unsigned i = 0; i < 3; ++i) {
    plan(flipped + 1, requests_.access_at(random.one_in(2) ? Port::Fetch : Port::Data, va));
  }
  plan(flipped + walk_, access);
  return true;
}

bool PortStorm::plan_denial(std::uint64_t va) {
  Random& random = requests_.random();
  const RandomTables::Leaf leaf{.level = random.one_in(4) ? some_level() : 0,
                                .write = random.one_in(3),
                                .user = !random.one_in(3),
                                .accessed = true};
  const TrafficMemory::Path path = plan_path(va, leaf);
  if (path.count == 0) return false;
  const bool unused = random.one_in(4);
  if (unused && context_.env.adue) {
    Environment env = context_.env;
    env.adue = false;
    plan(0, requests_.set_env(env));
  }
  prelude_ = count_;
  // By a fetch only the instruction side and the L2 TLB learn the page.
  Access access = requests_.access_at(random.one_in(2) ? Port::Fetch : Port::Data, va);
  access.user = leaf.user;
  if (access.kind == AccessKind::Store) PortRequests::make_plain(access, AccessKind::Load);
  plan(0, access);
  const auto flawed = static_cast<unsigned>(random.one_in(2) ? path.count - 1 : random.below(path.count));
  const bool overlay = flawed + 1 < path.count && random.one_in(2);
  TrafficMemory::Entry changed = overlay ? memory_.permit(path, flawed) : memory_.disturb(path, flawed);
  if (!overlay && unused) {
    changed.value = path.entries.at(flawed).value & ~with_accessed(requests_.machine().format, 0, true);
  }
  plan_store(walk_, changed);
  // What the base part holds denies each piece of a load, though memory would permit it.
  const bool denied_twice = overlay && random.one_in(2);
  for (unsigned i = 2; i < 4; ++i) {
    access = requests_.access_at(random.one_in(3) ? Port::Fetch : Port::Data, va);
    if (random.one_in(2)) access.user = !leaf.user;
    if (random.one_in(2) && access.kind == AccessKind::Load) PortRequests::make_plain(access, AccessKind::Store);
    if (denied_twice) {
      PortRequests::make_plain(access, AccessKind::Load);
      access.user = !leaf.user;
      access.sum = false;
    }
    // In two pieces: the second one may find that memory has changed again.
    if (denied_twice || !random.one_in(3)) {
      PortRequests::make_plain(access, access.kind);
      access.size_log2 = 3;
      access.va = VirtAddr((va & ~7ULL) + 4);
    }
    plan(i * walk_, access);
  }
  if (denied_twice || random.one_in(2)) {
    // Between the walks of two pieces.
    const WalkMoment first_walk{WalkPhase::Read, path.levels - 1 - flawed};
    plan_store(2 * walk_, memory_.restore(path, flawed), first_walk);
  } else {
    plan_store(5 * walk_, memory_.restore(path, flawed));
  }
  return true;
}

void PortStorm::begin() {
  Random& random = requests_.random();
  count_ = next_ = prelude_ = 0;
  const std::uint64_t va = random.one_in(3) ? requests_.hot() : requests_.page_address();
  alone_ = random.one_in(2);
  broken_ = false;
  const std::uint64_t kind = random.below(20);
  if (kind == 0) {
    alone_ = true;
    return plan_operations(va);
  }
  if (kind < 5) alone_ = !random.one_in(4);
  const bool planned = kind < 5    ? plan_race(va)
                       : kind < 9  ? plan_flaw(va)
                       : kind < 12 ? plan_denial(va)
                       : kind < 14 ? plan_rights(va)
                       : kind < 15 ? plan_two_hits(va)
                       : kind < 16 ? plan_global(va)
                       : kind < 17 ? plan_reserved_entry(va)
                                   : kind < 19 && plan_upset(va);
  if (planned) return sort();
  if (!random.one_in(4)) {
    if (const auto entry = memory_.forget_use(va, context_.base)) {
      const EntryStore store = requests_.store(*entry);
      for (unsigned i = 0; i < store.count; ++i) plan(0, store.parts.at(i));
    }
    plan(0, Fence{.by_addr = random.one_in(2), .addr = va});
  }
  prelude_ = count_;
  plan_accesses(va);
  const std::uint64_t moment = this->moment();
  const std::uint64_t dice = random.below(10);
  if (dice < 3) {
    const WalkMoment wanted = some_moment();
    plan(wanted.phase == WalkPhase::None ? moment : 0, fence_at(va), wanted);
  } else if (dice < 7) {
    plan_change(moment, va);
    if (random.one_in(3)) plan_change(moment + random.below(walk_), va);
    if (dice < 5) plan(moment + random.below(walk_ / 2 + 1), fence_at(va));
  }
  if (dice > 7 && memory_.tree()) {
    plan_switches(2 * walk_, va);
  } else if (dice > 5) {
    plan_operation(moment + random.below(3), va);
  }
  sort();
}

void PortStorm::sort() {
  const auto at = [this](std::size_t n) { return planned_.begin() + static_cast<std::ptrdiff_t>(n); };
  std::stable_sort(at(prelude_), at(count_), [](const Planned& a, const Planned& b) { return a.at < b.at; });
}

const trace::PortRequest* PortStorm::due(std::uint64_t cycle, bool quiet, const WalkMoment& walk) {
  if (!active()) return nullptr;
  const Planned& first = planned_.at(next_);
  if (next_ < prelude_) return &first.request;
  if (!broken_) {
    if (!quiet) return nullptr;
    broken_ = true;
    start_ = cycle;
  }
  if (cycle - start_ < first.at) return nullptr;
  const WalkMoment& wanted = first.wanted;
  const bool now = wanted.phase == WalkPhase::None ||
                   (walk.phase == wanted.phase &&
                    (wanted.phase == WalkPhase::Held || wanted.phase == WalkPhase::Look || walk.level == wanted.level));
  return now || cycle - start_ >= first.at + 2 * walk_ ? &first.request : nullptr;
}

}  // namespace vm
