// SPDX-License-Identifier: Apache-2.0
//
// Scenarios for the ports: no operating system, requests at their cycles.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "platform/stored_word.h"
#include "trace/parser_state.h"
#include "trace/port_names.h"

namespace vm::trace {

namespace {

constexpr std::uint64_t kMaxWait = 1'000'000;
constexpr unsigned kMaxIndex = 15;  // of a control register
constexpr std::uint64_t kMaxRandomBytes = 1U << 24;

template <class Names>
std::string list_of(const Names& names) {
  std::string list;
  for (const auto& [name, value] : names) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  return list;
}

}  // namespace

void refuse_ports(const Trace& trace, std::string_view where) {
  for (const Scenario& s : trace.scenarios) {
    if (s.ports) fail(trace.files, *s.ports, "`ports`", fmt::format("a trace for the operating system {}", where));
  }
}

void Parser::ports_line() {
  if (has_setup_ || has_steps_) cursor_.fail("`ports` before all other setup lines");
  begin_setup_item();
  scenario().ports = cursor_.place();
  cursor_.expect("ports");
}

// Any line of a scenario for the ports but `machine`.
void Parser::port_line() {
  if (parameter_line()) return;
  if (cursor_.is("+")) return port_step();
  if (has_steps_) cursor_.fail("a step '+N REQUEST', or `machine NAME`");
  if (cursor_.accept("include")) return include_line();
  const Place place = cursor_.place();
  if (cursor_.accept("memory")) return memory_line();
  if (cursor_.accept("entry")) return entry_line(place);
  cursor_.fail("'memory', 'entry' or 'include', a step '+N REQUEST', or `machine NAME`");
}

void Parser::port_step() {
  begin_step();
  PortStep step;
  step.place = cursor_.place();
  cursor_.expect("+");
  step.after = cursor_.number_up_to(kMaxWait, "a number of cycles");
  if (cursor_.accept("fetch")) {
    step.request = port_access(AccessKind::Fetch, AtomicOp::None);
  } else if (cursor_.accept("data")) {
    const AtomicOp atomic = accept_atomic();
    const bool store = atomic != AtomicOp::None ? kind_of(atomic) == AccessKind::Store : cursor_.accept("S");
    if (!store && atomic == AtomicOp::None) cursor_.expect("L");
    step.request = port_access(store ? AccessKind::Store : AccessKind::Load, atomic);
  } else if (cursor_.accept("host")) {
    step.request = port_host();
  } else if (cursor_.accept("ctl")) {
    step.request = port_ctl();
  } else if (cursor_.accept("fence")) {
    step.request = port_fence();
  } else if (cursor_.accept("array")) {
    step.request = port_array();
  } else if (cursor_.accept("wait")) {
    step.request = PortWait{};
  } else {
    cursor_.fail("'fetch', 'data', 'host', 'ctl', 'fence', 'array' or 'wait'");
  }
  scenario().port_steps.push_back(step);
}

std::uint64_t Parser::port_value(unsigned bytes, std::string_view after) {
  cursor_.expect(after);
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::uint8_t byte : value_bytes(bytes)) {
    value |= static_cast<std::uint64_t>(byte) << shift;
    shift += 8;
  }
  return value;
}

// The name of an atomic; none: AtomicOp::None, and nothing is taken.
AtomicOp Parser::accept_atomic() {
  if (!is_atomic()) return AtomicOp::None;
  if (!machine().atomics) cursor_.fail(fmt::format("a machine with atomics ({} has none)", machine().name));
  return atomic_named(cursor_.take().text);
}

Access Parser::port_access(AccessKind kind, AtomicOp atomic) {
  Access access;
  access.kind = kind;
  access.atomic = atomic;
  access.va = VirtAddr(cursor_.number("an address"));
  cursor_.expect(",");
  const Token token = cursor_.peek();
  const auto size = static_cast<unsigned>(cursor_.number_up_to(8, "a size in bytes"));
  if (!std::has_single_bit(size)) cursor_.fail_at(token, "1, 2, 4 or 8 bytes, as a core port takes");
  access.size_log2 = static_cast<std::uint8_t>(std::countr_zero(size));
  if (kind == AccessKind::Store) access.data = port_value(size, atomic == AtomicOp::None ? "=" : ",");
  while (!cursor_.at_end()) {
    if (cursor_.accept("kernel")) {
      access.user = false;
    } else if (cursor_.accept("sum") || cursor_.accept("ac")) {
      access.sum = true;
    } else if (cursor_.accept("mxr")) {
      access.mxr = true;
    } else {
      cursor_.fail("'kernel', 'sum' ('ac'), 'mxr' or the end of the line");
    }
  }
  return access;
}

PortHost Parser::port_host() {
  PortHost host;
  host.write = cursor_.accept("S");
  if (!host.write) cursor_.expect("L");
  host.at = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
  cursor_.expect(",");
  const Token token = cursor_.peek();
  const unsigned unit = machine().unit_bytes();
  host.bytes = static_cast<std::uint8_t>(cursor_.number_up_to(unit, "a size in bytes"));
  if (host.bytes == 0 || host.at.value % unit + host.bytes > unit) {
    cursor_.fail_at(token, fmt::format("a size that stays inside {} aligned bytes", unit));
  }
  if (host.write) host.value = port_value(host.bytes, "=");
  return host;
}

