// SPDX-License-Identifier: Apache-2.0
//
// All questions of a sweep, numbered: every combination of flags of one entry with the others valid, at every level;
// and every pair of levels with the flags that decide. Counted through on the model, drawn from at random on the
// hardware.
#pragma once

#include <cstdint>
#include <vector>

#include "rules.h"

namespace vm::sweep {

// A place in memory for one path: a table at each level and 16 data pages.
struct Slot {
  std::array<std::uint64_t, Format::kMaxLevels> tables{};  // by level
  std::uint64_t data = 0;                                  // an aligned block; its page 5 is meant
  std::uint64_t top_index = 0;                             // of the root table
};

// Where slots lie on a machine. Their root tables are one page for each number of levels.
class Layout {
 public:
  explicit Layout(const Machine& machine);
  Slot slot(unsigned levels, unsigned number) const;
  static constexpr unsigned kSlots = 16;

 private:
  const Machine& machine_;
};

// The entries of one path, with two places varied or one.
struct Section {
  unsigned levels = 0;         // of the mode
  unsigned high = 0, low = 0;  // the levels that are varied; the same: one entry alone, all its flags
  std::uint64_t patterns = 0;
};

class Space {
 public:
  explicit Space(const Machine& machine);

  const std::vector<Section>& sections() const { return sections_; }
  std::uint64_t modes() const { return modes_; }
  std::uint64_t accesses() const { return accesses_; }
  std::uint64_t size() const;

  // The pattern of a section of one entry above level 0 that is right but for where it points.
  std::uint64_t pointer_to_nowhere() const;

  // One path: its entries and address; access and mode are still open.
  Question path(const Section& section, std::uint64_t pattern, const Slot& slot) const;
  void set_mode(Question& q, std::uint64_t mode) const;
  void set_access(Question& q, std::uint64_t access) const;

 private:
  // Draws digits from a number.
  class Digits {
   public:
    explicit Digits(std::uint64_t number) : number_(number) {}
    std::uint64_t take(std::uint64_t base) {
      const std::uint64_t digit = number_ % base;
      number_ /= base;
      return digit;
    }

   private:
    std::uint64_t number_;
  };

  std::uint64_t single_patterns() const;
  std::uint64_t pair_patterns() const;
  std::uint64_t riscv_single(Digits& digits, const Question& q, unsigned level, const Slot& slot) const;
  std::uint64_t riscv_of_pair(Digits& digits, const Question& q, unsigned level, const Slot& slot) const;
  std::uint64_t x86_single(Digits& digits, const Question& q, unsigned level, const Slot& slot) const;
  std::uint64_t x86_of_pair(Digits& digits, const Question& q, unsigned level, const Slot& slot) const;
  // Page numbers in an entry's place: of the next table, of the page meant.
  std::uint64_t pointer_at(unsigned level, const Slot& slot) const;
  std::uint64_t page_at(const Question& q, unsigned level, const Slot& slot) const;
  std::uint64_t nowhere() const;
  std::uint64_t field(std::uint64_t address) const;

  const Machine& machine_;
  bool riscv_, wide_;
  std::uint64_t modes_ = 0, accesses_ = 0;
  std::vector<Section> sections_;
};

}  // namespace vm::sweep
