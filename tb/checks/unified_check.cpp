// SPDX-License-Identifier: Apache-2.0
#include "checks/unified_check.h"

#include <fmt/format.h>

#include <utility>

namespace vm {

UnifiedCacheCheck::UnifiedCacheCheck(std::string name, const CacheGeometry& geometry, const PhysicalMemory& below,
                                     Reporter& reporter)
    : name_(std::move(name)),
      geometry_(geometry),
      below_(below),
      reporter_(reporter),
      lines_(static_cast<std::size_t>(geometry.sets) * geometry.ways),
      plru_(geometry.sets, geometry.ways) {}

void UnifiedCacheCheck::wrong(std::string_view check, std::string what) {
  reporter_.mismatch(check, fmt::format("{}: {}", name_, what));
}

void UnifiedCacheCheck::expect(bool actual, bool expected, std::string_view what) {
  if (actual == expected) return;
  wrong("time", fmt::format("{} {} (T18)", what, expected ? "should have come in this cycle" : "came too soon"));
}

void UnifiedCacheCheck::on_cycle(const MemPort& up, const MemPort& down) {
  judge_up(up, down);
  judge_down(up, down);
  advance(up, down);
}

void UnifiedCacheCheck::judge_up(const MemPort& up, const MemPort& down) {
  const bool passes = state_ == State::FillData || state_ == State::PassAnswer;
  expect(up.req_ready, state_ == State::Idle, "readiness for a request");
  expect(up.w_ready, state_ == State::Write || (state_ == State::PassData && down.w_ready), "readiness for write data");
  const bool answers = state_ == State::Read || state_ == State::WriteAnswer || (passes && down.rsp.valid);
  expect(up.rsp.valid, answers, "an answer to the level above");
  if (up.rsp.valid && answers) judge_answer(up, down);
}

void UnifiedCacheCheck::judge_answer(const MemPort& up, const MemPort& down) {
  const MemResponse& actual = up.rsp;
  MemResponse expected = down.rsp;
  if (state_ == State::Read || state_ == State::WriteAnswer) {
    expected = {.valid = true, .err = false, .last = state_ == State::WriteAnswer || last_beat(), .src = request_.src};
    expected.rdata = view_.read_beat(beat_of(line_of(request_.addr)));
  }
  if (actual.src != expected.src || actual.last != expected.last || actual.err != expected.err) {
    wrong("traffic",
          fmt::format("the answer is of source {}{}{}, expected source {}{}{}", static_cast<unsigned>(actual.src),
                      actual.last ? ", last" : "", actual.err ? ", error" : "", static_cast<unsigned>(expected.src),
                      expected.last ? ", last" : "", expected.err ? ", error" : ""));
  }
  if (!request_.write && !expected.err && actual.rdata != expected.rdata) {
    wrong("data", fmt::format("beat {} of {:#x} is {:#018x}, expected {:#018x}", beat_, line_of(request_.addr),
                              actual.rdata, expected.rdata));
  }
}

void UnifiedCacheCheck::judge_down(const MemPort& up, const MemPort& down) {
  const bool asks = state_ == State::EvictRequest || state_ == State::FillRequest || state_ == State::PassRequest;
  expect(down.req.valid, asks, "a request to the level below");
  if (asks && down.req.valid) judge_request(down.req);
  const bool writes = state_ == State::EvictData || (state_ == State::PassData && up.w.valid);
  expect(down.w.valid, writes, "write data for the level below");
  if (writes && down.w.valid) {
    const MemWrite expected =
        state_ == State::PassData ? up.w : MemWrite{true, last_beat(), view_.read_beat(beat_of(victim_))};
    if (down.w.data != expected.data || down.w.last != expected.last) {
      wrong("data", fmt::format("write data {:#018x}{}, expected {:#018x}{}", down.w.data, down.w.last ? ", last" : "",
                                expected.data, expected.last ? ", last" : ""));
    }
  }
  const bool takes =
      state_ == State::EvictAnswer || ((state_ == State::FillData || state_ == State::PassAnswer) && up.rsp_ready);
  expect(down.rsp_ready, takes, "readiness for an answer");
}

void UnifiedCacheCheck::judge_request(const MemRequest& request) {
  MemRequest expected = request_;
  if (state_ == State::EvictRequest) {
    expected.write = true;
    expected.len = static_cast<std::uint8_t>(beats() - 1);
    expected.strb = 0xFF;
    expected.addr = victim_;
  }
  if (request.src == expected.src && request.write == expected.write && request.len == expected.len &&
      request.strb == expected.strb && request.addr == expected.addr) {
    return;
  }
  wrong("traffic", fmt::format("{} of {:#x}, {} beats, lanes {:#04x}, expected {} of {:#x}, {} beats, lanes {:#04x}",
                               request.write ? "write" : "read", request.addr, request.len + 1U, request.strb,
                               expected.write ? "write" : "read", expected.addr, expected.len + 1U, expected.strb));
}

// What the tags say about the request: state, victim and what comes first.
void UnifiedCacheCheck::look() {
  const unsigned set = set_of(request_.addr);
  const std::uint64_t address = line_of(request_.addr);
  bool hit = false;
  unsigned empty = geometry_.ways;
  for (unsigned way = geometry_.ways; way-- > 0;) {
    const Line& l = line(set, way);
    if (!l.valid) empty = way;
    if (!l.valid || l.address != address) continue;
    hit = true;
    way_ = way;
  }
  if (!hit) way_ = empty != geometry_.ways ? empty : plru_.victim(set);
  Line& chosen = line(set, way_);
  const bool evicts = chosen.valid && chosen.dirty && (whole_line() ? !hit : hit);
  victim_ = chosen.address;
  if (whole_line()) plru_.touch(set, way_);
  if (!whole_line() && hit) chosen.valid = false;
  if (evicts) {
    state_ = State::EvictRequest;
  } else if (!whole_line()) {
    state_ = State::PassRequest;
  } else if (request_.write) {
    state_ = State::Write;
  } else {
    state_ = hit ? State::Read : State::FillRequest;
  }
}

void UnifiedCacheCheck::next_beat(bool moved, State after) {
  if (!moved) return;
  if (last_beat()) state_ = after;
  beat_ = last_beat() ? 0 : beat_ + 1;
}

void UnifiedCacheCheck::advance(const MemPort& up, const MemPort& down) {
  Line& chosen = line(set_of(request_.addr), way_);
  switch (state_) {
    case State::Sweep:
      if (++sweep_ == geometry_.sets) state_ = State::Idle;
      return;
    case State::Idle:
      if (!up.accepted()) return;
      request_ = up.req;
      beat_ = 0;
      failed_ = false;
      state_ = State::Look;
      return;
    case State::Look:
      return look();
    case State::Read:
      return next_beat(up.answered(), State::Idle);
    case State::EvictRequest:
      if (down.accepted()) state_ = State::EvictData;
      return;
    case State::EvictData:
      return next_beat(down.w_accepted(), State::EvictAnswer);
    case State::EvictAnswer:
      if (!down.answered()) return;
      // The line is lost: what is below is what is left.
      for (; down.rsp.err && beat_ < beats(); ++beat_) {
        view_.write_beat(beat_of(victim_), below_.read_beat(beat_of(victim_)), 0xFF);
      }
      beat_ = 0;
      state_ = !whole_line() ? State::PassRequest : request_.write ? State::Write : State::FillRequest;
      return;
    case State::FillRequest:
      if (!down.accepted()) return;
      chosen.valid = false;
      state_ = State::FillData;
      return;
    case State::FillData:
      if (!down.answered()) return;
      failed_ = failed_ || down.rsp.err;
      if (down.rsp.last && !failed_) chosen = {true, false, line_of(request_.addr)};
      return next_beat(true, State::Idle);
    case State::Write:
      if (!up.w_accepted()) return;
      view_.write_beat(beat_of(line_of(request_.addr)), up.w.data, 0xFF);
      if (last_beat()) chosen = {true, true, line_of(request_.addr)};
      return next_beat(true, State::WriteAnswer);
    case State::WriteAnswer:
      if (up.answered()) state_ = State::Idle;
      return;
    case State::PassRequest:
      if (down.accepted()) state_ = request_.write ? State::PassData : State::PassAnswer;
      return;
    case State::PassData:
      if (!up.w_accepted()) return;
      pass_word_ = up.w;
      state_ = State::PassAnswer;
      return;
    case State::PassAnswer:
      if (!up.answered()) return;
      if (request_.write && !down.rsp.err) {
        view_.write_beat(PhysAddr(request_.addr), pass_word_.data, request_.strb);
      }
      state_ = State::Idle;
      return;
  }
}

}  // namespace vm
