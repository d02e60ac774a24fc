// SPDX-License-Identifier: Apache-2.0
//
// The Model of one verilated machine: compiled once per machine, together with the code Verilator generated for it.
#include "model.h"

#include <verilated.h>
#include <verilated_fst_c.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vvm_sim_top.h"
#ifdef VM_COVERAGE_FILE  // cmake/coverage.cmake
#include "model/instrumented/line_coverage.h"
#endif

namespace vm {
namespace {

constexpr std::size_t kMaxEventsPerTick = 64;

// What the monitors and assertions of the model being evaluated in this thread write to.
struct Sink {
  bool on = true;
  std::size_t count = 0;
  std::vector<Event> events = std::vector<Event>(kMaxEventsPerTick);
  std::vector<std::string> failures;
};

thread_local Sink* current_sink = nullptr;

// Makes a model's sink and context those of the thread for the length of one evaluation. Verilator's runtime asks the
// thread for its context where it could ask the model, and would else find that of the model made last.
class CurrentModel {
 public:
  CurrentModel(Sink& sink, VerilatedContext& context) {
    current_sink = &sink;
    Verilated::threadContextp(&context);
  }
  ~CurrentModel() { current_sink = nullptr; }
  CurrentModel(const CurrentModel&) = delete;
  CurrentModel& operator=(const CurrentModel&) = delete;
};

template <class Wide, std::size_t N>
void put_text(Wide& wide, const std::array<char, N>& text) {
  // First character in the most significant byte, as a wave viewer reads it.
  for (std::size_t word = 0; word < N / 4; ++word) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value = (value << 8) | static_cast<unsigned char>(text[N - 4 * (word + 1) + i]);
    }
    wide[word] = value;
  }
}

// Fields that mean nothing are left zero (fault_t in rtl/vm_pkg.sv).
Fault make_fault(unsigned cause, unsigned access, unsigned user, unsigned level, std::uint64_t va,
                 std::uint64_t pte_addr, std::uint64_t pte, unsigned code) {
  Fault fault;
  fault.cause = static_cast<Cause>(cause);
  if (!fault) return {};
  fault.code = static_cast<std::uint16_t>(code);
  fault.access = static_cast<AccessKind>(access);
  fault.user = user != 0;
  fault.va = VirtAddr(va);
  if (fault.cause == Cause::Bus || fault.cause == Cause::Misaligned) return fault;
  fault.level = static_cast<std::uint8_t>(level);
  fault.pte_addr = PhysAddr(pte_addr);
  fault.pte = pte;
  return fault;
}

class VerilatedModel final : public Model {
 public:
  explicit VerilatedModel(std::uint64_t seed) {
    context_->randReset(2);
    context_->randSeed(static_cast<int>(seed & 0x7FFFFFFF));
    context_->traceEverOn(true);
    context_->fatalOnError(false);
    top_ = std::make_unique<Vvm_sim_top>(context_.get(), "top");
    const CurrentModel current(sink_, *context_);
    put_inputs();
    top_->clk_i = 0;
    top_->eval();
    get_outputs();
    sink_.count = 0;
    sink_.failures.clear();
  }

  ~VerilatedModel() override {
    close_waves();
    const CurrentModel current(sink_, *context_);
    top_->final();
#ifdef VM_COVERAGE_FILE
    save_line_coverage(*context_);
#endif
    top_.reset();
  }

  Inputs& inputs() override { return in_; }
  const Outputs& outputs() const override { return out_; }

  void settle() override {
    const CurrentModel current(sink_, *context_);
    sink_.failures.clear();
    put_inputs();
    top_->clk_i = 0;
    top_->eval();
    dump();
    get_outputs();
  }

  void tick() override {
    const CurrentModel current(sink_, *context_);
    sink_.count = 0;
    top_->clk_i = 1;
    top_->eval();
    dump();
  }

  std::span<Event> events() override { return {sink_.events.data(), sink_.count}; }
  void set_event_sink(bool on) override { sink_.on = on; }
  std::span<const std::string> failed_assertions() const override { return sink_.failures; }

  void open_waves(const std::filesystem::path& file) override {
    close_waves();
    waves_ = std::make_unique<VerilatedFstC>();
    top_->trace(waves_.get(), 99);
    waves_->open(file.c_str());
  }

  void close_waves() override {
    if (waves_) waves_->close();
    waves_.reset();
  }

  Machine elaborated() const override;

 private:
  void dump() {
    if (waves_) waves_->dump(static_cast<std::uint64_t>(time_));
    ++time_;
  }
  void put_inputs();
  void get_outputs();

  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Vvm_sim_top> top_;
  std::unique_ptr<VerilatedFstC> waves_;
  Sink sink_;
  Inputs in_;
  Outputs out_;
  std::uint64_t time_ = 0;
};

