// SPDX-License-Identifier: Apache-2.0
#include "case.h"

#include <fmt/format.h>

#include <algorithm>

namespace vm::oracle {
namespace {

void put(std::span<std::uint8_t> bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
}

}  // namespace

std::array<std::uint8_t, kCodeBytes> page_code(PteKind kind, std::uint64_t page) {
  std::array<std::uint8_t, kCodeBytes> bytes{};
  if (kind == PteKind::Riscv) {
    put(bytes, (page & 0xFFFFF000) | 0x537, 4);       // lui a0, page
    put(std::span(bytes).subspan(4), 0x00000073, 4);  // ecall
  } else {
    bytes[0] = 0xB8;  // mov eax, page
    put(std::span(bytes).subspan(1), page, 4);
    bytes[5] = 0xCC;  // int3
  }
  return bytes;
}

SubjectAnswer model_answer(const Machine& machine, const Case& c) {
  const WalkResult result =
      walk(machine, c.context, c.request, [&](PhysAddr at, unsigned) -> std::optional<std::uint64_t> {
        const auto found = std::ranges::find(c.entries(), at, &PathEntry::at);
        return found == c.entries().end() ? 0 : found->value;
      });
  SubjectAnswer answer;
  answer.fault = result.fault;
  answer.code = result.fault.code;
  answer.level = result.level;
  if (result.fault) {
    answer.fault_va = result.fault.va.value;
  } else {
    answer.pa = result.pa.value;
  }
  for (unsigned i = 0; i < c.length; ++i) {
    answer.after.at(i) = c.path.at(i).value;
    for (unsigned s = 0; s < result.entry_reads; ++s) {
      const Step& step = result.path.at(s);
      if (step.entry == c.path.at(i).at) answer.after.at(i) = step.wanted;
    }
  }
  return answer;
}

std::string describe(const Machine& machine, const Case& c) {
  const Environment& env = c.context.env;
  std::string text = fmt::format("{} {} va 0x{:x}, {} levels from 0x{:x}:", c.request.user ? "user" : "supervisor",
                                 to_string(c.request.kind), c.request.va.value, c.context.levels, c.context.base.value);
  for (const PathEntry& entry : c.entries()) {
    text += fmt::format(" [{}] 0x{:x} at 0x{:x}", entry.level, entry.value, entry.at.value);
  }
  if (machine.format.kind == PteKind::Riscv) {
    return text +
           fmt::format("; SUM={:d} MXR={:d} ADUE={:d} PBMTE={:d}", c.request.sum, c.request.mxr, env.adue, env.pbmte);
  }
  return text + fmt::format("; AC={:d} WP={:d} NXE={:d} SMEP={:d} SMAP={:d}", c.request.sum, env.wp, env.nxe, env.smep,
                            env.smap);
}

std::string describe(const Answer& answer, unsigned length) {
  std::string text = answer.code != 0          ? fmt::format("code 0x{:x} va 0x{:x}", answer.code, answer.fault_va)
                     : answer.pa == kElsewhere ? std::string("another address")
                                               : fmt::format("pa 0x{:x}", answer.pa);
  text += ", entries after it";
  for (unsigned i = 0; i < length; ++i) text += fmt::format(" 0x{:x}", answer.after.at(i));
  return text;
}

}  // namespace vm::oracle
