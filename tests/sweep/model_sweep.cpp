// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "describe.h"
#include "machine/reference_walker.h"
#include "sweep.h"

namespace vm::sweep {
namespace {

constexpr std::size_t kExamples = 5;

Verdict model_verdict(const Machine& machine, const Question& q, const Slot& slot) {
  Context context;
  context.translate = true;
  context.levels = q.levels;
  context.base = PhysAddr(q.root);
  context.env = q.env;
  const Request request{.kind = q.kind, .user = q.user, .sum = q.sum, .mxr = q.mxr, .va = VirtAddr(q.va)};
  const WalkResult result =
      walk(machine, context, request, [&](PhysAddr at, unsigned level) -> std::optional<std::uint64_t> {
        // What is not on the path is zero.
        return at.value == entry_address(q, level, slot.tables.at(level)) ? q.entries.at(level) : 0;
      });
  Verdict verdict;
  verdict.cause = result.fault.cause;
  verdict.level = result.fault ? result.fault.level : result.level;
  verdict.code = result.fault.code;
  verdict.pa = result.fault ? 0 : result.pa.value;
  verdict.after = q.entries;
  for (unsigned i = 0; i < result.entry_reads; ++i)
    verdict.after.at(result.path.at(i).level) = result.path.at(i).wanted;
  return verdict;
}

}  // namespace

void Findings::differ(const std::string& example) {
  ++differences;
  if (examples.size() < kExamples) examples.push_back(example);
}

std::vector<Cause> expected_causes(const Machine& machine) {
  std::vector<Cause> causes{Cause::None,  Cause::Invalid, Cause::Reserved,    Cause::Privilege,
                            Cause::Write, Cause::Exec,    Cause::EntryAccess, Cause::Access};
  if (machine.format.kind == PteKind::Riscv) {
    for (const Cause cause : {Cause::Read, Cause::Accessed, Cause::Dirty}) causes.push_back(cause);
  }
  return causes;
}

void sweep_model(const Machine& machine, const Progress& progress, Findings& findings) {
  const Space space(machine);
  const Layout layout(machine);
  for (const Section& section : space.sections()) {
    const Slot slot = layout.slot(section.levels, 1);
    for (std::uint64_t pattern = 0; pattern < section.patterns; ++pattern) {
      Question q = space.path(section, pattern, slot);
      for (std::uint64_t mode = 0; mode < space.modes(); ++mode) {
        space.set_mode(q, mode);
        for (std::uint64_t access = 0; access < space.accesses(); ++access) {
          space.set_access(q, access);
          const Verdict expected = rules(q);
          const Verdict seen = model_verdict(machine, q, slot);
          ++findings.by_cause.at(static_cast<std::size_t>(expected.cause));
          if (seen == expected) continue;
          findings.differ(fmt::format("{}\n    rules: {}\n    model: {}", describe(q), describe(expected, q.levels),
                                      describe(seen, q.levels)));
        }
      }
      findings.questions += space.modes() * space.accesses();
      if (pattern % 64 == 0) progress(findings.questions);
    }
  }
}

}  // namespace vm::sweep
