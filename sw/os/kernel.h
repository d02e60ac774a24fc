// SPDX-License-Identifier: Apache-2.0
//
// The reference operating system: processes, areas, page tables, frames, faults, fork and copy-on-write, on top of a
// Platform. It reaches physical memory only through the platform's host port once the machine runs, and owes every
// table change the fence that makes it true.
//
// Each mechanism is one file: frames.h (allocator, reference counts), table_space.h (where flat tables lie),
// table_tree.cpp (tables of several levels), area.h (what an address range is for), process.h, page_table.cpp (entries
// and the fences they owe), fences.h (what fences are owed for), superpage.cpp (splitting), promote.cpp (the reverse),
// shared_tables.cpp (one table in several trees), shared_memory.cpp (anonymous objects), adopt.cpp (tables placed by
// hand), schedule.cpp (processes, context switch, ASIDs), hardware.cpp (control registers), fault.cpp (classify, serve,
// retry), copy_on_write.cpp (with the zero page), fork.cpp, vfork.cpp, fork_what_if.cpp, execve.cpp (another program in
// the process), program_image.cpp, elf_image.h, initial_stack.h (what it consists of), mmap.cpp, mremap.cpp,
// resident.cpp and reverse_map.h (who has a frame), reclaim.cpp and replacement.h (which frame leaves), pageout.cpp and
// swap_file.h (pages in the swap file), disk_write.cpp (busy frames), windows/page_manager.h (working sets and states
// of frames), kernel_pool.cpp (paged kernel memory), future.h, limits.cpp, oom.cpp, kernel_space.h (the upper part of
// every address space), trap.cpp (the kernel's own accesses there), asid.cpp, memory_object.h (shared objects and what
// private copies are made of), file_store.h (the disk), page_cache.cpp, file_calls.cpp (open, read, write, …),
// user_access.cpp (the kernel's own accesses to a process), device.h, report.cpp (ps, maps, frames, tables), image.h
// and view.cpp (the per-process memory image and the map the checkers compare the hardware with), invariants.cpp.
#pragma once

#include <array>
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
#include "os/device.h"
#include "os/fences.h"
#include "os/file_store.h"
#include "os/future.h"
#include "os/replacement.h"
#include "os/rights.h"
#include "os/swap_file.h"
#include "platform/platform.h"

