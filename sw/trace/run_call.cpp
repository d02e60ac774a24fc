// SPDX-License-Identifier: Apache-2.0
//
// The runner's system calls, and what they leave in files, devices and reports.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "trace/runner.h"

namespace vm::trace {

namespace {

// Blanks at the ends are nothing, and a run of them is one.
std::string squeezed(std::string_view line) {
  std::string result;
  for (const char c : line) {
    if (c == ' ' && (result.empty() || result.back() == ' ')) continue;
    result += c;
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

}  // namespace

std::int64_t Runner::perform_call(ProcessIndex process, const PlainCall& call) {
  const ProcessId pid = ids_[process];
  const auto arg = [&](std::size_t n) {
    const Operand& operand = call.arguments.at(n);
    return operand.reg ? registers_[process][*operand.reg] : operand.value;
  };
  const auto number = [&](std::size_t n) { return static_cast<int>(static_cast<std::int64_t>(arg(n))); };
  switch (call.call) {
    case Call::Mmap:
      return kernel_->mmap(pid, arg(0), arg(1), number(2), number(3), number(4), arg(5));
    case Call::Munmap:
      return kernel_->munmap(pid, arg(0), arg(1));
    case Call::Mprotect:
      return kernel_->mprotect(pid, arg(0), arg(1), number(2));
    case Call::Mremap:
      return kernel_->mremap(pid, arg(0), arg(1), arg(2), number(3), arg(4));
    case Call::Madvise:
      return kernel_->madvise(pid, arg(0), arg(1), number(2));
    case Call::Msync:
      return kernel_->msync(pid, arg(0), arg(1), number(2));
    case Call::Brk:
      return static_cast<std::int64_t>(kernel_->brk(pid, arg(0)));
    case Call::Open:
      return kernel_->open(pid, call.name, number(0));
    case Call::Close:
      return kernel_->close(pid, number(0));
    case Call::Fstat:
      return kernel_->fstat(pid, number(0), arg(1));
    case Call::Read:
      return kernel_->read(pid, number(0), arg(1), arg(2));
    case Call::Write:
      return kernel_->write(pid, number(0), arg(1), arg(2));
    case Call::Fsync:
      return kernel_->fsync(pid, number(0));
    case Call::Sync:
      return kernel_->sync();
  }
  return -ENOSYS;
}

std::int64_t Runner::perform_wait(const Step& step, ProcessIndex parent, const WaitCall& wait) {
  int status = 0;
  const std::int64_t found = kernel_->wait(ids_[parent], &status);
  if (!wait.child) return found;
  ++report_.expectations;
  if (found != static_cast<std::int64_t>(ids_[*wait.child])) {
    std::string other = fmt::format("{}", found);
    for (std::size_t i = 0; found > 0 && i < ids_.size(); ++i) {
      if (ids_[i] == static_cast<ProcessId>(found)) other = scenario_.processes[i];
    }
    fail(step.place, "wait()", scenario_.processes[*wait.child], other);
  } else if (wait.status) {
    compare(step.place, "wait(): status", *wait.status, static_cast<std::uint64_t>(status));
  }
  return found;
}

// ---------------------------------------------------------------- files and devices

std::optional<std::vector<std::uint8_t>> Runner::file_content(const Step& step, const std::string& name) {
  FileStore& disk = kernel_->disk();
  const std::int64_t id = disk.open(name, {});
  std::vector<std::uint8_t> bytes(id < 0 ? 0 : disk.size(static_cast<FileId>(id)));
  const std::int64_t error = id < 0 ? id : disk.read(static_cast<FileId>(id), 0, bytes);
  if (error == 0) return bytes;
  fail(step.place, fmt::format("file '{}'", name), "its bytes", fmt::format("error {}", -error));
  return std::nullopt;
}

void Runner::act(const Step& step, const ExpectOutput& action) {
  const std::string& output = kernel_->output_of(ids_[action.process]);
  const auto wanted = action.file.empty() ? std::optional(action.bytes) : file_content(step, action.file);
  if (!wanted) return;
  std::vector<std::uint8_t> expected = *wanted;
  if (!action.file.empty()) expected.insert(expected.end(), action.bytes.begin(), action.bytes.end());
  compare_bytes(step.place, fmt::format("output of {}", scenario_.processes[action.process]), expected,
                std::vector<std::uint8_t>(output.begin(), output.end()));
}

void Runner::act(const Step& step, const ExpectFile& action) {
  const auto found = file_content(step, action.name);
  if (found) compare_bytes(step.place, fmt::format("file '{}'", action.name), action.content, *found);
}

void Runner::act(const Step& step, const ExpectDevice& action) {
  const std::string what = fmt::format("device '{}'", action.name);
  const auto memory = kernel_->device_memory(action.name);
  if (!memory) return fail(step.place, what, "bytes", "a bus error");
  if (action.offset > memory->size() || action.bytes.size() > memory->size() - action.offset) {
    throw InputError(fmt::format("{} has {} bytes", what, memory->size()));
  }
  const auto first = memory->begin() + static_cast<std::ptrdiff_t>(action.offset);
  compare_bytes(step.place, what, action.bytes,
                std::vector<std::uint8_t>(first, first + static_cast<std::ptrdiff_t>(action.bytes.size())));
}

// ---------------------------------------------------------------- reports

std::string Runner::report_text(const ReportStep& report) {
  switch (report.report) {
    case Report::Processes:
      return kernel_->ps();
    case Report::Areas:
      return kernel_->maps(ids_[report.process]);
    case Report::Frames:
      return kernel_->frames();
    case Report::Lists:
      return kernel_->lists();
    case Report::Tables:
      return kernel_->tables(ids_[report.process]);
  }
  return {};
}

void Runner::act(const Step& step, const ReportStep& action) {
  report_.texts.push_back(fmt::format("{}:\n{}", to_string(files_, step.place), report_text(action)));
}

void Runner::act(const Step& step, const ExpectReport& action) {
  ++report_.expectations;
  const std::string text = report_text(action.of), wanted = squeezed(action.line);
  std::string similar = "no line that begins so";
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line = squeezed(rest.substr(0, end));
    if (line == wanted) return;
    if (line.substr(0, line.find(' ')) == wanted.substr(0, wanted.find(' '))) similar = "'" + line + "'";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  fail(step.place, "report", "'" + wanted + "'", similar);
}

}  // namespace vm::trace
