// SPDX-License-Identifier: Apache-2.0
//
// The kernel's inside: one structure, its functions spread over the files of the mechanisms.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "machine/control.h"
#include "machine/physical_memory.h"
#include "os/device.h"
#include "os/file_store.h"
#include "os/frames.h"
#include "os/future.h"
#include "os/kernel.h"
#include "os/kernel_space.h"
#include "os/process.h"
#include "os/replacement.h"
#include "os/reverse_map.h"
#include "os/swap_file.h"
#include "os/table_space.h"

namespace vm {

class PageManager;  // windows/page_manager.h
class TableUpdate;  // table_update.h
struct ElfImage;
struct ProgramImage;

struct Kernel::State {
  explicit State(Platform& platform);
  ~State();

  Platform& platform;
  const Machine& machine;
  Frames frames;
  TableSpace tables;
  std::map<ProcessId, Process> processes;
  ProcessId next_id = 1;
  bool started = false;
  MemoryPolicy policy;
  KernelCounts counts;

  // --- hardware.cpp: what the control registers hold
  Control control;          // as the hardware has them
  Environment environment;  // mode bits while translating
  bool translate_wanted = true;
  bool wp_was_clear = false;  // x86, at some time: supervisors stored to read-only pages
  bool is_flat() const { return machine.format.kind == PteKind::Flat; }
  bool is_x86() const { return machine.format.kind == PteKind::X86; }
  bool hardware_sets_dirty() const { return is_x86() || control.context().env.adue; }
  bool translating() const { return control.context().translate; }
  bool is_dropped_on_switch() const { return is_x86() && !environment.pcide; }  // by the write of CR3 itself
  Environment default_environment() const;
  void start_hardware();
  void apply_mode();                          // translation on or off, as wanted
  void load_context(const Process& process);  // base, limit and ASID; or satp; or CR3
  void write_ctl(CtlReg reg, std::uint64_t value);
  // Makes a fence that is owed, unless the run withholds it.
  void pay(FenceReason reason, const Fence& fence);
  Context context_of(const Process& process) const;

  // --- schedule.cpp: which address space the hardware has, and ASIDs
  std::optional<ProcessId> current;
  bool ran_before = false;  // some address space was active: TLBs without ASIDs may remember it
  std::uint64_t switches = 0;
  bool is_name_taken(std::string_view name) const;
  bool map_global_pages(Process& process);  // false: no frame left for a table
  // Without global pages. own_table: a place the kernel has already found for the table. own_id: the number it has
  // already.
  Process& create(std::string name, const ProcessOptions& options, std::optional<PhysAddr> own_table = {},
                  std::optional<ProcessId> own_id = {});
  void check_options(std::string_view name, const ProcessOptions& options) const;
  unsigned default_levels() const;
  void switch_to(Process& process);
  void exit(Process& process, int status = 0);
  std::int64_t wait(Process& process, ExitedChild* child);

  // --- asid.cpp
  std::optional<std::uint64_t> asid_limit;
  std::uint64_t asid_count() const;
  bool has_asids() const;
  void claim_asid(Process& process, std::optional<std::uint16_t> wanted);
  void give_asid(Process& process);
  std::optional<std::uint16_t> unused_asid() const;
  void roll_over_asids();

  // --- kernel_space.h; null: there is none
  std::unique_ptr<KernelSpace> kernel_space;
  bool is_kernel_space(Vpn vpn) const;
  const KernelSpace::Range* kernel_range(const Process& process, Vpn vpn) const;  // of what all share
  std::unordered_set<std::uint64_t> table_frames;                                 // of tables of several levels
  bool may_be_table(Ppn frame) const;

