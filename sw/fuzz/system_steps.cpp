// SPDX-License-Identifier: Apache-2.0
//
// Which step comes next, and the accesses.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_life.h"

namespace vm::fuzz {

void SystemLife::step() {
  using Step = void (SystemLife::*)(Process&);
  struct Weighted {
    unsigned weight;
    Step step;
  };
  // What the operating system does at the host port costs the hardware thousands of cycles: a page to clear, tables to
  // fill.
  static constexpr Weighted kSteps[] = {
      {400, &SystemLife::access},       {40, &SystemLife::access_storm}, {20, &SystemLife::modify},
      {40, &SystemLife::register_step}, {26, &SystemLife::system_call},  {4, &SystemLife::fork},
      {4, &SystemLife::exit},           {8, &SystemLife::unmap},         {40, &SystemLife::fence},
      {10, &SystemLife::refused},       {4, &SystemLife::control},       {12, &SystemLife::cache_operation},
      {14, &SystemLife::file_call},     {8, &SystemLife::remap},         {6, &SystemLife::page_out},
      {2, &SystemLife::limits},         {2, &SystemLife::borrow},        {2, &SystemLife::execve},
      {60, &SystemLife::atomic},        {2, &SystemLife::large_page},    {1, &SystemLife::share_reach},
      {1, &SystemLife::thread},         {4, &SystemLife::trouble}};
  Process& process = some_process();
  if (chance(4)) return host();
  if (chance(1)) return map(process, false);
  if (!slots_.empty() && chance(1)) return raw_entry();
  if (kernel_ && chance(2)) return kernel_page(process);
  if (machine_.array_port && chance(1)) return tlb_way();
  if (random_.one_in(400)) return bare_accesses();
  if (machine_.trap_swap && random_.one_in(100)) return trap_accesses(process);
  if (world_.is_tight() && random_.one_in(world_.is_pressed() ? 60 : 150)) return touch_all(process);
  if (random_.one_in(60)) return line("switch", fmt::format("switch {}", process.name));
  unsigned all = 0;
  for (const Weighted& w : kSteps) all += w.weight;
  std::uint64_t dice = random_.below(all);
  for (const Weighted& w : kSteps) {
    if (dice < w.weight) return (this->*w.step)(process);
    dice -= w.weight;
  }
}

// ---------------------------------------------------------------- addresses

// The edges of halves, of the space, and of each size of pages.
std::uint64_t SystemLife::edge(const Process& process) {
  const Format& format = machine_.format;
  const unsigned width = format.vpn_bits(process.levels);
  const std::uint64_t half = 1ULL << (width - 1);
  const std::uint64_t back = 1 + random_.below(std::min<std::uint64_t>(8, format.page_size()));
  std::uint64_t vpn = random_.one_in(2) ? half : 0;  // across the hole, and across address zero
  if (random_.one_in(2)) vpn = 1ULL << format.index_lsb(static_cast<unsigned>(random_.below(process.levels)));
  std::uint64_t va = (vpn << format.page_bits) - back;
  // The same address with an upper bit that should not be there, or without one that should.
  if (random_.one_in(3)) va ^= 1ULL << random_.between(format.page_bits + width - 1, 63);
  return va;
}

std::uint64_t SystemLife::address(const Process& process) {
  const std::uint64_t size = machine_.format.page_size();
  if (random_.one_in(3) && hot_ != 0) return hot_ ^ random_.below(std::min<std::uint64_t>(size, 16));
  if (random_.one_in(40)) return edge(process);
  Range range{world_.pages()[random_.below(world_.pages().size())], 1};
  if (!process.ranges.empty() && !random_.one_in(6)) range = process.ranges[random_.below(process.ranges.size())];
  // Of a large page the first, the last, and a few between.
  std::uint64_t page = range.pages <= 32 || random_.one_in(3) ? random_.below(range.pages) : random_.below(4);
  if (random_.one_in(6)) page = range.pages - 1;
  std::uint64_t offset = random_.below(std::min<std::uint64_t>(size, 64));
  if (random_.one_in(8)) offset = size - 1 - random_.below(std::min<std::uint64_t>(size, 8));
  hot_ = world_.address_of(range.vpn + page, process.levels) + offset;
  return hot_;
}

unsigned SystemLife::access_size() {
  if (random_.one_in(200)) return static_cast<unsigned>(random_.between(64, 300));
  if (random_.one_in(16)) return static_cast<unsigned>(random_.between(1, 40));
  return 1U << random_.below(4);
}

std::string SystemLife::value(unsigned size) {
  if (size > 8 || random_.one_in(3)) return {};
  return fmt::format(" = 0x{:x}", random_.next() & low_mask(8 * size));
}

std::string SystemLife::who(const Process& process) {
  std::string text = "[" + process.name;
  const bool kernel = random_.one_in(3);
  const bool sum = !world_.is_flat() && random_.one_in(3);
  const bool mxr = machine_.format.kind == PteKind::Riscv && random_.one_in(4);
  if (kernel || sum || mxr) text += kernel ? ":kernel" : ":user";
  if (sum) text += world_.is_x86() ? " ac" : " sum";
  if (mxr) text += " mxr";
  return text + "] ";
}

// ---------------------------------------------------------------- accesses

void SystemLife::access(Process& process) {
  const std::string bracket = who(process);
  std::uint64_t va = address(process);
  unsigned size = access_size();
  if (!random_.one_in(3)) va -= va % std::min(size, 8U);
  if (va + (size - 1) < va) size = 1;
  const std::uint64_t dice = random_.below(8);
  if (dice < 3) {
    line("load", fmt::format("{}L 0x{:x},{} = any", bracket, va, size));
  } else if (dice < 6) {
    line("store", fmt::format("{}S 0x{:x},{}{} = any", bracket, va, size, value(size)));
  } else {
    line("fetch", fmt::format("{}I 0x{:x},{} = any", bracket, va, size));
  }
}

void SystemLife::access_storm(Process& process) {
  const std::uint64_t here = address(process);
  const std::uint64_t there = random_.one_in(2) ? address(process) : here;
  const std::uint64_t count = random_.between(4, 16);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t va = (random_.one_in(2) ? here : there) & ~7ULL;
    const std::string_view letter = random_.one_in(2) ? "L" : random_.one_in(3) ? "I" : "S";
    line("storm", fmt::format("[{}] {} 0x{:x},{} = any", process.name, letter, va, 1U << random_.below(4)));
  }
}

