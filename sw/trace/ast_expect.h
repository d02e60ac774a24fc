// SPDX-License-Identifier: Apache-2.0
//
// Expectations about the state, between two steps (docs/trace_language.md). What an access is expected to do stands
// with the access.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/kernel.h"
#include "trace/ast_setup.h"

namespace vm::trace {

struct ExpectMemory {
  PhysAddr at;
  std::vector<std::uint8_t> bytes;
};

struct ExpectMap {
  ProcessIndex process = 0;
  Vpn vpn;
  std::optional<std::uint64_t> frame;           // nullopt: `none`, or `swapped`; of a large page: its first
  bool swapped = false, in_transition = false;  // the latter with `frame`
  std::optional<std::uint64_t> slot;            // of the swap file
  std::optional<Rights> rights;
  std::optional<std::uint64_t> bytes;  // size of the page
  std::optional<bool> accessed, dirty, global, cow;
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

// Page tables of a process, the root and those it shares with others included.
struct ExpectTables {
  ProcessIndex process = 0;
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

// Where execve has put a process.
struct ExpectStart {
  ProcessIndex process = 0;
  std::optional<std::uint64_t> pc, sp;
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
  Traps,
  KernelAccesses,
  KernelTlbMisses,
  KernelFaults,
  KernelRows,
  AsidRollovers,
  PagesRead,
  PagesWritten,
  Missing,
  SwapWrites,
  FilePageouts,
  ReferencesCleared,
  BusyWaits,
  Promotions,
  Splits,
  TableShares,
  TableBreaks,
  Trims,
  SoftFaults,
  StacksOut,
  Outswaps,
  ZeroedFrames,
  BadFrames,
  PoolFaults,
  PoolPageouts,  // what the OS did
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
enum class Report : std::uint8_t { Processes, Areas, Frames, Lists, Tables };

struct ReportStep {
  Report report = Report::Processes;
  ProcessIndex process = 0;  // Areas, Tables
};

struct ExpectReport {
  ReportStep of;
  std::string line;  // one of its lines; a run of blanks counts as one
};

}  // namespace vm::trace
