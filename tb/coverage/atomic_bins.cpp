// SPDX-License-Identifier: Apache-2.0
#include "coverage/atomic_bins.h"

namespace vm {
namespace {

constexpr const char* kGroup = "atomics";
enum class Who : std::uint8_t { Lr, Sc, Amo };
// Causes by their numbers; then where the address is one of memory, but takes no atomics.
constexpr unsigned kNoAtomics = 16;

Values cause_values() {
  Values values;
  for (unsigned c = 0; c < kNoAtomics; ++c) values.emplace_back(to_string(static_cast<Cause>(c)));
  values.emplace_back("no atomics there");
  return values;
}

// An SC that stores, one that fails, and the others in their order.
Values operation_values() {
  Values values = {"sc that fails"};
  for (unsigned op = 1; op < kAtomicOps; ++op) values.emplace_back(to_string(static_cast<AtomicOp>(op)));
  values[static_cast<std::size_t>(AtomicOp::Sc)] = "sc that stores";
  return values;
}

}  // namespace

AtomicBins::AtomicBins(BinTable& table) : machine_(table.machine()), reservation_(machine_) {
  if (!machine_.atomics) return;
  performed_.emplace(table, kGroup,
                     std::vector<Values>{
                         operation_values(),
                         {"word", "doubleword"},
                         machine_.dcache.ways != 0 ? Values{"hit", "miss", "uncached"} : Values{"-", "-", "uncached"}});
  // By Lost.
  lost_.emplace(
      table, kGroup,
      std::vector<Values>{{"reservation"},
                          {"never made", "lost with an LR that failed", "lost with an SC", "of another line",
                           "lost by a store of the host", "lost by an update of the walker", "lost by the sequencer"}});
  faults_.emplace(table, kGroup, std::vector<Values>{{"lr", "sc", "amo"}, cause_values()});
  races_.emplace(table, kGroup, std::vector<Values>{{"store of the host to the line of an atomic under way"}});
}

void AtomicBins::on_event(const Event& event) {
  if (!performed_) return;
  switch (event.kind) {
    case EventKind::CacheLookup:
      if (event.client() == Client::Atomic && !event.write()) {
        found_ = event.uncached() ? Found::Uncached : event.hit() ? Found::Hit : Found::Miss;
      }
      if (event.client() == Client::Host && event.write() && event.answers_at_once()) {
        other_store(event.b, Lost::HostStore);
      }
      return;
    case EventKind::CacheDone:
      if (event.client() == Client::Host && event.write()) other_store(event.b, Lost::HostStore);
      return;
    case EventKind::WalkUpdate:
      if (event.update_success()) other_store(event.b, Lost::WalkerUpdate);
      return;
    case EventKind::Drained:
      return reservation_.sequencer();
    case EventKind::AtomicStart:
      under_way_ = event.b;
      return;
    case EventKind::AtomicEnd:
      return on_end(event);
    default:
      return;
  }
}

void AtomicBins::on_end(const Event& event) {
  under_way_.reset();
  const AtomicOp op = event.atomic_op();
  const bool fails = op == AtomicOp::Sc && event.c != 0;
  if (!event.atomic_err()) {
    performed_->hit(fails ? 0U : static_cast<unsigned>(op), event.strb() == 0xFF, found_);
    if (const auto why = reservation_.why_not(PhysAddr(event.b)); fails && why) lost_->hit(0, *why);
  }
  if (op == AtomicOp::Lr) reservation_.load(PhysAddr(event.b), !event.atomic_err());
  if (op == AtomicOp::Sc) reservation_.conditional();
}

void AtomicBins::on_cycle(const Cycle& cycle) {
  if (!performed_ || !under_way_ || !cycle.host_accepted() || !cycle.in->host.write) return;
  const std::uint64_t line = ~std::uint64_t{machine_.reservation_bytes() - 1};
  if (((cycle.in->host.addr ^ *under_way_) & line) == 0) races_->hit(0);
}

void AtomicBins::on_retired(const TrackedAccess& access) {
  if (!performed_ || !access.is_atomic()) return;
  const AtomicOp op = access.request.atomic;
  const Who who = op == AtomicOp::Lr ? Who::Lr : op == AtomicOp::Sc ? Who::Sc : Who::Amo;
  unsigned cause = static_cast<unsigned>(access.response.fault.cause);
  if (access.response.fault.cause == Cause::Access && access.piece_count != 0) {
    // An address beyond the bus is cut off in the event, and may seem to lie in memory.
    const Region* region = machine_.region_of(PhysAddr(access.pieces[0].xlat.c));
    if (region != nullptr && !region->atomic) cause = kNoAtomics;
  }
  faults_->hit(who, cause);
}

}  // namespace vm
