// SPDX-License-Identifier: Apache-2.0
#include "fuzz/system_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "machine/pte.h"

namespace vm::fuzz {
namespace {

constexpr std::uint64_t kNapotPages = 16;

// Offsets from the first frame of a machine with tables of several levels, in base pages.
struct Layout {
  std::uint64_t named, ranges, range_count, raw_tables, raw_frames, free;
};
constexpr Layout kUsual = {
    .named = 16, .ranges = 64, .range_count = 2, .raw_tables = 97, .raw_frames = 113, .free = 128};
// For the memory of a small board. A raw range of 64 KiB covers its own frames only; no other ranges.
constexpr Layout kSmall = {.named = 0, .ranges = 16, .range_count = 1, .raw_tables = 8, .raw_frames = 16, .free = 32};

std::uint64_t frames_of(const Machine& machine) { return machine.regions.front().size >> machine.format.page_bits; }
const Layout& layout_of(const Machine& machine) { return frames_of(machine) < 2 * kUsual.free ? kSmall : kUsual; }
constexpr std::uint64_t kDeviceFrames = 8;

}  // namespace

// The kernel puts devices at the start of the first such region.
const Region* device_region(const Machine& machine) {
  const unsigned page_bits = machine.format.page_bits;
  for (const Region& region : machine.regions) {
    if (region.cacheable) continue;
    const bool is_first = &region == &machine.regions.front();  // where everything else lies
    const bool fits = region.size >> page_bits >= 4 * kDeviceFrames &&
                      region.base.value + (kDeviceFrames << page_bits) - 1 <= low_mask(machine.pa_bits);
    return is_first || !fits ? nullptr : &region;
  }
  return nullptr;
}

SystemWorld::SystemWorld(const Machine& machine, Random& random, unsigned pressure)
    : machine_(machine),
      pressure_(most_slots(machine.format) == 0 ? 0 : pressure),
      has_files_(random.one_in(2)),
      is_tight_(random.one_in(3) || pressure_ != 0) {
  choose_environment(random);
  choose_sizes();
  choose_pages(random);
  if (is_flat()) {
    choose_flat_frames(random);
  } else {
    choose_frames(random);
  }
  if (is_pressed()) choose_pressed_frames();
  choose_raw_tables();
  std::erase_if(sizes_, [&](const PageSize& size) {
    return size.count > 1 && !size.napot && first_block(size) > low_mask(machine.format.ppn_bits);
  });
  // Where memory is a few frames, there is no room for larger pages.
  if (is_flat() || &layout_of(machine_) != &kSmall) return;
  std::erase_if(sizes_, [](const PageSize& size) { return size.count > 1; });
  is_tight_ = true;
}

bool SystemWorld::is_memory(std::uint64_t frame) const {
  const std::uint64_t pa = frame << machine_.format.page_bits;
  return pa <= low_mask(machine_.pa_bits) && machine_.region_of(PhysAddr(pa)) != nullptr;
}

void SystemWorld::choose_environment(Random& random) {
  const Format& format = machine_.format;
  min_levels_ = format.min_levels;
  max_levels_ = format.levels;
  if (format.kind == PteKind::Riscv) {
    env.adue = format.hw_ad && !random.one_in(3);
    env.pbmte = format.pbmt;
  }
  if (!is_x86()) return;
  env.wp = !random.one_in(4);
  env.pge = !random.one_in(4);
  env.pcide = machine_.asid_bits != 0 && !random.one_in(4);
  env.smep = random.one_in(2);
  env.smap = random.one_in(2);
  env.nxe = !random.one_in(4);
  env.la57 = format.levels == Format::kMaxLevels && !random.one_in(3);
  // The mode bit decides for all processes.
  min_levels_ = max_levels_ = env.la57 ? format.levels : format.min_levels;
}

void SystemWorld::choose_sizes() {
  const Format& format = machine_.format;
  const auto add = [&](unsigned level, bool napot, std::uint64_t count) {
    constexpr std::string_view kUnits = "BKMGT";
    unsigned unit = 0;
    std::uint64_t bytes = count << format.page_bits;
    for (; unit + 1 < kUnits.size() && bytes >= 1024; bytes /= 1024) ++unit;
    // The language has sizes up to 1024T, written without rounding.
    if (bytes > 1024) return;
    sizes_.push_back({level, napot, count == 1 ? "" : fmt::format("{}{}", bytes, kUnits[unit]), count});
  };
  for (unsigned level = 0; level <= format.max_leaf_level && level < min_levels_; ++level) {
    add(level, false, 1ULL << format.index_lsb(level));
    if (level == 0 && format.napot) add(0, true, kNapotPages);
  }
}

std::uint64_t SystemWorld::address_of(std::uint64_t vpn, unsigned levels) const {
  const Format& format = machine_.format;
  const std::uint64_t va = vpn << format.page_bits;
  if (format.upper_va == UpperVa::Zero) return va;
  const unsigned unused = 64 - format.page_bits - format.vpn_bits(levels);
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(va << unused) >> unused);
}

