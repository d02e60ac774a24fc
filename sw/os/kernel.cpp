// SPDX-License-Identifier: Apache-2.0
//
// The kernel's face: finds the process, hands over to the mechanisms.
#include "os/kernel.h"

#include <fmt/format.h>

#include <utility>

#include "machine/error.h"
#include "machine/pte.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

Kernel::State::State(Platform& p)
    : platform(p),
      machine(p.machine()),
      frames(machine),
      tables(machine, frames),
      control(machine),
      environment(default_environment()),
      replacement(make_replacement({})) {}

Kernel::State::~State() = default;

Process& Kernel::State::process(ProcessId pid) {
  if (const auto borrower = borrowers.find(pid); borrower != borrowers.end()) return process(borrower->second.lender);
  if (killed.contains(pid)) {
    throw InputError(fmt::format("process {} is gone: it was killed when memory ran out, or its address space ended",
                                 killed.at(pid)));
  }
  const auto found = processes.find(pid);
  if (found == processes.end()) throw InputError(fmt::format("there is no process with number {}", pid));
  return found->second;
}

const Process& Kernel::State::process(ProcessId pid) const { return const_cast<State*>(this)->process(pid); }

Kernel::Kernel(Platform& platform) : state_(std::make_unique<State>(platform)) {}

Kernel::~Kernel() = default;

ProcessId Kernel::create_process(std::string name, const ProcessOptions& options) {
  if (!options.raw && !may_start()) throw InputError(fmt::format("cannot start process {}: not enough memory", name));
  Process& process = state_->create(std::move(name), options);
  if (!state_->map_global_pages(process)) {
    throw InputError(fmt::format("no frame left for a page table of process {}", process.name));
  }
  if (state_->kernel_space && !process.raw && !state_->kernel_space->give_stack(process)) {
    throw InputError(fmt::format("no frame left for the kernel stack of process {}", process.name));
  }
  return process.id;
}

std::optional<ProcessId> Kernel::find_process(std::string_view name) const {
  for (const auto& [pid, process] : state_->processes) {
    if (process.name == name) return pid;
  }
  for (const auto& [pid, borrower] : state_->borrowers) {
    if (borrower.name == name) return pid;
  }
  return std::nullopt;
}

const std::string& Kernel::name_of(ProcessId pid) const { return state_->name_of(pid); }

Context Kernel::context_of(ProcessId pid) const { return state_->context_of(state_->process(pid)); }

void Kernel::set_free_frames(const std::vector<Ppn>& frames) { state_->frames.set_free(frames); }

std::size_t Kernel::free_frames() const { return state_->frames.free_count(); }

unsigned Kernel::frame_references(Ppn frame) const { return state_->frames.references(frame); }

void Kernel::start() {
  for (auto& [pid, process] : state_->processes) {
    if (!process.owns_table && !process.raw) state_->adopt_tables(process);
  }
  state_->start_hardware();
}

void Kernel::set_environment(const Environment& environment) {
  if (state_->started || !state_->processes.empty()) throw InputError("mode bits are chosen before the first process");
  if (state_->kernel_space) throw InputError("mode bits are chosen before kernel space");
  state_->environment = environment;
  state_->wp_was_clear |= state_->is_x86() && !environment.wp;
}

const Environment& Kernel::environment() const { return state_->environment; }

void Kernel::map(ProcessId pid, Vpn vpn, Ppn frame, Rights rights, const MapOptions& options) {
  state_->map(state_->process(pid), vpn, frame, rights, options);
}

void Kernel::unmap(ProcessId pid, Vpn vpn) {
  if (state_->is_kernel_space(vpn) && !state_->process(pid).raw) {
    state_->kernel_space->unmap(vpn);
    return;
  }
  Process& process = state_->process(pid);
  const Page* page = process.page(vpn);
  if (page == nullptr) {
    TableUpdate update(*state_, process, FenceReason::Map);
    state_->drop_swapped(process, vpn, vpn + 1, update);
    return update.commit();
  }
  if (!page->global) return state_->unmap_page(process, vpn);
  state_->unmap_global_page(Vpn(process.page_from(vpn)->first));
}

void Kernel::add_area(ProcessId pid, VirtAddr from, VirtAddr to, Rights rights, bool grows_down) {
  Process& process = state_->process(pid);
  const Machine& machine = state_->machine;
  if (machine.offset_of(from) != 0 || machine.offset_of(to) != 0 || !(from < to)) {
    throw InputError(fmt::format("area 0x{:x}..0x{:x}: expected whole pages of {} bytes, the end above the start",
                                 from.value, to.value, machine.format.page_size()));
  }
  if (!machine.va_is_legal(from, process.levels) || !machine.va_is_legal(VirtAddr(to.value - 1), process.levels)) {
    throw InputError(fmt::format("area 0x{:x}..0x{:x} does not lie in the {}-bit address space", from.value, to.value,
                                 machine.format.page_bits + machine.format.vpn_bits(process.levels)));
  }
  if (state_->kernel_space && !state_->kernel_space->options().own_table && to.value > state_->space_end(process)) {
    throw InputError(fmt::format("area 0x{:x}..0x{:x} reaches into kernel space, from 0x{:x} on", from.value, to.value,
                                 state_->space_end(process)));
  }
  if (process.areas.overlaps(from.value, to.value)) {
    throw InputError(
        fmt::format("area 0x{:x}..0x{:x} overlaps another area of process {}", from.value, to.value, process.name));
  }
  process.areas.insert(
      {.from = from.value, .to = to.value, .rights = rights, .grows_down = grows_down, .object = nullptr});
}