  // --- page_table.cpp: entries in memory
  // The mapping the entry of this page must hold.
  OsMapping entry_for(const Page& page) const;
  OsMapping mapping_at(const Process& process, Vpn vpn) const;  // of one base page, also inside a larger one
  Rights expressible_rights(Rights rights) const;
  bool can_withhold_write() const { return !possible_rights(machine, {.write = false}).write; }
  std::uint64_t encode(const Page& page) const;
  // Accessed and dirty bits as they stand in this entry.
  std::uint64_t kept_bits(PhysAddr at) { return is_flat() ? 0 : read_raw(at).value_or(0) & accessed_bits(true); }
  void write_raw(const Process& process, Vpn vpn, PhysAddr at, std::uint64_t raw);
  std::optional<std::uint64_t> read_raw(PhysAddr at);
  std::uint64_t accessed_bits(bool dirty) const { return with_accessed(machine.format, 0, dirty); }
  VirtAddr address_of(const Process& process, Vpn vpn) const;  // as the hardware wants it
  void map(Process& process, Vpn vpn, Ppn frame, Rights rights, const MapOptions& options);
  void check_mapping(Vpn vpn, Ppn frame, Rights rights, const MapOptions& options) const;
  void check_against_global(Vpn vpn, const Page& page) const;
  bool map_page(Process& process, Vpn vpn, Page page);
  void unmap_page(Process& process, Vpn vpn);  // there is one
  void unmap_global_page(Vpn vpn);             // its first page; where it is mapped
  // The page is this frame, which the user named.
  void take_named_frame(Process& process, Vpn vpn, const Page& page);
  unsigned missing_tables(const Process& process, Vpn vpn, unsigned level) const;  // that an entry there would need
  void drop_page(Process& process, Vpn vpn, TableUpdate& update);                  // the first of the page
  std::map<std::uint64_t, Page> global_pages;  // by first VPN: what every new process gets

  // --- table_tree.cpp: tables of several levels, and where an entry lies in them
  unsigned order_of(unsigned level, bool napot) const;
  std::optional<PhysAddr> table_at(const Process& process, Vpn vpn, unsigned level) const;
  PhysAddr entry_in(PhysAddr table, Vpn vpn, unsigned level) const;
  std::optional<PhysAddr> entry_address(const Process& process, Vpn vpn, unsigned level) const;
  std::optional<PhysAddr> new_root();
  std::optional<PhysAddr> new_table();
  void free_table(PhysAddr table);
  bool make_tables(Process& process, Vpn vpn, unsigned level);  // false: no frame left
  void link_table(Process& process, Vpn vpn, unsigned level, PhysAddr table);
  void count_entry(Process& process, Vpn vpn, unsigned level, std::int64_t change);
  // Takes the empty tables above an entry out of the tree; they are free after the fence.
  void unlink_empty(Process& process, Vpn vpn, unsigned level, std::vector<PhysAddr>& unlinked);
  std::uint64_t table_bytes() const;  // of one table
  Pte pointer_to(PhysAddr table, bool kernels) const;

  // --- superpage.cpp
  bool split(Process& process, Vpn vpn, TableUpdate& update);  // the page that covers vpn, into the next smaller size
  bool split_at(Process& process, Vpn vpn, TableUpdate& update);  // until a page starts there

  void forget_copies(const Page& page);  // of all frames of a large page
  // A large page that nothing but its size keeps in memory gives way to small ones, which may leave. False: no.
  bool split_to_leave(Process& process, Vpn vpn);
  bool split_one_to_leave(std::optional<Ppn> keep, const Process* of);
  bool may_split_to_leave(const Process& process, Vpn vpn, const Page& page) const;

  // --- promote.cpp: many small pages become a large one
  struct Run;
  using LargeSize = Kernel::LargeSize;
  std::optional<Run> run_at(const Process& process, Vpn vpn, const LargeSize& size) const;
  bool may_be_copied(const Process& process, const Run& run) const;
  bool copy_run(const Process& process, const Run& run, Ppn block);
  void take_run_out(Process& process, const Run& run, std::vector<std::uint64_t>& entries);
  void put_run_back(const Process& process, const Run& run, const std::vector<std::uint64_t>& entries);
  void replace_run(Process& process, const Run& run, const std::vector<std::uint64_t>& entries);
  bool promote(Process& process, Vpn vpn, const LargeSize& size);
  std::optional<Mapper> grown;  // a page that was added since the last access, with large_pages
  void promote_grown();

