// SPDX-License-Identifier: Apache-2.0
#include "os/elf_image.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace vm {
namespace {

constexpr std::uint64_t kMostHeaderBytes = 65536;        // of all program headers (Linux: the same)
constexpr std::uint64_t kHeadersLieBelow = 1ULL << 20;   // so that no file makes us read more of it
constexpr std::uint64_t kMostDynamicBytes = 1ULL << 16;  // of the dynamic section
constexpr std::uint64_t kMostNameBytes = 4096;           // with the zero (Linux: PATH_MAX)
constexpr std::size_t kMostNeeded = 256;                 // libraries that one file names
constexpr std::size_t kIdentBytes = 16;

using Bytes = std::vector<std::uint8_t>;

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfEnd>;

class Reader {
 public:
  Reader(const ElfTarget& target, std::uint64_t file_bytes, ReadBytes read, ElfImage& image)
      : target_(target), file_bytes_(file_bytes), read_(read), image_(image) {}

  int all();

 private:
  int bytes(std::uint64_t offset, std::uint64_t count, Bytes& found) const;
  int handle(std::uint64_t count, Bytes& prefix, ElfHandle& elf) const;
  bool is_for_target(const GElf_Ehdr& header) const;
  int headers(Elf* elf, const GElf_Ehdr& header);
  bool segment(const GElf_Phdr& header);
  int interpreter(const GElf_Phdr& header);
  int dynamic(Elf* elf, const GElf_Phdr& header);
  int name(std::uint64_t offset, std::uint64_t most, std::string& found) const;
  std::optional<std::uint64_t> offset_of(std::uint64_t va) const;  // in the file

