// SPDX-License-Identifier: Apache-2.0
//
// A random life of processes: calls and accesses of every kind, drawn from a seed.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fuzz/elf_writer.h"
#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {

inline constexpr std::size_t kMostProcesses = 5;
inline constexpr std::uint64_t kRun = 16;  // pages of a NAPOT range

struct LifeOptions {
  bool kernel_space = false;
  unsigned pressure = 0;            // frames for so many percent of the pages that processes work on; 0: as it comes
  bool roomy = false;               // frames and slots enough for pages to leave and come back as a block
  std::optional<bool> hardware_ad;  // accessed and dirty bits are set by hardware; none: one or the other
};

class Life {
 public:
  Life(const Machine& machine, std::uint64_t seed, const LifeOptions& options)
      : system_(machine), random_(seed), options_(options) {
    const bool with_kernel_space = options.kernel_space;
    pages_ = std::min<std::uint64_t>(machine.format.napot ? kRun : 8, 1ULL << machine.vpn_bits());
    page_ = machine.format.page_size();
    // Enough frames that something works, few enough that they run out.
    const bool flat = machine.format.kind == PteKind::Flat;
    const std::uint64_t most =
        options.pressure != 0 ? pressed_frames(machine)
                              : (flat ? 24 : 60) + (with_kernel_space ? 60 : 0) + (options.roomy && !flat ? 128 : 0);
    const std::uint64_t all = std::min<std::uint64_t>((low_mask(machine.pa_bits) + 1) / page_, most);
    first_ = machine.regions.front().base.value / page_;
    std::vector<Ppn> frames;
    for (std::uint64_t i = all / 4; i < all; ++i) frames.emplace_back(first_ + i);
    named_ = all / 4;
    if (!flat) environment(machine);
    system_.kernel.set_free_frames(frames);
    policy(machine.format);
    if (with_kernel_space) kernel_space(machine);
    system_.kernel.disk().add("file", std::vector<std::uint8_t>(2 * page_ + page_ / 2, 0x5A));
    programs(machine);
    if (with_kernel_space) touch_kernel_tables();
    free_frames_ = system_.kernel.free_frames();
    processes_.push_back(system_.process("P0"));
    system_.kernel.start();
  }

  void step() {
    act();
    std::erase_if(processes_, [&](ProcessId p) { return system_.kernel.is_killed(p); });
    if (processes_.empty()) processes_.push_back(system_.process("P" + std::to_string(++born_)));
  }

  void act() {
    const ProcessId pid = processes_[pick(processes_.size())];
    Kernel& kernel = system_.kernel;
    const std::uint64_t from = pick(pages_) * page_;
    const std::uint64_t bytes = (1 + pick(3)) * page_;
    if (kernel_code_ != 0 && pick(6) == 0) return kernel_step(pid);
    if (pick(8) == 0) return file_step(pid, from, bytes);
    if (pick(12) == 0) return large_step(pid);
    switch (pick(20)) {
      case 0:
        kernel.mmap(pid, from, bytes, static_cast<int>(pick(8)), pick(2) == 0 ? 0x32 : 0x31, -1, 0);
        break;
      case 1:
        kernel.munmap(pid, from, bytes);
        break;
      case 2:
        kernel.mprotect(pid, from, bytes, static_cast<int>(pick(8)));
        break;
      case 3:
        if (processes_.size() < kMostProcesses) {
          const ForkKind kind = pick(3) == 0 ? ForkKind::Copy : ForkKind::CopyOnWrite;
          const std::int64_t child = kernel.fork(pid, "P" + std::to_string(++born_), kind);
          if (child > 0) processes_.push_back(static_cast<ProcessId>(child));
        }
        break;
      case 4:
        if (processes_.size() > 1 && pick(3) == 0) {
          kernel.exit(pid);
          std::erase(processes_, pid);
        }
        break;
      case 5:
        if (named_ > 0) map(pid, from / page_);
        if (pick(4) == 0) map_large(pid);
        break;
      case 6:
        if (pick(4) == 0) kernel.unmap(pid, Vpn(from / page_));
        break;
      case 7:
        for (unsigned i = 0; i < 3; ++i) kernel.page_out(pid, Vpn(pick(pages_)));
        if (has_working_sets_) trouble();
        break;
      case 8:
        borrow(pid);
        break;
      case 9:
        limit(pid);
        break;
      default:
        access(pid);
    }
  }

