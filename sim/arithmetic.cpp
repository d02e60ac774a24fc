// SPDX-License-Identifier: Apache-2.0
#include "arithmetic.h"

#include <fmt/format.h>

#include "machine/error.h"

namespace vm::sim {

Widths widths_of(const Machine& machine) {
  const Format& f = machine.format;
  unsigned flags = 0;
  for (const auto& bit : {f.valid_bit, f.kernel_bit, f.read_bit, f.write_bit, f.exec_bit}) flags += bit.has_value();
  return {machine.va_bits, machine.pa_bits, f.page_bits, flags};
}

std::string arithmetic(const Widths& w, std::optional<std::uint64_t> address) {
  // 2^va pages of some bits each must be countable in 64 bits.
  if (w.va_bits > 64 || w.pa_bits > 64 || w.page_bits >= w.va_bits || w.page_bits >= w.pa_bits || w.flag_bits > 64) {
    throw InputError(fmt::format(
        "found {}-bit virtual and {}-bit physical addresses, pages of 2^{} bytes and {} flag bits, expected at most 64 "
        "of each and pages smaller than both spaces",
        w.va_bits, w.pa_bits, w.page_bits, w.flag_bits));
  }
  const unsigned vpn = w.va_bits - w.page_bits;
  const unsigned ppn = w.pa_bits - w.page_bits;
  const unsigned entry = ppn + w.flag_bits;
  std::string text =
      fmt::format("pages:       {}-bit addresses, 2^{}-byte pages: 2^{} virtual pages", w.va_bits, w.page_bits, vpn);
  if (vpn < 64) text += fmt::format(" ({})", 1ULL << vpn);
  text += fmt::format("\npage table:  2^{} entries x ({} + {}) bits", vpn, ppn, w.flag_bits);
  if (vpn < 56) text += fmt::format(" = {} bits", (1ULL << vpn) * entry);
  text += "\n";
  if (address) {
    if (*address > low_mask(w.va_bits)) {
      throw InputError(fmt::format("found address 0x{:x}, expected at most {} bits", *address, w.va_bits));
    }
    text += fmt::format("address:     0x{:x} = page 0x{:x}, offset 0x{:x}\n", *address, *address >> w.page_bits,
                        *address & low_mask(w.page_bits));
  }
  return text;
}

}  // namespace vm::sim
