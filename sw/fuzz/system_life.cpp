// SPDX-License-Identifier: Apache-2.0
#include "fuzz/system_life.h"

#include <fmt/format.h>

#include <algorithm>

namespace vm::fuzz {
namespace {

constexpr std::size_t kMostProcesses = 3;  // before the first step

}  // namespace

SystemLife::SystemLife(const Machine& machine, std::uint64_t seed, const SystemConditions& conditions)
    : machine_(machine),
      on_board_(conditions.board.has_value()),
      random_(seed, machine.name),
      seed_(seed),
      world_(machine_, random_, conditions.pressure) {}

void SystemLife::line(std::string_view kind, const std::string& text) {
  note(kind);
  text_ += text;
  text_ += '\n';
}

SystemTrace SystemLife::trace(std::string_view machine_name, std::size_t steps) {
  text_ = fmt::format("machine {}\n", machine_name);
  weather();
  environment();
  bus_errors();
  memory();
  kernel_space();
  policy();
  files();
  programs();
  processes();
  first_maps();
  areas();
  for (std::size_t i = 0; i < steps; ++i) step();
  return {std::move(text_), std::move(kinds_)};
}

void SystemLife::weather() {
  text_ += fmt::format("seed {}\n", seed_);
  if (on_board_) return;
  switch (random_.below(6)) {
    case 0:
    case 1:
      break;
    case 2:
      text_ += fmt::format("latency {}\n", random_.between(2, 12));
      break;
    case 3:
      text_ += "latency replay 1,5,2,40,1,1\n";
      break;
    default:
      text_ += fmt::format("latency random 1..{}\n", random_.between(2, 20));
  }
  if (random_.one_in(2)) text_ += random_.one_in(2) ? "stall half\n" : "stall bursty\n";
}

void SystemLife::environment() {
  const Environment& env = world_.env;
  if (world_.is_x86()) {
    line("env", fmt::format("env wp={:d} pge={:d} pcide={:d} smep={:d} smap={:d} nxe={:d}{}", env.wp, env.pge,
                            env.pcide, env.smep, env.smap, env.nxe,
                            machine_.format.levels == Format::kMaxLevels ? fmt::format(" la57={:d}", env.la57) : ""));
  } else if (machine_.format.hw_ad && !env.adue) {
    line("env", "env adue=0");
  }
}

// Whole lines, so that a mapping that caches them and one that does not meet the same.
void SystemLife::bus_errors() {
  if (on_board_ || !random_.one_in(6)) return;
  const std::uint64_t bytes = std::min<std::uint64_t>(
      machine_.format.page_size(), std::max({8U, machine_.dcache.line_bytes, machine_.icache.line_bytes}));
  error_frame_ = world_.frames().back();
  const std::uint64_t first = error_frame_ << machine_.format.page_bits;
  line("bus errors", fmt::format("buserror 0x{:x}..0x{:x}", first, first + bytes - 1));
}

void SystemLife::memory() {
  text_ += fmt::format("free 0x{:x}..0x{:x}\n", world_.free_first(), world_.free_first() + world_.free_count() - 1);
  for (const std::uint64_t frame : world_.frames()) {
    if (!random_.one_in(2)) continue;
    text_ += fmt::format("memory 0x{:x}:", frame << machine_.format.page_bits);
    const std::uint64_t bytes = std::min<std::uint64_t>(machine_.format.page_size(), 16);
    for (std::uint64_t i = 0; i < bytes; ++i) text_ += fmt::format(" {:02X}", random_.below(256));
    text_ += '\n';
  }
}

void SystemLife::processes() {
  const std::size_t count = random_.between(1, kMostProcesses);
  for (std::size_t i = 0; i < count; ++i) {
    Process process;
    process.name = fmt::format("P{}", born_++);
    process.levels = kernel_ ? kernel_->levels : world_.max_levels();
    process.ranges = kernel_ranges();
    const bool has_modes = machine_.format.kind == PteKind::Riscv && world_.min_levels() != world_.max_levels();
    if (has_modes && !kernel_ && random_.one_in(2)) {
      process.levels = static_cast<unsigned>(random_.between(world_.min_levels(), world_.max_levels()));
      line("mode", fmt::format("mode sv{}", machine_.format.page_bits + machine_.format.vpn_bits(process.levels)));
    } else if (has_modes && !kernel_) {
      text_ += fmt::format("mode sv{}\n", machine_.format.page_bits + machine_.format.vpn_bits(process.levels));
    }
    std::string options;
    // The first number only, so that some are left for the others.
    if (i == 0 && world_.has_asids() && !asids_ && random_.one_in(3)) {
      options += fmt::format(" asid={}", random_.below(1ULL << std::min(machine_.asid_bits, 3U)));
      note("asid");
    }
    if (const auto table = world_.table_place(static_cast<unsigned>(i)))
      options += fmt::format(" table=0x{:x}", *table);
    if (world_.is_flat() && !kernel_ && random_.one_in(6)) {
      const std::uint64_t all = 1ULL << machine_.vpn_bits();
      options += fmt::format(" limit={}", random_.one_in(2) ? all : random_.between((all + 1) / 2, all));
      note("limit");
    }
    if (world_.window_pages() >= 4 && random_.one_in(2)) {
      const std::uint64_t heap = world_.window_first() + world_.window_pages() / 2;
      process.heap = world_.address_of(heap, process.levels);
      options += fmt::format(" heap=0x{:x}", process.heap);
      process.ranges.push_back({heap, 4});
      note("heap");
    }
    // All that is sure to every process may be too much.
    line("process", fmt::format("process {}{}{}", process.name, options, has_working_sets_ ? " = any" : ""));
    alive_.push_back(std::move(process));
  }
  raw_process();
}

void SystemLife::first_maps() {
  const std::size_t first = alive_.size();
  for (std::size_t i = 0; i < first; ++i) {
    const std::uint64_t count = world_.is_tight() ? 2 : random_.between(3, 9);
    for (std::uint64_t n = 0; n < count && !alive_[i].raw; ++n) map(alive_[i], true);
  }
}

void SystemLife::areas() {
  const std::uint64_t page = machine_.format.page_size();
  for (Process& process : alive_) {
    if (process.raw || world_.window_pages() < 2 || !random_.one_in(2)) continue;
    const bool stack = random_.one_in(3);
    const std::uint64_t pages = random_.between(1, world_.window_pages() / 2);
    const std::uint64_t first = world_.window_first() + (stack ? world_.window_pages() - pages : 0);
    const std::uint64_t from = world_.address_of(first, process.levels);
    line(stack ? "stack" : "area", fmt::format("area {} 0x{:x}..0x{:x} {}{}", process.name, from, from + pages * page,
                                               rights(), stack ? " stack" : ""));
    process.ranges.push_back({stack ? first - 1 : first, pages});
  }
  for (Process& process : alive_) {
    if (random_.one_in(4)) limits(process);
  }
}

SystemLife::Process& SystemLife::some_process() {
  if (!chance(85)) current_ = random_.below(alive_.size());
  current_ = std::min(current_, alive_.size() - 1);
  return alive_[current_];
}

}  // namespace vm::fuzz
