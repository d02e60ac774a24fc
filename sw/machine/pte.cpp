// SPDX-License-Identifier: Apache-2.0
#include "machine/pte.h"

namespace vm {
namespace {

// Privileged architecture, Sv32 to Sv57 (R2). The PPN begins at ppn_lsb; entries of 8 bytes have more above it.
namespace riscv {
constexpr unsigned kValid = 0, kRead = 1, kWrite = 2, kExec = 3, kUser = 4, kGlobal = 5, kAccessed = 6, kDirty = 7;
constexpr unsigned kSoftware = 8, kPbmtLsb = 61, kNapot = 63;
constexpr unsigned kPbmtNone = 0, kPbmtNonCacheable = 1, kPbmtIo = 2;
constexpr unsigned kNapotBits = 4;      // 64 KiB: the only size there is (R10)
constexpr std::uint64_t kNapotPpn = 8;  // its low PPN bits
}  // namespace riscv

// 4- and 5-level paging (X17).
namespace x86 {
constexpr unsigned kPresent = 0, kWrite = 1, kUser = 2, kPwt = 3, kAccessed = 5, kDirty = 6, kPageSize = 7;
constexpr unsigned kGlobal = 8, kSoftware = 9, kLargePat = 12, kTopOfAddress = 52, kNoExecute = 63;
constexpr unsigned kSmallPat = 7;  // bit 7 of a PTE is no page-size bit (X4)
}  // namespace x86

bool bit_of(std::uint64_t raw, unsigned position) { return (raw >> position & 1U) != 0; }
std::uint64_t bit(unsigned position, bool value) { return value ? 1ULL << position : 0; }

bool flag(std::uint64_t raw, const std::optional<unsigned>& position, bool if_missing) {
  return position ? bit_of(raw, *position) : if_missing;
}

std::uint64_t flag_value(const std::optional<unsigned>& position, bool value) {
  return position ? bit(*position, value) : 0;
}

// Bits from `lsb` up to, but not including, `end`.
std::uint64_t bits_between(unsigned lsb, unsigned end) { return end <= lsb ? 0 : low_mask(end) & ~low_mask(lsb); }

// Where byte i of an entry in memory sits in its value.
unsigned shift_of_byte(const Format& format, unsigned i) {
  return 8 * (format.pte_big_endian ? format.pte_bytes() - 1 - i : i);
}

Ppn ppn_field(const Format& f, std::uint64_t raw) { return Ppn(raw >> f.ppn_lsb & low_mask(f.ppn_bits)); }

Pte decode_flat(const Format& f, std::uint64_t raw) {
  Pte pte;
  pte.valid = flag(raw, f.valid_bit, true);
  pte.user = !flag(raw, f.kernel_bit, false);
  pte.read = flag(raw, f.read_bit, true);
  pte.write = flag(raw, f.write_bit, true);
  pte.exec = flag(raw, f.exec_bit, true);
  pte.ppn = ppn_field(f, raw);
  return pte;
}

constexpr std::uint32_t reason(ReservedReason r, bool holds) { return holds ? 1U << static_cast<unsigned>(r) : 0; }

// What an entry of 8 bytes has above its PPN: sets type and NAPOT range, returns the reserved encodings (R7, R10, R29).
std::uint32_t riscv_upper_bits(const Format& f, const Environment& env, std::uint64_t raw, unsigned level, Pte& pte) {
  std::uint32_t why =
      reason(ReservedReason::UpperBits, (raw & bits_between(f.ppn_lsb + f.ppn_bits, riscv::kPbmtLsb)) != 0);
  const unsigned pbmt = static_cast<unsigned>(raw >> riscv::kPbmtLsb & 3U);
  if (pbmt != riscv::kPbmtNone) {
    why |= reason(ReservedReason::NotSupported, !f.pbmt) | reason(ReservedReason::PbmtDisabled, f.pbmt && !env.pbmte) |
           reason(ReservedReason::PbmtPointer, f.pbmt && !pte.leaf) |
           reason(ReservedReason::PbmtEncoding, f.pbmt && pbmt > riscv::kPbmtIo);
    pte.type = pbmt == riscv::kPbmtNonCacheable ? MemType::NonCacheable : MemType::Io;
  }
  if (bit_of(raw, riscv::kNapot)) {
    const bool size = (pte.ppn.value & low_mask(riscv::kNapotBits)) == riscv::kNapotPpn;
    why |= reason(ReservedReason::NotSupported, !f.napot) | reason(ReservedReason::NapotPointer, f.napot && !pte.leaf) |
           reason(ReservedReason::NapotLevel, f.napot && pte.leaf && level != 0) |
           reason(ReservedReason::NapotSize, f.napot && pte.leaf && level == 0 && !size);
    pte.napot = true;
    pte.ppn = Ppn(pte.ppn.value & ~low_mask(riscv::kNapotBits));
  }
  return why;
}

struct Decoded {
  Pte pte;
  std::uint32_t why_reserved = 0;
};

Decoded decode_riscv(const Format& f, const Environment& env, std::uint64_t raw, unsigned level) {
  Pte pte;
  pte.valid = bit_of(raw, riscv::kValid);
  pte.read = bit_of(raw, riscv::kRead);
  pte.write = bit_of(raw, riscv::kWrite);
  pte.exec = bit_of(raw, riscv::kExec);
  pte.user = bit_of(raw, riscv::kUser);
  pte.global = bit_of(raw, riscv::kGlobal);
  pte.accessed = bit_of(raw, riscv::kAccessed);
  pte.dirty = bit_of(raw, riscv::kDirty);
  pte.ppn = ppn_field(f, raw);
  pte.leaf = pte.read || pte.write || pte.exec;  // R8; W without R is reserved either way
  std::uint32_t why = reason(ReservedReason::WriteWithoutRead, pte.write && !pte.read);
  if (f.pte_bytes() == 8) why |= riscv_upper_bits(f, env, raw, level, pte);
  if (pte.leaf) {
    why |= reason(ReservedReason::LeafTooHigh, level > f.max_leaf_level) |
           reason(ReservedReason::Misaligned, (pte.ppn.value & low_mask(f.index_lsb(level))) != 0);
  } else {
    why |= reason(ReservedReason::PointerAtLevelZero, level == 0) |
           reason(ReservedReason::PointerBits, pte.accessed || pte.dirty || pte.user);
  }
  pte.reserved = pte.valid && why != 0;
  return {pte, why};
}

MemType pat_entry(std::uint64_t pat, unsigned index) { return static_cast<MemType>(pat >> (8 * index) & 7U); }

Decoded decode_x86(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level) {
  const Format& f = machine.format;
  Pte pte;
  pte.valid = bit_of(raw, x86::kPresent);
  pte.write = bit_of(raw, x86::kWrite);
  pte.user = bit_of(raw, x86::kUser);
  pte.accessed = bit_of(raw, x86::kAccessed);
  pte.exec = !bit_of(raw, x86::kNoExecute);
  pte.ppn = ppn_field(f, raw);
  std::uint32_t why =
      reason(ReservedReason::UpperBits, (raw & bits_between(machine.pa_bits, x86::kTopOfAddress)) != 0) |
      reason(ReservedReason::ExecuteDisable, !pte.exec && !context.env.nxe);
  unsigned type = static_cast<unsigned>(raw >> x86::kPwt & 3U);  // 2*PCD + PWT (X18)
  pte.leaf = level == 0 || bit_of(raw, x86::kPageSize);
  if (pte.leaf) {
    pte.dirty = bit_of(raw, x86::kDirty);
    pte.global = context.env.pge && bit_of(raw, x86::kGlobal);
    type = pat_index(raw, level);
    if (level > 0) {
      const unsigned offset_bits = f.page_bits + f.index_lsb(level);
      why |= reason(ReservedReason::LeafTooHigh, level > f.max_leaf_level) |
             reason(ReservedReason::Misaligned, (raw & bits_between(x86::kLargePat + 1, offset_bits)) != 0);
      pte.ppn = Ppn(pte.ppn.value & ~1ULL);  // that bit is the PAT bit
    }
  }
  pte.type = pat_entry(context.pat, type);
  pte.reserved = pte.valid && why != 0;
  return {pte, why};
}

Decoded decode(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level) {
  switch (machine.format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      return decode_riscv(machine.format, context.env, raw, level);
    case PteKind::X86:
      return decode_x86(machine, context, raw, level);
  }
  return {decode_flat(machine.format, raw), 0};
}

std::uint64_t encode_riscv(const Format& f, const Pte& pte) {
  const auto flags = [](const Pte& p) { return bit(riscv::kValid, p.valid) | bit(riscv::kGlobal, p.global); };
  if (!pte.leaf) return flags(pte) | (pte.ppn.value & low_mask(f.ppn_bits)) << f.ppn_lsb;
  Pte leaf = pte;
  leaf.read |= leaf.write;
  leaf.valid &= leaf.read || leaf.exec;
  std::uint64_t raw = flags(leaf) | bit(riscv::kRead, leaf.read) | bit(riscv::kWrite, leaf.write) |
                      bit(riscv::kExec, leaf.exec) | bit(riscv::kUser, leaf.user) |
                      bit(riscv::kAccessed, leaf.accessed) | bit(riscv::kDirty, leaf.dirty);
  if (leaf.napot && f.napot) {
    raw |= bit(riscv::kNapot, true);
    leaf.ppn = Ppn((leaf.ppn.value & ~low_mask(riscv::kNapotBits)) | riscv::kNapotPpn);
  }
  if (f.pbmt && leaf.type == MemType::NonCacheable) raw |= std::uint64_t{riscv::kPbmtNonCacheable} << riscv::kPbmtLsb;
  if (f.pbmt && leaf.type == MemType::Io) raw |= std::uint64_t{riscv::kPbmtIo} << riscv::kPbmtLsb;
  return raw | (leaf.ppn.value & low_mask(f.ppn_bits)) << f.ppn_lsb;
}

// PWT and PCD (bits 0 and 1) that name this type in the PAT as after reset; WB where that PAT does not have it.
unsigned reset_pat_index(MemType type) {
  for (unsigned index = 0; index < 4; ++index) {
    if (pat_entry(Context{}.pat, index) == type) return index;
  }
  return 0;
}

std::uint64_t encode_x86(const Format& f, const Pte& pte, unsigned level) {
  std::uint64_t raw = bit(x86::kPresent, pte.valid) | bit(x86::kWrite, pte.write) | bit(x86::kUser, pte.user) |
                      bit(x86::kAccessed, pte.accessed) | bit(x86::kNoExecute, !pte.exec) |
                      std::uint64_t{reset_pat_index(pte.type)} << x86::kPwt;
  if (pte.leaf) {
    raw |= bit(x86::kDirty, pte.dirty) | bit(x86::kGlobal, pte.global) | bit(x86::kPageSize, level > 0);
  }
  return raw | (pte.ppn.value & low_mask(f.ppn_bits)) << f.ppn_lsb;
}

Cause data_right(const Pte& pte, const Request& request, bool may_store) {
  if (request.kind == AccessKind::Store) {
    if (!may_store) return Cause::Write;
    return is_amo(request.atomic) && !pte.read ? Cause::Read : Cause::None;
  }
  return pte.read || (request.mxr && pte.exec) ? Cause::None : Cause::Read;
}

}  // namespace

Pte decode_pte(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level) {
  return decode(machine, context, raw, level).pte;
}

std::uint32_t reserved_reasons(const Machine& machine, const Context& context, std::uint64_t raw, unsigned level) {
  return decode(machine, context, raw, level).why_reserved;
}

std::uint64_t encode_pte(const Format& format, const Pte& pte, unsigned level) {
  switch (format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      return encode_riscv(format, pte);
    case PteKind::X86:
      return encode_x86(format, pte, level);
  }
  return flag_value(format.valid_bit, pte.valid) | flag_value(format.kernel_bit, !pte.user) |
         flag_value(format.read_bit, pte.read) | flag_value(format.write_bit, pte.write) |
         flag_value(format.exec_bit, pte.exec) | (pte.ppn.value & low_mask(format.ppn_bits)) << format.ppn_lsb;
}

Pte expressible(const Format& format, const Pte& pte) {
  Machine machine;
  machine.format = format;
  machine.pa_bits = format.page_bits + format.ppn_bits;
  Context context;  // in which every bit of the format counts
  context.env = {.adue = false, .pbmte = true, .pge = true, .nxe = true};
  return decode_pte(machine, context, encode_pte(format, pte));
}

Cause denied_by(const Format& format, const Environment& env, const Pte& pte, const Request& request) {
  const bool fetch = request.kind == AccessKind::Fetch;
  if (request.user && !pte.user) return Cause::Privilege;
  if (!request.user && pte.user) {
    const bool riscv = format.kind == PteKind::Riscv;
    if (fetch ? riscv || env.smep : (riscv || env.smap) && !request.sum) return Cause::Privilege;
  }
  if (fetch) return pte.exec ? Cause::None : Cause::Exec;
  return data_right(pte, request, pte.write || (!request.user && !env.wp));
}

Request granted_request(const Pte& pte, VirtAddr va) {
  return {.kind = pte.read ? AccessKind::Load : AccessKind::Fetch, .user = pte.user, .va = va};
}

Cause withheld_by(const Pte& pte, AccessKind kind) {
  if (!pte.accessed) return Cause::Accessed;
  return kind == AccessKind::Store && !pte.dirty ? Cause::Dirty : Cause::None;
}

std::uint64_t with_accessed(const Format& format, std::uint64_t raw, bool dirty) {
  switch (format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      return raw | bit(riscv::kAccessed, true) | bit(riscv::kDirty, dirty);
    case PteKind::X86:
      return raw | bit(x86::kAccessed, true) | bit(x86::kDirty, dirty);
  }
  return raw;
}

unsigned pat_index(std::uint64_t raw, unsigned level) {
  const unsigned low = static_cast<unsigned>(raw >> x86::kPwt & 3U);  // 2*PCD + PWT
  return low + (bit_of(raw, level == 0 ? x86::kSmallPat : x86::kLargePat) ? 4 : 0);
}

std::uint64_t most_slots(const Format& format) {
  const bool has_valid_bit = format.kind != PteKind::Flat || format.valid_bit.has_value();
  return has_valid_bit ? low_mask(format.ppn_bits) : 0;
}

std::uint64_t cow_mark(const Format& format) {
  switch (format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      return bit(riscv::kSoftware, true);
    case PteKind::X86:
      return bit(x86::kSoftware, true);
  }
  return 0;
}

namespace {

std::uint64_t transition_mark(const Format& format) {
  switch (format.kind) {
    case PteKind::Flat:
      break;
    case PteKind::Riscv:
      return bit(riscv::kSoftware + 1, true);
    case PteKind::X86:
      return bit(x86::kSoftware + 1, true);
  }
  return 0;
}

}  // namespace

std::uint64_t encode_transition(const Format& format, Ppn frame) {
  const std::uint64_t mark = transition_mark(format);
  return mark == 0 ? 0 : encode_slot(format, frame.value) | mark;
}

std::optional<Ppn> transition_frame(const Format& format, std::uint64_t raw) {
  const std::uint64_t mark = transition_mark(format);
  return mark == 0 || (raw & mark) == 0 ? std::nullopt : std::optional(ppn_field(format, raw));
}

std::uint64_t encode_slot(const Format& format, std::uint64_t slot) {
  return (slot & low_mask(format.ppn_bits)) << format.ppn_lsb;
}

std::uint64_t slot_of(const Format& format, std::uint64_t raw) { return ppn_field(format, raw).value; }

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
