// SPDX-License-Identifier: Apache-2.0
//
// Running a process: accesses go to the hardware in batches; a fault is classified, served if the process may do what
// it tried, and the access is tried again.
#include <algorithm>

#include "machine/reference_walker.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {
namespace {

constexpr std::uint64_t kStackReach = 8ULL << 20;  // a stack grows to at most this much in one step (Linux: 8 MiB)
// One access crosses at most two pages of four reasons each to fault (none there, copy-on-write, accessed, dirty); more
// means that the hardware does not see what the kernel repaired.
constexpr unsigned kMostFaultsPerAccess = 8;

}  // namespace

bool Kernel::State::may_fail(PhysAddr pa, std::uint64_t bytes) const {
  // A cache moves whole lines, and no line leaves its page.
  const std::uint64_t from = pa.value >> machine.format.page_bits << machine.format.page_bits;
  const std::uint64_t to = pa.value + bytes + machine.format.page_size();
  return std::any_of(error_ranges.begin(), error_ranges.end(),
                     [&](const Range& r) { return from < r.to.value && r.from.value < to; });
}

// Accessed and dirty bits are set by hardware, or are set already.
bool Kernel::State::will_not_be_withheld(const Process& process, Vpn vpn, const Page& page, AccessKind kind) const {
  if (is_flat() || hardware_sets_dirty()) return true;
  const std::optional<PhysAddr> at = entry_address(process, vpn, page.level);
  if (!at) return false;
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(machine.format.pte_bytes());
  shadow.read(*at, entry);
  const std::uint64_t wanted = accessed_bits(kind == AccessKind::Store);
  return (pte_from_bytes(machine.format, entry) & wanted) == wanted;
}

bool Kernel::State::may_fail_on_the_way(const Process& process, Vpn vpn, const Page& page) const {
  if (error_ranges.empty()) return false;
  for (unsigned level = page.level; level < process.levels; ++level) {
    const std::optional<PhysAddr> at = entry_address(process, vpn, level);
    if (!at || may_fail(*at, machine.format.pte_bytes())) return true;
  }
  return false;
}

bool Kernel::State::surely_ok(const Process& process, const Access& access) const {
  const VirtAddr last(access.va.value + access.size() - 1);
  if (last < access.va || process.raw || access.is_misaligned()) return false;
  if (!translating()) {
    return machine.takes(PhysAddr(access.va.value), access.atomic) &&
           machine.region_of(PhysAddr(last.value)) != nullptr && !may_fail(PhysAddr(access.va.value), access.size());
  }
  const Context context = context_of(process);
  for (std::uint64_t at = access.va.value;;) {
    if (refused_before_walk(machine, context, VirtAddr(at)) != Cause::None) return false;
    const Vpn vpn = machine.vpn_of(VirtAddr(at));
    const Page* page = process.page(vpn);
    const OsMapping e = mapping_at(process, vpn);
    if (!e.mapped) return false;
    const Pte rights{.valid = true, .user = e.user, .read = e.read, .write = e.write, .exec = e.exec, .ppn = e.ppn};
    if (denied_by(machine.format, context.env, rights, request_of(access, VirtAddr(at))) != Cause::None) return false;
    // Entries of kernel space are accessed and dirty from the start.
    if (page != nullptr && !will_not_be_withheld(process, vpn, *page, access.kind)) return false;
    const PhysAddr frame = address_of(e.ppn);
    if (frame.value > low_mask(machine.pa_bits) || !machine.takes(frame, access.atomic) || may_fail(frame, 1) ||
        (page != nullptr ? may_fail_on_the_way(process, vpn, *page) : !error_ranges.empty())) {
      return false;
    }
    const std::uint64_t next = (at | low_mask(machine.format.page_bits)) + 1;
    if (next > last.value || next == 0) return true;
    at = next;
  }
}

