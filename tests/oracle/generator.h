// SPDX-License-Identifier: Apache-2.0
//
// Random cases that are worth asking: a path that would translate, and then nothing, one thing or a few things wrong.
#pragma once

#include <cstdint>

#include "case.h"
#include "machine/random.h"

namespace vm::oracle {

class Generator {
 public:
  Generator(const Machine& machine, std::uint64_t seed);
  Case next();

 private:
  void choose_mode(Case& c);
  void choose_address(Case& c);
  void lay_path(Case& c);
  void leave_canonical(Case& c);
  void riscv_valid(Case& c);
  void riscv_spoil(Case& c);
  void lead_to_empty_table(Case& c);
  void x86_valid(Case& c);
  void x86_spoil(Case& c);

  bool percent(unsigned p) { return random_.below(100) < p; }
  PathEntry& some_entry(Case& c) { return c.path.at(random_.below(c.length)); }
  PathEntry& leaf_entry(Case& c) { return c.path.at(c.length - 1U); }
  void flip(PathEntry& entry, unsigned bit) { entry.value ^= 1ULL << bit; }
  std::uint64_t outside();  // page number that no memory is at

  const Machine& machine_;
  Layout layout_;
  Random random_;
  std::uint64_t pa_ = 0;  // what the case means to reach
};

}  // namespace vm::oracle
