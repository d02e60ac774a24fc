// SPDX-License-Identifier: Apache-2.0
//
// A trace after parsing (docs/trace_language.md): scenarios made of setup items and steps. Everything is checked
// against the machine's widths by the parser, so the runner meets no nonsense.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machine/access.h"
#include "machine/machine.h"
#include "os/kernel.h"
#include "platform/platform.h"
#include "trace/ast_expect.h"
#include "trace/ast_setup.h"
#include "trace/port_step.h"
#include "trace/source.h"

namespace vm::trace {

constexpr unsigned kRegisters = 16;
constexpr std::uint32_t kMaxAccessBytes = 65536;

// ---------------------------------------------------------------- accesses

struct ExpectedFault {
  // nullopt: `segv`, the OS refused a page fault; or any page fault; or `sigbus`; or a shortage
  std::optional<Cause> cause;
  Shortage shortage = Shortage::None;
  bool any_page_fault = false;
  bool sigbus = false;
  SegvCode segv_code = SegvCode::None;  // of `segv`; None: either
  std::optional<std::uint64_t> at;
};

// Where the translation came from, as far as an access shows it.
enum class TlbAnswer : std::uint8_t { L1, Miss, L2, Walk };  // Miss: of the L1 TLB, whatever came then

struct AccessExpectations {
  std::optional<std::vector<std::uint8_t>> value;  // in memory order
  std::optional<ExpectedFault> fault;
  std::optional<std::uint64_t> pa, faults, fault_at, code, level, entries, reads, writes, entry, cycles;
  std::optional<Cause> fault_cause;
  std::optional<TlbAnswer> tlb;
  std::optional<bool> cache_hit;
};

enum class Operation : std::uint8_t { Fetch, Load, Store, Modify };
enum class ValueSource : std::uint8_t { None, Bytes, Register };

struct AccessStep {
  ProcessIndex process = 0;
  Operation operation = Operation::Load;
  AtomicOp atomic = AtomicOp::None;  // operation is Load or Store, as it counts
  bool user = true, sum = false, mxr = false;
  ValueSource source = ValueSource::None;  // of a store: None = made from the seed
  std::uint8_t source_register = 0;
  std::optional<std::uint8_t> target;  // of a load or atomic: the register that takes the value
  std::uint32_t size = 0;
  VirtAddr va;
  bool any = false;                            // `= any`: whatever happens is right
  std::vector<std::uint8_t> bytes;             // source Bytes, in memory order
  std::unique_ptr<AccessExpectations> expect;  // null: none
};

struct RegisterStep {
  enum class Op : std::uint8_t { Set, Add, Subtract, Multiply, And, Or, Xor };
  ProcessIndex process = 0;
  std::uint8_t target = 0;
  Op op = Op::Set;
  std::optional<std::uint8_t> operand_register;
  std::uint64_t operand = 0;
};

// ---------------------------------------------------------------- system calls

// A number, or what a register of the process holds.
struct Operand {
  std::optional<std::uint8_t> reg;
  std::uint64_t value = 0;
};

enum class Call : std::uint8_t {
  Mmap,
  Munmap,
  Mprotect,
  Mremap,
  Madvise,
  Msync,
  Brk,
  Open,
  Close,
  Fstat,
  Read,
  Write,
  Fsync,
  Sync
};

constexpr std::array<std::string_view, 14> kCallNames = {"mmap",  "munmap", "mprotect", "mremap", "madvise",
                                                         "msync", "brk",    "open",     "close",  "fstat",
                                                         "read",  "write",  "fsync",    "sync"};

// A call that takes numbers, in the order of its arguments (the name of a file is none of them), and gives one.
struct PlainCall {
  Call call = Call::Mmap;
  std::array<Operand, 6> arguments;
  std::string name;  // Open
};
struct ForkCall {
  std::optional<ProcessIndex> child;                     // nullopt: the trace expects an error
  std::optional<ForkKind> kind = ForkKind::CopyOnWrite;  // nullopt: vfork, or a thread
  bool thread = false;
};
struct ExecCall {
  ExecRequest request;
};
struct ExitCall {
  int status = 0;
};
struct WaitCall {
  std::optional<ProcessIndex> child;  // expected
  std::optional<std::uint64_t> status;
};

struct SystemCall {
  ProcessIndex process = 0;
  std::variant<PlainCall, ForkCall, ExecCall, ExitCall, WaitCall> call;
  std::optional<std::int64_t> result;  // expected
  bool any = false;                    // of fork: it may fail, and then the child's steps are left out
  std::optional<std::uint8_t> target;  // the register that takes the result
};

// ---------------------------------------------------------------- hardware and OS operations

struct CtlStep {
  ProcessIndex process = 0;
  bool user = true;
  CtlReg reg = CtlReg::Base;
  std::uint64_t value = 0;
  std::optional<bool> refused;  // expected; otherwise it must be done
  bool any = false;             // done or refused
};

struct FenceStep {
  ProcessIndex process = 0;
  Fence fence;
  bool current_asid = false;  // fence.asid is that of the process
  std::optional<bool> refused;
  bool any = false;
};

struct BareStep {
  bool on = false;
};

struct SwitchStep {
  ProcessIndex process = 0;
};

struct HostStep {
  bool write = false;
  PhysAddr at;
  std::uint32_t size = 0;
  std::optional<std::vector<std::uint8_t>> bytes;  // to write, or expected
  bool error = false;                              // expected
  bool any = false;
};

struct MarkStep {};

// The cycles from here to the next such step count for this name; an empty one ends it.
struct MeasureStep {
  std::string name;
};

struct PageoutStep {
  ProcessIndex process = 0;
  Vpn vpn;
  std::optional<bool> refused;  // expected; otherwise it must be done
  bool any = false;             // done or refused
};

// The run of pages that this one lies in becomes one page of this size.
struct PromoteStep {
  ProcessIndex process = 0;
  Vpn vpn;
  Kernel::LargeSize size;
  std::optional<bool> refused;  // expected; otherwise it must be done
  bool any = false;             // done or refused
};

// Windows: this frame fails.
struct BadFrameStep {
  Ppn frame;
  std::optional<bool> refused;  // expected; otherwise it must be done
  bool any = false;             // done or refused
};

// Windows: changed pages of this file must not be written, or may be again.
struct HoldStep {
  std::string file;
  bool on = false;
};

using Action = std::variant<AccessStep, RegisterStep, SystemCall, CtlStep, FenceStep, BareStep, SwitchStep, HostStep,
                            MarkStep, MeasureStep, PageoutStep, PromoteStep, BadFrameStep, HoldStep, MapPage, UnmapPage,
                            NewLimits, TlbSet, ExpectMemory, ExpectMap, ExpectEntry, ExpectTlb, ExpectTables,
                            ExpectSavedFrames, ExpectFreeSlots, ExpectSharers, ExpectFences, ExpectCycles,
                            ExpectProcess, ExpectFreeFrames, ExpectReferences, ExpectRegister, ExpectStart, ExpectCount,
                            ExpectOutput, ExpectFile, ExpectDevice, ReportStep, ExpectReport>;

struct Step {
  Place place;
  Action action;
};

// ---------------------------------------------------------------- the whole

struct Scenario {
  Place place;
  Machine machine;
  std::string name;  // file name without its ending, with the number of the scenario if the file has several
  std::string title;
  std::optional<std::uint64_t> seed;
  std::optional<Latency> latency;
  std::optional<Stall> stall;
  std::vector<AddressRange> bus_errors;
  MemoryPolicy policy;
  std::optional<SwapOptions> swap;
  std::vector<std::string> processes;  // names; those made by fork too
  std::vector<SetupItem> setup;
  std::vector<Step> steps;
  std::optional<Place> ports;        // of the `ports` line: no operating system, and all steps are port_steps
  std::vector<PortStep> port_steps;  // of a scenario for the ports
};

struct Trace {
  Files files;
  std::vector<Scenario> scenarios;
};

}  // namespace vm::trace
