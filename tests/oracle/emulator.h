// SPDX-License-Identifier: Apache-2.0
//
// What the Unicorn oracles share: an engine, and memory that begins as Layout says.
#pragma once

#include <unicorn/unicorn.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "case.h"

namespace vm::oracle {

inline void check(uc_err error, const char* what) {
  if (error != UC_ERR_OK) throw std::runtime_error(std::string(what) + ": " + uc_strerror(error));
}

struct ContextDeleter {
  void operator()(uc_context* context) const { uc_context_free(context); }
};
using SavedContext = std::unique_ptr<uc_context, ContextDeleter>;

class Emulator {
 public:
  Emulator(PteKind kind, uc_arch arch, uc_mode mode, int cpu_model);
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  ~Emulator() { uc_close(engine_); }

  uc_engine* engine() { return engine_; }
  const Layout& layout() const { return layout_; }

  std::uint64_t read(std::uint64_t pa, unsigned bytes) const {
    std::uint64_t value = 0;
    std::memcpy(&value, &memory_[pa - layout_.memory], bytes);
    return value;
  }
  void write(std::uint64_t pa, std::uint64_t value, unsigned bytes) {
    std::memcpy(&memory_[pa - layout_.memory], &value, bytes);
  }
  void write(std::uint64_t pa, std::span<const std::uint8_t> bytes) {
    std::memcpy(&memory_[pa - layout_.memory], bytes.data(), bytes.size());
  }

  void set(int reg, std::uint64_t value) { check(uc_reg_write(engine_, reg, &value), "uc_reg_write"); }
  std::uint64_t get(int reg) {
    std::uint64_t value = 0;
    check(uc_reg_read(engine_, reg, &value), "uc_reg_read");
    return value;
  }
  SavedContext save();
  void save(uc_context& context) { check(uc_context_save(engine_, &context), "uc_context_save"); }
  // Translations are forgotten, too.
  void restore(uc_context& context) {
    check(uc_context_restore(engine_, &context), "uc_context_restore");
    check(uc_ctl_flush_tlb(engine_), "uc_ctl_flush_tlb");
  }

  // Runs from pc until `until` or an exception; returns Unicorn's word for how it ended.
  uc_err run(std::uint64_t pc, std::uint64_t until);
  int exception() const { return exception_; }  // number of the exception that ended the last run; -1 = none

  // Puts a case's entries into the tables, and takes them out again into `after`.
  void lay(const Case& c, unsigned entry_bytes);
  void lift(const Case& c, unsigned entry_bytes, Answer& answer);

 private:
  struct FreeMemory {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  Layout layout_;
  std::unique_ptr<std::uint8_t, FreeMemory> block_;
  std::uint8_t* memory_;
  uc_engine* engine_ = nullptr;
  int exception_ = -1;
};

std::unique_ptr<Oracle> make_unicorn_riscv(const Machine& machine);
std::unique_ptr<Oracle> make_unicorn_x86();

}  // namespace vm::oracle