  const ElfTarget& target_;
  std::uint64_t file_bytes_;
  ReadBytes read_;
  ElfImage& image_;
};

int Reader::bytes(std::uint64_t offset, std::uint64_t count, Bytes& found) const {
  if (count > file_bytes_ || offset > file_bytes_ - count) return -ENOEXEC;
  found.resize(count);
  return read_(offset, found);
}

// libelf on the first bytes of the file, which must outlive the handle.
int Reader::handle(std::uint64_t count, Bytes& prefix, ElfHandle& elf) const {
  if (const int error = bytes(0, count, prefix); error != 0) return error;
  elf_version(EV_CURRENT);
  elf.reset(elf_memory(reinterpret_cast<char*>(prefix.data()), prefix.size()));
  return elf && elf_kind(elf.get()) == ELF_K_ELF ? 0 : -ENOEXEC;
}

bool Reader::is_for_target(const GElf_Ehdr& header) const {
  return header.e_ident[EI_CLASS] == (target_.is_64_bit ? ELFCLASS64 : ELFCLASS32) &&
         header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == target_.machine &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

int Reader::all() {
  Bytes prefix;
  ElfHandle elf;
  const std::uint64_t first = std::min<std::uint64_t>(file_bytes_, sizeof(Elf64_Ehdr));
  if (first < kIdentBytes) return -ENOEXEC;
  if (const int error = handle(first, prefix, elf); error != 0) return error;
  GElf_Ehdr header;
  if (gelf_getehdr(elf.get(), &header) == nullptr || !is_for_target(header)) return -ENOEXEC;
  const std::uint64_t size = gelf_fsize(elf.get(), ELF_T_PHDR, 1, EV_CURRENT);
  const std::uint64_t all = size * header.e_phnum;
  if (header.e_phentsize != size || all == 0 || all > kMostHeaderBytes) return -ENOEXEC;
  if (header.e_phoff > kHeadersLieBelow) return -ENOEXEC;
  elf.reset();
  const int error = handle(std::max(first, header.e_phoff + all), prefix, elf);
  return error != 0 ? error : headers(elf.get(), header);
}

int Reader::headers(Elf* elf, const GElf_Ehdr& header) {
  image_.position_independent = header.e_type == ET_DYN;
  image_.entry = header.e_entry;
  image_.header_bytes = header.e_phentsize;
  image_.headers = header.e_phnum;
  std::optional<GElf_Phdr> linked;
  for (int i = 0; i < header.e_phnum; ++i) {
    GElf_Phdr program;
    if (gelf_getphdr(elf, i, &program) == nullptr) return -ENOEXEC;
    if (program.p_type == PT_LOAD && program.p_memsz != 0 && !segment(program)) return -ENOEXEC;
    if (program.p_type == PT_GNU_STACK) image_.executable_stack = (program.p_flags & PF_X) != 0;
    if (program.p_type == PT_DYNAMIC) linked = program;
    if (program.p_type != PT_INTERP || !image_.interpreter.empty()) continue;  // of several the first counts
    if (const int error = interpreter(program); error != 0) return error;
  }
  if (image_.segments.empty()) return -ENOEXEC;
  for (const ElfSegment& s : image_.segments) {
    if (header.e_phoff >= s.offset && header.e_phoff - s.offset < s.file_bytes) {
      image_.header_va = s.va + (header.e_phoff - s.offset);
    }
  }
  return linked ? dynamic(elf, *linked) : 0;
}

bool Reader::segment(const GElf_Phdr& header) {
  const std::uint64_t page = target_.page_size;
  if (header.p_filesz > header.p_memsz || header.p_filesz > file_bytes_) return false;
  if (header.p_offset > file_bytes_ - header.p_filesz) return false;
  if ((header.p_offset - header.p_vaddr) % page != 0) return false;
  // The last page must not end the address space either: its end would be 0.
  const std::uint64_t room = target_.is_64_bit ? ~0ULL - page : low_mask(32) + 1 - page;
  if (header.p_vaddr > room || header.p_memsz > room - header.p_vaddr) return false;
  if (!image_.segments.empty() && header.p_vaddr / page * page < image_.to(page)) return false;
  image_.segments.push_back({.va = header.p_vaddr,
                             .bytes = header.p_memsz,
                             .offset = header.p_offset,
                             .file_bytes = header.p_filesz,
                             .rights = {.read = (header.p_flags & PF_R) != 0,
                                        .write = (header.p_flags & PF_W) != 0,
                                        .exec = (header.p_flags & PF_X) != 0,
                                        .kernel = false}});
  return true;
}

int Reader::interpreter(const GElf_Phdr& header) {
  if (header.p_filesz < 2 || header.p_filesz > kMostNameBytes) return -ENOEXEC;
  Bytes text;
  if (const int error = bytes(header.p_offset, header.p_filesz, text); error != 0) return error;
  if (text.back() != 0) return -ENOEXEC;
  image_.interpreter.assign(reinterpret_cast<const char*>(text.data()));
  return image_.interpreter.empty() ? -ENOEXEC : 0;
}

// Tag and value of each entry up to DT_NULL.
template <class Dyn>
std::vector<std::pair<std::int64_t, std::uint64_t>> dynamic_entries(std::span<const std::uint8_t> bytes) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> entries;
  for (; bytes.size() >= sizeof(Dyn); bytes = bytes.subspan(sizeof(Dyn))) {
    Dyn entry;
    std::memcpy(&entry, bytes.data(), sizeof entry);
    if (entry.d_tag == DT_NULL) break;
    entries.emplace_back(entry.d_tag, entry.d_un.d_val);
  }
  return entries;
}

int Reader::dynamic(Elf* elf, const GElf_Phdr& header) {
  if (header.p_filesz > kMostDynamicBytes) return -ENOEXEC;
  const std::size_t size = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
  Bytes section;
  if (const int error = bytes(header.p_offset, header.p_filesz / size * size, section); error != 0) return error;
  if (section.empty()) return 0;
  // From the byte order of the file to the host's, in place.
  Elf_Data data{};
  data.d_buf = section.data();
  data.d_type = ELF_T_DYN;
  data.d_version = EV_CURRENT;
  data.d_size = section.size();
  if (gelf_xlatetom(elf, &data, &data, ELFDATA2LSB) == nullptr) return -ENOEXEC;
  std::uint64_t strings = 0, strings_bytes = 0;
  std::vector<std::uint64_t> names;
  for (const auto& [tag, value] :
       target_.is_64_bit ? dynamic_entries<Elf64_Dyn>(section) : dynamic_entries<Elf32_Dyn>(section)) {
    if (tag == DT_STRTAB) strings = value;
    if (tag == DT_STRSZ) strings_bytes = value;
    if (tag == DT_NEEDED) names.push_back(value);
  }
  if (names.empty()) return 0;
  if (names.size() > kMostNeeded) return -ENOEXEC;
  const std::optional<std::uint64_t> table = offset_of(strings);
  if (!table || strings_bytes > file_bytes_ || *table > file_bytes_ - strings_bytes) return -ENOEXEC;
  for (const std::uint64_t at : names) {
    if (at >= strings_bytes) return -ENOEXEC;
    std::string found;
    if (const int error = name(*table + at, strings_bytes - at, found); error != 0) return error;
    image_.needed.push_back(std::move(found));
  }
  return 0;
}

// Up to its zero, which must be among so many bytes.
int Reader::name(std::uint64_t offset, std::uint64_t most, std::string& found) const {
  Bytes text;
  if (const int error = bytes(offset, std::min(most, kMostNameBytes), text); error != 0) return error;
  const auto end = std::find(text.begin(), text.end(), std::uint8_t{0});
  if (end == text.begin() || end == text.end()) return -ENOEXEC;
  found.assign(text.begin(), end);
  return 0;
}

std::optional<std::uint64_t> Reader::offset_of(std::uint64_t va) const {
  for (const ElfSegment& segment : image_.segments) {
    if (va >= segment.va && va - segment.va < segment.file_bytes) return segment.offset + (va - segment.va);
  }
  return std::nullopt;
}

}  // namespace

ElfTarget elf_target(const Machine& machine) {
  const bool is_64_bit = machine.va_bits > 32;
  std::uint16_t number = EM_NONE;
  if (machine.format.kind == PteKind::Riscv) number = EM_RISCV;
  if (machine.format.kind == PteKind::X86) number = is_64_bit ? EM_X86_64 : EM_386;
  return {.is_64_bit = is_64_bit, .machine = number, .page_size = machine.format.page_size()};
}

std::uint64_t ElfImage::from(std::uint64_t page_size) const { return segments.front().va / page_size * page_size; }

std::uint64_t ElfImage::to(std::uint64_t page_size) const {
  const ElfSegment& last = segments.back();
  return (last.va + last.bytes + (page_size - 1)) / page_size * page_size;
}

int read_elf(const ElfTarget& target, std::uint64_t file_bytes, ReadBytes read, ElfImage& image) {
  image = {};
  return Reader(target, file_bytes, read, image).all();
}

}  // namespace vm
