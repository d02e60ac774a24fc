// SPDX-License-Identifier: Apache-2.0
#include "coverage/fence_bins.h"

#include "machine/control.h"
#include "pieces.h"

namespace vm {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

// By FenceBins::Scopes::scope.
constexpr std::array<const char*, 8> kScopeNames = {
    "all but global",  "page but global",        "ASID", "page in ASID", "everything", "page",
    "ASID and global", "page in ASID and global"};

enum class Walking : std::uint8_t { None, Waiting, Look, Read };  // then Update and Held, after a place for each level

Values phase_names(const Machine& machine) {
  Values values = {"no walk", "port waits for the walker", "L2 TLB and walk caches looked up"};
  for (unsigned level = 0; level < machine.format.levels; ++level) values.push_back("entry of " + level_name(level));
  values.emplace_back("compare-and-set");
  values.emplace_back("result held");
  return values;
}

Values kinds(const Machine& machine) {
  if (machine.array_port) return {"control write", "fence", "array access"};
  return {"control write", "fence"};
}

enum class Stage : std::uint8_t { Empty, Pipeline, Walking, Waiting, CacheMiss, Cut };

Values stage_names() {
  return {"no access",        "access in the pipeline", "access walks", "access waits for the walker",
          "access in memory", "access cut into pieces"};
}

enum class Unit : std::uint8_t { FetchBase, FetchSuper, DataBase, DataSuper, L2, WalkCaches };

Values unit_names() {
  return {"fetch TLB base part", "fetch TLB super part", "data TLB base part", "data TLB super part", "L2 TLB",
          "walk caches"};
}

enum class Spared : std::uint8_t { Global, OtherAsid, OtherPage };

bool walk_runs(const WalkProgress& walk) { return walk.phase() != WalkPhase::None; }

}  // namespace

// ---------------------------------------------------------------- scopes

std::size_t FenceBins::Scopes::scope(const Fence& fence) {
  return (fence.by_addr ? 1U : 0U) + (fence.by_asid ? 2U : 0U) + (fence.globals ? 4U : 0U);
}

FenceBins::Scopes::Scopes(const Machine& machine) {
  for (std::size_t scope = 0; scope < 8; ++scope) {
    const bool by_addr = (scope & 1U) != 0, by_asid = (scope & 2U) != 0;
    plain.emplace_back(kScopeNames.at(scope));
    for (std::size_t relation = 0; relation < 4; ++relation) {
      places.at(scope).at(relation) = kNowhere;
      const bool same_page = (relation & 2U) != 0, same_asid = (relation & 1U) != 0;
      // Without an operand there is one relation only, and without ASIDs no fence names one.
      if ((by_asid && machine.asid_bits == 0) || (!by_addr && same_page) || (!by_asid && same_asid)) continue;
      std::string name = kScopeNames.at(scope);
      if (by_addr) name += same_page ? ", same page" : ", another page";
      if (by_asid) name += same_asid ? ", same ASID" : ", another ASID";
      places.at(scope).at(relation) = related.size();
      related.push_back(name);
    }
  }
  const Format& f = machine.format;
  const bool x86 = f.kind == PteKind::X86;
  const bool mode_bits = x86 || f.hw_ad || f.pbmt;
  const auto add = [this](std::size_t which, bool has, const char* name) {
    control.at(which) = has ? related.size() : kNowhere;
    control_plain.at(which) = has ? plain.size() : kNowhere;
    if (!has) return;
    related.emplace_back(name);
    plain.emplace_back(name);
  };
  // Of RISC-V's roots only one with another number of levels forgets (M15).
  add(0, x86 || (f.kind == PteKind::Riscv && f.min_levels != f.levels), "write of the root");
  add(1, mode_bits, "write of the mode bits");
  add(2, x86, "write of the PAT");
}

std::size_t FenceBins::Scopes::place(const Fence& fence, bool same_page, bool same_asid) const {
  const std::size_t relation = (fence.by_addr && same_page ? 2U : 0U) + (fence.by_asid && same_asid ? 1U : 0U);
  return places[scope(fence)][relation];
}

// ---------------------------------------------------------------- bins

