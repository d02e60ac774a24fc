// SPDX-License-Identifier: Apache-2.0
//
// The caches between the first level and memory: L2Cache and L3Cache of the machine, where it has them, one behind the
// other: up_* is the port of the first level, mid_* lies between the two, mem_* is the memory port. A cache that is not
// there is wires.
module vm_lower_caches
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic       up_req_valid_i,
    output logic       up_req_ready_o,
    input  mem_req_t   up_req_i,
    input  logic       up_w_valid_i,
    output logic       up_w_ready_o,
    input  mem_wdata_t up_w_i,
    output logic       up_rsp_valid_o,
    input  logic       up_rsp_ready_i,
    output mem_rsp_t   up_rsp_o,

    output logic       mem_req_valid_o,
    input  logic       mem_req_ready_i,
    output mem_req_t   mem_req_o,
    output logic       mem_w_valid_o,
    input  logic       mem_w_ready_i,
    output mem_wdata_t mem_w_o,
    input  logic       mem_rsp_valid_i,
    output logic       mem_rsp_ready_o,
    input  mem_rsp_t   mem_rsp_i,

    // Array port (Parity; flips only) of the L2 and of the L3: array_valid_i holds until array_done_o
    input  logic [1:0] array_valid_i,
    input  logic       array_is_tag_i,
    input  array_req_t array_req_i,
    output logic [1:0] array_done_o,

    // As of vm_unified_cache; of two that tell in one cycle, the L2's address
    output logic                wb_error_valid_o,
    output logic [PaMax-1:0]    wb_error_addr_o,
    output lower_events_t [1:0] events_o
);

  logic mid_req_valid, mid_req_ready, mid_w_valid, mid_w_ready, mid_rsp_valid, mid_rsp_ready;
  mem_req_t mid_req;
  mem_wdata_t mid_w;
  mem_rsp_t mid_rsp;
  logic l2_error_valid, l3_error_valid;
  logic [PaMax-1:0] l2_error_addr, l3_error_addr;

  if (Cfg.L2Cache.Ways != 0) begin : gen_l2
    vm_unified_cache #(
        .Geometry(Cfg.L2Cache),
        .BusBits (32'(Cfg.BusBits)),
        .Parity  (Cfg.Parity)
    ) u_cache (
        .clk_i,
        .rst_ni,
        .up_req_valid_i  (up_req_valid_i),
        .up_req_ready_o  (up_req_ready_o),
        .up_req_i        (up_req_i),
        .up_w_valid_i    (up_w_valid_i),
        .up_w_ready_o    (up_w_ready_o),
        .up_w_i          (up_w_i),
        .up_rsp_valid_o  (up_rsp_valid_o),
        .up_rsp_ready_i  (up_rsp_ready_i),
        .up_rsp_o        (up_rsp_o),
        .down_req_valid_o(mid_req_valid),
        .down_req_ready_i(mid_req_ready),
        .down_req_o      (mid_req),
        .down_w_valid_o  (mid_w_valid),
        .down_w_ready_i  (mid_w_ready),
        .down_w_o        (mid_w),
        .down_rsp_valid_i(mid_rsp_valid),
        .down_rsp_ready_o(mid_rsp_ready),
        .down_rsp_i      (mid_rsp),
        .array_valid_i   (array_valid_i[0]),
        .array_is_tag_i,
        .array_req_i,
        .array_done_o    (array_done_o[0]),
        .wb_error_valid_o(l2_error_valid),
        .wb_error_addr_o (l2_error_addr),
        .events_o        (events_o[0])
    );
  end else begin : gen_no_l2
    assign mid_req_valid = up_req_valid_i;
    assign up_req_ready_o = mid_req_ready;
    assign mid_req = up_req_i;
    assign mid_w_valid = up_w_valid_i;
    assign up_w_ready_o = mid_w_ready;
    assign mid_w = up_w_i;
    assign up_rsp_valid_o = mid_rsp_valid;
    assign mid_rsp_ready = up_rsp_ready_i;
    assign up_rsp_o = mid_rsp;
    assign l2_error_valid = 1'b0;
    assign l2_error_addr = '0;
    assign events_o[0] = '0;
    assign array_done_o[0] = array_valid_i[0];
  end

  if (Cfg.L3Cache.Ways != 0) begin : gen_l3
    vm_unified_cache #(
        .Geometry(Cfg.L3Cache),
        .BusBits (32'(Cfg.BusBits)),
        .Parity  (Cfg.Parity)
    ) u_cache (
        .clk_i,
        .rst_ni,
        .up_req_valid_i  (mid_req_valid),
        .up_req_ready_o  (mid_req_ready),
        .up_req_i        (mid_req),
        .up_w_valid_i    (mid_w_valid),
        .up_w_ready_o    (mid_w_ready),
        .up_w_i          (mid_w),
        .up_rsp_valid_o  (mid_rsp_valid),
        .up_rsp_ready_i  (mid_rsp_ready),
        .up_rsp_o        (mid_rsp),
        .down_req_valid_o(mem_req_valid_o),
        .down_req_ready_i(mem_req_ready_i),
        .down_req_o      (mem_req_o),
        .down_w_valid_o  (mem_w_valid_o),
        .down_w_ready_i  (mem_w_ready_i),
        .down_w_o        (mem_w_o),
        .down_rsp_valid_i(mem_rsp_valid_i),
        .down_rsp_ready_o(mem_rsp_ready_o),
        .down_rsp_i      (mem_rsp_i),
        .array_valid_i   (array_valid_i[1]),
        .array_is_tag_i,
        .array_req_i,
        .array_done_o    (array_done_o[1]),
        .wb_error_valid_o(l3_error_valid),
        .wb_error_addr_o (l3_error_addr),
        .events_o        (events_o[1])
    );
  end else begin : gen_no_l3
    assign mem_req_valid_o = mid_req_valid;
    assign mid_req_ready = mem_req_ready_i;
    assign mem_req_o = mid_req;
    assign mem_w_valid_o = mid_w_valid;
    assign mid_w_ready = mem_w_ready_i;
    assign mem_w_o = mid_w;
    assign mid_rsp_valid = mem_rsp_valid_i;
    assign mem_rsp_ready_o = mid_rsp_ready;
    assign mid_rsp = mem_rsp_i;
    assign l3_error_valid = 1'b0;
    assign l3_error_addr = '0;
    assign events_o[1] = '0;
    assign array_done_o[1] = array_valid_i[1];
  end

  assign wb_error_valid_o = l2_error_valid || l3_error_valid;
  assign wb_error_addr_o = l2_error_valid ? l2_error_addr : l3_error_addr;

  if (Cfg.L2Cache.Ways == 0 && Cfg.L3Cache.Ways == 0) begin : gen_wires
    logic unused;
    assign unused = ^{clk_i, rst_ni, array_is_tag_i, array_req_i};
  end

endmodule
