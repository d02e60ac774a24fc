// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

// What stands behind `=` when it is no value.
bool is_outcome(const Token& token) {
  constexpr std::array kOutcomes{"fault", "segv", "nomem", "ioerror", "killed", "any"};
  return token.kind == TokenKind::Word && std::find(kOutcomes.begin(), kOutcomes.end(), token.text) != kOutcomes.end();
}

}  // namespace

bool Parser::is_atomic() const {
  return cursor_.peek().kind == TokenKind::Word && atomic_named(cursor_.peek().text) != AtomicOp::None;
}

bool Parser::is_access_letter() const {
  return cursor_.is("L") || cursor_.is("S") || cursor_.is("I") || cursor_.is("M");
}

// An access line without a bracket: lackey's format, or a step of the process named last.
bool Parser::unbracketed_access() {
  if (!is_access_letter()) return false;
  const Place place = cursor_.place();
  if (!open_) {
    const Machine* machine = find_machine(options_.default_machine);
    if (machine == nullptr) {
      throw InputError(fmt::format("found machine '{}' for a trace without a `machine` line, expected a known machine",
                                   options_.default_machine));
    }
    begin_scenario(place, *machine);
  }
  const bool plain = scenario().processes.empty() && !has_setup_;
  if (plain) bare_process();
  begin_step();
  action_of(place, {.process = bare_process(), .bracket = false});
  return true;
}

void Parser::process_step() {
  const Place place = cursor_.place();
  cursor_.expect("[");
  Who who{.process = known_process()};
  if (cursor_.accept(":")) {
    who.user = cursor_.accept("user");
    if (!who.user) cursor_.expect("kernel");
    for (bool more = true; more;) {
      more = false;
      for (const auto& [name, flag] :
           {std::pair("sum", &who.sum), std::pair("ac", &who.sum), std::pair("mxr", &who.mxr)}) {
        if (!cursor_.accept(name)) continue;
        *flag = true;
        more = true;
      }
    }
  }
  cursor_.expect("]");
  action_of(place, who);
}

void Parser::action_of(Place place, const Who& who) {
  if (is_access_letter() || is_atomic()) return access(place, who, std::nullopt);
  if (cursor_.accept("touch")) return touch(place, who);
  if (cursor_.accept("ctl")) return ctl_line(place, who.process, who.user);
  if (cursor_.accept("fence")) return fence_line(place, who.process, who.user);
  if (const auto target = accept_register()) {
    if (cursor_.is("=")) {
      const Token& next = cursor_.peek(1);
      if (next.kind == TokenKind::Word &&
          (next.text == "L" || next.text == "I" || atomic_named(next.text) != AtomicOp::None)) {
        cursor_.take();
        return access(place, who, target);
      }
      if (next.kind == TokenKind::Word && is_plain_call(next.text)) {
        cursor_.take();
        system_call(place, who.process, target);
        return;
      }
    }
    return register_step(place, who.process, *target);
  }
  if (system_call(place, who.process)) return;
  cursor_.fail(
      "an access (L, S, I, M), 'touch', an atomic (lr, sc, amo...), a register, a system call, 'ctl' or 'fence'");
}

