// SPDX-License-Identifier: Apache-2.0
//
// The arrays that the array port reaches: their places, and their words as machines with parity store them (array_req_t
// in rtl/vm_pkg.sv), which is what flips count bits in.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "machine/machine.h"
#include "platform/platform.h"

namespace vm {

// Ways: of the walk caches the levels of the pointers. No ways: the machine does not have this array.
struct ArrayShape {
  unsigned sets = 1, first_way = 0, ways = 0, words = 1;
};
ArrayShape array_shape(const Machine& machine, Array array);

// From bit 0 up; a field that a word does not have is 0 bits wide.
struct StoredWord {
  static constexpr std::size_t kFields = 8;
  enum Field : std::size_t { Data, Attributes, PageNumber, Asid, Tag, ValidBit, Parity, DirtyBits };
  static constexpr std::array<std::string_view, kFields> kNames{"data", "attributes", "page number", "ASID",
                                                                "tag",  "valid bit",  "parity",      "dirty bits"};
  std::array<unsigned, kFields> widths{};

  unsigned bits() const;
  unsigned lsb(std::size_t field) const;
  std::size_t field_of(unsigned bit) const;  // only of a bit below bits()
};

// `way`: of the walk caches the level of the pointer. No bits: this array has no parity.
StoredWord stored_word(const Machine& machine, Array array, unsigned way);

// Neither read nor written by the array port.
constexpr bool only_flips(Array array) { return array >= Array::L2Tlb; }

}  // namespace vm