  void fill_runs(unsigned times) {
    for (unsigned i = 0; i < times; ++i) fill_run(processes_.front(), 0);
  }

  const KernelCounts& counts() const { return system_.kernel.counts(); }
  std::uint64_t served() const { return served_; }    // accesses that were not refused
  std::uint64_t starved() const { return starved_; }  // refused for a shortage, though the process may do that
  bool swap_is_full() const { return system_.kernel.free_slots() == 0; }

  // True: nothing to complain about so far.
  bool books_are_in_order() {
    if (system_.platform.mismatches().empty() && system_.kernel.broken_invariant().empty()) return true;
    system_.check();
    return false;
  }

  void check() {
    system_.check();
    const Machine& machine = system_.platform.machine();
    std::vector<OsMapping> mappings;
    for (const ProcessId pid : processes_) {
      for (std::uint64_t vpn = 0; vpn < pages_; ++vpn) {
        system_.kernel.os_mappings(system_.kernel.context_of(pid), Vpn(vpn), mappings);
        if (mappings.empty()) continue;  // another process has its ASID
        BOOST_TEST(mappings.size() == 1U);
        const OsMapping& m = mappings.back();
        const Pte entry = system_.entry(pid, vpn);
        BOOST_TEST((entry.valid && entry.leaf) == m.mapped);
        if (!m.mapped) continue;
        const Kernel::Entry leaf = system_.kernel.read_leaf(pid, Vpn(vpn)).value();
        const std::uint64_t below = low_mask(entry.napot ? 4 : machine.format.index_lsb(leaf.level));
        const Ppn frame((entry.ppn.value & ~below) | (vpn & below));
        BOOST_TEST(!entry.reserved);
        const OsMapping found{.mapped = true,
                              .ppn = frame,
                              .user = entry.user,
                              .read = entry.read,
                              .write = entry.write,
                              .exec = entry.exec};
        BOOST_TEST((found == m));
      }
    }
  }