// Neighbours; pages of one TLB set; both sides of a superpage's edge; the ends of the address space and of its halves.
void SystemWorld::choose_pages(Random& random) {
  const Format& format = machine_.format;
  const std::uint64_t all = 1ULL << machine_.vpn_bits();
  const std::uint64_t low = format.upper_va == UpperVa::Sign
                                ? 1ULL << (format.vpn_bits(min_levels_) - 1)
                                : std::min<std::uint64_t>(all, 1ULL << format.vpn_bits(min_levels_));
  const auto add = [&](std::uint64_t vpn) {
    const bool upper = format.upper_va == UpperVa::Sign && vpn >= all - 64;
    if (vpn >= all || (vpn >= low && !upper)) return;
    if (std::find(pages_.begin(), pages_.end(), vpn) == pages_.end()) pages_.push_back(vpn);
  };
  for (std::uint64_t vpn = 0; vpn < 4; ++vpn) add(vpn);
  const std::uint64_t sets = std::max<std::uint64_t>(machine_.dtlb.sets, 2);
  for (std::uint64_t i = 1; i <= machine_.dtlb.ways + 2; ++i) add(1 + i * sets);
  if (format.napot) {
    for (const std::uint64_t vpn : {kNapotPages - 1, kNapotPages, 2 * kNapotPages - 1}) add(vpn);
  }
  for (unsigned level = 1; level <= format.max_leaf_level && level < min_levels_; ++level) {
    const std::uint64_t edge = 1ULL << format.index_lsb(level);
    for (const std::uint64_t vpn : {edge - 1, edge, 2 * edge - 1, 2 * edge}) add(vpn);
  }
  add(low - 1);
  add(all - 1);
  add(all - 2);
  for (unsigned i = 0; i < 4; ++i) add(random.below(low));
  window_pages_ = std::min<std::uint64_t>(24, low / 4);
  window_first_ = low / 2;
  if (low > 4096) window_first_ = random.one_in(2) ? low / 2 - 8 : 512 - 8;  // across the edge of a table
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(3, window_pages_); ++i) add(window_first_ + i);
}

std::uint64_t SystemWorld::large_page(const PageSize& size, Random& random) const {
  return pages_[random.below(pages_.size())] / size.count * size.count;
}

void SystemWorld::choose_flat_frames(Random& random) {
  const Region& region = machine_.regions.front();
  const std::uint64_t first = region.base.value >> machine_.format.page_bits;
  const std::uint64_t end =
      (std::min(region.base.value + region.size, low_mask(machine_.pa_bits) + 1)) >> machine_.format.page_bits;
  const std::uint64_t all = std::min<std::uint64_t>(end - first, 1ULL << machine_.format.ppn_bits);
  const std::uint64_t named = std::min<std::uint64_t>(8, all * 3 / 8), raw = std::min<std::uint64_t>(4, all / 8);
  for (std::uint64_t i = 0; i < named; ++i) frames_.push_back(first + i);
  for (std::uint64_t i = 0; i < raw; ++i) raw_frames_.push_back(first + named + i);
  add_other_regions(first);
  free_first_ = first + named + raw;
  free_count_ = std::min<std::uint64_t>(all - named - raw, random.one_in(3) ? 8 : 64);
  for (std::uint64_t frame = 0; frame < 1ULL << machine_.format.ppn_bits; frame = 2 * frame + 1) {
    if (!is_memory(frame)) hole_ = frame;
  }
}

// Frames for tables are on top of the share of the pages, and what is left of them serves pages, too.
void SystemWorld::choose_pressed_frames() {
  constexpr std::uint64_t kWorkers = 3, kTableFrames = 48;
  const std::uint64_t share = window_pages_ * kWorkers * pressure_ / 100;
  free_count_ = std::min(free_count_, std::max<std::uint64_t>(share, 2) + (is_flat() ? 0 : kTableFrames));
}

void SystemWorld::add_other_regions(std::uint64_t first) {
  for (const Region& region : machine_.regions) {
    const bool behind_devices = &region == device_region(machine_);
    const std::uint64_t base = region.base.value >> machine_.format.page_bits;
    const std::uint64_t frame = base + (behind_devices ? kDeviceFrames : 0);
    if (base == first || !is_memory(frame)) continue;
    frames_.push_back(frame);
    frames_.push_back(frame + 1);
  }
}