  // --- shared_tables.cpp: one table of level 0 in the trees of several processes
  // By address of the table: who has it, and the first page of it there. Only tables that several have.
  std::map<std::uint64_t, std::vector<Mapper>> shared_tables;
  std::uint64_t reach() const;                                               // base pages of a table of level 0
  std::vector<Mapper> other_sharers(const Process& process, Vpn vpn) const;  // of the table of this page; their pages
  const Area* sharable_area(const Process& process, Vpn first) const;        // null: the table there cannot be shared
  std::optional<Mapper> table_to_share(const Process& process, Vpn first, const Area& area) const;
  bool share_table(Process& process, Vpn vpn);  // with somebody who has one
  bool link_shared_table(Process& process, Vpn first, const Mapper& owner);
  bool share_tables_with_child(const Process& parent, Process& child);
  void spread_page(const Process& process, Vpn vpn, const Page& page, const ProcessImage::Slot& slot);
  void forget_sharer(const Process& process, Vpn first, PhysAddr table);
  using FreedFrames = std::vector<std::pair<Ppn, std::uint64_t>>;
  // Pages of this range are about to change for this process alone. Its pages in tables that it shares stay as they
  // are, in copies of the tables; or they go with the table (`goes`: they are to go anyway; or no frame is left, and
  // the object has them still). `freed` is to be released after the fence.
  void unshare_tables(Process& process, Vpn from, Vpn to, bool goes, TableUpdate& update, FreedFrames& freed);
  bool copy_shared_table(Process& process, Vpn first, TableUpdate& update);
  void leave_shared_table(Process& process, Vpn first, TableUpdate& update, FreedFrames& freed);
  std::string broken_shared_tables() const;

  // --- adopt.cpp: valid entries that the user placed in memory by hand become pages the kernel knows
  void adopt_tables(Process& process);
  void adopt_table(Process& process, PhysAddr table, unsigned level, Vpn first, const Pte& above);

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
  // Bus: the object has no such page. Failed: memory does not work, or the hardware does not see what was repaired.
  enum class Service : std::uint8_t { Served, Segv, Bus, NoMemory, SwapError, Killed, Failed };
  Service serve(Process& process, const Fault& fault);
  Service serve_missing(Process& process, const Fault& fault);
  Service mark_accessed(Process& process, const Fault& fault, Page& page);
  bool will_not_be_withheld(const Process& process, Vpn vpn, const Page& page, AccessKind kind) const;
  bool may_fail_on_the_way(const Process& process, Vpn vpn, const Page& page) const;
  std::optional<Ppn> zeroed_frame();
  const Area* area_for(Process& process, VirtAddr va) const;
  bool take_page(Process& process, Vpn vpn, const Area& area);

  // --- copy_on_write.cpp
  Service copy_on_write(Process& process, Vpn vpn, Page& page);
  std::optional<Ppn> zero_frame_for_all;  // the zero page, once somebody needed it; one reference is the kernel's
  bool take_zero_page(Process& process, Vpn vpn, const Area& area);

  // --- resident.cpp: pages in memory, and who has their frames
  ReverseMap frame_map;  // by frame: base pages
  void add_page(Process& process, Vpn vpn, const Page& page);
  Page remove_page(Process& process, std::map<std::uint64_t, Page>::iterator at);
  void add_mapper(const Process& process, Vpn vpn, const Page& page);
  void remove_mapper(const Process& process, Vpn vpn, const Page& page);
  std::uint64_t own_pages(const Page& page) const;  // that count for the process
  void change_frame(Process& process, Vpn vpn, Page& page, Ppn frame);
  std::uint64_t saved_frames() const;

