// SPDX-License-Identifier: Apache-2.0
//
// Files and devices in a random trace: opened, mapped private and shared, read, written, written back.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/system_life.h"

namespace vm::fuzz {
namespace {

constexpr unsigned kFirstDescriptor = 8, kDescriptors = 4;  // registers

}  // namespace

void SystemLife::files() {
  if (!world_.has_files()) return;
  const std::uint64_t page = machine_.format.page_size();
  for (const char* name : {"f0", "f1"}) {
    line("file", fmt::format("file \"{}\": random {}", name, 1 + random_.below(3 * page)));
    names_.emplace_back(name);
  }
  if (!world_.has_device()) return;
  const std::uint64_t samples = 1 + random_.below(page);
  line("device", random_.one_in(2) ? fmt::format("device \"d\" sound 8000 {}", samples) : "device \"d\" console 40x4");
  names_.emplace_back("d");
}

void SystemLife::file_call(Process& process) {
  if (process.raw || names_.empty() || world_.window_pages() == 0) return;
  if (process.opened.empty() || random_.one_in(6)) return open(process);
  const std::uint64_t dice = random_.below(10);
  if (dice < 4) return map_file(process);
  if (dice < 7) return transfer(process);
  if (dice < 9) return write_back(process);
  line("close", fmt::format("[{}] close({}) = any", process.name, descriptor(process)));
  if (process.opened.size() > 1 && random_.one_in(2)) process.opened.pop_back();
}

std::string SystemLife::descriptor(const Process& process) {
  if (process.opened.empty() || random_.one_in(20)) return fmt::format("{}", random_.below(5));
  return fmt::format("r{}", process.opened[random_.below(process.opened.size())]);
}

void SystemLife::open(Process& process) {
  constexpr std::string_view kModes[] = {"O_RDWR",   "O_RDWR",          "O_RDONLY",
                                         "O_WRONLY", "O_RDWR|O_APPEND", "O_RDWR|O_CREAT"};
  const auto reg = kFirstDescriptor + static_cast<unsigned>(random_.below(kDescriptors));
  const std::string name = random_.one_in(12) ? "f2" : names_[random_.below(names_.size())];
  line("open", fmt::format("[{}] r{} = open(\"{}\", {}) = any", process.name, reg, name,
                           kModes[random_.below(std::size(kModes))]));
  if (std::find(process.opened.begin(), process.opened.end(), reg) == process.opened.end())
    process.opened.push_back(reg);
}

void SystemLife::map_file(Process& process) {
  const std::uint64_t page = machine_.format.page_size();
  const auto [vpn, pages] = call_range(process);
  const std::uint64_t at = world_.address_of(vpn, process.levels);
  const bool shared = random_.one_in(2), fixed = !random_.one_in(4);
  line(shared ? "mmap file shared" : "mmap file private",
       fmt::format("[{}] mmap(0x{:x}, {}, {}, {}{}, {}, {}) = any", process.name, at, pages * page, protection(),
                   shared ? "MAP_SHARED" : "MAP_PRIVATE", fixed ? "|MAP_FIXED" : "", descriptor(process),
                   random_.one_in(3) ? page : 0));
  if (fixed) process.ranges.push_back({vpn, pages});
}

void SystemLife::transfer(Process& process) {
  const std::uint64_t page = machine_.format.page_size();
  const std::uint64_t at = address(process);
  const std::uint64_t bytes =
      random_.one_in(12) ? random_.below(2 * std::min<std::uint64_t>(page, 1024)) : random_.below(40);
  const std::string fd = descriptor(process);
  switch (random_.below(7)) {
    case 0:
    case 1:
      return line("read", fmt::format("[{}] read({}, 0x{:x}, {}) = any", process.name, fd, at, bytes));
    case 2:
    case 3:
      return line("write", fmt::format("[{}] write({}, 0x{:x}, {}) = any", process.name, fd, at, bytes));
    default:
      return line("fstat", fmt::format("[{}] fstat({}, 0x{:x}) = any", process.name, fd, at));
  }
}

void SystemLife::write_back(Process& process) {
  switch (random_.below(4)) {
    case 0:
    case 1: {
      constexpr std::string_view kFlags[] = {"MS_SYNC", "MS_ASYNC", "MS_SYNC|MS_INVALIDATE"};
      const auto [vpn, pages] = call_range(process);
      return line("msync",
                  fmt::format("[{}] msync(0x{:x}, {}, {}) = any", process.name, world_.address_of(vpn, process.levels),
                              pages * machine_.format.page_size(), kFlags[random_.below(std::size(kFlags))]));
    }
    case 2:
      return line("fsync", fmt::format("[{}] fsync({}) = any", process.name, descriptor(process)));
    default:
      return line("sync files", fmt::format("[{}] sync() = any", process.name));
  }
}

}  // namespace vm::fuzz
