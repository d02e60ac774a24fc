// SPDX-License-Identifier: Apache-2.0
//
// Programs: from ELF files to areas. Text and data are private mappings of the file, so that text is the frames of the
// page cache for all who run it; what lies behind the file's part of a segment is zero (bss). Nothing is read into
// memory here but headers.
//
// The dynamic-linking model. No code of a dynamic linker runs; execve itself maps what it would have mapped by the time
// the program starts: the interpreter that PT_INTERP names, the libraries that DT_NEEDED names, and those that these
// name, each once, breadth first. A file is found by the last component of its name, in the directory of all files.
// Relocations are not applied: data is as it is in the files.
#include "os/program_image.h"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>

#include "os/elf_image.h"
#include "os/initial_stack.h"
#include "os/state.h"

namespace vm {
namespace {

constexpr std::uint64_t kMostStringBytes = 128ULL << 10;  // of one argument (Linux: MAX_ARG_STRLEN)
constexpr std::uint64_t kMostArgumentBytes = 2ULL << 20;  // of all (Linux: a quarter of the stack's limit, 8 MiB)
constexpr std::uint64_t kMostStackAlignment = 16;         // of the stack pointer, in bytes

std::string_view last_component(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool is_too_long(const ExecRequest& request, std::uint64_t space) {
  std::uint64_t bytes = 0;
  for (const auto* strings : {&request.arguments, &request.environment}) {
    for (const std::string& one : *strings) {
      if (one.size() >= kMostStringBytes) return true;
      bytes += one.size() + 1 + sizeof(std::uint64_t);
    }
  }
  return bytes > std::min(kMostArgumentBytes, space / 4);
}

}  // namespace

// What the file holds at present, without bringing it into memory.
int Kernel::State::peek_file(const MemoryObject& object, std::uint64_t offset, std::span<std::uint8_t> bytes) {
  const std::uint64_t page_size = machine.format.page_size();
  while (!bytes.empty()) {
    const std::uint64_t in_page = offset % page_size;
    const std::span<std::uint8_t> piece = bytes.first(std::min<std::uint64_t>(bytes.size(), page_size - in_page));
    const auto page = object.pages.find(offset / page_size);
    if (page != object.pages.end() && page->second.frame) {
      if (!read_memory(address_of(*page->second.frame) + in_page, piece)) return -EIO;
    } else if (const int error = disk.read(object.file, offset, piece); error != 0) {
      return error;
    }
    offset += piece.size();
    bytes = bytes.subspan(piece.size());
  }
  return 0;
}

int Kernel::State::open_program(std::string_view name, std::shared_ptr<MemoryObject>& file) {
  if (device_object(name)) return -EACCES;
  const std::int64_t id = disk.open(name, {});
  if (id < 0) return id == -EISDIR ? -EACCES : static_cast<int>(id);
  file = cached(static_cast<FileId>(id));
  return 0;
}

int Kernel::State::read_program(const MemoryObject& file, ElfImage& image) {
  return read_elf(
      elf_target(machine), disk.size(file.file),
      [&](std::uint64_t offset, std::span<std::uint8_t> bytes) { return peek_file(file, offset, bytes); }, image);
}

int Kernel::State::add_segments(Process& space, const ElfImage& image, const std::shared_ptr<MemoryObject>& file,
                                std::uint64_t bias) const {
  const std::uint64_t mask = low_mask(machine.format.page_bits);
  for (const ElfSegment& segment : image.segments) {
    const std::uint64_t va = segment.va + bias;
    const std::uint64_t from = va & ~mask, to = (va + segment.bytes + mask) & ~mask;
    const std::uint64_t file_to = segment.file_bytes == 0 ? from : (va + segment.file_bytes + mask) & ~mask;
    if (from >= to || to > space_end(space)) return -ENOMEM;
    if (is_kernels(space, from, to) || !is_unused(space, from, to)) return -ENOMEM;
    if (file_to > from) {
      Area area{.from = from, .to = file_to, .rights = segment.rights, .object = file};
      area.object_at = from - (segment.offset & ~mask);
      if (segment.bytes > segment.file_bytes) area.object_bytes = segment.offset + segment.file_bytes;
      space.areas.insert(std::move(area));
    }
    if (to > file_to) space.areas.insert({.from = file_to, .to = to, .rights = segment.rights});
  }
  return 0;
}

// Where a position-independent file goes: 0 and what to add to its addresses, or -ENOMEM.
int Kernel::State::place_image(Process& space, const ElfImage& image, std::optional<std::uint64_t> wish,
                               std::uint64_t& bias) {
  const std::uint64_t page_size = machine.format.page_size();
  const std::uint64_t from = image.from(page_size), bytes = image.to(page_size) - from;
  const bool granted = wish && bytes <= space_end(space) - *wish && is_unused(space, *wish, *wish + bytes);
  const std::optional<std::uint64_t> place = granted ? wish : pick_place(space, bytes);
  if (!place) return -ENOMEM;
  bias = *place - from;
  return 0;
}

// A shared library, or the interpreter; `base` is the bias of its addresses (AT_BASE).
int Kernel::State::add_library(Process& space, const std::shared_ptr<MemoryObject>& file, ElfImage& image,
                               std::uint64_t& base) {
  if (const int error = read_program(*file, image); error != 0) return error == -ENOEXEC ? -ELIBBAD : error;
  if (!image.position_independent) return -ELIBBAD;
  const int error = place_image(space, image, std::nullopt, base);
  return error != 0 ? error : add_segments(space, image, file, base);
}

int Kernel::State::add_libraries(ProgramImage& plan, const ElfImage& program, std::uint64_t& interpreter_base) {
  std::set<FileId> mapped = {plan.file->file};
  std::deque<std::string> wanted(program.needed.begin(), program.needed.end());
  const auto add = [&](std::string_view name, int missing, std::uint64_t& base) {
    std::shared_ptr<MemoryObject> file;
    if (const int error = open_program(last_component(name), file); error != 0)
      return error == -ENOENT ? missing : error;
    if (!mapped.insert(file->file).second) return 0;
    ElfImage image;
    const int error = add_library(plan.space, file, image, base);
    wanted.insert(wanted.end(), image.needed.begin(), image.needed.end());
    return error;
  };
  if (!program.interpreter.empty()) {
    if (const int error = add(program.interpreter, -ENOENT, interpreter_base); error != 0) return error;
  }
  for (; !wanted.empty(); wanted.pop_front()) {
    std::uint64_t base = 0;
    const std::string name = wanted.front();
    if (const int error = add(name, -ELIBACC, base); error != 0) return error;
  }
  return 0;
}

int Kernel::State::plan_program(const Process& old, const ExecRequest& request, ProgramImage& plan) {
  const std::uint64_t page_size = machine.format.page_size();
  Process& space = plan.space;
  space.levels = old.levels;
  space.limit = old.limit;
  space.memory_limit = old.memory_limit;
  if (is_too_long(request, space_end(space))) return -E2BIG;
  if (const int error = open_program(request.file, plan.file); error != 0) return error;
  if (is_open_for_writing(*plan.file)) return -ETXTBSY;
  ElfImage image;
  if (const int error = read_program(*plan.file, image); error != 0) return error;

  for (const auto& [number, page] : old.pages) {
    if (is_kernels_own(page)) space.pages[number] = page;
  }
  for (const auto& [from, area] : old.areas.all()) {
    if (area.rights.kernel) space.areas.insert(area);
  }
  std::uint64_t bias = 0;
  // Linux: two thirds up the address space, so that heap and mappings have room on either side.
  const std::uint64_t wish = space_end(space) / 3 * 2 / page_size * page_size;
  if (image.position_independent) {
    if (const int error = place_image(space, image, wish, bias); error != 0) return error;
  }
  if (const int error = add_segments(space, image, plan.file, bias); error != 0) return error;
  plan.entry = image.entry + bias;
  if (plan.entry >= space_end(space)) return -ENOEXEC;
  space.heap = space.heap_end = image.to(page_size) + bias;

  StackContent content{.word_bytes = elf_target(machine).word_bytes(),
                       .alignment = static_cast<unsigned>(std::min(kMostStackAlignment, page_size)),
                       .arguments = request.arguments,
                       .environment = request.environment,
                       .program = request.file,
                       .auxiliary = {{AT_PAGESZ, page_size},
                                     {AT_PHDR, image.header_va == 0 ? 0 : image.header_va + bias},
                                     {AT_PHENT, image.header_bytes},
                                     {AT_PHNUM, image.headers},
                                     {AT_BASE, 0},
                                     {AT_FLAGS, 0},
                                     {AT_ENTRY, plan.entry},
                                     {AT_UID, 0},
                                     {AT_EUID, 0},
                                     {AT_GID, 0},
                                     {AT_EGID, 0},
                                     {AT_SECURE, 0}}};
  // As Linux: whoever looks at argv[0] finds something.
  if (content.arguments.empty()) content.arguments.emplace_back();
  const std::uint64_t bytes = (initial_stack(content, 0).size() + page_size - 1) / page_size * page_size;
  const std::optional<std::uint64_t> place = pick_place(space, bytes);
  if (!place) return -ENOMEM;
  plan.stack_rights.exec = image.executable_stack;
  space.areas.insert({.from = *place, .to = *place + bytes, .rights = plan.stack_rights, .grows_down = true});

  std::uint64_t interpreter_base = 0;
  if (const int error = add_libraries(plan, image, interpreter_base); error != 0) return error;
  std::find_if(content.auxiliary.begin(), content.auxiliary.end(), [](const auto& entry) {
    return entry.first == AT_BASE;
  })->second = interpreter_base;
  const std::vector<std::uint8_t> stack = initial_stack(content, *place + bytes);
  plan.stack_from = *place;
  plan.stack_pointer = *place + bytes - stack.size();
  plan.stack.assign(bytes - stack.size(), 0);
  plan.stack.insert(plan.stack.end(), stack.begin(), stack.end());
  return may_grow(space, 0) ? 0 : -ENOMEM;
}

}  // namespace vm