  // --- reclaim.cpp: which frame leaves memory, and when
  class Candidates;
  std::unique_ptr<Replacement> replacement;
  bool pageout_owed = false;  // the pageout daemon is to look whether enough frames are free
  // The pages of the access that is being served stay, or two that one access needs could push each other out for ever.
  struct PinnedPages {
    ProcessId process = 0;
    Vpn first, last;
  };
  std::optional<PinnedPages> pinned;
  bool is_pinned(const Mapper& mapper) const;
  bool can_leave(Ppn frame) const;
  bool evict(Ppn frame);
  bool evict_one(std::optional<Ppn> keep, const Process* of = nullptr);  // of: only what this process has
  bool free_frames(std::size_t count, std::optional<Ppn> keep = {});     // by eviction, until so many can be had
  void run_pageout_daemon();
  bool take_used(Ppn frame);  // reads and clears the accessed bits of all who have it
  bool take_used(const Mapper& mapper);
  // The replacement policy, if it is that of Windows; else null.
  PageManager* page_manager = nullptr;
  Future future;
  std::optional<std::vector<PageTouch>> touches;  // noted down, if somebody wants them
  PageTouch last_touch;
  bool notes_touches() const { return touches.has_value() || replacement->wants_touches(); }
  void note_touches(const Process& process, std::span<const Access> accesses);

  // --- disk_write.cpp: frames that are busy, because what they hold is being written
  std::uint64_t now = 0;  // the time: accesses performed, and waits
  struct DiskWrite {
    std::uint64_t done = 0;             // when it will be
    std::optional<std::uint64_t> slot;  // of the swap file; none: a page of an object
  };
  std::map<std::uint64_t, DiskWrite> busy;  // by frame; a write to the swap file has one reference to it
  void start_write(Ppn frame, std::optional<std::uint64_t> slot);
  void finish_write(Ppn frame);
  void finish_writes();     // those that are done by now
  void wait_for_a_write();  // there is one
  // Waits, and the frame is no more about to be freed: the caller has what the write had.
  void take_from_write(Ppn frame);
  std::optional<Ppn> busy_frame(std::uint64_t slot) const;

  // --- pageout.cpp: pages in the swap file
  std::unique_ptr<SwapFile> swap;
  ReverseMap slot_map;  // by slot
  // Frames whose page came from the swap file and is there still, as it was: by frame the slot. One that nobody stored
  // to need not be written again. A slot that is needed otherwise is taken from here.
  std::map<std::uint64_t, std::uint64_t> clean_copies;
  void forget_copy(Ppn frame);
  std::optional<std::uint64_t> allocate_slot();
  void free_slot(std::uint64_t slot);
  std::uint64_t free_slots() const { return swap ? swap->free_slots() + clean_copies.size() : 0; }
  bool page_out(Ppn frame);
  // All entries of the page name a slot from now on, and what the hardware remembers is fenced.
  struct Departure {
    std::uint64_t slot = 0;
    bool is_written = false;  // it is on the disk as it is in memory
    std::vector<Mapper> mappers;
  };
  std::optional<Departure> leave_tables(Ppn frame);       // nullopt: no slot is left, and nothing has changed
  std::uint64_t swapped_entry(std::uint64_t slot) const;  // what entries of a page with this slot are
  void write_swapped_entry(const Mapper& mapper, std::uint64_t slot);
  bool write_to_swap(std::span<const std::uint8_t> bytes, const std::vector<Mapper>& mappers, std::uint64_t& slot);
  void return_to_memory(std::uint64_t slot, Ppn frame);
  Service page_in(Process& process, Vpn vpn, const Fault& fault);
  // Frees frames until so many can be had, and the process may have `more` pages more; `keep` stays in memory. Killed:
  // the process itself has to go, and the caller sees to it.
  Service make_room(Process& process, std::size_t count, std::size_t more, std::optional<Ppn> keep = {});
  void add_swapped(Process& process, Vpn vpn, const SwappedPage& swapped);
  SwappedPage remove_swapped(Process& process, Vpn vpn);
  void drop_swapped(Process& process, Vpn from, Vpn to, TableUpdate& update);
  void protect_swapped(Process& process, Vpn from, Vpn to, Rights rights);

