// SPDX-License-Identifier: Apache-2.0
//
// The first-level cache of one side of the machine: vm_cache, or with Misses vm_l1. To vm_port both look the same.
//
//   Misses = 0   an access that does not hit is taken over and answered by core_done_*; before that no other is
//   Misses > 0   any number of accesses are taken over, and core_done_* answers them in any order, by their ids.
//                core_s1_open_o and the *_retry_o are constant: nothing is ever turned away
module vm_first_level
  import vm_pkg::*;
#(
    parameter machine_t        Cfg = '0,
    parameter cache_geometry_t Geometry = '0,
    parameter bit              ReadOnly = 1'b0,  // instruction cache: core only, nothing ever dirty
    parameter mem_src_e        Src = MemData
) (
    input logic clk_i,
    input logic rst_ni,

    // Core, S0 and S1
    input  logic              core_req_valid_i,
    output logic              core_req_ready_o,
    input  logic [IdBits-1:0] core_req_id_i,
    input  cache_req_t        core_req_i,
    output logic              core_s1_open_o,     // what is in S1 now can be decided
    input  logic              core_go_i,
    input  logic [PaMax-1:0]  core_pa_i,
    input  logic              core_uncached_i,
    input  logic              core_through_i,     // a store goes to memory, too, and makes nothing dirty
    output logic              core_hit_o,
    output logic [63:0]       core_rdata_o,       // with core_hit_o or core_done_valid_o
    output logic              core_older_o,       // core_done_* may come in this cycle; from registers
    output logic              core_done_valid_o,
    output logic [IdBits-1:0] core_done_id_o,     // with Misses only
    output logic              core_done_err_o,

    // Walker and host: physical addresses
    input  logic        walk_slot_i,
    input  logic        walk_req_valid_i,
    output logic        walk_req_ready_o,
    input  cache_req_t  walk_req_i,
    output logic        walk_rsp_valid_o,
    output logic        walk_retry_o,
    input  logic        host_req_valid_i,
    output logic        host_req_ready_o,
    input  cache_req_t  host_req_i,
    output logic        host_rsp_valid_o,
    output logic        host_retry_o,
    output logic [63:0] phys_rdata_o,
    output logic        phys_err_o,

    input  logic       maint_valid_i,
    input  maint_req_t maint_req_i,
    output logic       maint_done_o,

    input  logic       array_valid_i,
    input  logic       array_is_tag_i,
    input  array_req_t array_req_i,
    output logic       array_done_o,
    output array_rsp_t array_rsp_o,

    // Memory; answers of this source only, always taken
    output logic       mem_req_valid_o,
    input  logic       mem_req_ready_i,
    output mem_req_t   mem_req_o,
    output logic       mem_w_valid_o,
    input  logic       mem_w_ready_i,
    output mem_wdata_t mem_w_o,
    input  logic       mem_rsp_valid_i,
    input  mem_rsp_t   mem_rsp_i,

    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o,
    output cache_events_t    events_o
);

  if (Cfg.Misses == 0) begin : gen_blocking
    vm_cache #(
        .Cfg     (Cfg),
        .Geometry(Geometry),
        .ReadOnly(ReadOnly),
        .Src     (Src)
    ) u_cache (
        .clk_i,
        .rst_ni,
        .core_req_valid_i,
        .core_req_ready_o,
        .core_req_i,
        .core_s1_open_o,
        .core_go_i,
        .core_pa_i,
        .core_uncached_i,
        .core_through_i,
        .core_hit_o,
        .core_rdata_o,
        .core_done_valid_o,
        .core_done_err_o,
        .walk_slot_i,
        .walk_req_valid_i,
        .walk_req_ready_o,
        .walk_req_i,
        .walk_rsp_valid_o,
        .walk_retry_o,
        .host_req_valid_i,
        .host_req_ready_o,
        .host_req_i,
        .host_rsp_valid_o,
        .host_retry_o,
        .phys_rdata_o,
        .phys_err_o,
        .maint_valid_i,
        .maint_req_i,
        .maint_done_o,
        .array_valid_i,
        .array_is_tag_i,
        .array_req_i,
        .array_done_o,
        .array_rsp_o,
        .mem_req_valid_o,
        .mem_req_ready_i,
        .mem_req_o,
        .mem_w_valid_o,
        .mem_w_ready_i,
        .mem_w_o,
        .mem_rsp_valid_i,
        .mem_rsp_data_i(mem_rsp_i.rdata),
        .mem_rsp_err_i (mem_rsp_i.err),
        .mem_rsp_last_i(mem_rsp_i.last),
        .wb_error_valid_o,
        .wb_error_addr_o,
        .events_o
    );
    assign core_older_o = 1'b0;
    assign core_done_id_o = '0;
    logic unused;
    assign unused = ^{core_req_id_i, mem_rsp_i};
  end else begin : gen_l1
    localparam int unsigned IdW = $clog2(32'(Cfg.Misses) + (ReadOnly ? 2 : 3));
    logic core_rsp_valid, unused;
    logic [IdBits-1:0] unused_id;

    vm_l1 #(
        .PageBits     (32'(Cfg.Format.PageBits)),
        .AliasResolution(Cfg.AliasResolution),
        .BusBits      (32'(Cfg.BusBits)),
        .Sets         (32'(Geometry.Sets)),
        .Ways         (32'(Geometry.Ways)),
        .LineBytes    (32'(Geometry.LineBytes)),
        .HitLatency   (1),
        .Misses       (32'(Cfg.Misses)),
        .Waiters      (32'(Cfg.Waiters)),
        .ReadOnly     (ReadOnly),
        .CriticalFirst(Cfg.CriticalFirst),
        .Src          (Src)
    ) u_l1 (
        .clk_i,
        .rst_ni,
        .core_req_valid_i,
        .core_req_ready_o,
        .core_req_id_i,
        .core_req_i,
        .core_go_i,
        .core_pa_i,
        .core_uncached_i,
        .core_through_i,
        .core_rsp_valid_o(core_rsp_valid),
        .core_rsp_id_o   (core_done_id_o),
        .core_rsp_err_o  (core_done_err_o),
        .core_older_o,
        .core_idle_o     (unused),
        .walk_slot_i,
        .walk_req_valid_i,
        .walk_req_ready_o,
        .walk_req_i,
        .walk_rsp_valid_o,
        .host_req_valid_i,
        .host_req_ready_o,
        .host_req_id_i   ('0),
        .host_req_i,
        .host_rsp_valid_o,
        .host_rsp_id_o   (unused_id),
        .phys_err_o,
        .rdata_o         (core_rdata_o),
        .maint_valid_i,
        .maint_req_i,
        .maint_done_o,
        .mem_req_valid_o,
        .mem_req_ready_i,
        .mem_req_o,
        .mem_w_valid_o,
        .mem_w_ready_i,
        .mem_w_o,
        .mem_rsp_valid_i,
        .mem_rsp_id_i    (IdW'(mem_rsp_i.id)),
        .mem_rsp_data_i  (mem_rsp_i.rdata),
        .mem_rsp_err_i   (mem_rsp_i.err),
        .wb_error_valid_o,
        .wb_error_addr_o,
        .events_o
    );
    assign core_s1_open_o = 1'b1;
    assign core_hit_o = core_rsp_valid && !core_older_o;
    assign core_done_valid_o = core_rsp_valid && core_older_o;
    assign phys_rdata_o = core_rdata_o;
    assign walk_retry_o = 1'b0;
    assign host_retry_o = 1'b0;
    assign array_done_o = 1'b0;
    assign array_rsp_o = '0;
    logic unused_inputs;
    assign unused_inputs = ^{array_valid_i, array_is_tag_i, array_req_i, mem_rsp_i, unused, unused_id};
  end

endmodule