std::size_t Kernel::State::perform(Process& process, std::span<const Access> accesses, std::span<Outcome> outcomes) {
  if (current != process.id) switch_to(process);
  if (page_manager != nullptr && page_manager->lacks_stack(process)) page_manager->wake(process);
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
    now += good;
    if (notes_touches()) note_touches(process, rest.first(good));
    if (good > 0 && grown) promote_grown();
    // After the access that needed a frame, which is not to lose it again.
    if (good > 0 && page_manager != nullptr) page_manager->run(process);
    if (good > 0 && pageout_owed) run_pageout_daemon();
    if (done == accesses.size()) break;

    Outcome& outcome = outcomes[done];
    outcome.last = results[good];
    outcome.last_fault = outcome.last.fault;
    if (is_page_fault(outcome.last_fault.cause)) ++counts.faults;
    if (kernel_space) kernel_space->enter(process, &outcome.last_fault);
    const Access& access = accesses[done];
    pinned = {.process = process.id,
              .first = machine.vpn_of(access.va),
              .last = machine.vpn_of(access.va + (access.size() - 1))};
    const Service service = outcome.faults_served < kMostFaultsPerAccess && translating()
                                ? serve(process, outcome.last_fault)
                                : Service::Failed;
    pinned.reset();
    if (kernel_space) kernel_space->leave(process);
    if (service != Service::Served) {
      outcome.refused = true;
      outcome.segv = service == Service::Segv;
      outcome.shortage = service == Service::NoMemory    ? Shortage::NoMemory
                         : service == Service::SwapError ? Shortage::SwapError
                         : service == Service::Killed    ? Shortage::Killed
                                                         : Shortage::None;
      if (service == Service::Killed) kill(process);
      outcome.sigbus = service == Service::Bus;
      if (outcome.segv) outcome.segv_code = segv_code(process, outcome.last_fault);
      return done + 1;
    }
    ++outcome.faults_served;
  }
  return accesses.size();
}

// A page fault as the lecture numbers it: 1) the hardware found V = 0; 2) the kernel was entered, and 2a) gets a free
// frame (make_room), 2b) looks in the virtual memory map what belongs there and fills the frame, from the disk or with
// zeros, 2c) makes the table point to it. Faults on pages that are there are about rights, or accessed and dirty bits.
Kernel::State::Service Kernel::State::serve(Process& process, const Fault& fault) {
  if (!is_page_fault(fault.cause)) return Service::Failed;
  if (process.raw || fault.cause == Cause::Va || fault.cause == Cause::Limit) return Service::Segv;
  const Vpn vpn = machine.vpn_of(fault.va);
  if (kernel_space && kernel_space->is_pool(vpn)) {
    switch (kernel_space->serve_pool(vpn, fault)) {
      case KernelSpace::PoolFault::Served:
        return Service::Served;
      case KernelSpace::PoolFault::Refused:
        return Service::Segv;
      case KernelSpace::PoolFault::NoMemory:
        return Service::NoMemory;
      case KernelSpace::PoolFault::DiskError:
        return Service::SwapError;
    }
  }
  Page* page = process.page(vpn);
  if (page == nullptr) {
    const std::uint64_t soft_faults = counts.soft_faults;
    const Service service =
        process.swapped.contains(vpn.value) ? page_in(process, vpn, fault) : serve_missing(process, fault);
    counts.missing += service == Service::Served && counts.soft_faults == soft_faults ? 1 : 0;
    return service;
  }
  if (fault.cause == Cause::Write && page->cow && page->rights.allow(fault.access, fault.user)) {
    return copy_on_write(process, vpn, *page);
  }
  if (fault.cause == Cause::Accessed || fault.cause == Cause::Dirty) return mark_accessed(process, fault, *page);
  return Service::Segv;
}

