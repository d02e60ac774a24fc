// SPDX-License-Identifier: Apache-2.0
//
// Page-table entries: the only C++ file pair that knows their bit layouts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "machine/access.h"
#include "machine/context.h"
#include "machine/machine.h"

namespace vm {

// What is to be translated: `va` is the first byte of an access that lies inside one page.
struct Request {
  AccessKind kind = AccessKind::Load;
  AtomicOp atomic = AtomicOp::None;
  bool user = true;
  bool sum = false, mxr = false;  // as in Access
  VirtAddr va;
};
// Of an access, or its part at `va`.
inline Request request_of(const Access& access, VirtAddr va) {
  return {.kind = access.kind,
          .atomic = access.atomic,
          .user = access.user,
          .sum = access.sum,
          .mxr = access.mxr,
          .va = va};
}

// What an entry says, the same for every format.
struct Pte {
  bool valid = false;
  bool leaf = true;       // false: points to a table
  bool reserved = false;  // a reserved bit or encoding, or a leaf or pointer where there can be none
  bool user = true;
  bool read = true, write = true, exec = true;
  bool accessed = true, dirty = true;
  bool global = false;
  bool napot = false;
  MemType type = MemType::WriteBack;  // of the page, or of the table pointed to
  Ppn ppn;                            // of the page, of the first page of a NAPOT range, or of the table pointed to
  bool operator==(const Pte&) const = default;
};

// Bits the format lacks decode as granted (user, read, write, exec, accessed, dirty). `level`, `context` and `machine`
// decide which bits are reserved, where a leaf may be, and what the memory-type bits mean. valid = false: all else is
// ignored (R7, X3).
Pte decode_pte(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level = 0);

// Why an entry is reserved.
enum class ReservedReason : std::uint8_t {
  WriteWithoutRead,    // R7
  UpperBits,           // address bits beyond the width, and bits above them (R7, X4)
  NotSupported,        // NAPOT or memory-type bits without the extension (R7)
  PbmtEncoding,        // memory type 3 (R7, R29)
  PbmtDisabled,        // a memory type while PBMTE is 0 (R29)
  PbmtPointer,         // a memory type in a pointer (R7)
  NapotLevel,          // NAPOT above level 0 (R10)
  NapotSize,           // NAPOT of a size other than 64 KiB (R10)
  NapotPointer,        // NAPOT in a pointer (R7)
  PointerBits,         // accessed, dirty or user bit in a pointer (R7)
  PointerAtLevelZero,  // R8
  Misaligned,          // a superpage that does not begin at a multiple of its size (R9, X4)
  LeafTooHigh,         // page-size bit above the largest page (X4)
  ExecuteDisable,      // execute-disable while NXE is 0 (X4)
};
constexpr unsigned kReservedReasons = 14;

// All that hold for an entry, or would hold if it were valid: bit n for reason n.
std::uint32_t reserved_reasons(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level);

// The entry's value; a right the format has no bit for is lost (see expressible). The PPN must fit its field. RISC-V: a
// leaf that may be written may be read, and one without any right becomes invalid, as it would read as a pointer. x86:
// the memory type is named as in the PAT after reset.
std::uint64_t encode_pte(const Format& format, const Pte& pte, unsigned level = 0);

// What remains of `pte` after encoding and decoding: rights the format cannot withhold are granted.
Pte expressible(const Format& format, const Pte& pte);

// The right to make this access, without regard to `valid`, A and D: Cause::None, Privilege, Exec, Read or Write (R11,
// R12, X6 to X8).
Cause denied_by(const Format& format, const Environment& env, const Pte& pte, const Request& request);
// A request that these rights grant in every mode: a load if the page may be read, else a fetch.
Request granted_request(const Pte& pte, VirtAddr va);
// Accessed or Dirty where the entry withholds the access until those bits are set; else None.
Cause withheld_by(const Pte& pte, AccessKind kind);
// The entry with the bits set that this access asks for (A; D for a store).
std::uint64_t with_accessed(const Format& format, std::uint64_t raw, bool dirty);

// x86: the entry of the PAT that a leaf names (X18).
unsigned pat_index(std::uint64_t raw, unsigned level);

// An entry that is not valid is the operating system's but for that bit: here the number of a slot of the swap file
// stands where the PPN would be. 0 is no slot.
std::uint64_t most_slots(const Format& format);  // the highest number; 0: entries of this format are always valid
std::uint64_t encode_slot(const Format& format, std::uint64_t slot);
std::uint64_t slot_of(const Format& format, std::uint64_t raw);  // of an entry that is not valid

// Of a page whose frame still holds it, though no entry is valid: the frame, with a mark that tells it from a slot
// (RISC-V: bit 9, x86: bit 10). 0: entries of this format have no bit left for the mark, so they say nothing.
std::uint64_t encode_transition(const Format& format, Ppn frame);
std::optional<Ppn> transition_frame(const Format& format, std::uint64_t raw);  // nullopt: the mark is not there

// The bit of a leaf with which the operating system marks copy-on-write pages, one that the hardware leaves to software
// (R2; x86: 11:9). 0: entries of this format have none.
std::uint64_t cow_mark(const Format& format);

// An entry as it lies in memory: format.pte_bytes() bytes in the format's byte order.
std::array<std::uint8_t, 8> pte_to_bytes(const Format& format, std::uint64_t raw);
std::uint64_t pte_from_bytes(const Format& format, std::span<const std::uint8_t> bytes);

}  // namespace vm
