// SPDX-License-Identifier: Apache-2.0
//
// The runner's steps other than accesses.
#include <fmt/format.h>

#include <stdexcept>

#include "machine/array_layout.h"
#include "machine/pte.h"
#include "trace/runner.h"

namespace vm::trace {

namespace {

std::string rights_text(const Rights& rights) {
  std::string text;
  if (rights.read) text += 'r';
  if (rights.write) text += 'w';
  if (rights.exec) text += 'x';
  if (rights.kernel) text += 'k';
  return text.empty() ? "no rights" : text;
}

std::string way_text(bool valid, std::uint64_t tag, std::uint64_t ppn) {
  return valid ? fmt::format("{:02X}->{:02X}", tag, ppn) : fmt::format("{:02X}-", tag);
}

}  // namespace

namespace {

// Steps that a process which was killed cannot take.
template <class Action>
constexpr bool kIsOfTheLiving =
    std::is_same_v<Action, SystemCall> || std::is_same_v<Action, CtlStep> || std::is_same_v<Action, FenceStep> ||
    std::is_same_v<Action, SwitchStep> || std::is_same_v<Action, MapPage> || std::is_same_v<Action, UnmapPage> ||
    std::is_same_v<Action, NewLimits> || std::is_same_v<Action, PageoutStep> || std::is_same_v<Action, PromoteStep>;

template <class Action>
bool expects_something(const Action& action) {
  if constexpr (requires { action.result; }) return action.result.has_value();
  if constexpr (requires { action.refused; }) return action.refused.has_value();
  if constexpr (std::is_same_v<Action, MapPage>) return !action.any;
  return false;
}

}  // namespace

// The child of a fork that failed (`any`) is no process, and so has no steps; nor has one that was killed, unless the
// trace expects something of it.
bool Runner::has_process(const Step& step) const {
  return std::visit(
      [this]<class Action>(const Action& action) {
        if constexpr (requires { action.process; }) {
          if (ids_[action.process] == 0) return false;
          if constexpr (kIsOfTheLiving<Action>) {
            return expects_something(action) || !kernel_->is_killed(ids_[action.process]);
          }
        }
        return true;
      },
      step.action);
}

void Runner::step(const Step& step) {
  if (!has_process(step)) return;
  if (const auto* access = std::get_if<AccessStep>(&step.action)) return queue(step, *access);
  const auto* on_registers = std::get_if<RegisterStep>(&step.action);
  // Registers that no queued access touches need not wait for the hardware.
  const bool independent =
      on_registers != nullptr && (awaited_registers_ == 0 || on_registers->process != batch_process_);
  if (!independent) flush();
  // Accesses before it may have been the end of the process.
  if (stopped_ || !has_process(step)) return;
  if (options_.annotate) testbed_.annotate("OS", fmt::format("line {}", step.place.line));
  std::visit(
      [&](const auto& action) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(action)>, AccessStep>) {
          try {
            act(step, action);
          } catch (const InputError& error) {
            throw InputError(fmt::format("{}: {}", to_string(files_, step.place), error.what()));
          }
        }
      },
      step.action);
}

void Runner::act(const Step& /*step*/, const RegisterStep& action) {
  auto& registers = registers_[action.process];
  std::uint64_t& target = registers[action.target];
  const std::uint64_t operand = action.operand_register ? registers[*action.operand_register] : action.operand;
  switch (action.op) {
    case RegisterStep::Op::Set:
      target = operand;
      break;
    case RegisterStep::Op::Add:
      target += operand;
      break;
    case RegisterStep::Op::Subtract:
      target -= operand;
      break;
    case RegisterStep::Op::Multiply:
      target *= operand;
      break;
    case RegisterStep::Op::And:
      target &= operand;
      break;
    case RegisterStep::Op::Or:
      target |= operand;
      break;
    case RegisterStep::Op::Xor:
      target ^= operand;
      break;
  }
}

void Runner::act(const Step& step, const SystemCall& action) {
  make_current(action.process);
  const ProcessId pid = ids_[action.process];
  kernel_->enter_system_call(pid);
  perform_system_call(step, action);
  if (!stopped_) kernel_->leave_system_call();
  if (testbed_.mismatches() != 0) stopped_ = true;
}

