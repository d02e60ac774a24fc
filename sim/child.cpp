// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

namespace vm::sim {
namespace {

constexpr char kEndOfAnswer = '\0';  // no answer contains it

[[noreturn]] void run(const std::function<std::string()>& work, std::chrono::seconds limit, int out, bool quiet) {
  const rlimit processor{.rlim_cur = static_cast<rlim_t>(limit.count()), .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_CPU, &processor);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGINT, SIG_DFL);
  if (quiet) {
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
  }
  int status = 0;
  try {
    std::string answer = work();
    answer += kEndOfAnswer;
    for (std::size_t done = 0; done < answer.size();) {
      const ssize_t count = write(out, answer.data() + done, answer.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "pagewalk: {}\n", error.what());
    status = 1;
  }
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace

Child::Child(const std::function<std::string()>& work, std::chrono::seconds limit, bool quiet) : limit_(limit) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("no pipe: {}", std::strerror(errno)));
  // What is in the buffers is printed once.
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ < 0) {
    close(ends[0]);
    close(ends[1]);
    throw std::runtime_error(fmt::format("no process: {}", std::strerror(errno)));
  }
  if (pid_ == 0) {
    close(ends[0]);
    run(work, limit_, ends[1], quiet);
  }
  close(ends[1]);
  pipe_ = ends[0];
  fcntl(pipe_, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(pipe_);
}

bool Child::poll() {
  if (pid_ < 0) return true;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = read(pipe_, buffer.data(), buffer.size());
    if (count > 0) {
      answer_.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    if (count == 0) {
      end();
      return true;
    }
    if (errno == EINTR) continue;
    break;
  }
  if (Clock::now() - start_ < kPatience * limit_) return false;
  kill(pid_, SIGKILL);
  end();
  died_ = fmt::format("had not ended after {} s", (kPatience * limit_).count());
  return true;
}

void Child::wait() {
  while (!poll()) {
    pollfd descriptor{.fd = pipe_, .events = POLLIN, .revents = 0};
    ::poll(&descriptor, 1, 200);
  }
}

void Child::end() {
  int status = 0;
  waitpid(pid_, &status, 0);
  close(pipe_);
  pid_ = -1;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    died_ = fmt::format("took more than {} s of processor time", limit_.count());
  } else if (WIFSIGNALED(status)) {
    died_ = fmt::format("was killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (answer_.empty() || answer_.back() != kEndOfAnswer) {
    died_ = fmt::format("ended with status {} and without an answer", WEXITSTATUS(status));
  } else {
    answer_.pop_back();
  }
}

}  // namespace vm::sim
