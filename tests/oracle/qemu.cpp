// SPDX-License-Identifier: Apache-2.0
#include "qemu.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "machine/control.h"
#include "qemu_exchange.h"

namespace vm::oracle {
namespace {

constexpr std::uint64_t kMprv = 1U << 17U, kMppSupervisor = 1U << 11U, kSum = 1U << 18U, kMxr = 1U << 19U;
constexpr std::uint64_t kMenvcfgPbmte = 1ULL << 62;
constexpr std::uint64_t kUserEcall = 8, kSupervisorEcall = 9;

class Qemu final : public Oracle {
 public:
  Qemu(const Machine& machine, bool extensions) : machine_(machine), extensions_(extensions), layout_(PteKind::Riscv) {
    std::string name = (std::filesystem::temp_directory_path() / "pagewalk-qemu-XXXXXX").string();
    const int file = mkstemp(name.data());
    if (file < 0 || ftruncate(file, kBytes) != 0) throw std::runtime_error("QEMU: cannot make " + name);
    memory_file_ = name;
    void* const mapped = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) throw std::runtime_error("QEMU: cannot map " + name);
    memory_ = static_cast<std::uint8_t*>(mapped);
    exchange_ = new (memory_ + (QEMU_EXCHANGE_AT - layout_.memory)) QemuExchange;
    for (std::uint64_t page = layout_.data(); page < layout_.data_end(); page += 4096) {
      const auto code = page_code(PteKind::Riscv, page);
      std::memcpy(memory_ + (page - layout_.memory), code.data(), code.size());
      for (std::uint64_t at = page + kCodeBytes; at < page + 4096; at += 8) {
        std::memcpy(memory_ + (at - layout_.memory), &at, 8);
      }
    }
  }
  Qemu(const Qemu&) = delete;
  Qemu& operator=(const Qemu&) = delete;
  ~Qemu() override {
    munmap(memory_, kBytes);
    std::filesystem::remove(memory_file_);
  }

  std::string name() const override { return std::string(extensions_ ? kQemuName : kPlainQemuName); }

  void answer(std::span<const Case> cases, std::span<const SubjectAnswer> hints, std::span<Answer> answers) override {
    for (std::size_t first = 0; first < cases.size(); first += QEMU_EXCHANGE_CASES) {
      const std::size_t count = std::min<std::size_t>(QEMU_EXCHANGE_CASES, cases.size() - first);
      for (std::size_t i = 0; i < count; ++i) exchange_->cases[i] = ask(cases[first + i], hints[first + i]);
      exchange_->count = count;
      exchange_->answered = 0;
      run();
      if (exchange_->answered != count) {
        throw std::runtime_error(fmt::format("QEMU answered {} of {} cases", exchange_->answered, count));
      }
      for (std::size_t i = 0; i < count; ++i) {
        answers[first + i] = read(cases[first + i], hints[first + i], exchange_->cases[i]);
      }
    }
  }

 private:
  static constexpr std::size_t kBytes = QEMU_MEMORY_MIB << 20U;

  bool in_memory(const SubjectAnswer& hint) const { return hint.code == 0 && layout_.contains(hint.pa); }

  QemuCase ask(const Case& c, const SubjectAnswer& hint) const {
    QemuCase q{};
    q.satp = root_value(machine_, c.context);
    q.mstatus = (c.request.kind != AccessKind::Fetch ? kMprv : 0) | (c.request.user ? 0 : kMppSupervisor) |
                (c.request.sum ? kSum : 0) | (c.request.mxr ? kMxr : 0);
    q.menvcfg = c.context.env.pbmte ? kMenvcfgPbmte : 0;
    q.va = c.request.va.value;
    q.stored = c.stored;
    q.hint = in_memory(hint) ? hint.pa : 0;
    q.kind = static_cast<std::uint32_t>(c.request.kind);
    q.length = c.length;
    for (unsigned i = 0; i < c.length; ++i) {
      q.at[i] = c.path.at(i).at.value;
      q.value[i] = c.path.at(i).value;
    }
    return q;
  }

  Answer read(const Case& c, const SubjectAnswer& hint, const QemuCase& q) const {
    Answer answer;
    const bool page_ran = c.request.kind == AccessKind::Fetch && (q.cause == kUserEcall || q.cause == kSupervisorEcall);
    if (q.cause != QEMU_NO_TRAP && !page_ran) {
      answer.code = static_cast<std::uint16_t>(q.cause);
      answer.fault_va = q.tval;
    } else {
      std::uint64_t expected = c.stored;
      if (c.request.kind == AccessKind::Fetch) expected = hint.pa & ~0xFFFULL;
      if (c.request.kind == AccessKind::Load && in_memory(hint)) {
        std::memcpy(&expected, memory_ + (hint.pa - layout_.memory), 8);
      }
      // LUI extends bit 31: compare as much of the address as there is memory.
      const std::uint64_t seen = c.request.kind == AccessKind::Fetch ? q.result & 0xFFFF'F000 : q.result;
      answer.pa = in_memory(hint) && seen == expected ? hint.pa : kElsewhere;
    }
    for (unsigned i = 0; i < c.length; ++i) answer.after.at(i) = q.after[i];
    return answer;
  }

  void run() const {
    const std::string command = fmt::format(
        "timeout 600 qemu-system-riscv64 -machine virt,memory-backend=ram -cpu rv64{} -m {}M "
        "-object memory-backend-file,id=ram,size={}M,mem-path={},share=on -display none -serial none -monitor none "
        "-bios none -kernel {}",
        extensions_ ? ",svnapot=on,svpbmt=on" : "", QEMU_MEMORY_MIB, QEMU_MEMORY_MIB, memory_file_.string(),
        VM_QEMU_GUEST);
    if (const int status = std::system(command.c_str()); status != 0) {
      throw std::runtime_error(fmt::format("QEMU: status {} from: {}", status, command));
    }
  }

  const Machine& machine_;
  bool extensions_;
  Layout layout_;
  std::filesystem::path memory_file_;
  std::uint8_t* memory_ = nullptr;
  QemuExchange* exchange_ = nullptr;
};

}  // namespace

std::unique_ptr<Oracle> make_qemu(const Machine& machine, bool extensions) {
  return std::make_unique<Qemu>(machine, extensions);
}

}  // namespace vm::oracle
