// SPDX-License-Identifier: Apache-2.0
#include "fuzz/elf_writer.h"

#include <elf.h>

#include <string_view>
#include <utility>

namespace vm::fuzz {
namespace {

class Writer {
 public:
  explicit Writer(const ElfDraft& draft) : draft_(draft), wide_(draft.target.is_64_bit) { lay_out(); }

  std::vector<std::uint8_t> write();
  std::uint64_t front_bytes() const { return front_; }

 private:
  void lay_out();
  void header();
  void program_headers();
  void program_header(std::uint32_t type, std::uint32_t flags, std::uint64_t offset, std::uint64_t va,
                      std::uint64_t file_bytes, std::uint64_t bytes, std::uint64_t alignment);
  void names();
  void dynamic();
  void put(std::uint64_t value, unsigned bytes);
  void word(std::uint64_t value) { put(value, wide_ ? 8 : 4); }

  const ElfDraft& draft_;
  bool wide_;
  unsigned headers_ = 0;
  // Offsets in the file.
  std::uint64_t interpreter_ = 0, strings_ = 0, strings_end_ = 0, dynamic_ = 0, front_ = 0;
  std::vector<std::uint64_t> segments_;
  std::vector<std::uint8_t> file_;
};

void Writer::put(std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) file_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void Writer::lay_out() {
  const std::uint64_t page = draft_.target.page_size;
  const bool is_linked = !draft_.needed.empty();
  headers_ = static_cast<unsigned>(draft_.segments.size()) + 1 + (draft_.interpreter.empty() ? 0U : 1U) +
             (is_linked ? 1U : 0U);
  std::uint64_t at =
      wide_ ? sizeof(Elf64_Ehdr) + headers_ * sizeof(Elf64_Phdr) : sizeof(Elf32_Ehdr) + headers_ * sizeof(Elf32_Phdr);
  interpreter_ = at;
  if (!draft_.interpreter.empty()) at += draft_.interpreter.size() + 1;
  strings_ = at;
  if (is_linked) ++at;  // the empty name
  for (const std::string& name : draft_.needed) at += name.size() + 1;
  strings_end_ = at;
  dynamic_ = (at + 7) & ~std::uint64_t{7};
  front_ = dynamic_ + (is_linked ? (draft_.needed.size() + 3) * (wide_ ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn)) : 0);
  std::uint64_t end = 0;
  for (const ElfDraft::Segment& segment : draft_.segments) {
    const bool first = segments_.empty();
    segments_.push_back(first ? 0 : end + (segment.va - end) % page);
    end = segments_.back() + (first ? front_ : 0) + segment.bytes.size();
  }
}

void Writer::header() {
  for (const char byte : std::string_view(ELFMAG)) put(static_cast<std::uint8_t>(byte), 1);
  put(wide_ ? ELFCLASS64 : ELFCLASS32, 1);
  put(ELFDATA2LSB, 1);
  put(EV_CURRENT, 1);
  file_.resize(EI_NIDENT);
  put(draft_.position_independent ? ET_DYN : ET_EXEC, 2);
  put(draft_.target.machine, 2);
  put(EV_CURRENT, 4);
  word(draft_.entry != 0 ? draft_.entry : draft_.segments.front().va + front_);
  word(wide_ ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
  word(0);    // no section headers
  put(0, 4);  // flags
  put(wide_ ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
  put(wide_ ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
  put(headers_, 2);
  for (int i = 0; i < 3; ++i) put(0, 2);  // of section headers
}

void Writer::program_header(std::uint32_t type, std::uint32_t flags, std::uint64_t offset, std::uint64_t va,
                            std::uint64_t file_bytes, std::uint64_t bytes, std::uint64_t alignment) {
  put(type, 4);
  if (wide_) put(flags, 4);
  word(offset);
  word(va);
  word(va);
  word(file_bytes);
  word(bytes);
  if (!wide_) put(flags, 4);
  word(alignment);
}

void Writer::program_headers() {
  const std::uint64_t base = draft_.segments.front().va;
  if (!draft_.interpreter.empty()) {
    const std::uint64_t bytes = draft_.interpreter.size() + 1;
    program_header(PT_INTERP, PF_R, interpreter_, base + interpreter_, bytes, bytes, 1);
  }
  for (std::size_t i = 0; i < draft_.segments.size(); ++i) {
    const ElfDraft::Segment& segment = draft_.segments[i];
    const std::uint64_t bytes = segment.bytes.size() + (i == 0 ? front_ : 0);
    const std::uint32_t flags =
        (segment.rights.read ? PF_R : 0U) | (segment.rights.write ? PF_W : 0U) | (segment.rights.exec ? PF_X : 0U);
    program_header(PT_LOAD, flags, segments_[i], segment.va, bytes, bytes + segment.zeros, draft_.target.page_size);
  }
  if (!draft_.needed.empty()) {
    program_header(PT_DYNAMIC, PF_R, dynamic_, base + dynamic_, front_ - dynamic_, front_ - dynamic_, 8);
  }
  program_header(PT_GNU_STACK, PF_R | PF_W | (draft_.executable_stack ? PF_X : 0U), 0, 0, 0, 0, 16);
}

void Writer::names() {
  const auto text = [this](const std::string& name) {
    file_.insert(file_.end(), name.begin(), name.end());
    file_.push_back(0);
  };
  if (!draft_.interpreter.empty()) text(draft_.interpreter);
  if (!draft_.needed.empty()) text("");
  for (const std::string& name : draft_.needed) text(name);
}

void Writer::dynamic() {
  if (draft_.needed.empty()) return;
  std::uint64_t at = 1;
  for (const std::string& name : draft_.needed) {
    word(DT_NEEDED);
    word(at);
    at += name.size() + 1;
  }
  word(DT_STRTAB);
  word(draft_.segments.front().va + strings_);
  word(DT_STRSZ);
  word(strings_end_ - strings_);
  word(DT_NULL);
  word(0);
}

std::vector<std::uint8_t> Writer::write() {
  header();
  program_headers();
  names();
  file_.resize(dynamic_);
  dynamic();
  for (std::size_t i = 0; i < draft_.segments.size(); ++i) {
    if (i > 0) file_.resize(segments_[i]);
    file_.insert(file_.end(), draft_.segments[i].bytes.begin(), draft_.segments[i].bytes.end());
  }
  return std::move(file_);
}

}  // namespace

std::vector<std::uint8_t> write_elf(const ElfDraft& draft) { return Writer(draft).write(); }

std::uint64_t first_byte(const ElfDraft& draft) { return draft.segments.front().va + Writer(draft).front_bytes(); }

}  // namespace vm::fuzz
