// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "trace/parser_state.h"
#include "trace/port_names.h"

namespace vm::trace {

namespace {

using Names = std::vector<std::pair<std::string_view, int>>;

// Linux values.
const Names& errors() {
  static const Names kNames = {{"EPERM", 1},   {"ENOENT", 2},     {"EIO", 5},      {"E2BIG", 7},   {"ENOEXEC", 8},
                               {"EBADF", 9},   {"ECHILD", 10},    {"EAGAIN", 11},  {"ENOMEM", 12}, {"EACCES", 13},
                               {"EFAULT", 14}, {"EEXIST", 17},    {"ENODEV", 19},  {"EISDIR", 21}, {"EINVAL", 22},
                               {"EMFILE", 24}, {"ETXTBSY", 26},   {"EFBIG", 27},   {"ENOSPC", 28}, {"ENOSYS", 38},
                               {"ELOOP", 40},  {"EOVERFLOW", 75}, {"ELIBACC", 79}, {"ELIBBAD", 80}};
  return kNames;
}

}  // namespace

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

bool Parser::system_call(Place place, ProcessIndex process, std::optional<std::uint8_t> target) {
  SystemCall step;
  step.process = process;
  step.target = target;
  if (plain_call(step)) {
    add_step(place, std::move(step));
    return true;
  }
  if (target) return false;
  if (cursor_.is("fork") || cursor_.is("vfork")) {
    const bool vfork = cursor_.take().text == "vfork";
    fork_call(place, process, vfork);
    return true;
  }
  if (cursor_.accept("thread")) {
    thread_call(place, process);
    return true;
  }
  if (cursor_.accept("exit")) {
    cursor_.expect("(");
    ExitCall call;
    if (!cursor_.is(")")) call.status = static_cast<int>(cursor_.number_up_to(255, "an exit status"));
    cursor_.expect(")");
    exited_[process] = true;
    last_process_.reset();
    step.call = call;
  } else if (cursor_.accept("execve")) {
    step.call = exec_call(step);
  } else if (cursor_.accept("wait")) {
    cursor_.expect("(");
    cursor_.expect(")");
    step.call = accept_any() ? WaitCall{} : wait_result(step);
  } else {
    return false;
  }
  add_step(place, std::move(step));
  return true;
}

// ("FILE", ["ARGUMENT", …] [, ["NAME=VALUE", …]]), as strace prints it; NULL for a list without strings.
ExecCall Parser::exec_call(SystemCall& step) {
  ExecCall call;
  cursor_.expect("(");
  call.request.file = cursor_.text("the name of a file in quotes");
  cursor_.expect(",");
  call.request.arguments = string_list("the arguments");
  if (cursor_.accept(",")) call.request.environment = string_list("the environment");
  cursor_.expect(")");
  if (!accept_any()) step.result = call_result();
  return call;
}

std::vector<std::string> Parser::string_list(std::string_view what) {
  std::vector<std::string> strings;
  if (cursor_.accept("NULL")) return strings;
  if (!cursor_.accept("[")) cursor_.fail(fmt::format("{}: [\"…\", …] or NULL", what));
  while (!cursor_.accept("]")) {
    if (!strings.empty()) cursor_.expect(",");
    strings.emplace_back(cursor_.text("a text in quotes"));
  }
  return strings;
}

// `= CHILD [status=N]`, `= 0` if none has exited yet, or an error.
WaitCall Parser::wait_result(SystemCall& step) {
  WaitCall call;
  if (!cursor_.is("=")) return call;
  const Token next = cursor_.peek(1);
  const std::vector<std::string>& names = scenario().processes;
  const auto child = std::find(names.begin(), names.end(), next.text);
  if (next.kind != TokenKind::Word || child == names.end()) {
    step.result = call_result();
    if (step.result > 0) cursor_.fail_at(next, "a child, 0 or an error");
    return call;
  }
  cursor_.take();
  cursor_.take();
  call.child = static_cast<ProcessIndex>(child - names.begin());
  if (cursor_.accept("status")) {
    cursor_.expect("=");
    call.status = cursor_.number("an exit status");
  }
  return call;
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
