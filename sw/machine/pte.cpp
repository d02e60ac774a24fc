// SPDX-License-Identifier: Apache-2.0
#include "machine/pte.h"

namespace vm {
namespace {

bool flag(std::uint64_t raw, const std::optional<unsigned>& bit, bool if_missing) {
  return bit ? (raw >> *bit & 1U) != 0 : if_missing;
}

std::uint64_t flag_value(const std::optional<unsigned>& bit, bool value) { return bit && value ? 1ULL << *bit : 0; }

// Where byte i of an entry in memory sits in its value.
unsigned shift_of_byte(const Format& format, unsigned i) {
  return 8 * (format.pte_big_endian ? format.pte_bytes() - 1 - i : i);
}

}  // namespace

Pte decode_pte(const Format& format, std::uint64_t raw) {
  Pte pte;
  pte.valid = flag(raw, format.valid_bit, true);
  pte.user = !flag(raw, format.kernel_bit, false);
  pte.read = flag(raw, format.read_bit, true);
  pte.write = flag(raw, format.write_bit, true);
  pte.exec = flag(raw, format.exec_bit, true);
  pte.ppn = Ppn(raw >> format.ppn_lsb & low_mask(format.ppn_bits));
  return pte;
}

std::uint64_t encode_pte(const Format& format, const Pte& pte) {
  return flag_value(format.valid_bit, pte.valid) | flag_value(format.kernel_bit, !pte.user) |
         flag_value(format.read_bit, pte.read) | flag_value(format.write_bit, pte.write) |
         flag_value(format.exec_bit, pte.exec) | (pte.ppn.value & low_mask(format.ppn_bits)) << format.ppn_lsb;
}

Pte expressible(const Format& format, const Pte& pte) { return decode_pte(format, encode_pte(format, pte)); }

Cause denied_by(const Pte& pte, AccessKind kind, bool user) {
  if (user && !pte.user) return Cause::Privilege;
  switch (kind) {
    case AccessKind::Fetch:
      return pte.exec ? Cause::None : Cause::Exec;
    case AccessKind::Load:
      return pte.read ? Cause::None : Cause::Read;
    case AccessKind::Store:
      return pte.write ? Cause::None : Cause::Write;
  }
  return Cause::None;
}

std::array<std::uint8_t, 8> pte_to_bytes(const Format& format, std::uint64_t raw) {
  std::array<std::uint8_t, 8> bytes{};
  for (unsigned i = 0; i < format.pte_bytes(); ++i) {
    bytes.at(i) = static_cast<std::uint8_t>(raw >> shift_of_byte(format, i));
  }
  return bytes;
}

std::uint64_t pte_from_bytes(const Format& format, std::span<const std::uint8_t> bytes) {
  std::uint64_t raw = 0;
  for (unsigned i = 0; i < format.pte_bytes(); ++i) {
    raw |= static_cast<std::uint64_t>(bytes[i]) << shift_of_byte(format, i);
  }
  return raw;
}

}  // namespace vm
