// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <span>

#include "describe.h"
#include "machine/pte.h"
#include "machine/random.h"
#include "sweep.h"

namespace vm::sweep {
namespace {

constexpr unsigned kAccessesPerPath = 8;
constexpr unsigned kResidencyGroups = 4;  // one in so many

class PlatformSweep {
 public:
  PlatformSweep(Platform& platform, std::uint64_t seed, Findings& findings)
      : platform_(platform),
        machine_(platform.machine()),
        space_(machine_),
        layout_(machine_),
        random_(seed, "sweep " + machine_.name),
        findings_(findings) {}

  void run(std::uint64_t accesses, const Progress& progress) {
    for (std::uint64_t group = 0; findings_.questions < accesses; ++group) {
      choose_paths();
      if (group % kResidencyGroups == 0) {
        for (Path& path : paths_) ask_everywhere(path);
      } else {
        for (Path& path : paths_) write(path, path.as_chosen.entries);
        platform_.fence({});
        for (unsigned i = 0; i < paths_.size() * kAccessesPerPath; ++i) {
          Path& path = paths_.at(random_.below(paths_.size()));
          space_.set_access(path.now, random_.below(space_.accesses()));
          ask(path);
        }
        for (Path& path : paths_) read_back(path);
      }
      progress(findings_.questions);
    }
  }

 private:
  struct Path {
    Slot slot;
    Question as_chosen, now;  // `now` has the entries as they should be by now
  };

  // Paths of one mode, and that mode in force.
  void choose_paths() {
    const auto& sections = space_.sections();
    const unsigned levels = sections.at(random_.below(sections.size())).levels;
    const std::uint64_t mode = random_.below(space_.modes());
    for (unsigned i = 0; i < paths_.size(); ++i) {
      const Section* section = nullptr;
      do {
        section = &sections.at(random_.below(sections.size()));
      } while (section->levels != levels);
      Path& path = paths_.at(i);
      path.slot = layout_.slot(levels, i);
      path.as_chosen = choose(*section, path.slot, mode);
      path.now = path.as_chosen;
    }
    Context context;
    context.translate = true;
    context.levels = levels;
    context.base = PhysAddr(paths_.front().as_chosen.root);
    context.env = paths_.front().as_chosen.env;
    control(CtlReg::Env, env_value(machine_, context.env));
    control(CtlReg::Root, root_value(machine_, context));
  }

  // Most combinations say "not valid" or "reserved": one of those is drawn again, mostly.
  Question choose(const Section& section, const Slot& slot, std::uint64_t mode) {
    constexpr unsigned kDraws = 24;
    const unsigned draws = random_.one_in(4) ? 1 : kDraws;
    Question q;
    for (unsigned i = 0; i < draws; ++i) {
      // Of its kind there is one among thousands.
      const bool hole = section.high == section.low && section.low != 0 && random_.one_in(24);
      q = space_.path(section, hole ? space_.pointer_to_nowhere() : random_.below(section.patterns), slot);
      space_.set_mode(q, mode);
      space_.set_access(q, random_.below(space_.accesses()));
      const Cause cause = rules(q).cause;
      if (cause != Cause::Invalid && cause != Cause::Reserved) break;
    }
    return q;
  }

  void control(CtlReg reg, std::uint64_t value) {
    if (!platform_.ctl_write(reg, value, false)) {
      findings_.differ(fmt::format("control register {} refused 0x{:x}", static_cast<int>(reg), value));
    }
  }

  PhysAddr entry_at(const Path& path, unsigned level) const {
    return PhysAddr(entry_address(path.as_chosen, level, path.slot.tables.at(level)));
  }

  void write(Path& path, const Entries& entries) {
    for (unsigned level = 0; level < path.as_chosen.levels; ++level) {
      const auto bytes = pte_to_bytes(machine_.format, entries.at(level));
      platform_.host_write(entry_at(path, level), std::span(bytes).first(machine_.format.pte_bytes()));
    }
    path.now.entries = entries;
  }

  void read_back(const Path& path) {
    for (unsigned level = 0; level < path.now.levels; ++level) {
      std::array<std::uint8_t, 8> bytes{};
      platform_.host_read(entry_at(path, level), std::span(bytes).first(machine_.format.pte_bytes()));
      const std::uint64_t seen = pte_from_bytes(machine_.format, bytes);
      if (seen != path.now.entries.at(level)) {
        findings_.differ(fmt::format("{}\n    rules: level {} is 0x{:x} in the end\n    seen:  0x{:x}",
                                     describe(path.as_chosen), level, path.now.entries.at(level), seen));
      }
    }
  }

