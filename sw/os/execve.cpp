// SPDX-License-Identifier: Apache-2.0
//
// execve: another program in the same process. Up to the point of no return everything is decided and every frame is at
// hand, so that a call that fails has changed nothing for the process. Then the old areas, pages and tables go, under
// one fence, and the new areas take their place; the program counter is at the entry, and pages come in by faults. The
// process keeps its number, its parent, its limits and its open files, but for those that are to be closed (O_CLOEXEC).
//
// A child that lives in its parent's address space (vfork) gets one of its own, and hands the parent's back as it is.
#include <algorithm>
#include <cerrno>

#include "os/program_image.h"
#include "os/state.h"
#include "os/table_update.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::is_open_for_writing(const MemoryObject& file) const {
  return std::any_of(processes.begin(), processes.end(), [&](const auto& entry) {
    const Process& process = entry.second;
    const auto& areas = process.areas.all();
    return std::any_of(process.files.begin(), process.files.end(),
                       [&](const auto& open) { return open.second->object.get() == &file && open.second->writable; }) ||
           std::any_of(areas.begin(), areas.end(), [&](const auto& a) {
             return a.second.object.get() == &file && a.second.shared && a.second.may_write;
           });
  });
}

bool Kernel::State::is_run(FileId file) const {
  return std::any_of(processes.begin(), processes.end(),
                     [&](const auto& entry) { return entry.second.program && entry.second.program->file == file; });
}

// Tables that the pages of a range need in an empty tree, without the root.
std::size_t Kernel::State::tables_for(const Process& process, Vpn first, Vpn last) const {
  std::size_t tables_wanted = 0;
  for (unsigned level = 1; level < process.levels; ++level) {
    const unsigned lsb = machine.format.index_lsb(level);
    tables_wanted += (last.value >> lsb) - (first.value >> lsb) + 1;
  }
  return tables_wanted;
}

std::optional<std::vector<Kernel::State::StackPage>> Kernel::State::stack_pages(const ProgramImage& plan) {
  const std::uint64_t page_size = machine.format.page_size();
  std::vector<StackPage> pages;
  for (auto from = plan.stack.begin(); from != plan.stack.end(); from += static_cast<std::ptrdiff_t>(page_size)) {
    StackPage page{.frame = {},
                   .bytes = std::make_shared<PageBytes>(from, from + static_cast<std::ptrdiff_t>(page_size))};
    const std::optional<Ppn> frame = frames.allocate();
    if (frame) page.frame = *frame;
    if (frame && write_memory(address_of(*frame), *page.bytes)) {
      pages.push_back(std::move(page));
      continue;
    }
    if (frame) frames.release(*frame);
    for (const StackPage& unused : pages) frames.release(unused.frame);
    return std::nullopt;
  }
  return pages;
}

// The child gets a process of its own, still empty but for what is the kernel's, and a kernel stack. nullptr: no
// memory, nothing has changed.
Process* Kernel::State::leave_lender(ProcessId pid) {
  Process& lender = process(pid);
  if (page_manager != nullptr && !page_manager->may_start(&lender)) return nullptr;
  const std::optional<PhysAddr> root = new_root();
  if (!root) return nullptr;
  const Borrower borrower = borrowers.at(pid);
  borrowers.erase(pid);
  const std::optional<unsigned> levels = is_flat() ? std::nullopt : std::optional(lender.levels);
  Process& child = create(borrower.name, {.asid = {}, .table = {}, .limit = lender.limit, .levels = levels}, root, pid);
  TableUpdate narrowed(*this, lender, FenceReason::Exec), fresh(*this, child, FenceReason::Exec);
  bool ok = map_global_pages(child) && (!kernel_space || kernel_space->give_stack(child));
  for (auto it = lender.pages.begin(); ok && it != lender.pages.end(); ++it) {
    if (it->second.rights.kernel) {
      ok = copy_page(lender, child, Vpn(it->first), ForkKind::CopyOnWrite, narrowed, fresh);
    }
  }
  fresh.commit();
  if (!ok) {
    exit(child);
    borrowers[pid] = borrower;
    return nullptr;
  }
  child.files = lender.files;
  child.close_on_exec = lender.close_on_exec;
  child.resident_limit = lender.resident_limit;
  child.memory_limit = lender.memory_limit;
  child.parent = lender.id;
  return &child;
}

