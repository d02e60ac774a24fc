// SPDX-License-Identifier: Apache-2.0
//
// A trace after parsing (docs/trace_language.md): scenarios made of setup items and steps. Everything is checked
// against the machine's widths by the parser, so the runner meets no nonsense.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "machine/access.h"
#include "machine/machine.h"
#include "os/kernel.h"
#include "platform/platform.h"
#include "trace/port_step.h"
#include "trace/source.h"

namespace vm::trace {

using ProcessIndex = std::uint16_t;  // into Scenario::processes

constexpr unsigned kRegisters = 16;
constexpr std::uint32_t kMaxAccessBytes = 65536;

enum class Side : std::uint8_t { Fetch, Data };  // which TLB or cache

// ---------------------------------------------------------------- run parameters

struct Latency {
  enum class Kind : std::uint8_t { Fixed, Random, Replay };
  Kind kind = Kind::Fixed;
  unsigned min = 1, max = 1;     // Fixed: both the same
  std::vector<unsigned> replay;  // Replay: used in turn, over and over
};

struct Stall {
  enum class Kind : std::uint8_t { None, Half, Bursty, Until };
  Kind kind = Kind::None;
  std::uint64_t until = 0;  // Until: nothing is accepted before this cycle
};

struct AddressRange {
  PhysAddr first, last;  // both included
};

// ---------------------------------------------------------------- setup (some of it is a step too)

struct MemoryBytes {
  PhysAddr at;
  std::vector<std::uint8_t> bytes;
};

// Bytes made from the seed and their addresses.
struct RandomMemory {
  PhysAddr at;
  std::uint64_t bytes = 0;
};

struct FreeFrames {
  std::vector<Ppn> frames;
};

// Mode bits of the hardware while the OS runs it, as changes of what it would choose itself.
struct ModeBits {
  std::vector<std::pair<bool Environment::*, bool>> bits;
};

struct NewProcess {
  ProcessIndex process = 0;
  Kernel::ProcessOptions options;
};

struct MapPage {
  ProcessIndex process = 0;
  Vpn vpn;
  Ppn frame;
  Rights rights;
  Kernel::MapOptions options;
  bool any = false;  // it may be refused
};

struct UnmapPage {
  ProcessIndex process = 0;
  Vpn vpn;
};

struct NewArea {
  ProcessIndex process = 0;
  VirtAddr from, to;  // `to` excluded
  Rights rights;
  bool stack = false;
};

struct NewLimits {
  ProcessIndex process = 0;
  Kernel::Limits limits;
};

struct TlbWay {
  std::uint64_t tag = 0;
  bool valid = false;
  std::uint64_t ppn = 0;
};

struct TlbSet {
  Side side = Side::Data;
  unsigned set = 0;
  std::vector<TlbWay> ways;
};

struct CacheLine {
  Side side = Side::Data;
  unsigned set = 0, way = 0;
  std::uint64_t tag = 0;
  bool valid = false, dirty = false;
  std::vector<std::uint8_t> bytes;
};

struct FilesDirectory {
  std::filesystem::path directory;
};

struct NewFile {
  std::string name;
  std::vector<std::uint8_t> content;
};

using SetupAction = std::variant<MemoryBytes, RandomMemory, FreeFrames, ModeBits, NewProcess, MapPage, NewArea,
                                 NewLimits, TlbSet, CacheLine, FilesDirectory, NewFile, Device>;

struct SetupItem {
  Place place;
  SetupAction action;
};

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
  bool user = true, sum = false, mxr = false;
  ValueSource source = ValueSource::None;  // of a store: None = made from the seed
  std::uint8_t source_register = 0;
  std::optional<std::uint8_t> target;  // of a load: the register that takes the value
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

// A call that takes numbers, in the order of its arguments (the name of a file is none of them), and gives one.
struct PlainCall {
  Call call = Call::Mmap;
  std::array<Operand, 6> arguments;
  std::string name;  // Open
};
struct ForkCall {
  std::optional<ProcessIndex> child;                     // nullopt: the trace expects an error
  std::optional<ForkKind> kind = ForkKind::CopyOnWrite;  // nullopt: vfork
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
  std::variant<PlainCall, ForkCall, ExitCall, WaitCall> call;
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
};

// ---------------------------------------------------------------- expectations about the state

struct ExpectMemory {
  PhysAddr at;
  std::vector<std::uint8_t> bytes;
};

struct ExpectMap {
  ProcessIndex process = 0;
  Vpn vpn;
  std::optional<std::uint64_t> frame;  // nullopt: `none`, or `swapped`; of a large page: its first
  bool swapped = false;
  std::optional<std::uint64_t> slot;  // of the swap file
  std::optional<Rights> rights;
  std::optional<std::uint64_t> bytes;  // size of the page
  std::optional<bool> accessed, dirty, global;
  std::optional<MemType> type;
};

struct ExpectEntry {
  PhysAddr at;
  std::uint64_t value = 0;
};

struct ExpectTlb {
  TlbSet set;
};

struct ExpectFreeFrames {
  std::uint64_t count = 0;
};

struct ExpectSavedFrames {
  std::uint64_t count = 0;
};

struct ExpectFreeSlots {
  std::uint64_t count = 0;
};

struct ExpectSharers {
  ProcessIndex process = 0;
  Vpn vpn;
  std::vector<ProcessIndex> sharers;
};

struct ExpectFences {
  FenceReason reason = FenceReason::Map;
  std::uint64_t count = 0;
};

// Measured names, the most cycles first.
struct ExpectCycles {
  std::vector<std::string> names;
};

struct ExpectProcess {
  enum class State : std::uint8_t { Running, Suspended, Killed };
  ProcessIndex process = 0;
  State state = State::Running;
};

struct ExpectReferences {
  Ppn frame;
  std::uint64_t count = 0;
};

struct ExpectRegister {
  ProcessIndex process = 0;
  std::uint8_t reg = 0;
  std::uint64_t value = 0;
};

enum class Counter : std::uint8_t {
  Faults,
  CowCopies,
  ZeroFills,
  Fences,
  Switches,
  PageCopies,
  Pageouts,
  Pageins,
  Withheld,
  PagesRead,
  PagesWritten,  // what the OS did
  Entries,
  Reads,
  Writes,
  TlbHits,
  TlbMisses,
  CacheHits,
  CacheMisses  // what the accesses caused
};

struct ExpectCount {
  Counter counter = Counter::Faults;
  std::uint64_t count = 0;
};

struct ExpectOutput {
  ProcessIndex process = 0;
  std::vector<std::uint8_t> bytes;  // all it wrote to standard output and error
  std::string file;                 // not empty: what this file holds goes before them
};

struct ExpectFile {
  std::string name;
  std::vector<std::uint8_t> content;  // all of it, as it is on the disk
};

struct ExpectDevice {
  std::string name;
  std::uint64_t offset = 0;
  std::vector<std::uint8_t> bytes;  // as the device finds them in its memory
};

// What ps and /proc tell of the OS.
enum class Report : std::uint8_t { Processes, Areas, Frames, Tables };

struct ReportStep {
  Report report = Report::Processes;
  ProcessIndex process = 0;  // Areas, Tables
};

struct ExpectReport {
  ReportStep of;
  std::string line;  // one of its lines; a run of blanks counts as one
};

using Action =
    std::variant<AccessStep, RegisterStep, SystemCall, CtlStep, FenceStep, BareStep, SwitchStep, HostStep, MarkStep,
                 MeasureStep, PageoutStep, MapPage, UnmapPage, NewLimits, TlbSet, ExpectMemory, ExpectMap, ExpectEntry,
                 ExpectTlb, ExpectSavedFrames, ExpectFreeSlots, ExpectSharers, ExpectFences, ExpectCycles,
                 ExpectProcess, ExpectFreeFrames, ExpectReferences, ExpectRegister, ExpectCount, ExpectOutput,
                 ExpectFile, ExpectDevice, ReportStep, ExpectReport>;

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
