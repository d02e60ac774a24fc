// SPDX-License-Identifier: Apache-2.0
#include "l1_traffic.h"

#include <algorithm>

namespace vm::l1 {
namespace {

constexpr std::uint64_t kBase = 0x8000'0000;
constexpr std::uint64_t kBadPage = kBase + 14 * kPage;       // reads of some words give errors
constexpr std::uint64_t kBadWritePage = kBase + 15 * kPage;  // written lines give errors
constexpr std::uint64_t kDevices = 0x4000'0000;              // a page for each client
constexpr std::uint64_t kSpan = std::min<std::uint64_t>(kPage, 2ULL * kSets * kLineBytes);
constexpr unsigned kIds = 16, kHostIds = 4;
constexpr std::uint64_t kPatience = 20'000;

std::uint64_t page_of(std::uint64_t addr) { return addr & ~(kPage - 1); }

std::uint64_t lanes(std::uint8_t strb) {
  std::uint64_t mask = 0;
  for (unsigned b = 0; b < 8; ++b) {
    if ((strb >> b & 1U) != 0) mask |= 0xFFULL << (8 * b);
  }
  return mask;
}

bool word_bad(std::uint64_t addr) { return page_of(addr) == kBadPage && (addr / 8 * 0x9E37'79B9ULL >> 16) % 11 == 0; }

// Words: 0 the host's, 1 shared by walker (lower half) and core (upper half), others the core's.
unsigned kind_of(std::uint64_t addr) {
  if (page_of(addr) >= kBadPage && page_of(addr) <= kBadWritePage) return 2;
  return static_cast<unsigned>((addr / 8 ^ addr / kPage) % 4);
}

std::uint8_t run_of_lanes(Random& random) {
  const unsigned size = 1U << random() % 4;
  const unsigned first = static_cast<unsigned>(random() % (8 / size)) * size;
  return static_cast<std::uint8_t>(((1U << size) - 1U) << first);
}

}  // namespace

Mix random_mix(Random& random) {
  const auto one_of = [&](std::initializer_list<unsigned> values) { return values.begin()[random() % values.size()]; };
  Mix mix;
  mix.core_percent = one_of({30, 80, 100});
  mix.store_percent = one_of({10, 40, 80});
  mix.uncached_percent = one_of({0, 1, 10});
  mix.device_percent = one_of({0, 1, 10});
  mix.through_percent = one_of({0, 2, 10});
  mix.drop_percent = one_of({0, 5, 30});
  mix.walk_percent = one_of({0, 3, 40});
  mix.host_percent = one_of({0, 5, 40});
  mix.maintenance_permille = one_of({0, 1, 10});
  mix.hot_lines = one_of({1, 2, 8, 64});
  mix.pages = one_of({2, 6, 14});
  return mix;
}

Weather random_weather(Random& random) {
  const auto one_of = [&](std::initializer_list<unsigned> values) { return values.begin()[random() % values.size()]; };
  Weather weather;
  weather.least = one_of({1, 2, 10});
  weather.most = weather.least + one_of({0, 3, 60});
  weather.ready_percent = one_of({20, 70, 100});
  weather.beat_percent = one_of({30, 80, 100, 100});
  weather.in_order = random() % 4 == 0;
  return weather;
}

Traffic::Traffic(Bench& bench, const Mix& mix) : bench_(bench), mix_(mix) {
  bench_.memory.bad = [](std::uint64_t addr, bool line_write) {
    return line_write ? page_of(addr) == kBadWritePage : word_bad(addr);
  };
  bench_.memory.is_device = [](std::uint64_t addr) { return addr < kBase; };
  bench_.memory.device = [this](const MemoryRequest& r, std::uint64_t data) { return on_device(r, data); };
  bench_.memory.on_request = [this](const MemoryRequest& r) {
    if (r.addr < kBase && r.beats != 1) throw Failure("a line of a device: " + hex(r.addr));
    if (r.write && r.beats > 1 && page_of(r.addr) == kBadWritePage) ++wb_errors_due_;
  };
}

std::uint64_t Traffic::pick_addr() {
  std::uint64_t page = random(mix_.pages);
  if (percent(4)) page = 14 + random(2);
  const std::uint64_t hot = std::min<std::uint64_t>(kSpan, std::uint64_t{mix_.hot_lines} * kLineBytes);
  const std::uint64_t offset = random(percent(90) ? hot : kSpan);
  return kBase + page * kPage + (offset & ~7ULL);
}

std::uint64_t Traffic::owned(std::uint64_t addr, Client client) const {
  switch (kind_of(addr)) {
    case 0:
      return client == Client::Host ? ~0ULL : 0;
    case 1:
      return client == Client::Walk ? 0xFFFF'FFFFULL : (client == Client::Core ? ~0xFFFF'FFFFULL : 0);
    default:
      return client == Client::Core ? ~0ULL : 0;
  }
}

std::uint64_t& Traffic::image(std::uint64_t addr) {
  const auto [at, fresh] = image_.try_emplace(addr & ~7ULL, 0);
  if (fresh) at->second = bench_.memory.word(addr);
  return at->second;
}

bool Traffic::line_bad(std::uint64_t addr) const {
  const std::uint64_t line = addr & ~std::uint64_t{kLineBytes - 1};
  for (unsigned w = 0; w < kWords; ++w) {
    if (word_bad(line + 8ULL * w)) return true;
  }
  return false;
}

Traffic::Expected Traffic::expect(Client client, bool write, bool uncached, bool through, std::uint8_t strb,
                                  std::uint64_t addr, std::uint64_t wdata) {
  Expected expected{write, addr, owned(addr, client) & lanes(strb), 0, false, false, bench_.cycle};
  if (page_of(addr) < kBase) {
    const std::uint64_t value = 0xDE71'CE00'0000'0000ULL + ++device_reads_;
    devices_[page_of(addr)].push_back({write, strb, addr, wdata, value});
    expected.mask = lanes(strb);
    expected.value = value;
    return expected;
  }
  const bool single = uncached || (write && through);
  expected.must_err = word_bad(addr) || (!single && write && line_bad(addr));
  expected.may_err = !single && line_bad(addr);
  image(addr);  // as memory has it now, if nobody has written it yet
  if (write && !expected.must_err) {
    std::uint64_t& now = image(addr);
    now = (now & ~expected.mask) | (wdata & expected.mask);
  }
  expected.value = image(addr);
  return expected;
}

void Traffic::judge(const char* who, const Expected& expected, const CoreAnswer& answer) {
  ++answers_;
  last_answer_ = bench_.cycle;
  const std::string what = std::string(who) + (expected.write ? " store" : " load") + " of " + hex(expected.addr) +
                           " accepted in cycle " + std::to_string(expected.accepted);
  if (answer.err && !expected.must_err && !expected.may_err) throw Failure(what + ": an error nobody made");
  if (!answer.err && expected.must_err) throw Failure(what + ": no error");
  if (answer.err || expected.write) return;
  if (((answer.rdata ^ expected.value) & expected.mask) != 0)
    throw Failure(what + ": found " + hex(answer.rdata) + ", expected " + hex(expected.value) + " in " +
                  hex(expected.mask));
}

void Traffic::make_core() {
  if (offers_.core || core_.size() >= kIds || !percent(mix_.core_percent)) return;
  CoreAccess a;
  do a.id = static_cast<unsigned>(random(kIds));
  while (core_.contains(a.id));
  a.write = percent(mix_.store_percent);
  a.wdata = bench_.random();
  a.strb = run_of_lanes(bench_.random);
  a.pa = pick_addr();
  a.uncached = percent(mix_.uncached_percent);
  a.through = percent(mix_.through_percent);
  if (percent(mix_.device_percent)) {
    a.pa = kDevices + random(kPage);
    a.uncached = true;
  }
  if (a.uncached) {  // the first byte counts
    unsigned first = 0;
    while ((a.strb >> first & 1U) == 0) ++first;
    a.pa = (a.pa & ~7ULL) + first;
  }
  if (a.write && a.pa >= kBase) {
    std::uint8_t mine = 0;
    for (unsigned b = 0; b < 8; ++b) {
      if ((owned(a.pa, Client::Core) >> (8 * b) & 0xFF) != 0) mine |= static_cast<std::uint8_t>(1U << b);
    }
    a.strb &= mine;
    if (a.strb == 0) a.write = false;
    if (a.strb == 0) a.strb = 0xFF;
    if (a.uncached && (a.strb >> (a.pa & 7) & 1U) == 0)
      a.pa = (a.pa & ~7ULL) + static_cast<unsigned>(__builtin_ctz(a.strb));
  }
  a.go = !percent(mix_.drop_percent);
  offers_.core = a;
}

void Traffic::make_host() {
  if (offers_.host || host_.size() >= kHostIds || !percent(mix_.host_percent)) return;
  PhysAccess a;
  do a.id = static_cast<unsigned>(random(kHostIds));
  while (host_.contains(a.id));
  a.write = percent(mix_.store_percent);
  a.wdata = bench_.random();
  a.addr = pick_addr();
  a.uncached = percent(mix_.uncached_percent);
  if (percent(mix_.device_percent)) {
    a.addr = kDevices + kPage + (random(kPage) & ~7ULL);
    a.uncached = true;
  } else if (owned(a.addr, Client::Host) == 0) {
    a.write = false;
  }
  offers_.host = a;
}

void Traffic::make_walk() {
  offers_.walk_slot = false;
  offers_.walk.reset();
  switch (walk_state_) {
    case WalkState::Idle:
      if (quiet_ || !percent(mix_.walk_percent)) return;
      walk_access_ = {};
      walk_access_.addr = pick_addr();
      walk_access_.uncached = percent(mix_.uncached_percent);
      walk_cas_ = percent(50) && kind_of(walk_access_.addr) == 1;
      walk_state_ = WalkState::Read;
      [[fallthrough]];
    case WalkState::Read:
    case WalkState::Write:
      offers_.walk = walk_access_;
      offers_.walk_slot = true;
      return;
    case WalkState::ReadWait:
    case WalkState::WriteWait:
      offers_.walk_slot = walk_cas_;
      return;
    case WalkState::Think:
      offers_.walk_slot = true;
      if (walk_think_ > 0) {
        --walk_think_;
      } else {
        walk_state_ = WalkState::Write;
        offers_.walk = walk_access_;
      }
      return;
  }
}

void Traffic::after_walk(const Outcome& outcome) {
  if (outcome.walk_accepted) {
    walk_ = expect(Client::Walk, walk_access_.write, walk_access_.uncached, false, walk_access_.strb, walk_access_.addr,
                   walk_access_.wdata);
    walk_state_ = walk_state_ == WalkState::Read ? WalkState::ReadWait : WalkState::WriteWait;
  }
  if (!outcome.walk) return;
  if (!walk_) throw Failure("an answer to the walker that asked nothing");
  judge("walker's", *walk_, *outcome.walk);
  walk_.reset();
  if (walk_state_ == WalkState::ReadWait && walk_cas_ && !outcome.walk->err) {
    walk_state_ = WalkState::Think;
    walk_think_ = static_cast<unsigned>(random(4));
    const std::uint64_t found = outcome.walk->rdata;
    walk_access_.write = true;
    walk_access_.wdata = (found & ~0xFFFF'FFFFULL) | ((found + 1) & 0xFFFF'FFFFULL);
  } else {
    walk_state_ = WalkState::Idle;
  }
}

void Traffic::make_maintenance() {
  if (offers_.maintenance || random(1000) >= mix_.maintenance_permille) return;
  Maintenance m;
  m.clean = true;
  m.invalidate = percent(50);
  m.by_addr = !percent(10);
  m.addr = pick_addr();
  offers_.maintenance = m;
}

std::uint64_t Traffic::on_device(const MemoryRequest& request, std::uint64_t data) {
  std::deque<DeviceAccess>& due = devices_[page_of(request.addr)];
  if (due.empty()) throw Failure("a device saw an access nobody made: " + hex(request.addr));
  const DeviceAccess a = due.front();
  due.pop_front();
  if (a.write != request.write || a.strb != request.strb || a.addr != request.addr)
    throw Failure("a device saw " + hex(request.addr) + " before " + hex(a.addr) + ", or another kind or size");
  if (a.write && ((a.wdata ^ data) & lanes(a.strb)) != 0) throw Failure("a device saw other data at " + hex(a.addr));
  return a.value;
}

void Traffic::step() {
  if (!quiet_) {
    make_core();
    make_host();
    make_maintenance();
  }
  make_walk();
  const Outcome outcome = bench_.step(offers_);
  if (outcome.core) {
    const auto at = core_.find(outcome.core->id);
    if (at == core_.end())
      throw Failure("an answer to the core that asked nothing, id " + std::to_string(outcome.core->id));
    judge("core's", at->second, *outcome.core);
    core_.erase(at);
  }
  if (outcome.host) {
    const auto at = host_.find(outcome.host->id);
    if (at == host_.end()) throw Failure("an answer to the host that asked nothing");
    judge("host's", at->second, *outcome.host);
    host_.erase(at);
  }
  if (outcome.core_accepted) {
    const CoreAccess& a = *offers_.core;
    if (a.go) core_[a.id] = expect(Client::Core, a.write, a.uncached, a.through, a.strb, a.pa, a.wdata);
    offers_.core.reset();
  }
  if (outcome.host_accepted) {
    const PhysAccess& a = *offers_.host;
    host_[a.id] = expect(Client::Host, a.write, a.uncached, false, a.strb, a.addr, a.wdata);
    offers_.host.reset();
  }
  after_walk(outcome);
  if (outcome.maintenance_done) {
    if (!offers_.maintenance) throw Failure("maintenance ended that nobody asked for");
    offers_.maintenance.reset();
    last_answer_ = bench_.cycle;
  }
  if (outcome.wb_error) {
    if (wb_errors_due_ == 0 || page_of(*outcome.wb_error) != kBadWritePage)
      throw Failure("an error of a write-back nobody made: " + hex(*outcome.wb_error));
    --wb_errors_due_;
  }
  const bool waiting = !core_.empty() || !host_.empty() || walk_ || offers_.maintenance || offers_.core ||
                       offers_.host || walk_state_ != WalkState::Idle;
  if (!waiting) last_answer_ = bench_.cycle;
  if (bench_.cycle - last_answer_ > kPatience) throw Failure("nothing is answered any more");
  for (const auto* table : {&core_, &host_}) {
    for (const auto& [id, e] : *table) {
      if (bench_.cycle - e.accepted > kPatience) throw Failure("no answer to the access of " + hex(e.addr));
    }
  }
}

void Traffic::run(unsigned cycles) {
  quiet_ = false;
  for (unsigned i = 0; i < cycles; ++i) step();
}

void Traffic::drain() {
  quiet_ = true;
  while (!core_.empty() || !host_.empty() || walk_ || offers_.maintenance || offers_.core || offers_.host ||
         walk_state_ != WalkState::Idle) {
    step();
  }
}

void Traffic::check_memory() {
  drain();
  offers_.maintenance = Maintenance{.clean = true};
  drain();
  if (wb_errors_due_ != 0) throw Failure("an error of a write-back was not reported");
  for (const auto& [page, due] : devices_) {
    if (!due.empty()) throw Failure("a device has not seen an access of page " + hex(page));
  }
  for (const auto& [addr, value] : image_) {
    const std::uint64_t found = bench_.memory.word(addr);
    if (found != value) throw Failure("memory at " + hex(addr) + ": found " + hex(found) + ", expected " + hex(value));
  }
}

}  // namespace vm::l1