FenceBins::FenceBins(BinTable& table)
    : machine_(table.machine()),
      scopes_(machine_),
      fences_(table, "fences", {scopes_.related, phase_names(machine_)}),
      operations_(table, "operations",
                  {{"clean", "invalidate", "clean and invalidate", "fetch sync"},
                   {"whole", "line", "line beyond the bus", "refused"},
                   {"no walk", "walk"}}),
      translations_(table, "operations",
                    {{"translations"}, {"page of an illegal address", "refused"}, {"no walk", "walk"}}),
      stages_(table, "stages", {kinds(machine_), {"fetch port", "data port"}, stage_names()}),
      behind_(table, "stages", {kinds(machine_), {"then"}, kinds(machine_), {"no access waits", "an access waits"}}),
      dropped_(table, "dropped", {scopes_.plain, unit_names()}),
      spared_(table, "dropped",
              {{"spared"}, {"global", "of another ASID", "of another page"}, {"base part", "super part"}}) {}

void FenceBins::on_cycle(const Cycle& cycle, const Tracker& tracker, const TranslationShadow& shadow,
                         const WalkProgress& walk) {
  for (const Event& event : cycle.events) on_event(event, shadow);
  waiting(cycle);
  if (cycle.out->fence.valid && fence_under_way_) {
    if (!cycle.out->fence.refused && forgetting_) spared(fence_, shadow);
    fence_under_way_ = false;
  }
  if (cycle.ctl_accepted()) accept_control(cycle.in->ctl, tracker, walk);
  if (cycle.fence_accepted()) accept_fence(cycle.in->fence, tracker, walk);
  if (cycle.array_accepted()) stages(Kind::Array, tracker, walk);
  for (const Port port : {Port::Fetch, Port::Data}) {
    const auto p = static_cast<unsigned>(port);
    if (cycle.response(port).valid) cut_[p] = false;
    const CoreRequest& request = cycle.request(port);
    if (cycle.accepted(port)) {
      cut_[p] = unit_parts(machine_.unit_bytes(), request) > 1 || request.atomic != AtomicOp::None;
    }
  }
}

void FenceBins::on_event(const Event& event, const TranslationShadow& shadow) {
  switch (event.kind) {
    case EventKind::CacheLookup:
      if (event.client() == Client::Core && !event.answers_at_once()) ++missing_[event.cache()];
      return;
    case EventKind::CacheDone:
      if (event.client() == Client::Core && missing_[event.cache()] != 0) --missing_[event.cache()];
      return;
    case EventKind::TlbInvalidate: {
      if (!forgetting_) return;
      const auto unit = event.tlb_unit();
      if (unit == TlbUnit::L2) return dropped_.hit(*forgetting_, Unit::L2);
      if (unit == TlbUnit::WalkCaches) return dropped_.hit(*forgetting_, Unit::WalkCaches);
      const bool super = unit == TlbUnit::Super;
      bool any = event.b != 0;
      // A fence of everything does not say what there was.
      for (const ShadowEntry& entry : shadow.part(event.port(), super)) any = any || (event.tlb_all() && entry.known);
      const auto first = static_cast<std::size_t>(event.port() == Port::Fetch ? Unit::FetchBase : Unit::DataBase);
      if (any) dropped_.hit(*forgetting_, first + (super ? 1 : 0));
      return;
    }
    default:
      return;
  }
}

// ---------------------------------------------------------------- acceptance

void FenceBins::accept_control(const CtlRequest& request, const Tracker& tracker, const WalkProgress& walk) {
  stages(Kind::Control, tracker, walk);
  forgetting_.reset();
  if (!tracker.forgetting()) return;
  const auto reg = static_cast<CtlReg>(request.index);
  const std::size_t which = reg == CtlReg::Root ? 0 : reg == CtlReg::Env ? 1 : 2;
  relate(scopes_.control[which], walk);
  forgetting_ = scopes_.control_plain[which];
}