void Runner::perform_system_call(const Step& step, const SystemCall& action) {
  const ProcessId pid = ids_[action.process];
  std::int64_t result = 0;
  if (const auto* call = std::get_if<PlainCall>(&action.call)) {
    result = perform_call(action.process, *call);
  } else if (const auto* wait = std::get_if<WaitCall>(&action.call)) {
    result = perform_wait(step, action.process, *wait);
  } else if (const auto* fork = std::get_if<ForkCall>(&action.call)) {
    const std::string child = fork->child ? scenario_.processes[*fork->child] : "a child";
    result = fork->kind     ? kernel_->fork(pid, child, *fork->kind)
             : fork->thread ? kernel_->thread(pid, child)
                            : kernel_->vfork(pid, child);
    if (result < 0 && action.any) return;
    if (fork->child) {
      if (result < 0) return fail_and_stop(step.place, "fork()", child, fmt::format("{}", result));
      ids_[*fork->child] = static_cast<ProcessId>(result);
      registers_[*fork->child] = registers_[action.process];
    } else if (result >= 0) {
      return fail_and_stop(step.place, "fork()", fmt::format("{}", *action.result), child);
    }
  } else if (const auto* exec = std::get_if<ExecCall>(&action.call)) {
    result = kernel_->execve(pid, exec->request);
    if (result == 0) registers_[action.process].fill(0);
  } else {
    kernel_->exit(pid, std::get<ExitCall>(action.call).status);
  }
  if (action.target) registers_[action.process][*action.target] = static_cast<std::uint64_t>(result);
  if (result >= 0) ++report_.calls[name_of(action)];
  if (options_.check_books) check_books(step.place);
  if (testbed_.mismatches() != 0) stopped_ = true;
  if (action.result) compare_result(step.place, *action.result, result);
}

std::string_view Runner::name_of(const SystemCall& step) {
  if (const auto* plain = std::get_if<PlainCall>(&step.call))
    return kCallNames.at(static_cast<std::size_t>(plain->call));
  if (std::holds_alternative<WaitCall>(step.call)) return "wait";
  if (std::holds_alternative<ExitCall>(step.call)) return "exit";
  if (std::holds_alternative<ExecCall>(step.call)) return "execve";
  const ForkCall& fork = std::get<ForkCall>(step.call);
  const std::optional<ForkKind> kind = fork.kind;
  return fork.thread ? "thread" : !kind ? "vfork" : *kind == ForkKind::Copy ? "fork(copy)" : "fork";
}

void Runner::check_books(Place place) {
  const std::string broken = kernel_->broken_invariant();
  if (!broken.empty()) throw std::logic_error(fmt::format("{}: {}", to_string(files_, place), broken));
}

void Runner::compare_result(Place place, std::int64_t expected, std::int64_t found) {
  ++report_.expectations;
  if (expected != found) fail(place, "result", fmt::format("{:#x}", expected), fmt::format("{:#x}", found));
}

void Runner::judge_refusal(Place place, std::string_view what, bool done, std::optional<bool> refused) {
  if (refused) ++report_.expectations;
  if (done == refused.value_or(false)) {
    fail(place, what, refused.value_or(false) ? "refused" : "done", done ? "done" : "refused");
  }
}

void Runner::act(const Step& step, const CtlStep& action) {
  make_current(action.process);
  const bool done = platform().ctl_write(action.reg, action.value, action.user);
  if (done) single_ = true;
  if (done) kernel_->note_control(action.reg, action.value, action.user);
  if (!action.any) judge_refusal(step.place, "ctl", done, action.refused);
}

void Runner::act(const Step& step, const FenceStep& action) {
  make_current(action.process);
  Fence fence = action.fence;
  if (action.current_asid) fence.asid = kernel_->context_of(ids_[action.process]).asid;
  const bool done = platform().fence(fence);
  if (done && action.fence.op == FenceOp::FetchSync) kernel_->note_fetch_sync();
  if (!action.any) judge_refusal(step.place, "fence", done, action.refused);
}

void Runner::act(const Step& /*step*/, const BareStep& action) { kernel_->set_translation(!action.on); }

void Runner::act(const Step& /*step*/, const SwitchStep& action) {
  kernel_->switch_to(ids_[action.process]);
  single_ = false;
}

void Runner::act(const Step& step, const HostStep& action) {
  const std::string what = fmt::format("host {} 0x{:x},{}", action.write ? 'S' : 'L', action.at.value, action.size);
  std::vector<std::uint8_t> bytes(action.size);
  if (action.write) bytes = *action.bytes;
  const bool done = action.write ? platform().host_write(action.at, bytes) : platform().host_read(action.at, bytes);
  if (action.write && done) kernel_->note_physical_write(action.at, bytes);
  if (action.any) return;
  if (action.error) ++report_.expectations;
  if (done == action.error)
    return fail(step.place, what, action.error ? "error" : "no error", done ? "no error" : "error");
  if (!action.write && action.bytes) compare_bytes(step.place, what, *action.bytes, bytes);
}

void Runner::act(const Step& /*step*/, const MarkStep& /*action*/) {
  marked_counts_ = counts_;
  marked_kernel_ = kernel_->counts();
}

void Runner::act(const Step& /*step*/, const MapPage& action) { map(action); }

