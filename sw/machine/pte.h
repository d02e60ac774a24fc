// SPDX-License-Identifier: Apache-2.0
//
// Page-table entries: the only C++ file pair that knows their bit layouts.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "machine/access.h"
#include "machine/machine.h"

namespace vm {

// What an entry says, the same for every format.
struct Pte {
  bool valid = false;
  bool user = true;
  bool read = true, write = true, exec = true;
  Ppn ppn;
  bool operator==(const Pte&) const = default;
};

// Bits the format lacks decode as granted (user, read, write, exec).
Pte decode_pte(const Format& format, std::uint64_t raw);

// The entry's value; a right the format has no bit for is lost (see expressible). The PPN must fit its field.
std::uint64_t encode_pte(const Format& format, const Pte& pte);

// What remains of `pte` after encoding and decoding: rights the format cannot withhold are granted.
Pte expressible(const Format& format, const Pte& pte);

// The right to make this access, without regard to `valid`: Cause::None, Privilege, Exec, Read or Write.
Cause denied_by(const Pte& pte, AccessKind kind, bool user);

// An entry as it lies in memory: format.pte_bytes() bytes in the format's byte order.
std::array<std::uint8_t, 8> pte_to_bytes(const Format& format, std::uint64_t raw);
std::uint64_t pte_from_bytes(const Format& format, std::span<const std::uint8_t> bytes);

}  // namespace vm