PortCtl Parser::port_ctl() {
  PortCtl ctl;
  const auto* const found =
      std::find_if(kCtlNames.begin(), kCtlNames.end(), [&](const auto& name) { return cursor_.is(name.first); });
  if (found != kCtlNames.end()) {
    cursor_.take();
    ctl.index = static_cast<std::uint8_t>(found->second);
  } else {
    ctl.index = static_cast<std::uint8_t>(cursor_.number_up_to(
        kMaxIndex, fmt::format("a control register ({}) or the number of one", list_of(kCtlNames))));
  }
  if (takes_value(ctl.index)) ctl.value = cursor_.number("a value");
  ctl.user = cursor_.accept("user");
  return ctl;
}

Fence Parser::port_fence() {
  Fence fence;
  const auto* const found = std::find_if(kCacheOperations.begin(), kCacheOperations.end(),
                                         [&](const auto& name) { return cursor_.is(name.first); });
  if (found != kCacheOperations.end()) {
    cursor_.take();
    fence.op = found->second;
    fence.by_addr = !cursor_.at_end() && !cursor_.is("user");
    if (fence.by_addr) fence.addr = cursor_.number("a physical address, 'user' or the end of the line");
  } else {
    fence.by_addr = cursor_.accept("va");
    if (fence.by_addr) fence.addr = cursor_.number("a virtual address");
    fence.by_asid = cursor_.accept("asid");
    if (fence.by_asid) fence.asid = static_cast<std::uint16_t>(cursor_.number_up_to(0xFFFF, "an ASID"));
    if (!fence.by_addr && !fence.by_asid && !cursor_.accept("all")) {
      cursor_.fail(fmt::format("'all', 'va ADDR', 'asid N', or a cache operation: {}", list_of(kCacheOperations)));
    }
    fence.globals = !cursor_.accept("nonglobal");
    if (fence.globals) cursor_.accept("global");
  }
  fence.user = cursor_.accept("user");
  return fence;
}

PortArray Parser::port_array() {
  if (!machine().array_port) cursor_.fail(fmt::format("a machine with an array port ({} has none)", machine().name));
  PortArray array;
  const Token access = cursor_.peek();
  array.flip = cursor_.accept("flip");
  if (array.flip && !machine().parity) {
    cursor_.fail_at(access, fmt::format("a machine with parity ({} has none)", machine().name));
  }
  array.write = !array.flip && cursor_.accept("write");
  if (!array.flip && !array.write) cursor_.expect("read");
  const Token token = cursor_.peek();
  const auto* const found =
      std::find_if(kArrayNames.begin(), kArrayNames.end(), [&](const auto& name) { return cursor_.is(name.first); });
  if (found == kArrayNames.end()) cursor_.fail(fmt::format("an array: {}", list_of(kArrayNames)));
  cursor_.take();
  ArrayElement& e = array.element;
  e.array = found->second;
  const ArrayShape shape = array_shape(machine(), e.array);
  if (shape.ways == 0) cursor_.fail_at(token, fmt::format("an array that {} has", machine().name));
  if (!array.flip && only_flips(e.array)) cursor_.fail_at(token, "an array that can be read and written");
  e.set = static_cast<unsigned>(cursor_.number_up_to(shape.sets - 1, "the number of a set"));
  cursor_.expect(".");
  const Token way = cursor_.peek();
  e.way = static_cast<unsigned>(cursor_.number_up_to(shape.first_way + shape.ways - 1, "the number of a way"));
  if (e.way < shape.first_way) cursor_.fail_at(way, "the level of a pointer, 1 or more");
  if (cursor_.accept(".")) {
    e.word = static_cast<unsigned>(cursor_.number_up_to(shape.words - 1, "the number of a word"));
  }
  if (array.flip) {
    cursor_.expect("bit");
    e.data0 = cursor_.number_up_to(stored_word(machine(), e.array, e.way).bits() - 1,
                                   "the number of a bit of the stored word");
  }
  if (array.write) {
    cursor_.expect("=");
    e.data0 = cursor_.number("the element's first word");
    e.data1 = cursor_.number("the element's second word");
  }
  return array;
}

// `memory FIRST..LAST: random`, behind FIRST.
void Parser::random_memory_line(Place place, const Token& token, PhysAddr first) {
  RandomMemory item{first, 0};
  const std::uint64_t last = cursor_.number_up_to(bus_max(), "a physical address");
  item.bytes = last - first.value + 1;
  if (last < first.value || item.bytes > kMaxRandomBytes) {
    cursor_.fail_at(token, fmt::format("a rising range, and at most {} bytes", kMaxRandomBytes));
  }
  cursor_.expect(":");
  cursor_.expect("random");
  check_memory(token, first, item.bytes);
  scenario().setup.push_back({place, item});
}

}  // namespace vm::trace