void VerilatedModel::put_inputs() {
  Vvm_sim_top& t = *top_;
  t.rst_ni = in_.rst_n;
  t.fetch_req_valid_i = in_.fetch.valid;
  t.fetch_req_id_i = in_.fetch.id;
  t.fetch_req_user_i = in_.fetch.user;
  t.fetch_req_sum_i = in_.fetch.sum;
  t.fetch_req_mxr_i = in_.fetch.mxr;
  t.fetch_req_size_i = in_.fetch.size;
  t.fetch_req_va_i = in_.fetch.va;
  t.data_req_valid_i = in_.data.valid;
  t.data_req_id_i = in_.data.id;
  t.data_req_user_i = in_.data.user;
  t.data_req_sum_i = in_.data.sum;
  t.data_req_mxr_i = in_.data.mxr;
  t.data_req_size_i = in_.data.size;
  t.data_req_va_i = in_.data.va;
  t.data_req_write_i = in_.data.write;
  t.data_req_atomic_i = static_cast<std::uint8_t>(in_.data.atomic);
  t.data_req_wdata_i = in_.data.wdata;
  t.host_req_valid_i = in_.host.valid;
  t.host_req_id_i = in_.host.id;
  t.host_req_write_i = in_.host.write;
  t.host_req_strb_i = in_.host.strb;
  t.host_req_addr_i = in_.host.addr;
  t.host_req_wdata_i = in_.host.wdata;
  t.ctl_req_valid_i = in_.ctl.valid;
  t.ctl_req_id_i = in_.ctl.id;
  t.ctl_req_user_i = in_.ctl.user;
  t.ctl_req_index_i = in_.ctl.index;
  t.ctl_req_data_i = in_.ctl.data;
  t.fence_req_valid_i = in_.fence.valid;
  t.fence_req_id_i = in_.fence.id;
  t.fence_req_user_i = in_.fence.user;
  t.fence_req_op_i = in_.fence.op;
  t.fence_req_by_addr_i = in_.fence.by_addr;
  t.fence_req_by_asid_i = in_.fence.by_asid;
  t.fence_req_globals_i = in_.fence.globals;
  t.fence_req_addr_i = in_.fence.addr;
  t.fence_req_asid_i = in_.fence.asid;
  t.array_req_valid_i = in_.array.valid;
  t.array_req_flip_i = in_.array.flip;
  t.array_req_write_i = in_.array.write;
  t.array_req_array_i = in_.array.array;
  t.array_req_set_i = in_.array.set;
  t.array_req_way_i = in_.array.way;
  t.array_req_word_i = in_.array.word;
  t.array_req_data0_i = in_.array.data0;
  t.array_req_data1_i = in_.array.data1;
  t.mem_req_ready_i = in_.mem_req_ready;
  t.mem_w_ready_i = in_.mem_w_ready;
  t.mem_rsp_valid_i = in_.mem_rsp.valid;
  t.mem_rsp_src_i = static_cast<std::uint8_t>(in_.mem_rsp.src);
  t.mem_rsp_id_i = in_.mem_rsp.id;
  t.mem_rsp_rdata_i = in_.mem_rsp.rdata;
  t.mem_rsp_err_i = in_.mem_rsp.err;
  t.mem_rsp_last_i = in_.mem_rsp.last;
  t.counter_index_i = in_.counter_index;
  put_text(t.text_process_i, in_.text_process);
  put_text(t.text_line_i, in_.text_line);
}

