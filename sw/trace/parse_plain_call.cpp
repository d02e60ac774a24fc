// SPDX-License-Identifier: Apache-2.0
//
// System calls that take numbers and give one, by a table of what each takes.
#include <fmt/format.h>

#include <algorithm>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

using Names = std::vector<std::pair<std::string_view, int>>;

enum class Kind : std::uint8_t { Address, Length, Offset, Descriptor, Name, Flags };

struct Argument {
  Kind kind = Kind::Address;
  const Names* names = nullptr;  // Flags
  std::string_view what = {};
};

struct Signature {
  Call call;
  std::vector<Argument> arguments;
  std::size_t required;  // the others may be left out

  std::string_view name() const { return kCallNames.at(static_cast<std::size_t>(call)); }
};

// Linux values.
const std::vector<Signature>& signatures() {
  static const Names kProtection = {{"PROT_NONE", 0}, {"PROT_READ", 1}, {"PROT_WRITE", 2}, {"PROT_EXEC", 4}};
  static const Names kMap = {{"MAP_SHARED", 0x01},    {"MAP_PRIVATE", 0x02},    {"MAP_FIXED", 0x10},
                             {"MAP_ANONYMOUS", 0x20}, {"MAP_GROWSDOWN", 0x100}, {"MAP_FIXED_NOREPLACE", 0x100000}};
  static const Names kRemap = {{"MREMAP_MAYMOVE", 1}, {"MREMAP_FIXED", 2}};
  static const Names kAdvice = {
      {"MADV_NORMAL", 0}, {"MADV_RANDOM", 1}, {"MADV_SEQUENTIAL", 2}, {"MADV_WILLNEED", 3}, {"MADV_DONTNEED", 4}};
  static const Names kSync = {{"MS_ASYNC", 1}, {"MS_INVALIDATE", 2}, {"MS_SYNC", 4}};
  static const Names kOpen = {{"O_RDONLY", 0},   {"O_WRONLY", 01}, {"O_RDWR", 02},
                              {"O_CREAT", 0100}, {"O_EXCL", 0200}, {"O_APPEND", 02000}};
  static const Argument kAddress{Kind::Address}, kLength{Kind::Length}, kOffset{Kind::Offset}, kFd{Kind::Descriptor};
  static const Argument kProt{Kind::Flags, &kProtection, "protection"};
  static const std::vector<Signature> kAll = {
      {Call::Mmap, {kAddress, kLength, kProt, {Kind::Flags, &kMap, "flags"}, kFd, kOffset}, 6},
      {Call::Munmap, {kAddress, kLength}, 2},
      {Call::Mprotect, {kAddress, kLength, kProt}, 3},
      {Call::Mremap, {kAddress, kLength, kLength, {Kind::Flags, &kRemap, "flags"}, kAddress}, 4},
      {Call::Madvise, {kAddress, kLength, {Kind::Flags, &kAdvice, "advice"}}, 3},
      {Call::Msync, {kAddress, kLength, {Kind::Flags, &kSync, "flags"}}, 3},
      {Call::Brk, {kAddress}, 1},
      {Call::Open, {{Kind::Name}, {Kind::Flags, &kOpen, "flags"}}, 2},
      {Call::Close, {kFd}, 1},
      {Call::Fstat, {kFd, kAddress}, 2},
      {Call::Read, {kFd, kAddress, kLength}, 3},
      {Call::Write, {kFd, kAddress, kLength}, 3},
      {Call::Fsync, {kFd}, 1},
      {Call::Sync, {}, 0}};
  return kAll;
}

}  // namespace

std::uint64_t Parser::flags(const Names& names, std::string_view what) {
  int value = 0;
  do {
    const Token token = cursor_.peek();
    const auto named = std::find_if(names.begin(), names.end(), [&](const auto& n) { return cursor_.is(n.first); });
    if (named != names.end()) {
      value |= named->second;
    } else {
      std::string list;
      for (const auto& [name, bit] : names) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
      const auto number = parse_number(token.text);
      if (!number || *number > 0xFFFF) cursor_.fail(fmt::format("{}: {}", what, list));
      value |= static_cast<int>(*number);
    }
    cursor_.take();
  } while (cursor_.accept("|"));
  return static_cast<std::uint64_t>(value);
}

Operand Parser::operand(std::string_view what) {
  if (const auto reg = accept_register()) return {.reg = reg};
  if (cursor_.accept("NULL")) return {};
  return {.reg = {}, .value = cursor_.number(what)};
}

bool Parser::is_plain_call(std::string_view word) const {
  const auto& all = signatures();
  return std::any_of(all.begin(), all.end(), [&](const Signature& s) { return s.name() == word; });
}

bool Parser::plain_call(SystemCall& step) {
  const auto& all = signatures();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Signature& s) { return cursor_.is(s.name()); });
  if (found == all.end()) return false;
  cursor_.take();
  PlainCall call;
  call.call = found->call;
  cursor_.expect("(");
  std::size_t number = 0;
  for (std::size_t i = 0; i < found->arguments.size(); ++i) {
    if (i >= found->required && cursor_.is(")")) break;
    if (i > 0) cursor_.expect(",");
    const Argument& argument = found->arguments[i];
    switch (argument.kind) {
      case Kind::Address:
        call.arguments.at(number++) = operand("an address, a register or NULL");
        break;
      case Kind::Length:
        call.arguments.at(number++) = operand("a length or a register");
        break;
      case Kind::Offset:
        call.arguments.at(number++) = operand("an offset or a register");
        break;
      case Kind::Flags:
        call.arguments.at(number++) = {.reg = {}, .value = flags(*argument.names, argument.what)};
        break;
      case Kind::Descriptor:
        if (const auto reg = accept_register()) {
          call.arguments.at(number++) = {.reg = reg};
        } else {
          const bool negative = cursor_.accept("-");
          const std::uint64_t fd = cursor_.number_up_to(1'000'000, "a file descriptor or a register");
          call.arguments.at(number++) = {.reg = {}, .value = negative ? 0 - fd : fd};
        }
        break;
      case Kind::Name:
        call.name = cursor_.text("the name of a file in quotes");
        break;
    }
  }
  cursor_.expect(")");
  if (!accept_any()) step.result = call_result();
  step.call = std::move(call);
  return true;
}

}  // namespace vm::trace