  // --- limits.cpp
  // So many more pages of areas: within the limit of the process.
  bool may_grow(const Process& process, std::uint64_t pages) const;
  // So many more pages that may each need a frame of their own: within what frames and swap file can hold.
  bool may_promise(std::uint64_t pages) const;
  std::uint64_t promised_pages(const Process& process) const;
  static bool is_promised(const Area& area) { return !area.shared && area.rights.write; }

  // --- oom.cpp
  std::map<ProcessId, std::string> killed;
  std::uint64_t frames_freed_by_killing(const Process& process) const;
  std::optional<ProcessId> entered;  // the process whose call of the kernel is under way, on its kernel stack
  bool in_system_call = false;       // the process is in the kernel, which goes on when it is refused: nobody is killed
  Process* choose_victim();
  void kill(Process& victim);
  SegvCode segv_code(const Process& process, const Fault& fault) const;

  // --- memory_object.cpp: pages that come from an object
  std::uint64_t object_part(const Area& area, VirtAddr va) const;
  bool clear_from(Ppn frame, std::uint64_t offset);  // in bytes, up to the end of the frame
  bool takes_own_frame(const Area& area, const Fault& fault) const;
  std::optional<Ppn> object_frame(const MemoryObject& object, std::uint64_t index) const;  // if it is in memory
  Service serve_object(Process& process, const Fault& fault, const Area& area);
  std::uint64_t object_index(const Area& area, VirtAddr va) const;
  bool ends_before(const MemoryObject& object, std::uint64_t index) const;  // it has no such page
  MemoryObject::ObjectPage* object_page(MemoryObject& object, std::uint64_t index);
  bool was_stored_to(const Process& process, Vpn vpn, const Page& page) const;
  // The entry of this page is about to lose what it knows of stores.
  void note_stores(const Process& process, Vpn vpn, const Page& page);
  std::uint64_t dirty_bit() const { return accessed_bits(true) & ~accessed_bits(false); }

