// SPDX-License-Identifier: Apache-2.0
#include "checks/unified_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "platform/stored_word.h"

namespace vm {

UnifiedCacheCheck::UnifiedCacheCheck(const Machine& machine, unsigned level, const PhysicalMemory& below,
                                     Reporter& reporter)
    : machine_(machine),
      level_(level),
      geometry_(level == 2 ? machine.l2cache : machine.l3cache),
      below_(below),
      reporter_(reporter),
      lines_(static_cast<std::size_t>(geometry_.sets) * geometry_.ways),
      words_(machine.parity ? lines_.size() * beats() : 0),
      plru_(geometry_.sets, geometry_.ways) {}

void UnifiedCacheCheck::wrong(std::string_view check, std::string what) {
  reporter_.mismatch(check, fmt::format("L{} cache: {}", level_, what));
}

void UnifiedCacheCheck::expect(bool actual, bool expected, std::string_view what) {
  if (actual == expected) return;
  wrong("time", fmt::format("{} {} (T18)", what, expected ? "should have come in this cycle" : "came too soon"));
}

void UnifiedCacheCheck::on_cycle(const MemPort& up, const MemPort& down, const Event* told) {
  judge_up(up, down);
  judge_down(up, down);
  judge_told(up, down, told);
  advance(up, down);
}

void UnifiedCacheCheck::judge_up(const MemPort& up, const MemPort& down) {
  const bool passes = (state_ == State::FillData && !answered_before()) || state_ == State::PassAnswer;
  expect(up.req_ready, state_ == State::Idle && !flip_, "readiness for a request");
  expect(up.w_ready, state_ == State::Write || (state_ == State::PassData && down.w_ready), "readiness for write data");
  const bool answers = (state_ == State::Read && !reads_again()) || state_ == State::WriteAnswer ||
                       state_ == State::Fail || (passes && down.rsp.valid);
  expect(up.rsp.valid, answers, "an answer to the level above");
  if (up.rsp.valid && answers) judge_answer(up, down);
}

void UnifiedCacheCheck::judge_answer(const MemPort& up, const MemPort& down) {
  const MemResponse& actual = up.rsp;
  MemResponse expected = down.rsp;
  if (state_ == State::Read || state_ == State::WriteAnswer) {
    expected = {.valid = true, .err = false, .last = state_ == State::WriteAnswer || last_beat(), .src = request_.src};
    expected.rdata = view_.read_beat(beat_of(line_of(request_.addr)));
    expected.err = state_ == State::Read && word_wrong();
  } else if (state_ == State::Fail) {
    expected = {.valid = true, .err = true, .last = !whole_line() || last_beat(), .src = request_.src};
  } else if (refetch_) {
    expected.err = expected.err || failed_;
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
  const bool takes = state_ == State::EvictAnswer || answered_before() ||
                     ((state_ == State::FillData || state_ == State::PassAnswer) && up.rsp_ready);
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
    if (!l.valid()) empty = way;
    if (!l.valid() || l.address != address) continue;
    hit = true;
    way_ = way;
  }
  const std::optional<unsigned> upset = upset_way();
  const bool fails = loses_line() && !hit && !request_.write;
  if (!hit) way_ = upset ? *upset : empty != geometry_.ways ? empty : plru_.victim(set);
  if (upset) drop(line(set, *upset));
  Line& chosen = line(set, way_);
  const bool evicts = chosen.valid() && chosen.dirty() && (whole_line() ? !hit : hit);
  victim_ = chosen.address;
  victim_wrong_ = false;
  if (whole_line()) plru_.touch(set, way_);
  if (!whole_line() && hit) {
    if (evicts) {
      chosen = {};
    } else {
      drop(chosen);
    }
  }
  if (fails) {
    state_ = State::Fail;
  } else if (evicts) {
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
      refetch_ = false;
      if (flip_) state_ = State::FlipRead;
      if (!up.accepted()) return;
      request_ = up.req;
      beat_ = 0;
      failed_ = false;
      state_ = State::Look;
      return;
    case State::Look:
      return look();
    case State::Read:
      if (reads_again()) {
        refetch_ = true;
        from_ = beat_;
        beat_ = 0;
        state_ = State::FillRequest;
        return;
      }
      return next_beat(up.answered(), State::Idle);
    case State::EvictRequest:
      if (down.accepted()) state_ = State::EvictData;
      return;
    case State::EvictData:
      victim_wrong_ = victim_wrong_ || word_wrong();
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
      drop(chosen);
      heal(set_of(request_.addr), way_);
      state_ = State::FillData;
      return;
    case State::FillData:
      if (!down.answered()) return;
      failed_ = failed_ || down.rsp.err;
      if (down.rsp.last && !failed_) chosen = {.holds = true, .address = line_of(request_.addr)};
      return next_beat(true, State::Idle);
    case State::Write:
      if (!up.w_accepted()) return;
      if (last_beat()) {
        if (chosen.address != line_of(request_.addr)) drop(chosen);
        heal(set_of(request_.addr), way_);
        chosen = {.holds = true, .dirty_bits = {true, true}, .address = line_of(request_.addr)};
      }
      view_.write_beat(beat_of(line_of(request_.addr)), up.w.data, 0xFF);
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
    case State::Fail:
      if (!whole_line()) {
        if (up.answered()) state_ = State::Idle;
        return;
      }
      return next_beat(up.answered(), State::Idle);
    case State::FlipRead:
      state_ = State::Flip;
      return;
    case State::Flip:
      turn_over();
      flip_.reset();
      state_ = State::Idle;
      return;
  }
}

// ---------------------------------------------------------------- parity

std::optional<unsigned> UnifiedCacheCheck::upset_way() const {
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (line(set_of(request_.addr), way).upset) return way;
  }
  return std::nullopt;
}