void SystemWorld::choose_frames(Random& random) {
  const Format& format = machine_.format;
  const Layout& layout = layout_of(machine_);
  first_frame_ = machine_.regions.front().base.value >> format.page_bits;
  for (std::uint64_t i = 0; i < 8; ++i) {
    frames_.push_back(first_frame_ + layout.named + (i < 4 || &layout == &kSmall ? i : 4 * i));
  }
  add_other_regions(first_frame_);
  for (std::uint64_t i = 0; i < 4; ++i) raw_frames_.push_back(first_frame_ + layout.raw_frames + i);
  free_first_ = first_frame_ + layout.free;
  free_count_ = is_tight_ ? 48 + random.below(48) : random.one_in(4) ? 160 + random.below(64) : 400;
  free_count_ = std::min(free_count_, frames_of(machine_) - layout.free);
  // A block of level 1 behind everything else.
  const std::uint64_t block = 1ULL << format.index_lsb(1);
  const std::uint64_t at = (free_first_ + free_count_ + 2 * block) / block * block + 4 * block;
  if (format.max_leaf_level >= 1 && is_memory(at) && is_memory(at + block - 1)) raw_block_ = at;
  for (std::uint64_t frame = 0; frame <= low_mask(machine_.pa_bits) >> format.page_bits; frame = 2 * frame + 1) {
    if (!is_memory(frame)) hole_ = frame;
  }
}

std::uint64_t SystemWorld::first_block(const PageSize& size) const {
  return (free_first_ + free_count_ + size.count - 1) / size.count * size.count;
}

// Where a page of this size lies: on frames that the operating system does not use itself, or in no memory at all.
std::uint64_t SystemWorld::some_frame(const PageSize& size, Random& random) const {
  if (size.count == 1) return frames_[random.below(frames_.size())];
  if (size.napot) {
    const Layout& layout = layout_of(machine_);
    return first_frame_ + layout.ranges + (random.one_in(2) && layout.range_count > 1 ? kNapotPages : 0);
  }
  const std::uint64_t first = first_block(size);
  const std::uint64_t frame = first + random.below(2) * size.count;
  const std::uint64_t reach = low_mask(machine_.pa_bits) >> machine_.format.page_bits;
  return frame + size.count - 1 <= reach ? frame : first;
}

std::optional<std::uint64_t> SystemWorld::table_place(unsigned number) const {
  const std::uint64_t bytes = 1ULL << (machine_.vpn_bits() + machine_.format.pte_bytes_log2);
  const std::uint64_t at = low_mask(machine_.pa_bits) + 1 + (8 + number) * bytes;
  const bool fits = machine_.trap_swap && at + bytes - 1 <= low_mask(machine_.bus_bits) &&
                    machine_.region_of(PhysAddr(at)) != nullptr &&
                    machine_.region_of(PhysAddr(at + bytes - 1)) != nullptr;
  return fits ? std::optional(at) : std::nullopt;
}

void SystemWorld::choose_raw_tables() {
  const Format& format = machine_.format;
  const bool coherent = machine_.walk_port == WalkPort::Cache;
  if (raw_frames_.empty()) return;
  if (!is_flat()) {
    // A walk straight to memory does not see what the data cache holds.
    if (!coherent && machine_.regions.front().cacheable && machine_.dcache.ways != 0) return;
    for (unsigned i = 0; i < max_levels_; ++i)
      raw_tables_.push_back((first_frame_ + layout_of(machine_).raw_tables + i) << format.page_bits);
    return;
  }
  const std::uint64_t bytes = 1ULL << (machine_.vpn_bits() + format.pte_bytes_log2);
  const std::uint64_t above = low_mask(machine_.pa_bits) + 1;
  for (const Region& region : machine_.regions) {
    if (region.cacheable && !coherent && machine_.dcache.ways != 0) continue;
    const std::uint64_t end = region.base.value + region.size;
    // Above what pages reach, behind the tables of others; else far above the frames in use.
    const std::uint64_t at = end > above ? std::max(above, region.base.value) + 6 * bytes
                                         : region.base.value + region.size / 2 / bytes * bytes;
    const std::uint64_t used = (free_first_ + free_count_) << format.page_bits;
    if (at + bytes > end || (end <= above && at < used)) continue;
    raw_tables_ = {at};
    return;
  }
}

}  // namespace vm::fuzz