  // --- page_cache.cpp; results are 0 or -errno
  FileStore disk;
  std::map<FileId, std::shared_ptr<MemoryObject>> page_cache;
  struct FilePage {
    MemoryObject* object = nullptr;
    std::uint64_t index = 0;
  };
  std::map<std::uint64_t, FilePage> file_frames;  // what the page cache has, by frame
  bool drop_file_page(Ppn frame);
  void forget_file_page(Ppn frame);
  // --- shared_memory.cpp: anonymous objects, whose pages leave for the swap file
  std::vector<std::shared_ptr<MemoryObject>> shared_memory;
  std::map<std::uint64_t, FilePage> shared_frames;  // what they have in memory, by frame
  const FilePage* object_page_of(Ppn frame) const;  // of a file or of shared memory; null: of neither
  std::shared_ptr<MemoryObject> new_shared_memory();
  void drop_unused_memory();
  void unmap_from_all(Ppn frame);  // a page of an object: the entries become empty
  bool page_out_shared(Ppn frame);
  bool page_in_shared(MemoryObject::ObjectPage& page);
  std::string lost_page;  // a page of a file that left memory and is not on the disk as processes wrote it; empty: none
  std::shared_ptr<MemoryObject> cached(FileId file);
  void gather_stores(const MemoryObject& object, std::uint64_t first, std::uint64_t end);
  int write_back(MemoryObject& object, std::uint64_t first, std::uint64_t end);  // pages [first, end)
  int sync();
  void drop_unused_files();
  // The bytes must lie in one page.
  int change_file(MemoryObject& object, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  std::int64_t msync(Process& process, std::uint64_t addr, std::uint64_t len, int flags);

  // --- user_access.cpp: the kernel's own accesses to the memory of a process
  bool is_users(const Process& process, std::uint64_t va, std::uint64_t bytes) const;  // no kernel space in it
  // Loads into, or stores from, `bytes`; how many were moved before a fault that nobody could serve.
  std::uint64_t access_user(Process& process, AccessKind kind, std::uint64_t va, std::span<std::uint8_t> bytes);

  // --- file_calls.cpp
  static OpenFile* open_file(Process& process, int fd);  // nullptr: no such descriptor
  std::int64_t open(Process& process, std::string_view name, int flags);
  std::int64_t close(Process& process, int fd);
  std::uint64_t object_size(const MemoryObject& object) const;
  std::int64_t fstat(Process& process, int fd, std::uint64_t va);
  std::int64_t read(Process& process, int fd, std::uint64_t va, std::uint64_t bytes);
  std::int64_t write(Process& process, int fd, std::uint64_t va, std::uint64_t bytes);
  std::int64_t fsync(Process& process, int fd);

  // --- device.cpp
  std::vector<std::shared_ptr<MemoryObject>> device_objects;
  std::vector<Device> devices;
  std::shared_ptr<MemoryObject> device_object(std::string_view name) const;  // null: no such device
  std::uint64_t device_size(std::size_t number) const;
  MemType device_type() const;

  // --- mmap.cpp
  std::uint64_t space_end(const Process& process) const;  // first address a user range may not reach
  bool is_unused(const Process& process, std::uint64_t from, std::uint64_t to) const;
  // Kernel space, which system calls of a process do not touch: where it begins in the range (`to`: nowhere), and
  // whether there is any.
  std::uint64_t kernels_from(const Process& process, std::uint64_t from, std::uint64_t to) const;
  bool is_kernels(const Process& process, std::uint64_t from, std::uint64_t to) const;
  std::optional<std::uint64_t> pick_range(Process& process, std::uint64_t bytes, std::uint64_t gap);
  std::optional<std::uint64_t> pick_place(Process& process, std::uint64_t bytes);
  bool drop_pages(Process& process, std::uint64_t from, std::uint64_t to);   // false: no frame left to split a page
  bool unmap_range(Process& process, std::uint64_t from, std::uint64_t to);  // false: no frame left to split a page
  std::int64_t mmap(Process& process, std::uint64_t addr, std::uint64_t len, int prot, int flags, int fd,
                    std::uint64_t offset);
  std::int64_t munmap(Process& process, std::uint64_t addr, std::uint64_t len);
  std::int64_t mprotect(Process& process, std::uint64_t addr, std::uint64_t len, int prot);
  int take_file(Process& process, int fd, int prot, bool shared, Area& area);
  // How far from `from` on mprotect may change everything; `error` says why not to the end.
  std::uint64_t changeable_from(const Process& process, std::uint64_t from, std::uint64_t to, bool to_write,
                                int& error) const;
  std::int64_t madvise(Process& process, std::uint64_t addr, std::uint64_t len, int advice);

  // --- mremap.cpp
  std::int64_t mremap(Process& process, std::uint64_t addr, std::uint64_t old_len, std::uint64_t new_len, int flags,
                      std::uint64_t new_addr);
  bool move_pages(Process& process, const Area& area, std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
  bool grow_area(Process& process, const Area& area, std::uint64_t to);
  std::uint64_t brk(Process& process, std::uint64_t addr);

  // --- fork.cpp
  std::int64_t fork(Process& parent, std::string child_name, ForkKind kind);
  bool copies_eagerly(const Page& page, ForkKind kind) const;
  bool copy_page(Process& parent, Process& child, Vpn vpn, ForkKind kind, TableUpdate& narrowed, TableUpdate& fresh);
  bool copy_at_once(Process& parent, Process& child, Vpn vpn, TableUpdate& fresh);
  bool share_page(Process& child, Vpn vpn, Page copy, TableUpdate& fresh);
  bool copy_swapped(Process& parent, Process& child, Vpn vpn, ForkKind kind, TableUpdate& fresh);

  // --- fork_what_if.cpp
  void give_write_back(Process& process, Vpn vpn, Ppn frame);

  // --- vfork.cpp: processes that live in another's address space
  struct Borrower {
    std::string name;
    ProcessId lender = 0;
    bool suspends = true;  // the lender waits; no: a thread
  };
  std::map<ProcessId, Borrower> borrowers;
  std::int64_t vfork(ProcessId parent, std::string child_name);
  std::int64_t thread(ProcessId pid, std::string name);
  void end_borrowers(const Process& lender);  // they go with the address space
  bool is_suspended(ProcessId pid) const;
  Process& running(ProcessId pid);  // its address space; InputError if it may not run now
  const std::string& name_of(ProcessId pid) const;

  // --- program_image.cpp; results are 0 or -errno
  int peek_file(const MemoryObject& object, std::uint64_t offset, std::span<std::uint8_t> bytes);
  int open_program(std::string_view name, std::shared_ptr<MemoryObject>& file);
  int read_program(const MemoryObject& file, ElfImage& image);
  int add_segments(Process& space, const ElfImage& image, const std::shared_ptr<MemoryObject>& file,
                   std::uint64_t bias) const;
  int place_image(Process& space, const ElfImage& image, std::optional<std::uint64_t> wish, std::uint64_t& bias);
  int add_library(Process& space, const std::shared_ptr<MemoryObject>& file, ElfImage& image, std::uint64_t& base);
  int add_libraries(ProgramImage& plan, const ElfImage& program, std::uint64_t& interpreter_base);
  int plan_program(const Process& old, const ExecRequest& request, ProgramImage& plan);

  // --- execve.cpp
  struct StackPage {
    Ppn frame;  // with one reference
    std::shared_ptr<PageBytes> bytes;
  };
  static bool is_kernels_own(const Page& page) { return page.rights.kernel || page.global; }
  bool is_open_for_writing(const MemoryObject& file) const;
  bool is_run(FileId file) const;  // as a program
  std::size_t tables_for(const Process& process, Vpn first, Vpn last) const;
  std::optional<std::vector<StackPage>> stack_pages(const ProgramImage& plan);  // nullopt: memory does not work
  Process* leave_lender(ProcessId pid);
  void drop_old_image(Process& process);
  bool take_stack(Process& process, const ProgramImage& plan, const std::vector<StackPage>& pages);
  std::int64_t exec_program(ProcessId pid, const ExecRequest& request);
  std::int64_t execve(ProcessId pid, const ExecRequest& request);

  // --- view.cpp
  const Process* find(const Context& context) const;
  Process& process(ProcessId pid);
  const Process& process(ProcessId pid) const;
  // Where a store to this base page goes in the image; made of what was there if nothing was stored there yet.
  const ProcessImage::Slot& slot_for_store(Process& process, Vpn vpn);
  std::shared_ptr<PageBytes> bytes_of_frame(Ppn frame) const;  // of whoever maps it, else what lies there
  void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const;
  void image_store(const Context& context, VirtAddr va, std::uint8_t byte);
  std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const;
  bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const;
  // What most accesses are: inside one page whose image is there. False: it is not so, or (loads) differs.
  bool image_store_in_page(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes);
  bool image_holds_in_page(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) const;

  // --- report.cpp
  struct Residency {
    std::uint64_t shared = 0, exclusive = 0;  // bytes in memory
  };
  std::string object_name(const Area& area, const Process& process) const;
  Residency residency(const Process& process, std::uint64_t from, std::uint64_t to) const;
  std::string table_text(const Process& process, PhysAddr table, unsigned level, Vpn first, unsigned indent);

  // --- invariants.cpp
  std::string broken_invariant() const;
  std::string broken_tables(const Process& process) const;
  std::string broken_files() const;
  std::string broken_reverse_maps() const;  // invariants_memory.cpp
  std::string broken_zero_page() const;
  std::string broken_lists() const;  // invariants_replacement.cpp
  std::string broken_copies() const;
  void add_large_mappers(Ppn frame, std::vector<Mapper>& mappers) const;
};

}  // namespace vm
