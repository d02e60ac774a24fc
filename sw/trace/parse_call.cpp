// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>

#include "trace/parser_state.h"
#include "trace/port_names.h"

namespace vm::trace {

namespace {

using Names = std::vector<std::pair<std::string_view, int>>;

// Linux values.
const Names& protections() {
  static const Names kNames = {{"PROT_NONE", 0}, {"PROT_READ", 1}, {"PROT_WRITE", 2}, {"PROT_EXEC", 4}};
  return kNames;
}

const Names& map_flags() {
  static const Names kNames = {{"MAP_SHARED", 0x01},
                               {"MAP_PRIVATE", 0x02},
                               {"MAP_FIXED", 0x10},
                               {"MAP_ANONYMOUS", 0x20},
                               {"MAP_GROWSDOWN", 0x100}};
  return kNames;
}

const Names& errors() {
  static const Names kNames = {{"EPERM", 1},   {"ENOENT", 2},  {"EAGAIN", 11}, {"ENOMEM", 12},
                               {"EACCES", 13}, {"EFAULT", 14}, {"EEXIST", 17}, {"ENODEV", 19},
                               {"EINVAL", 22}, {"ENOSYS", 38}, {"EBADF", 9}};
  return kNames;
}

}  // namespace

int Parser::flags(const Names& names, std::string_view what) {
  int value = 0;
  do {
    const Token token = cursor_.peek();
    bool found = false;
    for (const auto& [name, bit] : names) {
      if (!cursor_.accept(name)) continue;
      value |= bit;
      found = true;
      break;
    }
    if (found) continue;
    std::string list;
    for (const auto& [name, bit] : names) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
    const auto number = parse_number(token.text);
    if (!number || *number > 0xFFFF) cursor_.fail(fmt::format("{}: {}", what, list));
    value |= static_cast<int>(*number);
    cursor_.take();
  } while (cursor_.accept("|"));
  return value;
}

// Nothing, `= VALUE`, or as strace prints a failure, `= -1 ENAME`; also `= -ENAME`.
std::optional<std::int64_t> Parser::call_result() {
  if (!cursor_.accept("=")) return std::nullopt;
  if (!cursor_.accept("-")) {
    return static_cast<std::int64_t>(cursor_.number_up_to(std::numeric_limits<std::int64_t>::max(), "a result"));
  }
  cursor_.accept("1");
  std::string list;
  for (const auto& [name, number] : errors()) {
    if (cursor_.accept(name)) return -number;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  }
  cursor_.fail("an error: " + list);
}

bool Parser::system_call(Place place, ProcessIndex process) {
  SystemCall step;
  step.process = process;
  const auto argument = [this](std::string_view what) {
    const std::uint64_t value = cursor_.accept("NULL") ? 0 : cursor_.number(what);
    return value;
  };
  if (cursor_.accept("mmap")) {
    MmapCall call;
    cursor_.expect("(");
    call.addr = argument("an address or NULL");
    cursor_.expect(",");
    call.length = argument("a length");
    cursor_.expect(",");
    call.prot = flags(protections(), "protection");
    cursor_.expect(",");
    call.flags = flags(map_flags(), "flags");
    cursor_.expect(",");
    const bool negative = cursor_.accept("-");
    const auto fd = static_cast<int>(cursor_.number_up_to(1'000'000, "a file descriptor"));
    call.fd = negative ? -fd : fd;
    cursor_.expect(",");
    call.offset = argument("an offset");
    step.call = call;
  } else if (cursor_.accept("munmap")) {
    MunmapCall call;
    cursor_.expect("(");
    call.addr = argument("an address");
    cursor_.expect(",");
    call.length = argument("a length");
    step.call = call;
  } else if (cursor_.accept("mprotect")) {
    MprotectCall call;
    cursor_.expect("(");
    call.addr = argument("an address");
    cursor_.expect(",");
    call.length = argument("a length");
    cursor_.expect(",");
    call.prot = flags(protections(), "protection");
    step.call = call;
  } else if (cursor_.accept("fork")) {
    cursor_.expect("(");
    cursor_.expect(")");
    cursor_.expect("=");
    const Token token = cursor_.peek();
    step.call = ForkCall{new_process(cursor_.name("a name for the child"), token)};
    step.any = cursor_.accept("any");
    add_step(place, step);
    return true;
  } else if (cursor_.accept("exit")) {
    cursor_.expect("(");
    if (!cursor_.is(")")) cursor_.number("an exit status");
    cursor_.expect(")");
    exited_[process] = true;
    last_process_.reset();
    step.call = ExitCall{};
    add_step(place, step);
    return true;
  } else {
    return false;
  }
  cursor_.expect(")");
  if (!accept_any()) step.result = call_result();
  add_step(place, step);
  return true;
}

std::optional<bool> Parser::refusal() {
  if (!cursor_.accept("=")) return std::nullopt;
  if (cursor_.accept("refused")) return true;
  if (cursor_.accept("done")) return false;
  cursor_.fail("'refused', 'done' or 'any'");
}

void Parser::ctl_line(Place place, ProcessIndex process, bool user) {
  CtlStep step;
  step.process = process;
  step.user = user;
  bool found = false;
  for (const auto& [name, reg] : kCtlNames) {
    if (!cursor_.accept(name)) continue;
    step.reg = reg;
    found = true;
    break;
  }
  if (!found) {
    cursor_.fail("a control register: base, limit, asid, mode, trapbase, trapenter, trapreturn, satp, cr3, env or pat");
  }
  if (takes_value(static_cast<unsigned>(step.reg))) step.value = cursor_.number("a value");
  step.any = accept_any();
  if (!step.any) step.refused = refusal();
  add_step(place, step);
}

void Parser::fence_line(Place place, ProcessIndex process, bool user) {
  FenceStep step;
  step.process = process;
  Fence& fence = step.fence;
  fence.user = user;
  const auto asid = [&] {
    fence.by_asid = true;
    fence.globals = machine().format.kind == PteKind::Flat;  // R21, X21: these stay
    fence.asid = static_cast<std::uint16_t>(cursor_.number_up_to(low_mask(machine().asid_bits), "an ASID"));
  };
  const auto line = [&](FenceOp op) {
    fence.op = op;
    fence.by_addr = cursor_.peek().kind == TokenKind::Word;
    if (fence.by_addr) fence.addr = cursor_.number_up_to(bus_max(), "a physical address");
  };
  if (cursor_.accept("va")) {
    fence.by_addr = true;
    fence.addr = cursor_.number("a virtual address");
    if (cursor_.accept("asid")) asid();
  } else if (cursor_.accept("asid")) {
    asid();
  } else if (cursor_.accept("invlpg")) {
    fence.by_addr = fence.by_asid = step.current_asid = true;
    fence.addr = cursor_.number("a virtual address");
  } else if (cursor_.accept("sync")) {
    fence.op = FenceOp::FetchSync;
  } else if (cursor_.accept("clean")) {
    line(FenceOp::CacheClean);
  } else if (cursor_.accept("invalidate")) {
    line(FenceOp::CacheInvalidate);
  } else if (cursor_.accept("cleaninvalidate")) {
    line(FenceOp::CacheCleanInvalidate);
  } else {
    if (!cursor_.accept("all")) {
      cursor_.fail("'all', 'va ADDR', 'asid N', 'invlpg ADDR', 'sync', 'clean', 'invalidate' or 'cleaninvalidate'");
    }
    fence.globals = !cursor_.accept("nonglobal");
  }
  step.any = accept_any();
  if (!step.any) step.refused = refusal();
  add_step(place, step);
}

void Parser::host_line(Place place) {
  HostStep step;
  step.write = cursor_.accept("S");
  if (!step.write) cursor_.expect("L");
  step.at = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
  cursor_.expect(",");
  const Token size = cursor_.peek();
  step.size = static_cast<std::uint32_t>(cursor_.number_up_to(kMaxAccessBytes, "a size in bytes"));
  if (step.size == 0) cursor_.fail_at(size, "a size of at least 1 byte");
  if (step.write) {
    cursor_.expect("=");
    step.bytes = value_bytes(step.size);
    step.any = accept_any();
    step.error = !step.any && cursor_.accept("error");
  } else if (accept_any()) {
    step.any = true;
  } else if (cursor_.accept("=")) {
    step.error = cursor_.accept("error");
    if (!step.error) step.bytes = value_bytes(step.size);
  }
  add_step(place, std::move(step));
}

}  // namespace vm::trace
