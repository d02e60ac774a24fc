// SPDX-License-Identifier: Apache-2.0
//
// A machine and the Wishbone adapter as scalars for cocotb, under the rules of Wishbone B4: that of docs/integrate.md, "On a
// bus", or the simple memory system, whose walker reads memory by itself.
module wishbone_machine
  import vm_pkg::*;
#(
    parameter bit Flat = 1'b0,
    parameter bit Pipelined = 1'b1,
    parameter int unsigned DataBits = 64,
    localparam int unsigned AddrBits = 32,
    localparam int unsigned Low = $clog2(DataBits / 8)
) (
    input logic clk,
    input logic rst_n,

    input  logic        fetch_valid,
    output logic        fetch_ready,
    input  logic [63:0] fetch_va,
    output logic        fetch_done,
    output logic [63:0] fetch_rdata,
    output logic [3:0]  fetch_cause,
    input  logic        data_valid,
    output logic        data_ready,
    input  logic        data_write,
    input  logic [1:0]  data_size,
    input  logic [63:0] data_va,
    input  logic [63:0] data_wdata,
    output logic        data_done,
    output logic [63:0] data_rdata,
    output logic [3:0]  data_cause,
    input  logic        ctl_valid,
    output logic        ctl_ready,
    input  logic [3:0]  ctl_index,
    input  logic [63:0] ctl_data,
    output logic        ctl_done,
    output logic        ctl_refused,
    input  logic        fence_valid,
    output logic        fence_ready,
    input  logic [2:0]  fence_op,
    output logic        fence_done,
    output logic        wb_error_valid,
    output logic [55:0] wb_error_addr,

    output logic       pipelined,
    output logic [4:0] broken,

    output logic                  wb_cyc,
    output logic                  wb_stb,
    output logic                  wb_we,
    output logic [AddrBits-1:Low] wb_adr,
    output logic [DataBits/8-1:0] wb_sel,
    output logic [DataBits-1:0]   wb_dat_w,
    input  logic                  wb_stall,
    input  logic                  wb_ack,
    input  logic                  wb_err,
    input  logic [DataBits-1:0]   wb_dat_r
);

  core_req_t fetch_req, data_req;
  core_rsp_t fetch_rsp, data_rsp;
  ctl_req_t ctl_req;
  ctl_rsp_t ctl_rsp;
  fence_req_t fence_req;
  fence_rsp_t fence_rsp;
  always_comb begin
    fetch_req = '0;
    fetch_req.access = AccessFetch;
    fetch_req.size = 2'd2;
    fetch_req.va = fetch_va;
    data_req = '0;
    data_req.access = data_write ? AccessStore : AccessLoad;
    data_req.size = data_size;
    data_req.va = data_va;
    data_req.wdata = data_wdata;
    ctl_req = '{id: '0, user: 1'b0, index: ctl_reg_e'(ctl_index), data: ctl_data};
    fence_req = '0;
    fence_req.op = fence_op_e'(fence_op);
  end
  assign fetch_rdata = fetch_rsp.rdata;
  assign fetch_cause = fetch_rsp.fault.cause;
  assign data_rdata = data_rsp.rdata;
  assign data_cause = data_rsp.fault.cause;
  assign ctl_refused = ctl_rsp.refused;

  logic mem_req_valid, mem_req_ready, mem_w_valid, mem_w_ready, mem_rsp_valid;
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  mem_rsp_t mem_rsp;
  assign pipelined = Pipelined;

  logic host_ready, host_rsp_valid, array_ready, array_rsp_valid, mem_rsp_ready;
  host_rsp_t host_rsp;
  array_rsp_t array_rsp;
  events_t events;
  piece_t [1:0] pieces;
  logic unused;
  assign unused = ^{fetch_rsp, data_rsp, ctl_rsp, fence_rsp, host_ready, host_rsp_valid, host_rsp, array_ready,
                    array_rsp_valid, array_rsp, mem_rsp_ready, events, pieces};

  vm_top #(
      .Cfg(Flat ? vm_machines_pkg::Csapp14 : example_bus_pkg::Cfg)
  ) u_vm (
      .clk_i            (clk),
      .rst_ni           (rst_n),
      .fetch_req_valid_i(fetch_valid),
      .fetch_req_ready_o(fetch_ready),
      .fetch_req_i      (fetch_req),
      .fetch_rsp_valid_o(fetch_done),
      .fetch_rsp_o      (fetch_rsp),
      .data_req_valid_i (data_valid),
      .data_req_ready_o (data_ready),
      .data_req_i       (data_req),
      .data_rsp_valid_o (data_done),
      .data_rsp_o       (data_rsp),
      .ctl_req_valid_i  (ctl_valid),
      .ctl_req_ready_o  (ctl_ready),
      .ctl_req_i        (ctl_req),
      .ctl_rsp_valid_o  (ctl_done),
      .ctl_rsp_o        (ctl_rsp),
      .fence_req_valid_i(fence_valid),
      .fence_req_ready_o(fence_ready),
      .fence_req_i      (fence_req),
      .fence_rsp_valid_o(fence_done),
      .fence_rsp_o      (fence_rsp),
      .wb_error_valid_o (wb_error_valid),
      .wb_error_addr_o  (wb_error_addr),
      .host_req_valid_i (1'b0),
      .host_req_ready_o (host_ready),
      .host_req_i       ('0),
      .host_rsp_valid_o (host_rsp_valid),
      .host_rsp_o       (host_rsp),
      .array_req_valid_i(1'b0),
      .array_req_ready_o(array_ready),
      .array_req_i      ('0),
      .array_rsp_valid_o(array_rsp_valid),
      .array_rsp_o      (array_rsp),
      .mem_req_valid_o  (mem_req_valid),
      .mem_req_ready_i  (mem_req_ready),
      .mem_req_o        (mem_req),
      .mem_w_valid_o    (mem_w_valid),
      .mem_w_ready_i    (mem_w_ready),
      .mem_w_o          (mem_w),
      .mem_rsp_valid_i  (mem_rsp_valid),
      .mem_rsp_ready_o  (mem_rsp_ready),
      .mem_rsp_i        (mem_rsp),
      .events_o         (events),
      .pieces_o         (pieces)
  );

  vm_wishbone #(
      .Pipelined(Pipelined),
      .DataBits (DataBits),
      .AddrBits (AddrBits)
  ) u_wishbone (
      .clk_i          (clk),
      .rst_ni         (rst_n),
      .mem_req_valid_i(mem_req_valid),
      .mem_req_ready_o(mem_req_ready),
      .mem_req_i      (mem_req),
      .mem_w_valid_i  (mem_w_valid),
      .mem_w_ready_o  (mem_w_ready),
      .mem_w_i        (mem_w),
      .mem_rsp_valid_o(mem_rsp_valid),
      .mem_rsp_o      (mem_rsp),
      .wb_cyc_o       (wb_cyc),
      .wb_stb_o       (wb_stb),
      .wb_we_o        (wb_we),
      .wb_adr_o       (wb_adr),
      .wb_sel_o       (wb_sel),
      .wb_dat_o       (wb_dat_w),
      .wb_stall_i     (wb_stall),
      .wb_ack_i       (wb_ack),
      .wb_err_i       (wb_err),
      .wb_dat_i       (wb_dat_r)
  );

  vm_wishbone_rules #(
      .Pipelined(Pipelined),
      .DataBits (DataBits),
      .AddrBits (AddrBits)
  ) u_rules (
      .clk_i   (clk),
      .rst_ni  (rst_n),
      .cyc_i   (wb_cyc),
      .stb_i   (wb_stb),
      .we_i    (wb_we),
      .adr_i   (wb_adr),
      .sel_i   (wb_sel),
      .dat_i   (wb_dat_w),
      .stall_i (wb_stall),
      .ack_i   (wb_ack),
      .err_i   (wb_err),
      .broken_o(broken)
  );

endmodule
