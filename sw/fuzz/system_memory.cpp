// SPDX-License-Identifier: Apache-2.0
//
// Memory that is short or shared in a random trace: policies, a swap file, limits, ranges that grow and move, pages
// that are given up, and address spaces that are lent to a child.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_life.h"
#include "machine/pte.h"
#include "os/replacement.h"

namespace vm::fuzz {

void SystemLife::policy() {
  // A supervisor whom read-only pages do not bind would store to the page of all (X27).
  if (world_.has_files() && (!world_.is_x86() || world_.env.wp) && random_.one_in(2)) {
    line("zeropage", "zeropage");
    has_zero_page_ = true;
  }
  if (has_large_pages(machine_) && random_.one_in(2)) line("largepages", "largepages");
  if (!world_.is_flat() && !random_.one_in(3)) line("sharetables", "sharetables");
  if (random_.one_in(4)) line("overcommit", "overcommit off");
  if (!world_.is_pressed() && (world_.is_tight() || random_.one_in(3))) line("oom kill", "oom kill");
  replacement();
  const std::uint64_t most = most_slots(machine_.format);
  if (world_.is_pressed()) {
    constexpr std::uint64_t kSlots = 400;
    has_swap_ = true;
    return line("swap", fmt::format("swap {}", std::min(most, kSlots)));
  }
  if (most == 0 || random_.one_in(world_.is_tight() ? 2 : 3)) return;
  has_swap_ = true;
  const std::uint64_t slots = 1 + random_.below(std::min<std::uint64_t>(most, 40));
  const auto defect = [&](std::string_view what) {
    if (!random_.one_in(3)) return std::string();
    const std::uint64_t first = 1 + random_.below(slots);
    note(what);
    return fmt::format(" {} {}..{}", what, first, random_.between(first, slots));
  };
  const std::string unwritable = defect("unwritable");
  line("swap", fmt::format("swap {}{}{}", slots, unwritable, defect("unreadable")));
}

void SystemLife::replacement() {
  if (random_.one_in(3)) return;
  // Windows more often, as there is most to it.
  const std::string_view name = random_.one_in(3) ? to_string(ReplacementKind::Windows)
                                                  : kReplacementNames[random_.below(kReplacementNames.size())];
  const bool has_lists = name == to_string(ReplacementKind::Linux);
  std::string text = fmt::format("replacement {}", name);
  if (!on_board_ && random_.one_in(4)) text += " unfenced";
  if (random_.one_in(2)) text += fmt::format(" disk={}", random_.between(1, 60));
  if (random_.one_in(2)) {
    // A few, or so many that the daemon is always at work.
    const std::uint64_t all = world_.free_count();
    const std::uint64_t low = random_.one_in(2) ? random_.between(1, 6) : all - random_.below(all / 4 + 1);
    text += fmt::format(" low={} high={}", low, low + random_.below(6));
  }
  if (has_lists && random_.one_in(2))
    text += fmt::format(" zone=0x{:x}", world_.free_first() + world_.free_count() / 2);
  if (has_lists && random_.one_in(2)) text += fmt::format(" swappiness={}", random_.below(201));
  if (name == to_string(ReplacementKind::Windows)) text += working_sets();
  line("replacement", text);
}

std::string SystemLife::working_sets() {
  has_working_sets_ = true;
  note("working sets");
  const std::uint64_t minimum = random_.below(5);
  std::string text = fmt::format(" minimum={}", minimum);
  if (random_.one_in(2)) text += fmt::format(" maximum={}", minimum + random_.between(2, 12));
  if (!random_.one_in(3)) text += fmt::format(" second={}", random_.between(1, 12));
  if (random_.one_in(2)) text += fmt::format(" modified={}", random_.below(6));
  if (random_.one_in(2)) text += fmt::format(" zeroed={}", random_.between(1, 4));
  return text;
}

// A frame fails, or what changes in a file must stay in memory for a while.
void SystemLife::trouble(Process& /*process*/) {
  if (!has_working_sets_) return;
  if (names_.empty() || random_.one_in(3)) {
    const std::uint64_t frame = world_.free_first() + random_.below(world_.free_count());
    return line("bad frame", fmt::format("bad 0x{:x} = any", frame));
  }
  line("hold", fmt::format("hold \"{}\" {}", random_.one_in(2) ? "f0" : "f1", random_.one_in(2) ? "on" : "off"));
}

void SystemLife::limits(Process& process) {
  if (process.raw) return;
  std::string text = fmt::format("rlimit {}", process.name);
  const bool resident = !random_.one_in(3);
  if (resident) text += fmt::format(" resident={}", random_.between(2, 12));
  if (!resident || random_.one_in(3)) text += fmt::format(" memory={}", random_.between(4, 60));
  line("rlimit", text);
}

void SystemLife::page_out(Process& process) {
  if (process.raw || !has_swap_) return;
  const std::uint64_t count = random_.between(1, 4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t vpn = machine_.vpn_of(VirtAddr(address(process))).value;
    line("swapout", fmt::format("swapout {} 0x{:x} = any", process.name, vpn));
  }
}

// Ranges that move, grow, shrink, or give up what they hold.
void SystemLife::remap(Process& process) {
  if (process.raw || world_.window_pages() == 0) return;
  const std::uint64_t page = machine_.format.page_size();
  const auto [vpn, pages] = call_range(process);
  const std::uint64_t at = world_.address_of(vpn, process.levels);
  const std::uint64_t dice = random_.below(8);
  if (dice < 4) {
    const std::uint64_t more = random_.between(1, 5);
    const bool fixed = random_.one_in(3);
    const std::uint64_t to = world_.window_first() + random_.below(world_.window_pages());
    line("mremap",
         fmt::format("[{}] mremap(0x{:x}, {}, {}, {}) = any", process.name, at, random_.one_in(12) ? 0 : pages * page,
                     more * page,
                     fixed ? fmt::format("MREMAP_MAYMOVE|MREMAP_FIXED, 0x{:x}", world_.address_of(to, process.levels))
                           : std::string(random_.one_in(4) ? "0" : "MREMAP_MAYMOVE")));
    if (fixed) process.ranges.push_back({to, more});
  } else if (dice < 6) {
    line("madvise", fmt::format("[{}] madvise(0x{:x}, {}, MADV_DONTNEED) = any", process.name, at, pages * page));
  } else if (process.heap != 0) {
    line("brk", fmt::format("[{}] brk(0x{:x}) = any", process.name, process.heap + random_.below(6 * page)));
  }
}

// More memory than there may be left: a page for each page of the window.
void SystemLife::touch_all(Process& process) {
  if (process.raw || world_.window_pages() == 0) return;
  const std::uint64_t page = machine_.format.page_size();
  const auto at = [&](std::uint64_t i) { return world_.address_of(world_.window_first() + i, process.levels); };
  line("mmap private", fmt::format("[{}] mmap(0x{:x}, {}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
                                   "-1, 0) = any",
                                   process.name, at(0), world_.window_pages() * page));
  for (std::uint64_t i = 0; i < world_.window_pages(); ++i) {
    line("store", fmt::format("[{}] S 0x{:x},1 = {} = any", process.name, at(i), i));
  }
}

// The parent waits until its child is done; others may run.
void SystemLife::borrow(Process& process) {
  if (process.raw) return;
  Process child = process;
  child.name = fmt::format("P{}", born_++);
  line("vfork", fmt::format("[{}] vfork() = {} any", process.name, child.name));
  const std::uint64_t steps = random_.between(1, 10);
  for (std::uint64_t i = 0; i < steps; ++i) {
    const std::uint64_t dice = random_.below(10);
    if (dice < 6) {
      access(child);
    } else if (dice < 8) {
      system_call(child);
    } else if (Process& other = alive_[random_.below(alive_.size())]; other.name != process.name) {
      access(other);
    }
  }
  process.ranges = child.ranges;
  if (random_.one_in(3)) {
    execve(child);
    access(child);
  }
  line("borrower exit", fmt::format("[{}] exit(0)", child.name));
}

}  // namespace vm::fuzz
