// SPDX-License-Identifier: Apache-2.0
//
// A piece of work in a process of its own, so that whatever happens to it (an assertion, a signal, an endless loop) is
// an outcome like another. Its answer is one text, sent through a pipe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

namespace vm::sim {

class Child {
 public:
  // `quiet`: what the work prints is not shown. It is killed when it takes more processor time than `limit`, or
  // kPatience times as long by the clock, however busy the computer is.
  Child(const std::function<std::string()>& work, std::chrono::seconds limit, bool quiet);
  ~Child();  // kills it if it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int descriptor() const { return pipe_; }  // readable when there is news
  bool poll();                              // takes what has come; true once it has ended
  void wait();                              // until it has ended

  // After the end. `answer` is whole only if `died` is empty.
  const std::string& answer() const { return answer_; }
  const std::string& died() const {
    return died_;
  }  // "was killed by signal 9 (Killed)", "took more than 60 s of processor time", …

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int kPatience = 20;
  void end();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::chrono::seconds limit_;
  Clock::time_point start_ = Clock::now();
  std::string answer_, died_;
};

}  // namespace vm::sim
