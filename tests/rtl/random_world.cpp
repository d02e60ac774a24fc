// SPDX-License-Identifier: Apache-2.0
#include "random_world.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

#include "machine/control.h"
#include "machine/pte.h"
#include "pieces.h"
#include "platform/platform.h"

namespace vm::test {

std::uint64_t run_seed() {
  static const std::uint64_t kSeed = [] {
    const char* text = std::getenv("VM_SEED");
    const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
    std::cout << "seed " << seed << " (VM_SEED=" << seed << " repeats this run)" << std::endl;
    return seed;
  }();
  return kSeed;
}

std::unique_ptr<Model> load_model(const Machine& machine, std::uint64_t seed, const std::string& file) {
  return open_model(machine, std::string(VM_MACHINE_DIR) + "/" + (file.empty() ? machine.name : file) + ".so", seed);
}

RandomWorld::RandomWorld(const Machine& machine, const TestbenchOptions& options, Mix mix,
                         const std::string& model_file)
    : machine_(machine),
      mix_(mix),
      random_(options.seed, machine.name),
      bench_(std::make_unique<Testbench>(machine, load_model(machine, options.seed, model_file), options)) {
  if (machine.format.kind == PteKind::Flat) {
    choose_tables();
    choose_pages();
  } else {
    tables_.emplace(machine, random_);
    frames_ = tables_->frames();
    for (const std::uint64_t va : tables_->pages()) pages_.push_back(va >> machine.format.page_bits);
  }
  place_memory();
  start_translation();
}

void RandomWorld::start_translation() {
  const auto write = [this](CtlReg reg, std::uint64_t data) {
    bench_->submit_ctl({.valid = false, .user = false, .id = 0, .index = static_cast<std::uint8_t>(reg), .data = data});
  };
  if (tables_) {
    Context context;
    context.translate = true;
    context.levels = tables_->roots().front().levels;
    context.base = tables_->roots().front().base;
    context.env.pg = true;
    context.env.nxe = true;
    write(CtlReg::Root, root_value(machine_, context));
    write(CtlReg::Env, env_value(machine_, context.env));
  } else {
    write(CtlReg::Base, bases_[0]);
    write(CtlReg::Mode, 1);
  }
  bench_->run_until_idle();
}

// Side by side at three quarters of an uncached region, or of a cacheable one if walks go through the cache.
void RandomWorld::choose_tables() {
  const std::uint64_t bytes = (1ULL << machine_.vpn_bits()) << machine_.format.pte_bytes_log2;
  const Region* home = nullptr;
  for (const Region& region : machine_.regions) {
    const bool fits = region.size >= 2 * bytes;
    if (fits && (home == nullptr || region.cacheable == (machine_.walk_port == WalkPort::Cache))) home = &region;
  }
  if (home == nullptr) throw std::logic_error("no region can hold two tables of machine " + machine_.name);
  const std::uint64_t start = home->base.value + std::min(home->size / 4 * 3, home->size - 2 * bytes);
  const std::uint64_t aligned = start - start % machine_.format.pte_bytes();
  bases_ = {aligned, aligned + bytes};
}

void RandomWorld::choose_pages() {
  const std::uint64_t pages = 1ULL << machine_.vpn_bits();
  pages_ = {0, 1, pages - 1};
  while (pages_.size() < std::min<std::uint64_t>(24, pages)) {
    // Neighbours too, so that accesses cross from one into the next.
    pages_.push_back(random_.one_in(2) ? random_.below(pages) : (pages_.back() + 1) % pages);
  }
  const std::uint64_t table_first = bases_[0] >> machine_.format.page_bits;
  const std::uint64_t table_last = (bases_[1] + (bases_[1] - bases_[0]) - 1) >> machine_.format.page_bits;
  const std::uint64_t frames = 1ULL << machine_.format.ppn_bits;
  for (unsigned tries = 0; tries < 1000 && frames_.size() < std::min<std::uint64_t>(16, frames); ++tries) {
    const std::uint64_t frame = random_.below(frames);
    if (frame < table_first || frame > table_last) frames_.push_back(frame);
  }
}

std::uint64_t RandomWorld::random_entry() {
  const Format& f = machine_.format;
  const std::uint64_t ppn_mask = low_mask(f.ppn_bits) << f.ppn_lsb;
  std::uint64_t raw = random_.next() & low_mask(8 * f.pte_bytes()) & ~ppn_mask;
  if (f.valid_bit && !random_.one_in(6)) raw |= 1ULL << *f.valid_bit;
  if (f.kernel_bit && !random_.one_in(4)) raw &= ~(1ULL << *f.kernel_bit);
  return raw | (frames_[random_.below(frames_.size())] << f.ppn_lsb);
}

void RandomWorld::place_memory() {
  if (tables_) {
    for (const RandomTables::Slot& slot : tables_->slots()) {
      const auto bytes = pte_to_bytes(machine_.format, slot.value);
      bench_->preload(slot.at, std::span(bytes).first(machine_.format.pte_bytes()));
    }
  }
  for (const std::uint64_t base : bases_) {
    for (const std::uint64_t page : pages_) {
      const auto bytes = pte_to_bytes(machine_.format, random_entry());
      bench_->preload(PhysAddr(base + (page << machine_.format.pte_bytes_log2)),
                      std::span(bytes).first(machine_.format.pte_bytes()));
    }
  }
  std::vector<std::uint8_t> page(std::min<std::uint64_t>(machine_.format.page_size(), 4096));
  for (const std::uint64_t frame : frames_) {
    if (machine_.region_of(PhysAddr(frame << machine_.format.page_bits)) == nullptr) continue;
    for (std::uint8_t& byte : page) byte = static_cast<std::uint8_t>(random_.next());
    bench_->preload(PhysAddr(frame << machine_.format.page_bits), page);
  }
}

void RandomWorld::run(std::uint64_t cycles) {
  const std::uint64_t end = bench_->cycles() + cycles;
  while (bench_->cycles() < end) {
    if (chance(mix_.fetch) && bench_->can_submit(Port::Fetch)) offer_access(Port::Fetch);
    if (chance(mix_.data) && bench_->can_submit(Port::Data)) offer_access(Port::Data);
    if (chance(mix_.host) && bench_->can_submit_host()) offer_host();
    if (chance(mix_.table) && bench_->can_submit_host()) change_entry();
    if (tables_ && chance(mix_.race) && bench_->can_submit_host()) race();
    if (bench_->side_idle()) offer_side();
    bench_->step();
  }
  bench_->finish();
}

void RandomWorld::offer_side() {
  // Walks of several levels take longer: TLBs should fill between fences.
  const std::uint64_t dice = random_.below(tables_ ? 5000 : 1000);
  const bool fence = dice < mix_.fence;
  const bool ctl = !fence && dice < mix_.fence + mix_.ctl;
  if (fence) offer_fence();
  if (ctl) offer_ctl();
  if (mix_.array && machine_.array_port && random_.one_in(100)) offer_array();
  if (!(fence || ctl) || !chance(mix_.second)) return;
  if (random_.one_in(2)) offer_fence();
  if (random_.one_in(2)) offer_ctl();
}

void RandomWorld::offer_access(Port port) {
  CoreRequest request;
  const std::uint64_t page = pages_[random_.below(pages_.size())];
  // Few different offsets, so that caches hit; sometimes the last bytes of the page.
  const std::uint64_t size = machine_.format.page_size();
  std::uint64_t offset = random_.below(std::min<std::uint64_t>(size, 64));
  if (random_.one_in(8)) offset = size - 1 - random_.below(std::min<std::uint64_t>(size, 8));
  request.va = (page << machine_.format.page_bits) | offset;
  // Often the same few words again, back to back: a store, and loads one and two accesses behind it.
  if (random_.one_in(16)) hot_ = request.va;
  if (random_.one_in(2)) request.va = hot_ ^ random_.below(4);
  if (chance(mix_.illegal)) request.va ^= 1ULL << random_.between(machine_.va_bits - 1, 63);
  request.size = static_cast<std::uint8_t>(random_.below(4));
  if (!random_.one_in(3)) request.va &= ~((1ULL << request.size) - 1);
  request.user = !random_.one_in(3);
  request.sum = random_.one_in(2);
  request.mxr = random_.one_in(4);
  request.write = port == Port::Data && random_.one_in(2);
  request.wdata = random_.next();
  bench_->submit(port, request);
}

void RandomWorld::offer_host() {
  const unsigned unit = machine_.unit_bytes();
  HostRequest request;
  const std::uint64_t size = machine_.format.page_size();
  request.addr = (some_frame() << machine_.format.page_bits) | random_.below(std::min<std::uint64_t>(size, 64));
  if (random_.one_in(20)) request.addr = random_.next() & low_mask(machine_.bus_bits);
  const auto bytes = static_cast<unsigned>(random_.between(1, unit - request.addr % unit));
  request.strb = static_cast<std::uint8_t>(((1U << bytes) - 1U) << (request.addr % 8));
  request.id = static_cast<std::uint8_t>(random_.below(16));
  // An address anywhere may be an entry's: entries are changed by change_entry only.
  request.write = !in_tables(request.addr) && random_.one_in(2);
  request.wdata = random_.next();
  bench_->submit_host(request);
  ++host_after_change_;
}

bool RandomWorld::in_tables(std::uint64_t pa) const {
  if (tables_) return tables_->in_tables(pa);
  return pa >= (bases_[0] & ~7ULL) && pa < 2 * bases_[1] - bases_[0];
}

void RandomWorld::change_entry() {
  if (walk_may_overtake_store() && bench_->fence_waits()) return;
  if (tables_) {
    // Pointers live longer than leaves: what is below them would hardly be used otherwise.
    std::size_t slot = random_.one_in(2) ? tables_->slot_of(hot_) : random_.below(tables_->slots().size());
    if (tables_->slots()[slot].level != 0 && !random_.one_in(8)) slot = tables_->slot_of(hot_);
    const std::uint64_t value = tables_->change(slot, false);
    return store_entry(tables_->slots()[slot].at.value, value);
  }
  const std::uint64_t page = pages_[random_.below(pages_.size())];
  store_entry(bases_[random_.below(2)] + (page << machine_.format.pte_bytes_log2), random_entry());
}

// Another agent sets or clears accessed and dirty bits, just when a walk may want to set them.
void RandomWorld::race() {
  const std::size_t slot = tables_->slot_of(hot_);
  const std::uint64_t value = tables_->change(slot, true);
  store_entry(tables_->slots()[slot].at.value, value);
}

void RandomWorld::store_entry(std::uint64_t entry, std::uint64_t raw) {
  const auto bytes = pte_to_bytes(machine_.format, raw);
  // An entry wider than a unit takes two stores.
  const unsigned step = std::min(machine_.unit_bytes(), machine_.format.pte_bytes());
  for (unsigned at = 0; at < machine_.format.pte_bytes(); at += step) {
    HostRequest request;
    request.write = true;
    request.addr = entry + at;
    request.strb = static_cast<std::uint8_t>(low_mask(step) << (request.addr % 8));
    std::uint64_t value = 0;
    for (unsigned i = 0; i < step; ++i) value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
    request.wdata = to_lanes(value, request.addr);
    while (!bench_->can_submit_host()) bench_->step();
    bench_->submit_host(request);
    host_after_change_ = 0;
  }
}

void RandomWorld::offer_fence() {
  FenceRequest request;
  // The whole of a large cache takes long.
  const bool large = machine_.dcache.sets * machine_.dcache.ways > 32;
  const bool cache_operation = mix_.cache_operations && random_.one_in(large ? 8 : 3);
  if (!cache_operation && walk_may_overtake_store() && change_under_way()) return;
  request.op = static_cast<std::uint8_t>(cache_operation ? random_.between(1, 4) : 0);
  request.user = random_.one_in(10);
  request.by_addr = random_.one_in(2) || (cache_operation && large && !random_.one_in(20));
  request.by_asid = random_.one_in(2);
  request.globals = random_.one_in(2);
  request.asid = static_cast<std::uint16_t>(random_.below(1ULL << std::min(machine_.asid_bits, 2U)));
  const std::uint64_t number = cache_operation ? some_frame() : pages_[random_.below(pages_.size())];
  request.addr =
      (number << machine_.format.page_bits) | random_.below(std::min<std::uint64_t>(64, machine_.format.page_size()));
  request.id = static_cast<std::uint8_t>(random_.below(16));
  bench_->submit_fence(request);
}

std::uint64_t RandomWorld::random_root() {
  const Format& f = machine_.format;
  const RandomTables::Root& root = tables_->roots()[random_.below(tables_->roots().size())];
  const std::uint64_t asid = random_.below(4);
  if (f.kind == PteKind::X86) {
    const std::uint64_t low = random_.one_in(2) ? asid : (random_.one_in(4) ? 0x8 : 0);
    return root.base.value | low | (random_.one_in(4) ? 1ULL << 63 : 0) | (random_.one_in(20) ? 1ULL << 58 : 0);
  }
  if (random_.one_in(24)) return random_.next();
  Context context;
  context.translate = !mix_.bare || !random_.one_in(12);
  context.levels = root.levels;
  context.base = root.base;
  context.asid = static_cast<std::uint16_t>(asid);
  return root_value(machine_, context);
}

std::uint64_t RandomWorld::random_env() {
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

void RandomWorld::offer_tree_ctl() {
  CtlRequest request;
  request.user = random_.one_in(10);
  request.id = static_cast<std::uint8_t>(random_.below(16));
  const std::uint64_t dice = random_.below(16);
  const CtlReg reg = dice < 9    ? CtlReg::Root
                     : dice < 13 ? CtlReg::Env
                     : dice < 15 ? CtlReg::Pat
                                 : static_cast<CtlReg>(random_.below(10));
  request.index = static_cast<std::uint8_t>(reg);
  if (reg == CtlReg::Root) {
    request.data = random_root();
  } else if (reg == CtlReg::Env) {
    request.data = random_env();
  } else {
    request.data = Context{}.pat;
    if (random_.one_in(2)) request.data ^= random_.below(2) << (8 * random_.below(8)) << 1;
    if (random_.one_in(8)) request.data = random_.next();
  }
  bench_->submit_ctl(request);
}

void RandomWorld::offer_ctl() {
  if (tables_) return offer_tree_ctl();
  CtlRequest request;
  const auto reg = static_cast<CtlReg>(random_.below(7));
  request.index = static_cast<std::uint8_t>(reg);
  request.user = random_.one_in(10);
  request.id = static_cast<std::uint8_t>(random_.below(16));
  const std::uint64_t pages = 1ULL << machine_.vpn_bits();
  switch (reg) {
    case CtlReg::Base:
    case CtlReg::TrapBase:
      request.data = random_.one_in(8) ? random_.next() : bases_[random_.below(2)];
      // A legal base elsewhere would make the tables lie in anything.
      if (request.data <= low_mask(machine_.bus_bits)) request.data = bases_[random_.below(2)];
      break;
    case CtlReg::Limit:
      // All pages; any number; or just at the page that accesses come back to.
      request.data = random_.one_in(2)   ? pages
                     : random_.one_in(3) ? random_.next()
                                         : (hot_ >> machine_.format.page_bits) + random_.below(2);
      break;
    case CtlReg::Asid:
      request.data = random_.below(random_.one_in(10) ? 1ULL << 20 : 1ULL << std::min(machine_.asid_bits, 2U));
      break;
    case CtlReg::Mode:
      request.data = mix_.bare && random_.one_in(4) ? random_.below(3) : 1;
      break;
    case CtlReg::TrapEnter:
    case CtlReg::TrapReturn:
      // Before a trap base was given, or a trap entered, they would lead to a table at address zero.
      if (machine_.trap_swap && (reg == CtlReg::TrapEnter ? !trap_base_given_ : !trap_entered_)) return;
      trap_entered_ = true;
      break;
    default:
      break;
  }
  const bool legal_base = request.data == bases_[0] || request.data == bases_[1];
  if (reg == CtlReg::TrapBase && !request.user && legal_base) trap_base_given_ = true;
  bench_->submit_ctl(request);
}

void RandomWorld::offer_array() {
  ArrayRequest request;
  const auto array = random_.one_in(2) ? Array::Dtlb : Array::DcacheTag;
  request.array = static_cast<std::uint8_t>(array);
  const unsigned sets = array == Array::Dtlb ? machine_.dtlb.sets : machine_.dcache.sets;
  const unsigned ways = array == Array::Dtlb ? machine_.dtlb.ways : machine_.dcache.ways;
  if (ways == 0) return;
  request.set = static_cast<std::uint16_t>(random_.below(sets));
  request.way = static_cast<std::uint8_t>(random_.below(ways));
  bench_->submit_array(request);
}

}  // namespace vm::test
