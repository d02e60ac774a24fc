// SPDX-License-Identifier: Apache-2.0
#include "emulator.h"

#include <cstdlib>

namespace vm::oracle {

Emulator::Emulator(PteKind kind, uc_arch arch, uc_mode mode, int cpu_model)
    : layout_(kind),
      block_(static_cast<std::uint8_t*>(std::aligned_alloc(4096, Layout::kSize))),
      memory_(block_.get()) {
  std::memset(memory_, 0, Layout::kSize);
  for (std::uint64_t page = layout_.data(); page < layout_.data_end(); page += 4096) {
    write(page, page_code(kind, page));
    for (std::uint64_t at = kCodeBytes; at < 4096; at += 8) write(page + at, page + at, 8);
  }
  check(uc_open(arch, mode, &engine_), "uc_open");
  check(uc_ctl_set_cpu_model(engine_, cpu_model), "uc_ctl_set_cpu_model");
  check(uc_mem_map_ptr(engine_, layout_.memory, Layout::kSize, UC_PROT_ALL, memory_), "uc_mem_map_ptr");
  const auto stop = [](uc_engine* engine, std::uint32_t number, void* self) {
    static_cast<Emulator*>(self)->exception_ = static_cast<int>(number);
    uc_emu_stop(engine);
  };
  uc_hook hook = 0;
  void (*const callback)(uc_engine*, std::uint32_t, void*) = stop;
  check(uc_hook_add(engine_, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(callback), this, 1, 0), "uc_hook_add");
}

SavedContext Emulator::save() {
  uc_context* context = nullptr;
  check(uc_context_alloc(engine_, &context), "uc_context_alloc");
  SavedContext saved(context);
  save(*saved);
  return saved;
}

uc_err Emulator::run(std::uint64_t pc, std::uint64_t until) {
  exception_ = -1;
  return uc_emu_start(engine_, pc, until, 0, 0);
}

void Emulator::lay(const Case& c, unsigned entry_bytes) {
  for (const PathEntry& entry : c.entries()) write(entry.at.value, entry.value, entry_bytes);
}

void Emulator::lift(const Case& c, unsigned entry_bytes, Answer& answer) {
  for (unsigned i = 0; i < c.length; ++i) {
    answer.after.at(i) = read(c.path.at(i).at.value, entry_bytes);
    write(c.path.at(i).at.value, 0, entry_bytes);
  }
}

}  // namespace vm::oracle