  // When all have gone, so has everything they had.
  void end() {
    Kernel& kernel = system_.kernel;
    for (const ProcessId pid : processes_) kernel.exit(pid);
    BOOST_TEST(kernel.sync() == 0);
    system_.check();
    BOOST_TEST(kernel.free_frames() + kernel.counts().bad_frames + pool_in_memory() +
                   (kernel.counts().zero_pages > 0 ? 1 : 0) ==
               free_frames_);
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::uint64_t pool_in_memory() const {
    return system_.kernel.counts().pool_faults - system_.kernel.counts().pool_pageouts;
  }

  // A quarter of all frames is for the trace to name; tables have theirs beside those of pages.
  std::uint64_t pressed_frames(const Machine& machine) const {
    const std::uint64_t tables =
        machine.format.kind == PteKind::Flat ? 0 : kMostProcesses * (machine.format.levels + std::uint64_t{1});
    const std::uint64_t pages = std::max<std::uint64_t>(2, pages_ * kMostProcesses * options_.pressure / 100);
    return (tables + pages) * 4 / 3 + 1;
  }

  // Runs that become large pages, areas over all that a table reaches, several processes in one address space.
  void large_step(ProcessId pid) {
    Kernel& kernel = system_.kernel;
    const Format& format = system_.platform.machine().format;
    switch (pick(5)) {
      case 0:
        return fill_run(pid, pick(2) * kRun);
      case 4:
        return cut_and_mend(pid, format);
      case 1:
        if (format.kind != PteKind::Flat) share_reach(pid, format);
        return;
      case 2: {
        const auto thread = static_cast<ProcessId>(kernel.thread(pid, "P" + std::to_string(++born_)));
        for (unsigned i = 0; i < 4 && !kernel.is_killed(pid); ++i) access(pick(2) == 0 ? pid : thread);
        if (!kernel.is_killed(thread)) kernel.exit(thread);
        return;
      }
      default:
        if (format.napot) kernel.promote(pid, Vpn(pick(pages_)), {.level = 0, .napot = true});
        if (format.max_leaf_level > 0) kernel.promote(pid, Vpn(pick(pages_)), {.level = 1, .napot = false});
    }
  }

  // All pages of a NAPOT range, some of them clean copies of what the swap file has; stores and page-outs of parts.
  void fill_run(ProcessId pid, std::uint64_t first);
  // A large page that the user named loses a right in one place, and gets it back.
  void cut_and_mend(ProcessId pid, const Format& format);
  // All that a table reaches, behind where the rest of the life plays.
  void share_reach(ProcessId pid, const Format& format);

  void store(ProcessId pid, std::uint64_t vpn) {
    count(system_.access(pid, AccessKind::Store, vpn * page_ + pick(page_), 1, random_()));
  }

  void map(ProcessId pid, std::uint64_t vpn) {
    try {
      const Rights rights{.read = true, .write = pick(2) == 0, .exec = pick(2) == 0, .kernel = pick(4) == 0};
      const Ppn frame(first_ + pick(named_));
      const bool cow = pick(4) == 0;
      const bool shared = pick(4) == 0;
      system_.kernel.map(pid, Vpn(vpn), frame, rights, cow, shared);
    } catch (const InputError&) {
      // The machine cannot withhold that right.
    }
  }

  // A small direct map, and few ASIDs.
  void kernel_space(const Machine& machine) {
    const bool upper = machine.format.upper_va == UpperVa::Sign;
    const unsigned levels = machine.format.levels;
    if (machine.asid_bits != 0) system_.kernel.limit_asids(2 + pick(3));
    const bool three_to_one = !upper && pick(2) == 0;
    system_.kernel.use_kernel_space(
        {.three_to_one = three_to_one, .direct_bytes = 32 * page_, .traps = pick(3) != 0, .pool_pages = pick(4)});
    const auto address = [&](std::uint64_t vpn) {
      const std::uint64_t va = vpn * page_;
      return upper ? va | ~low_mask(machine.va_bits) : va;
    };
    const std::uint64_t end = 1ULL << machine.vpn_bits();
    kernel_direct_ = address(three_to_one ? end / 4 * 3 : end / 2);
    kernel_code_ =
        address(end - (machine.format.kind == PteKind::Flat ? 16 : 2ULL << machine.format.index_lsb(levels - 1)));
  }

  // Tables of kernel space stay: those that this life will need are made before frames are counted.
  void touch_kernel_tables() {
    if (system_.platform.machine().format.kind == PteKind::Flat) return;
    const ProcessId pid = system_.process("Q");
    const Vpn vpn = system_.platform.machine().vpn_of(VirtAddr(kernel_code_ - page_));
    system_.kernel.map(pid, vpn, Ppn(first_), {.kernel = true}, {.global = true});
    system_.kernel.unmap(pid, vpn);
    system_.kernel.exit(pid);
  }

  // Traps without anything to do, pages that all get or lose, and accesses of kernel and users.
  void kernel_step(ProcessId pid) {
    const Machine& machine = system_.platform.machine();
    const std::uint64_t below_code = kernel_code_ - (1 + pick(2)) * page_;
    const Vpn vpn = machine.vpn_of(VirtAddr(below_code));
    switch (pick(8)) {
      case 0:
        system_.kernel.enter_system_call(pid);
        return system_.kernel.leave_system_call();
      case 1:
        try {
          const Rights rights{.read = true, .write = pick(2) == 0, .exec = pick(2) == 0, .kernel = true};
          return system_.kernel.map(pid, vpn, Ppn(first_ + pick(named_)), rights, {.global = true});
        } catch (const InputError&) {
          return;  // no frame left for a table
        }
      case 2:
        return system_.kernel.unmap(pid, vpn);
      default:
        break;
    }
    const std::uint64_t places[] = {kernel_direct_ + pick(named_ - 1) * page_, kernel_code_ + pick(2) * page_,
                                    below_code, address_behind_stack() - 2 * page_,
                                    kernel_code_ + (2 + pick(3)) * page_};
    const std::uint64_t va = places[pick(5)] + pick(page_);
    const auto kind = static_cast<AccessKind>(pick(3));
    system_.access(pid, kind, va, 1U << pick(4), random_(), pick(3) == 0);
  }

  std::uint64_t address_behind_stack() const {
    const Machine& machine = system_.platform.machine();
    const std::uint64_t upper = machine.format.upper_va == UpperVa::Sign ? ~low_mask(machine.va_bits) : 0;
    return (upper | low_mask(machine.va_bits)) - page_ + 1;
  }

  ReplacementOptions replacement() {
    ReplacementOptions options{.kind = static_cast<ReplacementKind>(pick(kReplacementNames.size())), .seed = pick(100)};
    if (pick(2) == 0) options.disk_time = pick(40);
    if (pick(3) == 0) options.low = 1 + pick(3);
    options.high = options.low + pick(4);
    options.unfenced = pick(4) == 0;
    if (pick(2) == 0) options.zones = {Ppn(8), Ppn(0x80104)};
    options.swappiness = pick(201);
    options.minimum = pick(4);
    if (pick(2) == 0) options.maximum = options.minimum + 1 + pick(6);
    options.second = 1 + pick(4);
    options.modified = pick(4);
    options.zeroed = pick(4);
    has_working_sets_ = options.kind == ReplacementKind::Windows;
    return options;
  }

  // Zero page, promises, victims, and a swap file that may have bad places.
  void policy(const Format& format) {
    const bool pressed = options_.pressure != 0;
    system_.kernel.set_policy({.zero_page = pick(2) == 0,
                               .overcommit = pressed || pick(4) != 0,
                               .kill = !pressed && pick(3) == 0,
                               .share_tables = pick(3) != 0,
                               .large_pages = pick(3) != 0,
                               .withheld = {},
                               .replacement = replacement()});
    const std::uint64_t most = most_slots(format);
    if (most != 0 && (pressed || options_.roomy)) {
      return system_.kernel.use_swap({.slots = std::min<std::uint64_t>(most, 400)});
    }
    if (most == 0 || pick(4) == 0) return;
    SwapOptions swap{.slots = std::min<std::uint64_t>(most, 1 + pick(16))};
    if (pick(3) == 0) swap.unwritable = {.first = 1, .last = 1 + pick(swap.slots)};
    if (pick(3) == 0) swap.unreadable = {.first = swap.slots, .last = swap.slots};
    system_.kernel.use_swap(swap);
  }

  // A frame fails, now and then; a file is held back.
  void trouble() {
    Kernel& kernel = system_.kernel;
    if (pick(8) == 0 && bad_ < 3 && free_frames_ > 12)
      bad_ += kernel.retire_frame(Ppn(first_ + named_ + pick(16))) ? 1 : 0;
    if (pick(4) == 0) kernel.hold_file("file", pick(2) == 0);
  }

  // A child lives in the address space for a while.
  void borrow(ProcessId pid) {
    Kernel& kernel = system_.kernel;
    const std::int64_t child = kernel.vfork(pid, "P" + std::to_string(++born_));
    if (child < 0) return;
    const auto borrower = static_cast<ProcessId>(child);
    BOOST_TEST(kernel.is_suspended(pid));
    for (unsigned i = 0; i < 4 && !kernel.is_killed(borrower); ++i) access(borrower);
    BOOST_TEST(kernel.is_killed(borrower) == kernel.is_killed(pid));
    if (kernel.is_killed(borrower)) return;
    if (processes_.size() < 5 && pick(2) == 0 && exec(borrower)) {
      BOOST_TEST(!kernel.is_suspended(pid));
      processes_.push_back(borrower);
    } else if (!kernel.is_killed(borrower)) {  // execve may have found no memory
      kernel.exit(borrower);
    }
  }

  // Where the life plays, where there is room for headers.
  void programs(const Machine& machine) {
    if (page_ < 256 || machine.vpn_bits() < 4) return;
    fuzz::ElfDraft draft{
        .target = elf_target(machine),
        .segments = {{.va = page_, .rights = rx(), .bytes = std::vector<std::uint8_t>(page_ / 8, 0x13)},
                     {.va = 3 * page_ + 8,
                      .rights = rw(),
                      .bytes = std::vector<std::uint8_t>(page_ / 4, 0x77),
                      .zeros = page_ + 7}}};
    // What is behind initialized data in the file is not zero.
    std::vector<std::uint8_t> program = fuzz::write_elf(draft);
    program.resize(program.size() + page_, 0xEE);
    system_.kernel.disk().add("program", program);
    draft.position_independent = true;
    for (auto& segment : draft.segments) segment.va -= page_;
    system_.kernel.disk().add("lib", fuzz::write_elf(draft));
    draft.needed = {"lib"};
    system_.kernel.disk().add("linked", fuzz::write_elf(draft));
    draft.needed = {"missing"};
    system_.kernel.disk().add("broken", fuzz::write_elf(draft));
  }

  bool exec(ProcessId pid) {
    constexpr const char* kPrograms[] = {"program", "program", "linked", "broken"};
    const std::string argument(pick(2 * page_), 'x');
    return system_.kernel.execve(pid, {.file = kPrograms[pick(4)], .arguments = {argument}, .environment = {}}) == 0;
  }

  void limit(ProcessId pid) {
    Kernel::Limits limits;
    if (pick(2) == 0) limits.resident = 1 + pick(6);
    if (pick(2) == 0) limits.memory = pick(12);
    system_.kernel.set_limits(pid, limits);
  }

  // Calls on files, and those that move and drop pages.
  void file_step(ProcessId pid, std::uint64_t from, std::uint64_t bytes) {
    Kernel& kernel = system_.kernel;
    const int fd = 3 + static_cast<int>(pick(2));
    const int prot = static_cast<int>(pick(8));
    switch (pick(11)) {
      case 10:
        exec(pid);
        break;
      case 0:
        kernel.open(pid, "file", static_cast<int>(pick(3)));
        break;
      case 1:
        if (pick(3) == 0) kernel.close(pid, fd);
        break;
      case 2:
      case 3:
        kernel.mmap(pid, from, bytes, prot, pick(2) == 0 ? 0x12 : 0x11, fd, pick(2) * page_);
        break;
      case 4:
        kernel.read(pid, fd, from + pick(page_), pick(page_) + 1);
        break;
      case 5:
        // Short ones, so that the file does not grow for ever.
        if (kernel.disk().size(FileId{}) < 8 * page_) kernel.write(pid, fd, from + pick(page_), pick(page_) + 1);
        break;
      case 6:
        kernel.msync(pid, from, bytes, 4);
        break;
      case 7:
        kernel.madvise(pid, from, bytes, 4);
        break;
      case 8:
        kernel.mremap(pid, from, bytes, (1 + pick(4)) * page_, static_cast<int>(pick(4)), pick(pages_) * page_);
        break;
      default:
        kernel.sync();
    }
  }

  // Accessed and dirty bits by hardware or by the kernel; with address-space numbers or without.
  void environment(const Machine& machine) {
    Environment env = system_.kernel.environment();
    if (machine.format.kind == PteKind::Riscv) env.adue = options_.hardware_ad.value_or(pick(2) == 0);
    if (machine.format.kind == PteKind::X86) env.pcide = pick(2) == 0;
    system_.kernel.set_environment(env);
  }

  // A superpage or a NAPOT range over everything the life plays in, far from the frames handed out.
  void map_large(ProcessId pid) {
    const Format& format = system_.platform.machine().format;
    Kernel::MapOptions options{.cow = pick(4) == 0, .shared = pick(4) == 0};
    if (format.napot && pick(2) == 0) {
      options.napot = true;
    } else if (format.max_leaf_level == 0) {
      return;
    } else {
      options.level = 1;
    }
    const std::uint64_t pages = 1ULL << (options.napot ? 4 : format.index_lsb(options.level));
    const std::uint64_t frame = (first_ / pages + 4 + 64 / pages + pick(2)) * pages;
    const Rights rights{.read = true, .write = pick(4) != 0, .exec = pick(2) == 0, .kernel = pick(8) == 0};
    try {
      system_.kernel.map(pid, Vpn(0), Ppn(frame), rights, options);
    } catch (const InputError&) {
      // Shared and copy-on-write, or no frame left for a table.
    }
  }

  void access(ProcessId pid) {
    const auto kind = static_cast<AccessKind>(pick(3));
    const unsigned size = 1U << pick(4);
    const std::uint64_t va = pick(pages_ * page_);
    if (kind == AccessKind::Fetch && pick(2) == 0) {
      system_.platform.fence({.op = FenceOp::FetchSync});
      system_.kernel.note_fetch_sync();
    }
    const std::uint64_t data = random_();
    const bool user = pick(4) != 0;
    count(system_.access(pid, kind, va, size, data, user, pick(2) == 0));
  }

  void count(const Outcome& outcome) {
    if (!outcome.refused) ++served_;
    if (outcome.shortage != Shortage::None) ++starved_;
  }

  System system_;
  std::mt19937_64 random_;
  LifeOptions options_;
  std::uint64_t served_ = 0, starved_ = 0;
  std::vector<ProcessId> processes_;
  std::uint64_t pages_ = 0, page_ = 0, first_ = 0, named_ = 0;
  std::uint64_t kernel_direct_ = 0, kernel_code_ = 0;  // addresses; 0: no kernel space
  std::size_t free_frames_ = 0;                        // before the first process
  unsigned born_ = 0;
  bool has_working_sets_ = false;
  std::uint64_t bad_ = 0;
};

}  // namespace vm::test