void Kernel::State::drop_old_image(Process& process) {
  TableUpdate update(*this, process, FenceReason::Exec);
  FreedFrames freed;
  unshare_tables(process, Vpn(0), Vpn(~0ULL), true, update, freed);
  for (auto it = process.swapped.begin(); it != process.swapped.end();) {
    const Vpn vpn(it->first);
    const bool stays = it->second.page.rights.kernel;
    ++it;
    if (!stays) drop_swapped(process, vpn, vpn + 1, update);
  }
  for (auto it = process.pages.begin(); it != process.pages.end();) {
    const Vpn vpn(it->first);
    const Page& page = it->second;
    ++it;
    if (is_kernels_own(page)) continue;
    freed.emplace_back(page.frame, page.count());
    drop_page(process, vpn, update);
  }
  update.commit();
  for (const auto& [frame, count] : freed) frames.release(frame, count);
}

bool Kernel::State::take_stack(Process& process, const ProgramImage& plan, const std::vector<StackPage>& pages) {
  TableUpdate update(*this, process, FenceReason::Exec);  // owes none: what was not there is not remembered
  Vpn vpn = machine.vpn_of(VirtAddr(plan.stack_from));
  bool ok = true;
  for (const StackPage& made : pages) {
    Page page{.frame = made.frame, .rights = plan.stack_rights, .entry = {}};
    page.entry = entry_for(page);
    ok = ok && update.set(vpn, page, {});
    if (ok) {
      add_page(process, vpn, page);
      process.image.put(vpn, {.bytes = made.bytes, .is_private = false});
      owe_fetch_sync(page);
    } else {
      frames.release(made.frame);
    }
    vpn += 1;
  }
  update.commit();
  return ok;
}

std::int64_t Kernel::State::exec_program(ProcessId pid, const ExecRequest& request) {
  Process& old = running(pid);
  const bool borrowed = borrowers.contains(pid);
  if (old.raw) return -ENOSYS;
  ProgramImage plan;
  if (const int error = plan_program(old, request, plan); error != 0) return error;
  const std::uint64_t wanted = promised_pages(plan.space), given_back = borrowed ? 0 : promised_pages(old);
  if (wanted > given_back && !may_promise(wanted - given_back)) return -ENOMEM;
  const std::uint64_t count = plan.stack.size() >> machine.format.page_bits;
  if (old.resident_limit && count > *old.resident_limit) return -ENOMEM;
  const Vpn first = machine.vpn_of(VirtAddr(plan.stack_from));
  const std::size_t tables_wanted =
      is_flat() ? 0 : tables_for(old, first, first + (count - 1)) + (borrowed ? old.tables.size() + 1 : 0);
  if (!free_frames(count + tables_wanted)) return -ENOMEM;
  const std::optional<std::vector<StackPage>> stack = stack_pages(plan);
  if (!stack) return -EIO;
  Process* process = borrowed ? leave_lender(pid) : &old;
  if (process == nullptr) {
    for (const StackPage& unused : *stack) frames.release(unused.frame);
    return -ENOMEM;
  }

  // The point of no return.
  if (!borrowed) end_borrowers(*process);  // threads live in the old image
  drop_old_image(*process);
  process->areas = std::move(plan.space.areas);
  process->heap = plan.space.heap;
  process->heap_end = plan.space.heap_end;
  process->program = plan.file;
  process->pc = plan.entry;
  process->sp = plan.stack_pointer;
  for (const int fd : process->close_on_exec) process->files.erase(fd);
  process->close_on_exec.clear();
  if (take_stack(*process, plan, *stack)) return 0;
  // Memory broke where a table was to be: there is no image to go back to (Linux: the same).
  kill(*process);
  return -EIO;
}

std::int64_t Kernel::State::execve(ProcessId pid, const ExecRequest& request) {
  const std::int64_t result = exec_program(pid, request);
  drop_unused_files();  // those of the old image; or what was opened in vain
  return result;
}

}  // namespace vm
