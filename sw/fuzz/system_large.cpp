// SPDX-License-Identifier: Apache-2.0
//
// Pages that become large and small again, page tables that several processes have, and several processes in one
// address space, in a random trace.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_life.h"
#include "os/rights.h"

namespace vm::fuzz {
namespace {

constexpr std::uint64_t kRun = 16;  // pages of the smallest large page that the window has room for

}  // namespace

void SystemLife::large_page(Process& process) {
  if (process.raw || !has_large_pages(machine_)) return;
  if (can_fill_run(machine_) && random_.one_in(2)) return fill_run(process);
  if (random_.one_in(2)) return split_and_promote(process);
  // Whatever lies there.
  const std::vector<PageSize>& sizes = world_.sizes();
  const PageSize& size = sizes[random_.below(sizes.size())];
  if (size.count == 1) return;
  const std::uint64_t vpn = machine_.vpn_of(VirtAddr(address(process))).value;
  line("promote", fmt::format("promote {} 0x{:x} {} = any", process.name, vpn, size.name));
}

// A run is touched from its first page to its last, and made one page.
void SystemLife::fill_run(Process& process) {
  const std::uint64_t first = (world_.window_first() + kRun - 1) / kRun * kRun;
  if (first + kRun > world_.window_first() + world_.window_pages()) return;
  const std::uint64_t at = world_.address_of(first, process.levels);
  const std::uint64_t page = machine_.format.page_size();
  line("mmap private", fmt::format("[{}] mmap(0x{:x}, {}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
                                   "-1, 0) = any",
                                   process.name, at, kRun * page));
  for (std::uint64_t i = 0; i < kRun; ++i) {
    line("fill run", fmt::format("[{}] S 0x{:x},1 = {} = any", process.name, at + i * page, i + 1));
  }
  // Some of them may come from the swap file, clean.
  for (std::uint64_t i = random_.below(3); has_swap_ && i > 0; --i) {
    const std::uint64_t which = random_.below(kRun);
    line("swapout", fmt::format("swapout {} 0x{:x} = any", process.name, first + which));
    text_ += fmt::format("[{}] L 0x{:x},1 = any\n", process.name, at + which * page);
  }
  line("promote",
       fmt::format("promote {} 0x{:x} {} = any", process.name, first, fmt::format("{}K", kRun * page / 1024)));
  process.ranges.push_back({first, kRun});
}

// A large page that the trace names is cut by a right taken from a part of it, given back, and made whole again.
void SystemLife::split_and_promote(Process& process) {
  const std::vector<PageSize>& sizes = world_.sizes();
  const PageSize& size = sizes[random_.below(sizes.size())];
  if (size.count == 1 || size.level >= process.levels || size.level > 1) return;
  const std::uint64_t vpn = world_.large_page(size, random_);
  if (kernel_ && vpn + size.count > kernel_->split) return;
  std::string granted = "rw";
  const Rights possible = possible_rights(machine_, {.read = true, .write = true, .exec = false});
  if (possible.exec || (world_.is_x86() && !world_.env.nxe)) granted += 'x';
  line(fmt::format("map {}", size.name), fmt::format("map {} 0x{:x} -> 0x{:x} {} {} = any", process.name, vpn,
                                                     world_.some_frame(size, random_), granted, size.name));
  const std::uint64_t at = world_.address_of(vpn, process.levels);
  const std::uint64_t part = at + random_.below(size.count) * machine_.format.page_size();
  if (random_.one_in(2)) text_ += fmt::format("[{}] S 0x{:x},4 = 7 = any\n", process.name, part);
  for (const std::string_view rights : {"PROT_READ", "PROT_READ|PROT_WRITE"}) {
    line("mprotect",
         fmt::format("[{}] mprotect(0x{:x}, {}, {}) = any", process.name, part, machine_.format.page_size(), rights));
  }
  line("promote", fmt::format("promote {} 0x{:x} {} = any", process.name, vpn, size.name));
  process.ranges.push_back({vpn, size.count});
}

// All that a table reaches, of one shared object: the table can be that of relatives.
void SystemLife::share_reach(Process& process) {
  if (process.raw || world_.is_flat() || world_.window_pages() == 0) return;
  const std::uint64_t reach = 1ULL << machine_.format.index_bits.front();
  const std::uint64_t page = machine_.format.page_size();
  const std::uint64_t first = (world_.window_first() + reach - 1) / reach * reach;
  if (first >= world_.window_first() + world_.window_pages()) return;
  const std::uint64_t at = world_.address_of(first, process.levels);
  line("mmap reach", fmt::format("[{}] mmap(0x{:x}, {}, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, "
                                 "-1, 0) = any",
                                 process.name, at, reach * page));
  process.ranges.push_back({first, world_.window_first() + world_.window_pages() - first});
  const std::uint64_t pages = process.ranges.back().pages;
  const auto touch = [&](const std::string& name) {
    text_ += fmt::format("[{}] S 0x{:x},1 = 5 = any\n", name, at + random_.below(pages) * page);
  };
  touch(process.name);
  if (random_.one_in(3)) touch(process.name);
  const std::size_t before = alive_.size();
  const std::string parent = process.name;
  fork(process);  // may move what `process` refers to
  if (alive_.size() == before) return;
  const std::string child = alive_.back().name;
  for (const std::string& name : {child, parent, child}) touch(name);
}

// Both go on in one address space.
void SystemLife::thread(Process& process) {
  if (process.raw) return;
  Process other = process;
  other.name = fmt::format("P{}", born_++);
  line("thread", fmt::format("[{}] thread() = {} any", process.name, other.name));
  for (std::uint64_t i = random_.between(2, 8); i > 0; --i) {
    Process& who = random_.one_in(2) ? process : other;
    if (random_.one_in(4)) {
      system_call(who);
    } else {
      access(who);
    }
  }
  process.ranges.insert(process.ranges.end(), other.ranges.begin(), other.ranges.end());
  line("borrower exit", fmt::format("[{}] exit(0)", other.name));
}

}  // namespace vm::fuzz
