// SPDX-License-Identifier: Apache-2.0
//
// Kernel space in random traces: the same part of every process's table, with traps or without, pages that all of them
// get later, and few ASIDs.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuzz/system_life.h"
#include "os/rights.h"

namespace vm::fuzz {
namespace {

// The largest size, as the language writes sizes, that is not above so many bytes; and its bytes.
std::pair<std::string, std::uint64_t> size_up_to(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGT";
  unsigned unit = 0;
  while (unit + 1 < kUnits.size() && bytes >> (10 * unit) > 1024) ++unit;
  const std::uint64_t count = bytes >> (10 * unit);
  return {fmt::format("{}{}", count, kUnits[unit]), count << (10 * unit)};
}

}  // namespace

// Code and direct map of kernel space as os/kernel_space.h lays it out, and the pages between them.
void SystemLife::kernel_space() {
  if (world_.has_asids() && random_.one_in(4)) {
    // Fewer than processes can be, or none.
    asids_ = world_.is_x86() ? random_.between(2, 4) : random_.below(5);
    line("asids", fmt::format("asids {}", *asids_));
  }
  if (!can_have_kernel_space(machine_) || world_.free_count() < 48 || !random_.one_in(3)) return;
  const Format& format = machine_.format;
  // The direct map begins with the first cacheable region.
  const auto cacheable = [](const Region& r) { return r.cacheable; };
  const auto direct = std::find_if(machine_.regions.begin(), machine_.regions.end(), cacheable);
  if (direct != machine_.regions.begin() && direct != machine_.regions.end()) return;
  const bool upper = format.upper_va == UpperVa::Sign;
  KernelPlace place;
  place.levels = static_cast<unsigned>(random_.between(world_.min_levels(), world_.max_levels()));
  if (format.kind == PteKind::Riscv && world_.min_levels() != world_.max_levels()) {
    line("mode", fmt::format("mode sv{}", format.page_bits + format.vpn_bits(place.levels)));
  }
  const std::uint64_t all = 1ULL << format.vpn_bits(place.levels), end = 1ULL << machine_.vpn_bits();
  const bool halves = upper || (world_.window_first() + world_.window_pages() <= all / 2 && random_.one_in(2));
  place.split = end - (halves ? all / 2 : all / 4);
  place.code = end - (world_.is_flat() ? 16 : 2ULL << format.index_lsb(place.levels - 1));
  // The named frames, and some more.
  place.direct_frame = machine_.regions.front().base.value >> format.page_bits;
  const std::uint64_t pages =
      std::min((place.code - place.split) / 2, world_.frames().front() - place.direct_frame + 64);
  const auto [size, bytes] = size_up_to(pages << format.page_bits);
  place.direct_pages = bytes >> format.page_bits;
  const bool traps = !random_.one_in(3);
  if (!random_.one_in(3)) place.pool = random_.between(1, 6);
  if (place.pool != 0) note("pool");
  line("kernel space",
       fmt::format("kernel split {} direct={}{}{}",
                   upper    ? "upper"
                   : halves ? "2/2"
                            : "3/1",
                   size, traps ? " traps" : "", place.pool != 0 ? fmt::format(" pool={}", place.pool) : ""));
  if (traps) note("traps");
  kernel_ = place;
}

std::vector<SystemLife::Range> SystemLife::kernel_ranges() const {
  std::vector<Range> ranges;
  if (!kernel_) return ranges;
  for (const std::uint64_t frame : world_.frames()) {
    if (frame - kernel_->direct_frame < kernel_->direct_pages)
      ranges.push_back({kernel_->split + (frame - kernel_->direct_frame), 1});
  }
  ranges.push_back({kernel_->code, 2});
  if (kernel_->pool != 0) ranges.push_back({kernel_->code + 2, kernel_->pool});
  return ranges;
}

void SystemLife::kernel_page(Process& process) {
  // Below the code, where nothing else is.
  const std::uint64_t vpn = kernel_->code - 1 - random_.below(3);
  if (random_.one_in(3)) return line("unmap kernel", fmt::format("unmap {} 0x{:x}", process.name, vpn));
  const std::string_view granted =
      possible_rights(machine_, {.write = false}).write || random_.one_in(2) ? "rwk" : "rk";
  line("map kernel", fmt::format("map {} 0x{:x} -> 0x{:x} {} global = any", process.name, vpn,
                                 world_.frames()[random_.below(world_.frames().size())], granted));
  hot_ = world_.address_of(vpn, process.levels);
}

}  // namespace vm::fuzz
