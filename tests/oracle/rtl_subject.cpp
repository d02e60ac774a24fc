// SPDX-License-Identifier: Apache-2.0
#include "rtl_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "machine/control.h"
#include "machine/pte.h"
#include "rtl_platform.h"
#include "testbench.h"

namespace vm::oracle {
namespace {

TestbenchOptions options_of(std::uint64_t seed) {
  TestbenchOptions options;
  options.seed = seed;
  return options;
}

class RtlSubject final : public Subject {
 public:
  RtlSubject(const Machine& machine, std::uint64_t seed)
      : machine_(machine),
        layout_(machine.format.kind),
        bench_(machine, open_model(machine, std::string(VM_MACHINE_DIR) + "/" + machine.name + ".so", seed),
               options_of(seed)),
        platform_(bench_) {
    std::vector<std::uint8_t> data(Layout::kDataPages << 12U);
    for (std::uint64_t at = 0; at < data.size(); at += 8) {
      for (unsigned i = 0; i < 8; ++i) data[at + i] = static_cast<std::uint8_t>((layout_.data() + at) >> 8 * i);
    }
    for (std::uint64_t at = 0; at < data.size(); at += 4096) {
      const auto code = page_code(machine.format.kind, layout_.data() + at);
      std::ranges::copy(code, data.begin() + static_cast<std::ptrdiff_t>(at));
    }
    platform_.preload(PhysAddr(layout_.data()), data);
  }

  SubjectAnswer answer(const Case& c) override {
    for (const PathEntry& entry : c.entries()) write(entry.at, entry.value);
    control(CtlReg::Env, env_value(machine_, c.context.env));
    control(CtlReg::Root, root_value(machine_, c.context));
    platform_.fence({});
    Access access{.kind = c.request.kind,
                  .user = c.request.user,
                  .sum = c.request.sum,
                  .mxr = c.request.mxr,
                  .size_log2 = static_cast<std::uint8_t>(
                      c.request.kind == AccessKind::Fetch ? 2 : machine_.format.pte_bytes_log2),
                  .va = c.request.va,
                  .data = c.stored};
    const AccessResult first = perform(access);
    SubjectAnswer answer;
    answer.fault = first.fault;
    answer.code = first.fault.code;
    if (first.fault) {
      answer.fault_va = first.fault.va.value;
    } else {
      answer.pa = first.pa.value;
      answer.level = model_answer(machine_, c).level;  // the response has none
    }
    for (unsigned i = 0; i < c.length; ++i) answer.after.at(i) = read(c.path.at(i).at);
    const AccessResult again = perform(access);
    if (again.fault.code != first.fault.code) fail(c, "the same access again was judged otherwise");
    if (!first.fault && again.pa != first.pa) fail(c, "the same access again went elsewhere");
    restore(c, first);
    if (bench_.reporter().count() != 0) fail(c, bench_.report());
    return answer;
  }

 private:
  // Tables are empty and data is its own address again.
  void restore(const Case& c, const AccessResult& result) {
    for (const PathEntry& entry : c.entries()) write(entry.at, 0);
    if (c.request.kind == AccessKind::Store && !result.fault) {
      std::array<std::uint8_t, 8> bytes{};
      const unsigned size = machine_.format.pte_bytes();
      for (unsigned i = 0; i < size; ++i) {
        bytes.at(i) = static_cast<std::uint8_t>((result.pa.value & ~7ULL) >> 8 * ((result.pa.value & 7U) + i));
      }
      if (layout_.contains(result.pa.value)) platform_.host_write(result.pa, std::span(bytes).first(size));
    }
  }

  void write(PhysAddr at, std::uint64_t value) {
    const auto bytes = pte_to_bytes(machine_.format, value);
    platform_.host_write(at, std::span(bytes).first(machine_.format.pte_bytes()));
  }

  std::uint64_t read(PhysAddr at) {
    std::array<std::uint8_t, 8> bytes{};
    platform_.host_read(at, std::span(bytes).first(machine_.format.pte_bytes()));
    return pte_from_bytes(machine_.format, bytes);
  }

  void control(CtlReg reg, std::uint64_t value) {
    if (!platform_.ctl_write(reg, value, false)) {
      throw std::runtime_error(fmt::format("control register {} refused 0x{:x}", static_cast<int>(reg), value));
    }
  }

  AccessResult perform(const Access& access) {
    AccessResult result;
    platform_.perform(std::span(&access, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }

  [[noreturn]] void fail(const Case& c, const std::string& what) const {
    throw std::runtime_error(what + "\n" + describe(machine_, c));
  }

  const Machine& machine_;
  Layout layout_;
  Testbench bench_;
  RtlPlatform platform_;
};

}  // namespace

std::unique_ptr<Subject> make_rtl_subject(const Machine& machine, std::uint64_t seed) {
  return std::make_unique<RtlSubject>(machine, seed);
}

}  // namespace vm::oracle
