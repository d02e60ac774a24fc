// SPDX-License-Identifier: Apache-2.0
#include "reasons.h"

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "machine/control.h"
#include "qemu.h"

namespace vm::oracle {
namespace {

constexpr std::uint64_t kValid = 1, kRights = 0xE, kUsed = 0xD0;  // RISC-V: V; R, W, X; U, A, D

void nothing(Case&) {}
void same(const Machine&, const Case&, SubjectAnswer&) {}

void forget_pointer_bits(Case& c) {
  for (PathEntry& entry : c.entries()) {
    if ((entry.value & (kValid | kRights)) == kValid) entry.value &= ~kUsed;
  }
}

// The page number runs on into bits 61:54: far outside memory. Bits 63:62 fall off its end.
void read_high_bits_as_address(Case& c) {
  for (PathEntry& entry : c.entries()) {
    const bool beyond = (entry.value >> 54 & 0xFF) != 0;
    entry.value &= low_mask(54);
    if (beyond) entry.value |= 1ULL << 53;
  }
}

void table_outside_reads_zero(const Machine& machine, const Case& c, SubjectAnswer& answer) {
  if (answer.fault.cause != Cause::EntryAccess) return;
  answer.fault.cause = Cause::Invalid;
  answer.code = architectural_code(machine, c.context, answer.fault);
}

// The level-2 entry is marked as used before its low address bits and its rights are looked at.
void mark_huge_page(const Machine& machine, const Case& c, SubjectAnswer& answer) {
  constexpr unsigned kHuge = 2;
  constexpr std::uint64_t kPresent = 1, kAccessed = 32, kPageSize = 128;
  if (answer.code == 0 || answer.fault.level != kHuge) return;
  for (unsigned i = 0; i < c.length; ++i) {
    const std::uint64_t value = c.path.at(i).value;
    const std::uint64_t reserved = ((low_mask(52) & ~low_mask(machine.pa_bits)) | (c.context.env.nxe ? 0 : 1ULL << 63));
    const bool leaf = (value & (kPresent | kPageSize)) == (kPresent | kPageSize);
    if (c.path.at(i).level == kHuge && leaf && (value & reserved) == 0) answer.after.at(i) |= kAccessed;
  }
}

void forget_reserved_bits(Case& c) {
  for (PathEntry& entry : c.entries()) entry.value &= ~(0x7FULL << 54);
}

constexpr std::uint64_t kNapot = 1ULL << 63, kPbmt = 3ULL << 61, kReserved = 1ULL << 54;

bool bad_napot(const PathEntry& entry) {
  constexpr std::uint64_t kSize = 0xFULL << 10, kSize64K = 8ULL << 10;
  const bool napot_leaf = (entry.value & kNapot) != 0 && (entry.value & kRights) != 0;
  return napot_leaf && (entry.level != 0 || (entry.value & kSize) != kSize64K);
}

void forget_bad_napot(Case& c) {
  for (PathEntry& entry : c.entries()) {
    if (bad_napot(entry)) entry.value &= ~kNapot;
  }
}

void bad_napot_faults_late(const Machine& machine, const Case& c, SubjectAnswer& answer) {
  if (!bad_napot(c.entries().back()) || (answer.code != 0 && answer.fault.cause != Cause::Access)) return;
  answer.fault.cause = Cause::Reserved;
  answer.fault.access = c.request.kind;
  answer.fault_va = c.request.va.value;
  answer.pa = 0;
  answer.code = architectural_code(machine, c.context, answer.fault);
}

void forget_leaf_types(Case& c) {
  for (PathEntry& entry : c.entries()) {
    if ((entry.value & kRights) != 0) entry.value &= ~kPbmt;
  }
}

void reserve_extension_bits(Case& c) {
  for (PathEntry& entry : c.entries()) {
    if ((entry.value & (kNapot | kPbmt)) != 0) entry.value |= kReserved;
  }
}

constexpr Reason kTableOutside{
    "an entry outside memory is read as zero: page fault, no access fault",
    "RISC-V privileged architecture, Virtual Address Translation Process, step 2 (rule R6): the access fault is right",
    nothing, table_outside_reads_zero};

constexpr std::array kUnicornRiscv{
    Reason{"A, D or U set in a pointer is ignored",
           "RISC-V privileged architecture, Virtual Address Translation Process, step 3, and the entry format of Sv32 "
           "(rule R7): reserved in a pointer, page fault",
           forget_pointer_bits, same},
    Reason{
        "bits 63:54 are part of the page number",
        "RISC-V privileged architecture, Sv39, Addressing and Memory Protection (rules R2, R7): 60:54 reserved, 62:61 "
        "Svpbmt, 63 Svnapot",
        read_high_bits_as_address, same},
    kTableOutside,
};

constexpr std::array kQemuRiscv{
    Reason{"bits 60:54 are ignored where Svnapot or Svpbmt is on",
           "RISC-V privileged architecture, Sv39, Addressing and Memory Protection (rule R7): reserved, page fault",
           forget_reserved_bits, same},
    Reason{"A and D are set before a NAPOT size is found to be wrong",
           "RISC-V privileged architecture, Svnapot (rule R10): a page fault for the encoding, so nothing is set",
           forget_bad_napot, bad_napot_faults_late},
    Reason{"PBMT of a leaf is not checked",
           "RISC-V privileged architecture, Svpbmt (rules R7, R29): page fault for 3, and for all but 0 without PBMTE",
           forget_leaf_types, same},
    kTableOutside,
};

constexpr std::array kPlainQemuRiscv{
    Reason{"bits 63:61 are reserved: the core has neither Svnapot nor Svpbmt",
           "RISC-V privileged architecture, Svnapot and Svpbmt (rules R28, R29): ours has both", reserve_extension_bits,
           same},
    kTableOutside,
};

constexpr std::array kUnicornX86{
    Reason{"an entry outside memory is read as zero: page fault, entry not present",
           "Intel SDM volume 3, chapter Paging, leaves it to the platform what an address without memory answers (rule "
           "X19): ours reports a machine check",
           nothing, table_outside_reads_zero},
    Reason{"a 1 GiB page that faults has its accessed bit set",
           "Intel SDM volume 3, chapter Interrupt and Exception Handling, Page-Fault Exception (rule X10): model "
           "specific; ours sets it only if the access is allowed",
           nothing, mark_huge_page},
};

}  // namespace

std::span<const Reason> reasons(PteKind kind, std::string_view oracle) {
  if (kind == PteKind::X86) return kUnicornX86;
  if (oracle == kQemuName) return kQemuRiscv;
  if (oracle == kPlainQemuName) return kPlainQemuRiscv;
  return kUnicornRiscv;
}

namespace {

SubjectAnswer foretell(const Machine& machine, std::span<const Reason> reasons, unsigned set, const Case& c) {
  Case altered = c;
  for (unsigned i = 0; i < reasons.size(); ++i) {
    if ((set >> i & 1) != 0) reasons[i].alter(altered);
  }
  SubjectAnswer foretold = model_answer(machine, altered);
  for (unsigned i = 0; i < reasons.size(); ++i) {
    if ((set >> i & 1) != 0) reasons[i].relabel(machine, c, foretold);
  }
  for (unsigned i = 0; i < c.length; ++i) {
    // What the oracle writes it writes into the entry as it was.
    foretold.after.at(i) ^= altered.path.at(i).value ^ c.path.at(i).value;
  }
  return foretold;
}

void accept(Difference& difference, unsigned set) {
  if (difference.reasons == 0 || std::popcount(set) < std::popcount(difference.reasons)) difference.reasons = set;
}

}  // namespace

void explain(const Machine& machine, std::span<const Reason> reasons, std::span<Difference> differences,
             Oracle& oracle) {
  // Addresses to ask about, all at once: a question to QEMU costs a start.
  std::vector<Case> cases;
  std::vector<SubjectAnswer> hints;
  std::vector<std::pair<Difference*, unsigned>> meant;
  for (Difference& difference : differences) {
    for (unsigned set = 1; set < 1U << reasons.size(); ++set) {
      const SubjectAnswer foretold = foretell(machine, reasons, set, *difference.asked);
      if (static_cast<const Answer&>(foretold) == difference.seen) {
        accept(difference, set);
      } else if (foretold.code == 0 && difference.seen.code == 0 && foretold.after == difference.seen.after) {
        cases.push_back(*difference.asked);
        hints.push_back(foretold);
        meant.emplace_back(&difference, set);
      }
    }
  }
  if (cases.empty()) return;
  std::vector<Answer> answers(cases.size());
  oracle.answer(cases, hints, answers);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (static_cast<const Answer&>(hints[i]) == answers[i]) accept(*meant[i].first, meant[i].second);
  }
}

}  // namespace vm::oracle
