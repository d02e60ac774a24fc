// SPDX-License-Identifier: Apache-2.0
//
// Strong address types: a virtual address, a physical address, a virtual page number and a physical page number
// are four types, and mixing them does not compile. Each holds 64 bits; widths are the machine's business.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace vm {

template <class Tag>
struct Address {
  std::uint64_t value = 0;

  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t v) : value(v) {}
  constexpr auto operator<=>(const Address&) const = default;  // NOLINT(modernize-use-nullptr): sees 0 in <=>
  constexpr Address operator+(std::uint64_t bytes) const { return Address(value + bytes); }
  constexpr std::uint64_t operator-(Address other) const { return value - other.value; }
  constexpr Address& operator+=(std::uint64_t bytes) {
    value += bytes;
    return *this;
  }
};

using VirtAddr = Address<struct VirtTag>;
using PhysAddr = Address<struct PhysTag>;
using Vpn = Address<struct VpnTag>;  // virtual page number
using Ppn = Address<struct PpnTag>;  // physical page number (frame number)

// Low `bits` bits set; bits may be 64.
constexpr std::uint64_t low_mask(unsigned bits) { return bits >= 64 ? ~0ULL : (1ULL << bits) - 1; }

}  // namespace vm

template <class Tag>
struct std::hash<vm::Address<Tag>> {
  std::size_t operator()(vm::Address<Tag> a) const noexcept { return std::hash<std::uint64_t>{}(a.value); }
};
