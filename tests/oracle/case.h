// SPDX-License-Identifier: Apache-2.0
//
// One question for two MMUs: the entries on one path through the tables, everything else in the tables zero, and one
// access. The subject (our model or our RTL) and an oracle that nobody here wrote answer it; the answers are compared.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/context.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"

namespace vm::oracle {

// Where things lie in physical memory: 16 MiB from `memory` on is what subject and oracle have in common.
struct Layout {
  static constexpr std::uint64_t kSize = 16U << 20U;
  static constexpr std::uint64_t kTablePages = 256;  // for each level
  static constexpr std::uint64_t kDataPages = 512;
  std::uint64_t memory = 0;

  // RISC-V cores reset into 0x8000_0000, PCs begin at 0.
  explicit Layout(PteKind kind) : memory(kind == PteKind::Riscv ? 0x8000'0000 : 0) {}
  std::uint64_t table_page(unsigned level, std::uint64_t i) const {
    return memory + (8U << 20U) + ((level * kTablePages + i) << 12U);
  }
  std::uint64_t tables() const { return table_page(0, 0); }
  std::uint64_t data() const { return memory + (13U << 20U); }
  std::uint64_t data_end() const { return data() + (kDataPages << 12U); }
  bool contains(std::uint64_t pa) const { return pa - memory < kSize; }
};

// What a data page begins with: a few instructions that leave the page's address in a register and trap. All that
// follows is, at each aligned doubleword, that doubleword's own address.
inline constexpr std::uint64_t kCodeBytes = 16;
std::array<std::uint8_t, kCodeBytes> page_code(PteKind kind, std::uint64_t page);

struct PathEntry {
  PhysAddr at;
  std::uint64_t value = 0;
  std::uint8_t level = 0;
};

struct Case {
  Context context;
  Request request;
  std::uint64_t stored = 0;                          // by a store
  unsigned leaf = 0;                                 // level of the leaf
  unsigned length = 0;                               // entries on the path
  std::array<PathEntry, Format::kMaxLevels> path{};  // from the root on

  std::span<const PathEntry> entries() const { return std::span(path).first(length); }
  std::span<PathEntry> entries() { return std::span(path).first(length); }
};

struct Answer {
  std::uint16_t code = 0;                                 // as the architecture reports it (Fault::code); 0 = no fault
  std::uint64_t fault_va = 0;                             // tval, CR2
  std::uint64_t pa = 0;                                   // without a fault
  std::array<std::uint64_t, Format::kMaxLevels> after{};  // the path's entries afterwards
  bool operator==(const Answer&) const = default;
};

// What it takes to be no fault's address: the access went somewhere else.
inline constexpr std::uint64_t kElsewhere = ~0ULL;

// Our side. `fault` is the complete record.
struct SubjectAnswer : Answer {
  Fault fault;
  unsigned level = 0;  // of the leaf that translated
};

class Subject {
 public:
  virtual ~Subject() = default;
  virtual SubjectAnswer answer(const Case& c) = 0;
};

// Answers all cases in order. `hints` are the subject's answers: a store is looked for where the subject says it went.
class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual std::string name() const = 0;
  virtual void answer(std::span<const Case> cases, std::span<const SubjectAnswer> hints, std::span<Answer> answers) = 0;
};

// The reference walker of sw/.
SubjectAnswer model_answer(const Machine& machine, const Case& c);

// A case in a line, for reports.
std::string describe(const Machine& machine, const Case& c);
std::string describe(const Answer& answer, unsigned length);

}  // namespace vm::oracle
