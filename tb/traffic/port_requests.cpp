// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_requests.h"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <utility>

#include "machine/control.h"
#include "machine/mix.h"
#include "machine/pte.h"
#include "platform/stored_word.h"

namespace vm {
namespace {

trace::PortCtl ctl_write(CtlReg reg, std::uint64_t value) {
  return {.user = false, .index = static_cast<std::uint8_t>(reg), .value = value};
}

}  // namespace

TrafficMix TrafficMix::of_seed(std::uint64_t seed) {
  Random random(seed, "mix");
  const auto one_of = [&random](std::initializer_list<unsigned> values) {
    return values.begin()[random.below(values.size())];
  };
  TrafficMix mix;
  mix.fetch = one_of({10, 40, 80});
  mix.data = one_of({30, 60, 100});
  mix.host = one_of({0, 1, 2, 8});
  mix.table = one_of({0, 1, 1, 3});
  mix.race = one_of({0, 1, 3});
  mix.fence = one_of({2, 15, 60});
  mix.ctl = one_of({2, 8, 40});
  mix.storm = one_of({0, 30, 100, 300});
  mix.illegal = one_of({1, 5});
  mix.bare = random.one_in(2);
  mix.atomic = one_of({0, 10, 20, 60});
  return mix;
}

std::array<trace::PortCtl, 2> PortRequests::start() {
  if (!memory_.tree()) return {ctl_write(CtlReg::Base, memory_.bases()[0]), ctl_write(CtlReg::Mode, 1)};
  Context context;
  context.translate = true;
  context.levels = memory_.roots().front().levels;
  context.base = memory_.roots().front().base;
  context.env.pg = true;
  context.env.nxe = true;
  context.env.adue = random_.one_in(2);
  context.env.pbmte = random_.one_in(2);
  return {ctl_write(CtlReg::Root, root_value(machine_, context)), set_env(context.env)};
}

trace::PortCtl PortRequests::set_env(const Environment& env) const {
  return ctl_write(CtlReg::Env, env_value(machine_, env));
}

// ---------------------------------------------------------------- accesses

std::uint64_t PortRequests::offset(std::uint64_t below) {
  return random_.below(std::min<std::uint64_t>(machine_.format.page_size(), below));
}

std::uint64_t PortRequests::last_bytes(std::uint64_t va) {
  return (va | low_mask(machine_.format.page_bits)) - offset(8);
}

std::uint64_t PortRequests::page_address() {
  const std::uint64_t page = memory_.some_page(random_);
  // Few different offsets, so that caches hit.
  return random_.one_in(8) ? last_bytes(page) : page | offset(64);
}

Access PortRequests::access(Port port) {
  // Across the end of a page.
  if (random_.one_in(16)) {
    Access crossing = access_at(port, page_address());
    make_plain(crossing, crossing.kind);
    crossing.va = VirtAddr(last_bytes(crossing.va.value));
    crossing.size_log2 = 3;
    return crossing;
  }
  std::uint64_t va = page_address();
  // Often the same few words again, back to back: a store, and loads one and two accesses behind it.
  if (random_.one_in(16)) hot_ = va;
  if (random_.one_in(3)) va = hot_ ^ random_.below(4);
  if (port == Port::Data && twins_left_ == 0 && random_.one_in(128)) begin_twins();
  if (port == Port::Data && twins_left_ != 0) return twin();
  // Runs over the lines of a page, so that many miss at a time.
  if (machine_.misses != 0) {
    if (run_ == 0 && random_.one_in(32)) {
      run_ = static_cast<unsigned>(random_.between(8, 16));
      run_at_ = va;
    }
    if (run_ != 0) {
      --run_;
      const std::uint64_t page = low_mask(machine_.format.page_bits);
      run_at_ = (run_at_ & ~page) | ((run_at_ + machine_.dcache.line_bytes) & page);
      va = run_at_;
    }
  }
  if (chance(mix_.illegal)) va ^= 1ULL << random_.between(machine_.va_bits - 1, 63);
  return access_at(port, va);
}

void PortRequests::begin_twins() {
  const std::uint64_t offset = low_mask(machine_.format.page_bits);
  twins_left_ = 12;
  twins_user_ = random_.one_in(2);
  twins_[0] = hot_ & ~7ULL;
  twins_[1] = (memory_.some_page(random_) & ~offset) | (twins_[0] & offset);
}

Access PortRequests::twin() {
  const unsigned step = --twins_left_ % 3;  // 2, 1, 0
  Access access;
  access.va = VirtAddr(twins_[step == 1 ? 1 : 0]);
  access.size_log2 = 3;
  access.kind = step == 0 ? AccessKind::Load : AccessKind::Store;
  access.user = twins_user_;
  access.sum = true;
  access.data = random_.next();
  if (step == 0 && random_.one_in(2)) std::swap(twins_[0], twins_[1]);
  return access;
}

Access PortRequests::access_at(Port port, std::uint64_t va) {
  Access access;
  access.size_log2 = static_cast<std::uint8_t>(random_.below(4));
  if (!random_.one_in(3)) va &= ~low_mask(access.size_log2);
  access.va = VirtAddr(va);
  access.user = !random_.one_in(4);
  access.sum = random_.one_in(2);
  access.mxr = random_.one_in(4);
  access.kind = port == Port::Fetch ? AccessKind::Fetch : random_.one_in(2) ? AccessKind::Store : AccessKind::Load;
  access.data = random_.next();
  if (port == Port::Data && machine_.atomics && chance(mix_.atomic)) make_atomic(access);
  return access;
}

// An LR and its SCs mostly meet, as programs have them; the values of AMOs are often near each other and near zero.
void PortRequests::make_atomic(Access& access) {
  const bool odd = random_.one_in(32);  // size and alignment as they are
  if (!odd) {
    access.size_log2 = static_cast<std::uint8_t>(random_.between(2, 3));
    access.va = VirtAddr(access.va.value & ~low_mask(access.size_log2));
  }
  if (conditionals_ != 0 && random_.one_in(2)) {
    --conditionals_;
    access.atomic = AtomicOp::Sc;
    if (!random_.one_in(8)) access.va = VirtAddr(reserved_ ^ (random_.one_in(8) ? 8U << random_.below(4) : 0U));
  } else if (random_.one_in(3)) {
    access.atomic = AtomicOp::Lr;
    reserved_ = access.va.value & ~7ULL;
    conditionals_ = static_cast<unsigned>(random_.between(1, 2));
  } else {
    access.atomic = static_cast<AtomicOp>(random_.between(static_cast<unsigned>(AtomicOp::Sc), kAtomicOps - 1));
  }
  access.kind = kind_of(access.atomic);
  if (random_.one_in(2)) access.data = random_.below(16) - 8;
}

Access PortRequests::conditional() {
  Access access = access_at(Port::Data, page_address());
  access.atomic = AtomicOp::Sc;
  access.kind = AccessKind::Store;
  access.size_log2 = 3;
  access.va = VirtAddr(access.va.value & ~7ULL);
  return access;
}

trace::PortHost PortRequests::host() {
  const unsigned unit = machine_.unit_bytes();
  trace::PortHost host;
  host.at = PhysAddr(memory_.some_frame(random_) | offset(64));
  if (random_.one_in(20)) host.at = PhysAddr(random_.next());
  host.at = PhysAddr(host.at.value & low_mask(machine_.bus_bits));
  host.bytes = static_cast<std::uint8_t>(random_.between(1, unit - host.at.value % unit));
  host_at_ = host.at.value;
  // An address anywhere may be an entry's: entries are changed through the TrafficMemory only.
  host.write = !memory_.in_tables(host.at.value) && random_.one_in(2);
  host.value = random_.next();
  return host;
}

trace::PortHost PortRequests::host_store(PhysAddr word) {
  trace::PortHost host;
  host.write = true;
  host.at = PhysAddr((word.value & ~7ULL) ^ (random_.one_in(3) ? 8U << random_.below(4) : 0U));
  if (memory_.in_tables(host.at.value)) host.at = PhysAddr(word.value & ~7ULL);
  host.at = PhysAddr(host.at.value | random_.below(8));
  host.bytes = static_cast<std::uint8_t>(random_.between(1, 8 - host.at.value % 8));
  host.value = random_.next();
  return host;
}

EntryStore PortRequests::store(TrafficMemory::Entry entry) const {
  const auto bytes = pte_to_bytes(machine_.format, entry.value);
  const unsigned step = std::min(machine_.unit_bytes(), machine_.format.pte_bytes());
  EntryStore store;
  for (unsigned at = 0; at < machine_.format.pte_bytes(); at += step) {
    trace::PortHost& part = store.parts.at(store.count++);
    part = {.write = true, .at = entry.at + at, .bytes = static_cast<std::uint8_t>(step), .value = 0};
    for (unsigned i = 0; i < step; ++i) part.value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  }
  return store;
}

// ---------------------------------------------------------------- fences, control registers, arrays

Fence PortRequests::translation_fence(std::uint64_t va) {
  Fence fence;
  fence.user = random_.one_in(10);
  fence.by_addr = random_.one_in(2);
  fence.by_asid = random_.one_in(2);
  fence.globals = random_.one_in(2);
  fence.asid = static_cast<std::uint16_t>(random_.below(1ULL << std::min(machine_.asid_bits, 2U)));
  fence.addr = va;
  return fence;
}

Fence PortRequests::fence() {
  // The whole of a large cache takes long.
  const bool large = machine_.dcache.sets * machine_.dcache.ways > 32;
  if (!mix_.cache_operations || !random_.one_in(large ? 8 : 3)) {
    Fence fence = translation_fence(random_.one_in(2) ? hot_ : memory_.some_page(random_) | offset(64));
    if (random_.one_in(8)) fence.addr ^= 1ULL << random_.between(machine_.va_bits - 1, 63);
    return fence;
  }
  return cache_operation();
}

Fence PortRequests::cache_operation() {
  const bool large = machine_.dcache.sets * machine_.dcache.ways > 32;
  Fence fence;
  fence.op = static_cast<FenceOp>(random_.between(1, 4));
  fence.user = random_.one_in(10);
  fence.by_addr = random_.one_in(2) || (large && !random_.one_in(6));
  fence.addr = memory_.some_frame(random_) | offset(64);
  if (random_.one_in(2)) fence.addr = host_at_;  // just used, so perhaps in the cache
  if (random_.one_in(6)) fence.addr |= 1ULL << random_.between(machine_.bus_bits, 63);
  return fence;
}

std::uint64_t PortRequests::random_root() {
  const Format& f = machine_.format;
  const RandomTables::Root& root = memory_.roots()[random_.below(memory_.roots().size())];
  const std::uint64_t asid = random_.below(4);
  if (f.kind == PteKind::X86) {
    const std::uint64_t low = random_.one_in(2) ? asid : (random_.one_in(4) ? 0x8 : 0);
    const std::uint64_t base = random_.one_in(24) ? memory_.outside() : root.base.value;
    return base | low | (random_.one_in(4) ? 1ULL << 63 : 0) | (random_.one_in(20) ? 1ULL << 58 : 0);
  }
  if (random_.one_in(24)) return random_.next();
  Context context;
  context.translate = !mix_.bare || !random_.one_in(6);
  context.levels = root.levels;
  context.base = random_.one_in(24) ? PhysAddr(memory_.outside()) : root.base;
  context.asid = static_cast<std::uint16_t>(asid);
  return root_value(machine_, context);
}

std::uint64_t PortRequests::random_env() {
  if (random_.one_in(8)) return random_.below(1ULL << 12);
  Environment env;
  env.adue = random_.one_in(2);
  env.pbmte = !random_.one_in(4);
  env.pg = !mix_.bare || !random_.one_in(12);
  env.wp = random_.one_in(2);
  env.pge = !random_.one_in(4);
  env.pcide = random_.one_in(2);
  env.smep = random_.one_in(2);
  env.smap = random_.one_in(3);
  env.nxe = !random_.one_in(6);
  return env_value(machine_, env);
}

// As after reset, or any legal types; the first, which names the type of most pages and tables, is often write-back.
std::uint64_t PortRequests::random_pat() {
  constexpr std::array kTypes = {MemType::Uncached,     MemType::WriteCombining, MemType::WriteThrough,
                                 MemType::WriteProtect, MemType::WriteBack,      MemType::UncachedMinus};
  std::uint64_t pat = Context{}.pat;
  if (random_.one_in(2)) return pat;
  for (unsigned entry = random_.one_in(4) ? 0 : 1; entry < 8; ++entry) {
    const auto type = static_cast<std::uint64_t>(kTypes.at(random_.below(kTypes.size())));
    pat = (pat & ~(0xFFULL << 8 * entry)) | type << 8 * entry;
  }
  return pat;
}

std::optional<trace::PortCtl> PortRequests::ctl() { return memory_.tree() ? std::optional(tree_ctl()) : flat_ctl(); }

trace::PortCtl PortRequests::root_of(const RandomTables::Root& root, std::uint16_t asid) const {
  constexpr std::uint64_t kKeep = 1ULL << 63;  // of x86 with PCIDs (X13)
  Context context;
  context.translate = true;
  context.levels = root.levels;
  context.base = root.base;
  context.asid = asid;
  trace::PortCtl ctl;
  ctl.index = static_cast<std::uint8_t>(CtlReg::Root);
  ctl.value = machine_.format.kind == PteKind::X86 ? root.base.value | asid | kKeep : root_value(machine_, context);
  return ctl;
}

trace::PortCtl PortRequests::root() {
  trace::PortCtl ctl;
  ctl.index = static_cast<std::uint8_t>(CtlReg::Root);
  ctl.value = random_root();
  return ctl;
}

trace::PortCtl PortRequests::tree_ctl() {
  trace::PortCtl ctl;
  ctl.user = random_.one_in(10);
  const std::uint64_t dice = random_.below(16);
  const CtlReg reg = dice < 9    ? CtlReg::Root
                     : dice < 13 ? CtlReg::Env
                     : dice < 15 ? CtlReg::Pat
                                 : static_cast<CtlReg>(random_.below(16));
  ctl.index = static_cast<std::uint8_t>(reg);
  if (reg == CtlReg::Root) {
    ctl.value = random_root();
  } else if (reg == CtlReg::Env) {
    ctl.value = random_env();
  } else {
    ctl.value = random_pat();
    if (random_.one_in(8)) ctl.value ^= random_.below(2) << (8 * random_.below(8)) << 1;
    if (random_.one_in(8)) ctl.value = random_.next();
  }
  return ctl;
}

std::optional<trace::PortCtl> PortRequests::flat_ctl() {
  trace::PortCtl ctl;
  const auto reg = static_cast<CtlReg>(random_.one_in(24) ? random_.between(7, 15) : random_.below(7));
  ctl.index = static_cast<std::uint8_t>(reg);
  ctl.user = random_.one_in(10);
  const std::vector<std::uint64_t>& bases = memory_.bases();
  const std::uint64_t pages = 1ULL << machine_.vpn_bits();
  switch (reg) {
    case CtlReg::Base:
    case CtlReg::TrapBase:
      ctl.value = random_.one_in(8) ? random_.next() : bases[random_.below(2)];
      // A legal base elsewhere would make the tables lie in anything.
      if (ctl.value <= low_mask(machine_.bus_bits)) {
        ctl.value = random_.one_in(24) ? memory_.outside() : bases[random_.below(2)];
      }
      break;
    case CtlReg::Limit:
      // All pages; any number; or just at the page that accesses come back to.
      ctl.value = random_.one_in(2)   ? pages
                  : random_.one_in(3) ? random_.next()
                                      : (hot_ >> machine_.format.page_bits) + random_.below(2);
      break;
    case CtlReg::Asid:
      ctl.value = random_.below(random_.one_in(10) ? 1ULL << 20 : 1ULL << std::min(machine_.asid_bits, 2U));
      break;
    case CtlReg::Mode:
      ctl.value = mix_.bare && random_.one_in(4) ? random_.below(3) : 1;
      break;
    case CtlReg::TrapEnter:
    case CtlReg::TrapReturn:
      // Before a trap base was given, or a trap entered, they would lead to a table at address zero.
      if (machine_.trap_swap && (reg == CtlReg::TrapEnter ? !trap_base_given_ : !trap_entered_)) return std::nullopt;
      trap_entered_ = true;
      break;
    default:
      ctl.value = random_.next();
      break;
  }
  const bool legal_base = ctl.value == bases[0] || ctl.value == bases[1];
  if (reg == CtlReg::TrapBase && !ctl.user && legal_base) trap_base_given_ = true;
  return ctl;
}

// A read, or, on machines with parity, mostly the flip of a bit, often in a set that what is accessed next lies in.
std::optional<trace::PortArray> PortRequests::array() {
  if (machine_.parity && !random_.one_in(3)) return flip(random_.one_in(4) ? random_.next() : hot_);
  trace::PortArray read;
  ArrayElement& e = read.element;
  e.array = static_cast<Array>(random_.below(6));
  const ArrayShape shape = array_shape(machine_, e.array);
  if (shape.ways == 0) return std::nullopt;
  e.set = static_cast<unsigned>(random_.below(shape.sets));
  e.way = static_cast<unsigned>(random_.below(shape.ways));
  e.word = static_cast<unsigned>(random_.below(shape.words));
  return read;
}

// It is one and the same bit of a word for the whole run, and of the tags of a cache one way of a set, so that no word
// ever has two wrong ones, which parity would not show, and no line that was brought in once more comes back. In data
// of the data cache and those behind it it is the parity bit, and seldom: other bits would be lost from tables.
std::optional<trace::PortArray> PortRequests::flip(std::uint64_t va) {
  trace::PortArray flip;
  flip.flip = true;
  ArrayElement& e = flip.element;
  e.array = static_cast<Array>(random_.below(machine_.l2cache.ways != 0 ? kArrays : 8));
  const ArrayShape shape = array_shape(machine_, e.array);
  const bool stored_data =
      e.array == Array::DcacheData || e.array == Array::L2CacheData || e.array == Array::L3CacheData;
  if (shape.ways == 0 || (stored_data && !random_.one_in(e.array == Array::DcacheData ? 8 : 2))) return std::nullopt;
  e.way = shape.first_way + static_cast<unsigned>(random_.below(shape.ways));
  e.set = static_cast<unsigned>(va >> index_lsb(e)) & (shape.sets - 1);
  e.word = static_cast<unsigned>(random_.below(shape.words));
  if (e.array == Array::IcacheTag || e.array == Array::DcacheTag || e.array == Array::L2CacheTag ||
      e.array == Array::L3CacheTag) {
    e.way = static_cast<unsigned>(vm::mix(e.set ^ flip_seed_) % shape.ways);
  }
  const std::uint64_t place = ((static_cast<std::uint64_t>(e.array) << 8 | e.way) << 8 | e.word) << 16 | e.set;
  const unsigned bits = stored_word(machine_, e.array, e.way).bits();
  e.data0 = stored_data ? bits - 1 : vm::mix(place ^ flip_seed_) % bits;
  return flip;
}

// Where the set stands in an address.
unsigned PortRequests::index_lsb(const ArrayElement& e) const {
  const auto log2_of = [](unsigned n) { return static_cast<unsigned>(std::countr_zero(n)); };
  switch (e.array) {
    case Array::IcacheTag:
    case Array::IcacheData:
      return log2_of(machine_.icache.line_bytes);
    case Array::DcacheTag:
    case Array::DcacheData:
    case Array::L2CacheTag:
    case Array::L2CacheData:
    case Array::L3CacheTag:
    case Array::L3CacheData:
      return log2_of(machine_.dcache.line_bytes);
    case Array::WalkCache:
      return machine_.format.page_bits + machine_.format.index_lsb(e.way);
    default:
      return machine_.format.page_bits;
  }
}

}  // namespace vm