bool UnifiedCacheCheck::loses_line() const {
  const std::optional<unsigned> way = upset_way();
  return way && line(set_of(request_.addr), *way).dirty();
}

// What has to be told in this cycle, and is. Of a tag word that was wrong the address may be wrong in a bit.
void UnifiedCacheCheck::judge_told(const MemPort& up, const MemPort& down, const Event* told) {
  const bool of_line = state_ == State::Look && loses_line();
  const bool of_word = state_ == State::Read && word_wrong() && chosen().dirty() && up.answered();
  const bool of_victim = state_ == State::EvictAnswer && victim_wrong_ && down.answered();
  const bool lost = of_line || of_word || of_victim;
  if ((told != nullptr && told->lower_lost()) != lost) {
    wrong("state", fmt::format("{} (M13)", lost ? "something that was stored is lost, which is not told"
                                                : "tells of a loss, but nothing is lost"));
  } else if (lost) {
    const std::uint64_t line_lost = of_line   ? line(set_of(request_.addr), *upset_way()).address
                                    : of_word ? line_of(request_.addr)
                                              : victim_;
    if (!told->lower_reported() || std::popcount(told->b ^ line_lost) > (of_line ? 1 : 0)) {
      wrong("state", fmt::format("line {:#x} is lost; reported is {:#x} (M13)", line_lost, told->b));
    }
  }
  if ((told != nullptr && told->lower_refetch()) != reads_again()) {
    wrong("state", fmt::format("{} (M13)", reads_again() ? "a word of a clean line is wrong, and it is not read again"
                                                         : "a line is read again for no reason"));
  }
  if ((told != nullptr && told->lower_flipped()) != (state_ == State::Flip)) {
    wrong("time", "a bit turned over in the wrong cycle (T15)");
  }
}

// What is not there any more reads as the level below has it.
void UnifiedCacheCheck::drop(Line& line) {
  const bool held = line.holds;
  const std::uint64_t address = line.address;
  line = {};
  if (held && !words_.empty()) adopt(address);
}

void UnifiedCacheCheck::adopt(std::uint64_t line) {
  bool changed = false;
  for (std::uint64_t pa = line; pa < line + geometry_.line_bytes; pa += 8) {
    const std::uint64_t below = below_.read_beat(PhysAddr(pa));
    changed = changed || view_.read_beat(PhysAddr(pa)) != below;
    view_.write_beat(PhysAddr(pa), below, 0xFF);
  }
  if (changed) changed_.push_back(line);
}

void UnifiedCacheCheck::on_changed_below(std::uint64_t line) {
  if (!way_of(PhysAddr(line))) adopt(line);
}

std::optional<unsigned> UnifiedCacheCheck::way_of(PhysAddr pa) const {
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    const Line& l = line(set_of(pa.value), way);
    if (l.holds && l.address == line_of(pa.value)) return way;
  }
  return std::nullopt;
}

bool UnifiedCacheCheck::dirty(PhysAddr pa) const {
  const std::optional<unsigned> way = way_of(pa);
  return way && line(set_of(pa.value), *way).dirty();
}

void UnifiedCacheCheck::heal(unsigned set, unsigned way) {
  if (words_.empty()) return;
  const std::size_t first = word_index(set, way, 0);
  std::fill_n(words_.begin() + static_cast<std::ptrdiff_t>(first), beats(), Word{});
}

// What a wrong word of a dirty line says is what will be written back, though nobody can read it before.
void UnifiedCacheCheck::show_wrong(unsigned set, unsigned way) {
  const Line& l = line(set, way);
  if (!l.holds || !l.dirty()) return;
  bool changed = false;
  for (unsigned beat = 0; beat < beats(); ++beat) {
    Word& word = words_[word_index(set, way, beat)];
    const PhysAddr pa(l.address + 8ULL * beat);
    if (word.bits != 0) view_.write_beat(pa, view_.read_beat(pa) ^ word.bits, 0xFF);
    changed = changed || word.bits != 0;
    word.bits = 0;
  }
  if (changed) changed_.push_back(l.address);
}

void UnifiedCacheCheck::turn_over() {
  const unsigned set = flip_->set, way = flip_->way;
  const auto array = static_cast<Array>(flip_->array);
  const StoredWord stored = stored_word(machine_, array, way);
  if (!flip_->flip || set >= geometry_.sets || way >= geometry_.ways || flip_->data0 >= stored.bits()) return;
  const auto bit = static_cast<unsigned>(flip_->data0);
  if (array == Array::L2CacheData || array == Array::L3CacheData) {
    Word& word = words_[word_index(set, way, flip_->word % beats())];
    word.wrong = !word.wrong;
    if (stored.field_of(bit) == StoredWord::Data) word.bits ^= 1ULL << bit;
  } else if (stored.field_of(bit) == StoredWord::DirtyBits) {
    bool& dirty = line(set, way).dirty_bits[bit - stored.lsb(StoredWord::DirtyBits)];
    dirty = !dirty;
  } else {
    line(set, way).upset = !line(set, way).upset;
  }
  show_wrong(set, way);
}

}  // namespace vm