namespace vm {

using ProcessId = std::uint32_t;

struct KernelCounts {
  std::uint64_t faults = 0, cow_copies = 0, zero_fills = 0, fences = 0, switches = 0;
  std::uint64_t pages_read = 0, pages_written = 0;  // from and to files
  std::uint64_t page_copies = 0;                    // all copies of base pages: by copy-on-write, and at once by fork
  std::uint64_t pageouts = 0, pageins = 0;          // pages that left for the swap file, and came back
  std::uint64_t missing = 0;                        // faults served for a page that was not in memory (Windows: hard)
  std::uint64_t swap_writes = 0;                    // pages written to the swap file; clean ones are not
  std::uint64_t file_pageouts = 0;                  // pages of files that left memory
  std::uint64_t references_cleared = 0;             // accessed bits that were set, by replacement
  std::uint64_t busy_waits = 0;                     // for a frame that was being written to the disk
  // Windows: pages that left a working set; faults for pages that were in memory still; kernel stacks and working sets
  // that the swapper took; frames cleared ahead; frames that failed.
  std::uint64_t trims = 0, soft_faults = 0, stacks_out = 0, outswaps = 0, zeroed_frames = 0, bad_frames = 0;
  std::uint64_t pool_faults = 0, pool_pageouts = 0;  // pages of paged kernel memory that came in, and left
  std::uint64_t zero_pages = 0;                      // times the frame of zeros was mapped
  std::uint64_t device_pages = 0;                    // times a page of a device was mapped
  std::uint64_t kills = 0;                           // processes, out of memory
  std::uint64_t withheld = 0;                        // fences that were owed, but the run withholds
  std::array<std::uint64_t, kFenceReasonNames.size()> fences_for{};  // those made, by index_of(reason)
  std::uint64_t promotions = 0, splits = 0;                          // small pages became a large one, and the reverse
  std::uint64_t table_shares = 0, table_breaks = 0;  // a process came to share a page table with another, or left it
  std::uint64_t asid_rollovers = 0;                  // how often all ASIDs were taken
  std::uint64_t kernel_rows = 0;                     // of kernel space, written into flat tables
  // Entries into the kernel, and its own accesses: all, those that missed the L1 TLB, those that faulted (none should).
  std::uint64_t traps = 0, kernel_accesses = 0, kernel_tlb_misses = 0, kernel_faults = 0;
};

// Why a page fault is a segmentation fault (Linux: si_code).
enum class SegvCode : std::uint8_t {
  None,
  MapErr,  // no area there
  AccErr   // a protection exception: the area does not permit it
};

// How the kernel deals with memory that is short or shared.
struct MemoryPolicy {
  bool zero_page = false;     // private memory that was only read is one frame of zeros, for all
  bool overcommit = true;     // false: no more is promised than frames and swap file can hold
  bool kill = false;          // out of memory: a process is killed; otherwise whoever needs the frame is refused
  bool share_tables = false;  // a shared mapping that fills a page table shares the table, too
  bool large_pages = false;   // a run of pages that has become complete is promoted
  FenceReasons withheld;      // fences that are owed and not made
  ReplacementOptions replacement = {};  // which frame leaves when none is free
};

// What the upper part of every address space is (kernel_space.h).
struct KernelSpaceOptions {
  bool three_to_one = false;                       // users have three quarters of the addresses; otherwise half
  std::optional<std::uint64_t> direct_bytes = {};  // of physical memory in the direct map, at most; none: all that fits
  bool traps = false;                              // the kernel's own accesses are made too (trap.cpp)
  std::uint64_t pool_pages = 0;                    // of paged kernel memory (kernel_pool.cpp), up to kMostPoolPages
  static constexpr std::uint64_t kMostPoolPages = 6;  // as many fit behind the data on every format
  // Instead of all that the kernel has a table of its own, which hardware puts into force when an exception starts.
  bool own_table = false;
};

enum class ForkKind : std::uint8_t {
  CopyOnWrite,  // pages are shared until somebody stores
  Copy,         // naive: every private page is copied at once
  // Wrong ways (fork_what_if.cpp).
  CopyTable,    // the child's table is the parent's, write rights included
  EntriesOnly,  // copy-on-write, but who shares a page is guessed from the entries
};

// Which program, and what it is told.
struct ExecRequest {
  std::string file;  // its name, as open() takes it
  std::vector<std::string> arguments, environment;
};

// Where execve has put a process.
struct StartState {
  std::uint64_t pc = 0, sp = 0;
};

// Why the kernel did not serve a fault, if it is not that the process may not do what it tried.
enum class Shortage : std::uint8_t { None, NoMemory, SwapError, Killed };

// How one access ended for the process.
struct Outcome {
  AccessResult last;  // of the last try
  Fault last_fault;   // the last fault the hardware reported, also when it was then served
  unsigned faults_served = 0;
  bool refused = false;                // last.fault stands, and the OS could not serve it
  bool segv = false;                   // refused because of a page fault (no area, or no right)
  Shortage shortage = Shortage::None;  // refused, though the process may do that
  SegvCode segv_code = SegvCode::None;
  bool sigbus = false;  // refused because what is mapped there ends before (Linux: SIGBUS)
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
    bool raw = false;        // needs table: what lies there is the user's, and the checkers must not ask
    std::uint64_t heap = 0;  // where it starts; 0: none, and brk moves nothing
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
  bool may_start() const;  // the pages that every process is sure of can be had for one more
  std::optional<ProcessId> find_process(std::string_view name) const;
  const std::string& name_of(ProcessId pid) const;
  Context context_of(ProcessId pid) const;
  // Before the first process, and after set_environment. Levels: of all processes; none: the machine's most.
  void use_kernel_space(const KernelSpaceOptions& options, std::optional<unsigned> levels = {});
  // Only so many ASIDs; 0: none, a switch of address spaces invalidates. Before the first process.
  void limit_asids(std::uint64_t count);
  // Before start().
  void set_policy(const MemoryPolicy& policy);
  const MemoryPolicy& policy() const;
  void use_swap(const SwapOptions& options);  // one swap file; InputError: entries cannot hold so many slots
  // In base pages; none: no limit. `resident`: pages in memory; `memory`: pages of areas.
  struct Limits {
    std::optional<std::uint64_t> resident = {}, memory = {};
  };
  void set_limits(ProcessId pid, const Limits& limits);
  void set_free_frames(const std::vector<Ppn>& frames);  // in the order they are to be handed out
  std::size_t free_frames() const;
  unsigned frame_references(Ppn frame) const;
  // Frames that processes would need more if nothing were shared.
  std::uint64_t saved_frames() const;
  std::uint64_t free_slots() const;                                    // of the swap file
  std::optional<std::uint64_t> slot_of(ProcessId pid, Vpn vpn) const;  // where in the swap file this page is
  // Who has the frame, or the slot, of this page: by process, and once for each page that names it.
  std::vector<ProcessId> sharers(ProcessId pid, Vpn vpn) const;
  // Takes this base page out of memory, for all who share it. False: it cannot leave, or there is no place for it.
  bool page_out(ProcessId pid, Vpn vpn);
  // The run of smaller pages that vpn lies in becomes one page of this size (Linux: khugepaged). False: it is not
  // complete, its pages differ, or there is no block of frames that it can be copied to.
  struct LargeSize {
    unsigned level = 0;
    bool napot = false;
  };
  bool promote(ProcessId pid, Vpn vpn, const LargeSize& size);
  // In bytes: the page tables of the process, those it shares with others included, and one flat table that could map
  // all its address space.
  struct TableMemory {
    std::uint64_t tables = 0, bytes = 0, flat_bytes = 0;
  };
  TableMemory table_memory(ProcessId pid) const;
  // Windows (windows/page_manager.h; InputError under another policy): the frame failed, and is emptied and never used
  // again (false: it cannot be emptied); changed pages of a file must not be written for now; where a page is that left
  // its working set and is in memory still.
  bool retire_frame(Ppn frame);
  void hold_file(std::string_view name, bool held);
  std::optional<Ppn> transition_frame(ProcessId pid, Vpn vpn) const;
  // Every page that is touched from now on is noted; what a run before noted is the future of this one.
  void record_touches();
  std::span<const PageTouch> touches() const;
  void set_future(Future future);
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
  std::optional<ProcessId> current() const;  // whose address space is in force; of a vfork: the parent's
  bool runs(ProcessId pid) const;            // this process's address space is in force
  bool is_killed(ProcessId pid) const;
  bool is_suspended(ProcessId pid) const;  // its address space is borrowed (vfork); it may not run meanwhile
  void set_translation(bool on);           // Bare or translate
  // Perform accesses of a process in program order, serving faults and retrying; stops after the first that is refused.
  // Returns how many entries of `outcomes` were written.
  std::size_t perform(ProcessId pid, std::span<const Access> accesses, std::span<Outcome> outcomes);

