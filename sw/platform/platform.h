// SPDX-License-Identifier: Apache-2.0
//
// The hardware as the operating system sees it: a core's accesses, control registers, fences, and physical memory
// through the host port. Two implementations: RtlPlatform (tb/) drives the verilated RTL under all checkers;
// ReferencePlatform (sw/platform/) walks tables in C++ and needs no Verilator. The OS model, the trace language and
// every scenario run on either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "machine/access.h"
#include "machine/address.h"
#include "machine/control.h"
#include "machine/fence.h"
#include "machine/function_ref.h"
#include "machine/machine.h"

namespace vm {

enum class Array : std::uint8_t {
  Itlb = 0,
  Dtlb = 1,
  IcacheTag = 2,
  IcacheData = 3,
  DcacheTag = 4,
  DcacheData = 5,
  L2Tlb = 6,      // only flips, as all that follow
  WalkCache = 7,  // the way is the level
  L2CacheTag = 8,
  L2CacheData = 9,
  L3CacheTag = 10,
  L3CacheData = 11
};
inline constexpr unsigned kArrays = 12;

// One element of a TLB or cache array (machines with array_port); data layout as array_req_t in rtl/vm_pkg.sv.
struct ArrayElement {
  Array array = Array::Dtlb;
  unsigned set = 0, way = 0, word = 0;
  std::uint64_t data0 = 0, data1 = 0;
};

enum class Hit : std::uint8_t { NotAsked, Miss, Hit };  // NotAsked: no such structure, or not looked up

// What happened to one access. The observations are those of its first piece (accesses inside one unit have one);
// reads, writes and entries are counted over all pieces.
struct AccessResult {
  std::uint64_t data = 0;  // loads and fetches: value, byte at va least significant, zero-extended
  Fault fault;
  PhysAddr pa;
  Hit tlb = Hit::NotAsked;
  Hit cache = Hit::NotAsked;
  unsigned entry_reads = 0;  // page-table entries the walker read
  PhysAddr entry_addr;       // address of the last of them, as the walker put it on its port (entry_reads > 0)
  unsigned bus_reads = 0;    // requests on the memory port this access caused (its walk included)
  unsigned bus_writes = 0;
  std::uint64_t accepted = 0;  // cycle of acceptance
  std::uint64_t answered = 0;  // cycle of the response
};

class Platform {
 public:
  virtual ~Platform() = default;

  virtual const Machine& machine() const = 0;

  // Place bytes in memory before reset is released. Once anything else was called this is a backdoor: it still works,
  // and is counted.
  virtual void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) = 0;
  virtual std::uint64_t backdoor_accesses() const = 0;

  // Perform accesses in program order. Stops after the first that faults: returns how many were performed without
  // fault; results[returned] is then the faulting one and later accesses had no effect. `surely_ok(i)` says the OS
  // knows access i cannot fault: such an access may be issued before the answers of earlier ones; others wait.
  virtual std::size_t perform(std::span<const Access> accesses, std::span<AccessResult> results,
                              FunctionRef<bool(std::size_t)> surely_ok) = 0;

  // Physical memory through the host port, coherent with the data cache; any length and alignment. False: hole or bus
  // error somewhere in the range.
  virtual bool host_read(PhysAddr pa, std::span<std::uint8_t> bytes) = 0;
  virtual bool host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) = 0;

  // False: refused by the hardware, nothing changed.
  virtual bool ctl_write(CtlReg reg, std::uint64_t value, bool user) = 0;
  virtual bool fence(const Fence& fence) = 0;

  // Array port (machines with array_port, otherwise throws std::logic_error).
  virtual void array_write(const ArrayElement& element) = 0;
  virtual ArrayElement array_read(Array array, unsigned set, unsigned way, unsigned word) = 0;

  virtual std::uint64_t cycles() const = 0;  // 0 where there is no clock
};

}  // namespace vm
