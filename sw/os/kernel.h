// SPDX-License-Identifier: Apache-2.0
//
// The reference operating system: processes, areas, page tables, frames, faults, fork and copy-on-write, on top of a
// Platform. It reaches physical memory only through the platform's host port once the machine runs, and owes every
// table change the fence that makes it true.
//
// Each mechanism is one file: frames.h (allocator, reference counts), table_space.h (where flat tables lie),
// table_tree.cpp (tables of several levels), area.h (what an address range is for), process.h, page_table.cpp (entries
// and the fences they owe), superpage.cpp (splitting), adopt.cpp (tables placed by hand), schedule.cpp (processes,
// context switch, ASIDs), hardware.cpp (control registers), fault.cpp (classify, serve, retry), fork.cpp, mmap.cpp,
// image.h and view.cpp (the per-process memory image and the map the checkers compare the hardware with),
// invariants.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/access.h"
#include "machine/machine.h"
#include "oracle/os_view.h"
#include "os/rights.h"
#include "platform/platform.h"

namespace vm {

using ProcessId = std::uint32_t;

struct KernelCounts {
  std::uint64_t faults = 0, cow_copies = 0, zero_fills = 0, fences = 0, switches = 0;
};

// How one access ended for the process.
struct Outcome {
  AccessResult last;  // of the last try
  Fault last_fault;   // the last fault the hardware reported, also when it was then served
  unsigned faults_served = 0;
  bool refused = false;  // last.fault stands, and the OS could not serve it
  bool segv = false;     // refused because of a page fault (no area, or no right)
};

class Kernel : public OsView {
 public:
  // The platform must outlive the kernel. Until start() everything is placed by preload.
  explicit Kernel(Platform& platform);
  ~Kernel() override;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // --- setup and administration; each throws InputError with a sentence if it cannot be done
  struct ProcessOptions {
    std::optional<std::uint16_t> asid = {};
    std::optional<PhysAddr> table = {};
    std::optional<std::uint64_t> limit = {};  // flat tables only
    std::optional<unsigned> levels = {};      // of its tables; default: the machine's most
    bool raw = false;  // needs table: what lies there is the user's, and the checkers must not ask
  };
  // How a page is mapped. NAPOT: 16 equal entries.
  struct MapOptions {
    bool cow = false;     // read-only for the hardware, private for the OS: the first store copies
    bool shared = false;  // stays shared across fork, as kernel pages do; other pages become copy-on-write there
    bool global = false;  // mapped so in every process there is and will be
    unsigned level = 0;   // of the leaf: 0 a base page, else a superpage
    bool napot = false;
    MemType type = MemType::WriteBack;
  };
  // The mode bits the kernel runs with (before start). Default: x86 paging with no-execute, write protection of
  // supervisors, global pages, and PCIDs if the machine has them; RISC-V with every extension the machine has.
  void set_environment(const Environment& environment);
  const Environment& environment() const;
  ProcessId create_process(std::string name, const ProcessOptions& options);
  std::optional<ProcessId> find_process(std::string_view name) const;
  const std::string& name_of(ProcessId pid) const;
  Context context_of(ProcessId pid) const;
  void set_free_frames(const std::vector<Ppn>& frames);  // in the order they are to be handed out
  std::size_t free_frames() const;
  unsigned frame_references(Ppn frame) const;
  // Setup ends: from here on through the ports only. Valid entries that were placed by hand (noted writes) in a table
  // the user named become pages of its process.
  void start();

  // Map a page to a frame the caller names (the page is that frame, for every process that maps it). Replacing or
  // narrowing an entry fences it. A frame once named is the caller's: it is never handed out.
  void map(ProcessId pid, Vpn vpn, Ppn frame, Rights rights, const MapOptions& options);
  void map(ProcessId pid, Vpn vpn, Ppn frame, Rights rights, bool cow, bool shared = false) {
    map(pid, vpn, frame, rights, {.cow = cow, .shared = shared});
  }
  void unmap(ProcessId pid, Vpn vpn);  // the page that covers vpn, whatever its size
  void add_area(ProcessId pid, VirtAddr from, VirtAddr to, Rights rights, bool grows_down);  // [from, to) demand-zero
  // The leaf entry of this page as it stands in memory, and its level. Without a table for it: zero, and the level
  // where the path ends. nullopt: memory did not answer.
  struct Entry {
    std::uint64_t value = 0;
    unsigned level = 0;
  };
  std::optional<Entry> read_leaf(ProcessId pid, Vpn vpn);
  std::optional<std::uint64_t> read_entry(ProcessId pid, Vpn vpn);  // its value alone

  // --- what happens to the hardware behind the kernel's back, and it has to know
  void note_physical_write(PhysAddr pa, std::span<const std::uint8_t> bytes);  // preloads and host writes of others
  void note_fetch_sync();                                                      // a FetchSync of others was done
  void note_control(CtlReg reg, std::uint64_t value, bool user);               // a control write of others was done
  void note_bus_errors(PhysAddr from, PhysAddr to);  // [from, to): accesses there are never taken for surely successful

  // --- running
  void switch_to(ProcessId pid);  // through the control port: base, limit, ASID; fences if the machine has no ASIDs
  std::optional<ProcessId> current() const;
  void set_translation(bool on);  // Bare or translate
  // Perform accesses of a process in program order, serving faults and retrying; stops after the first that is refused.
  // Returns how many entries of `outcomes` were written.
  std::size_t perform(ProcessId pid, std::span<const Access> accesses, std::span<Outcome> outcomes);

  // --- system calls: result, or -errno (Linux values)
  std::int64_t mmap(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                    std::uint64_t offset);
  std::int64_t munmap(ProcessId pid, std::uint64_t addr, std::uint64_t len);
  std::int64_t mprotect(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot);
  std::int64_t fork(ProcessId pid, std::string child_name);  // the child's ProcessId, or -errno
  void exit(ProcessId pid);

  const KernelCounts& counts() const;

  // A sentence about the first thing found wrong in the kernel's own structures (frames, references, tables); empty if
  // nothing is. For tests and debugging: costs as much as there are pages.
  std::string broken_invariant() const;

  // --- OsView
  void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const override;
  void image_store(const Context& context, VirtAddr va, std::uint8_t byte) override;
  std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const override;
  bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const override;

 private:
  friend class TableUpdate;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vm
