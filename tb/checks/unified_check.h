// SPDX-License-Identifier: Apache-2.0
//
// All five checks of one unified cache (rtl/vm_unified_cache.sv), from its two ports alone: a mirror that says in each
// cycle what either port must show. Who may hit and who is replaced (state) decides what goes down and when (traffic,
// time: T18); what comes up and goes down is compared byte by byte (data).
#pragma once

#include <cstdint>
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
  UnifiedCacheCheck(std::string name, const CacheGeometry& geometry, const PhysicalMemory& below, Reporter& reporter);

  // Memory as it is seen at the upper port: what the level above can count on.
  const PhysicalMemory& view() const { return view_; }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) { view_.write(pa, bytes); }
  // One cycle of both ports. Before the checks of the level above: they look at view().
  void on_cycle(const MemPort& up, const MemPort& down);

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
    PassAnswer
  };
  struct Line {
    bool valid = false, dirty = false;
    std::uint64_t address = 0;
  };

  void judge_up(const MemPort& up, const MemPort& down);
  void judge_down(const MemPort& up, const MemPort& down);
  void judge_answer(const MemPort& up, const MemPort& down);
  void judge_request(const MemRequest& request);
  void advance(const MemPort& up, const MemPort& down);
  void look();
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
  Line& line(unsigned set, unsigned way) { return lines_[static_cast<std::size_t>(set) * geometry_.ways + way]; }
  PhysAddr beat_of(std::uint64_t line) const { return PhysAddr(line + 8ULL * beat_); }

  std::string name_;
  CacheGeometry geometry_;
  const PhysicalMemory& below_;
  Reporter& reporter_;
  PhysicalMemory view_;
  std::vector<Line> lines_;  // by set and way
  TreePlru plru_;
  State state_ = State::Sweep;
  unsigned sweep_ = 0;
  MemRequest request_;  // being served
  MemWrite pass_word_;  // of a write that goes through
  unsigned way_ = 0, beat_ = 0;
  bool failed_ = false;
  std::uint64_t victim_ = 0;  // line on its way down
};

}  // namespace vm
