// SPDX-License-Identifier: Apache-2.0
//
// What is not an access: system calls, mappings by name, fences, control writes, caches, the host port.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_life.h"
#include "machine/control.h"
#include "os/rights.h"

namespace vm::fuzz {

std::string SystemLife::protection() {
  std::string text;
  for (const std::string_view bit : {"PROT_READ", "PROT_WRITE", "PROT_EXEC"}) {
    if (!random_.one_in(3)) text += (text.empty() ? "" : "|") + std::string(bit);
  }
  return text.empty() ? "PROT_NONE" : text;
}

SystemLife::Range SystemLife::call_range(const Process& process) {
  std::uint64_t vpn = world_.window_first() + random_.below(world_.window_pages());
  std::uint64_t pages = random_.between(1, 4);
  if (!process.ranges.empty() && random_.one_in(4)) {
    const Range& range = process.ranges[random_.below(process.ranges.size())];
    vpn = range.vpn + random_.below(std::min<std::uint64_t>(range.pages, 64));
    if (random_.one_in(4)) pages = range.pages;
  }
  return {vpn, pages};
}

void SystemLife::system_call(Process& process) {
  if (process.raw || world_.window_pages() == 0) return;
  const std::uint64_t page = machine_.format.page_size();
  const auto [vpn, pages] = call_range(process);
  const std::uint64_t at = world_.address_of(vpn, process.levels);
  const std::uint64_t bytes = pages * page - (random_.one_in(4) ? random_.below(page) : 0);
  const std::uint64_t dice = random_.below(8);
  if (dice < 4) {
    const bool shared = random_.one_in(3), stack = !shared && random_.one_in(5), fixed = !random_.one_in(4);
    line(shared  ? "mmap shared"
         : stack ? "mmap stack"
                 : "mmap private",
         fmt::format("[{}] mmap(0x{:x}, {}, {}, {}|MAP_ANONYMOUS{}{}, -1, 0) = any", process.name, at, bytes,
                     protection(), shared ? "MAP_SHARED" : "MAP_PRIVATE", fixed ? "|MAP_FIXED" : "",
                     stack ? "|MAP_GROWSDOWN" : ""));
    if (fixed) process.ranges.push_back({vpn, pages});
  } else if (dice < 6) {
    line("mprotect", fmt::format("[{}] mprotect(0x{:x}, {}, {}) = any", process.name, at, bytes, protection()));
  } else {
    line("munmap", fmt::format("[{}] munmap(0x{:x}, {}) = any", process.name, at, bytes));
  }
  // What was forgotten here is asked for seldom enough.
  if (process.ranges.size() > 24) process.ranges.erase(process.ranges.begin() + static_cast<int>(random_.below(8)));
}

void SystemLife::fork(Process& process) {
  constexpr std::size_t kMostAlive = 5;
  if (process.raw || alive_.size() >= kMostAlive) return;
  Process child = process;
  child.name = fmt::format("P{}", born_++);
  const bool at_once = random_.one_in(4);
  line(at_once ? "fork copy" : "fork",
       fmt::format("[{}] fork({}) = {} any", process.name, at_once ? "copy" : "", child.name));
  alive_.push_back(std::move(child));
}

void SystemLife::exit(Process& process) {
  const auto others = std::count_if(alive_.begin(), alive_.end(), [](const Process& p) { return !p.raw; });
  if (process.raw || others < 2) return;
  line("exit", fmt::format("[{}] exit(0)", process.name));
  alive_.erase(alive_.begin() + (&process - alive_.data()));
}

std::string SystemLife::rights() {
  Rights wanted{
      .read = !random_.one_in(8), .write = !random_.one_in(3), .exec = !random_.one_in(3), .kernel = random_.one_in(4)};
  // Such an entry would be a pointer.
  if (wanted.none()) wanted.read = true;
  Rights possible = possible_rights(machine_, wanted);
  if (world_.is_x86() && !world_.env.nxe) possible.exec = true;
  std::string text;
  if (possible.read) text += 'r';
  if (possible.write) text += 'w';
  if (possible.exec) text += 'x';
  if (possible.kernel) text += 'k';
  return text;
}

std::string SystemLife::memory_type() {
  constexpr std::string_view kX86[] = {"uc", "wc", "wt", "ucminus", "wb"};
  constexpr std::string_view kRiscv[] = {"nc", "io", "pma"};
  std::string_view type;
  if (world_.is_x86() && random_.one_in(2)) type = kX86[random_.below(std::size(kX86))];
  if (machine_.format.pbmt && random_.one_in(5)) type = kRiscv[random_.below(std::size(kRiscv))];
  if (type.empty()) return {};
  note(fmt::format("map {}", type));
  return fmt::format(" {}", type);
}

void SystemLife::map(Process& process, bool setup) {
  if (process.raw) return;
  const std::vector<PageSize>& sizes = world_.sizes();
  const PageSize& size = sizes[random_.one_in(2) ? 0 : random_.below(sizes.size())];
  if (size.level >= process.levels) return;
  const std::uint64_t vpn =
      size.count == 1 ? world_.pages()[random_.below(world_.pages().size())] : world_.large_page(size, random_);
  std::uint64_t frame = world_.some_frame(size, random_);
  if (world_.hole() && size.count == 1 && random_.one_in(20)) frame = *world_.hole();
  const std::string granted = rights();
  const bool can_withhold_write = !possible_rights(machine_, {.write = false}).write;
  std::string how;
  bool global = false;
  if (can_withhold_write && random_.one_in(6)) {
    how = " cow";
  } else if (random_.one_in(4)) {
    how = " shared";
  } else if (slots_.empty() && random_.one_in(setup ? 6 : 20)) {
    how = " global";
    global = true;
  }
  // Whoever maps over a global page is refused, which a setup must not be.
  if (setup && kernel_ && vpn + size.count > kernel_->split) return;
  const auto overlaps = [&](const Range& g) { return vpn < g.vpn + g.pages && g.vpn < vpn + size.count; };
  if (setup && std::any_of(globals_.begin(), globals_.end(), overlaps)) return;
  if (global) globals_.push_back({vpn, size.count});
  const std::string type = memory_type();
  line(size.count == 1 ? "map" : fmt::format("map {}", size.name),
       fmt::format("map {} 0x{:x} -> 0x{:x} {}{}{}{}{}", process.name, vpn, frame, granted, how,
                   size.count == 1 ? "" : " " + size.name, type, setup ? "" : " = any"));
  if (!how.empty()) note("map" + how);
  for (Process& other : alive_) {
    if (&other == &process || (global && !other.raw)) other.ranges.push_back({vpn, size.count});
  }
}

void SystemLife::unmap(Process& process) {
  if (process.raw || process.ranges.empty()) return;
  const std::size_t which = random_.below(process.ranges.size());
  const Range& range = process.ranges[which];
  const std::uint64_t vpn = range.vpn + random_.below(std::min<std::uint64_t>(range.pages, 20));
  line("unmap", fmt::format("unmap {} 0x{:x}", process.name, vpn & low_mask(machine_.vpn_bits())));
  if (random_.one_in(2)) process.ranges.erase(process.ranges.begin() + static_cast<std::ptrdiff_t>(which));
}

// ---------------------------------------------------------------- fences and control

void SystemLife::fence(Process& process) {
  const std::string bracket = fmt::format("[{}:kernel] fence ", process.name);
  const std::uint64_t asid = random_.below(1ULL << std::min(machine_.asid_bits, 3U));
  const std::uint64_t va = random_.one_in(3) ? edge(process) : address(process);
  switch (random_.below(6)) {
    case 0:
      return line("fence all", bracket + "all = any");
    case 1:
      return line("fence nonglobal", bracket + "all nonglobal = any");
    case 2:
      return line("fence asid", fmt::format("{}asid {} = any", bracket, asid));
    case 3:
      return line("fence va asid", fmt::format("{}va 0x{:x} asid {} = any", bracket, va, asid));
    case 4:
      return line("fence invlpg", fmt::format("{}invlpg 0x{:x} = any", bracket, va));
    default:
      return line("fence va", fmt::format("{}va 0x{:x} = any", bracket, va));
  }
}

void SystemLife::refused(Process& process) {
  const std::uint64_t value = random_.one_in(2) ? random_.next() : random_.below(16);
  const bool flat = world_.is_flat();
  switch (random_.below(4)) {
    case 0:
      return line("refused fence", fmt::format("[{}] fence all = refused", process.name));
    case 1:
      return line("refused cache operation", fmt::format("[{}] fence cleaninvalidate = refused", process.name));
    case 2:
      return line("refused control", fmt::format("[{}] ctl {} 0x{:x} = refused", process.name,
                                                 flat              ? "base"
                                                 : world_.is_x86() ? "cr3"
                                                                   : "satp",
                                                 value));
    default:
      break;
  }
  // By its value: a base that is wider than memory; a mode there is none of (R3); bits that must be clear (X19).
  if (flat)
    return line("refused value",
                fmt::format("[{}:kernel] ctl base 0x{:x} = refused", process.name, value | 1ULL << 60));
  if (world_.is_x86())
    return line("refused value", fmt::format("[{}:kernel] ctl cr3 0x{:x} = refused", process.name, 1ULL << 62));
  if (machine_.format.pte_bytes() == 8)
    return line("refused value",
                fmt::format("[{}:kernel] ctl satp 0x{:x} = refused", process.name, 7ULL << 60 | value >> 4));
}

// What the operating system can go on from: mode bits that are looked at for each access, and memory types.
void SystemLife::control(Process& process) {
  if (world_.is_flat()) return;
  Environment& env = world_.env;
  if (world_.is_x86() && random_.one_in(2)) {
    std::uint64_t pat = Context{}.pat;
    if (random_.one_in(2)) pat ^= 2ULL << (8 * random_.between(1, 7));  // another type, or one there is none of
    return line("control pat", fmt::format("[{}:kernel] ctl pat 0x{:x} = any", process.name, pat));
  }
  if (process.raw || (!world_.is_x86() && !machine_.format.hw_ad)) return;
  if (world_.is_x86()) {
    for (bool* bit : {&env.wp, &env.smep, &env.smap}) *bit = random_.one_in(3) != *bit;
    env.wp |= has_zero_page_;
  } else {
    env.adue = !env.adue;
  }
  Environment wanted = env;
  wanted.pg = world_.is_x86();
  line("control env", fmt::format("[{}:kernel] ctl env 0x{:x}", process.name, env_value(machine_, wanted)));
}

// ---------------------------------------------------------------- caches, host, arrays

// Nothing that the operating system counts on may be lost: lines are dropped without writing back only of frames that
// it does not know.
void SystemLife::cache_operation(Process& process) {
  const std::string bracket = fmt::format("[{}:kernel] fence ", process.name);
  const std::uint64_t frame = world_.frames()[random_.below(world_.frames().size())];
  const std::uint64_t offset = random_.below(machine_.format.page_size());
  const std::uint64_t at = (frame << machine_.format.page_bits) + offset;
  switch (random_.below(8)) {
    case 0:
      return line("sync", bracket + "sync");
    case 1:
      return line("clean", bracket + "clean");
    case 2:
    case 3:
      return line("clean line", fmt::format("{}clean 0x{:x}", bracket, at));
    case 4:
    case 5:
      return line("cleaninvalidate line", fmt::format("{}cleaninvalidate 0x{:x}", bracket, at));
    default:
      if (on_board_ || world_.raw_frames().empty()) return;
      return line("invalidate line", fmt::format("{}invalidate 0x{:x}", bracket,
                                                 (world_.raw_frames()[random_.below(world_.raw_frames().size())]
                                                  << machine_.format.page_bits) +
                                                     offset));
    case 6:
      return line("cleaninvalidate", bracket + "cleaninvalidate");
  }
}

void SystemLife::host() {
  const std::uint64_t unit = machine_.unit_bytes();
  const std::uint64_t frame = world_.frames()[random_.below(world_.frames().size())];
  const std::uint64_t page = machine_.format.page_size();
  const std::uint64_t size = std::min({std::uint64_t{1} << random_.below(4), unit, page});
  const std::uint64_t offset = random_.below(std::min<std::uint64_t>(page, 64)) / size * size;
  const std::uint64_t at = (frame << machine_.format.page_bits) + offset;
  if (random_.one_in(16) && world_.hole()) {
    return line("host hole", fmt::format("host L 0x{:x},1 = any",
                                         (*world_.hole() << machine_.format.page_bits) & low_mask(machine_.bus_bits)));
  }
  if (random_.one_in(2)) return line("host load", fmt::format("host L 0x{:x},{} = any", at, size));
  line("host store", fmt::format("host S 0x{:x},{} = 0x{:x} = any", at, size,
                                 random_.next() & low_mask(static_cast<unsigned>(8 * size))));
}

// Ways that software empties.
void SystemLife::tlb_way() {
  const bool data = machine_.dtlb.ways != 0;
  const TlbGeometry& tlb = data ? machine_.dtlb : machine_.itlb;
  if (tlb.ways == 0) return;
  std::string ways;
  for (std::uint64_t i = random_.between(1, tlb.ways); i > 0; --i) ways += ways.empty() ? " 0-" : ", 0-";
  line("tlb", fmt::format("tlb {} {}:{}", data ? "data" : "fetch", random_.below(tlb.sets), ways));
}

}  // namespace vm::fuzz
