// SPDX-License-Identifier: Apache-2.0
//
// The Wishbone adapter alone, its port and bus as scalars for cocotb, under the rules of Wishbone B4.
module wishbone_bench
  import vm_pkg::*;
#(
    parameter bit Pipelined = 1'b1,
    parameter int unsigned DataBits = 64,
    parameter bit Wrap = 1'b0,
    localparam int unsigned AddrBits = 40,
    localparam int unsigned Low = $clog2(DataBits / 8)
) (
    input logic clk,
    input logic rst_n,

    input  logic        req_valid,
    output logic        req_ready,
    input  logic [1:0]  req_src,
    input  logic        req_write,
    input  logic [7:0]  req_len,
    input  logic [7:0]  req_strb,
    input  logic [55:0] req_addr,
    input  logic        w_valid,
    output logic        w_ready,
    input  logic [63:0] w_data,
    input  logic        w_last,
    output logic        rsp_valid,
    output logic [1:0]  rsp_src,
    output logic [63:0] rsp_rdata,
    output logic        rsp_err,
    output logic        rsp_last,

    output logic       pipelined,
    output logic       wraps,
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

  mem_req_t req;
  mem_rsp_t rsp;
  assign req = '{src: mem_src_e'(req_src), id: '0, write: req_write, len: req_len, strb: req_strb, addr: req_addr};
  assign {rsp_src, rsp_rdata, rsp_err, rsp_last} = {rsp.src, rsp.rdata, rsp.err, rsp.last};
  logic unused;
  assign unused = ^rsp.id;  // one request at a time: always 0
  assign pipelined = Pipelined;
  assign wraps = Wrap;

  vm_wishbone #(
      .Pipelined(Pipelined),
      .DataBits (DataBits),
      .AddrBits (AddrBits),
      .Wrap     (Wrap)
  ) u_wishbone (
      .clk_i          (clk),
      .rst_ni         (rst_n),
      .mem_req_valid_i(req_valid),
      .mem_req_ready_o(req_ready),
      .mem_req_i      (req),
      .mem_w_valid_i  (w_valid),
      .mem_w_ready_o  (w_ready),
      .mem_w_i        ('{data: w_data, last: w_last}),
      .mem_rsp_valid_o(rsp_valid),
      .mem_rsp_o      (rsp),
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
