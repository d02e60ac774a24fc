// SPDX-License-Identifier: Apache-2.0
//
// The parts of a scenario before its first step (docs/trace_language.md): how it is to be run, and what there is at the
// start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "machine/machine.h"
#include "os/kernel.h"
#include "trace/source.h"

namespace vm::trace {

using ProcessIndex = std::uint16_t;  // into Scenario::processes

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

struct NewKernelSpace {
  KernelSpaceOptions options;
  std::optional<unsigned> levels;  // of the `mode` line before it
};

struct AsidLimit {
  std::uint64_t count = 0;
};

struct NewProcess {
  ProcessIndex process = 0;
  Kernel::ProcessOptions options;
  bool refused = false;  // expected: it cannot start, as memory is short; its lines are left out
  bool any = false;      // it may be refused
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
  std::uint64_t random_bytes = 0;  // not 0: the content is so many bytes made from the seed and their places
};

using SetupAction =
    std::variant<MemoryBytes, RandomMemory, FreeFrames, ModeBits, NewProcess, MapPage, NewArea, NewKernelSpace,
                 AsidLimit, NewLimits, TlbSet, CacheLine, FilesDirectory, NewFile, Device>;

struct SetupItem {
  Place place;
  SetupAction action;
};

}  // namespace vm::trace