std::optional<Kernel::Entry> Kernel::read_leaf(ProcessId pid, Vpn vpn) {
  const Process& process = state_->process(pid);
  const Context context = state_->context_of(process);
  PhysAddr table = process.table;
  for (unsigned level = process.levels; level-- > 0;) {
    const std::optional<std::uint64_t> raw = state_->read_raw(state_->entry_in(table, vpn, level));
    if (!raw) return std::nullopt;
    const Pte pte = decode_pte(state_->machine, context, *raw, level);
    if (!pte.valid || pte.leaf || pte.reserved || level == 0) return Entry{.value = *raw, .level = level};
    table = state_->address_of(pte.ppn);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Kernel::read_entry(ProcessId pid, Vpn vpn) {
  const std::optional<Entry> entry = read_leaf(pid, vpn);
  return entry ? std::optional(entry->value) : std::nullopt;
}

void Kernel::note_physical_write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  state_->note_physical_write(pa, bytes);
}

void Kernel::note_fetch_sync() {
  state_->fetch_sync_owed = false;
  state_->fetch_history.clear();
}

void Kernel::note_control(CtlReg reg, std::uint64_t value, bool user) {
  State& state = *state_;
  if (state.control.write(reg, value, user).refused) return;
  state.translate_wanted = state.translating();
  if (reg != CtlReg::Env || !state.translate_wanted) return;
  state.environment = state.control.context().env;
  state.wp_was_clear |= state.is_x86() && !state.environment.wp;
}

void Kernel::note_bus_errors(PhysAddr from, PhysAddr to) { state_->error_ranges.push_back({.from = from, .to = to}); }

void Kernel::switch_to(ProcessId pid) { state_->switch_to(state_->running(pid)); }

std::optional<ProcessId> Kernel::current() const { return state_->current; }

void Kernel::set_translation(bool on) {
  state_->translate_wanted = on;
  state_->apply_mode();
}

std::size_t Kernel::perform(ProcessId pid, std::span<const Access> accesses, std::span<Outcome> outcomes) {
  if (state_->killed.contains(pid) && !accesses.empty()) {
    outcomes[0] = {.last = {}, .last_fault = {}, .refused = true, .shortage = Shortage::Killed};
    return 1;
  }
  return state_->perform(state_->running(pid), accesses, outcomes);
}

std::int64_t Kernel::mmap(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                          std::uint64_t offset) {
  return state_->mmap(state_->running(pid), addr, len, prot, flags, fd, offset);
}

std::int64_t Kernel::munmap(ProcessId pid, std::uint64_t addr, std::uint64_t len) {
  return state_->munmap(state_->running(pid), addr, len);
}

std::int64_t Kernel::mprotect(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot) {
  return state_->mprotect(state_->running(pid), addr, len, prot);
}

std::int64_t Kernel::fork(ProcessId pid, std::string child_name, ForkKind kind) {
  return state_->fork(state_->running(pid), std::move(child_name), kind);
}

std::int64_t Kernel::vfork(ProcessId pid, std::string child_name) { return state_->vfork(pid, std::move(child_name)); }

std::int64_t Kernel::thread(ProcessId pid, std::string name) { return state_->thread(pid, std::move(name)); }

const KernelCounts& Kernel::counts() const { return state_->counts; }

std::string Kernel::broken_invariant() const { return state_->broken_invariant(); }

void Kernel::os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const {
  state_->os_mappings(context, vpn, out);
}

void Kernel::image_store(const Context& context, VirtAddr va, std::uint8_t byte) {
  state_->image_store(context, va, byte);
}

std::optional<std::uint8_t> Kernel::image_byte(const Context& context, VirtAddr va) const {
  return state_->image_byte(context, va);
}

void Kernel::image_store_bytes(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) {
  if (!state_->image_store_in_page(context, va, bytes)) OsView::image_store_bytes(context, va, bytes);
}

bool Kernel::image_holds(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) const {
  return state_->image_holds_in_page(context, va, bytes) || OsView::image_holds(context, va, bytes);
}

bool Kernel::image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const {
  return state_->image_fetch_may_be(context, va, byte);
}

}  // namespace vm