void VerilatedModel::get_outputs() {
  const Vvm_sim_top& t = *top_;
  out_.fetch_ready = t.fetch_req_ready_o != 0;
  out_.data_ready = t.data_req_ready_o != 0;
  out_.host_ready = t.host_req_ready_o != 0;
  out_.ctl_ready = t.ctl_req_ready_o != 0;
  out_.fence_ready = t.fence_req_ready_o != 0;
  out_.array_ready = t.array_req_ready_o != 0;
  out_.fetch.valid = t.fetch_rsp_valid_o != 0;
  if (out_.fetch.valid) {
    out_.fetch.id = t.fetch_rsp_id_o;
    out_.fetch.rdata = t.fetch_rsp_rdata_o;
    out_.fetch.fault =
        make_fault(t.fetch_rsp_cause_o, t.fetch_rsp_fault_access_o, t.fetch_rsp_fault_user_o, t.fetch_rsp_fault_level_o,
                   t.fetch_rsp_fault_va_o, t.fetch_rsp_fault_pte_addr_o, t.fetch_rsp_fault_pte_o, t.fetch_rsp_code_o);
  }
  out_.data.valid = t.data_rsp_valid_o != 0;
  if (out_.data.valid) {
    out_.data.id = t.data_rsp_id_o;
    out_.data.rdata = t.data_rsp_rdata_o;
    out_.data.fault =
        make_fault(t.data_rsp_cause_o, t.data_rsp_fault_access_o, t.data_rsp_fault_user_o, t.data_rsp_fault_level_o,
                   t.data_rsp_fault_va_o, t.data_rsp_fault_pte_addr_o, t.data_rsp_fault_pte_o, t.data_rsp_code_o);
  }
  out_.host = {t.host_rsp_valid_o != 0, t.host_rsp_err_o != 0, t.host_rsp_id_o, t.host_rsp_rdata_o};
  out_.ctl = {t.ctl_rsp_valid_o != 0, t.ctl_rsp_refused_o != 0, t.ctl_rsp_id_o};
  out_.fence = {t.fence_rsp_valid_o != 0, t.fence_rsp_refused_o != 0, t.fence_rsp_id_o};
  out_.array = {t.array_rsp_valid_o != 0, t.array_rsp_data0_o, t.array_rsp_data1_o};
  out_.mem_req = {t.mem_req_valid_o != 0, t.mem_req_write_o != 0, static_cast<MemSource>(t.mem_req_src_o),
                  t.mem_req_id_o,         t.mem_req_len_o,        t.mem_req_strb_o,
                  t.mem_req_addr_o};
  out_.mem_w = {t.mem_w_valid_o != 0, t.mem_w_last_o != 0, t.mem_w_data_o};
  out_.mem_rsp_ready = t.mem_rsp_ready_o != 0;
  out_.wb_error = t.wb_error_valid_o != 0;
  out_.wb_error_addr = t.wb_error_addr_o;
  out_.counter_value = t.counter_value_o;
  if (t.cfg_l2cache_ways_o == 0) return;
  out_.below_l1 = {.req = {t.l1_req_valid_o != 0, t.l1_req_write_o != 0, static_cast<MemSource>(t.l1_req_src_o), 0,
                           t.l1_req_len_o, t.l1_req_strb_o, t.l1_req_addr_o},
                   .req_ready = t.l1_req_ready_o != 0,
                   .w = {t.l1_w_valid_o != 0, t.l1_w_last_o != 0, t.l1_w_data_o},
                   .w_ready = t.l1_w_ready_o != 0,
                   .rsp = {t.l1_rsp_valid_o != 0, t.l1_rsp_err_o != 0, t.l1_rsp_last_o != 0,
                           static_cast<MemSource>(t.l1_rsp_src_o), 0, t.l1_rsp_rdata_o},
                   .rsp_ready = t.l1_rsp_ready_o != 0};
  out_.below_l2 = {.req = {t.l2_req_valid_o != 0, t.l2_req_write_o != 0, static_cast<MemSource>(t.l2_req_src_o), 0,
                           t.l2_req_len_o, t.l2_req_strb_o, t.l2_req_addr_o},
                   .req_ready = t.l2_req_ready_o != 0,
                   .w = {t.l2_w_valid_o != 0, t.l2_w_last_o != 0, t.l2_w_data_o},
                   .w_ready = t.l2_w_ready_o != 0,
                   .rsp = {t.l2_rsp_valid_o != 0, t.l2_rsp_err_o != 0, t.l2_rsp_last_o != 0,
                           static_cast<MemSource>(t.l2_rsp_src_o), 0, t.l2_rsp_rdata_o},
                   .rsp_ready = t.l2_rsp_ready_o != 0};
}

