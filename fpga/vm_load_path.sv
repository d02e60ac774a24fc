// SPDX-License-Identifier: Apache-2.0
//
// The whole path of a load, for fpga/synth.py to measure: one port's L1 TLB, the port, and the data cache, of the machine
// that is synthesized. Walker, other clients, maintenance and memory are ports. HitLatency and Ways (of the cache) replace the
// machine's, if they are not 0.
module vm_load_path
  import vm_pkg::*;
#(
    parameter  int unsigned HitLatency = 0,
    parameter  int unsigned Ways = 0,
    localparam machine_t    Cfg = with_path(vm_synth_machine_pkg::Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t  context_i,
    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  unit_req_t req_i,
    output logic      rsp_valid_o,
    output unit_rsp_t rsp_o,

    output logic            walk_valid_o,
    input  logic            walk_ready_i,
    output xlat_req_t       walk_req_o,
    input  logic            walk_done_i,
    input  logic            walk_from_l2_i,
    input  logic            walk_granted_i,
    input  logic [PpnW-1:0] walk_ppn_i,
    input  logic            walk_hole_i,
    input  attr_t           walk_attr_i,
    input  walk_result_t    walk_result_i,
    input  tlb_inv_t        inv_i,

    input  logic        walk_slot_i,
    input  logic        walk_read_valid_i,
    output logic        walk_read_ready_o,
    input  cache_req_t  walk_read_i,
    output logic        walk_read_done_o,
    input  logic        host_req_valid_i,
    output logic        host_req_ready_o,
    input  cache_req_t  host_req_i,
    output logic        host_rsp_valid_o,
    output logic [63:0] phys_rdata_o,
    input  logic        maint_valid_i,
    input  maint_req_t  maint_req_i,
    output logic        maint_done_o,

    output logic        mem_req_valid_o,
    input  logic        mem_req_ready_i,
    output mem_req_t    mem_req_o,
    output logic        mem_w_valid_o,
    input  logic        mem_w_ready_i,
    output mem_wdata_t  mem_w_o,
    input  logic        mem_rsp_valid_i,
    input  logic [63:0] mem_rsp_data_i,
    input  logic        mem_rsp_err_i,
    input  logic        mem_rsp_last_i
);

  function automatic machine_t with_path(machine_t machine);
    machine_t m;
    m = machine;
    if (HitLatency != 0) m.HitLatency = 8'(HitLatency);
    if (Ways != 0) m.Dcache.Ways = 8'(Ways);
    return m;
  endfunction

  logic xlat_req_valid, xlat_req_ready, xlat_idle, ahead_valid, ahead_go, s1_busy, xlat_rsp_valid, xlat_rsp_ready;
  xlat_req_t xlat_req;
  xlat_rsp_t xlat_rsp;
  logic cache_req_valid, cache_req_ready, cache_s1_open, cache_go, cache_uncached, cache_through, cache_hit;
  logic cache_done, cache_done_err;
  cache_req_t cache_req;
  logic [PaMax-1:0] cache_pa;
  logic [63:0] cache_rdata;

  vm_port #(
      .Cfg     (Cfg),
      .Geometry(Cfg.Dcache)
  ) u_port (
      .clk_i,
      .rst_ni,
      .idle_o            (),
      .req_valid_i,
      .req_ready_o,
      .req_i,
      .rsp_valid_o,
      .rsp_o,
      .xlat_req_valid_o  (xlat_req_valid),
      .xlat_req_ready_i  (xlat_req_ready),
      .xlat_req_o        (xlat_req),
      .xlat_idle_i       (xlat_idle),
      .xlat_ahead_valid_i(ahead_valid),
      .xlat_ahead_go_o   (ahead_go),
      .xlat_s1_busy_i    (s1_busy),
      .xlat_rsp_valid_i  (xlat_rsp_valid),
      .xlat_rsp_ready_o  (xlat_rsp_ready),
      .xlat_rsp_i        (xlat_rsp),
      .cache_req_valid_o (cache_req_valid),
      .cache_req_ready_i (cache_req_ready),
      .cache_req_o       (cache_req),
      .cache_req_id_o    (),
      .cache_s1_open_i   (cache_s1_open),
      .cache_go_o        (cache_go),
      .cache_pa_o        (cache_pa),
      .cache_uncached_o  (cache_uncached),
      .cache_through_o   (cache_through),
      .cache_hit_i       (cache_hit),
      .cache_rdata_i     (cache_rdata),
      .cache_older_i     (1'b0),
      .cache_done_valid_i(cache_done),
      .cache_done_id_i   ('0),
      .cache_done_err_i  (cache_done_err)
  );

  vm_xlat #(
      .Cfg     (Cfg),
      .Geometry(Cfg.Dtlb)
  ) u_xlat (
      .clk_i,
      .rst_ni,
      .context_i,
      .idle_o        (xlat_idle),
      .req_valid_i   (xlat_req_valid),
      .req_ready_o   (xlat_req_ready),
      .req_i         (xlat_req),
      .ahead_valid_o (ahead_valid),
      .ahead_go_i    (ahead_go),
      .s1_busy_o     (s1_busy),
      .rsp_valid_o   (xlat_rsp_valid),
      .rsp_ready_i   (xlat_rsp_ready),
      .rsp_o         (xlat_rsp),
      .walk_valid_o,
      .walk_ready_i,
      .walk_req_o,
      .walk_skip_l2_o(),
      .walk_done_i,
      .walk_from_l2_i,
      .walk_granted_i,
      .walk_ppn_i,
      .walk_hole_i,
      .walk_attr_i,
      .walk_result_i,
      .walk_release_o(),
      .hit_base_o    (),
      .hit_super_o   (),
      .upset_o       (),
      .inv_i,
      .array_valid_i (1'b0),
      .array_req_i   ('0),
      .array_rsp_o   ()
  );

  vm_cache #(
      .Cfg     (Cfg),
      .Geometry(Cfg.Dcache),
      .Src     (MemData)
  ) u_dcache (
      .clk_i,
      .rst_ni,
      .core_req_valid_i (cache_req_valid),
      .core_req_ready_o (cache_req_ready),
      .core_req_i       (cache_req),
      .core_s1_open_o   (cache_s1_open),
      .core_go_i        (cache_go),
      .core_pa_i        (cache_pa),
      .core_uncached_i  (cache_uncached),
      .core_through_i   (cache_through),
      .core_hit_o       (cache_hit),
      .core_rdata_o     (cache_rdata),
      .core_done_valid_o(cache_done),
      .core_done_err_o  (cache_done_err),
      .walk_slot_i,
      .walk_req_valid_i (walk_read_valid_i),
      .walk_req_ready_o (walk_read_ready_o),
      .walk_req_i       (walk_read_i),
      .walk_rsp_valid_o (walk_read_done_o),
      .walk_retry_o     (),
      .host_req_valid_i,
      .host_req_ready_o,
      .host_req_i,
      .host_rsp_valid_o,
      .host_retry_o     (),
      .phys_rdata_o,
      .phys_err_o       (),
      .maint_valid_i,
      .maint_req_i,
      .maint_done_o,
      .array_valid_i    (1'b0),
      .array_is_tag_i   (1'b0),
      .array_req_i      ('0),
      .array_done_o     (),
      .array_rsp_o      (),
      .mem_req_valid_o,
      .mem_req_ready_i,
      .mem_req_o,
      .mem_w_valid_o,
      .mem_w_ready_i,
      .mem_w_o,
      .mem_rsp_valid_i,
      .mem_rsp_data_i,
      .mem_rsp_err_i,
      .mem_rsp_last_i,
      .wb_error_valid_o (),
      .wb_error_addr_o  (),
      .events_o         ()
  );

endmodule