void FenceBins::accept_fence(const FenceRequest& request, const Tracker& tracker, const WalkProgress& walk) {
  stages(Kind::Fence, tracker, walk);
  forgetting_.reset();
  fence_ = fence_of(machine_, request);
  fence_under_way_ = true;
  const bool runs = walk_runs(walk);
  if (fence_.op != FenceOp::Tlb) {
    const bool beyond = fence_.by_addr && (fence_.addr >> machine_.bus_bits) != 0;
    operations_.hit(static_cast<std::size_t>(fence_.op) - 1,
                    fence_.user      ? 3U
                    : beyond         ? 2U
                    : fence_.by_addr ? 1U
                                     : 0U,
                    runs);
    return;
  }
  if (fence_.user) return translations_.hit(0, 1, runs);
  if (names_no_page(machine_, tracker.context_in_flight(), fence_)) return translations_.hit(0, 0, runs);
  forgetting_ = Scopes::scope(fence_);
  const bool same_asid = ((fence_.asid ^ tracker.context_in_flight().asid) & low_mask(machine_.asid_bits)) == 0;
  const auto same_page = [&](VirtAddr va) { return machine_.vpn_of(va) == machine_.vpn_of(VirtAddr(fence_.addr)); };
  fences_.hit(scopes_.place(fence_, same_page(walk.story(walk.port()).va), same_asid), phase_of(walk));
  for (const Port port : {Port::Fetch, Port::Data}) {
    if (!walk.waiting(port)) continue;
    fences_.hit(scopes_.place(fence_, same_page(*walk.waiting(port)), same_asid), Walking::Waiting);
  }
}

void FenceBins::relate(std::size_t place, const WalkProgress& walk) const {
  fences_.hit(place, phase_of(walk));
  for (const Port port : {Port::Fetch, Port::Data}) {
    if (walk.waiting(port)) fences_.hit(place, Walking::Waiting);
  }
}

std::size_t FenceBins::phase_of(const WalkProgress& walk) const {
  const auto read = static_cast<std::size_t>(Walking::Read);
  switch (walk.phase()) {
    case WalkPhase::None:
      return static_cast<std::size_t>(Walking::None);
    case WalkPhase::Look:
      return static_cast<std::size_t>(Walking::Look);
    case WalkPhase::Read:
      return read + walk.level();
    case WalkPhase::Update:
      return read + machine_.format.levels;
    case WalkPhase::Held:
      return read + machine_.format.levels + 1;
  }
  return kNowhere;
}

void FenceBins::stages(Kind kind, const Tracker& tracker, const WalkProgress& walk) const {
  for (const Port port : {Port::Fetch, Port::Data}) {
    const auto p = static_cast<unsigned>(port);
    Stage stage = Stage::Pipeline;
    if (tracker.outstanding(port) == 0) {
      stage = Stage::Empty;
    } else if (walk.waiting(port)) {
      stage = Stage::Waiting;
    } else if (walk_runs(walk) && walk.port() == port) {
      stage = Stage::Walking;
    } else if (missing_[p] != 0) {
      stage = Stage::CacheMiss;
    } else if (cut_[p]) {
      stage = Stage::Cut;
    }
    stages_.hit(kind, p, stage);
  }
}

// What is offered while another operation is answered has waited for it.
void FenceBins::waiting(const Cycle& cycle) const {
  const auto waits_behind = [&](Kind first) {
    const bool access = cycle.in->fetch.valid || cycle.in->data.valid;
    if (cycle.in->ctl.valid) behind_.hit(first, 0, Kind::Control, access);
    if (cycle.in->fence.valid) behind_.hit(first, 0, Kind::Fence, access);
    if (cycle.in->array.valid) behind_.hit(first, 0, Kind::Array, access);
  };
  if (cycle.out->ctl.valid) waits_behind(Kind::Control);
  if (cycle.out->fence.valid) waits_behind(Kind::Fence);
  if (cycle.out->array.valid) waits_behind(Kind::Array);
}

void FenceBins::spared(const Fence& fence, const TranslationShadow& shadow) const {
  for (const Port port : {Port::Fetch, Port::Data}) {
    for (const bool super : {false, true}) {
      for (const ShadowEntry& entry : shadow.part(port, super)) {
        if (!entry.known) continue;
        if (fence.by_addr && !shadow.covers(entry, machine_.vpn_of(VirtAddr(fence.addr)))) {
          spared_.hit(0, Spared::OtherPage, super);
        } else if (entry.global) {
          spared_.hit(0, Spared::Global, super);
        } else {
          spared_.hit(0, Spared::OtherAsid, super);
        }
      }
    }
  }
}

}  // namespace vm