Machine VerilatedModel::elaborated() const {
  const Vvm_sim_top& t = *top_;
  const auto bit = [](unsigned value) { return value == 0xFF ? std::optional<unsigned>() : std::optional(value); };
  Machine m;
  m.format.kind = static_cast<PteKind>(t.cfg_kind_o);
  m.format.levels = t.cfg_levels_o;
  m.format.min_levels = t.cfg_min_levels_o;
  m.format.max_leaf_level = t.cfg_max_leaf_level_o;
  for (unsigned level = 0; level < Format::kMaxLevels; ++level) {
    m.format.index_bits[level] = static_cast<unsigned>((t.cfg_index_bits_o >> (8 * level)) & 0xFF);
  }
  m.format.page_bits = t.cfg_page_bits_o;
  m.format.pte_bytes_log2 = t.cfg_pte_bytes_log2_o;
  m.format.pte_big_endian = t.cfg_pte_big_endian_o != 0;
  m.format.ppn_lsb = t.cfg_ppn_lsb_o;
  m.format.ppn_bits = t.cfg_ppn_bits_o;
  m.format.valid_bit = bit(t.cfg_valid_bit_o);
  m.format.kernel_bit = bit(t.cfg_kernel_bit_o);
  m.format.read_bit = bit(t.cfg_read_bit_o);
  m.format.write_bit = bit(t.cfg_write_bit_o);
  m.format.exec_bit = bit(t.cfg_exec_bit_o);
  m.format.upper_va = static_cast<UpperVa>(t.cfg_upper_va_o);
  m.format.napot = t.cfg_napot_o != 0;
  m.format.pbmt = t.cfg_pbmt_o != 0;
  m.format.hw_ad = t.cfg_hw_ad_o != 0;
  m.va_bits = t.cfg_va_bits_o;
  m.pa_bits = t.cfg_pa_bits_o;
  m.bus_bits = t.cfg_bus_bits_o;
  m.asid_bits = t.cfg_asid_bits_o;
  m.itlb = {t.cfg_itlb_sets_o, t.cfg_itlb_ways_o};
  m.dtlb = {t.cfg_dtlb_sets_o, t.cfg_dtlb_ways_o};
  m.super_entries = t.cfg_super_entries_o;
  m.l2tlb = {t.cfg_l2_sets_o, t.cfg_l2_ways_o};
  m.walk_cache_sets = t.cfg_walk_cache_sets_o;
  m.l2_prefetch = t.cfg_l2_prefetch_o != 0;
  m.hit_latency = t.cfg_hit_latency_o;
  m.icache = {t.cfg_icache_sets_o, t.cfg_icache_ways_o, t.cfg_icache_line_bytes_o};
  m.dcache = {t.cfg_dcache_sets_o, t.cfg_dcache_ways_o, t.cfg_dcache_line_bytes_o};
  m.alias_resolution = t.cfg_alias_resolution_o != 0;
  m.misses = t.cfg_misses_o;
  m.waiters = t.cfg_waiters_o;
  m.critical_first = t.cfg_critical_first_o != 0;
  m.l2cache = {t.cfg_l2cache_sets_o, t.cfg_l2cache_ways_o, t.cfg_l2cache_line_bytes_o};
  m.l3cache = {t.cfg_l3cache_sets_o, t.cfg_l3cache_ways_o, t.cfg_l3cache_line_bytes_o};
  m.walk_port = static_cast<WalkPort>(t.cfg_walk_port_o);
  m.atomics = t.cfg_atomics_o != 0;
  m.trap_swap = t.cfg_trap_swap_o != 0;
  m.array_port = t.cfg_array_port_o != 0;
  m.parity = t.cfg_parity_o != 0;
  const auto add = [&m](std::uint64_t base, std::uint64_t size, bool cacheable, bool atomic) {
    if (size != 0) m.regions.push_back({PhysAddr(base), size, cacheable, atomic});
  };
  add(t.cfg_region0_base_o, t.cfg_region0_size_o, t.cfg_region0_cacheable_o != 0, t.cfg_region0_atomic_o != 0);
  add(t.cfg_region1_base_o, t.cfg_region1_size_o, t.cfg_region1_cacheable_o != 0, t.cfg_region1_atomic_o != 0);
  add(t.cfg_region2_base_o, t.cfg_region2_size_o, t.cfg_region2_cacheable_o != 0, t.cfg_region2_atomic_o != 0);
  add(t.cfg_region3_base_o, t.cfg_region3_size_o, t.cfg_region3_cacheable_o != 0, t.cfg_region3_atomic_o != 0);
  return m;
}

}  // namespace
}  // namespace vm

// NOLINTBEGIN(readability-identifier-naming): names fixed by the DPI declarations and by Verilator

extern "C" void vm_event(unsigned int kind, unsigned long long a, unsigned long long b, unsigned long long c,
                         unsigned long long d, unsigned long long e, unsigned long long f) {
  vm::Sink* sink = vm::current_sink;
  if (sink == nullptr || !sink->on) return;
  if (sink->count == sink->events.size()) {
    sink->failures.emplace_back("H0 more events in one cycle than any machine can send");
    return;
  }
  sink->events[sink->count++] = {static_cast<vm::EventKind>(kind), a, b, c, d, e, f};
}

extern "C" void vm_assert_failed(const char* rule) {
  if (vm::current_sink != nullptr) vm::current_sink->failures.emplace_back(rule);
}

// Verilator calls this for $stop and for its own checks (`unique case`): a failed test, not the end of the program.
void vl_stop(const char* filename, int linenum, const char* hier) {
  if (vm::current_sink == nullptr) return;
  vm::current_sink->failures.emplace_back(std::string("H0 assertion failed in ") + hier + " (" + filename + ":" +
                                          std::to_string(linenum) + ")");
}

// Creates the model of the machine this shared object was verilated for; the caller owns it.
extern "C" vm::Model* vm_create_model(std::uint64_t seed) {
  return std::make_unique<vm::VerilatedModel>(seed).release();
}

// NOLINTEND(readability-identifier-naming)