void SystemLife::modify(Process& process) {
  const std::uint64_t va = address(process);
  const unsigned size = 1U << random_.below(4);
  if (va + (size - 1) < va) return;
  line("modify", fmt::format("{}M 0x{:x},{} = any", who(process), va, size));
}

void SystemLife::register_step(Process& process) {
  const auto reg = static_cast<unsigned>(random_.below(4));
  const std::uint64_t va = address(process) & ~7ULL;
  if (process.loaded.empty() || random_.one_in(3)) {
    line("register load", fmt::format("{}r{} = L 0x{:x},{} = any", who(process), reg, va, 1U << random_.below(4)));
    process.loaded.push_back(reg);
    return;
  }
  const unsigned from = process.loaded[random_.below(process.loaded.size())];
  line("register", fmt::format("[{}] r{} += r{}", process.name, reg, from));
  line("register store", fmt::format("{}S 0x{:x},8 = r{} = any", who(process), va, reg));
}

// Physical addresses of named frames: what else there is belongs to the operating system, or to nobody it knows.
void SystemLife::bare_accesses() {
  line("bare", "bare on");
  Process& process = some_process();
  const std::uint64_t count = random_.between(1, 8);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t frame = world_.frames()[random_.below(world_.frames().size())];
    const std::uint64_t size = std::min<std::uint64_t>(1U << random_.below(4), machine_.format.page_size());
    const std::uint64_t room = machine_.format.page_size() - size;
    const std::uint64_t pa =
        (frame << machine_.format.page_bits) + random_.below(std::min<std::uint64_t>(room, 60) + 1);
    const std::string_view letter = random_.one_in(2) ? "L" : random_.one_in(3) ? "I" : "S";
    line("bare access", fmt::format("{}{} 0x{:x},{} = any", who(process), letter, pa, size));
  }
  if (world_.hole() && random_.one_in(2)) {
    line("bare hole", fmt::format("{}L 0x{:x},1 = any", who(process), *world_.hole() << machine_.format.page_bits));
  }
  if (random_.one_in(4)) line("switch", fmt::format("switch {}", some_process().name));
  text_ += "bare off\n";
}

// The hardware changes the table when an exception starts (machines with trap_swap).
void SystemLife::trap_accesses(Process& process) {
  const auto other = world_.table_place(0);
  if (!other || process.raw) return;
  line("trap", fmt::format("[{}:kernel] ctl trapbase 0x{:x}", process.name, *other));
  text_ += fmt::format("[{}] ctl trapenter\n", process.name);
  for (std::uint64_t i = random_.between(1, 6); i > 0; --i) {
    line("trap access",
         fmt::format("{}{} 0x{:x},1 = any", who(process), random_.one_in(2) ? "L" : "I", address(process)));
  }
  text_ += fmt::format("[{}:kernel] ctl trapreturn\n", process.name);
}

}  // namespace vm::fuzz
