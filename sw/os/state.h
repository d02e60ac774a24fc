// SPDX-License-Identifier: Apache-2.0
//
// The kernel's inside: one structure, its functions spread over the files of the mechanisms.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machine/physical_memory.h"
#include "os/frames.h"
#include "os/kernel.h"
#include "os/process.h"
#include "os/table_space.h"

namespace vm {

class TableUpdate;

struct Kernel::State {
  explicit State(Platform& platform);

  Platform& platform;
  const Machine& machine;
  Frames frames;
  TableSpace tables;
  std::map<ProcessId, Process> processes;
  ProcessId next_id = 1;
  bool started = false;
  KernelCounts counts;

  // --- schedule.cpp: which address space the hardware has, and ASIDs
  std::optional<ProcessId> current;
  bool ran_before = false;  // some address space was active: TLBs without ASIDs may remember it
  bool translate_wanted = true;
  bool translating = false;  // mode of the hardware
  std::uint64_t switches = 0;
  bool is_name_taken(std::string_view name) const;
  // own_table: a place the kernel has already found for the table.
  Process& create(std::string name, const ProcessOptions& options, std::optional<PhysAddr> own_table = {});
  void switch_to(Process& process);
  void apply_mode();
  void write_ctl(CtlReg reg, std::uint64_t value);
  void give_asid(Process& process);
  std::optional<std::uint16_t> unused_asid() const;
  void fence_tlb(const Fence& fence);
  Context context_of(const Process& process) const;
  void exit(Process& process);

  // --- page_table.cpp: entries in memory
  // The mapping the entry of this page must hold.
  OsMapping entry_for(const Page& page) const;
  Rights expressible_rights(Rights rights) const;
  bool can_withhold_write() const { return machine.format.write_bit.has_value(); }
  PhysAddr entry_address(const Process& process, Vpn vpn) const;
  void write_entry(const Process& process, Vpn vpn, const OsMapping& mapping);
  void map(Process& process, Vpn vpn, Ppn frame, Rights rights, bool cow, bool shared);
  // The page is this frame, which the user named.
  void take_named_frame(Process& process, Vpn vpn, const Page& page);
  // Valid entries that the user placed in memory by hand become pages the kernel knows.
  void adopt_table(Process& process);
  void drop_page(Process& process, Vpn vpn, TableUpdate& update);

  // --- memory.cpp: physical memory through the host port (before start: preload)
  PhysicalMemory shadow;  // what memory holds, as far as the kernel was told
  bool fetch_sync_owed = false;
  FetchHistory fetch_history;
  struct Range {
    PhysAddr from, to;
  };
  std::vector<Range> error_ranges;
  bool write_memory(PhysAddr pa, std::span<const std::uint8_t> bytes);
  bool read_memory(PhysAddr pa, std::span<std::uint8_t> bytes);
  bool zero_frame(Ppn frame);
  bool copy_frame(Ppn from, Ppn to);
  PhysAddr address_of(Ppn frame) const { return PhysAddr(frame.value << machine.format.page_bits); }
  bool fetch_is_incoherent() const { return machine.icache.ways != 0 || machine.dcache.ways != 0; }
  void owe_fetch_sync(const Page& page);
  void pay_fetch_sync();
  void replace_byte(PhysAddr pa, std::uint8_t byte);  // in the shadow
  void note_physical_write(PhysAddr pa, std::span<const std::uint8_t> bytes);

  // --- fault.cpp
  std::vector<AccessResult> results;
  std::size_t perform(Process& process, std::span<const Access> accesses, std::span<Outcome> outcomes);
  bool surely_ok(const Process& process, const Access& access) const;
  bool may_fail(PhysAddr pa, std::uint64_t bytes) const;
  enum class Service : std::uint8_t { Served, Segv, Failed };  // Failed: no frame left, or memory does not work
  Service serve(Process& process, const Fault& fault);
  Service serve_missing(Process& process, const Fault& fault);
  Service copy_on_write(Process& process, Vpn vpn, Page& page);
  const Area* area_for(Process& process, VirtAddr va) const;
  bool take_page(Process& process, Vpn vpn, const Area& area);

  // --- mmap.cpp
  std::uint64_t space_end(const Process& process) const;  // first address a user range may not reach
  bool is_unused(const Process& process, std::uint64_t from, std::uint64_t to) const;
  // Something of the range is kernel space, which system calls of a process do not touch.
  bool is_kernels(const Process& process, std::uint64_t from, std::uint64_t to) const;
  std::optional<std::uint64_t> pick_range(const Process& process, std::uint64_t bytes, std::uint64_t gap) const;
  void unmap_range(Process& process, std::uint64_t from, std::uint64_t to);
  std::int64_t mmap(Process& process, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                    std::uint64_t offset);
  std::int64_t munmap(Process& process, std::uint64_t addr, std::uint64_t len);
  std::int64_t mprotect(Process& process, std::uint64_t addr, std::uint64_t len, int prot);

  // --- fork.cpp
  std::int64_t fork(Process& parent, std::string child_name);
  bool copies_eagerly(const Page& page) const;
  bool copy_page(Process& parent, Process& child, Vpn vpn, TableUpdate& narrowed, TableUpdate& fresh);

  // --- view.cpp
  const Process* find(const Context& context) const;
  Process& process(ProcessId pid);
  const Process& process(ProcessId pid) const;
  // Where a store to this page goes in the image; made of zeros if nothing was stored there yet.
  const ProcessImage::Slot& slot_for_store(Process& process, Vpn vpn);
  void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const;
  void image_store(const Context& context, VirtAddr va, std::uint8_t byte);
  std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const;
  bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const;

  // --- invariants.cpp
  std::string broken_invariant() const;
};

// Changes entries of one process, and at the end pays the fences they owe: one by address for a single page, one for
// the whole address space for more. Replacing or narrowing a valid entry owes a fence; a new or a wider one owes none,
// as the hardware remembers only what it granted.
class TableUpdate {
 public:
  TableUpdate(Kernel::State& state, Process& process) : state_(state), process_(process) {}
  void set(Vpn vpn, const OsMapping& before, const OsMapping& after);
  void commit();

 private:
  Kernel::State& state_;
  Process& process_;
  std::vector<Vpn> owed_;
};

}  // namespace vm
