// SPDX-License-Identifier: Apache-2.0
//
// The harness: the same ports for every machine, scalars of at most 64 bits (the two text signals excepted, which
// exist only to be seen in waves). Which machine it is says the package vm_sim_machine_pkg, written by the build.
// The contract is docs/trace_interface.md; another MMU under the same checkers replaces this file and the bindings.
module vm_sim_top
  import vm_pkg::*;
  import vm_harness_pkg::*;
(
  input logic clk_i,
  input logic rst_ni,

  // For people who look at waves: who runs, and the line of the trace that is being executed (ASCII).
  input logic [127:0] text_process_i,
  input logic [511:0] text_line_i,

  input  logic        fetch_req_valid_i,
  output logic        fetch_req_ready_o,
  input  logic [3:0]  fetch_req_id_i,
  input  logic        fetch_req_user_i,
  input  logic        fetch_req_sum_i,
  input  logic        fetch_req_mxr_i,
  input  logic [1:0]  fetch_req_size_i,
  input  logic [63:0] fetch_req_va_i,
  output logic        fetch_rsp_valid_o,
  output logic [3:0]  fetch_rsp_id_o,
  output logic [63:0] fetch_rsp_rdata_o,
  output logic [3:0]  fetch_rsp_cause_o,
  output logic [1:0]  fetch_rsp_fault_access_o,
  output logic        fetch_rsp_fault_user_o,
  output logic [63:0] fetch_rsp_fault_va_o,
  output logic [2:0]  fetch_rsp_fault_level_o,
  output logic [63:0] fetch_rsp_fault_pte_addr_o,
  output logic [63:0] fetch_rsp_fault_pte_o,
  output logic [15:0] fetch_rsp_code_o,

  input  logic        data_req_valid_i,
  output logic        data_req_ready_o,
  input  logic [3:0]  data_req_id_i,
  input  logic        data_req_user_i,
  input  logic        data_req_sum_i,
  input  logic        data_req_mxr_i,
  input  logic [1:0]  data_req_size_i,
  input  logic [63:0] data_req_va_i,
  input  logic        data_req_write_i,
  input  logic [3:0]  data_req_atomic_i,
  input  logic [63:0] data_req_wdata_i,
  output logic        data_rsp_valid_o,
  output logic [3:0]  data_rsp_id_o,
  output logic [63:0] data_rsp_rdata_o,
  output logic [3:0]  data_rsp_cause_o,
  output logic [1:0]  data_rsp_fault_access_o,
  output logic        data_rsp_fault_user_o,
  output logic [63:0] data_rsp_fault_va_o,
  output logic [2:0]  data_rsp_fault_level_o,
  output logic [63:0] data_rsp_fault_pte_addr_o,
  output logic [63:0] data_rsp_fault_pte_o,
  output logic [15:0] data_rsp_code_o,

  input  logic        host_req_valid_i,
  output logic        host_req_ready_o,
  input  logic [3:0]  host_req_id_i,
  input  logic        host_req_write_i,
  input  logic [7:0]  host_req_strb_i,
  input  logic [63:0] host_req_addr_i,
  input  logic [63:0] host_req_wdata_i,
  output logic        host_rsp_valid_o,
  output logic [3:0]  host_rsp_id_o,
  output logic [63:0] host_rsp_rdata_o,
  output logic        host_rsp_err_o,

  input  logic        ctl_req_valid_i,
  output logic        ctl_req_ready_o,
  input  logic [3:0]  ctl_req_id_i,
  input  logic        ctl_req_user_i,
  input  logic [3:0]  ctl_req_index_i,
  input  logic [63:0] ctl_req_data_i,
  output logic        ctl_rsp_valid_o,
  output logic [3:0]  ctl_rsp_id_o,
  output logic        ctl_rsp_refused_o,

  input  logic        fence_req_valid_i,
  output logic        fence_req_ready_o,
  input  logic [3:0]  fence_req_id_i,
  input  logic        fence_req_user_i,
  input  logic [2:0]  fence_req_op_i,
  input  logic        fence_req_by_addr_i,
  input  logic        fence_req_by_asid_i,
  input  logic        fence_req_globals_i,
  input  logic [63:0] fence_req_addr_i,
  input  logic [15:0] fence_req_asid_i,
  output logic        fence_rsp_valid_o,
  output logic [3:0]  fence_rsp_id_o,
  output logic        fence_rsp_refused_o,

  input  logic        array_req_valid_i,
  output logic        array_req_ready_o,
  input  logic        array_req_flip_i,
  input  logic        array_req_write_i,
  input  logic [3:0]  array_req_array_i,
  input  logic [15:0] array_req_set_i,
  input  logic [7:0]  array_req_way_i,
  input  logic [7:0]  array_req_word_i,
  input  logic [63:0] array_req_data0_i,
  input  logic [63:0] array_req_data1_i,
  output logic        array_rsp_valid_o,
  output logic [63:0] array_rsp_data0_o,
  output logic [63:0] array_rsp_data1_o,

  output logic        mem_req_valid_o,
  input  logic        mem_req_ready_i,
  output logic [1:0]  mem_req_src_o,
  output logic [3:0]  mem_req_id_o,
  output logic        mem_req_write_o,
  output logic [7:0]  mem_req_len_o,
  output logic [7:0]  mem_req_strb_o,
  output logic [63:0] mem_req_addr_o,
  output logic        mem_w_valid_o,
  input  logic        mem_w_ready_i,
  output logic [63:0] mem_w_data_o,
  output logic        mem_w_last_o,
  input  logic        mem_rsp_valid_i,
  output logic        mem_rsp_ready_o,
  input  logic [1:0]  mem_rsp_src_i,
  input  logic [3:0]  mem_rsp_id_i,
  input  logic [63:0] mem_rsp_rdata_i,
  input  logic        mem_rsp_err_i,
  input  logic        mem_rsp_last_i,

  // The ports below the first level and below the L2 cache, as they are inside (the same as the memory port where
  // there is no cache below).
  output logic        l1_req_valid_o,
  output logic        l1_req_ready_o,
  output logic [1:0]  l1_req_src_o,
  output logic        l1_req_write_o,
  output logic [7:0]  l1_req_len_o,
  output logic [7:0]  l1_req_strb_o,
  output logic [63:0] l1_req_addr_o,
  output logic        l1_w_valid_o,
  output logic        l1_w_ready_o,
  output logic [63:0] l1_w_data_o,
  output logic        l1_w_last_o,
  output logic        l1_rsp_valid_o,
  output logic        l1_rsp_ready_o,
  output logic [1:0]  l1_rsp_src_o,
  output logic [63:0] l1_rsp_rdata_o,
  output logic        l1_rsp_err_o,
  output logic        l1_rsp_last_o,
  output logic        l2_req_valid_o,
  output logic        l2_req_ready_o,
  output logic [1:0]  l2_req_src_o,
  output logic        l2_req_write_o,
  output logic [7:0]  l2_req_len_o,
  output logic [7:0]  l2_req_strb_o,
  output logic [63:0] l2_req_addr_o,
  output logic        l2_w_valid_o,
  output logic        l2_w_ready_o,
  output logic [63:0] l2_w_data_o,
  output logic        l2_w_last_o,
  output logic        l2_rsp_valid_o,
  output logic        l2_rsp_ready_o,
  output logic [1:0]  l2_rsp_src_o,
  output logic [63:0] l2_rsp_rdata_o,
  output logic        l2_rsp_err_o,
  output logic        l2_rsp_last_o,

  output logic        wb_error_valid_o,
  output logic [63:0] wb_error_addr_o,

  // The counter of each event strobe; the value of the one that was named in the cycle before.
  input  logic [7:0]  counter_index_i,
  output logic [63:0] counter_value_o,

  output logic [7:0]  cfg_kind_o,
  output logic [7:0]  cfg_levels_o,
  output logic [7:0]  cfg_min_levels_o,
  output logic [7:0]  cfg_max_leaf_level_o,
  output logic [63:0] cfg_index_bits_o,  // level 0 in the low byte
  output logic [7:0]  cfg_page_bits_o,
  output logic [7:0]  cfg_pte_bytes_log2_o,
  output logic        cfg_pte_big_endian_o,
  output logic [7:0]  cfg_ppn_lsb_o,
  output logic [7:0]  cfg_ppn_bits_o,
  output logic [7:0]  cfg_valid_bit_o,
  output logic [7:0]  cfg_kernel_bit_o,
  output logic [7:0]  cfg_read_bit_o,
  output logic [7:0]  cfg_write_bit_o,
  output logic [7:0]  cfg_exec_bit_o,
  output logic [7:0]  cfg_upper_va_o,
  output logic        cfg_napot_o,
  output logic        cfg_pbmt_o,
  output logic        cfg_hw_ad_o,
  output logic [7:0]  cfg_va_bits_o,
  output logic [7:0]  cfg_pa_bits_o,
  output logic [7:0]  cfg_bus_bits_o,
  output logic [7:0]  cfg_asid_bits_o,
  output logic [15:0] cfg_itlb_sets_o,
  output logic [7:0]  cfg_itlb_ways_o,
  output logic [15:0] cfg_dtlb_sets_o,
  output logic [7:0]  cfg_dtlb_ways_o,
  output logic [7:0]  cfg_super_entries_o,
  output logic [15:0] cfg_l2_sets_o,
  output logic [7:0]  cfg_l2_ways_o,
  output logic [15:0] cfg_walk_cache_sets_o,
  output logic        cfg_l2_prefetch_o,
  output logic [7:0]  cfg_hit_latency_o,
  output logic [15:0] cfg_icache_sets_o,
  output logic [7:0]  cfg_icache_ways_o,
  output logic [15:0] cfg_icache_line_bytes_o,
  output logic [15:0] cfg_dcache_sets_o,
  output logic [7:0]  cfg_dcache_ways_o,
  output logic [15:0] cfg_dcache_line_bytes_o,
  output logic        cfg_alias_resolution_o,
  output logic [7:0]  cfg_misses_o,
  output logic [7:0]  cfg_waiters_o,
  output logic        cfg_critical_first_o,
  output logic [15:0] cfg_l2cache_sets_o,
  output logic [7:0]  cfg_l2cache_ways_o,
  output logic [15:0] cfg_l2cache_line_bytes_o,
  output logic [15:0] cfg_l3cache_sets_o,
  output logic [7:0]  cfg_l3cache_ways_o,
  output logic [15:0] cfg_l3cache_line_bytes_o,
  output logic        cfg_walk_port_o,
  output logic        cfg_atomics_o,
  output logic        cfg_trap_swap_o,
  output logic        cfg_array_port_o,
  output logic        cfg_parity_o,
  output logic [63:0] cfg_region0_base_o,
  output logic [63:0] cfg_region0_size_o,
  output logic        cfg_region0_cacheable_o,
  output logic        cfg_region0_atomic_o,
  output logic [63:0] cfg_region1_base_o,
  output logic [63:0] cfg_region1_size_o,
  output logic        cfg_region1_cacheable_o,
  output logic        cfg_region1_atomic_o,
  output logic [63:0] cfg_region2_base_o,
  output logic [63:0] cfg_region2_size_o,
  output logic        cfg_region2_cacheable_o,
  output logic        cfg_region2_atomic_o,
  output logic [63:0] cfg_region3_base_o,
  output logic [63:0] cfg_region3_size_o,
  output logic        cfg_region3_cacheable_o,
  output logic        cfg_region3_atomic_o
);

  localparam machine_t Cfg = vm_sim_machine_pkg::Cfg;

  // Not for the hardware: only waves show them. Physical addresses end at bit PaMax-1.
  logic unused;
  assign unused = ^{text_process_i, text_line_i, host_req_addr_i[63:PaMax], counter_index_i[7]};

  // ---------------------------------------------------------------- core ports
  core_req_t fetch_req, data_req;
  core_rsp_t fetch_raw, data_raw, fetch_rsp, data_rsp;

  assign fetch_rsp = meaningful(fetch_raw);
  assign data_rsp = meaningful(data_raw);

  assign fetch_req = '{
    id: fetch_req_id_i, access: AccessFetch, atomic: AtomicNone, user: fetch_req_user_i,
    sum: fetch_req_sum_i, mxr: fetch_req_mxr_i,
    size: fetch_req_size_i, va: fetch_req_va_i, wdata: '0};
  assign fetch_rsp_id_o = fetch_rsp.id;
  assign fetch_rsp_rdata_o = fetch_rsp.rdata;
  assign fetch_rsp_cause_o = fetch_rsp.fault.cause;
  assign fetch_rsp_fault_access_o = fetch_rsp.fault.access;
  assign fetch_rsp_fault_user_o = fetch_rsp.fault.user;
  assign fetch_rsp_fault_va_o = fetch_rsp.fault.va;
  assign fetch_rsp_fault_level_o = fetch_rsp.fault.level;
  assign fetch_rsp_fault_pte_addr_o = 64'(fetch_rsp.fault.pte_addr);
  assign fetch_rsp_fault_pte_o = fetch_rsp.fault.pte;
  assign fetch_rsp_code_o = fetch_rsp.fault.code;

  assign data_req = '{
    id: data_req_id_i, access: data_req_write_i ? AccessStore : AccessLoad, atomic: atomic_e'(data_req_atomic_i),
    user: data_req_user_i, sum: data_req_sum_i, mxr: data_req_mxr_i,
    size: data_req_size_i, va: data_req_va_i, wdata: data_req_wdata_i};
  assign data_rsp_id_o = data_rsp.id;
  assign data_rsp_rdata_o = data_rsp.rdata;
  assign data_rsp_cause_o = data_rsp.fault.cause;
  assign data_rsp_fault_access_o = data_rsp.fault.access;
  assign data_rsp_fault_user_o = data_rsp.fault.user;
  assign data_rsp_fault_va_o = data_rsp.fault.va;
  assign data_rsp_fault_level_o = data_rsp.fault.level;
  assign data_rsp_fault_pte_addr_o = 64'(data_rsp.fault.pte_addr);
  assign data_rsp_fault_pte_o = data_rsp.fault.pte;
  assign data_rsp_code_o = data_rsp.fault.code;

  // ---------------------------------------------------------------- host, control, fence, array
  host_req_t host_req;
  host_rsp_t host_rsp;
  assign host_req = '{
    id: host_req_id_i, write: host_req_write_i, strb: host_req_strb_i, addr: host_req_addr_i[PaMax-1:0],
    wdata: host_req_wdata_i};
  assign host_rsp_id_o = host_rsp.id;
  assign host_rsp_rdata_o = host_rsp.rdata;
  assign host_rsp_err_o = host_rsp.err;

  ctl_req_t ctl_req;
  ctl_rsp_t ctl_rsp;
  assign ctl_req = '{
    id: ctl_req_id_i, user: ctl_req_user_i, index: ctl_reg_e'(ctl_req_index_i), data: ctl_req_data_i};
  assign ctl_rsp_id_o = ctl_rsp.id;
  assign ctl_rsp_refused_o = ctl_rsp.refused;

  fence_req_t fence_req;
  fence_rsp_t fence_rsp;
  assign fence_req = '{
    id: fence_req_id_i, user: fence_req_user_i, op: fence_op_e'(fence_req_op_i),
    by_addr: fence_req_by_addr_i, by_asid: fence_req_by_asid_i, globals: fence_req_globals_i,
    addr: fence_req_addr_i, asid: fence_req_asid_i};
  assign fence_rsp_id_o = fence_rsp.id;
  assign fence_rsp_refused_o = fence_rsp.refused;

  array_req_t array_req;
  array_rsp_t array_rsp;
  assign array_req = '{
    flip: array_req_flip_i, write: array_req_write_i, array: array_e'(array_req_array_i), index: array_req_set_i,
    way: array_req_way_i, word: array_req_word_i, data0: array_req_data0_i, data1: array_req_data1_i};
  assign array_rsp_data0_o = array_rsp.data0;
  assign array_rsp_data1_o = array_rsp.data1;

  // ---------------------------------------------------------------- memory
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  mem_rsp_t mem_rsp;
  logic [PaMax-1:0] wb_error_addr;
  assign mem_req_src_o = mem_req.src;
  assign mem_req_id_o = mem_req.id;
  assign mem_req_write_o = mem_req.write;
  assign mem_req_len_o = mem_req.len;
  assign mem_req_strb_o = mem_req.strb;
  assign mem_req_addr_o = 64'(mem_req.addr);
  assign mem_w_data_o = mem_w.data;
  assign mem_w_last_o = mem_w.last;
  assign mem_rsp = '{
    src: mem_src_e'(mem_rsp_src_i), id: mem_rsp_id_i, rdata: mem_rsp_rdata_i, err: mem_rsp_err_i,
    last: mem_rsp_last_i};
  assign wb_error_addr_o = 64'(wb_error_addr);
  assign l1_req_valid_o = u_dut.u_top.u_lower.up_req_valid_i;
  assign l1_req_ready_o = u_dut.u_top.u_lower.up_req_ready_o;
  assign l1_req_src_o = u_dut.u_top.u_lower.up_req_i.src;
  assign l1_req_write_o = u_dut.u_top.u_lower.up_req_i.write;
  assign l1_req_len_o = u_dut.u_top.u_lower.up_req_i.len;
  assign l1_req_strb_o = u_dut.u_top.u_lower.up_req_i.strb;
  assign l1_req_addr_o = 64'(u_dut.u_top.u_lower.up_req_i.addr);
  assign l1_w_valid_o = u_dut.u_top.u_lower.up_w_valid_i;
  assign l1_w_ready_o = u_dut.u_top.u_lower.up_w_ready_o;
  assign l1_w_data_o = u_dut.u_top.u_lower.up_w_i.data;
  assign l1_w_last_o = u_dut.u_top.u_lower.up_w_i.last;
  assign l1_rsp_valid_o = u_dut.u_top.u_lower.up_rsp_valid_o;
  assign l1_rsp_ready_o = u_dut.u_top.u_lower.up_rsp_ready_i;
  assign l1_rsp_src_o = u_dut.u_top.u_lower.up_rsp_o.src;
  assign l1_rsp_rdata_o = u_dut.u_top.u_lower.up_rsp_o.rdata;
  assign l1_rsp_err_o = u_dut.u_top.u_lower.up_rsp_o.err;
  assign l1_rsp_last_o = u_dut.u_top.u_lower.up_rsp_o.last;
  assign l2_req_valid_o = u_dut.u_top.u_lower.mid_req_valid;
  assign l2_req_ready_o = u_dut.u_top.u_lower.mid_req_ready;
  assign l2_req_src_o = u_dut.u_top.u_lower.mid_req.src;
  assign l2_req_write_o = u_dut.u_top.u_lower.mid_req.write;
  assign l2_req_len_o = u_dut.u_top.u_lower.mid_req.len;
  assign l2_req_strb_o = u_dut.u_top.u_lower.mid_req.strb;
  assign l2_req_addr_o = 64'(u_dut.u_top.u_lower.mid_req.addr);
  assign l2_w_valid_o = u_dut.u_top.u_lower.mid_w_valid;
  assign l2_w_ready_o = u_dut.u_top.u_lower.mid_w_ready;
  assign l2_w_data_o = u_dut.u_top.u_lower.mid_w.data;
  assign l2_w_last_o = u_dut.u_top.u_lower.mid_w.last;
  assign l2_rsp_valid_o = u_dut.u_top.u_lower.mid_rsp_valid;
  assign l2_rsp_ready_o = u_dut.u_top.u_lower.mid_rsp_ready;
  assign l2_rsp_src_o = u_dut.u_top.u_lower.mid_rsp.src;
  assign l2_rsp_rdata_o = u_dut.u_top.u_lower.mid_rsp.rdata;
  assign l2_rsp_err_o = u_dut.u_top.u_lower.mid_rsp.err;
  assign l2_rsp_last_o = u_dut.u_top.u_lower.mid_rsp.last;

  events_t events;
  piece_t [1:0] unused_pieces;  // the monitors see more
  vm_dut #(
    .Cfg(Cfg)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .fetch_req_valid_i,
    .fetch_req_ready_o,
    .fetch_req_i(fetch_req),
    .fetch_rsp_valid_o,
    .fetch_rsp_o(fetch_raw),
    .data_req_valid_i,
    .data_req_ready_o,
    .data_req_i(data_req),
    .data_rsp_valid_o,
    .data_rsp_o(data_raw),
    .host_req_valid_i,
    .host_req_ready_o,
    .host_req_i(host_req),
    .host_rsp_valid_o,
    .host_rsp_o(host_rsp),
    .ctl_req_valid_i,
    .ctl_req_ready_o,
    .ctl_req_i(ctl_req),
    .ctl_rsp_valid_o,
    .ctl_rsp_o(ctl_rsp),
    .fence_req_valid_i,
    .fence_req_ready_o,
    .fence_req_i(fence_req),
    .fence_rsp_valid_o,
    .fence_rsp_o(fence_rsp),
    .array_req_valid_i,
    .array_req_ready_o,
    .array_req_i(array_req),
    .array_rsp_valid_o,
    .array_rsp_o(array_rsp),
    .mem_req_valid_o,
    .mem_req_ready_i,
    .mem_req_o(mem_req),
    .mem_w_valid_o,
    .mem_w_ready_i,
    .mem_w_o(mem_w),
    .mem_rsp_valid_i,
    .mem_rsp_ready_o,
    .mem_rsp_i(mem_rsp),
    .wb_error_valid_o,
    .wb_error_addr_o(wb_error_addr),
    .events_o(events),
    .pieces_o(unused_pieces)
  );

  vm_counters u_counters (
    .clk_i,
    .rst_ni,
    .events_i(events),
    .index_i(counter_index_i[$clog2($bits(events_t))-1:0]),
    .value_o(counter_value_o)
  );

  // ---------------------------------------------------------------- the rules of every channel
  vm_handshake #(
    .Name("fetch_req"),
    .Width($bits(core_req_t))
  ) u_rules_fetch_req (
    .clk_i,
    .rst_ni,
    .valid_i(fetch_req_valid_i),
    .ready_i(fetch_req_ready_o),
    .payload_i(fetch_req)
  );
  vm_handshake #(
    .Name("data_req"),
    .Width($bits(core_req_t))
  ) u_rules_data_req (
    .clk_i,
    .rst_ni,
    .valid_i(data_req_valid_i),
    .ready_i(data_req_ready_o),
    .payload_i(data_req)
  );
  vm_handshake #(
    .Name("host_req"),
    .Width($bits(host_req_t))
  ) u_rules_host_req (
    .clk_i,
    .rst_ni,
    .valid_i(host_req_valid_i),
    .ready_i(host_req_ready_o),
    .payload_i(host_req)
  );
  vm_handshake #(
    .Name("ctl_req"),
    .Width($bits(ctl_req_t))
  ) u_rules_ctl_req (
    .clk_i,
    .rst_ni,
    .valid_i(ctl_req_valid_i),
    .ready_i(ctl_req_ready_o),
    .payload_i(ctl_req)
  );
  vm_handshake #(
    .Name("fence_req"),
    .Width($bits(fence_req_t))
  ) u_rules_fence_req (
    .clk_i,
    .rst_ni,
    .valid_i(fence_req_valid_i),
    .ready_i(fence_req_ready_o),
    .payload_i(fence_req)
  );
  vm_handshake #(
    .Name("array_req"),
    .Width($bits(array_req_t))
  ) u_rules_array_req (
    .clk_i,
    .rst_ni,
    .valid_i(array_req_valid_i),
    .ready_i(array_req_ready_o),
    .payload_i(array_req)
  );
  vm_handshake #(
    .Name("mem_req"),
    .Width($bits(mem_req_t))
  ) u_rules_mem_req (
    .clk_i,
    .rst_ni,
    .valid_i(mem_req_valid_o),
    .ready_i(mem_req_ready_i),
    .payload_i(mem_req)
  );
  vm_handshake #(
    .Name("mem_w"),
    .Width($bits(mem_wdata_t))
  ) u_rules_mem_w (
    .clk_i,
    .rst_ni,
    .valid_i(mem_w_valid_o),
    .ready_i(mem_w_ready_i),
    .payload_i(mem_w)
  );
  vm_handshake #(
    .Name("mem_rsp"),
    .Width($bits(mem_rsp_t))
  ) u_rules_mem_rsp (
    .clk_i,
    .rst_ni,
    .valid_i(mem_rsp_valid_i),
    .ready_i(mem_rsp_ready_o),
    .payload_i(mem_rsp)
  );
  vm_answers #(
    .Name("fetch_rsp")
  ) u_answers_fetch (
    .clk_i,
    .rst_ni,
    .request_i(fetch_req_valid_i && fetch_req_ready_o),
    .answer_i(fetch_rsp_valid_o)
  );
  vm_answers #(
    .Name("data_rsp")
  ) u_answers_data (
    .clk_i,
    .rst_ni,
    .request_i(data_req_valid_i && data_req_ready_o),
    .answer_i(data_rsp_valid_o)
  );
  vm_answers #(
    .Name("host_rsp")
  ) u_answers_host (
    .clk_i,
    .rst_ni,
    .request_i(host_req_valid_i && host_req_ready_o),
    .answer_i(host_rsp_valid_o)
  );
  vm_answers #(
    .Name("ctl_rsp")
  ) u_answers_ctl (
    .clk_i,
    .rst_ni,
    .request_i(ctl_req_valid_i && ctl_req_ready_o),
    .answer_i(ctl_rsp_valid_o)
  );
  vm_answers #(
    .Name("fence_rsp")
  ) u_answers_fence (
    .clk_i,
    .rst_ni,
    .request_i(fence_req_valid_i && fence_req_ready_o),
    .answer_i(fence_rsp_valid_o)
  );
  vm_answers #(
    .Name("array_rsp")
  ) u_answers_array (
    .clk_i,
    .rst_ni,
    .request_i(array_req_valid_i && array_req_ready_o),
    .answer_i(array_rsp_valid_o)
  );
  vm_mem_rules #(
    .Wrap(Cfg.CriticalFirst)
  ) u_mem_rules (
    .clk_i,
    .rst_ni,
    .req_i(mem_req_valid_o && mem_req_ready_i),
    .req_payload_i(mem_req),
    .w_i(mem_w_valid_o && mem_w_ready_i),
    .w_payload_i(mem_w),
    .rsp_i(mem_rsp_valid_i && mem_rsp_ready_o),
    .rsp_payload_i(mem_rsp)
  );

  // ---------------------------------------------------------------- the machine that was elaborated
  assign cfg_kind_o = 8'(Cfg.Format.Kind);
  assign cfg_levels_o = Cfg.Format.Levels;
  assign cfg_min_levels_o = Cfg.Format.MinLevels;
  assign cfg_max_leaf_level_o = Cfg.Format.MaxLeafLevel;
  assign cfg_index_bits_o = 64'(Cfg.Format.IndexBits);
  assign cfg_page_bits_o = Cfg.Format.PageBits;
  assign cfg_pte_bytes_log2_o = Cfg.Format.PteBytesLog2;
  assign cfg_pte_big_endian_o = Cfg.Format.PteBigEndian;
  assign cfg_ppn_lsb_o = Cfg.Format.PpnLsb;
  assign cfg_ppn_bits_o = Cfg.Format.PpnBits;
  assign cfg_valid_bit_o = Cfg.Format.ValidBit;
  assign cfg_kernel_bit_o = Cfg.Format.KernelBit;
  assign cfg_read_bit_o = Cfg.Format.ReadBit;
  assign cfg_write_bit_o = Cfg.Format.WriteBit;
  assign cfg_exec_bit_o = Cfg.Format.ExecBit;
  assign cfg_upper_va_o = 8'(Cfg.Format.UpperVa);
  assign cfg_napot_o = Cfg.Format.Napot;
  assign cfg_pbmt_o = Cfg.Format.Pbmt;
  assign cfg_hw_ad_o = Cfg.Format.HwAd;
  assign cfg_va_bits_o = Cfg.VaBits;
  assign cfg_pa_bits_o = Cfg.PaBits;
  assign cfg_bus_bits_o = Cfg.BusBits;
  assign cfg_asid_bits_o = Cfg.AsidBits;
  assign cfg_itlb_sets_o = Cfg.Itlb.Sets;
  assign cfg_itlb_ways_o = Cfg.Itlb.Ways;
  assign cfg_dtlb_sets_o = Cfg.Dtlb.Sets;
  assign cfg_dtlb_ways_o = Cfg.Dtlb.Ways;
  assign cfg_super_entries_o = Cfg.SuperEntries;
  assign cfg_l2_sets_o = Cfg.L2Tlb.Sets;
  assign cfg_l2_ways_o = Cfg.L2Tlb.Ways;
  assign cfg_walk_cache_sets_o = Cfg.WalkCacheSets;
  assign cfg_l2_prefetch_o = Cfg.L2Prefetch;
  assign cfg_hit_latency_o = Cfg.HitLatency;
  assign cfg_icache_sets_o = Cfg.Icache.Sets;
  assign cfg_icache_ways_o = Cfg.Icache.Ways;
  assign cfg_icache_line_bytes_o = Cfg.Icache.LineBytes;
  assign cfg_dcache_sets_o = Cfg.Dcache.Sets;
  assign cfg_dcache_ways_o = Cfg.Dcache.Ways;
  assign cfg_dcache_line_bytes_o = Cfg.Dcache.LineBytes;
  assign cfg_alias_resolution_o = Cfg.AliasResolution;
  assign cfg_misses_o = Cfg.Misses;
  assign cfg_waiters_o = Cfg.Waiters;
  assign cfg_critical_first_o = Cfg.CriticalFirst;
  assign cfg_l2cache_sets_o = Cfg.L2Cache.Sets;
  assign cfg_l2cache_ways_o = Cfg.L2Cache.Ways;
  assign cfg_l2cache_line_bytes_o = Cfg.L2Cache.LineBytes;
  assign cfg_l3cache_sets_o = Cfg.L3Cache.Sets;
  assign cfg_l3cache_ways_o = Cfg.L3Cache.Ways;
  assign cfg_l3cache_line_bytes_o = Cfg.L3Cache.LineBytes;
  assign cfg_walk_port_o = Cfg.WalkPort;
  assign cfg_atomics_o = Cfg.Atomics;
  assign cfg_trap_swap_o = Cfg.TrapSwap;
  assign cfg_array_port_o = Cfg.ArrayPort;
  assign cfg_parity_o = Cfg.Parity;
  assign cfg_region0_base_o = 64'(Cfg.Regions[0].Base);
  assign cfg_region0_size_o = 64'(Cfg.Regions[0].Size);
  assign cfg_region0_cacheable_o = Cfg.Regions[0].Cacheable;
  assign cfg_region0_atomic_o = Cfg.Regions[0].Atomic;
  assign cfg_region1_base_o = 64'(Cfg.Regions[1].Base);
  assign cfg_region1_size_o = 64'(Cfg.Regions[1].Size);
  assign cfg_region1_cacheable_o = Cfg.Regions[1].Cacheable;
  assign cfg_region1_atomic_o = Cfg.Regions[1].Atomic;
  assign cfg_region2_base_o = 64'(Cfg.Regions[2].Base);
  assign cfg_region2_size_o = 64'(Cfg.Regions[2].Size);
  assign cfg_region2_cacheable_o = Cfg.Regions[2].Cacheable;
  assign cfg_region2_atomic_o = Cfg.Regions[2].Atomic;
  assign cfg_region3_base_o = 64'(Cfg.Regions[3].Base);
  assign cfg_region3_size_o = 64'(Cfg.Regions[3].Size);
  assign cfg_region3_cacheable_o = Cfg.Regions[3].Cacheable;
  assign cfg_region3_atomic_o = Cfg.Regions[3].Atomic;

endmodule
