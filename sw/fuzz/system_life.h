// SPDX-License-Identifier: Apache-2.0
//
// The generator behind system_traffic: processes, what they roughly have mapped, and one step after another. What it
// keeps in mind only steers it: an outcome may differ, and is right for the trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/system_traffic.h"
#include "fuzz/system_world.h"
#include "machine/machine.h"
#include "machine/pte.h"
#include "machine/random.h"

namespace vm::fuzz {

class SystemLife {
 public:
  SystemLife(const Machine& machine, std::uint64_t seed, const SystemConditions& conditions);
  SystemTrace trace(std::string_view machine_name, std::size_t steps);

 private:
  // Something a process has or once had: pages from `vpn` on.
  struct Range {
    std::uint64_t vpn = 0, pages = 1;
  };
  struct Process {
    std::string name;
    unsigned levels = 1;
    bool raw = false;
    std::uint64_t heap = 0;  // 0: none
    std::vector<Range> ranges;
    std::vector<unsigned> loaded;  // registers worth storing
    std::vector<unsigned> opened;  // registers with a descriptor, perhaps
  };

  // --- system_life.cpp: the setup
  void weather();
  void environment();
  void bus_errors();
  void processes();
  void first_maps();
  void areas();
  void memory();

  // --- system_exec.cpp
  void programs();  // on the disk
  void file(std::string_view name, const std::vector<std::uint8_t>& content);
  std::vector<std::uint8_t> some_bytes(std::uint64_t count);
  void execve(Process& process);

  // --- system_steps.cpp
  void step();
  void access(Process& process);
  void modify(Process& process);
  void register_step(Process& process);
  void access_storm(Process& process);  // the same few addresses again and again
  void bare_accesses();
  void trap_accesses(Process& process);
  std::string who(const Process& process);
  std::uint64_t address(const Process& process);
  std::uint64_t edge(const Process& process);
  unsigned access_size();
  std::string value(unsigned size);

  // --- system_atomics.cpp
  void atomic(Process& process);
  void between_lr_and_sc(Process& process);

  // --- system_calls.cpp: system calls, mappings, fences, control writes, host
  void system_call(Process& process);
  Range call_range(const Process& process);  // what a system call is about
  void fork(Process& process);
  void exit(Process& process);
  void map(Process& process, bool setup);
  void unmap(Process& process);
  void fence(Process& process);
  void refused(Process& process);
  void control(Process& process);
  void cache_operation(Process& process);
  void host();
  void tlb_way();
  std::string protection();
  std::string rights();
  std::string memory_type();

  // --- system_kernel.cpp
  struct KernelPlace {
    unsigned levels = 1;
    std::uint64_t split = 0, code = 0;  // pages
    std::uint64_t direct_frame = 0, direct_pages = 0;
    std::uint64_t pool = 0;  // pages behind code and data
  };
  void kernel_space();
  std::vector<Range> kernel_ranges() const;
  void kernel_page(Process& process);

  // --- system_files.cpp
  void files();
  void file_call(Process& process);
  void open(Process& process);
  void map_file(Process& process);
  void transfer(Process& process);
  void write_back(Process& process);
  std::string descriptor(const Process& process);

  // --- system_memory.cpp: ranges that move, memory that is short, address spaces that are lent
  void policy();
  void replacement();
  std::string working_sets();
  void trouble(Process& process);
  void remap(Process& process);
  void page_out(Process& process);
  void touch_all(Process& process);
  void limits(Process& process);
  void borrow(Process& process);

  // --- system_large.cpp: pages that become large, tables that are shared, threads
  void large_page(Process& process);
  void fill_run(Process& process);
  void split_and_promote(Process& process);
  void share_reach(Process& process);
  void thread(Process& process);

  // --- system_raw.cpp: entries that no operating system would make
  void raw_process();
  void raw_entry();
  struct Slot {
    std::uint64_t at = 0;
    unsigned level = 0, index = 0;
  };
  std::uint64_t raw_value(const Slot& slot);
  Pte raw_page();
  std::uint64_t raw_flat();
  std::uint64_t raw_upper(const Slot& slot);
  std::uint64_t raw_superpage(const Slot& slot);
  std::uint64_t raw_base();

  Process& some_process();
  bool chance(unsigned percent) { return random_.below(100) < percent; }
  void line(std::string_view kind, const std::string& text);
  void note(std::string_view kind) { ++kinds_[std::string(kind)]; }

  const Machine& machine_;
  bool on_board_;
  Random random_;
  std::uint64_t seed_;
  SystemWorld world_;
  std::vector<Process> alive_;
  std::size_t current_ = 0;  // in alive_
  unsigned born_ = 0;
  std::vector<Range> globals_;
  std::optional<KernelPlace> kernel_;
  std::optional<std::uint64_t> asids_;  // how many there are, if the trace says so
  std::vector<Slot> slots_;             // of the raw process's tables
  std::uint64_t hot_ = 0;               // an address that accesses come back to
  std::uint64_t program_page_ = 0;      // where programs begin
  std::uint64_t error_frame_ = ~0ULL;
  std::vector<std::string> names_;  // of files and devices
  bool has_swap_ = false, has_zero_page_ = false, has_working_sets_ = false;
  std::string text_;
  Kinds kinds_;
};

}  // namespace vm::fuzz
