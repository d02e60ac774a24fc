// SPDX-License-Identifier: Apache-2.0
#include "describe.h"

#include <fmt/format.h>

namespace vm::sweep {
namespace {

std::string in_walk_order(const Entries& entries, unsigned levels) {
  std::string text;
  for (unsigned level = levels; level-- > 0;) text += fmt::format(" 0x{:x}", entries.at(level));
  return text;
}

}  // namespace

std::string describe(const Question& q) {
  const Environment& env = q.env;
  const std::string modes =
      q.machine->format.kind == PteKind::X86
          ? fmt::format("AC={:d} WP={:d} NXE={:d} SMEP={:d} SMAP={:d}", q.sum, env.wp, env.nxe, env.smep, env.smap)
          : fmt::format("SUM={:d} MXR={:d} ADUE={:d} PBMTE={:d}", q.sum, q.mxr, env.adue, env.pbmte);
  return fmt::format("{} {} va 0x{:x}, entries from the root{}; {}", q.user ? "user" : "supervisor", to_string(q.kind),
                     q.va, in_walk_order(q.entries, q.levels), modes);
}

std::string describe(const Verdict& v, unsigned levels) {
  const std::string what = v.cause == Cause::None
                               ? fmt::format("pa 0x{:x} by level {}", v.pa, v.level)
                               : fmt::format("{} at level {}, code 0x{:x}", to_string(v.cause), v.level, v.code);
  return what + ", entries after it" + in_walk_order(v.after, levels);
}

}  // namespace vm::sweep