void Runner::act(const Step& /*step*/, const UnmapPage& action) { kernel_->unmap(ids_[action.process], action.vpn); }

void Runner::act(const Step& /*step*/, const TlbSet& action) { place(action); }

// ---------------------------------------------------------------- expectations about the state

void Runner::act(const Step& step, const ExpectMemory& action) {
  std::vector<std::uint8_t> found(action.bytes.size());
  const std::string what = fmt::format("memory 0x{:x}", action.at.value);
  if (!platform().host_read(action.at, found)) return fail(step.place, what, "bytes", "a bus error");
  compare_bytes(step.place, what, action.bytes, found);
}

void Runner::act(const Step& step, const ExpectMap& action) {
  ++report_.expectations;
  const ProcessId pid = ids_[action.process];
  const auto leaf = kernel_->read_leaf(pid, action.vpn);
  const Pte entry = leaf ? decode_pte(scenario_.machine, kernel_->context_of(pid), leaf->value, leaf->level) : Pte{};
  const bool valid = entry.valid && entry.leaf && !entry.reserved;
  const Format& format = scenario_.machine.format;
  // What the line names, as it was expected and as it was found.
  // The entry says so itself, where its format has room for it.
  const std::optional<Ppn> kept = kernel_->transition_frame(pid, action.vpn);
  const bool in_transition = leaf && !valid && kept && leaf->value == encode_transition(format, *kept);
  const bool swapped = leaf && !valid && !in_transition && kernel_->slot_of(pid, action.vpn).has_value();
  std::string expected = action.in_transition ? "transition" : action.swapped ? "swapped" : action.frame ? "" : "none";
  if (action.frame) expected += fmt::format("{}0x{:x}", expected.empty() ? "" : " ", *action.frame);
  std::string found = valid           ? fmt::format("0x{:x}", entry.ppn.value)
                      : in_transition ? "transition"
                      : swapped       ? "swapped"
                                      : "none";
  if (in_transition && (action.frame || !action.in_transition)) found += fmt::format(" 0x{:x}", kept->value);
  const auto add = [&](const auto& wanted, const auto& is, const auto& text) {
    if (!wanted) return;
    expected += " " + std::string(text(*wanted));
    if (valid) found += " " + std::string(text(is));
  };
  const Rights rights{.read = entry.read, .write = entry.write, .exec = entry.exec, .kernel = !entry.user};
  add(action.rights, rights, rights_text);
  add(action.bytes, valid ? format.page_size() << (entry.napot ? 4 : format.index_lsb(leaf->level)) : 0,
      [](std::uint64_t bytes) { return fmt::format("{} bytes", bytes); });
  add(action.accessed, entry.accessed, [](bool is) { return is ? "accessed" : "unaccessed"; });
  add(action.dirty, entry.dirty, [](bool is) { return is ? "dirty" : "clean"; });
  add(action.global, entry.global, [](bool is) { return is ? "global" : "local"; });
  add(action.cow, leaf && (leaf->value & cow_mark(format)) != 0, [](bool is) { return is ? "cow" : "not cow"; });
  add(action.type, entry.type, [](MemType type) { return fmt::format("memory type {}", static_cast<unsigned>(type)); });
  if (action.slot) expected += fmt::format(" in slot {}", *action.slot);
  if (action.slot && swapped) found += fmt::format(" in slot {}", slot_of(format, leaf->value));
  if (expected == found) return;
  fail(step.place, fmt::format("map {} 0x{:x}", scenario_.processes[action.process], action.vpn.value), expected,
       found);
}

void Runner::act(const Step& step, const ExpectEntry& action) {
  const Format& format = scenario_.machine.format;
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(format.pte_bytes());
  const std::string what = fmt::format("entry 0x{:x}", action.at.value);
  if (!platform().host_read(action.at, entry)) return fail(step.place, what, "an entry", "a bus error");
  compare(step.place, what, action.value, pte_from_bytes(format, entry));
}

void Runner::act(const Step& step, const ExpectTlb& action) {
  ++report_.expectations;
  const bool data = action.set.side == Side::Data;
  const unsigned sets = data ? scenario_.machine.dtlb.sets : scenario_.machine.itlb.sets;
  std::string expected, found;
  for (unsigned way = 0; way < action.set.ways.size(); ++way) {
    const TlbWay& wanted = action.set.ways[way];
    const ArrayElement element = platform().array_read(data ? Array::Dtlb : Array::Itlb, action.set.set, way, 0);
    const TlbEntry entry = unpack_tlb_entry({element.data0, element.data1});
    const std::string_view comma = way == 0 ? "" : ", ";
    expected += fmt::format("{}{}", comma, way_text(wanted.valid, wanted.tag, wanted.ppn));
    found += fmt::format("{}{}", comma, way_text(entry.valid, entry.vpn.value / sets, entry.page.ppn.value));
  }
  if (expected != found) fail(step.place, fmt::format("tlb set {}", action.set.set), expected, found);
}

