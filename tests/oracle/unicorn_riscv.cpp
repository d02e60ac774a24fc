// SPDX-License-Identifier: Apache-2.0
//
// Unicorn as Sv32, Sv39, Sv48 and Sv57: machine mode makes loads and stores with MPRV, and fetches by MRET.
#include <array>

#include "emulator.h"
#include "machine/control.h"

namespace vm::oracle {
namespace {

class UnicornRiscv final : public Oracle {
 public:
  explicit UnicornRiscv(const Machine& machine)
      : wide_(machine.format.pte_bytes_log2 == 3),
        bytes_(wide_ ? 8 : 4),
        machine_(machine),
        emulator_(PteKind::Riscv, UC_ARCH_RISCV, wide_ ? UC_MODE_RISCV64 : UC_MODE_RISCV32,
                  wide_ ? int{UC_CPU_RISCV64_SIFIVE_U54} : int{UC_CPU_RISCV32_SIFIVE_U34}) {
    const std::array<std::uint32_t, 5> program{wide_ ? 0x0005B503U : 0x0005A503U,  // ld or lw a0, (a1)
                                               0x00000013,                         // nop
                                               wide_ ? 0x00C5B023U : 0x00C5A023U,  // sd or sw a2, (a1)
                                               0x00000013,                         // nop
                                               0x30200073};                        // mret
    for (unsigned i = 0; i < program.size(); ++i) {
      emulator_.write(emulator_.layout().memory + 4 * i, program.at(i), 4);
      emulator_.write(emulator_.layout().memory + 4096 + 4 * i, program.at(i), 4);
    }
    reset_ = emulator_.save();
  }

  std::string name() const override { return "Unicorn"; }

  void answer(std::span<const Case> cases, std::span<const SubjectAnswer> hints, std::span<Answer> answers) override {
    for (std::size_t i = 0; i < cases.size(); ++i) answers[i] = answer(cases[i], hints[i]);
  }

 private:
  static constexpr std::uint64_t kMprv = 1U << 17U, kMppSupervisor = 1U << 11U, kSum = 1U << 18U, kMxr = 1U << 19U;

  Answer answer(const Case& c, const SubjectAnswer& hint) {
    const AccessKind kind = c.request.kind;
    const Layout& layout = emulator_.layout();
    emulator_.lay(c, bytes_);
    emulator_.restore(*reset_);
    emulator_.set(UC_RISCV_REG_SATP, root_value(machine_, c.context));
    emulator_.set(UC_RISCV_REG_MSTATUS, (kind != AccessKind::Fetch ? kMprv : 0) |
                                            (c.request.user ? 0 : kMppSupervisor) | (c.request.sum ? kSum : 0) |
                                            (c.request.mxr ? kMxr : 0));
    emulator_.set(UC_RISCV_REG_A0, 0);
    emulator_.set(UC_RISCV_REG_A1, c.request.va.value);
    emulator_.set(UC_RISCV_REG_A2, c.stored);
    if (kind == AccessKind::Fetch) emulator_.set(UC_RISCV_REG_MEPC, c.request.va.value);
    const bool in_memory = hint.code == 0 && layout.contains(hint.pa);
    const std::uint64_t before = in_memory ? emulator_.read(hint.pa, bytes_) : 0;

    // Unicorn keeps one translation for a page of the program and for what MPRV makes of the same address: never both.
    const std::uint64_t program = layout.memory + (c.request.va.value >> 12 == layout.memory >> 12 ? 4096 : 0);
    const std::uint64_t pc = program + 8 * (kind == AccessKind::Fetch ? 2U : kind == AccessKind::Store ? 1U : 0U);
    // A fetched page traps. Unicorn translates where the run shall end: on the path, for it may set bits.
    const uc_err end = emulator_.run(pc, kind == AccessKind::Fetch ? c.request.va.value + 0x800 : pc + 4);
    Answer answer;
    answer.code = code_of(kind, end);
    if (answer.code == 0) {
      answer.pa = in_memory && reached(c, hint.pa, before) ? hint.pa : kElsewhere;
    } else {
      // Unicorn stops before the trap is taken; the address is in no register it shows.
      answer.fault_va = c.request.va.value;
    }
    if (in_memory && kind == AccessKind::Store) emulator_.write(hint.pa, before, bytes_);
    emulator_.lift(c, bytes_, answer);
    return answer;
  }

  std::uint16_t code_of(AccessKind kind, uc_err end) const {
    const int exception = emulator_.exception();
    if (kind == AccessKind::Fetch && (exception == 8 || exception == 9)) return 0;  // the page's ECALL
    if (exception >= 0) return static_cast<std::uint16_t>(exception);
    switch (end) {
      case UC_ERR_OK:
        return 0;
      case UC_ERR_FETCH_UNMAPPED:
        return 1;
      case UC_ERR_READ_UNMAPPED:
        return 5;
      case UC_ERR_WRITE_UNMAPPED:
        return 7;
      default:
        throw std::runtime_error(std::string("Unicorn: ") + uc_strerror(end));
    }
  }

  bool reached(const Case& c, std::uint64_t pa, std::uint64_t before) {
    const std::uint64_t mask = low_mask(8 * bytes_);
    switch (c.request.kind) {
      case AccessKind::Fetch:
        return (emulator_.get(UC_RISCV_REG_A0) & 0xFFFFF000) == (pa & 0xFFFFF000);
      case AccessKind::Load:
        return (emulator_.get(UC_RISCV_REG_A0) & mask) == before;
      case AccessKind::Store:
        return emulator_.read(pa, bytes_) == (c.stored & mask);
    }
    return false;
  }

  bool wide_;
  unsigned bytes_;
  const Machine& machine_;
  Emulator emulator_;
  SavedContext reset_;
};

}  // namespace

std::unique_ptr<Oracle> make_unicorn_riscv(const Machine& machine) { return std::make_unique<UnicornRiscv>(machine); }

}  // namespace vm::oracle
