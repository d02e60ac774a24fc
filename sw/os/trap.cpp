// SPDX-License-Identifier: Apache-2.0
//
// Traps: what the kernel itself fetches, loads and stores in supervisor mode when a process calls it, when an access
// faults, and when another process goes on. Its handlers are this model's C++; these accesses are what handlers of real
// kernels begin and end with, so that kernel space is used as it is by them.
#include <algorithm>
#include <array>

#include "machine/pte.h"
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {
namespace {

constexpr std::uint64_t kSwitchCode = 0x80;  // offset in the kernel's code of the part that changes the address space
constexpr std::size_t kTrapWords = 4;        // number of the trap, cause, address, depth
constexpr std::size_t kContextWords = 2;     // number of the process, number of the switch

}  // namespace

bool KernelSpace::is_in_force(const Process& process) const {
  return own_table_ ? is_own_table(state_.control.context()) : may_enter(process);
}

// Not where the trace has put the hardware elsewhere behind the kernel's back, nor in tables the kernel did not make.
bool KernelSpace::may_enter(const Process& process) const {
  if (!options_.traps || process.raw || !state_.started || state_.current != process.id) return false;
  if (state_.page_manager != nullptr && state_.page_manager->lacks_stack(process)) return false;
  const Context& there = state_.control.context();
  const Context wanted = state_.context_of(process);
  return there.translate && there.base == wanted.base && there.asid == wanted.asid && there.levels == wanted.levels &&
         there.limit == wanted.limit;
}

Access KernelSpace::access(AccessKind kind, std::uint64_t va, std::uint64_t data) const {
  const bool fetch = kind == AccessKind::Fetch;
  const bool wide = state_.machine.va_bits > 32 && !fetch;
  return {.kind = kind,
          .user = false,
          .size_log2 = static_cast<std::uint8_t>(wide ? 3 : 2),
          .va = VirtAddr(va),
          .data = wide ? data : data & low_mask(32)};
}

bool KernelSpace::perform(Process& process, std::span<const Access> accesses, std::span<AccessResult> results) {
  const auto is_fetch = [](const Access& a) { return a.kind == AccessKind::Fetch; };
  if (state_.fetch_sync_owed && std::any_of(accesses.begin(), accesses.end(), is_fetch)) state_.pay_fetch_sync();
  const std::size_t good = state_.platform.perform(
      accesses, results, [&](std::size_t i) { return !own_table_ && state_.surely_ok(process, accesses[i]); });
  state_.counts.kernel_accesses += good;
  for (const AccessResult& result : results.first(good)) state_.counts.kernel_tlb_misses += result.tlb == Hit::Miss;
  if (good == accesses.size()) return true;
  ++state_.counts.kernel_faults;
  return false;
}

bool KernelSpace::push(Process& process, std::span<const std::uint64_t> words) {
  std::array<Access, kTrapWords> stores;
  std::array<AccessResult, kTrapWords> results;
  for (std::size_t i = 0; i < words.size(); ++i) {
    process.kernel_stack_bytes += access(AccessKind::Store, 0).size();
    stores.at(i) = access(AccessKind::Store, address_of(stack_end_).value - process.kernel_stack_bytes, words[i]);
  }
  return perform(process, std::span(stores).first(words.size()), std::span(results).first(words.size()));
}

void KernelSpace::pop(Process& process, std::size_t words) {
  std::array<Access, kTrapWords> loads;
  std::array<AccessResult, kTrapWords> results;
  for (std::size_t i = 0; i < words; ++i) {
    loads.at(i) = access(AccessKind::Load, address_of(stack_end_).value - process.kernel_stack_bytes);
    process.kernel_stack_bytes -= loads.at(i).size();
  }
  if (!is_in_force(process)) return;
  perform(process, std::span(loads).first(words), std::span(results).first(words));
}

void KernelSpace::enter(Process& process, const Fault* fault) {
  if (!may_enter(process)) return;
  ++state_.counts.traps;
  if (own_table_) state_.write_ctl(CtlReg::TrapEnter, 0);
  const std::uint64_t data = address_of(data_).value;
  std::array<AccessResult, 2> begun;
  const std::array first = {access(AccessKind::Fetch, address_of(code_).value), access(AccessKind::Load, data)};
  if (!perform(process, first, begun)) return;
  const std::array count = {access(AccessKind::Store, data, begun[1].data + 1)};
  if (!perform(process, count, begun)) return;
  const std::array<std::uint64_t, kTrapWords> frame = {state_.counts.traps,
                                                       fault != nullptr ? static_cast<std::uint64_t>(fault->cause) : 0,
                                                       fault != nullptr ? fault->va.value : 0, ++process.kernel_depth};
  if (push(process, frame) && fault != nullptr) read_tables(process, fault->va);
}

void KernelSpace::leave(Process& process) {
  if (process.kernel_depth != 0) {
    --process.kernel_depth;
    pop(process, kTrapWords);
  }
  if (is_own_table(state_.control.context())) state_.write_ctl(CtlReg::TrapReturn, 0);
}

void KernelSpace::suspend(Process& process) {
  if (own_table_ || !may_enter(process)) return;
  std::array<AccessResult, 1> fetched;
  const std::array code = {access(AccessKind::Fetch, address_of(code_).value + kSwitchCode)};
  const std::array<std::uint64_t, kContextWords> context = {process.id, state_.counts.switches};
  process.is_suspended_in_kernel = perform(process, code, fetched) && push(process, context);
}

void KernelSpace::resume(Process& process) {
  if (own_table_) return show_stack(process);
  std::array<AccessResult, 1> fetched;
  const std::array code = {access(AccessKind::Fetch, address_of(code_).value + kSwitchCode + 4)};
  if (may_enter(process)) perform(process, code, fetched);
  if (!process.is_suspended_in_kernel) return;
  process.is_suspended_in_kernel = false;
  pop(process, kContextWords);
}

// From the root down to the entry that decided, as the handler of a page fault does. Tables beyond the direct map stay
// unread.
void KernelSpace::read_tables(Process& process, VirtAddr va) {
  const Machine& machine = state_.machine;
  const Format& format = machine.format;
  PhysAddr table = process.table;
  for (unsigned level = levels_; level-- > 0;) {
    const std::optional<VirtAddr> at = direct_address(state_.entry_in(table, machine.vpn_of(va), level));
    if (!at) return;
    const std::array load = {Access{.kind = AccessKind::Load,
                                    .user = false,
                                    .size_log2 = static_cast<std::uint8_t>(format.pte_bytes_log2),
                                    .va = *at}};
    std::array<AccessResult, 1> result;
    if (!perform(process, load, result)) return;
    std::array<std::uint8_t, 8> bytes{};
    for (unsigned i = 0; i < 8; ++i) bytes.at(i) = static_cast<std::uint8_t>(result[0].data >> (8 * i));
    const Pte entry = decode_pte(machine, state_.context_of(process), pte_from_bytes(format, bytes), level);
    if (!entry.valid || entry.leaf || entry.reserved || level == 0) return;
    table = state_.address_of(entry.ppn);
  }
}

}  // namespace vm