  // The trap by which a process calls the kernel, and its end; nothing without kernel space and its traps. Whoever
  // makes a system call for a process calls them around it.
  void enter_system_call(ProcessId pid);
  void leave_system_call();

  // --- system calls: result, or -errno (Linux values)
  std::int64_t mmap(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                    std::uint64_t offset);
  std::int64_t munmap(ProcessId pid, std::uint64_t addr, std::uint64_t len);
  std::int64_t mprotect(ProcessId pid, std::uint64_t addr, std::uint64_t len, int prot);
  std::int64_t mremap(ProcessId pid, std::uint64_t addr, std::uint64_t old_len, std::uint64_t new_len, int flags,
                      std::uint64_t new_addr);
  std::int64_t madvise(ProcessId pid, std::uint64_t addr, std::uint64_t len, int advice);
  std::int64_t msync(ProcessId pid, std::uint64_t addr, std::uint64_t len, int flags);
  std::uint64_t brk(ProcessId pid, std::uint64_t addr);  // the end of the heap, moved or not
  std::int64_t open(ProcessId pid, std::string_view name, int flags);
  std::int64_t close(ProcessId pid, int fd);
  std::int64_t fstat(ProcessId pid, int fd, std::uint64_t addr);
  std::int64_t read(ProcessId pid, int fd, std::uint64_t addr, std::uint64_t len);
  std::int64_t write(ProcessId pid, int fd, std::uint64_t addr, std::uint64_t len);
  std::int64_t fsync(ProcessId pid, int fd);
  // The child's ProcessId, or -errno.
  std::int64_t fork(ProcessId pid, std::string child_name, ForkKind kind = ForkKind::CopyOnWrite);
  std::int64_t vfork(ProcessId pid, std::string child_name);
  // Another process in the same address space, which goes on with it: tables, ASID and all (Linux: CLONE_VM).
  std::int64_t thread(ProcessId pid, std::string name);
  // 0, or -errno and nothing has changed for the process. Pages come in by faults.
  std::int64_t execve(ProcessId pid, const ExecRequest& request);
  StartState start_of(ProcessId pid) const;
  void exit(ProcessId pid, int status = 0);
  // A child that exited, and its status: its ProcessId; 0 if none has yet (Linux: WNOHANG); -ECHILD without children.
  std::int64_t wait(ProcessId pid, int* status = nullptr);
  std::int64_t sync();  // every changed page of every file goes to the disk: 0, or -errno

  // The disk. Files are added before the first process opens any.
  FileStore& disk();
  const std::string& output_of(ProcessId pid) const;  // what it wrote to standard output and error

  // Devices, before start(). Their memory is the machine's that is not cached; InputError if too little is left.
  void add_device(Device device);
  const std::vector<Device>& devices() const;
  // What the device finds in its memory; nullopt: memory did not answer. InputError if there is no such device.
  std::optional<std::vector<std::uint8_t>> device_memory(std::string_view name);

  const KernelCounts& counts() const;

  // --- what ps and /proc would print; sizes in bytes
  std::string ps() const;
  std::string maps(ProcessId pid) const;  // areas, and how much of each is in memory
  std::string frames() const;             // those in use, and by whom
  std::string lists() const;              // those that may leave memory, as the replacement policy keeps them
  std::string tables(ProcessId pid);      // the page tables as they are in memory

  // A sentence about the first thing found wrong in the kernel's own structures (frames, references, tables); empty if
  // nothing is. For tests and debugging: costs as much as there are pages.
  std::string broken_invariant() const;

  // --- OsView
  void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const override;
  void image_store(const Context& context, VirtAddr va, std::uint8_t byte) override;
  std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const override;
  bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const override;
  void image_store_bytes(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) override;
  bool image_holds(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) const override;

 private:
  friend class TableUpdate;
  friend class KernelSpace;
  friend class PageManager;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vm
