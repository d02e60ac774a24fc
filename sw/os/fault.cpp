// SPDX-License-Identifier: Apache-2.0
//
// Running a process: accesses go to the hardware in batches; a fault is classified, served if the process may do what
// it tried, and the access is tried again.
#include <algorithm>

#include "machine/reference_walker.h"
#include "os/state.h"

namespace vm {
namespace {

constexpr std::uint64_t kStackReach = 8ULL << 20;  // a stack grows to at most this much in one step (Linux: 8 MiB)
// One access crosses at most two pages of three reasons each to fault; more means that the hardware does not see what
// the kernel repaired.
constexpr unsigned kMostFaultsPerAccess = 8;

}  // namespace

bool Kernel::State::may_fail(PhysAddr pa, std::uint64_t bytes) const {
  // A cache moves whole lines, and no line leaves its page.
  const std::uint64_t from = pa.value >> machine.format.page_bits << machine.format.page_bits;
  const std::uint64_t to = pa.value + bytes + machine.format.page_size();
  return std::any_of(error_ranges.begin(), error_ranges.end(),
                     [&](const Range& r) { return from < r.to.value && r.from.value < to; });
}

bool Kernel::State::surely_ok(const Process& process, const Access& access) const {
  const VirtAddr last(access.va.value + access.size() - 1);
  if (last < access.va) return false;
  if (!translating) {
    return machine.region_of(PhysAddr(access.va.value)) != nullptr &&
           machine.region_of(PhysAddr(last.value)) != nullptr && !may_fail(PhysAddr(access.va.value), access.size());
  }
  const Context context = context_of(process);
  for (std::uint64_t at = access.va.value;;) {
    if (refused_before_walk(machine, context, VirtAddr(at)) != Cause::None) return false;
    const Page* page = process.page(machine.vpn_of(VirtAddr(at)));
    if (page == nullptr || !page->entry.mapped) return false;
    const OsMapping& e = page->entry;
    const Pte rights{.valid = true, .user = e.user, .read = e.read, .write = e.write, .exec = e.exec, .ppn = e.ppn};
    if (denied_by(rights, access.kind, access.user) != Cause::None) return false;
    const PhysAddr frame = address_of(page->frame);
    if (frame.value > low_mask(machine.pa_bits) || machine.region_of(frame) == nullptr || may_fail(frame, 1) ||
        may_fail(entry_address(process, machine.vpn_of(VirtAddr(at))), machine.format.pte_bytes())) {
      return false;
    }
    const std::uint64_t next = (at | low_mask(machine.format.page_bits)) + 1;
    if (next > last.value || next == 0) return true;
    at = next;
  }
}

std::size_t Kernel::State::perform(Process& process, std::span<const Access> accesses, std::span<Outcome> outcomes) {
  if (current != process.id) switch_to(process);
  apply_mode();
  std::fill_n(outcomes.begin(), accesses.size(), Outcome{});
  if (results.size() < accesses.size()) results.resize(accesses.size());
  for (std::size_t done = 0; done < accesses.size();) {
    const std::span<const Access> rest = accesses.subspan(done);
    const auto is_fetch = [](const Access& a) { return a.kind == AccessKind::Fetch; };
    if (fetch_sync_owed && std::any_of(rest.begin(), rest.end(), is_fetch)) pay_fetch_sync();
    const std::size_t good = platform.perform(rest, std::span(results).first(rest.size()),
                                              [&](std::size_t i) { return surely_ok(process, rest[i]); });
    for (std::size_t i = 0; i < good; ++i) outcomes[done + i].last = results[i];
    done += good;
    if (done == accesses.size()) break;

    Outcome& outcome = outcomes[done];
    outcome.last = results[good];
    outcome.last_fault = outcome.last.fault;
    if (is_page_fault(outcome.last_fault.cause)) ++counts.faults;
    const Service service = outcome.faults_served < kMostFaultsPerAccess && translating
                                ? serve(process, outcome.last_fault)
                                : Service::Failed;
    if (service != Service::Served) {
      outcome.refused = true;
      outcome.segv = service == Service::Segv;
      return done + 1;
    }
    ++outcome.faults_served;
  }
  return accesses.size();
}

Kernel::State::Service Kernel::State::serve(Process& process, const Fault& fault) {
  if (!is_page_fault(fault.cause)) return Service::Failed;
  if (fault.cause == Cause::Va || fault.cause == Cause::Limit) return Service::Segv;
  const Vpn vpn = machine.vpn_of(fault.va);
  Page* page = process.page(vpn);
  if (page == nullptr) return serve_missing(process, fault);
  if (fault.cause == Cause::Write && page->cow && page->rights.allow(fault.access, fault.user)) {
    return copy_on_write(process, vpn, *page);
  }
  return Service::Segv;
}

const Area* Kernel::State::area_for(Process& process, VirtAddr va) const {
  if (const Area* area = process.areas.find(va)) return area;
  const Area* stack = process.areas.stack_above(va, kStackReach);
  if (stack == nullptr) return nullptr;
  process.areas.grow_down(stack->from, va.value & ~low_mask(machine.format.page_bits));
  return process.areas.find(va);
}

Kernel::State::Service Kernel::State::serve_missing(Process& process, const Fault& fault) {
  const Area* area = area_for(process, fault.va);
  if (area == nullptr || area->rights.none()) return Service::Segv;
  if (!expressible_rights(area->rights).allow(fault.access, fault.user)) return Service::Segv;
  return take_page(process, machine.vpn_of(fault.va), *area) ? Service::Served : Service::Failed;
}

bool Kernel::State::take_page(Process& process, Vpn vpn, const Area& area) {
  std::optional<Ppn> frame;
  if (area.object) {
    const std::uint64_t number = ((vpn.value << machine.format.page_bits) - area.object_at) >> machine.format.page_bits;
    SharedObject::SharedPage& shared = area.object->pages[number];
    if (!shared.frame) {
      frame = frames.allocate();
      if (!frame) return false;
      if (!zero_frame(*frame)) {
        frames.release(*frame);
        return false;
      }
      shared.frame = frame;
    }
    frame = shared.frame;
    frames.retain(*frame);
  } else {
    frame = frames.allocate();
    if (!frame) return false;
    if (!zero_frame(*frame)) {
      frames.release(*frame);
      return false;
    }
  }
  Page page{.frame = *frame, .rights = area.rights, .shared = area.object != nullptr, .entry = {}};
  page.entry = entry_for(page);
  process.pages[vpn.value] = page;
  TableUpdate update(*this, process);
  update.set(vpn, {}, page.entry);
  update.commit();
  owe_fetch_sync(page);
  return true;
}

Kernel::State::Service Kernel::State::copy_on_write(Process& process, Vpn vpn, Page& page) {
  const OsMapping before = page.entry;
  const Ppn shared_frame = page.frame;
  const bool last_owner = frames.references(shared_frame) == 1 && !page.keep_frame;
  if (!last_owner) {
    const std::optional<Ppn> own = frames.allocate();
    if (!own) return Service::Failed;
    if (!copy_frame(shared_frame, *own)) {
      frames.release(*own);
      return Service::Failed;
    }
    ++counts.cow_copies;
    page.frame = *own;
  }
  process.image.separate(vpn);
  page.cow = false;
  page.keep_frame = false;
  page.entry = entry_for(page);
  TableUpdate update(*this, process);
  update.set(vpn, before, page.entry);
  update.commit();
  if (!last_owner) {
    frames.release(shared_frame);
    owe_fetch_sync(page);
  }
  return Service::Served;
}

}  // namespace vm
