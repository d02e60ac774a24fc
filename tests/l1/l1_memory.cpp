// SPDX-License-Identifier: Apache-2.0
#include "l1_memory.h"

#include <algorithm>
#include <cstdio>

namespace vm::l1 {

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

// Memory that nobody has written has contents that tell where it was read.
std::uint64_t& Memory::word(std::uint64_t addr) {
  const auto [at, fresh] = words_.try_emplace(addr & ~7ULL, 0);
  if (fresh) at->second = (addr & ~7ULL) * 0x9E37'79B9'7F4A'7C15ULL;
  return at->second;
}

std::uint64_t Memory::beat_addr(const Job& job, unsigned n) const {
  if (job.request.beats == 1) return job.request.addr & ~7ULL;
  const std::uint64_t line = job.request.addr & ~std::uint64_t{line_bytes_ - 1};
  return line + ((job.request.addr - line + 8ULL * n) % line_bytes_ & ~7ULL);
}

bool Memory::ready() { return writing_ == nullptr && chance(weather.ready_percent); }

void Memory::accept(const MemoryRequest& request) {
  if (writing_ != nullptr) throw Failure("a request came before the data of the write before it");
  if (request.beats != 1 && (request.beats * 8 != line_bytes_ || request.strb != 0xFF))
    throw Failure("a burst is not a line: " + hex(request.addr));
  if (request.beats != 1 && request.write && (request.addr & (line_bytes_ - 1)) != 0)
    throw Failure("a written line does not begin at its beginning: " + hex(request.addr));
  for (const Job& job : jobs_) {
    if (job.request.id == request.id) throw Failure("id " + std::to_string(request.id) + " is used twice at a time");
    if ((job.request.addr ^ request.addr) / line_bytes_ == 0)
      throw Failure("two requests for one line at a time: " + hex(request.addr));
  }
  on_request(request);
  std::uint64_t latency = weather.least + random_() % (weather.most - weather.least + 1);
  jobs_.push_back({request, cycle_ + latency, 0, {}, false, false});
  if (request.write) writing_ = &jobs_.back();
  (request.write ? line_writes : reads) += request.beats > 1 ? 1 : 0;
}

void Memory::accept_data(std::uint64_t data, bool last) {
  if (writing_ == nullptr) throw Failure("write data without a request");
  writing_->data.push_back(data);
  if (last != (writing_->data.size() == writing_->request.beats)) throw Failure("`last` is in the wrong beat");
  if (!last) return;
  writing_->complete = true;
  writing_->due = cycle_ + weather.least + random_() % (weather.most - weather.least + 1);
  const MemoryRequest& request = writing_->request;
  if ((request.beats > 1 || !is_device(request.addr)) && random_() % 2 == 0) write(*writing_);
  writing_ = nullptr;
}

void Memory::write(Job& job) {
  if (job.done) return;
  job.done = true;
  for (unsigned n = 0; n < job.request.beats; ++n) {
    const std::uint64_t addr = beat_addr(job, n);
    if (job.request.beats == 1 && bad(addr, false)) continue;
    std::uint64_t& word_now = word(addr);
    for (unsigned b = 0; b < 8; ++b) {
      const std::uint64_t mask = 0xFFULL << (8 * b);
      if ((job.request.strb >> b & 1U) != 0) word_now = (word_now & ~mask) | (job.data[n] & mask);
    }
  }
}

const MemoryBeat* Memory::beat() {
  const auto able = [&](const Job& job) { return job.due <= cycle_ && (!job.request.write || job.complete); };
  std::vector<std::list<Job>::iterator> choice;
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
    if (able(*job)) choice.push_back(job);
    if (weather.in_order && !job->request.write && !choice.empty()) break;
  }
  if (choice.empty() || !chance(weather.beat_percent)) {
    answering_ = jobs_.end();
    return nullptr;
  }
  answering_ = weather.in_order ? choice.front() : choice[random_() % choice.size()];
  Job& job = *answering_;
  const MemoryRequest& request = job.request;
  beat_ = {request.id, 0, false, true};
  const std::uint64_t addr = beat_addr(job, job.next);
  if (request.beats == 1 && is_device(request.addr)) {
    if (!job.done) {  // an answer is worked out once
      job.done = true;
      job.data.resize(1);
      job.data[0] = device(request, job.data[0]);
    }
    beat_.data = job.data[0];
  } else if (request.write) {
    write(job);
    beat_.err = bad(request.addr & ~7ULL, request.beats > 1);
  } else {
    beat_.err = bad(addr, false);
    beat_.data = beat_.err ? ~word(addr) : word(addr);
    beat_.last = job.next + 1 == request.beats;
  }
  return &beat_;
}

void Memory::end_cycle() {
  if (answering_ != jobs_.end()) {
    if (beat_.last)
      jobs_.erase(answering_);
    else
      ++answering_->next;
    answering_ = jobs_.end();
  }
  ++cycle_;
}

}  // namespace vm::l1
