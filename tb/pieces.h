// SPDX-License-Identifier: Apache-2.0
//
// How an access is cut: into the parts that lie in one aligned unit each (Machine::unit_bytes).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "machine/machine.h"
#include "signals.h"

namespace vm {

// An atomic that is refused before translation (R34).
inline bool is_refused(const CoreRequest& request) {
  return request.atomic != AtomicOp::None && (request.size < 2 || (request.va & ((1ULL << request.size) - 1)) != 0);
}

struct UnitPart {
  std::uint64_t va = 0;  // first byte
  unsigned offset = 0;   // from the access's first byte
  unsigned bytes = 0;
  std::uint8_t lanes = 0;
};

inline unsigned unit_parts(unsigned unit, const CoreRequest& request) {
  const unsigned offset = static_cast<unsigned>(request.va % unit);
  return std::max(1U, (offset + (1U << request.size) + unit - 1) / unit);
}

inline UnitPart unit_part(unsigned unit, const CoreRequest& request, unsigned index) {
  const unsigned offset = static_cast<unsigned>(request.va % unit);
  const unsigned size = 1U << request.size;
  UnitPart part;
  part.offset = index == 0 ? 0 : index * unit - offset;
  part.va = request.va + part.offset;
  part.bytes = std::min(size - part.offset, unit - static_cast<unsigned>(part.va % unit));
  part.lanes = static_cast<std::uint8_t>(((1U << part.bytes) - 1U) << (part.va % 8));
  return part;
}

// All bits of the lanes that are set.
inline std::uint64_t lane_mask(unsigned lanes) {
  std::uint64_t mask = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    if (((lanes >> lane) & 1U) != 0) mask |= 0xFFULL << (8 * lane);
  }
  return mask;
}

// A core's lanes are those of its virtual address, memory's those of the physical one. They differ only where a page is
// smaller than a beat: then the halves are exchanged.
inline bool halves_exchanged(unsigned lanes, std::uint64_t pa) {
  return lanes != 0 && (static_cast<unsigned>(std::countr_zero(lanes)) & 4U) != (pa & 4U);
}
inline std::uint64_t exchange_halves(std::uint64_t data) { return std::rotl(data, 32); }
inline std::uint8_t exchange_lanes(unsigned lanes) { return static_cast<std::uint8_t>((lanes << 4) | (lanes >> 4)); }

// Between a value whose byte at `address` is least significant, and byte lanes: a rotation.
inline std::uint64_t to_lanes(std::uint64_t value, std::uint64_t address) {
  const unsigned shift = static_cast<unsigned>(address % 8) * 8;
  return shift == 0 ? value : (value << shift) | (value >> (64 - shift));
}
inline std::uint64_t from_lanes(std::uint64_t lanes, std::uint64_t address, unsigned bytes) {
  const unsigned shift = static_cast<unsigned>(address % 8) * 8;
  return (shift == 0 ? lanes : (lanes >> shift) | (lanes << (64 - shift))) & low_mask(8 * bytes);
}

}  // namespace vm
