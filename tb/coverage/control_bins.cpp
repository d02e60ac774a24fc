// SPDX-License-Identifier: Apache-2.0
#include "coverage/control_bins.h"

#include <fmt/format.h>

#include <algorithm>

namespace vm {
namespace {

constexpr const char* kGroup = "control";
constexpr std::array<const char*, 10> kRegisterNames = {"base",       "limit",       "ASID", "mode",      "trap base",
                                                        "trap enter", "trap return", "root", "mode bits", "PAT"};
constexpr std::array<const char*, 4> kOutcomeNames = {"refused to the user", "refused", "done", "done and forgets"};
constexpr std::array<const char*, 10> kModeBitNames = {"PG",   "WP",  "PGE",  "PCIDE", "SMEP",
                                                       "SMAP", "NXE", "LA57", "ADUE",  "PBMTE"};

void single(BinTable& table, std::optional<Cross>& bin, bool has, const std::string& name) {
  if (has) bin.emplace(table, kGroup, std::vector<Values>{{name}});
}

void count(const std::optional<Cross>& bin) {
  if (bin) bin->hit(0);
}

Values mode_names(const Machine& machine, bool with_bare) {
  const Format& f = machine.format;
  Values values;
  if (with_bare) values.emplace_back("Bare");
  if (f.kind == PteKind::Flat) {
    values.emplace_back("flat table");
    return values;
  }
  for (unsigned levels = f.min_levels; levels <= f.levels; ++levels) values.push_back(fmt::format("{} levels", levels));
  return values;
}

// The mode bits that can be 1 at all.
std::uint64_t mode_bits_of(const Machine& machine) {
  Environment all{.adue = true, .pbmte = true, .pg = true, .wp = true, .pge = true, .pcide = true, .smep = true};
  all.smap = all.nxe = all.la57 = true;
  return env_value(machine, all);
}

}  // namespace

ControlBins::ControlBins(BinTable& table) : machine_(table.machine()), control_(machine_) {
  add_registers(table);
  add_refusals(table);
  for (unsigned bit = 0; bit < kModeBits; ++bit) {
    const bool has = (mode_bits_of(machine_) >> bit & 1U) != 0;
    single(table, mode_bits_.at(bit)[0], has, fmt::format("{} cleared", kModeBitNames.at(bit)));
    single(table, mode_bits_.at(bit)[1], has, fmt::format("{} set", kModeBitNames.at(bit)));
  }
  // A flat machine's table and ASID are written apart.
  Values switches = {"same table, same ASID", "another table, same ASID", "same table, another ASID",
                     "another table, another ASID"};
  if (machine_.format.kind == PteKind::Flat) switches.pop_back();
  if (machine_.asid_bits == 0) switches.resize(2);
  switches_.emplace(table, kGroup, std::vector<Values>{switches});
  const Values sources = {"L1 TLB", "L2 TLB", "walk from the root", "walk from the walk cache", "refused at once"};
  sources_.emplace(table, "modes",
                   std::vector<Values>{mode_names(machine_, false), sources, {"fetch port", "data port"}});
  changes_.emplace(table, "modes",
                   std::vector<Values>{{"from"}, mode_names(machine_, true), {"to"}, mode_names(machine_, true)});
}

void ControlBins::add_registers(BinTable& table) {
  const Format& f = machine_.format;
  const bool flat = f.kind == PteKind::Flat, x86 = f.kind == PteKind::X86;
  const auto add = [&](CtlReg reg, const std::vector<Outcome>& outcomes) {
    for (const Outcome outcome : outcomes) {
      const auto r = static_cast<std::size_t>(reg), o = static_cast<std::size_t>(outcome);
      single(table, registers_.at(r).at(o), true, fmt::format("{} {}", kRegisterNames.at(r), kOutcomeNames.at(o)));
    }
  };
  using enum Outcome;
  single(table, foreign_, true, "register of another machine refused");
  if (flat) {
    for (const CtlReg reg : {CtlReg::Base, CtlReg::Limit, CtlReg::Asid, CtlReg::Mode}) {
      add(reg, {RefusedToUser, Refused, Done});
    }
    if (!machine_.trap_swap) return;
    add(CtlReg::TrapBase, {RefusedToUser, Refused, Done});
    add(CtlReg::TrapEnter, {Done});
    single(table, enter_by_user_, true, "trap enter done for the user");
    add(CtlReg::TrapReturn, {RefusedToUser, Done});
    return;
  }
  add(CtlReg::Root, {RefusedToUser, Done});
  // One bit of MODE: no value is unsupported (R1). With one number of levels nothing is forgotten (M15).
  if (x86 || f.pte_bytes() == 8) add(CtlReg::Root, {Refused});
  if (x86 || f.min_levels != f.levels) add(CtlReg::Root, {Forgets});
  add(CtlReg::Env, {RefusedToUser, Refused, Done});
  if (mode_bits_of(machine_) != 0) add(CtlReg::Env, {Forgets});
  if (x86) add(CtlReg::Pat, {RefusedToUser, Refused, Done, Forgets});
}

void ControlBins::add_refusals(BinTable& table) {
  const Format& f = machine_.format;
  const bool x86 = f.kind == PteKind::X86, riscv = f.kind == PteKind::Riscv;
  const auto add = [&](Refusal why, bool has, const char* name) {
    single(table, refusals_.at(static_cast<std::size_t>(why)), has, std::string("refused: ") + name);
  };
  add(Refusal::RootMode, riscv && f.pte_bytes() == 8, "root with an unsupported mode");
  add(Refusal::RootAddress, x86, "root with a reserved bit");
  add(Refusal::RootKeep, x86, "root with the keep bit, no PCIDE");
  add(Refusal::ModeBitUnknown, x86 || riscv, "a mode bit that there is not");
  add(Refusal::PcidWithoutPaging, x86, "PCIDE without PG");
  add(Refusal::PcidInUse, x86, "PCIDE set while the PCID is not zero");
  add(Refusal::WidthInUse, x86 && f.levels == Format::kMaxLevels, "LA57 changed while PG is set");
  add(Refusal::PatType, x86, "PAT with a reserved type");
  single(table, kept_, x86, "root with the keep bit forgets nothing");
}

void ControlBins::on_cycle(const Cycle& cycle) {
  if (cycle.ctl_accepted()) on_write(cycle.in->ctl);
}

void ControlBins::on_write(const CtlRequest& request) {
  const auto reg = static_cast<CtlReg>(request.index);
  const Context before = control_.context();
  const std::uint64_t old_root = control_.read(CtlReg::Root);
  const Control::Effect effect = control_.write(reg, request.data, request.user);
  if (request.index >= kRegisters) return count(foreign_);
  const auto& outcomes = registers_[request.index];
  const bool has = std::any_of(outcomes.begin(), outcomes.end(), [](const Single& bin) { return bin.has_value(); });
  if (!has) return count(foreign_);
  const bool by_user = request.user && reg != CtlReg::TrapEnter;
  const Outcome outcome = effect.refused     ? (by_user ? Outcome::RefusedToUser : Outcome::Refused)
                          : effect.forgotten ? Outcome::Forgets
                                             : Outcome::Done;
  count(outcomes[static_cast<std::size_t>(outcome)]);
  if (effect.refused) {
    if (!by_user) why_refused(reg, request.data, before, old_root);
    return;
  }
  if (reg == CtlReg::TrapEnter && request.user) count(enter_by_user_);
  if (reg == CtlReg::Root && !effect.forgotten) count(kept_);
  changed(request, before, control_.context());
}

void ControlBins::why_refused(CtlReg reg, std::uint64_t value, const Context& before, std::uint64_t old_root) const {
  const auto refused = [this](Refusal why) { count(refusals_[static_cast<std::size_t>(why)]); };
  constexpr unsigned kKeepBit = 63;
  constexpr std::uint64_t kPg = 1, kPcide = 8, kLowBits = 0xFFF;
  if (reg == CtlReg::Root) {
    if (machine_.format.kind == PteKind::Riscv) return refused(Refusal::RootMode);
    const bool address = (value & low_mask(kKeepBit) & ~low_mask(machine_.pa_bits)) != 0;
    return refused(address ? Refusal::RootAddress : Refusal::RootKeep);
  }
  if (reg == CtlReg::Pat) return refused(Refusal::PatType);
  if (reg != CtlReg::Env) return;
  if ((value & ~mode_bits_of(machine_)) != 0) return refused(Refusal::ModeBitUnknown);
  if ((value & kPcide) != 0 && (value & kPg) == 0) return refused(Refusal::PcidWithoutPaging);
  const bool pcid = (value & kPcide) != 0 && !before.env.pcide && (old_root & kLowBits) != 0;
  refused(pcid ? Refusal::PcidInUse : Refusal::WidthInUse);
}

void ControlBins::changed(const CtlRequest& request, const Context& before, const Context& after) const {
  const auto reg = static_cast<CtlReg>(request.index);
  const std::uint64_t old_bits = env_value(machine_, before.env), new_bits = env_value(machine_, after.env);
  for (unsigned bit = 0; bit < kModeBits; ++bit) {
    if (((old_bits ^ new_bits) >> bit & 1U) != 0) count(mode_bits_[bit][new_bits >> bit & 1U]);
  }
  changes_->hit(0, mode_place(before), 0, mode_place(after));
  const bool chooses = reg == CtlReg::Root || reg == CtlReg::Base || reg == CtlReg::Asid;
  if (!chooses || !before.translate || !after.translate) return;
  switches_->hit((before.base != after.base ? 1U : 0U) + (before.asid != after.asid ? 2U : 0U));
}

std::size_t ControlBins::mode_place(const Context& context) const {
  if (!context.translate) return 0;
  return machine_.format.kind == PteKind::Flat ? 1 : context.levels - machine_.format.min_levels + 1;
}

void ControlBins::on_xlat(const Event& xlat, const TrackedAccess& access, const WalkProgress& walk) const {
  if (xlat.phys() || xlat.source() == Source::Bare || !access.context.translate) return;
  std::size_t source = 4;
  if (xlat.source() == Source::Tlb) source = 0;
  if (xlat.source() == Source::L2) source = 1;
  if (xlat.source() == Source::Walk) source = walk.story(xlat.port()).known_level == 0 ? 2 : 3;
  sources_->hit(mode_place(access.context) - 1, source, xlat.port());
}

}  // namespace vm