void Runner::act(const Step& step, const ExpectRegister& action) {
  compare(step.place, fmt::format("register r{} of {}", action.reg, scenario_.processes[action.process]), action.value,
          registers_[action.process][action.reg]);
}

void Runner::act(const Step& step, const ExpectCount& action) {
  const KernelCounts& kernel = kernel_->counts();
  const auto count = [&]() -> std::uint64_t {
    switch (action.counter) {
      case Counter::Faults:
        return kernel.faults - marked_kernel_.faults;
      case Counter::CowCopies:
        return kernel.cow_copies - marked_kernel_.cow_copies;
      case Counter::ZeroFills:
        return kernel.zero_fills - marked_kernel_.zero_fills;
      case Counter::Fences:
        return kernel.fences - marked_kernel_.fences;
      case Counter::Switches:
        return kernel.switches - marked_kernel_.switches;
      case Counter::PageCopies:
        return kernel.page_copies - marked_kernel_.page_copies;
      case Counter::Pageouts:
        return kernel.pageouts - marked_kernel_.pageouts;
      case Counter::Pageins:
        return kernel.pageins - marked_kernel_.pageins;
      case Counter::Withheld:
        return kernel.withheld - marked_kernel_.withheld;
      case Counter::Traps:
        return kernel.traps - marked_kernel_.traps;
      case Counter::KernelAccesses:
        return kernel.kernel_accesses - marked_kernel_.kernel_accesses;
      case Counter::KernelTlbMisses:
        return kernel.kernel_tlb_misses - marked_kernel_.kernel_tlb_misses;
      case Counter::KernelFaults:
        return kernel.kernel_faults - marked_kernel_.kernel_faults;
      case Counter::KernelRows:
        return kernel.kernel_rows - marked_kernel_.kernel_rows;
      case Counter::AsidRollovers:
        return kernel.asid_rollovers - marked_kernel_.asid_rollovers;
      case Counter::PagesRead:
        return kernel.pages_read - marked_kernel_.pages_read;
      case Counter::PagesWritten:
        return kernel.pages_written - marked_kernel_.pages_written;
      case Counter::Missing:
        return kernel.missing - marked_kernel_.missing;
      case Counter::SwapWrites:
        return kernel.swap_writes - marked_kernel_.swap_writes;
      case Counter::FilePageouts:
        return kernel.file_pageouts - marked_kernel_.file_pageouts;
      case Counter::ReferencesCleared:
        return kernel.references_cleared - marked_kernel_.references_cleared;
      case Counter::BusyWaits:
        return kernel.busy_waits - marked_kernel_.busy_waits;
      case Counter::Promotions:
        return kernel.promotions - marked_kernel_.promotions;
      case Counter::Splits:
        return kernel.splits - marked_kernel_.splits;
      case Counter::TableShares:
        return kernel.table_shares - marked_kernel_.table_shares;
      case Counter::TableBreaks:
        return kernel.table_breaks - marked_kernel_.table_breaks;
      case Counter::Trims:
        return kernel.trims - marked_kernel_.trims;
      case Counter::SoftFaults:
        return kernel.soft_faults - marked_kernel_.soft_faults;
      case Counter::StacksOut:
        return kernel.stacks_out - marked_kernel_.stacks_out;
      case Counter::Outswaps:
        return kernel.outswaps - marked_kernel_.outswaps;
      case Counter::ZeroedFrames:
        return kernel.zeroed_frames - marked_kernel_.zeroed_frames;
      case Counter::BadFrames:
        return kernel.bad_frames - marked_kernel_.bad_frames;
      case Counter::PoolFaults:
        return kernel.pool_faults - marked_kernel_.pool_faults;
      case Counter::PoolPageouts:
        return kernel.pool_pageouts - marked_kernel_.pool_pageouts;
      case Counter::Entries:
        return counts_.entries - marked_counts_.entries;
      case Counter::Reads:
        return counts_.reads - marked_counts_.reads;
      case Counter::Writes:
        return counts_.writes - marked_counts_.writes;
      case Counter::TlbHits:
        return counts_.tlb_hits - marked_counts_.tlb_hits;
      case Counter::TlbMisses:
        return counts_.tlb_misses - marked_counts_.tlb_misses;
      case Counter::CacheHits:
        return counts_.cache_hits - marked_counts_.cache_hits;
      case Counter::CacheMisses:
        return counts_.cache_misses - marked_counts_.cache_misses;
    }
    return 0;
  };
  compare(step.place, "count", action.count, count());
}

}  // namespace vm::trace
