// SPDX-License-Identifier: Apache-2.0
//
// The kernel's face for processes: system calls on files and address spaces.
#include <utility>

#include "os/state.h"

namespace vm {

std::int64_t Kernel::mremap(ProcessId pid, std::uint64_t addr, std::uint64_t old_len, std::uint64_t new_len, int flags,
                            std::uint64_t new_addr) {
  return state_->mremap(state_->running(pid), addr, old_len, new_len, flags, new_addr);
}

std::int64_t Kernel::madvise(ProcessId pid, std::uint64_t addr, std::uint64_t len, int advice) {
  return state_->madvise(state_->running(pid), addr, len, advice);
}

std::int64_t Kernel::msync(ProcessId pid, std::uint64_t addr, std::uint64_t len, int flags) {
  return state_->msync(state_->running(pid), addr, len, flags);
}

std::uint64_t Kernel::brk(ProcessId pid, std::uint64_t addr) { return state_->brk(state_->running(pid), addr); }

std::int64_t Kernel::open(ProcessId pid, std::string_view name, int flags) {
  return state_->open(state_->running(pid), name, flags);
}

std::int64_t Kernel::close(ProcessId pid, int fd) { return state_->close(state_->running(pid), fd); }

std::int64_t Kernel::fstat(ProcessId pid, int fd, std::uint64_t addr) {
  return state_->fstat(state_->running(pid), fd, addr);
}

std::int64_t Kernel::read(ProcessId pid, int fd, std::uint64_t addr, std::uint64_t len) {
  return state_->read(state_->running(pid), fd, addr, len);
}

std::int64_t Kernel::write(ProcessId pid, int fd, std::uint64_t addr, std::uint64_t len) {
  return state_->write(state_->running(pid), fd, addr, len);
}

std::int64_t Kernel::fsync(ProcessId pid, int fd) { return state_->fsync(state_->running(pid), fd); }

std::int64_t Kernel::sync() { return state_->sync(); }

std::int64_t Kernel::execve(ProcessId pid, const ExecRequest& request) { return state_->execve(pid, request); }

StartState Kernel::start_of(ProcessId pid) const {
  const Process& process = std::as_const(*state_).process(pid);
  return {.pc = process.pc, .sp = process.sp};
}

void Kernel::exit(ProcessId pid, int status) {
  Process& process = state_->running(pid);
  const auto borrower = state_->borrowers.find(pid);
  if (borrower == state_->borrowers.end()) {
    state_->end_borrowers(process);  // threads
    return state_->exit(process, status);
  }
  process.exited_children.push_back({.id = pid, .name = borrower->second.name, .status = status});
  state_->borrowers.erase(borrower);
}

std::int64_t Kernel::wait(ProcessId pid, int* status) {
  ExitedChild child;
  const std::int64_t result = state_->wait(state_->running(pid), &child);
  if (result > 0 && status != nullptr) *status = child.status;
  return result;
}

FileStore& Kernel::disk() { return state_->disk; }

const std::string& Kernel::output_of(ProcessId pid) const { return std::as_const(*state_).process(pid).output; }

}  // namespace vm