std::optional<std::uint8_t> Parser::register_of(std::string_view word) {
  if (word.size() < 2 || word.size() > 3 || word[0] != 'r') return std::nullopt;
  const auto number = parse_number(word.substr(1));
  if (!number || *number >= kRegisters) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

std::optional<std::uint8_t> Parser::accept_register() {
  if (cursor_.peek().kind != TokenKind::Word) return std::nullopt;
  const auto number = register_of(cursor_.peek().text);
  if (number) cursor_.take();
  return number;
}

void Parser::register_step(Place place, ProcessIndex process, std::uint8_t target) {
  using Op = RegisterStep::Op;
  constexpr std::pair<std::string_view, Op> kOperators[] = {{"=", Op::Set},       {"+=", Op::Add}, {"-=", Op::Subtract},
                                                            {"*=", Op::Multiply}, {"&=", Op::And}, {"|=", Op::Or},
                                                            {"^=", Op::Xor}};
  RegisterStep step{process, target, Op::Set, std::nullopt, 0};
  bool found = false;
  for (const auto& [sign, op] : kOperators) {
    if (!cursor_.accept(sign)) continue;
    step.op = op;
    found = true;
    break;
  }
  if (!found) cursor_.fail("'=', '+=', '-=', '*=', '&=', '|=' or '^='");
  step.operand_register = accept_register();
  if (!step.operand_register) step.operand = cursor_.number("a number or a register");
  add_step(place, step);
}

// A store of one byte to each page of a range.
void Parser::touch(Place place, const Who& who) {
  constexpr std::uint64_t kMostPages = 1ULL << 16;
  Token token = cursor_.peek();
  const std::uint64_t from = cursor_.number("an address");
  cursor_.expect("..");
  const Token end = cursor_.peek();
  const std::uint64_t to = cursor_.number("the address behind the last page");
  const std::uint64_t page = machine().format.page_size();
  if (to <= from || (to - from) / page > kMostPages) {
    cursor_.fail_at(end, fmt::format("an address above the first, and at most {} pages", kMostPages));
  }
  const bool any = accept_any();
  for (std::uint64_t va = from; va < to; va += page) {
    AccessStep step;
    step.process = who.process;
    step.operation = Operation::Store;
    step.user = who.user;
    step.sum = who.sum;
    step.size = 1;
    step.va = VirtAddr(va);
    step.any = any;
    check_address(step, token);
    add_step(place, std::move(step));
  }
}

std::uint64_t Parser::access_address(bool bracket, Token& token) {
  token = cursor_.peek();
  if (bracket || token.text.starts_with("0x") || token.text.starts_with("0X")) return cursor_.number("an address");
  return cursor_.hex_up_to(~0ULL, "an address in hexadecimal");  // as lackey writes it
}

void Parser::access(Place place, const Who& who, std::optional<std::uint8_t> target) {
  AccessStep step;
  step.process = who.process;
  step.user = who.user;
  step.sum = who.sum;
  step.mxr = who.mxr;
  step.target = target;
  step.atomic = accept_atomic();
  step.operation = kind_of(step.atomic) == AccessKind::Store ? Operation::Store : Operation::Load;
  if (step.atomic == AtomicOp::None) step.operation = operation();
  Token address;
  step.va = VirtAddr(access_address(who.bracket, address));
  cursor_.expect(",");
  const Token size = cursor_.peek();
  const auto bytes = parse_number(size.text);
  const std::uint32_t max = target || step.atomic != AtomicOp::None ? 8 : kMaxAccessBytes;
  if (size.kind != TokenKind::Word || !bytes || *bytes == 0 || *bytes > max) {
    cursor_.fail(fmt::format("a size from 1 to {} bytes", max));
  }
  cursor_.take();
  step.size = static_cast<std::uint32_t>(*bytes);
  if (step.atomic != AtomicOp::None) {
    if (!std::has_single_bit(step.size)) cursor_.fail_at(size, "1, 2, 4 or 8 bytes, as a core port takes");
    if (step.operation == Operation::Store) {
      cursor_.expect(",");
      value_to_store(step, size);
    }
  } else if (step.operation == Operation::Store && cursor_.is("=") && !is_outcome(cursor_.peek(1))) {
    cursor_.take();
    value_to_store(step, size);
  }
  step.any = accept_any();
  if (!step.any) access_expectations(step);
  check_address(step, address);
  add_step(place, std::move(step));
}

Operation Parser::operation() {
  switch (cursor_.take().text[0]) {
    case 'L':
      return Operation::Load;
    case 'S':
      return Operation::Store;
    case 'M':
      return Operation::Modify;
    default:
      return Operation::Fetch;
  }
}

// A register, or the bytes themselves.
void Parser::value_to_store(AccessStep& step, const Token& size) {
  if (const auto reg = accept_register()) {
    if (step.size > 8) cursor_.fail_at(size, "a size from 1 to 8 bytes, as a register is stored");
    step.source = ValueSource::Register;
    step.source_register = *reg;
  } else {
    step.source = ValueSource::Bytes;
    step.bytes = value_bytes(step.size);
  }
}

void Parser::check_address(const AccessStep& step, const Token& token) const {
  const bool wraps = step.va.value + (step.size - 1) < step.va.value;
  const bool wide = !machine().va_is_legal(step.va) || !machine().va_is_legal(step.va + (step.size - 1));
  if (wraps) cursor_.fail_at(token, "an access that ends below address 2^64");
  // A trace may ask for a wrong address, but only if it says so.
  if (wide && !step.any && !(step.expect && step.expect->fault)) {
    cursor_.fail_at(token, fmt::format("an address of at most {} bits ({}'s), or `= fault va` or `= any`",
                                       machine().va_bits, machine().name));
  }
}

bool Parser::accept_any() {
  if (!cursor_.is("=") || cursor_.peek(1).text != "any") return false;
  cursor_.take();
  cursor_.take();
  return true;
}

// A number (little-endian), a text, or bytes in braces; in memory order.
std::vector<std::uint8_t> Parser::value_bytes(std::uint32_t size) {
  const Token token = cursor_.peek();
  std::vector<std::uint8_t> bytes;
  if (token.kind == TokenKind::Text) {
    bytes.assign(token.text.begin(), token.text.end());
    cursor_.take();
  } else if (cursor_.accept("{")) {
    bytes = hex_bytes();
    cursor_.expect("}");
  } else {
    const std::uint64_t max = size >= 8 ? ~0ULL : low_mask(8 * size);
    const std::uint64_t value =
        cursor_.number_up_to(max, fmt::format("a value of {} bytes: a number, a \"text\" or {{bytes}}", size));
    for (std::uint32_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0));
  }
  if (bytes.size() != size) cursor_.fail_at(token, fmt::format("{} bytes, not {}", size, bytes.size()));
  return bytes;
}

}  // namespace vm::trace
