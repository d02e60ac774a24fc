// SPDX-License-Identifier: Apache-2.0
#include "machine/access.h"

#include <array>

namespace vm {

std::string_view to_string(AccessKind kind) {
  switch (kind) {
    case AccessKind::Fetch:
      return "fetch";
    case AccessKind::Load:
      return "load";
    case AccessKind::Store:
      return "store";
  }
  return "?";
}

namespace {

constexpr std::array<std::string_view, kAtomicOps> kAtomicNames{
    "none", "lr", "sc", "amoswap", "amoadd", "amoxor", "amoand", "amoor", "amomin", "amomax", "amominu", "amomaxu"};

}  // namespace

std::string_view to_string(AtomicOp op) { return kAtomicNames.at(static_cast<std::size_t>(op)); }

AtomicOp atomic_named(std::string_view name) {
  for (std::size_t op = 1; op < kAtomicNames.size(); ++op) {
    if (kAtomicNames.at(op) == name) return static_cast<AtomicOp>(op);
  }
  return AtomicOp::None;
}

std::uint64_t amo_result(AtomicOp op, unsigned bytes, std::uint64_t old, std::uint64_t operand) {
  const unsigned bits = 8 * bytes;
  const std::uint64_t a = old & low_mask(bits), b = operand & low_mask(bits);
  // Two's complement: with the sign bit turned over, the order of signed numbers is that of unsigned ones.
  const std::uint64_t sign = 1ULL << (bits - 1);
  const bool less = a < b, signed_less = (a ^ sign) < (b ^ sign);
  switch (op) {
    case AtomicOp::Add:
      return (a + b) & low_mask(bits);
    case AtomicOp::Xor:
      return a ^ b;
    case AtomicOp::And:
      return a & b;
    case AtomicOp::Or:
      return a | b;
    case AtomicOp::Min:
      return signed_less ? a : b;
    case AtomicOp::Max:
      return signed_less ? b : a;
    case AtomicOp::Minu:
      return less ? a : b;
    case AtomicOp::Maxu:
      return less ? b : a;
    case AtomicOp::None:
    case AtomicOp::Lr:
    case AtomicOp::Sc:
    case AtomicOp::Swap:
      break;
  }
  return b;
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::None:
      return "none";
    case Cause::Va:
      return "va";
    case Cause::Limit:
      return "limit";
    case Cause::Invalid:
      return "invalid";
    case Cause::Privilege:
      return "privilege";
    case Cause::Read:
      return "read";
    case Cause::Write:
      return "write";
    case Cause::Exec:
      return "exec";
    case Cause::EntryAccess:
      return "entry-access";
    case Cause::EntryBus:
      return "entry-bus";
    case Cause::Access:
      return "access";
    case Cause::Bus:
      return "bus";
    case Cause::Reserved:
      return "reserved";
    case Cause::Accessed:
      return "accessed";
    case Cause::Dirty:
      return "dirty";
    case Cause::Misaligned:
      return "misaligned";
  }
  return "?";
}

}  // namespace vm
