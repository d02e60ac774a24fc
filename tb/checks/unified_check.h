// SPDX-License-Identifier: Apache-2.0
//
// All five checks of one unified cache (rtl/vm_unified_cache.sv), from its two ports alone: a mirror that says in each
// cycle what either port must show. Who may hit and who is replaced (state) decides what goes down and when (traffic,
// time: T18); what comes up and goes down is compared byte by byte (data). With parity it knows which stored words are
// wrong, and what has to be told of them (state: M13).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/reporter.h"
#include "event.h"
#include "machine/machine.h"
#include "machine/physical_memory.h"
#include "oracle/plru.h"

namespace vm {

class UnifiedCacheCheck {
 public:
  // `below`: memory as it is seen at the lower port.
  UnifiedCacheCheck(const Machine& machine, unsigned level, const PhysicalMemory& below, Reporter& reporter);

  // Memory as it is seen at the upper port: what the level above can count on.
  const PhysicalMemory& view() const { return view_; }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) { view_.write(pa, bytes); }
  // One cycle of both ports, and what the cache tells in it (LowerUpset), if anything. Before the checks of the level
  // above: they look at view(), and at the lines of it that have changed by themselves.
  void begin_cycle() { changed_.clear(); }
  void on_changed_below(std::uint64_t line);  // the level below has such a line
  void on_cycle(const MemPort& up, const MemPort& down, const Event* told);
  std::span<const std::uint64_t> changed() const { return changed_; }

  // The array port wants this bit of this cache turned over from the next cycle on.
  void ask_flip(const ArrayRequest& flip) { flip_ = flip; }
  std::optional<unsigned> way_of(PhysAddr pa) const;  // where a line lies
  bool dirty(PhysAddr pa) const;

 private:
  enum class State : std::uint8_t {
    Sweep,
    Idle,
    Look,
    Read,
    EvictRequest,
    EvictData,
    EvictAnswer,
    FillRequest,
    FillData,
    Write,
    WriteAnswer,
    PassRequest,
    PassData,
    PassAnswer,
    Fail,
    FlipRead,
    Flip
  };
  struct Line {
    bool holds = false;                // it was filled or written, and not dropped
    bool upset = false;                // its tag word is wrong: it is not there
    std::array<bool, 2> dirty_bits{};  // either one counts
    std::uint64_t address = 0;

    bool valid() const { return holds && !upset; }
    bool dirty() const { return dirty_bits[0] || dirty_bits[1]; }
  };
  struct Word {
    bool wrong = false;      // its parity
    std::uint64_t bits = 0;  // that have turned over, and view() does not show
  };

  void judge_up(const MemPort& up, const MemPort& down);
  void judge_down(const MemPort& up, const MemPort& down);
  void judge_answer(const MemPort& up, const MemPort& down);
  void judge_request(const MemRequest& request);
  void advance(const MemPort& up, const MemPort& down);
  void look();
  void judge_told(const MemPort& up, const MemPort& down, const Event* told);
  std::optional<unsigned> upset_way() const;  // the lowest in the set of the request
  bool loses_line() const;                    // the request comes upon a dirty line that is not there any more
  bool word_wrong() const { return !words_.empty() && words_[word_index(set_of(request_.addr), way_, beat_)].wrong; }
  bool reads_again() const { return state_ == State::Read && word_wrong() && !chosen().dirty(); }
  bool answered_before() const { return state_ == State::FillData && refetch_ && beat_ < from_; }
  void drop(Line& line);  // a line that is in no need of being written back
  void adopt(std::uint64_t line);
  void heal(unsigned set, unsigned way);
  void show_wrong(unsigned set, unsigned way);
  void turn_over();
  void next_beat(bool moved, State after);
  void expect(bool actual, bool expected, std::string_view what);
  void wrong(std::string_view check, std::string what);

  bool whole_line() const { return request_.len != 0; }
  unsigned beats() const { return geometry_.line_bytes / 8; }
  bool last_beat() const { return beat_ + 1 == beats(); }
  std::uint64_t line_of(std::uint64_t address) const { return address / geometry_.line_bytes * geometry_.line_bytes; }
  unsigned set_of(std::uint64_t address) const {
    return static_cast<unsigned>(address / geometry_.line_bytes % geometry_.sets);
  }
  std::size_t index(unsigned set, unsigned way) const { return static_cast<std::size_t>(set) * geometry_.ways + way; }
  Line& line(unsigned set, unsigned way) { return lines_[index(set, way)]; }
  const Line& line(unsigned set, unsigned way) const { return lines_[index(set, way)]; }
  const Line& chosen() const { return line(set_of(request_.addr), way_); }
  std::size_t word_index(unsigned set, unsigned way, unsigned beat) const { return index(set, way) * beats() + beat; }
  PhysAddr beat_of(std::uint64_t line) const { return PhysAddr(line + 8ULL * beat_); }

  const Machine& machine_;
  unsigned level_;
  CacheGeometry geometry_;
  const PhysicalMemory& below_;
  Reporter& reporter_;
  PhysicalMemory view_;
  std::vector<Line> lines_;  // by set and way
  std::vector<Word> words_;  // by set, way and beat; none without parity
  TreePlru plru_;
  State state_ = State::Sweep;
  unsigned sweep_ = 0;
  MemRequest request_;  // being served
  MemWrite pass_word_;  // of a write that goes through
  unsigned way_ = 0, beat_ = 0;
  bool failed_ = false;
  std::uint64_t victim_ = 0;   // line on its way down
  bool victim_wrong_ = false;  // and a word of it is wrong
  bool refetch_ = false;       // a line is read again; its beats from from_ on have still to be answered
  unsigned from_ = 0;
  std::optional<ArrayRequest> flip_;
  std::vector<std::uint64_t> changed_;  // in this cycle
};

}  // namespace vm
