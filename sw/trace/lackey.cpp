// SPDX-License-Identifier: Apache-2.0
#include "trace/lackey.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>

#include "machine/error.h"
#include "machine/machine.h"

namespace vm::trace {
namespace {

struct Access {
  char letter = 'L';
  std::uint64_t va = 0, size = 0;
};

bool is_valgrinds(std::string_view line) { return line.empty() || line.starts_with("==") || line.starts_with("--"); }

// "I  04016930,3", " S 1ffefff0f8,8": the address is hexadecimal.
std::optional<Access> access_in(std::string_view line) {
  if (line.size() < 5) return std::nullopt;
  Access access;
  access.letter = line[0] == ' ' ? line[1] : line[0];
  if (std::string_view("ILSM").find(access.letter) == std::string_view::npos) return std::nullopt;
  if ((line[0] != ' ' && line[0] != 'I') || line[2] != ' ') return std::nullopt;
  constexpr std::size_t kAddress = 3;
  constexpr int kHexadecimal = 16;
  const char* const end = line.data() + line.size();
  const auto address = std::from_chars(line.data() + kAddress, end, access.va, kHexadecimal);
  if (address.ec != std::errc() || address.ptr == end || *address.ptr != ',') return std::nullopt;
  const auto size = std::from_chars(address.ptr + 1, end, access.size);
  if (size.ec != std::errc() || size.ptr != end || access.size == 0) return std::nullopt;
  return access;
}

}  // namespace

bool is_lackey_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    if (!is_valgrinds(line)) return access_in(line).has_value();
  }
  return false;
}

std::string lackey_trace(const std::filesystem::path& file, const std::string& machine_name) {
  const Machine* machine = find_machine(machine_name);
  if (machine == nullptr) throw InputError(fmt::format("found machine '{}', expected a known machine", machine_name));
  const unsigned page_bits = machine->format.page_bits;
  std::ifstream in(file);
  std::set<std::uint64_t> pages;
  std::string line, steps;
  for (unsigned number = 1; std::getline(in, line); ++number) {
    if (is_valgrinds(line)) continue;
    const std::optional<Access> access = access_in(line);
    const bool fits = access && machine->va_is_legal(VirtAddr(access->va + access->size - 1), machine->format.levels);
    if (!fits) {
      throw InputError(
          fmt::format("{}:{}:1: found '{}', expected an access as lackey prints it, in the address space of "
                      "machine {}",
                      file.string(), number, line, machine_name));
    }
    for (std::uint64_t page = access->va >> page_bits; page <= (access->va + access->size - 1) >> page_bits; ++page)
      pages.insert(page);
    steps += fmt::format("[A] {} 0x{:x},{}\n", access->letter, access->va, access->size);
  }
  // Tables take no more frames than this.
  const std::uint64_t frames = 2 * pages.size() + 8ULL * machine->format.levels;
  const std::uint64_t first = (machine->regions.front().base.value >> page_bits) + 1;
  std::string text = fmt::format("machine {}\ntitle {}\nfree 0x{:x}..0x{:x}\nswap {}\nprocess A\n", machine_name,
                                 file.filename().string(), first, first + frames - 1, pages.size());
  for (auto at = pages.begin(); at != pages.end();) {
    const std::uint64_t from = *at;
    std::uint64_t to = from;
    while (at != pages.end() && *at == to) {
      ++to;
      ++at;
    }
    text += fmt::format("area A 0x{:x}..0x{:x} rwx\n", from << page_bits, to << page_bits);
  }
  return text + steps;
}

}  // namespace vm::trace