// Where hardware leaves accessed and dirty bits to the operating system. Setting them owes no fence: the hardware
// remembers only what it granted.
Kernel::State::Service Kernel::State::mark_accessed(Process& process, const Fault& fault, Page& page) {
  const Vpn vpn = machine.vpn_of(fault.va);
  const std::optional<PhysAddr> at = entry_address(process, vpn, page.level);
  const std::optional<std::uint64_t> raw = at ? read_raw(*at) : std::nullopt;
  if (!raw) return Service::Failed;
  write_raw(process, vpn, *at, with_accessed(machine.format, *raw, fault.access == AccessKind::Store));
  return Service::Served;
}

const Area* Kernel::State::area_for(Process& process, VirtAddr va) const {
  if (const Area* area = process.areas.find(va)) return area;
  const Area* stack = process.areas.stack_above(va, kStackReach);
  if (stack == nullptr) return nullptr;
  const std::uint64_t from = va.value & ~low_mask(machine.format.page_bits);
  const std::uint64_t pages = (stack->from - from) >> machine.format.page_bits;
  if (!may_grow(process, pages) || !may_promise(pages)) return nullptr;
  process.areas.grow_down(stack->from, from);
  return process.areas.find(va);
}

Kernel::State::Service Kernel::State::serve_missing(Process& process, const Fault& fault) {
  const Area* area = area_for(process, fault.va);
  if (area == nullptr || area->rights.none()) return Service::Segv;
  if (!expressible_rights(area->rights).allow(fault.access, fault.user)) return Service::Segv;
  const Vpn vpn = machine.vpn_of(fault.va);
  const bool reads_zeros =
      policy.zero_page && !area->object && fault.access != AccessKind::Store && can_withhold_write();
  // An object's page that is in memory stays there until it is mapped.
  const std::optional<Ppn> of_object =
      area->object ? object_frame(*area->object, object_index(*area, fault.va)) : std::nullopt;
  const std::size_t frames_wanted = area->object ? (of_object ? 0 : 1) + (takes_own_frame(*area, fault) ? 1 : 0)
                                    : reads_zeros && zero_frame_for_all ? 0
                                                                        : 1;
  if (of_object && busy.contains(of_object->value)) object_page(*area->object, object_index(*area, fault.va));
  const Service room = make_room(process, missing_tables(process, vpn, 0) + frames_wanted, 1, of_object);
  if (room != Service::Served) return room;
  if (page_manager != nullptr && of_object) ++counts.soft_faults;
  if (area->object) return serve_object(process, fault, *area);
  const bool taken = reads_zeros ? take_zero_page(process, vpn, *area) : take_page(process, vpn, *area);
  return taken ? Service::Served : Service::Failed;
}

SegvCode Kernel::State::segv_code(const Process& process, const Fault& fault) const {
  const bool nothing = fault.cause == Cause::Va || fault.cause == Cause::Limit ||
                       is_kernel_space(machine.vpn_of(fault.va)) ||
                       (process.areas.find(fault.va) == nullptr && process.page(machine.vpn_of(fault.va)) == nullptr);
  return nothing ? SegvCode::MapErr : SegvCode::AccErr;
}

std::optional<Ppn> Kernel::State::zeroed_frame() {
  if (const std::optional<Ppn> zeroed = frames.allocate_zeroed()) return zeroed;
  const std::optional<Ppn> frame = frames.allocate();
  if (!frame || zero_frame(*frame)) return frame;
  frames.release(*frame);
  return std::nullopt;
}

bool Kernel::State::take_page(Process& process, Vpn vpn, const Area& area) {
  const std::optional<Ppn> frame = zeroed_frame();
  if (!frame) return false;
  Page page{.frame = *frame, .rights = area.rights, .entry = {}};
  page.entry = entry_for(page);
  TableUpdate update(*this, process, FenceReason::Copy);  // owes none: what was not there is not remembered
  if (!update.set(vpn, page, {})) {
    frames.release(*frame);
    return false;
  }
  add_page(process, vpn, page);
  if (policy.large_pages) grown = {.process = process.id, .vpn = vpn};
  update.commit();
  owe_fetch_sync(page);
  return true;
}

}  // namespace vm
