// SPDX-License-Identifier: Apache-2.0
//
// vfork: the child gets the parent's address space itself, not a copy. Nothing is copied and no entry changes; what the
// child stores, the parent finds. The parent is suspended until the child is done with it. Of a thread it is not: both
// run in one address space, with one table and one address-space number, so a change of either is fenced once.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "machine/error.h"
#include "os/state.h"

namespace vm {

std::int64_t Kernel::State::vfork(ProcessId parent, std::string child_name) {
  if (is_name_taken(child_name)) throw InputError("process " + child_name + " exists already");
  if (running(parent).raw) return -ENOSYS;
  const ProcessId child = next_id++;
  borrowers[child] = {.name = std::move(child_name), .lender = parent};
  return child;
}

std::int64_t Kernel::State::thread(ProcessId pid, std::string name) {
  const std::int64_t made = vfork(pid, std::move(name));
  if (made > 0) {
    Borrower& borrower = borrowers.at(static_cast<ProcessId>(made));
    borrower.suspends = false;
    borrower.lender = process(pid).id;
  }
  return made;
}

void Kernel::State::end_borrowers(const Process& lender) {
  std::erase_if(borrowers, [&](const auto& borrower) {
    if (&process(borrower.second.lender) != &lender) return false;
    killed[borrower.first] = borrower.second.name;
    return true;
  });
}

bool Kernel::State::is_suspended(ProcessId pid) const {
  return std::any_of(borrowers.begin(), borrowers.end(),
                     [&](const auto& b) { return b.second.suspends && b.second.lender == pid; });
}

Process& Kernel::State::running(ProcessId pid) {
  for (const auto& [child, borrower] : borrowers) {
    if (!borrower.suspends || borrower.lender != pid) continue;
    throw InputError(fmt::format("process {} is suspended: {} has its address space until it exits or execs",
                                 name_of(pid), borrower.name));
  }
  return process(pid);
}

const std::string& Kernel::State::name_of(ProcessId pid) const {
  if (const auto found = borrowers.find(pid); found != borrowers.end()) return found->second.name;
  if (const auto found = killed.find(pid); found != killed.end()) return found->second;
  return process(pid).name;
}

}  // namespace vm
