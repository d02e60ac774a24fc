// SPDX-License-Identifier: Apache-2.0
//
// Unicorn as x86-64 with 4-level tables: long mode, supervisor by default, user by a real IRETQ. The program that asks
// lies in the last entry of each root table.
#include <algorithm>
#include <array>

#include "emulator.h"
#include "machine/random.h"

namespace vm::oracle {
namespace {

constexpr std::uint64_t kHigh = 0xFFFF'FF80'0000'0000;                         // what root entry 511 maps
constexpr std::uint64_t kPresent = 1, kWritable = 2, kUser = 4, kUsed = 0x60;  // A and D
constexpr std::uint64_t kCr0 = 0x8000'0033, kCr0Wp = 1U << 16U, kCr4 = 0x220, kCr4Smep = 1U << 20U;
constexpr std::uint64_t kCr4Smap = 1U << 21U, kEfer = 0x500, kEferNxe = 0x800, kFlagsAc = 1U << 18U;
constexpr std::uint32_t kEferMsr = 0xC000'0080;
constexpr int kPageFault = 14, kGeneralProtection = 13, kBreakpoint = 3;

class UnicornX86 final : public Oracle {
 public:
  UnicornX86()
      : emulator_(PteKind::X86, UC_ARCH_X86, UC_MODE_64, UC_CPU_X86_SKYLAKE_CLIENT),
        code_(emulator_.layout().memory + (1U << 20U)),
        high_table_(emulator_.layout().memory + (15U << 20U)) {
    place_program();
    enter_long_mode();
    enter_user_mode();
    scratch_ = emulator_.save();
    find_error_code();
  }

  std::string name() const override { return "Unicorn"; }

  void answer(std::span<const Case> cases, std::span<const SubjectAnswer> hints, std::span<Answer> answers) override {
    for (std::size_t i = 0; i < cases.size(); ++i) answers[i] = answer(cases[i], hints[i]);
  }

