// SPDX-License-Identifier: Apache-2.0
#include "drivers/memory_agent.h"

#include <utility>

namespace vm {

MemoryAgent::MemoryAgent(PhysicalMemory& memory, Options options)
    : memory_(memory),
      options_(std::move(options)),
      random_(options_.seed, "memory"),
      request_stall_(options_.stall, options_.seed, "memory request ready"),
      write_stall_(options_.stall, options_.seed, "memory write ready"),
      answer_stall_(options_.stall, options_.seed, "memory answer valid"),
      slots_(std::size_t{kSources} * options_.ids),
      write_order_(slots_.size()) {}

bool MemoryAgent::idle() const {
  for (const Slot& slot : slots_) {
    if (slot.active) return false;
  }
  return write_beats_.empty();
}

bool MemoryAgent::has_error(std::uint64_t address, std::uint64_t bytes, bool write) const {
  for (const ErrorRange& range : options_.errors) {
    if (range.touches(address, bytes) && (write || !range.writes_only)) return true;
  }
  return false;
}

std::uint64_t MemoryAgent::next_latency() {
  const Latency& latency = options_.latency;
  switch (latency.kind) {
    case Latency::Kind::Fixed:
      break;
    case Latency::Kind::Random:
      return random_.between(latency.low, latency.high);
    case Latency::Kind::Replay: {
      if (latency.replay.empty()) break;
      const std::uint64_t value = latency.replay[next_replay_];
      next_replay_ = (next_replay_ + 1) % latency.replay.size();
      return value;
    }
  }
  return latency.low;
}

bool MemoryAgent::beat_error(const Slot& slot, unsigned beat) const {
  if (options_.errors.empty()) return false;
  for (unsigned lane = 0; lane < 8; ++lane) {
    if (((slot.strb >> lane) & 1U) != 0 && has_error(word_of(slot, beat) + lane, 1, slot.write)) return true;
  }
  return false;
}

// The moment at which the access touches memory.
void MemoryAgent::sample(Slot& slot) {
  if (slot.sampled) return;
  slot.sampled = true;
  for (unsigned beat = 0; beat < slot.beats; ++beat) {
    const PhysAddr word(word_of(slot, beat));
    if (!slot.write) {
      slot.data[beat] = memory_.read_beat(word);
    } else if (!beat_error(slot, beat)) {
      memory_.write_beat(word, slot.data[beat], slot.strb);
    }
  }
}

void MemoryAgent::drive(Inputs& inputs, std::uint64_t cycle) {
  inputs.mem_req_ready = request_stall_.go(cycle);
  inputs.mem_w_ready = write_stall_.go(cycle) && !write_beats_.full();
  choose_answer(inputs.mem_rsp, cycle);
}

void MemoryAgent::choose_answer(MemResponse& port, std::uint64_t cycle) {
  const bool go = answer_stall_.go(cycle);
  if (presenting_ >= 0) return;  // valid and payload hold until the transfer
  port.valid = false;
  if (!go) return;
  const bool random = options_.latency.kind == Latency::Kind::Random;
  int best = -1;
  const auto count = static_cast<unsigned>(slots_.size());
  const unsigned start = random ? static_cast<unsigned>(random_.below(count)) : 0;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned s = (start + i) % count;
    const Slot& slot = slots_[s];
    if (!slot.active || !slot.due_known || slot.due > cycle) continue;
    if (best < 0 || (!random && slot.due < slots_[static_cast<unsigned>(best)].due)) best = static_cast<int>(s);
  }
  if (best < 0) return;
  Slot& slot = slots_[static_cast<unsigned>(best)];
  sample(slot);
  presenting_ = best;
  port.valid = true;
  port.src = static_cast<MemSource>(static_cast<unsigned>(best) % kSources);
  port.id = static_cast<std::uint8_t>(static_cast<unsigned>(best) / kSources);
  if (slot.write) {
    port.rdata = random_.next();  // means nothing
    port.last = true;
    port.err = false;
    for (unsigned beat = 0; beat < slot.beats; ++beat) port.err = port.err || beat_error(slot, beat);
  } else {
    port.err = beat_error(slot, slot.done);
    port.rdata = port.err ? random_.next() : slot.data[slot.done];
    port.last = slot.done + 1 == slot.beats;
  }
}

void MemoryAgent::take_write_beats(std::uint64_t cycle) {
  while (!write_order_.empty() && !write_beats_.empty()) {
    Slot& slot = slots_[write_order_.front()];
    const MemWrite beat = write_beats_.front();
    write_beats_.pop();
    slot.data[slot.done++] = beat.data;
    const bool last = slot.done == slot.beats;
    if (beat.last != last) error_ = "the `last` mark of write data does not stand at the last beat";
    if (last) {
      write_order_.pop();
      slot.due_known = true;
      slot.due = cycle + next_latency();
      if (options_.latency.kind != Latency::Kind::Random || random_.one_in(2)) sample(slot);
    }
  }
}

std::string_view MemoryAgent::observe(const MemPort& port, std::uint64_t cycle) {
  error_.clear();
  if (port.answered() && presenting_ >= 0) {
    Slot& slot = slots_[static_cast<unsigned>(presenting_)];
    if (port.rsp.last) {
      slot.active = false;
    } else {
      ++slot.done;
      slot.due = cycle + 1;
    }
    presenting_ = -1;
  }
  if (port.w_accepted()) write_beats_.push(port.w);
  if (port.accepted()) {
    const MemRequest& request = port.req;
    const unsigned index = slot_of(request.src, request.id);
    const bool exists = static_cast<unsigned>(request.src) < kSources && index < slots_.size();
    if (!exists || slots_[index].active) {
      error_ = exists ? "a second request of a source and id that have one outstanding"
                      : "a request with a source or id that does not exist";
      return error_;
    }
    Slot& slot = slots_[index];
    slot.active = true;
    slot.write = request.write;
    slot.sampled = false;
    slot.beats = request.len + 1U;
    slot.done = 0;
    slot.line = request.addr & ~(8ULL * slot.beats - 1);
    slot.first = static_cast<unsigned>((request.addr - slot.line) / 8);
    slot.strb = request.strb;
    slot.due_known = !request.write;
    if (request.write) {
      write_order_.push(index);
    } else {
      slot.due = cycle + next_latency();
      if (options_.latency.kind != Latency::Kind::Random || random_.one_in(2)) sample(slot);
    }
  }
  take_write_beats(cycle);
  return error_;
}

}  // namespace vm
