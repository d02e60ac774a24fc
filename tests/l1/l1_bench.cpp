// SPDX-License-Identifier: Apache-2.0
#include "l1_bench.h"

// Verilator calls this for a failed assertion.
void vl_stop(const char* filename, int linenum, const char* hier) {  // NOLINT(readability-identifier-naming)
  throw vm::l1::Failure("assertion failed in " + std::string(hier) + " (" + filename + ":" + std::to_string(linenum) +
                        ")");
}

namespace vm::l1 {

Bench::Bench(std::uint64_t seed) : random(seed), memory(random, kLineBytes), context_(new VerilatedContext) {
  context_->randReset(2);
  context_->randSeed(static_cast<int>(seed & 0x7FFF'FFFF) | 1);
  top_ = std::make_unique<Vl1_bench>(context_.get(), "l1");
  top_->rst_ni = 0;
  for (int i = 0; i < 4; ++i) step({});
  top_->rst_ni = 1;
}

Bench::~Bench() { top_->final(); }

Outcome Bench::step(const Offers& offers) {
  const CoreAccess none{.pa = random()};
  const CoreAccess& core = offers.core ? *offers.core : none;
  const CoreAccess& s1 = s1_ ? *s1_ : none;
  const PhysAccess idle{.addr = random()};
  const PhysAccess& walk = offers.walk ? *offers.walk : idle;
  const PhysAccess& host = offers.host ? *offers.host : idle;
  top_->core_valid_i = offers.core.has_value();
  top_->core_id_i = static_cast<CData>(core.id);
  top_->core_write_i = core.write;
  top_->core_strb_i = core.strb;
  top_->core_va_i = (random() & ~(kPage - 1)) | (core.pa & (kPage - 1));
  top_->core_wdata_i = core.wdata;
  top_->core_go_i = s1_ && s1.go;
  top_->core_pa_i = s1.go ? s1.pa : (random() & ~(kPage - 1)) | (s1.pa & (kPage - 1));
  top_->core_uncached_i = s1.uncached;
  top_->core_through_i = s1.through;
  top_->walk_slot_i = offers.walk_slot;
  top_->walk_valid_i = offers.walk.has_value();
  top_->walk_write_i = walk.write;
  top_->walk_uncached_i = walk.uncached;
  top_->walk_strb_i = walk.strb;
  top_->walk_addr_i = walk.addr;
  top_->walk_wdata_i = walk.wdata;
  top_->host_valid_i = offers.host.has_value();
  top_->host_id_i = static_cast<CData>(host.id);
  top_->host_write_i = host.write;
  top_->host_uncached_i = host.uncached;
  top_->host_strb_i = host.strb;
  top_->host_addr_i = host.addr;
  top_->host_wdata_i = host.wdata;
  const Maintenance maintenance = offers.maintenance.value_or(Maintenance{});
  top_->maint_valid_i = offers.maintenance.has_value();
  top_->maint_clean_i = maintenance.clean;
  top_->maint_invalidate_i = maintenance.invalidate;
  top_->maint_by_addr_i = maintenance.by_addr;
  top_->maint_addr_i = maintenance.addr;
  top_->mem_ready_i = memory.ready();
  top_->mem_w_ready_i = memory.w_ready();
  const MemoryBeat* beat = memory.beat();
  top_->mem_rsp_valid_i = beat != nullptr;
  top_->mem_rsp_id_i = beat ? static_cast<CData>(beat->id) : static_cast<CData>(random() & 3);
  top_->mem_rsp_data_i = beat ? beat->data : random();
  top_->mem_rsp_err_i = beat ? beat->err : (random() & 1) != 0;
  top_->mem_rsp_last_i = beat ? beat->last : (random() & 1) != 0;
  top_->mem_busy_i = memory.busy();
  top_->clk_i = 0;
  top_->eval();

  Outcome outcome;
  outcome.core_accepted = offers.core && top_->core_ready_o != 0;
  outcome.walk_accepted = offers.walk && top_->walk_ready_o != 0;
  outcome.host_accepted = offers.host && top_->host_ready_o != 0;
  outcome.maintenance_done = top_->maint_done_o != 0;
  outcome.core_idle = top_->core_idle_o != 0;
  if (top_->core_rsp_valid_o) outcome.core = CoreAnswer{top_->core_rsp_id_o, top_->core_rsp_err_o != 0, top_->rdata_o};
  if (top_->walk_rsp_valid_o) outcome.walk = CoreAnswer{0, top_->phys_err_o != 0, top_->rdata_o};
  if (top_->host_rsp_valid_o) outcome.host = CoreAnswer{top_->host_rsp_id_o, top_->phys_err_o != 0, top_->rdata_o};
  if (top_->wb_error_valid_o) outcome.wb_error = top_->wb_error_addr_o;
  if (top_->rst_ni == 0 && cycle >= 2) {
    if (top_->mem_valid_o || outcome.core || outcome.walk || outcome.host) throw Failure("something is valid in reset");
  } else if (top_->rst_ni != 0) {
    if (top_->mem_valid_o && top_->mem_ready_i) {
      memory.accept({top_->mem_write_o != 0, top_->mem_len_o + 1U, top_->mem_strb_o, top_->mem_addr_o, top_->mem_id_o});
    }
    if (top_->mem_w_valid_o && top_->mem_w_ready_i) memory.accept_data(top_->mem_w_data_o, top_->mem_w_last_o != 0);
  }
  memory.end_cycle();
  s1_ = outcome.core_accepted ? offers.core : std::nullopt;
  top_->clk_i = 1;
  top_->eval();
  ++cycle;
  return outcome;
}

}  // namespace vm::l1