  AccessResult perform(const Question& q, std::uint64_t va) {
    const Access access{
        .kind = q.kind, .user = q.user, .sum = q.sum, .mxr = q.mxr, .size_log2 = 2, .va = VirtAddr(va), .data = q.va};
    AccessResult result;
    platform_.perform(std::span(&access, 1), std::span(&result, 1), [](std::size_t) { return false; });
    return result;
  }

  // One access, compared with the rules; what hardware sets is set in path.now.
  AccessResult ask(Path& path) {
    const Question& q = path.now;
    const Verdict expected = rules(q);
    const AccessResult result = perform(q, q.va);
    ++findings_.questions;
    ++findings_.by_cause.at(static_cast<std::size_t>(expected.cause));
    Verdict seen = expected;  // a response has no entries, and a level only with a fault
    seen.cause = result.fault.cause;
    seen.code = result.fault.code;
    seen.pa = result.fault ? 0 : result.pa.value;
    if (result.fault) seen.level = result.fault.level;
    if (seen != expected) {
      findings_.differ(fmt::format("{}\n    rules: {}\n    seen:  {}", describe(q), describe(expected, q.levels),
                                   describe(seen, q.levels)));
    }
    path.now.entries = expected.after;
    return result;
  }

  // The same access cold; after one to the next page, which leaves pointers in the walk cache; after one on the other
  // port, which leaves the translation in the L2 TLB; and again, from the L1 TLB.
  void ask_everywhere(Path& path) {
    // Half of the paths: an access that both ports may make, if there is one. The others fault, mostly.
    Path other = path;
    for (unsigned draws = random_.one_in(2) ? 1 : 24; draws > 0; --draws) {
      space_.set_access(path.as_chosen, random_.below(space_.accesses()));
      other.as_chosen = path.as_chosen;
      other.as_chosen.kind = path.as_chosen.kind == AccessKind::Fetch ? AccessKind::Load : AccessKind::Fetch;
      if (rules(path.as_chosen).cause == Cause::None && rules(other.as_chosen).cause == Cause::None) break;
    }

    begin(path);
    const AccessResult cold = ask(path);
    ++findings_.cold;

    begin(path);
    perform(path.now, path.now.va ^ machine_.format.page_size());
    refresh(path);
    const AccessResult after_neighbour = ask(path);
    const bool walked = after_neighbour.entry_reads > 0 && !after_neighbour.fault;
    if (walked && after_neighbour.entry_reads < cold.entry_reads) ++findings_.from_walk_cache;

    begin(path);
    let_pass();
    perform(other.as_chosen, other.as_chosen.va);
    refresh(path);
    const AccessResult after_other = ask(path);
    if (!after_other.fault && after_other.tlb == Hit::Miss && after_other.entry_reads == 0) ++findings_.from_l2;

    const AccessResult again = ask(path);
    if (!again.fault && again.tlb == Hit::Hit) ++findings_.from_l1;
    read_back(path);
  }

  void begin(Path& path) {
    write(path, path.as_chosen.entries);
    path.now = path.as_chosen;
    platform_.fence({});
  }

  // Time for the L2 TLB to be swept after a fence: until then it neither hits nor fills.
  void let_pass() {
    constexpr unsigned kReads = 64;
    std::array<std::uint8_t, 8> bytes{};
    for (unsigned i = 0; i < kReads; ++i) platform_.host_read(PhysAddr(paths_.front().slot.data), bytes);
  }

  // An access that was not compared may have set bits, too: take them from memory.
  void refresh(Path& path) {
    for (unsigned level = 0; level < path.now.levels; ++level) {
      std::array<std::uint8_t, 8> bytes{};
      platform_.host_read(entry_at(path, level), std::span(bytes).first(machine_.format.pte_bytes()));
      path.now.entries.at(level) = pte_from_bytes(machine_.format, bytes);
    }
  }

  Platform& platform_;
  const Machine& machine_;
  Space space_;
  Layout layout_;
  Random random_;
  Findings& findings_;
  std::array<Path, Layout::kSlots> paths_;
};

}  // namespace

void sweep_platform(Platform& platform, std::uint64_t seed, std::uint64_t accesses, const Progress& progress,
                    Findings& findings) {
  PlatformSweep(platform, seed, findings).run(accesses, progress);
}

}  // namespace vm::sweep
