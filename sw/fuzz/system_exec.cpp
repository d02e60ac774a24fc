// SPDX-License-Identifier: Apache-2.0
//
// Programs on the disk of a random trace, and processes that run them: one alone, one with a library, one that somebody
// tampered with.
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/elf_writer.h"
#include "fuzz/system_life.h"

namespace vm::fuzz {

void SystemLife::file(std::string_view name, const std::vector<std::uint8_t>& content) {
  text_ += fmt::format("file \"{}\":", name);
  for (const std::uint8_t byte : content) text_ += fmt::format(" {:02X}", byte);
  text_ += '\n';
}

std::vector<std::uint8_t> SystemLife::some_bytes(std::uint64_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.next());
  return bytes;
}

// Text and data lie where other steps map pages, too.
void SystemLife::programs() {
  if (!world_.has_files()) return;
  const std::uint64_t page = machine_.format.page_size();
  const auto data_behind = [&](ElfDraft& draft) {
    const std::uint64_t end = first_byte(draft) + draft.segments.front().bytes.size();
    const std::uint64_t va =
        (end / page + 1 + random_.below(2)) * page + random_.below(std::min<std::uint64_t>(page, 64));
    draft.segments.push_back({.va = va,
                              .rights = {.read = true, .write = true, .exec = random_.one_in(4), .kernel = false},
                              .bytes = some_bytes(random_.between(1, 40)),
                              .zeros = random_.below(2 * page)});
  };
  ElfDraft draft{.target = elf_target(machine_), .segments = {}};
  program_page_ = world_.window_first() + random_.below(std::max<std::uint64_t>(world_.window_pages(), 1));
  draft.segments.push_back({.va = world_.address_of(program_page_, world_.min_levels()),
                            .rights = {.read = true, .write = random_.one_in(4), .exec = true, .kernel = false},
                            .bytes = some_bytes(random_.between(1, 60))});
  data_behind(draft);
  file("prog", write_elf(draft));
  std::vector<std::uint8_t> hostile = write_elf(draft);
  const std::uint64_t front = first_byte(draft) - draft.segments.front().va;
  for (std::uint64_t i = random_.between(1, 3); i > 0; --i) {
    hostile[random_.below(front)] = static_cast<std::uint8_t>(random_.one_in(3) ? 0xFF : random_.next());
  }
  file("hostile", hostile);

  ElfDraft library{.target = draft.target, .position_independent = true, .segments = {}};
  library.segments.push_back(
      {.rights = {.read = true, .write = false, .exec = true, .kernel = false}, .bytes = some_bytes(20)});
  data_behind(library);
  file("lib", write_elf(library));
  ElfDraft linked = draft;
  linked.needed = {"lib"};
  linked.segments.pop_back();
  data_behind(linked);
  file("linked", write_elf(linked));
}

void SystemLife::execve(Process& process) {
  if (process.raw || !world_.has_files()) return;
  const std::uint64_t dice = random_.below(8);
  const std::string_view name = dice < 4 ? "prog" : dice < 6 ? "linked" : "hostile";
  const std::string_view arguments = random_.one_in(2) ? "[\"x\"]" : "[\"x\", \"-l\"], [\"HOME=/\"]";
  line(fmt::format("execve {}", name), fmt::format("[{}] execve(\"{}\", {}) = any", process.name, name, arguments));
  // Of the old image a little is asked for yet.
  if (process.ranges.size() > 3) process.ranges.erase(process.ranges.begin(), process.ranges.end() - 3);
  process.ranges.push_back({program_page_, 4});
  process.ranges.push_back({program_page_, 1});
}

}  // namespace vm::fuzz