 private:
  void place_program() {
    // Pages of the program: 0 supervisor code, 1 user code, 2 the GDT, 3 the stack.
    for (std::uint64_t i = 0; i < 4; ++i) {
      const std::uint64_t rights = kPresent | kWritable | kUsed | (i == 1 ? kUser : 0);
      emulator_.write(high_table_ + 0x2000 + 8 * i, (code_ + i * 4096) | rights, 8);
    }
    emulator_.write(high_table_ + 0x1000, (high_table_ + 0x2000) | kPresent | kWritable | kUser | kUsed, 8);
    emulator_.write(high_table_, (high_table_ + 0x1000) | kPresent | kWritable | kUser | kUsed, 8);
    const std::array<std::uint8_t, 10> program{0x48, 0x8B, 0x03, 0x90,  // mov rax, [rbx]; nop
                                               0x48, 0x89, 0x0B, 0x90,  // mov [rbx], rcx; nop
                                               0x48, 0xCF};             // iretq
    emulator_.write(code_, program);
    emulator_.write(code_ + 4096, program);
    // Null, code and data of the supervisor, code and data of the user.
    const std::array<std::uint64_t, 5> gdt{0, 0x0020'9A00'0000'0000, 0x0000'9200'0000'0000, 0x0020'FA00'0000'0000,
                                           0x0000'F200'0000'0000};
    for (unsigned i = 0; i < gdt.size(); ++i) emulator_.write(code_ + 0x2000 + 8 * i, gdt.at(i), 8);
    const std::array<std::uint64_t, 5> frame{kHigh + 0x1003, 0x1B, 2, kHigh + 0x1FF0, 0x23};
    for (unsigned i = 0; i < frame.size(); ++i) emulator_.write(code_ + 0x3800 + 8 * i, frame.at(i), 8);
  }

  std::uint64_t high_entry() const { return high_table_ | kPresent | kWritable | kUser | kUsed; }

  void enter_long_mode() {
    const std::uint64_t root = emulator_.layout().tables();
    emulator_.write(root + 8 * 511, high_entry(), 8);
    emulator_.set(UC_X86_REG_CR4, kCr4);
    emulator_.set(UC_X86_REG_CR3, root);
    set_efer(kEfer | kEferNxe);
    emulator_.set(UC_X86_REG_CR0, kCr0 | kCr0Wp);
    uc_x86_mmr gdtr{};
    gdtr.base = kHigh + 0x2000;
    gdtr.limit = 5 * 8 - 1;
    check(uc_reg_write(emulator_.engine(), UC_X86_REG_GDTR, &gdtr), "GDTR");
    emulator_.set(UC_X86_REG_CS, 8);
    emulator_.set(UC_X86_REG_SS, 16);
    at_level_.at(0) = emulator_.save();
  }

  void enter_user_mode() {
    emulator_.set(UC_X86_REG_RSP, kHigh + 0x3800);
    check(emulator_.run(kHigh + 8, kHigh + 0x1003), "iretq");
    if ((emulator_.get(UC_X86_REG_CS) & 3) != 3) throw std::runtime_error("Unicorn: IRETQ did not reach user mode");
    at_level_.at(1) = emulator_.save();
    emulator_.write(emulator_.layout().tables() + 8 * 511, 0, 8);
  }

  void set_efer(std::uint64_t value) {
    uc_x86_msr msr{kEferMsr, value};
    check(uc_reg_write(emulator_.engine(), UC_X86_REG_MSR, &msr), "EFER");
  }

  // The error code has no register number: it is the word of the saved state that equals the codes of faults whose
  // codes are beyond doubt (X9: a lone entry that is not present, or one that a user may not use).
  void find_error_code() {
    Random random(1, "error codes");
    std::vector<std::size_t> candidates;
    for (unsigned trial = 0; trial < 200; ++trial) {
      Case c;
      c.context.translate = true;
      c.context.levels = 4;
      c.context.base = PhysAddr(emulator_.layout().table_page(3, 1));
      c.context.env.nxe = true;
      c.request.kind = random.one_in(2) ? AccessKind::Load : AccessKind::Store;
      const bool present = random.one_in(2);
      c.request.user = present || random.one_in(2);
      const std::uint64_t page = random.below(1ULL << 34) << 12;
      c.request.va = VirtAddr(page);
      c.length = 4;
      for (unsigned i = 0; i < 4; ++i) {
        const unsigned level = 3 - i;
        c.path.at(i) = {
            .at = PhysAddr(emulator_.layout().table_page(level, 1) + (page >> (12 + 9 * level) & 511) * 8),
            .value = (i < 3 ? emulator_.layout().table_page(level - 1, 1) : emulator_.layout().data()) | 0x67,
            .level = static_cast<std::uint8_t>(level)};
      }
      c.path.at(3).value ^= present ? kUser : kPresent;
      const std::uint32_t expected =
          (present ? 1U : 0U) | (c.request.kind == AccessKind::Store ? 2U : 0U) | (c.request.user ? 4U : 0U);
      run(c);
      if (emulator_.exception() != kPageFault) throw std::runtime_error("Unicorn: no page fault where one must be");
      emulator_.save(*scratch_);
      const std::size_t size = uc_context_size(emulator_.engine());
      if (trial == 0) {
        for (std::size_t at = 0; at + 4 <= size; at += 4) candidates.push_back(at);
      }
      std::erase_if(candidates, [&](std::size_t at) { return saved_word(at) != expected; });
      Answer ignored;
      clear(c, ignored);
    }
    if (candidates.empty())
      throw std::runtime_error("Unicorn: found no error code in the saved state (made for 2.1.4)");
    error_code_ = candidates.front();
  }

  std::uint32_t saved_word(std::size_t at) const {
    std::uint32_t word = 0;
    std::memcpy(&word, reinterpret_cast<const std::uint8_t*>(scratch_.get()) + at, sizeof word);
    return word;
  }

  uc_err run(const Case& c) {
    const Environment& env = c.context.env;
    emulator_.lay(c, 8);
    emulator_.write(c.context.base.value + 8 * 511, high_entry(), 8);
    emulator_.restore(*at_level_.at(c.request.user ? 1 : 0));
    emulator_.set(UC_X86_REG_CR0, kCr0 | (env.wp ? kCr0Wp : 0));
    emulator_.set(UC_X86_REG_CR4, kCr4 | (env.smep ? kCr4Smep : 0) | (env.smap ? kCr4Smap : 0));
    set_efer(kEfer | (env.nxe ? kEferNxe : 0));
    emulator_.set(UC_X86_REG_CR3, c.context.base.value);
    emulator_.set(UC_X86_REG_EFLAGS, 2 | (c.request.sum ? kFlagsAc : 0));
    emulator_.set(UC_X86_REG_RAX, 0);
    emulator_.set(UC_X86_REG_RBX, c.request.va.value);
    emulator_.set(UC_X86_REG_RCX, c.stored);
    // A fetched page traps. Unicorn looks up where the run shall end, and the byte before: both must be mapped.
    const std::uint64_t program = kHigh + (c.request.user ? 0x1000U : 0U);
    if (c.request.kind == AccessKind::Fetch) return emulator_.run(c.request.va.value, program + 3);
    const std::uint64_t pc = program + (c.request.kind == AccessKind::Store ? 4U : 0U);
    return emulator_.run(pc, pc + 3);
  }

  void clear(const Case& c, Answer& answer) {
    emulator_.lift(c, 8, answer);
    emulator_.write(c.context.base.value + 8 * 511, 0, 8);
  }

  Answer answer(const Case& c, const SubjectAnswer& hint) {
    const bool in_memory = hint.code == 0 && emulator_.layout().contains(hint.pa);
    const std::uint64_t before = in_memory ? emulator_.read(hint.pa, 8) : 0;
    Answer answer;
    answer.code = code_of(c.request.kind, run(c));
    if (answer.code == 0) {
      answer.pa = in_memory && reached(c, hint.pa, before) ? hint.pa : kElsewhere;
    } else if (answer.code >> 8 == kPageFault) {
      answer.fault_va = emulator_.get(UC_X86_REG_CR2);
    } else {
      answer.fault_va = c.request.va.value;  // these leave CR2 alone
    }
    if (in_memory && c.request.kind == AccessKind::Store) emulator_.write(hint.pa, before, 8);
    clear(c, answer);
    return answer;
  }

  std::uint16_t code_of(AccessKind kind, uc_err end) {
    const int exception = emulator_.exception();
    if (kind == AccessKind::Fetch && exception == kBreakpoint) return 0;  // the page's INT3
    if (exception == kPageFault) {
      emulator_.save(*scratch_);
      return static_cast<std::uint16_t>(kPageFault << 8 | saved_word(error_code_));
    }
    if (exception == kGeneralProtection) return kGeneralProtection << 8;
    if (exception >= 0) throw std::runtime_error("Unicorn: exception " + std::to_string(exception));
    switch (end) {
      case UC_ERR_OK:
        return 0;
      case UC_ERR_FETCH_UNMAPPED:
      case UC_ERR_READ_UNMAPPED:
      case UC_ERR_WRITE_UNMAPPED:
        return 0x1200;  // no memory there: to the machine a machine check
      default:
        throw std::runtime_error(std::string("Unicorn: ") + uc_strerror(end));
    }
  }

  bool reached(const Case& c, std::uint64_t pa, std::uint64_t before) {
    switch (c.request.kind) {
      case AccessKind::Fetch:
        return emulator_.get(UC_X86_REG_RAX) == (pa & ~0xFFFULL);
      case AccessKind::Load:
        return emulator_.get(UC_X86_REG_RAX) == before;
      case AccessKind::Store:
        return emulator_.read(pa, 8) == c.stored;
    }
    return false;
  }

  Emulator emulator_;
  std::uint64_t code_, high_table_;
  std::array<SavedContext, 2> at_level_;  // supervisor, user
  SavedContext scratch_;
  std::size_t error_code_ = 0;  // bytes into the saved state
};

}  // namespace

std::unique_ptr<Oracle> make_unicorn_x86() { return std::make_unique<UnicornX86>(); }

}  // namespace vm::oracle
